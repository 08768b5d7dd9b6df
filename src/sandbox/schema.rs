//! Structural schemas of custom resources: unknown fields are dropped, defaults filled in, values checked.
//! Validation rules in CEL (`x-kubernetes-validations`) are not evaluated.

mod choices;
mod embedded;
mod formats;
mod lists;
mod numbers;
#[cfg(test)]
mod tests;
mod validate;

use serde_json::Value;

use super::failure::Cause;

const PRESERVES: &str = "x-kubernetes-preserve-unknown-fields";
const EMBEDS: &str = "x-kubernetes-embedded-resource";

/// Members that every object has, whatever its schema says.
const OF_OBJECTS: &[&str] = &["apiVersion", "kind", "metadata"];

/// What is wrong with an object, beside its metadata.
#[must_use]
pub fn validate(schema: &Value, object: &Value) -> Vec<Cause> {
    if !schema.is_object() {
        return Vec::new();
    }
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.remove("metadata");
    }
    let mut causes = validate::check(schema, &object, "");
    causes.extend(lists::check(schema, &object, ""));
    causes.extend(embedded::check(schema, &object, "", true));
    causes
}

/// What is wrong with an object's status, as a real server tells it where the status alone is written: causes
/// name the field from the root, their messages from the status.
#[must_use]
pub fn validate_status(schema: &Value, object: &Value) -> Vec<Cause> {
    let (schema, status) = (&schema["properties"]["status"], &object["status"]);
    if !schema.is_object() || status.is_null() {
        return Vec::new();
    }
    let mut causes = validate::check(schema, status, "");
    causes.extend(lists::check(schema, status, ""));
    for cause in &mut causes {
        match cause.field.as_str() {
            "<nil>" => {}
            "" => cause.field.push_str("status"),
            field => cause.field = format!("status.{field}"),
        }
    }
    causes
}

/// Drops what the schema does not know; the result is the paths of what was dropped, in their order.
pub fn prune(schema: &Value, object: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    if schema.is_object() {
        prune_at(schema, object, "", true, &mut dropped);
    }
    dropped.sort();
    dropped
}

fn prune_at(schema: &Value, value: &mut Value, path: &str, is_object: bool, dropped: &mut Vec<String>) {
    let embedded = schema[EMBEDS] == true;
    match value {
        Value::Object(members) => {
            let properties = schema["properties"].as_object();
            let additional = &schema["additionalProperties"];
            let preserves = schema[PRESERVES] == true || additional == &Value::Bool(true);
            members.retain(|name, member| {
                let path = join(path, name);
                if (is_object || embedded) && OF_OBJECTS.contains(&name.as_str()) {
                    if name == "metadata" {
                        embedded::prune_metadata(member, &path, dropped);
                    }
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
        // What is preserved as a whole has items of any form.
        Value::Array(items) if schema["items"].is_object() => {
            for (at, item) in items.iter_mut().enumerate() {
                prune_at(&schema["items"], item, &format!("{path}[{at}]"), false, dropped);
            }
        }
        _ => {}
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Fills in defaults where a member is missing, or null and may not be; one that may not be null and has no
/// default is dropped.
pub fn default(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(members) => {
            let properties = schema["properties"].as_object();
            for (name, schema) in properties.into_iter().flatten() {
                let default = &schema["default"];
                let missing = members.get(name).is_none_or(|member| may_not_be_null(member, schema));
                if missing && !default.is_null() {
                    members.insert(name.clone(), default.clone());
                }
            }
            let additional = &schema["additionalProperties"];
            members.retain(|name, member| {
                let schema = properties.and_then(|properties| properties.get(name));
                let Some(schema) = schema.or_else(|| additional.is_object().then_some(additional)) else {
                    return true;
                };
                self::default(schema, member);
                !may_not_be_null(member, schema)
            });
        }
        Value::Array(items) => items.iter_mut().for_each(|item| self::default(&schema["items"], item)),
        _ => {}
    }
}

fn may_not_be_null(member: &Value, schema: &Value) -> bool {
    member.is_null() && schema["nullable"] != true
}
