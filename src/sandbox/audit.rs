//! The record of every request, as kube-apiserver's audit log: one audit.k8s.io/v1 event a line. Its policy is
//! that of the test harness's real server: writes with their bodies, all else without.

mod event;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::failure::Failure;
use super::request::Target;
use super::rights::User;

/// What a record in memory holds at most: the demo's requests are a hundredth of it.
const MOST: usize = 100_000;

/// When a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A watch has begun.
    ResponseStarted,
    /// The answer is complete.
    ResponseComplete,
    /// There is none.
    Panic,
}

/// One request and its answer.
#[derive(Debug)]
pub struct Entry<'a> {
    /// When it is written.
    pub stage: Stage,
    /// Path and query.
    pub uri: &'a str,
    /// `list`.
    pub verb: &'a str,
    /// None: unknown.
    pub user: Option<&'a User>,
    /// Who they say they are.
    pub impersonated: Option<&'a User>,
    /// As sent.
    pub user_agent: &'a str,
    /// None: no resource.
    pub target: Option<&'a Target>,
    /// The HTTP status.
    pub code: u16,
    /// Why it is one of failure.
    pub failure: Option<&'a Failure>,
    /// As sent.
    pub body: &'a Bytes,
    /// When it came.
    pub received: Timestamp,
    /// When it was answered.
    pub now: Timestamp,
    /// Unique.
    pub id: String,
}

#[derive(Debug, Default)]
struct Sinks {
    /// The newest events, so many at most.
    memory: Option<(VecDeque<Value>, usize)>,
    file: Option<File>,
    /// The file could not be written to, and that was told.
    broken: bool,
}

/// Where records go.
#[derive(Debug)]
pub struct Audit {
    sinks: Mutex<Sinks>,
    /// Somebody reads it.
    is_kept: bool,
}

impl Audit {
    /// No records.
    #[must_use]
    pub fn none() -> Self {
        Self { sinks: Mutex::default(), is_kept: false }
    }

    /// To be looked at from within, the newest ones.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::none().and_in_memory(MOST)
    }

    /// Appended to a file, which only its owner can read: writes are in it with their bodies.
    pub fn to_file(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let sinks = Sinks { file: Some(file), ..Sinks::default() };
        Ok(Self { sinks: Mutex::new(sinks), is_kept: true })
    }

    /// The newest ones, so many, in memory too.
    #[must_use]
    pub fn and_in_memory(self, most: usize) -> Self {
        self.lock().memory = Some((VecDeque::new(), most));
        Self { is_kept: true, ..self }
    }

    /// The events in memory, oldest first.
    pub fn events(&self) -> Vec<Value> {
        let sinks = self.lock();
        sinks.memory.iter().flat_map(|(events, _)| events).cloned().collect()
    }

    /// Writes a record.
    pub fn record(&self, entry: &Entry<'_>) {
        if self.is_kept {
            let events = event::events(entry);
            // One lock for both records of a watch that is refused: nothing comes between.
            let mut sinks = self.lock();
            for event in events {
                sinks.keep(event);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sinks> {
        self.sinks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sinks {
    fn keep(&mut self, event: Value) {
        if let Some(file) = &mut self.file {
            // One write a line, and nothing held back: whoever reads the file waits for it.
            if let Err(error) = file.write_all(format!("{event}\n").as_bytes())
                && !std::mem::replace(&mut self.broken, true)
            {
                tracing::warn!(%error, "the audit file cannot be written to: records are lost");
            }
        }
        if let Some((events, most)) = &mut self.memory {
            events.push_back(event);
            if events.len() > *most {
                events.pop_front();
            }
        }
    }
}
