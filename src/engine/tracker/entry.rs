//! The entries of a tracker: a slab of them with an index of slots, so that a timer is a number. There may be
//! a hundred thousand: each holds what it must in as few bytes as it can.

use ahash::RandomState;
use hashbrown::HashTable;
use jiff::Timestamp;

use std::sync::Arc;

use super::ObjectKey;
use super::progress::Progress;
use crate::moment::SmallMoment;
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
    pub(super) namespace: Option<Arc<str>>,
    pub(super) name: Box<str>,
    uid: Uid,
    version: Version,
    next_change: SmallMoment,
    /// When it was looked at last, at the latest.
    looked: SmallMoment,
    pub(super) progress: Progress,
    /// The number of the list in which, or after which, it was last seen.
    list: u32,
    /// It is being read or acted on.
    pub(super) busy: bool,
    /// Only a list that did not come to its end told of it.
    pub(super) unproven: bool,
}

/// A uid is a random UUID, written in 36 letters; what is written otherwise is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Uid {
    Uuid([u8; 16]),
    Text(Box<str>),
}

/// A resourceVersion is a number (KEP-5504); what is not, or not as a number is written, is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Version {
    Number(u64),
    Text(Box<str>),
}

/// Where in a UUID's text the hyphens are.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl Uid {
    fn new(text: &str) -> Self {
        Self::uuid(text).unwrap_or_else(|| Self::Text(text.into()))
    }

    /// Small letters only, so that the text comes back as it was.
    fn uuid(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text.len() != 36 || HYPHENS.iter().any(|at| text[*at] != b'-') {
            return None;
        }
        let mut digits =
            text.iter().enumerate().filter(|(at, _)| !HYPHENS.contains(at)).map(|(_, digit)| match digit {
                b'0'..=b'9' => Some(digit - b'0'),
                b'a'..=b'f' => Some(digit - b'a' + 10),
                _ => None,
            });
        let mut bytes = [0; 16];
        for byte in &mut bytes {
            *byte = digits.next()?? << 4 | digits.next()??;
        }
        Some(Self::Uuid(bytes))
    }

    fn text(&self) -> Box<str> {
        let bytes = match self {
            Self::Text(text) => return text.clone(),
            Self::Uuid(bytes) => bytes,
        };
        let mut text = String::with_capacity(36);
        for byte in bytes {
            if HYPHENS.contains(&text.len()) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
            }
        }
        text.into()
    }
}

impl Version {
    fn new(text: &str) -> Self {
        match text.parse::<u64>() {
            Ok(number) if !text.starts_with(['+', '0']) => Self::Number(number),
            _ => Self::Text(text.into()),
        }
    }
}

impl Entry {
    pub(super) fn new(namespace: Option<Arc<str>>, object: &Observation) -> Self {
        Self {
            namespace,
            name: object.name().into(),
            uid: Uid::new(object.uid()),
            version: Version::Text("".into()),
            next_change: SmallMoment::NEVER,
            looked: SmallMoment::NEVER,
            progress: Progress::default(),
            list: 0,
            busy: false,
            unproven: false,
        }
    }

    pub(super) fn key(&self) -> ObjectKey {
        ObjectKey { namespace: self.namespace.clone(), name: self.name.clone() }
    }

    pub(super) fn ticket(&self) -> Ticket {
        Ticket { key: self.key(), uid: self.uid.text() }
    }

    pub(super) fn has_uid(&self, uid: &str) -> bool {
        self.uid == Uid::new(uid)
    }

    pub(super) fn has_version_of(&self, object: &Observation) -> bool {
        self.version == Version::new(object.resource_version())
    }

    /// It has not been looked at.
    pub(super) fn is_new(&self) -> bool {
        matches!(&self.version, Version::Text(text) if text.is_empty())
    }

    /// Where resource versions are no numbers, nothing is known to be newer.
    pub(super) fn is_newer_than(&self, object: &Observation) -> bool {
        match (&self.version, Version::new(object.resource_version())) {
            (Version::Number(mine), Version::Number(theirs)) => *mine > theirs && self.has_uid(object.uid()),
            _ => false,
        }
    }

    /// Its resourceVersion, where that is a number.
    pub(super) fn number(&self) -> Option<u64> {
        match self.version {
            Version::Number(number) => Some(number),
            Version::Text(_) => None,
        }
    }

    pub(super) fn is_same_object(&self, other: &Self) -> bool {
        self.uid == other.uid
    }

    /// What is older than what another entry has seen of the same object is not looked at again.
    pub(super) fn at_least_as_new_as(&mut self, other: &Self) {
        if other.number() > self.number() {
            self.version = other.version.clone();
        }
    }

    /// The same object, of which nothing else is known.
    pub(super) fn without_progress(&self, namespace: Option<Arc<str>>, list: u32) -> Self {
        Self {
            namespace,
            name: self.name.clone(),
            uid: self.uid.clone(),
            version: self.version.clone(),
            next_change: SmallMoment::NEVER,
            looked: SmallMoment::NEVER,
            progress: Progress::default(),
            list,
            busy: false,
            unproven: false,
        }
    }

    pub(super) fn seen(
        &mut self,
        object: &Observation,
        list: u32,
        next_change: Option<Timestamp>,
        now: Timestamp,
    ) {
        self.version = Version::new(object.resource_version());
        self.list = list;
        self.next_change = next_change.into();
        self.looked = now.into();
    }

    /// When it was looked at last, at the latest.
    pub(super) fn looked_at(&self) -> Option<Timestamp> {
        self.looked.get()
    }

    /// When time alone may change what some rule is of it.
    pub(super) fn next_change(&self) -> Option<Timestamp> {
        self.next_change.get()
    }
}

/// So many entries are allocated at once: a single vector that grows would leave holes of its former sizes.
const CHUNK: usize = 512;

/// Entries by slot.
#[derive(Debug, Default)]
struct Slab(Vec<Vec<Option<Entry>>>);

impl Slab {
    fn push(&mut self) -> u32 {
        if self.0.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.0.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.0.last_mut() {
            chunk.push(None);
        }
        let before = self.0.len().saturating_sub(1) * CHUNK;
        let last = self.0.last().map_or(0, |chunk| chunk.len() - 1);
        u32::try_from(before + last).unwrap_or(u32::MAX)
    }

    fn get(&self, slot: u32) -> Option<&Entry> {
        self.0[slot as usize / CHUNK][slot as usize % CHUNK].as_ref()
    }

    fn at(&mut self, slot: u32) -> &mut Option<Entry> {
        &mut self.0[slot as usize / CHUNK][slot as usize % CHUNK]
    }
}

#[derive(Debug, Default)]
pub(super) struct Slots {
    entries: Slab,
    free: Vec<u32>,
    /// The slots of all entries, by namespace and name.
    index: HashTable<u32>,
    hasher: RandomState,
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn find(&self, namespace: Option<&str>, name: &str) -> Option<u32> {
        let is_it = |slot: &u32| {
            let entry = self.get(*slot);
            &*entry.name == name && entry.namespace.as_deref() == namespace
        };
        self.index.find(self.hasher.hash_one((namespace, name)), is_it).copied()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.0.iter().flatten().flatten()
    }

    pub(super) fn slots(&self) -> Vec<u32> {
        self.index.iter().copied().collect()
    }

    pub(super) fn insert(&mut self, entry: Entry) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| self.entries.push());
        *self.entries.at(slot) = Some(entry);
        let hash = hash_of(&self.hasher, &self.entries, slot);
        self.index.insert_unique(hash, slot, |slot| hash_of(&self.hasher, &self.entries, *slot));
        slot
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Entry> {
        let hash = hash_of(&self.hasher, &self.entries, slot);
        if let Ok(indexed) = self.index.find_entry(hash, |other| *other == slot) {
            indexed.remove();
        }
        let entry = self.entries.at(slot).take();
        if entry.is_some() {
            self.free.push(slot);
        }
        entry
    }

    /// The entry of a slot that the index or the schedule names; both are kept in step with the slab.
    #[expect(clippy::expect_used, reason = "remove() takes the slot out of index and schedule first")]
    pub(super) fn get(&self, slot: u32) -> &Entry {
        self.entries.get(slot).expect("a slot in use")
    }

    #[expect(clippy::expect_used, reason = "remove() takes the slot out of index and schedule first")]
    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Entry {
        self.entries.at(slot).as_mut().expect("a slot in use")
    }

    pub(super) fn unproven(&self) -> Vec<u32> {
        self.index.iter().copied().filter(|slot| self.get(*slot).unproven).collect()
    }

    pub(super) fn proven(&mut self) {
        self.entries.0.iter_mut().flatten().flatten().for_each(|entry| entry.unproven = false);
    }

    pub(super) fn not_seen_since(&self, list: u32) -> Vec<u32> {
        let stale = |slot: &u32| self.get(*slot).list < list;
        self.index.iter().copied().filter(stale).collect()
    }
}

fn hash_of(hasher: &RandomState, entries: &Slab, slot: u32) -> u64 {
    let entry = entries.get(slot);
    entry.map_or(0, |entry| hasher.hash_one((entry.namespace.as_deref(), &*entry.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_small() {
        assert_eq!(size_of::<Option<Entry>>(), 104);
    }

    #[test]
    fn uids_come_back_as_they_were_written() {
        for text in [
            "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
            "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0",
            "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f",
            "0f1e2d3c-4b5a-6978-8796a-5b4c3d2e1f0",
            "0f1e2d3c+4b5a-6978-8796-a5b4c3d2e1f0",
            "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1fg",
            "uid-1",
            "",
        ] {
            assert_eq!(&*Uid::new(text).text(), text);
            assert_eq!(Uid::new(text), Uid::new(text));
        }
        assert_ne!(Uid::new("a"), Uid::new("b"));
    }

    #[test]
    fn versions_that_are_written_differently_are_different() {
        for (one, other) in [("1", "01"), ("1", "+1"), ("", "0"), ("18446744073709551616", "0"), ("1", "2")] {
            assert_ne!(Version::new(one), Version::new(other), "{one} {other}");
            assert_eq!(Version::new(one), Version::new(one));
        }
    }
}
