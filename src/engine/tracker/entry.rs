//! The entries of a tracker: a slab of them with an index by key, so that a timer is a number.

use ahash::AHashMap;
use jiff::Timestamp;

use super::ObjectKey;
use super::progress::Progress;
use crate::observation::Observation;

/// Where an observation comes from, which says how far it may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A fresh list: the truth, with a gap before it.
    Listed,
    /// A watch event: every change since the list, but maybe behind what was read live.
    Event,
    /// A live read: the truth.
    LiveRead,
}

/// A claim on one entry: it speaks of this uid alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The object.
    pub key: ObjectKey,
    /// Its uid.
    pub uid: Box<str>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: ObjectKey,
    pub(super) uid: Box<str>,
    resource_version: Box<str>,
    /// The number of the list in which, or after which, it was last seen.
    list: u32,
    /// It is being read or acted on.
    pub(super) busy: bool,
    next_change: Option<Timestamp>,
    pub(super) progress: Progress,
}

impl Entry {
    pub(super) fn new(key: ObjectKey, object: &Observation) -> Self {
        Self {
            key,
            uid: object.uid().into(),
            resource_version: "".into(),
            list: 0,
            busy: false,
            next_change: None,
            progress: Progress::default(),
        }
    }

    pub(super) fn ticket(&self) -> Ticket {
        Ticket { key: self.key.clone(), uid: self.uid.clone() }
    }

    pub(super) fn resource_version(&self) -> &str {
        &self.resource_version
    }

    /// Resource versions of one kind are ordered numbers (KEP-5504); where they are not, nothing is
    /// known to be newer.
    pub(super) fn is_newer_than(&self, object: &Observation) -> bool {
        let number = |text: &str| text.parse::<u64>().ok();
        match (number(&self.resource_version), number(object.resource_version())) {
            (Some(mine), Some(theirs)) => &*self.uid == object.uid() && mine > theirs,
            _ => false,
        }
    }

    pub(super) fn seen(&mut self, object: &Observation, list: u32, next_change: Option<Timestamp>) {
        if &*self.resource_version != object.resource_version() {
            self.resource_version = object.resource_version().into();
        }
        self.list = list;
        self.next_change = next_change;
    }

    /// When time alone may change what some rule is of it.
    pub(super) fn next_change(&self) -> Option<Timestamp> {
        self.next_change
    }
}

#[derive(Debug, Default)]
pub(super) struct Slots {
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    index: AHashMap<ObjectKey, u32>,
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn find(&self, key: &ObjectKey) -> Option<u32> {
        self.index.get(key).copied()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    pub(super) fn insert(&mut self, entry: Entry) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        self.index.insert(entry.key.clone(), slot);
        self.entries[slot as usize] = Some(entry);
        slot
    }

    pub(super) fn remove(&mut self, slot: u32) {
        if let Some(entry) = self.entries[slot as usize].take() {
            self.index.remove(&entry.key);
            self.free.push(slot);
        }
    }

    /// The entry of a slot that the index or the schedule names; both are kept in step with the slab.
    #[expect(clippy::expect_used, reason = "remove() takes the slot out of index and schedule first")]
    pub(super) fn get(&self, slot: u32) -> &Entry {
        self.entries[slot as usize].as_ref().expect("a slot in use")
    }

    #[expect(clippy::expect_used, reason = "remove() takes the slot out of index and schedule first")]
    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Entry {
        self.entries[slot as usize].as_mut().expect("a slot in use")
    }

    pub(super) fn not_seen_since(&self, list: u32) -> Vec<u32> {
        let stale = |slot: &u32| self.get(*slot).list < list;
        self.index.values().copied().filter(stale).collect()
    }
}
