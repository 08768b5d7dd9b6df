//! Whether what a patch made is an object still, and the same: what a real server finds out when it reads the
//! result into its types.

use serde_json::{Value, json};

use super::super::failure::{Cause, Failure};
use super::super::kinds::{Kind, Resource};
use super::go;

/// Whether this is an object of the kind that the old one was, under its name.
pub(super) fn check(new: &Value, old: &Value, kind: &Kind, name: &str) -> Result<(), Failure> {
    check_kind(new, old, kind, name)?;
    if let Some(because) = wrong_type(new, kind) {
        return Err(unreadable(new, &because));
    }
    let text = |member: &str| new["metadata"][member].as_str().unwrap_or_default();
    if text("name").is_empty() {
        return Err(Failure::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )));
    }
    if text("name") != name {
        let message =
            format!("the name of the object ({}) does not match the name on the URL ({name})", text("name"));
        return Err(Failure::bad_request(message));
    }
    let namespace = old["metadata"]["namespace"].as_str().unwrap_or_default();
    if !text("namespace").is_empty() && text("namespace") != namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn check_kind(new: &Value, old: &Value, kind: &Kind, name: &str) -> Result<(), Failure> {
    let text = |member: &str| new[member].as_str().unwrap_or_default();
    if !kind.is_custom() {
        let changed = |member: &str| !text(member).is_empty() && new[member] != old[member];
        if changed("kind") || changed("apiVersion") {
            let because =
                format!("no kind {:?} is registered for version {:?}", text("kind"), text("apiVersion"));
            return Err(unreadable(new, &because));
        }
        return Ok(());
    }
    if text("kind").is_empty() {
        return Err(unreadable(new, &format!("Object 'Kind' is missing in '{new}'")));
    }
    if text("apiVersion").is_empty() {
        let message = "Object 'apiVersion' is missing in 'object has no apiVersion field'";
        let mut failure = Failure::new(500, "InternalError", format!("Internal error occurred: {message}"));
        failure.details = json!({"causes": [{"message": message}]});
        return Err(failure);
    }
    for member in ["apiVersion", "kind"] {
        if new[member] != old[member] {
            let must = old[member].as_str().unwrap_or_default();
            let message = format!("Invalid value: {}: must be {must}", new[member]);
            // It is named as what it would have become.
            let group = text("apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
            let told = Kind {
                kind: text("kind").to_owned(),
                resource: Resource::new(group, &kind.resource.plural),
                ..kind.clone()
            };
            return Err(Failure::invalid(&told, name, &[Cause::new("FieldValueInvalid", member, message)]));
        }
    }
    Ok(())
}

/// 422, with all that came of the patch.
fn unreadable(new: &Value, because: &str) -> Failure {
    let message = format!("Invalid value: {:?}: {because}", new.to_string());
    let failure = Failure::new(422, "Invalid", format!(" \"\" is invalid: patch: {message}"));
    failure.with_causes(&[Cause::new("FieldValueInvalid", "patch", message)])
}

/// The first member of metadata, or of a config map, that is of another type than it must be.
fn wrong_type(object: &Value, kind: &Kind) -> Option<String> {
    let metadata = &object["metadata"];
    let wrong = |value: &Value, field: &str, wanted: &str| {
        Some(format!("json: cannot unmarshal {} into Go struct field {field} of type {wanted}", go(value)))
    };
    if !metadata.is_object() && !metadata.is_null() {
        return wrong(metadata, &format!("{}.metadata", kind.kind), "v1.ObjectMeta");
    }
    let prefix = if kind.is_custom() { "ObjectMeta" } else { "ObjectMeta.metadata" };
    for member in ["name", "generateName", "namespace", "uid", "resourceVersion"] {
        if !metadata[member].is_null() && !metadata[member].is_string() {
            return wrong(&metadata[member], &format!("{prefix}.{member}"), "string");
        }
    }
    for member in ["deletionGracePeriodSeconds", "generation"] {
        if !metadata[member].is_null() && !metadata[member].is_i64() {
            return wrong(&metadata[member], &format!("{prefix}.{member}"), "int64");
        }
    }
    for member in ["creationTimestamp", "deletionTimestamp"] {
        let time = metadata[member].as_str().unwrap_or_default();
        if !time.is_empty() && time.parse::<jiff::Timestamp>().is_err() {
            let form = "2006-01-02T15:04:05Z07:00";
            return Some(format!("parsing time {time:?} as {form:?}: cannot parse {time:?} as \"2006\""));
        }
    }
    for (member, list, of) in
        [("finalizers", "[]string", "string"), ("ownerReferences", "[]v1.OwnerReference", "")]
    {
        let field = format!("{prefix}.{member}");
        match &metadata[member] {
            Value::Null => {}
            Value::Array(items) => {
                let fits = |item: &&Value| if of.is_empty() { !item.is_object() } else { !item.is_string() };
                if let Some(item) = items.iter().find(fits) {
                    return wrong(item, &field, if of.is_empty() { "v1.OwnerReference" } else { of });
                }
            }
            other => return wrong(other, &field, list),
        }
    }
    let maps = [("labels", &metadata["labels"], prefix), ("annotations", &metadata["annotations"], prefix)];
    let data = (kind.resource.is("", "configmaps")).then_some(("data", &object["data"], "ConfigMap"));
    for (member, map, owner) in maps.into_iter().chain(data) {
        let field = format!("{owner}.{member}");
        match map {
            Value::Null => {}
            Value::Object(members) => {
                let value = members.values().find(|value| !value.is_string() && !value.is_null());
                if let Some(value) = value {
                    return wrong(value, &field, "string");
                }
            }
            other => return wrong(other, &field, "map[string]string"),
        }
    }
    None
}
