//! A watch that may be refused. It tries again by itself, since rights come and go, and a server that starts
//! refuses everybody for a moment; until it is permitted, a poll falls due again and again.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Fuse, FutureExt};
use tokio::sync::mpsc;

use crate::cluster::clock::Clock;
use crate::cluster::watch::{Watch, WatchEvent};

/// Events that may wait to be taken.
const EVENTS: usize = 64;
/// Where a list is permitted and the watch is not, a list succeeds and the watch after it is refused: so long
/// it is waited for that before the watch is taken for permitted.
const TRIAL: Duration = Duration::from_secs(5);

/// What is next.
#[derive(Debug)]
pub(super) enum Next {
    /// The watch tells this.
    Told(WatchEvent),
    /// The watch is refused from now on, or there is none: polls fall due until it is permitted.
    Refused {
        /// What the server says; empty: there is nothing to watch.
        reason: String,
    },
    /// The watch has just been permitted again: no more polls.
    Permitted,
    /// Time to ask.
    PollDue,
}

/// When polls fall due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Polling {
    /// After the watch was refused.
    pub(super) first: Duration,
    /// After the poll before.
    pub(super) interval: Duration,
}

/// A watch and, while it is refused, the times of polls. Nothing is lost where [`Self::next`] is dropped.
pub(super) struct WatchOrPoll {
    clock: Arc<dyn Clock>,
    polling: Polling,
    watching: Fuse<BoxFuture<'static, ()>>,
    events: Option<mpsc::Receiver<WatchEvent>>,
    /// Until the next poll is due; over where none is.
    wait: Fuse<BoxFuture<'static, ()>>,
    /// Since a list while the watch was refused.
    trial: Fuse<BoxFuture<'static, ()>>,
    refused: bool,
    /// To be told after what was told last.
    then: Option<Next>,
}

impl WatchOrPoll {
    /// `None`: the server serves nothing that could be watched.
    pub(super) fn new(watch: Option<Watch>, clock: Arc<dyn Clock>, polling: Polling) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let watching = watch.map_or_else(Fuse::terminated, |watch| watch.run(sender).boxed().fuse());
        // Where there is no watch, the sender has just been dropped: the events have ended.
        let (wait, trial) = (Fuse::terminated(), Fuse::terminated());
        Self { clock, polling, watching, events: Some(events), wait, trial, refused: false, then: None }
    }

    /// Client required: waits for what is next.
    pub(super) async fn next(&mut self) -> Next {
        if let Some(then) = self.then.take() {
            return then;
        }
        loop {
            tokio::select! {
                biased;
                event = received(&mut self.events) => match event {
                    Some(WatchEvent::Forbidden { reason }) if !self.refused => return self.refuse(reason),
                    Some(WatchEvent::Forbidden { .. }) => self.trial = Fuse::terminated(),
                    Some(event) => return self.tell(event),
                    None => {
                        self.events = None;
                        if !self.refused {
                            return self.refuse(String::new());
                        }
                    }
                },
                () = &mut self.wait => {
                    self.wait_for(self.polling.interval);
                    return Next::PollDue;
                }
                () = &mut self.trial => return self.permit(),
                () = &mut self.watching => {}
            }
        }
    }

    fn refuse(&mut self, reason: String) -> Next {
        self.refused = true;
        self.wait_for(self.polling.first);
        Next::Refused { reason }
    }

    fn tell(&mut self, event: WatchEvent) -> Next {
        match event {
            WatchEvent::Synced if self.refused => {
                self.trial = self.clock.sleep(TRIAL).fuse();
                Next::Told(event)
            }
            // Only the watch itself tells these.
            WatchEvent::Applied(_) | WatchEvent::Resumed if self.refused => {
                self.then = Some(Next::Told(event));
                self.permit()
            }
            event => Next::Told(event),
        }
    }

    fn permit(&mut self) -> Next {
        self.refused = false;
        (self.wait, self.trial) = (Fuse::terminated(), Fuse::terminated());
        Next::Permitted
    }

    fn wait_for(&mut self, wait: Duration) {
        self.wait = self.clock.sleep(wait).fuse();
    }
}

async fn received(events: &mut Option<mpsc::Receiver<WatchEvent>>) -> Option<WatchEvent> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}
