//! What the file system says of the places that matter, boiled down to one question: has anything happened
//! since? It is asked on a thread of its own, the watcher's.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, EventHandler};

use super::places::Places;

/// What the follower is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Something has happened.
    Heard,
    /// Read now; the answer is known by this number.
    Read(u64),
    /// Nobody listens any more.
    Stop,
}

/// Hears, and remembers what is asked for later.
#[derive(Debug)]
pub(super) struct Ears {
    follower: Sender<Message>,
    /// Told already, and not yet taken in: a thousand events are one message.
    told: AtomicBool,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    places: Arc<Places>,
    /// Files that somebody has written to and not closed.
    writing: BTreeSet<PathBuf>,
    /// Paths that were moved or deleted: the watcher has dropped its watches there and below, by name, even
    /// where something of the same name has taken their place and is watched again.
    lost: Vec<PathBuf>,
}

impl Ears {
    pub(super) fn new(follower: Sender<Message>) -> Self {
        Self { follower, told: AtomicBool::new(false), memory: Mutex::default() }
    }

    /// What matters from now on. Before the watches are set: what they bring is not to be lost.
    pub(super) fn listen_to(&self, places: Arc<Places>) {
        self.memory().places = places;
    }

    /// Paths whose watches are gone, each told once.
    pub(super) fn take_lost(&self) -> Vec<PathBuf> {
        std::mem::take(&mut self.memory().lost)
    }

    /// The message has been taken in.
    pub(super) fn taken_in(&self) {
        self.told.store(false, Ordering::Release);
    }

    /// Whether somebody is in the middle of a file, as far as the system tells.
    pub(super) fn somebody_writes(&self) -> bool {
        !self.memory().writing.is_empty()
    }

    /// Waits no longer for those that write: one may have gone without closing.
    pub(super) fn forget_writers(&self) {
        self.memory().writing.clear();
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: &Event) {
        if self.memory().concerned_by(event) {
            self.tell();
        }
    }

    fn tell(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            // Fails where the follower has ended: then nobody asks.
            drop(self.follower.send(Message::Heard));
        }
    }
}

impl Memory {
    fn concerned_by(&mut self, event: &Event) -> bool {
        let Self { places, writing, lost } = self;
        // Events were lost.
        if event.need_rescan() {
            return true;
        }
        if let EventKind::Access(access) = event.kind {
            // Reading is an access too: whoever answered it by reading would never end.
            let closes = access == AccessKind::Close(AccessMode::Write);
            return closes && event.paths.iter().filter(|path| writing.remove(*path)).count() > 0;
        }
        let is_gone = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
        let mut concerned = false;
        for path in &event.paths {
            if is_gone {
                writing.remove(path);
                if places.are_below(path) {
                    if !lost.contains(path) {
                        lost.push(path.clone());
                    }
                    concerned = true;
                }
            }
            if places.concern(event.kind, path) {
                concerned = true;
                // Elsewhere nobody tells that a file was closed.
                if cfg!(target_os = "linux") && matches!(event.kind, EventKind::Modify(ModifyKind::Data(_))) {
                    writing.insert(path.clone());
                }
            }
        }
        concerned
    }
}

/// The ears as the watcher holds them.
pub(super) struct Handler(pub(super) Arc<Ears>);

impl EventHandler for Handler {
    fn handle_event(&mut self, event: notify::Result<Event>) {
        match event {
            Ok(event) => self.0.hear(&event),
            // What went by meanwhile is not known.
            Err(_) => self.0.tell(),
        }
    }
}
