//! Patches: RFC 7386 merge patches, RFC 6902 JSON patches as lenient as the real server's, and as much of
//! strategic merge patches as kubectl sends for the kinds that have no definition. Server-side apply is refused.

mod json;
mod outcome;
mod strategic;

use serde_json::{Value, json};

use super::failure::Failure;
use super::kinds::Kind;

const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// The object as the patch makes it; `name` is the one in the path.
pub fn apply(media: &str, patch: &[u8], object: &Value, kind: &Kind, name: &str) -> Result<Value, Failure> {
    let patch = check(media, patch, kind)?;
    let mut new = object.clone();
    match media {
        JSON => json::apply(&json::operations(&patch)?, &mut new)?,
        MERGE => json_patch::merge(&mut new, &patch),
        _ => {
            strategic::merge(&mut new, &patch, kind)?;
            // A real server merges into the object that it has read, which says by itself what it is.
            for member in ["apiVersion", "kind"] {
                new[member] = object[member].clone();
            }
        }
    }
    outcome::check(&new, object, kind, name)?;
    Ok(new)
}

/// What a real server looks at before it looks for the object: the media type, and whether the body is a patch.
pub fn check(media: &str, patch: &[u8], kind: &Kind) -> Result<Value, Failure> {
    let served = [JSON, MERGE, STRATEGIC].contains(&media) && !(kind.is_custom() && media == STRATEGIC);
    if !served {
        return Err(unsupported(media, kind));
    }
    let patch: Value =
        serde_json::from_slice(patch).map_err(|_| Failure::bad_request("invalid JSON patch"))?;
    if media == JSON || patch.is_object() {
        return Ok(patch);
    }
    let because =
        format!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", go(&patch));
    match (media, &patch) {
        (MERGE, Value::Null) => Err(Failure::bad_request("Invalid JSON Patch")),
        (_, Value::Null) => Ok(json!({})),
        (MERGE, _) => Err(Failure::bad_request(format!("error decoding patch: {because}"))),
        _ => Err(Failure::bad_request(because)),
    }
}

/// 415, with what a real server would take of custom resources; of the others it names nothing. Who asks for
/// server-side apply, which a real server takes, is told what this one does.
fn unsupported(media: &str, kind: &Kind) -> Failure {
    if media == APPLY {
        let supported = [JSON, MERGE, STRATEGIC];
        return Failure::unsupported_media(&supported[..if kind.is_custom() { 2 } else { 3 }]);
    }
    if kind.is_custom() {
        return Failure::unsupported_media(&[JSON, MERGE, APPLY]);
    }
    let mut failure = Failure::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
    failure.details = json!({});
    failure
}

/// What Go's decoder calls a value.
fn go(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests;
