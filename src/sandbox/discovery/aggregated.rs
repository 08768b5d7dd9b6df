//! All groups in one document, as clients since Kubernetes 1.26 ask for them.

use serde_json::{Value, json};

use super::groups::{Entry, Group, Subresource};

pub(super) fn list<'a>(groups: impl Iterator<Item = &'a Group>) -> Value {
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": groups.map(group).collect::<Vec<_>>(),
    })
}

fn group(group: &Group) -> Value {
    let metadata = if group.name.is_empty() { json!({}) } else { json!({"name": group.name}) };
    let versions: Vec<Value> = group
        .versions
        .iter()
        .map(|version| {
            let resources: Vec<Value> =
                version.resources.iter().map(|entry| resource(group, &version.name, entry)).collect();
            json!({"version": version.name, "resources": resources, "freshness": "Current"})
        })
        .collect();
    json!({"metadata": metadata, "versions": versions})
}

fn resource(group: &Group, version: &str, entry: &Entry) -> Value {
    // A kind of Kubernetes' own names no group, and is of the one that it stands in.
    let own = if entry.is_custom { (&*group.name, version) } else { ("", "") };
    let mut resource = json!({
        "resource": entry.plural,
        "responseKind": {"group": own.0, "version": own.1, "kind": entry.kind},
        "scope": if entry.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": entry.singular,
        "verbs": entry.verbs,
    });
    if !entry.short_names.is_empty() {
        resource["shortNames"] = entry.short_names.clone().into();
    }
    if !entry.categories.is_empty() {
        resource["categories"] = entry.categories.clone().into();
    }
    if !entry.subresources.is_empty() {
        resource["subresources"] = entry.subresources.iter().map(|it| subresource(own, it)).collect();
    }
    resource
}

fn subresource(own: (&str, &str), subresource: &Subresource) -> Value {
    let (group, version) = subresource.of.unwrap_or(own);
    json!({
        "subresource": subresource.name,
        "responseKind": {"group": group, "version": version, "kind": subresource.kind},
        "verbs": subresource.verbs,
    })
}
