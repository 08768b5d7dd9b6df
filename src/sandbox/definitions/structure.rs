//! Whether schemas are structural: every value has a type, and what is said of it does not contradict itself.
//! Not looked at: CEL rules, regular expressions, and most of what `anyOf` and its like may not hold.

use serde_json::Value;

use super::super::failure::Cause;
use super::super::schema;
use super::validate::{invalid, required, unsupported};
use super::versions;

const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Field,
    Item,
}

pub(super) fn check(spec: &Value) -> Vec<Cause> {
    let parts = versions::parts(
        spec,
        "/schema/openAPIV3Schema",
        "validation.openAPIV3Schema",
        "schema.openAPIV3Schema",
    );
    let mut causes = Vec::new();
    for (path, schema) in parts {
        if schema.is_object() {
            check_at(schema, &path, Level::Root, &mut causes);
        }
    }
    causes
}

fn forbidden(field: String, because: &str) -> Cause {
    Cause::new("FieldValueForbidden", field, format!("Forbidden: {because}"))
}

fn check_at(schema: &Value, path: &str, level: Level, causes: &mut Vec<Cause>) {
    causes.extend(check_type(schema, path, level));
    if schema["uniqueItems"] == true {
        let because = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        causes.push(forbidden(format!("{path}.uniqueItems"), because));
    }
    if !schema["$ref"].is_null() {
        causes.push(forbidden(format!("{path}.$ref"), "$ref is not supported"));
    }
    let keys = schema["x-kubernetes-list-map-keys"].as_array().map_or(0, Vec::len);
    if schema["x-kubernetes-list-type"] == "map" && keys == 0 {
        let because = "must not be empty if x-kubernetes-list-type is map";
        causes.push(required(format!("{path}.x-kubernetes-list-map-keys"), because));
    }
    causes.extend(check_default(schema, path));
    causes.extend(check_alternatives(schema, path));
    let additional = &schema["additionalProperties"];
    let properties = schema["properties"].as_object();
    if additional.is_object() && properties.is_some_and(|properties| !properties.is_empty()) {
        let because = "additionalProperties and properties are mutual exclusive";
        causes.push(forbidden(format!("{path}.additionalProperties"), because));
    } else if additional.is_object() {
        check_at(additional, &format!("{path}.additionalProperties"), Level::Field, causes);
    }
    for (name, member) in properties.into_iter().flatten() {
        let path = format!("{path}.properties[{name}]");
        if level == Level::Root && name == "metadata" {
            causes.extend(check_metadata(member, path));
        } else {
            check_at(member, &path, Level::Field, causes);
        }
    }
    if schema["items"].is_object() {
        check_at(&schema["items"], &format!("{path}.items"), Level::Item, causes);
    } else if schema["type"] == "array" {
        causes.push(required(format!("{path}.items"), "must be specified"));
    }
}

fn check_type(schema: &Value, path: &str, level: Level) -> Option<Cause> {
    let field = format!("{path}.type");
    let open = schema["x-kubernetes-int-or-string"] == true
        || schema["x-kubernetes-preserve-unknown-fields"] == true;
    if !schema["$ref"].is_null() {
        return None;
    }
    match (schema["type"].as_str().unwrap_or_default(), level) {
        ("", Level::Root) => Some(required(field, "must not be empty at the root")),
        ("object", _) => None,
        (_, Level::Root) => Some(invalid(field, &schema["type"], "must be object at the root")),
        ("", _) if open => None,
        ("", Level::Field) => Some(required(field, "must not be empty for specified object fields")),
        ("", Level::Item) => Some(required(field, "must not be empty for specified array items")),
        (known, _) if TYPES.contains(&known) => None,
        _ => Some(unsupported(field, &schema["type"], TYPES)),
    }
}

/// Metadata is the server's, but for a form of names.
fn check_metadata(schema: &Value, path: String) -> Option<Cause> {
    let mut names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let because =
        "must not specify anything other than name and generateName, but metadata is implicitly specified";
    names.any(|name| !["name", "generateName"].contains(&name)).then(|| forbidden(path, because))
}

/// A default is as the schema wants values to be.
fn check_default(of: &Value, path: &str) -> Vec<Cause> {
    let default = &of["default"];
    if default.is_null() {
        return Vec::new();
    }
    let path = format!("{path}.default");
    let mut pruned = default.clone();
    if !schema::prune(of, &mut pruned).is_empty() {
        return vec![invalid(path, default, "must not have unknown fields")];
    }
    schema::default(of, &mut pruned);
    let mut causes = schema::validate(of, &pruned);
    for cause in &mut causes {
        cause.field = match cause.field.as_str() {
            "" => path.clone(),
            field => format!("{path}.{field}"),
        };
    }
    causes
}

/// What is said in alternatives restricts, and types are said outside of them.
fn check_alternatives(schema: &Value, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    if schema["x-kubernetes-int-or-string"] == true {
        return causes;
    }
    for member in ["allOf", "anyOf", "oneOf"] {
        for (at, alternative) in schema[member].as_array().into_iter().flatten().enumerate() {
            let path_of = format!("{path}.{member}[{at}]");
            if alternative["type"].as_str().is_some_and(|kind| !kind.is_empty()) {
                causes.push(forbidden(format!("{path_of}.type"), "must be empty to be structural"));
            }
            for (name, _) in alternative["properties"].as_object().into_iter().flatten() {
                if schema["properties"][name].is_null() {
                    let because = format!("because it is defined in {path_of}.properties[{name}]");
                    causes.push(required(format!("{path}.properties[{name}]"), &because));
                }
            }
        }
    }
    causes
}
