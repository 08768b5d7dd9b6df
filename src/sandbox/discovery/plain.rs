//! A document for each group and for each version, as clients read them that know no other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::groups::{Entry, Group, Subresource};

/// `/api`.
pub(super) fn versions() -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}],
    })
}

/// `/apis`.
pub(super) fn groups<'a>(groups: impl Iterator<Item = &'a Group>) -> Value {
    let groups: Vec<Value> = groups.map(of_group).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/G`.
pub(super) fn group(group: &Group) -> Value {
    let mut document = of_group(group);
    document["kind"] = "APIGroup".into();
    document["apiVersion"] = "v1".into();
    document
}

fn of_group(group: &Group) -> Value {
    let versions: Vec<Value> = group
        .versions
        .iter()
        .map(|version| json!({"groupVersion": group_version(group, &version.name), "version": version.name}))
        .collect();
    json!({"name": group.name, "versions": versions, "preferredVersion": versions.first()})
}

fn group_version(group: &Group, version: &str) -> String {
    match &*group.name {
        "" => version.to_owned(),
        name => format!("{name}/{version}"),
    }
}

/// `/api/V` and `/apis/G/V`.
pub(super) fn resources(group: &Group, version: &str) -> Option<Value> {
    let served = group.versions.iter().find(|served| served.name == version)?;
    let resources: Vec<Value> = served
        .resources
        .iter()
        .flat_map(|entry| {
            let subresources = entry.subresources.iter().map(|it| subresource(entry, it));
            std::iter::once(resource(group, version, entry)).chain(subresources)
        })
        .collect();
    let mut list = json!({
        "kind": "APIResourceList",
        "groupVersion": group_version(group, version),
        "resources": resources,
    });
    // The oldest of these documents has none, and no client may ever miss it.
    if !group.name.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Some(list)
}

fn resource(group: &Group, version: &str, entry: &Entry) -> Value {
    let mut resource = json!({
        "name": entry.plural,
        "singularName": entry.singular,
        "namespaced": entry.namespaced,
        "kind": entry.kind,
        "verbs": entry.verbs,
    });
    if !entry.short_names.is_empty() {
        resource["shortNames"] = entry.short_names.clone().into();
    }
    if !entry.categories.is_empty() {
        resource["categories"] = entry.categories.clone().into();
    }
    if entry.is_stored {
        let form = format!("{}/{version}/{}", group.name, entry.kind);
        let digest = ring::digest::digest(&ring::digest::SHA256, form.as_bytes());
        let start = digest.as_ref().first_chunk::<8>().copied().unwrap_or_default();
        resource["storageVersionHash"] = STANDARD.encode(start).into();
    }
    resource
}

fn subresource(entry: &Entry, subresource: &Subresource) -> Value {
    let mut document = json!({
        "name": format!("{}/{}", entry.plural, subresource.name),
        "singularName": "",
        "namespaced": entry.namespaced,
        "kind": subresource.kind,
        "verbs": subresource.verbs,
    });
    if let Some((group, version)) = subresource.of {
        document["group"] = group.into();
        document["version"] = version.into();
    }
    document
}
