//! The fields of what was sent: those that are unknown, and those that cannot be read. Of custom resources
//! the schema knows; of built-in kinds, as far as the forms are the same for all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::super::failure::Failure;
use super::super::super::schema;
use super::super::Call;

/// Refuses what cannot be read, takes out what is not known, and says so as `fieldValidation` asks. The
/// result is what to warn of.
pub(in super::super) fn check_fields(call: &Call, object: &mut Value) -> Result<Vec<String>, Failure> {
    check_forms(call, object)?;
    if call.version.schema.is_null() {
        return Ok(Vec::new());
    }
    let mut unknown = schema::prune(&call.version.schema, object);
    unknown.sort();
    let told: Vec<String> = unknown.iter().map(|path| format!("unknown field {path:?}")).collect();
    match call.query.text("fieldValidation") {
        "Strict" if !told.is_empty() => {
            let message = format!("strict decoding error: {}", told.join(", "));
            Err(unreadable(call, &message))
        }
        "Ignore" => Ok(Vec::new()),
        _ => Ok(told),
    }
}

fn unreadable(call: &Call, message: &str) -> Failure {
    let (kind, version) = (&call.kind.kind, &call.version.name);
    Failure::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {message}"))
}

/// Where Go reads a map of texts, there must be one.
fn check_forms(call: &Call, object: &Value) -> Result<(), Failure> {
    let wrong = |field: &str| Err(unreadable(call, &format!("json: cannot unmarshal {field}")));
    let is_text_map = |value: &Value| {
        value.is_null() || value.as_object().is_some_and(|members| members.values().all(is_text))
    };
    for field in ["labels", "annotations"] {
        if !is_text_map(&object["metadata"][field]) {
            return wrong(&format!("metadata.{field}"));
        }
    }
    let core = call.kind.resource.group.is_empty();
    match &*call.kind.resource.plural {
        "configmaps" if core && !is_text_map(&object["data"]) => wrong("data"),
        "secrets" if core && !is_text_map(&object["stringData"]) => wrong("stringData"),
        "secrets" if core && !is_base64_map(&object["data"]) => wrong("data: illegal base64 data"),
        _ => Ok(()),
    }
}

/// Null stands for the empty text.
fn is_text(value: &Value) -> bool {
    value.is_string() || value.is_null()
}

fn is_base64_map(value: &Value) -> bool {
    let is_base64 =
        |value: &Value| value.as_str().map_or(value.is_null(), |text| STANDARD.decode(text).is_ok());
    value.is_null() || value.as_object().is_some_and(|members| members.values().all(is_base64))
}

/// What is written as text of a secret is kept with the rest.
pub(super) fn merge_text(secret: &mut Value) {
    let Some(plain) = secret.as_object_mut().and_then(|secret| secret.remove("stringData")) else { return };
    let plain: Map<String, Value> = plain.as_object().cloned().unwrap_or_default();
    if plain.is_empty() {
        return;
    }
    if !secret["data"].is_object() {
        secret["data"] = json!({});
    }
    for (key, value) in plain {
        secret["data"][key] = STANDARD.encode(value.as_str().unwrap_or_default()).into();
    }
}
