//! How a watch is kept up: list (streamed, or in pages), follow, resume from the last version where
//! the stream was cut, and list afresh where the position is lost or nothing proves that it is not.

use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::observation::Observation;
use kube::client::Body;
use tokio::sync::mpsc;

use super::backoff::BackOff;
use super::clock::Clock;
use super::collection::Collection;
use super::decode::{Decoder, Event};
use super::failure::{Failure, Meaning, Status, Stop};
use super::list::list;
use super::stream::{Milestone, Next, Stream};
use super::watch::{Watch, WatchEvent};

/// After so many streaming lists in a row that broke, pages are tried: some proxies cut long answers.
const STREAMING_TRIES: u32 = 2;

/// After so many watches in a row that the server ended early and without a word, the version itself
/// is in doubt.
const IDLE_WATCHES: u32 = 5;

pub(super) struct Follower {
    watch: Watch,
    collection: Collection,
    events: mpsc::Sender<WatchEvent>,
    back_off: BackOff,
    /// Where to go on from; `None`: a fresh list is needed.
    version: Option<String>,
    /// The server sends bookmarks for this collection, so that silence means something.
    bookmarks: bool,
    /// The interruption that was told and is not over.
    told: Option<WatchEvent>,
    broken_streams: u32,
    idle_watches: u32,
}

impl Follower {
    pub(super) fn new(watch: Watch, events: mpsc::Sender<WatchEvent>) -> Self {
        let timings = watch.timings;
        let collection = Collection {
            transport: watch.transport.clone(),
            path: watch.resource.collection_path(watch.namespace.as_deref()),
            metadata_only: watch.projection.is_metadata_only(),
            decoder: Decoder::new(&watch.projection, &watch.resource),
            timings,
        };
        let random = Arc::clone(&watch.random);
        let back_off = BackOff::new(timings.back_off_first, timings.back_off_longest, random);
        Self {
            watch,
            collection,
            events,
            back_off,
            version: None,
            bookmarks: false,
            told: None,
            broken_streams: 0,
            idle_watches: 0,
        }
    }

    /// Ends when nobody listens any more, or when the kind is gone.
    pub(super) async fn run(&mut self) {
        loop {
            let ended = match self.version.clone() {
                Some(version) => self.resume(&version).await,
                None => self.list().await,
            };
            let told = match ended {
                Ok(()) => continue,
                Err(Stop::Closed) => return,
                Err(Stop::Failed(failure)) => self.cope(failure).await,
            };
            if !matches!(told, Ok(true)) {
                return;
            }
        }
    }

    /// Tells a failure and waits for the next try; whether there is one.
    async fn cope(&mut self, failure: Failure) -> Result<bool, Stop> {
        let Failure { meaning, reason, retry_after } = failure;
        let event = match meaning {
            Meaning::Absent => {
                self.events.send(WatchEvent::Absent).await?;
                return Ok(false);
            }
            Meaning::Forbidden => WatchEvent::Forbidden { reason },
            Meaning::Stale | Meaning::Refused | Meaning::Broken => WatchEvent::Interrupted { reason },
        };
        if matches!(meaning, Meaning::Stale | Meaning::Refused) {
            self.version = None;
        }
        // The same again, at every try, would only be noise.
        if self.told.as_ref() != Some(&event) {
            self.events.send(event.clone()).await?;
            self.told = Some(event);
        }
        let pause = self.back_off.pause(retry_after);
        self.clock().sleep(pause).await;
        Ok(true)
    }

    /// A fresh list, and where it was streamed, the changes after it.
    async fn list(&mut self) -> Result<(), Stop> {
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
        loop {
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

    /// Watches from a version on.
    async fn resume(&mut self, version: &str) -> Result<(), Stop> {
        let requested = self.server_time_out();
        let body = self.collection.watch(version, requested.as_secs()).await?;
        let mut stream = self.stream(body, requested);
        self.follow(&mut stream, false).await
    }

    /// Reads a watch until it ends; `Ok`: in peace, to be renewed at once.
    async fn follow(&mut self, stream: &mut Stream, mut progressed: bool) -> Result<(), Stop> {
        let (mut lasted, mut whole) = (false, false);
        loop {
            let silence = self.bookmarks.then_some(self.watch.timings.silence);
            match stream.next(&self.collection.decoder, silence).await? {
                Next::Event(Event::Error(status)) => return Err(error_in_stream(&status).into()),
                Next::Event(event) => {
                    progressed = true;
                    self.idle_watches = 0;
                    self.resumed().await?;
                    self.take(event).await?;
                }
                Next::Undecodable(reason) => {
                    progressed = true;
                    self.events.send(WatchEvent::Undecodable { reason }).await?;
                }
                Next::Reached(Milestone::Settled) => self.resumed().await?,
                Next::Reached(Milestone::ListOverdue) => {}
                Next::Reached(Milestone::Lasted) => {
                    lasted = true;
                    self.back_off.reset();
                }
                Next::Reached(Milestone::Whole) => whole = true,
                Next::Reached(Milestone::Overdue) => {
                    return Err(stale("the server did not end the watch in time"));
                }
                Next::Silent => {
                    // It may have been another server, before a restart, that sent them.
                    self.bookmarks = false;
                    return Err(stale("the watch is silent: no bookmark for too long"));
                }
                Next::Ended if progressed && (lasted || whole) => return Ok(()),
                Next::Ended => return Err(self.ended_early(progressed, whole)),
            }
        }
    }

    fn ended_early(&mut self, progressed: bool, whole: bool) -> Stop {
        self.idle_watches += u32::from(!progressed);
        if whole || self.idle_watches >= IDLE_WATCHES {
            // A watch from a version that the server has not reached (its store was restored) is
            // answered with silence, for ever; so is one of a collection where nothing happens.
            return stale("the watch ended without an event or a bookmark");
        }
        Failure::new(Meaning::Broken, "the server ended the watch early").into()
    }

    async fn take(&mut self, event: Event) -> Result<(), Stop> {
        let told = match event {
            Event::Applied(object) => {
                self.advance(object.resource_version());
                WatchEvent::Applied(object)
            }
            Event::Deleted(object) => {
                self.advance(object.resource_version());
                deleted(&object)
            }
            Event::Bookmark { resource_version, .. } => {
                self.bookmarks = true;
                self.advance(&resource_version);
                return Ok(());
            }
            Event::Error(status) => return Err(error_in_stream(&status).into()),
        };
        Ok(self.events.send(told).await?)
    }

    fn advance(&mut self, version: &str) {
        if !version.is_empty() {
            version.clone_into(self.version.get_or_insert_default());
        }
    }

    async fn resumed(&mut self) -> Result<(), Stop> {
        if self.told.take().is_some() {
            self.events.send(WatchEvent::Resumed).await?;
        }
        Ok(())
    }

    fn stream(&self, body: Body, requested: Duration) -> Stream {
        Stream::new(body, self.clock(), requested, self.back_off.proof(), &self.watch.timings)
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.watch.transport.server_clock().local()
    }

    /// In whole seconds, as it is asked for; up to a tenth less than set, so that the watches of many
    /// kinds are not renewed in one moment.
    fn server_time_out(&self) -> Duration {
        let jittered = self.watch.timings.server_time_out.mul_f64(1.0 - self.watch.random.fraction() / 10.0);
        Duration::from_secs(jittered.as_secs().max(1))
    }
}

/// A server that is too busy goes on later; any other error may have eaten an event.
fn error_in_stream(status: &Status) -> Failure {
    let failure = Failure::of_status(status);
    match failure.meaning {
        Meaning::Broken if status.code != 429 => Failure { meaning: Meaning::Stale, ..failure },
        _ => failure,
    }
}

fn stale(reason: &str) -> Stop {
    Failure::new(Meaning::Stale, reason).into()
}

fn deleted(object: &Observation) -> WatchEvent {
    WatchEvent::Deleted {
        namespace: object.namespace().map(str::to_owned),
        name: object.name().to_owned(),
        uid: object.uid().to_owned(),
    }
}
