//! What a record says, held against the records of a real server.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::rights::is_refusal;
use super::{Entry, Stage};

/// The records of a request: one, but of a watch that is refused its beginning and its end.
pub(super) fn events(entry: &Entry<'_>) -> Vec<Value> {
    // A real server writes what it does not let in before it answers, and never again.
    let stages: &[Stage] = match (entry.stage, entry.code, entry.verb) {
        (Stage::ResponseComplete, 401, _) => &[Stage::ResponseStarted],
        (Stage::ResponseComplete, 400.., "watch") => &[Stage::ResponseStarted, Stage::ResponseComplete],
        (stage, ..) => &[stage],
    };
    stages.iter().map(|stage| event(entry, *stage)).collect()
}

fn event(entry: &Entry<'_>, stage: Stage) -> Value {
    let refused = match (entry.impersonated.or(entry.user), entry.failure) {
        (Some(user), Some(failure)) => is_refusal(user, failure),
        (user, _) => user.is_none(),
    };
    let writes = ["create", "update", "patch", "delete", "deletecollection"].contains(&entry.verb);
    let stage = match stage {
        Stage::ResponseStarted => "ResponseStarted",
        Stage::ResponseComplete => "ResponseComplete",
        Stage::Panic => "Panic",
    };
    let mut event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1",
        "level": if writes { "Request" } else { "Metadata" },
        "auditID": entry.id, "stage": stage, "requestURI": entry.uri, "verb": entry.verb,
        "user": entry.user.map_or_else(|| json!({}), super::User::to_json),
        "sourceIPs": ["127.0.0.1"], "responseStatus": status(entry),
        "requestReceivedTimestamp": micros(entry.received), "stageTimestamp": micros(entry.now),
    });
    if let Some(user) = entry.impersonated {
        event["impersonatedUser"] = user.to_json();
    }
    if !entry.user_agent.is_empty() {
        event["userAgent"] = entry.user_agent.into();
    }
    // The body of what is refused is never read.
    let body: Value =
        if writes && !refused { serde_json::from_slice(entry.body).unwrap_or_default() } else { Value::Null };
    if let Some(object) = object(entry, &body) {
        event["objectRef"] = object;
    }
    if !body.is_null() {
        event["requestObject"] = body;
    }
    if let Some(user) = entry.user {
        let decision = if refused { "forbid" } else { "allow" };
        event["annotations"] = json!({"authorization.k8s.io/decision": decision});
        if refused || user.is_master() {
            event["annotations"]["authorization.k8s.io/reason"] = "".into();
        }
    }
    event
}

fn status(entry: &Entry<'_>) -> Value {
    let mut status = json!({"metadata": {}, "code": entry.code});
    if let Some(failure) = entry.failure.filter(|failure| !failure.plain) {
        status["status"] = "Failure".into();
        status["message"] = failure.message.as_str().into();
        if !failure.reason.is_empty() {
            status["reason"] = failure.reason.into();
        }
        if !failure.details.is_null() {
            status["details"] = failure.details.clone();
        }
    }
    status
}

/// What the path names; of an object that is sent whole, what the path does not say as well.
fn object(entry: &Entry<'_>, body: &Value) -> Option<Value> {
    let target = entry.target?;
    let mut object = json!({"resource": target.plural, "apiVersion": target.version});
    let whole = ["create", "update"].contains(&entry.verb);
    let sent = |member: &str| {
        if whole { body["metadata"][member].as_str().unwrap_or_default() } else { "" }
    };
    for (member, own, other) in [
        ("namespace", &*target.namespace, sent("namespace")),
        ("name", &*target.name, sent("name")),
        ("apiGroup", &*target.group, ""),
        ("subresource", &*target.subresource, ""),
        ("uid", "", sent("uid")),
        ("resourceVersion", "", sent("resourceVersion")),
    ] {
        let text = if own.is_empty() { other } else { own };
        if !text.is_empty() {
            object[member] = text.into();
        }
    }
    Some(object)
}

fn micros(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
