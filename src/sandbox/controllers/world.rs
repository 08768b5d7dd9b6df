//! What the controllers know of the cluster: an outline of every object of every kind, brought up to date
//! from the store's changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::kinds::Resource;
use super::super::object::Object;
use super::super::server::{Server, State};
use super::super::store::Key;
use super::outline::Outline;

/// An object that came, went, or became another state of itself.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) resource: Arc<Resource>,
    pub(super) key: Key,
    pub(super) before: Option<Arc<Outline>>,
    pub(super) after: Option<Arc<Outline>>,
}

impl Change {
    pub(super) fn is(&self, group: &str, plural: &str) -> bool {
        self.resource.is(group, plural)
    }

    /// As it is, and as it was.
    pub(super) fn both(&self) -> impl Iterator<Item = &Arc<Outline>> {
        self.after.iter().chain(&self.before)
    }

    /// Where the controllers of a kind are that have, or had, a part in the object.
    pub(super) fn controllers(&self, group: &str, kind: &str) -> BTreeSet<Key> {
        let fits = |group_of: &str| group_of.rsplit_once('/').map_or("", |(group, _)| group) == group;
        let owners = self.both().filter_map(|outline| outline.metadata.controller());
        owners
            .filter(|owner| owner.kind == kind && fits(&owner.api_version))
            .map(|owner| Key::new(self.key.namespace(), &owner.name))
            .collect()
    }
}

#[derive(Debug)]
struct Known {
    resource: Arc<Resource>,
    /// All that came up to here is in.
    told: Option<u64>,
    objects: BTreeMap<Key, Arc<Outline>>,
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct World {
    known: BTreeMap<Resource, Known>,
}

/// What the store has that is not known.
struct News {
    resource: Resource,
    /// What is not among them is gone.
    is_all: bool,
    objects: BTreeMap<Key, Option<Arc<Object>>>,
}

impl World {
    /// By key.
    pub(super) fn get(&self, resource: &Resource, key: &Key) -> Option<&Arc<Outline>> {
        self.known.get(resource)?.objects.get(key)
    }

    /// All of a kind.
    pub(super) fn all(&self, resource: &Resource) -> impl Iterator<Item = (&Key, &Arc<Outline>)> {
        self.known.get(resource).into_iter().flat_map(|known| &known.objects)
    }

    /// All of a kind in one namespace.
    pub(super) fn within<'a>(
        &'a self,
        resource: &Resource,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Outline>)> + use<'a> {
        let first = Key::new(namespace, "");
        let known = self.known.get(resource).into_iter();
        let from = known.flat_map(move |known| known.objects.range(first.clone()..));
        from.take_while(move |(key, _)| key.namespace() == namespace)
    }

    /// Every kind of which something was ever seen.
    pub(super) fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.known.keys()
    }

    /// Looks at what changed since the last time.
    pub(super) fn catch_up(&mut self, server: &Server) -> Vec<Change> {
        let (news, revision) = server.read(|state| (self.news(state), state.store.revision()));
        let mut changes = Vec::new();
        for one in news {
            let known = self.known.entry(one.resource.clone()).or_insert_with(|| Known {
                resource: Arc::new(one.resource.clone()),
                told: None,
                objects: BTreeMap::new(),
            });
            known.take_in(one, &mut changes);
        }
        self.known.values_mut().for_each(|known| known.told = Some(revision));
        changes
    }

    fn news(&self, state: &State) -> Vec<News> {
        let served = state.kinds.iter().map(|kind| &kind.resource);
        let all: BTreeSet<&Resource> = served.chain(self.known.keys()).collect();
        all.into_iter().filter_map(|resource| self.news_of(state, resource)).collect()
    }

    fn news_of(&self, state: &State, resource: &Resource) -> Option<News> {
        let told = self.known.get(resource).and_then(|known| known.told).unwrap_or_default();
        if state.store.last_change(resource) <= told {
            return None;
        }
        let (is_all, objects) = match state.store.changes(resource, told) {
            Ok(changes) => {
                let keys: BTreeSet<&Key> = changes.map(|change| &change.key).collect();
                let now = |key: &Key| (key.clone(), state.store.get(resource, key).cloned());
                (false, keys.into_iter().map(now).collect())
            }
            Err(_) => {
                let objects = state.store.all(resource, "");
                (true, objects.map(|(key, object)| (key.clone(), Some(Arc::clone(object)))).collect())
            }
        };
        Some(News { resource: resource.clone(), is_all, objects })
    }
}

impl Known {
    fn take_in(&mut self, news: News, changes: &mut Vec<Change>) {
        let mut objects = news.objects;
        if news.is_all {
            for key in self.objects.keys() {
                objects.entry(key.clone()).or_insert(None);
            }
        }
        let is_pod = self.resource.is("", "pods");
        for (key, object) in objects {
            let before = self.objects.get(&key).cloned();
            let is_known = match (&before, &object) {
                (Some(outline), Some(object)) => outline.revision == object.revision(),
                (None, None) => true,
                _ => false,
            };
            if is_known {
                continue;
            }
            let after = object.and_then(|object| Outline::of(&object, is_pod)).map(Arc::new);
            match &after {
                Some(outline) => drop(self.objects.insert(key.clone(), Arc::clone(outline))),
                None => drop(self.objects.remove(&key)),
            }
            let resource = Arc::clone(&self.resource);
            let is_another = match (&before, &after) {
                (Some(before), Some(after)) => before.metadata.uid != after.metadata.uid,
                _ => false,
            };
            if is_another {
                // One went, and another of the same name came.
                let (resource, key) = (Arc::clone(&resource), key.clone());
                changes.push(Change { resource, key, before: before.clone(), after: None });
            }
            let before = before.filter(|_| !is_another);
            changes.push(Change { resource, key, before, after });
        }
    }
}
