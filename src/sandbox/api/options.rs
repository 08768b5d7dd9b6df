//! The options that lists and watches share: which version of a collection is asked for.

use serde_json::json;

use super::super::failure::{Cause, Failure};
use super::super::request::Query;

/// 422, about the options of a request: `ListOptions`, say.
#[must_use]
pub fn invalid(kind: &str, causes: &[Cause]) -> Failure {
    let told: Vec<String> =
        causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    let told = match &told[..] {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    };
    let message = format!("{kind}.meta.k8s.io \"\" is invalid: {told}");
    let mut failure = Failure::new(422, "Invalid", message);
    failure.details = json!({"group": "meta.k8s.io", "kind": kind});
    failure.with_causes(causes)
}

/// The version of the query; none where it is not given. One that is no number fails deep within the real
/// server: 500, without a reason.
pub fn version(query: &Query) -> Result<Option<u64>, Failure> {
    number(query).map_err(|message| Failure::new(500, "", message))
}

/// The same of a list, which looks at it earlier.
pub(super) fn version_of_list(query: &Query) -> Result<Option<u64>, Failure> {
    number(query).map_err(|message| Failure::bad_request(format!("invalid resource version: {message}")))
}

fn number(query: &Query) -> Result<Option<u64>, String> {
    let text = query.text("resourceVersion");
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        format!(
            "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        )
    })
}

/// 504: the version that was asked for does not exist yet.
#[must_use]
pub fn too_new(asked: u64, current: u64) -> Failure {
    let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
    let cause = Cause::new("ResourceVersionTooLarge", "", "Too large resource version");
    Failure::new(504, "Timeout", message).retry_after(1).with_causes(&[cause])
}

/// Refuses what does not go together in the query of a list.
pub(super) fn check_list(query: &Query) -> Result<(), Failure> {
    let (version, token) = (query.text("resourceVersion"), query.text("continue"));
    let mut causes = Vec::new();
    match query.text("resourceVersionMatch") {
        "" => {}
        rule => {
            if version.is_empty() {
                causes
                    .push(forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }
            if !token.is_empty() {
                causes.push(forbidden("resourceVersionMatch is forbidden when continue is provided"));
            }
            if !["Exact", "NotOlderThan"].contains(&rule) {
                causes.push(unsupported(rule, "\"Exact\", \"NotOlderThan\", \"\""));
            }
            if rule == "Exact" && version == "0" {
                causes
                    .push(forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
            }
        }
    }
    if !query.text("sendInitialEvents").is_empty() {
        let message = "Forbidden: sendInitialEvents is forbidden for list";
        causes.push(Cause::new("FieldValueForbidden", "sendInitialEvents", message));
    }
    refuse(&causes)
}

/// Refuses what does not go together in the query of a watch.
pub fn check_watch(query: &Query) -> Result<(), Failure> {
    let rule = query.text("resourceVersionMatch");
    let has_initial = !query.text("sendInitialEvents").is_empty();
    let mut causes = Vec::new();
    if has_initial && rule != "NotOlderThan" {
        causes.push(forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
    }
    if !rule.is_empty() {
        if !has_initial {
            causes.push(forbidden(
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ));
        }
        if rule != "NotOlderThan" {
            causes.push(unsupported(rule, "\"NotOlderThan\""));
        }
        if !query.text("continue").is_empty() {
            causes.push(forbidden("resourceVersionMatch is forbidden when continue is provided"));
        }
    }
    refuse(&causes)
}

fn refuse(causes: &[Cause]) -> Result<(), Failure> {
    if causes.is_empty() { Ok(()) } else { Err(invalid("ListOptions", causes)) }
}

fn forbidden(message: &str) -> Cause {
    Cause::new("FieldValueForbidden", "resourceVersionMatch", format!("Forbidden: {message}"))
}

fn unsupported(rule: &str, known: &str) -> Cause {
    let message = format!("Unsupported value: {rule:?}: supported values: {known}");
    Cause::new("FieldValueNotSupported", "resourceVersionMatch", message)
}

/// Refuses options of a write that mean nothing; whether nothing is to be changed.
pub(super) fn check_write(query: &Query, update: &str, patch: &str, verb: &str) -> Result<bool, Failure> {
    let kind = if verb == "patch" { patch } else { update };
    let unknown = |field: &str, value: String, known: &str| {
        let message = format!("Unsupported value: {value}: supported values: {known}");
        Err(invalid(kind, &[Cause::new("FieldValueNotSupported", field, message)]))
    };
    let validation = query.text("fieldValidation");
    if !["", "Ignore", "Strict", "Warn"].contains(&validation) {
        let known = "\"\", \"Ignore\", \"Strict\", \"Warn\"";
        return unknown("fieldValidation", format!("{validation:?}"), known);
    }
    match query.text("dryRun") {
        "" => Ok(false),
        "All" => Ok(true),
        other => unknown("dryRun", format!("[{other:?}]"), "\"All\""),
    }
}
