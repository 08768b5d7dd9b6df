//! What the objects look like.

use serde_json::{Map, Value, json};

use super::super::kinds::{Kind, Version};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// What those of all kinds refer to.
pub(super) fn common() -> Map<String, Value> {
    let text = json!({"type": "string"});
    let texts = json!({"type": "object", "additionalProperties": text});
    let moment = json!({"type": "string", "format": "date-time"});
    let number = json!({"type": "integer", "format": "int64"});
    let flag = json!({"type": "boolean"});
    let owner = json!({
        "type": "object",
        "required": ["apiVersion", "kind", "name", "uid"],
        "properties": {
            "apiVersion": text, "blockOwnerDeletion": flag, "controller": flag, "kind": text, "name": text,
            "uid": text,
        },
    });
    let manager = json!({
        "type": "object",
        "properties": {
            "apiVersion": text, "fieldsType": text, "fieldsV1": {"type": "object"}, "manager": text,
            "operation": text, "subresource": text, "time": moment,
        },
    });
    let metadata = json!({
        "description": "ObjectMeta is metadata that all persisted resources must have, which includes all \
            objects users must create.",
        "type": "object",
        "properties": {
            "annotations": texts,
            "creationTimestamp": moment,
            "deletionGracePeriodSeconds": number,
            "deletionTimestamp": moment,
            "finalizers": {"type": "array", "items": text},
            "generateName": text,
            "generation": number,
            "labels": texts,
            "managedFields": {"type": "array", "items": manager},
            "name": text,
            "namespace": text,
            "ownerReferences": {"type": "array", "items": owner},
            "resourceVersion": text,
            "selfLink": text,
            "uid": text,
        },
    });
    Map::from_iter([(OBJECT_META.to_owned(), metadata)])
}

/// The schema of a kind, under its name.
pub(super) fn add(schemas: &mut Map<String, Value>, kind: &Kind, version: &Version) {
    let mut schema = match &*version.schema {
        Value::Object(schema) => Value::Object(schema.clone()),
        _ => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
    };
    if kind.is_custom() {
        if !schema["properties"].is_object() {
            schema["properties"] = json!({});
        }
        schema["properties"]["apiVersion"] = json!({"type": "string"});
        schema["properties"]["kind"] = json!({"type": "string"});
        schema["properties"]["metadata"] = json!({
            "description": "Standard object's metadata.",
            "allOf": [{"$ref": format!("#/components/schemas/{OBJECT_META}")}],
        });
    }
    schema["x-kubernetes-group-version-kind"] = json!([group_version_kind(kind, version)]);
    schemas.insert(name(kind, version), schema);
}

/// To the schema of a kind.
pub(super) fn reference(kind: &Kind, version: &Version) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", name(kind, version))})
}

pub(super) fn group_version_kind(kind: &Kind, version: &Version) -> Value {
    json!({"group": kind.resource.group, "version": version.name, "kind": kind.kind})
}

/// `io.kubevirt.v1.VirtualMachine`, `io.k8s.api.apps.v1.Deployment`.
fn name(kind: &Kind, version: &Version) -> String {
    let group = &kind.resource.group;
    let prefix = if kind.is_custom() {
        group.rsplit('.').collect::<Vec<_>>().join(".")
    } else {
        let first = group.split('.').next().filter(|first| !first.is_empty());
        format!("io.k8s.api.{}", first.unwrap_or("core"))
    };
    format!("{prefix}.{}.{}", version.name, kind.kind)
}
