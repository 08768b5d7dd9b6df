//! The options that lists and watches share: which version of a collection is asked for.

use serde_json::json;

use super::super::failure::{Cause, Failure};
use super::super::request::Query;

/// 422, about the options of a list or a watch.
pub fn invalid(causes: &[Cause]) -> Failure {
    let told: Vec<String> =
        causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    let message = format!("ListOptions.meta.k8s.io \"\" is invalid: {}", told.join(", "));
    let mut failure = Failure::new(422, "Invalid", message);
    failure.details = json!({"group": "meta.k8s.io", "kind": "ListOptions"});
    failure.with_causes(causes)
}

/// A version of the query; none where it is not given.
pub fn version(text: &str) -> Result<Option<u64>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let message = format!("Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax");
        invalid(&[Cause::new("FieldValueInvalid", "resourceVersion", message)])
    })
}

/// 504: the version that was asked for does not exist yet.
pub fn too_new(asked: u64, current: u64) -> Failure {
    let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
    let cause = Cause::new("ResourceVersionTooLarge", "", "Too large resource version");
    Failure::new(504, "Timeout", message).retry_after(1).with_causes(&[cause])
}

/// Refuses what does not go together in the query of a list.
pub(super) fn check_list(query: &Query, asked: Option<u64>) -> Result<(), Failure> {
    let (rule, token) = (query.text("resourceVersionMatch"), query.text("continue"));
    let forbidden = |message: &str| {
        let message = format!("Forbidden: {message}");
        Err(invalid(&[Cause::new("FieldValueForbidden", "resourceVersionMatch", message)]))
    };
    if !rule.is_empty() && !token.is_empty() {
        return forbidden("resourceVersionMatch is forbidden when continue is provided");
    }
    if !token.is_empty() && asked.is_some_and(|asked| asked != 0) {
        let message = "specifying resource version is not allowed when using continue";
        return Err(Failure::bad_request(message));
    }
    match (rule, asked) {
        ("", _) | ("NotOlderThan", Some(_)) => Ok(()),
        (_, None) => forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ("Exact", Some(0)) => {
            forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
        }
        ("Exact", _) => Ok(()),
        (other, _) => {
            let message =
                format!("Unsupported value: {other:?}: supported values: \"Exact\", \"NotOlderThan\", \"\"");
            Err(invalid(&[Cause::new("FieldValueNotSupported", "resourceVersionMatch", message)]))
        }
    }
}
