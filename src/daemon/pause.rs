//! Whether the daemon does anything: `pause` acts at once, also on what was judged and is not sent yet, and
//! survives a restart.

use std::io;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::store::pause::{PauseFile, PauseRecord};

/// The pause, if there is one.
#[derive(Debug)]
pub struct Pause {
    state: watch::Sender<Option<PauseRecord>>,
    file: Option<PauseFile>,
}

impl Default for Pause {
    fn default() -> Self {
        Self { state: watch::Sender::new(None), file: None }
    }
}

impl Pause {
    /// As the file says. I/O.
    #[must_use]
    pub fn kept_in(file: PauseFile, now: Timestamp) -> Self {
        Self { state: watch::Sender::new(file.read(now)), file: Some(file) }
    }

    /// Whether nothing may be done now.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.state.borrow().is_some()
    }

    /// Since when and why nothing is done.
    #[must_use]
    pub fn record(&self) -> Option<PauseRecord> {
        self.state.borrow().clone()
    }

    /// Pauses from now on; one that is under way goes on, with the new reason if there is one. It acts also
    /// where it cannot be kept: then a restart ends it. I/O.
    pub fn start(&self, now: Timestamp, reason: Option<String>) -> io::Result<()> {
        let before = self.record();
        let since = before.as_ref().map_or(now, |before| before.since);
        let reason = reason.or_else(|| before.and_then(|before| before.reason));
        let record = PauseRecord { since, reason };
        self.state.send_replace(Some(record.clone()));
        self.file.as_ref().map_or(Ok(()), |file| file.write(Some(&record)))
    }

    /// Goes on; where the file cannot be taken away, it does not, since a restart would pause again. I/O.
    pub fn end(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.write(None))?;
        self.state.send_replace(None);
        Ok(())
    }

    /// Wakes whoever waits for the end of the pause.
    pub(super) fn changes(&self) -> watch::Receiver<Option<PauseRecord>> {
        self.state.subscribe()
    }
}
