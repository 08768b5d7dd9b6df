//! A fresh list of a watch: streamed where the server does that, which goes over into following the
//! changes on the same connection; in pages elsewhere.

use std::sync::Arc;

use super::decode::Event;
use super::failure::{Failure, Meaning, Status, Stop};
use super::follow::{Follower, deleted};
use super::list::{MOST_OBJECTS, list};
use super::stream::{Milestone, Next, Stream};
use super::watch::WatchEvent;

/// After so many streaming lists in a row that broke, pages are tried: some proxies cut long answers.
const STREAMING_TRIES: u32 = 2;

impl Follower {
    /// A fresh list, and where it was streamed, the changes after it.
    pub(super) async fn list(&mut self) -> Result<(), Stop> {
        let permits = Arc::clone(&self.watch.list_permits);
        let Ok(permit) = permits.acquire_owned().await else { return Err(Stop::Closed) };
        let group = &self.watch.resource.group;
        if self.watch.streaming.worth_asking(group) && self.broken_streams < STREAMING_TRIES {
            let requested = self.server_time_out();
            match self.collection.streaming_list(requested.as_secs()).await {
                Ok(body) => {
                    let mut stream = self.stream(body, requested);
                    match self.read_initial_events(&mut stream).await {
                        Ok(true) => {
                            drop(permit);
                            return self.follow(&mut stream, true).await;
                        }
                        Ok(false) => {}
                        Err(stop) => {
                            self.broken_streams += 1;
                            return Err(stop);
                        }
                    }
                }
                Err(failure) if failure.meaning == Meaning::Refused => self.watch.streaming.refuse(group),
                Err(failure) => {
                    self.broken_streams += 1;
                    return Err(failure.into());
                }
            }
        }
        let version = list(&self.collection, &self.watch.random, &self.events).await?;
        drop(permit);
        self.synced(version).await
    }

    async fn synced(&mut self, version: String) -> Result<(), Stop> {
        self.version = Some(version);
        self.broken_streams = 0;
        self.idle_watches = 0;
        self.told = None;
        Ok(self.events.send(WatchEvent::Synced).await?)
    }

    /// Reads a streaming list up to its end; false: it has none, pages must do.
    async fn read_initial_events(&mut self, stream: &mut Stream) -> Result<bool, Stop> {
        self.events.send(WatchEvent::ListStarted).await?;
        let silence = Some(self.watch.timings.list_silence);
        let mut objects = 0;
        loop {
            objects += 1;
            if objects > MOST_OBJECTS {
                let reason = format!("the list has more than {MOST_OBJECTS} objects");
                return Err(Failure::new(Meaning::Broken, reason).into());
            }
            match stream.next(&self.collection.decoder, silence).await? {
                // These are in no order of versions: only the bookmark at their end is a position.
                Next::Event(Event::Applied(object)) => self.events.send(WatchEvent::Listed(object)).await?,
                Next::Event(Event::Deleted(object)) => self.events.send(deleted(&object)).await?,
                Next::Event(Event::Bookmark { resource_version, ends_initial_events: true }) => {
                    self.synced(resource_version).await?;
                    return Ok(true);
                }
                Next::Event(Event::Bookmark { .. }) => {}
                Next::Undecodable(reason) => self.events.send(WatchEvent::Undecodable { reason }).await?,
                Next::Silent | Next::Reached(Milestone::ListOverdue) => {
                    self.watch.streaming.refuse_all();
                    return Ok(false);
                }
                Next::Reached(_) => {}
                Next::Event(Event::Error(status)) => return self.refused_in_stream(&status),
                Next::Ended => return Err(Failure::new(Meaning::Broken, "the list broke off").into()),
            }
        }
    }

    fn refused_in_stream(&self, status: &Status) -> Result<bool, Stop> {
        let failure = Failure::of_status(status);
        if failure.meaning != Meaning::Refused {
            return Err(failure.into());
        }
        self.watch.streaming.refuse(&self.watch.resource.group);
        Ok(false)
    }
}
