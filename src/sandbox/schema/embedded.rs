//! Objects within objects, `x-kubernetes-embedded-resource`: they say what they are.

use serde_json::Value;

use super::super::failure::Cause;
use super::{EMBEDS, join};

/// Members of the metadata of an object.
const METADATA: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Drops what no metadata has.
pub(super) fn prune_metadata(metadata: &mut Value, path: &str, dropped: &mut Vec<String>) {
    let Some(members) = metadata.as_object_mut() else { return };
    members.retain(|name, _| {
        let known = METADATA.contains(&name.as_str());
        if !known {
            dropped.push(join(path, name));
        }
        known
    });
}

/// The objects anywhere in a value that do not say what they are. `is_root`: the value is an object of its own.
pub(super) fn check(schema: &Value, value: &Value, path: &str, is_root: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    match value {
        Value::Object(members) => {
            if schema[EMBEDS] == true && !is_root {
                causes.extend(check_type(value, path));
            }
            let properties = schema["properties"].as_object();
            let additional = &schema["additionalProperties"];
            for (name, member) in members {
                let schema = properties.and_then(|properties| properties.get(name)).unwrap_or(additional);
                causes.extend(check(schema, member, &join(path, name), false));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                causes.extend(check(&schema["items"], item, &format!("{path}[{at}]"), false));
            }
        }
        _ => {}
    }
    causes
}

fn check_type(object: &Value, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    for member in ["apiVersion", "kind"] {
        let field = join(path, member);
        match object[member].as_str() {
            None => causes.push(Cause::new("FieldValueRequired", field, "Required value")),
            Some("") => {
                let message = "Invalid value: \"\": must not be empty";
                causes.push(Cause::new("FieldValueInvalid", field, message));
            }
            Some(version) if member == "apiVersion" && version.matches('/').count() > 1 => {
                let message =
                    format!("Invalid value: {version:?}: unexpected GroupVersion string: {version}");
                causes.push(Cause::new("FieldValueInvalid", field, message));
            }
            Some(_) => {}
        }
    }
    causes
}
