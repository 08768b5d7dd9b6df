//! How a watch is kept up: list, follow, resume from the last version where the stream was cut, and
//! list afresh where the position is lost or nothing proves that it is not. The list itself is in
//! [`super::fresh_list`].

use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::observation::Observation;
use kube::client::Body;
use tokio::sync::mpsc;

use super::backoff::BackOff;
use super::clock::Clock;
use super::collection::{Collection, selecting};
use super::decode::{Decoder, Event};
use super::failure::{Failure, Meaning, Status, Stop};
use super::stream::{Milestone, Next, Stream};
use super::watch::{Watch, WatchEvent};

/// After so many watches in a row that the server ended early and without a word, the version itself
/// is in doubt.
const IDLE_WATCHES: u32 = 5;

pub(super) struct Follower {
    pub(super) watch: Watch,
    pub(super) collection: Collection,
    pub(super) events: mpsc::Sender<WatchEvent>,
    back_off: BackOff,
    /// Where to go on from; `None`: a fresh list is needed.
    pub(super) version: Option<String>,
    /// The server sends bookmarks for this collection, so that silence means something.
    bookmarks: bool,
    /// The interruption that was told and is not over.
    pub(super) told: Option<WatchEvent>,
    pub(super) broken_streams: u32,
    pub(super) idle_watches: u32,
}

impl Follower {
    pub(super) fn new(watch: Watch, events: mpsc::Sender<WatchEvent>) -> Self {
        let timings = watch.timings;
        let collection = Collection {
            transport: watch.transport.clone(),
            path: watch.resource.collection_path(watch.namespace.as_deref()),
            selector: watch.name.as_deref().map(selecting).unwrap_or_default(),
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

    /// Watches from a version on.
    async fn resume(&mut self, version: &str) -> Result<(), Stop> {
        let requested = self.server_time_out();
        let body = self.collection.watch(version, requested.as_secs()).await?;
        let mut stream = self.stream(body, requested);
        self.follow(&mut stream, false).await
    }

    /// Reads a watch until it ends; `Ok`: in peace, to be renewed at once.
    pub(super) async fn follow(&mut self, stream: &mut Stream, mut progressed: bool) -> Result<(), Stop> {
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

    pub(super) fn stream(&self, body: Body, requested: Duration) -> Stream {
        Stream::new(body, self.clock(), requested, self.back_off.proof(), &self.watch.timings)
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.watch.transport.server_clock().local()
    }

    /// In whole seconds, as it is asked for; up to a tenth less than set, so that the watches of many
    /// kinds are not renewed in one moment.
    pub(super) fn server_time_out(&self) -> Duration {
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

pub(super) fn deleted(object: &Observation) -> WatchEvent {
    WatchEvent::Deleted {
        namespace: object.namespace().map(str::to_owned),
        name: object.name().to_owned(),
        uid: object.uid().to_owned(),
    }
}
