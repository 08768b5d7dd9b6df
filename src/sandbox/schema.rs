//! Structural schemas of custom resources: unknown fields are dropped, defaults filled in, values checked.
//! Validation rules in CEL (`x-kubernetes-validations`) are not evaluated.

mod validate;

use serde_json::Value;

pub use validate::{validate, validate_status};

const PRESERVES: &str = "x-kubernetes-preserve-unknown-fields";
const EMBEDS: &str = "x-kubernetes-embedded-resource";

/// Members that every object has, whatever its schema says.
const OF_OBJECTS: &[&str] = &["apiVersion", "kind", "metadata"];

/// Drops what the schema does not know; the result is the paths of what was dropped.
pub fn prune(schema: &Value, object: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    if schema.is_object() {
        prune_at(schema, object, "", true, &mut dropped);
    }
    dropped
}

fn prune_at(schema: &Value, value: &mut Value, path: &str, is_object: bool, dropped: &mut Vec<String>) {
    let is_object = is_object || schema[EMBEDS] == true;
    match value {
        Value::Object(members) => {
            let properties = schema["properties"].as_object();
            let additional = &schema["additionalProperties"];
            let preserves = schema[PRESERVES] == true || additional == &Value::Bool(true);
            members.retain(|name, member| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if is_object && OF_OBJECTS.contains(&name.as_str()) {
                    return true;
                }
                if let Some(schema) = properties.and_then(|properties| properties.get(name)) {
                    prune_at(schema, member, &path, false, dropped);
                    return true;
                }
                if additional.is_object() {
                    prune_at(additional, member, &path, false, dropped);
                    return true;
                }
                if !preserves {
                    dropped.push(path);
                }
                preserves
            });
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                prune_at(&schema["items"], item, &format!("{path}[{at}]"), false, dropped);
            }
        }
        _ => {}
    }
}

/// Fills in defaults where a member is missing, or null and may not be.
pub fn default(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                let default = &schema["default"];
                let nullable = schema["nullable"] == true;
                let missing = match members.get(name) {
                    None => true,
                    Some(Value::Null) => !nullable,
                    Some(_) => false,
                };
                if missing && !default.is_null() {
                    members.insert(name.clone(), default.clone());
                }
                if let Some(member) = members.get_mut(name) {
                    self::default(schema, member);
                }
            }
            let additional = &schema["additionalProperties"];
            if additional.is_object() {
                let known = schema["properties"].as_object();
                let others = members
                    .iter_mut()
                    .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
                others.for_each(|(_, member)| self::default(additional, member));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| self::default(&schema["items"], item)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_schema_does_not_know_is_dropped_and_told() {
        let schema = json!({"type": "object", "properties": {
            "spec": {"type": "object", "properties": {
                "known": {"type": "string"},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {}}}},
                "list": {"type": "array", "items": {"type": "object", "properties": {"a": {}}}},
            }},
        }});
        let mut object = json!({
            "apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "other": 1,
            "spec": {"known": "x", "odd": 1, "free": {"any": {"thing": 1}}, "map": {"k": {"a": 1, "b": 2}},
                "list": [{"a": 1, "c": 3}]},
        });
        let mut dropped = prune(&schema, &mut object);
        dropped.sort();
        assert_eq!(dropped, ["other", "spec.list[0].c", "spec.map.k.b", "spec.odd"]);
        assert_eq!(object["spec"]["free"]["any"]["thing"], 1);
        assert_eq!(object["metadata"]["name"], "a");
        assert_eq!(prune(&Value::Null, &mut object), Vec::<String>::new());
    }

    #[test]
    fn defaults_are_filled_in_where_something_holds_them() {
        let schema = json!({"properties": {
            "spec": {"properties": {"a": {"default": 1}, "b": {"default": {}, "properties": {"c": {"default": 2}}}}},
            "list": {"items": {"properties": {"d": {"default": 3}}}},
            "null": {"default": 1, "nullable": true},
        }});
        let mut object = json!({"spec": {"a": null}, "list": [{}], "null": null});
        default(&schema, &mut object);
        assert_eq!(object, json!({"spec": {"a": 1, "b": {"c": 2}}, "list": [{"d": 3}], "null": null}));
        let mut empty = json!({});
        default(&schema, &mut empty);
        assert_eq!(empty, json!({"null": 1}), "nothing comes of a parent that is not there");
    }
}
