//! Reading and setting the fields that all kinds have.

use serde_json::{Value, json};

use super::super::store::Key;

/// Empty where there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// 0 where there is none.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// Empty where there is none.
pub(super) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether it was told to end.
pub(super) fn is_ending(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// Where it is kept.
pub(super) fn key(object: &Value) -> Key {
    Key::new(text(object, "/metadata/namespace"), text(object, "/metadata/name"))
}

/// Of this type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|condition| condition["type"] == kind)
}

pub(super) fn has_finalizer(object: &Value, name: &str) -> bool {
    list(object, "/metadata/finalizers").iter().any(|finalizer| finalizer == name)
}

/// Without one finalizer.
pub(super) fn remove_finalizer(object: &mut Value, name: &str) {
    if let Some(finalizers) = object["metadata"]["finalizers"].as_array_mut() {
        finalizers.retain(|finalizer| finalizer != name);
    }
}

/// The owner reference of whoever makes something for this object.
pub(super) fn controlled_by(api_version: &str, kind: &str, owner: &Value) -> Value {
    json!([{
        "apiVersion": api_version, "kind": kind, "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    }])
}

/// A condition in a status; its time of transition stays while its status does. `others` are further members.
pub(super) fn set_condition(
    status: &mut Value,
    [kind, state, reason, message]: [&str; 4],
    time: &str,
    others: &Value,
) {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else { return };
    let place = conditions.iter().position(|condition| condition["type"] == kind);
    let mut new = json!({"type": kind, "status": state});
    let same = place.filter(|place| conditions[*place]["status"] == state);
    new["lastTransitionTime"] =
        same.map_or_else(|| time.into(), |place| conditions[place]["lastTransitionTime"].clone());
    for (member, value) in [("reason", reason), ("message", message)] {
        if !value.is_empty() {
            new[member] = value.into();
        }
    }
    for (member, value) in others.as_object().into_iter().flatten() {
        new[member] = value.clone();
    }
    match place {
        Some(place) => conditions[place] = new,
        None => conditions.push(new),
    }
}
