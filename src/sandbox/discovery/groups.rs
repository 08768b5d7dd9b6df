//! The groups that are served: their versions, and of each version the kinds.

use std::collections::{BTreeMap, BTreeSet};

use super::super::kinds::{Kind, Kinds, Version};

/// Kubernetes' own groups in the order in which a real server tells them; others follow by name.
const ORDER: &[&str] = &[
    "",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
];

/// What is asked and answered but never kept: group, plural, kind, in namespaces.
const REVIEWS: &[(&str, &str, &str, bool)] = &[
    ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview", false),
    ("authentication.k8s.io", "tokenreviews", "TokenReview", false),
    ("authorization.k8s.io", "localsubjectaccessreviews", "LocalSubjectAccessReview", true),
    ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview", false),
    ("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview", false),
    ("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview", false),
];

const READ_AND_WRITE: &[&str] = &["get", "patch", "update"];

/// Custom resources' verbs come in an order of their own.
const CUSTOM_VERBS: &[&str] =
    &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

pub(super) struct Group {
    /// Empty: the core group.
    pub(super) name: String,
    /// The preferred one first.
    pub(super) versions: Vec<GroupVersion>,
}

/// A version of a group.
pub(super) struct GroupVersion {
    pub(super) name: String,
    /// By plural.
    pub(super) resources: Vec<Entry>,
}

/// A kind in one version.
pub(super) struct Entry {
    pub(super) plural: String,
    pub(super) singular: String,
    pub(super) kind: String,
    pub(super) namespaced: bool,
    pub(super) verbs: &'static [&'static str],
    pub(super) short_names: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) is_custom: bool,
    /// Objects of it are kept.
    pub(super) is_stored: bool,
    pub(super) subresources: Vec<Subresource>,
}

pub(super) struct Subresource {
    pub(super) name: &'static str,
    /// What is sent to it: group and version, where they are not those of the kind itself.
    pub(super) of: Option<(&'static str, &'static str)>,
    pub(super) kind: String,
    pub(super) verbs: &'static [&'static str],
}

/// All that these kinds make.
pub(super) fn of(kinds: &Kinds) -> Vec<Group> {
    let mut groups: BTreeMap<String, BTreeMap<String, Vec<Entry>>> = BTreeMap::new();
    for kind in kinds.iter() {
        for version in &kind.versions {
            let versions = groups.entry(kind.resource.group.clone()).or_default();
            versions.entry(version.name.clone()).or_default().push(served(kind, version));
        }
    }
    for &(group, plural, kind, namespaced) in REVIEWS {
        let versions = groups.entry(group.to_owned()).or_default();
        versions.entry("v1".to_owned()).or_default().push(review(plural, kind, namespaced));
    }
    let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    let names: BTreeSet<(usize, String)> = groups.keys().map(|name| (place(name), name.clone())).collect();
    let group = |(_, name): (usize, String)| {
        let versions = groups.remove(&name).unwrap_or_default();
        let mut versions: Vec<GroupVersion> =
            versions.into_iter().map(|(name, resources)| GroupVersion { name, resources }).collect();
        versions.sort_by_key(|version| maturity(&version.name));
        Group { name, versions }
    };
    names.into_iter().map(group).collect()
}

fn served(kind: &Kind, version: &Version) -> Entry {
    Entry {
        plural: kind.resource.plural.clone(),
        singular: kind.singular.clone(),
        kind: kind.kind.clone(),
        namespaced: kind.namespaced,
        verbs: if kind.is_custom() { CUSTOM_VERBS } else { kind.verbs() },
        short_names: kind.short_names.clone(),
        categories: kind.categories.clone(),
        is_custom: kind.is_custom(),
        is_stored: true,
        subresources: subresources(kind, version),
    }
}

fn review(plural: &str, kind: &str, namespaced: bool) -> Entry {
    Entry {
        plural: plural.to_owned(),
        singular: plural.trim_end_matches('s').to_owned(),
        kind: kind.to_owned(),
        namespaced,
        verbs: &["create"],
        short_names: Vec::new(),
        categories: Vec::new(),
        is_custom: false,
        is_stored: false,
        subresources: Vec::new(),
    }
}

fn subresources(kind: &Kind, version: &Version) -> Vec<Subresource> {
    let mut subresources: Vec<Subresource> =
        kind.other_subresources().iter().map(|name| other(kind, name)).collect();
    if version.status {
        subresources.push(Subresource {
            name: "status",
            of: None,
            kind: kind.kind.clone(),
            verbs: READ_AND_WRITE,
        });
    }
    if !version.scale.is_null() {
        subresources.push(Subresource {
            name: "scale",
            of: Some(("autoscaling", "v1")),
            kind: "Scale".to_owned(),
            verbs: READ_AND_WRITE,
        });
    }
    if !kind.is_custom() {
        subresources.sort_by_key(|subresource| subresource.name);
    }
    subresources
}

fn other(kind: &Kind, name: &'static str) -> Subresource {
    let (of, sent, verbs): (_, _, &'static [&'static str]) = match name {
        "eviction" => (Some(("policy", "v1")), "Eviction", &["create"]),
        "token" => (Some(("authentication.k8s.io", "v1")), "TokenRequest", &["create"]),
        "binding" => (None, "Binding", &["create"]),
        "finalize" => (None, &*kind.kind, &["update"]),
        _ => (None, &*kind.kind, READ_AND_WRITE),
    };
    Subresource { name, of, kind: sent.to_owned(), verbs }
}

/// Sorts `v2`, `v1`, `v1beta2`, `v1beta1`, `v1alpha1`, and behind them what is named otherwise, as
/// Kubernetes prefers its versions.
fn maturity(version: &str) -> (u8, i64, i64, String) {
    let parsed = || {
        let rest = version.strip_prefix('v')?;
        let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        let major: i64 = rest[..end].parse().ok()?;
        let stage = &rest[end..];
        let minor = |stage: &str| stage.parse::<i64>().ok();
        match stage {
            "" => Some((0, -major, 0)),
            _ if stage.starts_with("beta") => Some((1, -major, -minor(&stage[4..])?)),
            _ if stage.starts_with("alpha") => Some((2, -major, -minor(&stage[5..])?)),
            _ => None,
        }
    };
    let (stage, major, minor) = parsed().unwrap_or((3, 0, 0));
    (stage, major, minor, version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ripest_version_is_preferred() {
        let mut versions =
            ["foo10", "v1", "v11alpha2", "v3beta1", "v12alpha1", "v2", "v10", "foo1", "v11beta2"];
        versions.sort_by_key(|version| maturity(version));
        // The example of Kubernetes' documentation, without those it has twice.
        let expected = ["v10", "v2", "v1", "v11beta2", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];
        assert_eq!(versions, expected);
    }
}
