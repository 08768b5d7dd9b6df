//! Questions about rights and identities, which are answered and not kept.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::failure::{Cause, Failure};
use super::super::server::{State, time};
use super::{Attributes, User, invalid, text, wrong_namespace};

const AUTHORIZATION: &str = "authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// Group, plural, kind.
const REVIEWS: &[(&str, &str, &str)] = &[
    (AUTHORIZATION, "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    (AUTHORIZATION, "subjectaccessreviews", "SubjectAccessReview"),
    (AUTHORIZATION, "localsubjectaccessreviews", "LocalSubjectAccessReview"),
    (AUTHORIZATION, "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    (AUTHENTICATION, "selfsubjectreviews", "SelfSubjectReview"),
    (AUTHENTICATION, "tokenreviews", "TokenReview"),
];

/// Whether it is a question, which is answered and not kept.
#[must_use]
pub fn is_review(group: &str, plural: &str) -> bool {
    REVIEWS.iter().any(|(of, known, _)| *of == group && *known == plural)
}

/// The answer to a review; `None`: it is none.
pub fn review(
    state: &mut State,
    user: &User,
    plural: &str,
    namespace: &str,
    body: &Value,
    now: Timestamp,
) -> Option<Result<Value, Failure>> {
    let (group, _, kind) = *REVIEWS.iter().find(|(_, known, _)| *known == plural)?;
    if namespace.is_empty() == (kind == "LocalSubjectAccessReview") {
        return None;
    }
    let spec = without_empty(&body["spec"]);
    let answered = check_form(kind, body).and_then(|()| {
        Ok(match kind {
            "SelfSubjectAccessReview" => {
                check(&access_causes(&spec))?;
                (json!({}), spec.clone(), access(state, user, &spec))
            }
            "SubjectAccessReview" => {
                check(&[access_causes(&spec), subject_causes(&spec)].concat())?;
                (json!({}), spec.clone(), access(state, &subject(&spec), &spec))
            }
            "LocalSubjectAccessReview" => {
                check_local(namespace, body, &spec)?;
                (json!({"namespace": namespace}), spec.clone(), access(state, &subject(&spec), &spec))
            }
            // The answer does not repeat the namespace.
            "SelfSubjectRulesReview" => {
                (json!({}), json!({}), rules(state, user, text(&spec, "/namespace"))?)
            }
            "SelfSubjectReview" => {
                (json!({"creationTimestamp": time(now)}), Value::Null, json!({"userInfo": user.to_json()}))
            }
            _ => (json!({}), spec.clone(), token(state, &spec, now)?),
        })
    });
    Some(answered.map(|(metadata, spec, status)| {
        let mut answer = json!({"kind": kind, "apiVersion": format!("{group}/v1"), "metadata": metadata});
        if !spec.is_null() {
            answer["spec"] = spec;
        }
        answer["status"] = status;
        answer
    }))
}

/// What is sent empty is not told again.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), without_empty(value)))
            .filter(|(_, value)| *value != json!("") && *value != json!([]) && !value.is_null())
            .collect(),
        other => other.clone(),
    }
}

fn check_form(kind: &str, body: &Value) -> Result<(), Failure> {
    if !body.is_object() {
        return Err(Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json \
             parse error: unexpected end of JSON input (<empty>)"
        )));
    }
    let (sent, version) = (text(body, "/kind"), text(body, "/apiVersion"));
    if !sent.is_empty() && sent != kind {
        return Err(Failure::bad_request(format!(
            "{sent} in version {:?} cannot be handled as a {kind}",
            version.rsplit('/').next().unwrap_or_default()
        )));
    }
    Ok(())
}

fn check(causes: &[Cause]) -> Result<(), Failure> {
    // The real server does not name the kind here.
    if causes.is_empty() { Ok(()) } else { Err(invalid(AUTHORIZATION, "", "", causes)) }
}

fn access_causes(spec: &Value) -> Vec<Cause> {
    let path = &spec["nonResourceAttributes"];
    if spec["resourceAttributes"].is_null() != path.is_null() {
        return Vec::new();
    }
    let must = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    vec![Cause::new("FieldValueInvalid", "spec", format!("Invalid value: {}: {must}", as_in_go(path)))]
}

fn subject_causes(spec: &Value) -> Vec<Cause> {
    let nobody = text(spec, "/user").is_empty() && spec["groups"].is_null();
    let message = "Invalid value: \"\": at least one of user or group must be specified";
    nobody.then(|| Cause::new("FieldValueInvalid", "spec.user", message)).into_iter().collect()
}

fn check_local(namespace: &str, body: &Value, spec: &Value) -> Result<(), Failure> {
    if !["", namespace].contains(&text(body, "/metadata/namespace")) {
        return Err(wrong_namespace());
    }
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let mut causes = [access_causes(spec), subject_causes(spec)].concat();
    if !path.is_null() {
        let message = format!("Invalid value: {}: disallowed on this kind of request", as_in_go(path));
        causes.push(Cause::new("FieldValueInvalid", "spec.nonResourceAttributes", message));
    }
    let asked = text(resource, "/namespace");
    if !resource.is_null() && asked != namespace {
        let message = format!("Invalid value: {asked:?}: must match metadata.namespace");
        causes.push(Cause::new("FieldValueInvalid", "spec.resourceAttributes.namespace", message));
    }
    check(&causes)
}

/// Attributes of a path, as messages of a real server have them: of its own struct.
fn as_in_go(path: &Value) -> String {
    if path.is_null() {
        return "null".to_owned();
    }
    format!("{{\"Path\":{:?},\"Verb\":{:?}}}", text(path, "/path"), text(path, "/verb"))
}

fn subject(spec: &Value) -> User {
    let groups = spec["groups"].as_array().into_iter().flatten();
    User {
        name: text(spec, "/user").to_owned(),
        uid: text(spec, "/uid").to_owned(),
        groups: groups.filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

fn access(state: &mut State, user: &User, spec: &Value) -> Value {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let asked = if resource.is_null() { path } else { resource };
    let member = |member: &str| asked[member].as_str().unwrap_or_default();
    let attributes = Attributes {
        verb: member("verb"),
        group: member("group"),
        version: member("version"),
        resource: member("resource"),
        subresource: member("subresource"),
        name: member("name"),
        namespace: member("namespace"),
        path: member("path"),
        is_resource: !resource.is_null(),
    };
    match state.grants.reason(&state.store, user, &attributes) {
        None => json!({"allowed": false}),
        Some(reason) if reason.is_empty() => json!({"allowed": true}),
        Some(reason) => json!({"allowed": true, "reason": reason}),
    }
}

fn rules(state: &mut State, user: &User, namespace: &str) -> Result<Value, Failure> {
    if namespace.is_empty() {
        return Err(Failure::bad_request("no namespace on request"));
    }
    let all = state.grants.rules_of(&state.store, user, namespace);
    let (paths, resources): (Vec<Value>, Vec<Value>) =
        all.into_iter().partition(|rule| !rule["nonResourceURLs"].is_null());
    Ok(json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}))
}

fn token(state: &State, spec: &Value, now: Timestamp) -> Result<Value, Failure> {
    let token = text(spec, "/token");
    if token.is_empty() {
        return Err(Failure::bad_request("token is required for TokenReview in authentication"));
    }
    let audiences = spec["audiences"].as_array().into_iter().flatten();
    let audiences: Vec<&str> = audiences.filter_map(Value::as_str).collect();
    Ok(match state.tokens.review(&state.store, token, &audiences, now) {
        Ok((user, audiences)) => {
            json!({"authenticated": true, "user": user.to_json(), "audiences": audiences})
        }
        Err(error) => json!({"user": {}, "error": error}),
    })
}

#[cfg(test)]
mod tests;
