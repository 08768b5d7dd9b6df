//! From what a person writes under `watch` to a resource that the server serves, as kubectl resolves
//! names, but never by chance: where two groups answer to a name, the group must be written.

use std::sync::Arc;

use k8s_healer_engine::rule::WatchTarget;

use super::discovery::Catalogue;
use super::resource::Resource;

/// What a rule's watch needs to be served.
const NEEDED: [&str; 2] = ["list", "watch"];

/// What became of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// This one is meant.
    Found(Arc<Resource>),
    /// The server serves nothing of this name (now); see [`Catalogue::failed`] for what it could not say.
    Absent,
    /// Several groups serve it: one of these must be written.
    Ambiguous(Vec<String>),
    /// It is served, but cannot be watched.
    NotWatchable {
        /// The one that is meant.
        resource: Arc<Resource>,
        /// The verbs that are missing: `list`, `watch`.
        missing: Vec<&'static str>,
    },
}

/// What of a resource a name is; the first counts more within one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum NamedBy {
    Plural,
    Singular,
    ShortName,
    Kind,
}

impl Catalogue {
    /// Finds the resource that is meant.
    #[must_use]
    pub fn resolve(&self, target: &WatchTarget) -> Resolution {
        match target {
            WatchTarget::Kind { group, version, kind } => {
                let meant = |resource: &&Arc<Resource>| {
                    same(&resource.group, group)
                        && same(&resource.version, version)
                        && same(&resource.kind, kind)
                };
                choose(self.all_versions().filter(meant).map(|resource| (NamedBy::Kind, resource)).collect())
            }
            WatchTarget::Resource { name, group: None } => choose(candidates(self.resources.iter(), name)),
            WatchTarget::Resource { name, group: Some(group) } => self.resolve_in(name, group),
            // They name no kind: see `Catalogue::watched`.
            WatchTarget::Every { .. } | WatchTarget::Except(_) => Resolution::Absent,
        }
    }

    /// `name.group`, `name.version.group`, and, as kubectl has it, `name.` and the beginning of a group.
    fn resolve_in(&self, name: &str, group: &str) -> Resolution {
        let exact = self.resources.iter().filter(|resource| same(&resource.group, group));
        let exact = candidates(exact, name);
        if !exact.is_empty() {
            return choose(exact);
        }
        if let Some((version, group)) = group.split_once('.') {
            let versioned = self
                .all_versions()
                .filter(|resource| same(&resource.version, version) && same(&resource.group, group));
            let versioned = candidates(versioned, name);
            if !versioned.is_empty() {
                return choose(versioned);
            }
        }
        let group = group.to_ascii_lowercase();
        let begun = self.resources.iter().filter(|resource| resource.group.starts_with(&group));
        choose(if group.is_empty() { Vec::new() } else { candidates(begun, name) })
    }

    /// The resource of a kind: in this version, else in the group's preferred one.
    #[must_use]
    pub fn of_kind(&self, group: &str, version: &str, kind: &str) -> Option<Arc<Resource>> {
        let of_kind = |resource: &&Arc<Resource>| resource.group == group && resource.kind == kind;
        let exact = self.all_versions().filter(of_kind).find(|resource| resource.version == version);
        exact.or_else(|| self.resources.iter().find(of_kind)).cloned()
    }
}

pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn candidates<'a>(
    resources: impl Iterator<Item = &'a Arc<Resource>>,
    name: &str,
) -> Vec<(NamedBy, &'a Arc<Resource>)> {
    resources.filter_map(|resource| Some((named_by(resource, name)?, resource))).collect()
}

fn named_by(resource: &Resource, name: &str) -> Option<NamedBy> {
    if same(&resource.plural, name) {
        Some(NamedBy::Plural)
    } else if same(&resource.singular, name) {
        Some(NamedBy::Singular)
    } else if resource.short_names.iter().any(|short| same(short, name)) {
        Some(NamedBy::ShortName)
    } else {
        same(&resource.kind, name).then_some(NamedBy::Kind)
    }
}

/// Whether a resource answers to this name.
pub(super) fn is_called(resource: &Resource, name: &str) -> bool {
    named_by(resource, name).is_some()
}

fn choose(candidates: Vec<(NamedBy, &Arc<Resource>)>) -> Resolution {
    let missing = |resource: &Resource| -> Vec<&'static str> {
        NEEDED.into_iter().filter(|verb| !resource.allows(verb)).collect()
    };
    // What cannot be watched does not compete: metrics.k8s.io serves pods too.
    let watchable = candidates.iter().filter(|(_, resource)| missing(resource).is_empty());
    let watchable: Vec<_> = watchable.copied().collect();
    if watchable.is_empty() {
        let first = candidates.into_iter().min_by_key(|(named_by, _)| *named_by);
        return first.map_or(Resolution::Absent, |(_, resource)| Resolution::NotWatchable {
            resource: Arc::clone(resource),
            missing: missing(resource),
        });
    }
    let core = watchable.iter().any(|(_, resource)| resource.group.is_empty());
    let group = if core { "" } else { &watchable[0].1.group };
    if !core && watchable.iter().any(|(_, resource)| resource.group != *group) {
        return ambiguous(&watchable);
    }
    let mut best: Vec<_> = watchable.into_iter().filter(|(_, resource)| resource.group == *group).collect();
    best.sort_by_key(|(named_by, _)| *named_by);
    match best.as_slice() {
        [(first, _), (second, _), ..] if first == second => ambiguous(&best),
        [(_, resource), ..] => Resolution::Found(Arc::clone(resource)),
        [] => Resolution::Absent,
    }
}

fn ambiguous(candidates: &[(NamedBy, &Arc<Resource>)]) -> Resolution {
    let mut names: Vec<String> = candidates.iter().map(|(_, resource)| resource.name()).collect();
    names.sort();
    names.dedup();
    Resolution::Ambiguous(names)
}
