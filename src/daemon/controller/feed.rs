//! A watch that runs as a task of its own, and what it tells. Dropping the feed ends the watch.

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::cluster::watch::{Watch, WatchEvent};

/// Events between the watch and the tracker; the tracker is the faster of the two.
const EVENTS: usize = 64;

#[derive(Debug)]
pub(super) struct Feed {
    events: mpsc::Receiver<WatchEvent>,
    _watching: AbortOnDropHandle<()>,
}

impl Feed {
    /// Begins to watch; within a runtime.
    pub(super) fn of(watch: Watch) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        Self { events, _watching: AbortOnDropHandle::new(tokio::spawn(watch.run(sender))) }
    }

    /// `None`: the watch has ended, and everything that it told was taken.
    pub(super) async fn next(&mut self) -> Option<WatchEvent> {
        self.events.recv().await
    }
}
