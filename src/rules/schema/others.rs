//! The JSON Schemas of documents of kind RuleOverride and Guardrails.

use k8s_healer_engine::registry::Registry;
use serde_json::{Map, Value, json};

use super::super::document::API_VERSION;
use super::super::guardrails::{GUARDRAILS, PARTS, PROTECT, UNPROTECT};
use super::super::overrides::{CHANGES, ENTRY, OVERRIDE};
use super::definitions::definitions;
use super::presence::mapping;
use super::values::{insert, list_of, one_or_list, parameters, property, reference, value};
use super::{METADATA, fields, shaped};

/// `pack/rule`.
const IDENTITY: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// `pvc`, `v1/Pod`, `*.kubevirt.io`: what `KindName` reads.
const KIND_NAME: &str = "^([A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*|\\*(\\.[A-Za-z0-9-]+)+|\
                         ([A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*/)?v[0-9][A-Za-z0-9-]*/[A-Za-z0-9-]+)$";
const OWNER_KIND: &str = "^[A-Z][A-Za-z0-9]*$";

/// The schema of documents of kind RuleOverride.
#[must_use]
pub fn rule_override() -> Value {
    let mut entry = mapping(ENTRY, |key| {
        let schema = match key.name {
            "rule" => json!({"type": "string", "pattern": IDENTITY}),
            "pack" => reference("name"),
            "parameters" => parameters(),
            _ => value(key.kind),
        };
        property(key, schema)
    });
    insert(&mut entry, "type", "object".into());
    insert(&mut entry, "oneOf", json!([{"required": ["rule"]}, {"required": ["pack"]}]));
    let changes: Vec<Value> = CHANGES.iter().map(|key| json!({"required": [key]})).collect();
    insert(&mut entry, "anyOf", changes.into());
    let properties = json!({"overrides": list_of(entry)});
    let summary =
        "What is changed of rules that stand elsewhere: switched off, another mode, other namespaces.";
    document("ruleoverride.json", OVERRIDE, summary, properties, Map::new())
}

/// The schema of documents of kind Guardrails. Selectors are what the matcher `labels` takes.
#[must_use]
pub fn guardrails(registry: &Registry) -> Value {
    let properties = guardrails_parts(registry);
    let summary =
        "What holds rules back, whatever they say. Several documents are as strict as the strictest.";
    let mut one_of_them = Map::new();
    one_of_them.insert("anyOf".to_owned(), one_part());
    document("guardrails.json", GUARDRAILS, summary, properties, one_of_them)
}

/// One of what stands in such a document below its name.
pub(super) fn one_part() -> Value {
    PARTS.iter().map(|part| json!({"required": [part]})).collect()
}

/// What stands in such a document below its name.
pub(super) fn guardrails_parts(registry: &Registry) -> Value {
    let selector = registry.matcher("labels").map_or(json!({}), |labels| shaped(labels.shape, &[]));
    // A plain `404` or `true` is text where text is asked for.
    let kinds = json!({"type": ["string", "number", "boolean"], "pattern": KIND_NAME});
    let mut protect = mapping(PROTECT, |key| {
        let schema = match key.name {
            "labels" => list_of(selector.clone()),
            "kinds" => one_or_list(kinds.clone()),
            "ownerKinds" => one_or_list(json!({"type": "string", "pattern": OWNER_KIND})),
            "priorityAtLeast" => json!({"type": "integer"}),
            _ => value(key.kind),
        };
        property(key, schema)
    });
    let mut unprotect = mapping(UNPROTECT, |key| property(key, value(key.kind)));
    for (part, summary) in [
        (&mut protect, "What no rule touches; each entry protects by itself."),
        (&mut unprotect, "Which built-in protections do not hold, where no document protects."),
    ] {
        insert(part, "type", "object".into());
        insert(part, "minProperties", 1.into());
        insert(part, "description", summary.into());
    }
    json!({"protect": protect, "unprotect": unprotect})
}

fn document(id: &str, kind: &str, summary: &str, own: Value, more: Map<String, Value>) -> Value {
    let mut metadata = fields(METADATA);
    insert(&mut metadata, "description", "What it is called and for.".into());
    let mut properties = json!({
        "apiVersion": {"const": API_VERSION},
        "kind": {"const": kind},
        "metadata": metadata,
    });
    let mut required = vec!["apiVersion", "kind", "metadata"];
    for (key, schema) in own.as_object().into_iter().flatten() {
        insert(&mut properties, key, schema.clone());
    }
    if kind == OVERRIDE {
        required.push("overrides");
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": id,
        "title": kind,
        "description": summary,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    for (key, value) in more {
        insert(&mut schema, &key, value);
    }
    let definitions = without_parameters(&schema);
    insert(&mut schema, "$defs", definitions.into());
    schema.sort_all_objects();
    schema
}

/// The definitions that a schema refers to, where there are no parameters to fill in.
pub(super) fn without_parameters(schema: &Value) -> Map<String, Value> {
    used(schema, &definitions(false))
}

/// Those definitions that a schema refers to, by others too.
fn used(schema: &Value, all: &Map<String, Value>) -> Map<String, Value> {
    let mut used = Map::new();
    let mut waiting = references(schema);
    while let Some(name) = waiting.pop() {
        if let Some(definition) = all.get(&name).filter(|_| !used.contains_key(&name)) {
            waiting.extend(references(definition));
            used.insert(name, definition.clone());
        }
    }
    used
}

fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match value.as_str().and_then(|text| text.strip_prefix("#/$defs/")) {
                Some(name) if key == "$ref" => vec![name.to_owned()],
                _ => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
