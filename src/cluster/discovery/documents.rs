//! The documents of discovery, in both forms, as far as they are read. Go writes an empty list as
//! `null`, and leaves out what is empty.

use serde::{Deserialize, Deserializer};

use crate::cluster::resource::Resource;

/// What `/api` or `/apis` answers; which of them depends on the server's age.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind")]
pub(super) enum Root {
    #[serde(rename = "APIGroupDiscoveryList")]
    Aggregated {
        #[serde(default, deserialize_with = "null_as_empty")]
        items: Vec<AggregatedGroup>,
    },
    #[serde(rename = "APIVersions")]
    CoreVersions {
        #[serde(default, deserialize_with = "null_as_empty")]
        versions: Vec<String>,
    },
    #[serde(rename = "APIGroupList")]
    Groups {
        #[serde(default, deserialize_with = "null_as_empty")]
        groups: Vec<Group>,
    },
}

#[derive(Debug, Deserialize)]
pub(super) struct AggregatedGroup {
    #[serde(default)]
    metadata: GroupName,
    #[serde(default, deserialize_with = "null_as_empty")]
    versions: Vec<AggregatedVersion>,
}

/// The core group has no name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GroupName {
    name: String,
}

#[derive(Debug, Deserialize)]
struct AggregatedVersion {
    version: String,
    #[serde(default)]
    freshness: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    resources: Vec<AggregatedResource>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AggregatedResource {
    resource: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    response_kind: ResponseKind,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    singular_resource: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    verbs: Vec<String>,
    #[serde(default, deserialize_with = "null_as_empty")]
    short_names: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    name: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    versions: Vec<Version>,
    #[serde(default)]
    preferred_version: Option<Version>,
}

#[derive(Debug, Deserialize)]
struct Version {
    version: String,
}

/// What `/apis/group/version` answers.
#[derive(Debug, Deserialize)]
pub(super) struct ResourceList {
    #[serde(default, deserialize_with = "null_as_empty")]
    resources: Vec<ListedResource>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedResource {
    name: String,
    #[serde(default)]
    singular_name: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    kind: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    verbs: Vec<String>,
    #[serde(default, deserialize_with = "null_as_empty")]
    short_names: Vec<String>,
    #[serde(default, deserialize_with = "null_as_empty")]
    storage_version_hash: String,
}

fn null_as_empty<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// One version of one group, read.
#[derive(Debug)]
pub(super) struct GroupVersion {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) resources: Vec<Resource>,
    pub(super) freshness: Freshness,
}

/// Whether what is known of a version is all there is.
#[derive(Debug)]
pub(super) enum Freshness {
    Current,
    Failed(String),
}

impl GroupVersion {
    pub(super) fn failed(group: String, version: String, reason: String) -> Self {
        Self { group, version, resources: Vec::new(), freshness: Freshness::Failed(reason) }
    }
}

/// In the server's order, the preferred version first.
pub(super) fn group_versions(group: AggregatedGroup) -> Vec<GroupVersion> {
    let name = group.metadata.name;
    let read = |AggregatedVersion { version, freshness, resources }| {
        let resource = |listed: AggregatedResource| Resource {
            group: name.clone(),
            version: String::clone(&version),
            kind: listed.response_kind.kind,
            plural: listed.resource,
            singular: listed.singular_resource,
            short_names: listed.short_names,
            namespaced: listed.scope == "Namespaced",
            verbs: listed.verbs,
        };
        let resources = resources.into_iter().map(resource).filter(has_objects).collect();
        let freshness = if freshness == "Stale" {
            Freshness::Failed("the server behind it does not answer".to_owned())
        } else {
            Freshness::Current
        };
        GroupVersion { group: name.clone(), version, resources, freshness }
    };
    group.versions.into_iter().map(read).collect()
}

/// The versions of a group of the old form.
pub(super) fn preferred_first(group: Group) -> Vec<(String, String)> {
    let preferred = group.preferred_version.map(|preferred| preferred.version).unwrap_or_default();
    let mut versions: Vec<String> = group.versions.into_iter().map(|version| version.version).collect();
    versions.sort_by_key(|version| *version != preferred);
    versions.into_iter().map(|version| (group.name.clone(), version)).collect()
}

/// A list of the old form; subresources stand in it as `pods/status`.
pub(super) fn listed(group: String, version: String, list: ResourceList) -> GroupVersion {
    let resource = |listed: ListedResource| Resource {
        group: group.clone(),
        version: version.clone(),
        kind: listed.kind,
        plural: listed.name,
        singular: listed.singular_name,
        short_names: listed.short_names,
        namespaced: listed.namespaced,
        verbs: listed.verbs,
    };
    let resources = list.resources.into_iter().filter(|listed| !listed.name.contains('/')).map(resource);
    let resources = resources.filter(has_objects).collect();
    GroupVersion { group, version, resources, freshness: Freshness::Current }
}

/// What a list of the old form says of how its resources are stored: their plurals, each with a hash that all
/// share that are stored alike; empty where the server tells none.
pub(super) fn stores(list: ResourceList) -> impl Iterator<Item = (String, String)> {
    list.resources.into_iter().map(|listed| (listed.name, listed.storage_version_hash))
}

fn has_objects(resource: &Resource) -> bool {
    !resource.plural.is_empty() && !resource.kind.is_empty()
}
