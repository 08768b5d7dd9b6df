//! What the entries of a `watch` list mean together: kinds by their names, and what wildcards stand for. A wildcard
//! fails closed: it stands for nothing of which it is not known how it is stored, for nothing that is excluded
//! under any of its names, and for no objects twice.

use std::collections::HashSet;
use std::sync::Arc;

use k8s_healer_engine::rule::WatchTarget;

use super::discovery::Catalogue;
use super::resolve::{Resolution, is_called, same};
use super::resource::Resource;

impl Catalogue {
    /// What each entry means; for a wildcard as many times as it stands for a kind, or once that there is none.
    #[must_use]
    pub fn watched<'t>(&self, targets: &'t [WatchTarget]) -> Vec<(&'t WatchTarget, Resolution)> {
        let excluded = self.excluded(targets);
        let is_excluded = |resource: &Resource| {
            excluded.names.contains(&resource.name())
                || self.store(resource).is_some_and(|store| excluded.stores.contains(store))
        };
        let mut found = Vec::new();
        // What is named counts first: no wildcard stands for it once more.
        let mut taken = Taken::default();
        for target in targets.iter().filter(|target| !target.is_wide()) {
            if matches!(target, WatchTarget::Except(_)) {
                continue;
            }
            let resolution = self.resolve(target);
            if let Resolution::Found(resource) = &resolution {
                if excluded.names.contains(&resource.name()) {
                    continue;
                }
                taken.take(resource, self.store(resource));
            }
            found.push((target, resolution));
        }
        for target in targets {
            let WatchTarget::Every { group } = target else { continue };
            let mut any = false;
            for resource in &self.resources {
                let is_meant = group.as_ref().is_none_or(|group| same(group, &resource.group))
                    && resource.suits_wildcards()
                    && self.stores.contains_key(&resource.name())
                    && !is_excluded(resource);
                any |= is_meant;
                if is_meant && taken.take(resource, self.store(resource)) {
                    found.push((target, Resolution::Found(Arc::clone(resource))));
                }
            }
            if !any {
                found.push((target, Resolution::Absent));
            }
        }
        found
    }

    /// Whether the list names this resource, and does not come to it by a wildcard alone.
    #[must_use]
    pub fn is_named(&self, targets: &[WatchTarget], resource: &Resource) -> bool {
        let is_it = |target: &WatchTarget| match self.resolve(target) {
            Resolution::Found(found) => found.name() == resource.name(),
            _ => false,
        };
        targets.iter().any(is_it)
    }

    /// Whether it is known of all that a wildcard may stand for how it is stored.
    #[must_use]
    pub fn knows_stores(&self) -> bool {
        let mut wide = self.resources.iter().filter(|resource| resource.suits_wildcards());
        wide.all(|resource| self.stores.contains_key(&resource.name()))
    }

    fn excluded(&self, targets: &[WatchTarget]) -> Taken<'_> {
        let mut excluded = Taken::default();
        for target in targets {
            let WatchTarget::Except(target) = target else { continue };
            let meant = self.resources.iter().filter(|resource| may_be(target, resource));
            for resource in meant {
                excluded.take(resource, self.store(resource));
            }
        }
        excluded
    }

    fn store(&self, resource: &Resource) -> Option<&str> {
        self.stores.get(&resource.name()).map(String::as_str).filter(|store| !store.is_empty())
    }
}

/// Resources, with how they are stored.
#[derive(Default)]
struct Taken<'c> {
    names: HashSet<String>,
    stores: HashSet<&'c str>,
}

impl<'c> Taken<'c> {
    /// Whether it is another one than those before.
    fn take(&mut self, resource: &Resource, store: Option<&'c str>) -> bool {
        let is_new_store = store.is_none_or(|store| self.stores.insert(store));
        self.names.insert(resource.name()) && is_new_store
    }
}

/// Whether an exclusion may mean this resource: in doubt, it does.
fn may_be(target: &WatchTarget, resource: &Resource) -> bool {
    match target {
        WatchTarget::Resource { name, group } => {
            is_called(resource, name) && group.as_ref().is_none_or(|group| may_be_group(group, resource))
        }
        WatchTarget::Kind { group, kind, .. } => same(group, &resource.group) && same(kind, &resource.kind),
        WatchTarget::Every { group } => group.as_ref().is_none_or(|group| same(group, &resource.group)),
        WatchTarget::Except(target) => may_be(target, resource),
    }
}

/// `apps`, `v1.apps`, and, as kubectl has it, the beginning of a group.
fn may_be_group(written: &str, resource: &Resource) -> bool {
    let begins = resource.group.to_ascii_lowercase().starts_with(&written.to_ascii_lowercase());
    begins || written.split_once('.').is_some_and(|(_, rest)| same(rest, &resource.group))
}
