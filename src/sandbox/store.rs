//! What the sandbox remembers: the objects as they are now, and the changes of the last while, from which
//! watches are served and older states of a list are put together again. As in etcd, one counter numbers
//! the changes of all kinds.

mod key;

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::iter;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use serde_json::Value;

use super::kinds::Resource;
use super::object::Object;
pub use key::Key;

/// So many bytes of past changes are remembered (DESIGN has no number: enough for a burst of 5,000 changes
/// to pods of 13 KB).
const MEMORY: usize = 64 << 20;

/// A cluster that has just been set up is about this far. Numbers of one or two digits would be taken for
/// something else where messages name them.
const FIRST: u64 = 1000;

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number; what `resourceVersion` says of the object after it.
    pub revision: u64,
    /// Where.
    pub key: Key,
    /// Before it; none: it was created.
    pub before: Option<Arc<Object>>,
    /// After it; none: it was deleted.
    pub after: Option<Arc<Object>>,
    /// The object as a watch shows it: of a deletion, its last state with the deletion's version.
    pub shown: Arc<Object>,
}

impl Change {
    fn weight(&self) -> usize {
        self.shown.weight()
    }
}

/// A version that is not remembered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The oldest that is.
    pub oldest: u64,
}

#[derive(Debug, Default)]
struct Collection {
    objects: BTreeMap<Key, Arc<Object>>,
    changes: VecDeque<Change>,
    last_change: u64,
}

/// The objects of all kinds.
#[derive(Debug)]
pub struct Store {
    revision: u64,
    /// All that came before, and this one itself, is forgotten.
    forgotten: u64,
    weight: usize,
    collections: BTreeMap<Resource, Collection>,
}

impl Default for Store {
    fn default() -> Self {
        Self { revision: FIRST, forgotten: 0, weight: 0, collections: BTreeMap::new() }
    }
}

impl Store {
    /// The number of the last change.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The number of the last change of this resource's objects; 0: there was none.
    #[must_use]
    pub fn last_change(&self, resource: &Resource) -> u64 {
        self.collections.get(resource).map_or(0, |collection| collection.last_change)
    }

    /// The object of this key.
    #[must_use]
    pub fn get(&self, resource: &Resource, key: &Key) -> Option<&Arc<Object>> {
        self.collections.get(resource)?.objects.get(key)
    }

    /// All of a namespace, or of all where it is empty, as they are now.
    pub fn all<'a>(
        &'a self,
        resource: &Resource,
        namespace: &str,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Object>)> + use<'a> {
        let prefix = Key::prefix(namespace);
        let objects = self.collections.get(resource).map(|collection| &collection.objects);
        let from = Bound::Included(prefix.clone());
        let behind =
            objects.into_iter().flat_map(move |objects| objects.range((from.clone(), Bound::Unbounded)));
        behind.take_while(move |(key, _)| key.as_str().starts_with(prefix.as_str()))
    }

    /// Keeps this state of an object, and gives it the next version.
    pub fn put(&mut self, resource: &Resource, key: &Key, value: Value) -> Arc<Object> {
        self.revision += 1;
        let object = Arc::new(Object::new(value, self.revision));
        self.keep(resource, key, Arc::clone(&object));
        object
    }

    /// Keeps an object that has its version already: [`Store::next_revision`] gave it.
    pub fn keep(&mut self, resource: &Resource, key: &Key, object: Arc<Object>) {
        let collection = self.collections.entry(resource.clone()).or_default();
        let before = collection.objects.insert(key.clone(), Arc::clone(&object));
        let change = Change {
            revision: self.revision,
            key: key.clone(),
            before,
            after: Some(Arc::clone(&object)),
            shown: object,
        };
        self.remember(resource, change);
    }

    /// Takes a number for a change that is kept at once.
    pub fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// Forgets the object; the result is its last state, with the version of its end.
    pub fn remove(&mut self, resource: &Resource, key: &Key) -> Option<Arc<Object>> {
        let collection = self.collections.get_mut(resource)?;
        let before = collection.objects.remove(key)?;
        self.revision += 1;
        let shown = Arc::new(Object::new(before.value(), self.revision));
        let change = Change {
            revision: self.revision,
            key: key.clone(),
            before: Some(before),
            after: None,
            shown: Arc::clone(&shown),
        };
        self.remember(resource, change);
        Some(shown)
    }

    fn remember(&mut self, resource: &Resource, change: Change) {
        self.weight += change.weight();
        let collection = self.collections.entry(resource.clone()).or_default();
        collection.last_change = change.revision;
        collection.changes.push_back(change);
        while self.weight > MEMORY {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let first = |collection: &&mut Collection| {
            collection.changes.front().map_or(u64::MAX, |change| change.revision)
        };
        let oldest = self.collections.values_mut().min_by_key(first);
        if let Some(change) = oldest.and_then(|collection| collection.changes.pop_front()) {
            self.weight = self.weight.saturating_sub(change.weight());
            self.forgotten = self.forgotten.max(change.revision);
        } else {
            self.weight = 0;
        }
    }

    /// Forgets all changes up to now, as etcd does when it is compacted.
    pub fn compact(&mut self) {
        self.collections.values_mut().for_each(|collection| collection.changes.clear());
        self.weight = 0;
        self.forgotten = self.revision;
    }

    /// What changed after this revision, oldest first.
    pub fn changes(
        &self,
        resource: &Resource,
        after: u64,
    ) -> Result<impl Iterator<Item = &Change>, Forgotten> {
        self.check(after)?;
        let changes = self.collections.get(resource).map(|collection| &collection.changes);
        Ok(changes.into_iter().flat_map(move |changes| {
            let from = changes.partition_point(|change| change.revision <= after);
            changes.range(from..)
        }))
    }

    /// Whether what came after this revision is remembered.
    pub fn check(&self, after: u64) -> Result<(), Forgotten> {
        // The state after the last forgotten change is still known.
        if after < self.forgotten { Err(Forgotten { oldest: self.forgotten }) } else { Ok(()) }
    }

    /// The objects as they were at this revision, in the order of their keys, from behind a key, so many at
    /// most.
    pub fn at(
        &self,
        resource: &Resource,
        namespace: &str,
        revision: u64,
        behind: Option<&Key>,
        most: usize,
    ) -> Result<Vec<Arc<Object>>, Forgotten> {
        let states = self.states(resource, namespace, revision, behind)?;
        Ok(states.take(most).map(|(_, object)| Arc::clone(object)).collect())
    }

    /// How many these are.
    pub fn count(
        &self,
        resource: &Resource,
        namespace: &str,
        revision: u64,
        behind: Option<&Key>,
    ) -> Result<usize, Forgotten> {
        Ok(self.states(resource, namespace, revision, behind)?.count())
    }

    fn states<'a>(
        &'a self,
        resource: &Resource,
        namespace: &str,
        revision: u64,
        behind: Option<&Key>,
    ) -> Result<impl Iterator<Item = (&'a Key, &'a Arc<Object>)> + use<'a>, Forgotten> {
        self.check(revision)?;
        let prefix = Key::prefix(namespace);
        let from = match behind {
            Some(behind) if *behind >= prefix => Bound::Excluded(behind.clone()),
            _ => Bound::Included(prefix.clone()),
        };
        let from = (from, Bound::Unbounded);
        let mut earlier = BTreeMap::new();
        let collection = self.collections.get(resource);
        let changes = collection.into_iter().flat_map(|collection| collection.changes.iter().rev());
        for change in changes.take_while(|change| change.revision > revision) {
            if from.contains(&change.key) {
                earlier.insert(&change.key, change.before.as_ref());
            }
        }
        let now = collection.into_iter().flat_map(move |collection| collection.objects.range(from.clone()));
        let states = merged(now, earlier.into_iter());
        Ok(states.take_while(move |(key, _)| key.as_str().starts_with(prefix.as_str())))
    }
}

/// The states of now, but where an earlier one is known: that, or none if there was none.
fn merged<'a>(
    now: impl Iterator<Item = (&'a Key, &'a Arc<Object>)>,
    earlier: impl Iterator<Item = (&'a Key, Option<&'a Arc<Object>>)>,
) -> impl Iterator<Item = (&'a Key, &'a Arc<Object>)> {
    let (mut now, mut earlier) = (now.peekable(), earlier.peekable());
    iter::from_fn(move || {
        loop {
            let order = match (now.peek(), earlier.peek()) {
                (Some((present, _)), Some((past, _))) => present.cmp(past),
                (_, None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            if order == Ordering::Less {
                return now.next();
            }
            if order == Ordering::Equal {
                now.next();
            }
            if let Some((key, Some(object))) = earlier.next() {
                return Some((key, object));
            }
        }
    })
}

#[cfg(test)]
mod tests;
