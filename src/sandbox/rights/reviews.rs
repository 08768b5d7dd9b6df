//! Questions about rights and identities, which are answered and not kept.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::server::State;
use super::{Attributes, User};

/// The answer to a review; `None`: it is none.
pub fn review(
    state: &mut State,
    user: &User,
    plural: &str,
    namespace: &str,
    body: &Value,
    now: Timestamp,
) -> Option<Result<Value, Failure>> {
    let (kind, group, status) = match plural {
        "selfsubjectaccessreviews" => {
            ("SelfSubjectAccessReview", "authorization.k8s.io", access(state, user, &body["spec"], ""))
        }
        "subjectaccessreviews" | "localsubjectaccessreviews" => {
            let local = plural.starts_with("local");
            let subject = subject(&body["spec"]);
            if subject.name.is_empty() && subject.groups.is_empty() {
                let message = "spec.user: Invalid value: \"\": at least one of user or group must be specified";
                return Some(Err(Failure::new(422, "Invalid", message)));
            }
            let kind = if local { "LocalSubjectAccessReview" } else { "SubjectAccessReview" };
            let place = if local { namespace } else { "" };
            (kind, "authorization.k8s.io", access(state, &subject, &body["spec"], place))
        }
        "selfsubjectrulesreviews" => {
            let place = body["spec"]["namespace"].as_str().unwrap_or_default();
            let all = state.grants.rules_of(&state.store, user, place);
            let (paths, resources): (Vec<Value>, Vec<Value>) =
                all.into_iter().partition(|rule| !rule["nonResourceURLs"].is_null());
            let status = json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false});
            ("SelfSubjectRulesReview", "authorization.k8s.io", status)
        }
        "selfsubjectreviews" => {
            ("SelfSubjectReview", "authentication.k8s.io", json!({"userInfo": information(user)}))
        }
        "tokenreviews" => {
            let token = body["spec"]["token"].as_str().unwrap_or_default();
            let status = match state.tokens.known(token, now) {
                Some(user) => json!({"authenticated": true, "user": information(&user)}),
                None => json!({"user": {}, "error": "invalid bearer token"}),
            };
            ("TokenReview", "authentication.k8s.io", status)
        }
        _ => return None,
    };
    let mut answer = json!({"kind": kind, "apiVersion": format!("{group}/v1"), "metadata": {}});
    if !body["spec"].is_null() {
        answer["spec"] = body["spec"].clone();
    }
    answer["status"] = status;
    Some(Ok(answer))
}

fn information(user: &User) -> Value {
    let mut information = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        information["uid"] = user.uid.as_str().into();
    }
    information
}

fn subject(spec: &Value) -> User {
    let groups = spec["groups"].as_array().into_iter().flatten();
    User {
        name: spec["user"].as_str().unwrap_or_default().to_owned(),
        uid: String::new(),
        groups: groups.filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

fn access(state: &mut State, user: &User, spec: &Value, place: &str) -> Value {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let asked = if resource.is_null() { path } else { resource };
    let text = |member: &str| asked[member].as_str().unwrap_or_default();
    let namespace = if text("namespace").is_empty() { place } else { text("namespace") };
    let attributes = Attributes {
        verb: text("verb"),
        group: text("group"),
        version: text("version"),
        resource: text("resource"),
        subresource: text("subresource"),
        name: text("name"),
        namespace,
        path: text("path"),
        is_resource: !resource.is_null(),
    };
    if state.grants.allow(&state.store, user, &attributes) {
        json!({"allowed": true, "reason": "RBAC: allowed"})
    } else {
        json!({"allowed": false})
    }
}
