//! Questions, and what a real server answered to them.

use super::*;
use crate::sandbox::kinds::{Kinds, Resource};
use crate::sandbox::rights::{Grants, Tokens};
use crate::sandbox::store::{Key, Store};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn state() -> State {
    let mut store = Store::default();
    for (plural, namespace, name, object) in [
        (
            "clusterroles",
            "",
            "reader",
            json!({"rules": [
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
                {"nonResourceURLs": ["/debug/*"], "verbs": ["get"]},
            ]}),
        ),
        (
            "clusterrolebindings",
            "",
            "reading",
            json!({
                "roleRef": {"kind": "ClusterRole", "name": "reader"},
                "subjects": [{"kind": "User", "name": "anna"}, {"kind": "Group", "name": "ops"}],
            }),
        ),
    ] {
        store.put(&Resource::new("rbac.authorization.k8s.io", plural), &Key::new(namespace, name), object);
    }
    let mut tokens = Tokens::default();
    tokens.add("tok-anna", anna());
    State { store, kinds: Kinds::built_in(), tokens, grants: Grants::default() }
}

fn anna() -> User {
    User { name: "anna".into(), uid: "7".into(), groups: vec!["dev".into(), "system:authenticated".into()] }
}

fn ask(user: &User, plural: &str, namespace: &str, body: &Value) -> Result<Value, Failure> {
    review(&mut state(), user, plural, namespace, body, NOW).expect("a review")
}

fn get_pods() -> Value {
    json!({"verb": "get", "resource": "pods"})
}

#[test]
fn who_asks_about_access_hears_why() {
    let by_name = r#"RBAC: allowed by ClusterRoleBinding "reading" of ClusterRole "reader" to User "anna""#;
    let by_group = r#"RBAC: allowed by ClusterRoleBinding "reading" of ClusterRole "reader" to Group "ops""#;
    let everybody = r#"RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated""#;
    let (own, of_others) = ("selfsubjectaccessreviews", "subjectaccessreviews");
    let local =
        json!({"user": "anna", "resourceAttributes": {"namespace": "a", "verb": "get", "resource": "pods"}});
    for (user, plural, namespace, spec, status) in [
        (
            anna(),
            own,
            "",
            json!({"resourceAttributes": get_pods()}),
            json!({"allowed": true, "reason": by_name}),
        ),
        (
            anna(),
            own,
            "",
            json!({"resourceAttributes": {"verb": "delete", "resource": "pods"}}),
            json!({"allowed": false}),
        ),
        (
            anna(),
            own,
            "",
            json!({"nonResourceAttributes": {"verb": "get", "path": "/api"}}),
            json!({"allowed": true, "reason": everybody}),
        ),
        (
            User::administrator("x"),
            own,
            "",
            json!({"resourceAttributes": get_pods()}),
            json!({"allowed": true}),
        ),
        (
            anna(),
            of_others,
            "",
            json!({"groups": ["ops"], "resourceAttributes": get_pods()}),
            json!({"allowed": true, "reason": by_group}),
        ),
        (
            anna(),
            of_others,
            "",
            json!({"user": "m", "groups": ["system:masters"], "resourceAttributes": get_pods()}),
            json!({"allowed": true}),
        ),
        (
            anna(),
            of_others,
            "",
            json!({"user": "zed", "nonResourceAttributes": {"verb": "get", "path": "/api"}}),
            json!({"allowed": false}),
        ),
        (anna(), "localsubjectaccessreviews", "a", local, json!({"allowed": true, "reason": by_name})),
    ] {
        let answer = ask(&user, plural, namespace, &json!({"spec": spec})).unwrap();
        assert_eq!((&answer["spec"], &answer["status"]), (&spec, &status), "{plural} {spec}");
        assert_eq!(answer["apiVersion"], "authorization.k8s.io/v1");
        let metadata = if namespace.is_empty() { json!({}) } else { json!({"namespace": namespace}) };
        assert_eq!(answer["metadata"], metadata);
    }
    let sent =
        json!({"spec": {"user": "anna", "groups": [], "resourceAttributes": {"verb": "get", "name": ""}}});
    let answer = ask(&anna(), of_others, "", &sent).unwrap();
    assert_eq!(answer["spec"], json!({"user": "anna", "resourceAttributes": {"verb": "get"}}));
}

#[test]
fn a_question_that_makes_no_sense_is_refused() {
    let one = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    let someone = "at least one of user or group must be specified";
    let invalid = |rest: &str| format!(".authorization.k8s.io \"\" is invalid: {rest}");
    let (own, of_others, local) =
        ("selfsubjectaccessreviews", "subjectaccessreviews", "localsubjectaccessreviews");
    for (plural, namespace, body, message) in [
        (own, "", json!({"spec": {}}), invalid(&format!("spec: Invalid value: null: {one}"))),
        (
            own,
            "",
            json!({"spec": {"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": {"path": "/"}}}),
            invalid(&format!("spec: Invalid value: {{\"Path\":\"/\",\"Verb\":\"\"}}: {one}")),
        ),
        (
            of_others,
            "",
            json!({"spec": {}}),
            invalid(&format!("[spec: Invalid value: null: {one}, spec.user: Invalid value: \"\": {someone}]")),
        ),
        (
            local,
            "a",
            json!({"spec": {"user": "u", "resourceAttributes": {"verb": "get"}}}),
            invalid("spec.resourceAttributes.namespace: Invalid value: \"\": must match metadata.namespace"),
        ),
        (
            local,
            "a",
            json!({"spec": {"user": "u", "nonResourceAttributes": {"verb": "get", "path": "/"}}}),
            invalid("spec.nonResourceAttributes: Invalid value: {\"Path\":\"/\",\"Verb\":\"get\"}: disallowed on this kind of request"),
        ),
        (
            local,
            "a",
            json!({"metadata": {"namespace": "b"}, "spec": {}}),
            "the namespace of the provided object does not match the namespace sent on the request".to_owned(),
        ),
        ("selfsubjectrulesreviews", "", json!({"spec": {}}), "no namespace on request".to_owned()),
        ("tokenreviews", "", json!({}), "token is required for TokenReview in authentication".to_owned()),
        (
            own,
            "",
            Value::Null,
            "the object provided is unrecognized (must be of type SelfSubjectAccessReview): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)".to_owned(),
        ),
    ] {
        let failure = ask(&anna(), plural, namespace, &body).unwrap_err();
        assert_eq!(failure.message, message, "{plural} {body}");
        assert_eq!(failure.code, if failure.reason == "Invalid" { 422 } else { 400 });
    }
    let failure = ask(&anna(), own, "", &json!({"kind": "Pod", "apiVersion": "v1"})).unwrap_err();
    assert!(
        failure.message.starts_with("Pod in version \"v1\" cannot be handled as a SelfSubjectAccessReview")
    );
}

#[test]
fn what_is_no_review_where_it_is_asked_for_is_none() {
    for (plural, namespace) in
        [("pods", ""), ("subjectaccessreviews", "a"), ("localsubjectaccessreviews", "")]
    {
        assert!(review(&mut state(), &anna(), plural, namespace, &json!({}), NOW).is_none(), "{plural}");
    }
}

#[test]
fn everybody_hears_their_rules_and_who_they_are() {
    let answer = ask(&anna(), "selfsubjectrulesreviews", "", &json!({"spec": {"namespace": "a"}})).unwrap();
    assert_eq!(answer["spec"], json!({}));
    let rules = answer["status"]["resourceRules"].as_array().unwrap();
    assert_eq!(rules[0], json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}));
    assert_eq!(rules.len(), 3, "and those of system:basic-user");
    assert_eq!(
        answer["status"]["nonResourceRules"][0],
        json!({"verbs": ["get"], "nonResourceURLs": ["/debug/*"]})
    );
    let answer = ask(&anna(), "selfsubjectreviews", "", &json!({})).unwrap();
    assert_eq!(
        answer,
        json!({
            "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"creationTimestamp": "1970-01-01T00:00:00Z"},
            "status": {"userInfo": {"username": "anna", "uid": "7", "groups": ["dev", "system:authenticated"]}},
        })
    );
}

#[test]
fn a_token_is_told_whose_it_is() {
    let api = "https://kubernetes.default.svc";
    for (spec, status) in [
        (
            json!({"token": "tok-anna"}),
            json!({"authenticated": true, "user": anna().to_json(), "audiences": [api]}),
        ),
        (json!({"token": "none"}), json!({"user": {}, "error": "invalid bearer token"})),
    ] {
        let answer = ask(&User::administrator("x"), "tokenreviews", "", &json!({"spec": spec})).unwrap();
        assert_eq!((&answer["spec"], &answer["status"]), (&spec, &status));
    }
}
