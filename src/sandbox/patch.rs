//! Patches: RFC 7386 merge patches, RFC 6902 JSON patches, and as much of strategic merge patches as kubectl
//! sends for the kinds that have no definition. Server-side apply is refused.

mod strategic;

use serde_json::Value;

use super::failure::Failure;
use super::kinds::Kind;

/// As the real server.
const MOST_OPERATIONS: usize = 10_000;

const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// The object as the patch makes it.
pub fn apply(
    media: &str,
    patch: &[u8],
    object: &Value,
    kind: &Kind,
    name: &str,
) -> Result<Value, Failure> {
    match media {
        MERGE => {
            let patch = parsed(patch)?;
            let mut new = object.clone();
            json_patch::merge(&mut new, &patch);
            Ok(new)
        }
        JSON => json(patch, object, kind, name),
        STRATEGIC if !kind.is_custom() => {
            let mut new = object.clone();
            strategic::merge(&mut new, &parsed(patch)?);
            Ok(new)
        }
        _ => {
            let mut supported = vec![JSON, MERGE];
            if !kind.is_custom() {
                supported.push(STRATEGIC);
            }
            supported.extend(["application/apply-patch+yaml", "application/apply-patch+cbor"]);
            Err(Failure::unsupported_media(&supported))
        }
    }
}

/// An object.
fn parsed(patch: &[u8]) -> Result<Value, Failure> {
    let value: Value = serde_json::from_slice(patch)
        .map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Failure::bad_request("error decoding patch: json: cannot unmarshal it into an object"))
    }
}

fn json(patch: &[u8], object: &Value, kind: &Kind, name: &str) -> Result<Value, Failure> {
    let patch: json_patch::Patch = serde_json::from_slice(patch)
        .map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?;
    if patch.0.len() > MOST_OPERATIONS {
        let message = format!(
            "The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
            patch.0.len()
        );
        return Err(Failure::new(413, "RequestEntityTooLarge", message));
    }
    let mut new = object.clone();
    match json_patch::patch(&mut new, &patch) {
        Ok(()) => Ok(new),
        Err(error) => {
            let _ = (kind, name);
            let message = "the server rejected our request due to an error in our request";
            tracing::debug!(%error, "a JSON patch");
            let mut failure = Failure::new(422, "Invalid", message);
            failure.details = serde_json::json!({});
            Err(failure)
        }
    }
}
