//! What may be done where.

use serde_json::{Map, Value, json};

use super::super::kinds::{Kind, Version};
use super::schemas;

/// `/api/v1`, `/apis/apps/v1`.
pub(super) fn root(group: &str, version: &str) -> String {
    match group {
        "" => format!("/api/{version}"),
        _ => format!("/apis/{group}/{version}"),
    }
}

/// The paths of a kind.
pub(super) fn add(paths: &mut Map<String, Value>, kind: &Kind, version: &Version) {
    let (root, plural) = (root(&kind.resource.group, &version.name), &kind.resource.plural);
    let of = Operations { kind, version };
    let collection = if kind.namespaced {
        format!("{root}/namespaces/{{namespace}}/{plural}")
    } else {
        format!("{root}/{plural}")
    };
    if kind.namespaced {
        paths.insert(format!("{root}/{plural}"), json!({"get": of.operation("list", &[])}));
    }
    let post = of.operation("post", &["application/json"]);
    let parameters = if kind.namespaced { vec![in_path("namespace")] } else { Vec::new() };
    paths.insert(
        collection.clone(),
        json!({
            "get": of.operation("list", &[]),
            "post": post,
            "delete": of.operation("deletecollection", &[]),
            "parameters": parameters,
        }),
    );
    let parameters: Vec<Value> = parameters.into_iter().chain([in_path("name")]).collect();
    let item = json!({
        "get": of.operation("get", &[]),
        "put": of.operation("put", &["application/json"]),
        "patch": of.operation("patch", &["application/json-patch+json", "application/merge-patch+json"]),
        "delete": of.operation("delete", &[]),
        "parameters": parameters,
    });
    let item_path = format!("{collection}/{{name}}");
    if version.status {
        paths.insert(format!("{item_path}/status"), without(&item, "delete"));
    }
    paths.insert(item_path, item);
}

fn without(item: &Value, operation: &str) -> Value {
    let mut item = item.clone();
    item.as_object_mut().map(|operations| operations.remove(operation));
    item
}

struct Operations<'a> {
    kind: &'a Kind,
    version: &'a Version,
}

impl Operations<'_> {
    /// One operation, which takes its object in these forms.
    fn operation(&self, action: &str, takes: &[&str]) -> Value {
        let schema = schemas::reference(self.kind, self.version);
        let mut operation = json!({
            "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": schemas::group_version_kind(self.kind, self.version),
        });
        if !takes.is_empty() {
            let content: Map<String, Value> =
                takes.iter().map(|media| ((*media).to_owned(), json!({"schema": schema}))).collect();
            operation["requestBody"] = json!({"content": content, "required": true});
            operation["parameters"] =
                ["dryRun", "fieldManager", "fieldValidation"].map(in_query).to_vec().into();
        }
        operation
    }
}

fn in_query(name: &str) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}})
}

fn in_path(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "uniqueItems": true}})
}
