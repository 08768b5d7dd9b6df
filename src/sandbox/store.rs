//! What the sandbox remembers: the objects as they are now, and the changes of the last while, from which
//! watches are served and older states of a list are put together again. As in etcd, one counter numbers
//! the changes of all kinds.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::kinds::Resource;
use super::object::Object;

/// So many bytes of past changes are remembered (DESIGN has no number: enough for a burst of 5,000 changes
/// to pods of 13 KB).
const MEMORY: usize = 64 << 20;

/// Where an object is kept within its resource: `namespace/name`, or `name` where there are no namespaces.
/// In the order of etcd's keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// The namespace is empty for what is in none.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self(if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") })
    }

    /// From what a `continue` token holds.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `namespace/name`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Empty for what is in none.
    pub fn namespace(&self) -> &str {
        self.0.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// The object's name.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, name)| name)
    }
}

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
        // As in a new etcd, whose first revision is 1.
        Self { revision: 1, forgotten: 0, weight: 0, collections: BTreeMap::new() }
    }
}

impl Store {
    /// The number of the last change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The number of the last change of this resource's objects; 0: there was none.
    pub fn last_change(&self, resource: &Resource) -> u64 {
        self.collections.get(resource).map_or(0, |collection| collection.last_change)
    }

    /// The object of this key.
    pub fn get(&self, resource: &Resource, key: &Key) -> Option<&Arc<Object>> {
        self.collections.get(resource)?.objects.get(key)
    }

    /// All of a namespace, or of all where it is empty, as they are now.
    pub fn all<'a>(
        &'a self,
        resource: &Resource,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Object>)> {
        let objects = self.collections.get(resource).map(|collection| &collection.objects);
        objects.into_iter().flatten().filter(move |(key, _)| is_in(key, namespace))
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

    /// The objects as they were at this revision, in the order of their keys, from behind a key.
    pub fn at(
        &self,
        resource: &Resource,
        namespace: &str,
        revision: u64,
        behind: Option<&Key>,
    ) -> Result<Vec<Arc<Object>>, Forgotten> {
        self.check(revision)?;
        let Some(collection) = self.collections.get(resource) else { return Ok(Vec::new()) };
        let mut earlier: BTreeMap<&Key, Option<&Arc<Object>>> = BTreeMap::new();
        for change in collection.changes.iter().rev().take_while(|change| change.revision > revision) {
            earlier.insert(&change.key, change.before.as_ref());
        }
        let from = behind.map_or(Bound::Unbounded, Bound::Excluded);
        let now = collection.objects.range((from, Bound::Unbounded));
        if earlier.is_empty() {
            return Ok(now
                .filter(|(key, _)| is_in(key, namespace))
                .map(|(_, object)| Arc::clone(object))
                .collect());
        }
        let mut then: BTreeMap<&Key, &Arc<Object>> = now.collect();
        for (key, object) in earlier {
            match object {
                Some(object) if behind.is_none_or(|behind| key > behind) => {
                    then.insert(key, object);
                }
                _ => {
                    then.remove(key);
                }
            }
        }
        Ok(then
            .into_iter()
            .filter(|(key, _)| is_in(key, namespace))
            .map(|(_, object)| Arc::clone(object))
            .collect())
    }
}

fn is_in(key: &Key, namespace: &str) -> bool {
    namespace.is_empty() || key.namespace() == namespace
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pods() -> Resource {
        Resource::core("pods")
    }

    fn put(store: &mut Store, name: &str, value: i32) {
        store.put(&pods(), &Key::new("a", name), json!({"metadata": {"name": name}, "value": value}));
    }

    fn shown(objects: &[Arc<Object>]) -> Vec<(String, i64)> {
        let one = |object: &Arc<Object>| {
            let value = object.value();
            (value["metadata"]["name"].as_str().unwrap().to_owned(), value["value"].as_i64().unwrap())
        };
        objects.iter().map(one).collect()
    }

    #[test]
    fn an_older_state_is_put_together_from_the_changes_since() {
        let mut store = Store::default();
        for (name, value) in [("one", 1), ("two", 1), ("three", 1)] {
            put(&mut store, name, value);
        }
        let then = store.revision();
        put(&mut store, "one", 2);
        put(&mut store, "one", 3);
        store.remove(&pods(), &Key::new("a", "two"));
        put(&mut store, "four", 1);
        store.remove(&pods(), &Key::new("a", "four"));
        let at = |revision, behind: Option<&Key>| shown(&store.at(&pods(), "a", revision, behind).unwrap());
        let all = [("one".to_owned(), 1), ("three".to_owned(), 1), ("two".to_owned(), 1)];
        assert_eq!(at(then, None), all);
        assert_eq!(at(then, Some(&Key::new("a", "one"))), all[1..]);
        assert_eq!(at(store.revision(), None), [("one".to_owned(), 3), ("three".to_owned(), 1)]);
        assert_eq!(store.at(&pods(), "b", then, None).unwrap().len(), 0);
    }

    #[test]
    fn what_was_compacted_is_refused_and_the_newest_state_is_not() {
        let mut store = Store::default();
        put(&mut store, "one", 1);
        let then = store.revision();
        put(&mut store, "one", 2);
        assert_eq!(store.changes(&pods(), then).unwrap().count(), 1);
        store.compact();
        assert_eq!(store.at(&pods(), "", then, None).err(), Some(Forgotten { oldest: store.revision() }));
        assert!(store.changes(&pods(), then).is_err());
        assert_eq!(store.changes(&pods(), store.revision()).unwrap().count(), 0);
        assert_eq!(shown(&store.at(&pods(), "", store.revision(), None).unwrap()), [("one".to_owned(), 2)]);
    }

    #[test]
    fn only_so_much_is_remembered() {
        let mut store = Store::default();
        let text = "x".repeat(MEMORY / 4);
        for _ in 0..6 {
            store.put(&pods(), &Key::new("a", "one"), json!({"metadata": {}, "text": text}));
        }
        assert!(store.changes(&pods(), 2).is_err());
        assert!(store.changes(&pods(), store.revision() - 2).is_ok());
        assert!(store.weight <= MEMORY);
    }
}
