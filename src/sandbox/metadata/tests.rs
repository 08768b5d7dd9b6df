use super::*;
use crate::sandbox::kinds::{Kinds, Resource};
use serde_json::json;
use std::sync::Arc;

fn kind(group: &str, plural: &str) -> Arc<Kind> {
    Arc::clone(Kinds::built_in().get(&Resource::new(group, plural)).unwrap())
}

fn custom() -> Kind {
    let mut kind = Kind::clone(&kind("", "configmaps"));
    kind.definition = Some("things.t.io".to_owned());
    kind
}

/// `field: what is said`, without what is said at length of forms.
fn told(causes: &[Cause]) -> Vec<String> {
    let short = |cause: &Cause| {
        let message = cause.message.split(" (e.g.").next().unwrap_or_default();
        format!("{}: {message}", cause.field.trim_start_matches("metadata."))
    };
    causes.iter().map(short).collect()
}

#[test]
fn names_are_checked_as_each_kind_has_it() {
    let long = |length: usize| "a".repeat(length);
    let (subdomain, label) = ("a lowercase RFC 1123 subdomain", "a lowercase RFC 1123 label");
    for (group, plural, name, expected) in [
        ("", "pods", "a.b-c".to_owned(), None),
        ("", "pods", "A".to_owned(), Some(subdomain)),
        ("", "pods", "a..b".to_owned(), Some(subdomain)),
        ("", "pods", "a.".to_owned(), Some(subdomain)),
        ("", "pods", long(253), None),
        ("", "pods", long(254), Some("must be no more than 253 characters")),
        ("", "namespaces", "a.b".to_owned(), Some("must not contain dots")),
        ("", "namespaces", "A".to_owned(), Some(label)),
        ("", "services", "1a".to_owned(), None),
        ("", "services", long(64), Some("must be no more than 63 characters")),
        ("apps", "statefulsets", "a.b".to_owned(), Some("must not contain dots")),
        ("apps", "deployments", long(64), None),
        ("batch", "cronjobs", long(53), Some("must be no more than 52 characters")),
        ("", "events", "A".to_owned(), None),
        ("rbac.authorization.k8s.io", "clusterroles", "system:A b".to_owned(), None),
        ("rbac.authorization.k8s.io", "clusterroles", "a/b".to_owned(), Some("may not contain '/'")),
        ("rbac.authorization.k8s.io", "clusterroles", "a%b".to_owned(), Some("may not contain '%'")),
        ("rbac.authorization.k8s.io", "clusterroles", "..".to_owned(), Some("may not be '..'")),
    ] {
        let causes = check_new(&kind(group, plural), &json!({"name": name}));
        let message = causes.first().map(|cause| cause.message.as_str());
        let expected = expected.map(|expected| format!("Invalid value: {name:?}: {expected}"));
        assert_eq!(message.is_some(), expected.is_some(), "{plural} {name}");
        assert!(
            message.unwrap_or_default().starts_with(&expected.unwrap_or_default()),
            "{plural} {name}: {message:?}"
        );
    }
    let pods = kind("", "pods");
    assert_eq!(
        told(&check_new(&pods, &json!({}))),
        ["name: Required value: name or generateName is required"]
    );
    assert_eq!(check_new(&pods, &json!({"name": "a", "generateName": "a-"})), []);
    let causes = check_new(&pods, &json!({"name": "Ax4tjp", "generateName": "A", "generation": -1}));
    let fields: Vec<&str> = causes.iter().map(|cause| cause.field.as_str()).collect();
    assert_eq!(fields, ["metadata.generateName", "metadata.name", "metadata.generation"]);
}

#[test]
fn keys_values_and_finalizers_are_told_as_a_real_server_does() {
    let name_part = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    let label = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    let long = "x".repeat(64);
    let unqualified = "name is neither a standard finalizer name nor is it fully qualified";
    for (metadata, expected) in [
        (json!({"labels": {"a/b": "c.d", "e": ""}, "annotations": {"A.b/C": "any thing"}}), vec![]),
        (json!({"labels": {"a b": "c"}}), vec![format!("labels: Invalid value: \"a b\": {name_part}")]),
        (
            json!({"labels": {long.as_str(): "c"}}),
            vec![format!("labels: Invalid value: \"{long}\": name part must be no more than 63 bytes")],
        ),
        (
            json!({"labels": {"/b": "v"}}),
            vec!["labels: Invalid value: \"/b\": prefix part must be non-empty".to_owned()],
        ),
        (
            json!({"labels": {"b/": "v"}}),
            vec![
                "labels: Invalid value: \"b/\": name part must be non-empty".to_owned(),
                format!("labels: Invalid value: \"b/\": {name_part}"),
            ],
        ),
        (
            json!({"labels": {"a": "-".repeat(64)}}),
            vec![
                format!("labels: Invalid value: \"{}\": must be no more than 63 bytes", "-".repeat(64)),
                format!("labels: Invalid value: \"{}\": {label}", "-".repeat(64)),
            ],
        ),
        (
            json!({"annotations": {"x": "v".repeat(262_144)}}),
            vec!["annotations: Too long: may not be more than 262144 bytes".to_owned()],
        ),
        (json!({"finalizers": ["kubernetes", "orphan", "a.io/x", "a.io/x"]}), vec![]),
        (
            json!({"finalizers": ["bare"]}),
            vec![format!("finalizers[0]: Invalid value: \"bare\": {unqualified}")],
        ),
        (
            json!({"finalizers": ["x y"]}),
            vec![
                format!("finalizers: Invalid value: \"x y\": {name_part}"),
                format!("finalizers[0]: Invalid value: \"x y\": {unqualified}"),
            ],
        ),
        (
            json!({"finalizers": ["orphan", "foregroundDeletion"]}),
            vec![
                "finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan and \
                 foregroundDeletion cannot be both set"
                    .to_owned(),
            ],
        ),
    ] {
        let mut new = metadata.clone();
        new["name"] = "a".into();
        assert_eq!(told(&check_new(&kind("", "configmaps"), &new)), expected);
        assert_eq!(told(&check_change(&kind("", "configmaps"), &json!({"name": "a"}), &new)), expected);
    }
    assert_eq!(
        check_new(&custom(), &json!({"name": "a", "finalizers": ["bare"]})),
        [],
        "custom resources may"
    );
}

#[test]
fn owners_are_whole_and_one_controls() {
    let causes =
        |owners: Value| told(&check_new(&kind("", "pods"), &json!({"name": "a", "ownerReferences": owners})));
    let owner = |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "name": name, "uid": "1", "controller": true});
    assert_eq!(causes(json!([owner("Pod", "x")])), Vec::<String>::new());
    assert_eq!(
        causes(json!([{"apiVersion": "v1", "kind": "Pod", "name": "x"}])),
        ["ownerReferences[0].uid: Required value: must not be empty"]
    );
    assert_eq!(
        causes(json!([{"apiVersion": "a/b/c", "kind": "Pod", "name": "x", "uid": "1"}])),
        ["ownerReferences[0].apiVersion: Invalid value: \"a/b/c\": must be <group>/<version> or <version>"]
    );
    assert_eq!(
        causes(json!([{"apiVersion": "v1", "kind": "Event", "name": "x", "uid": "1"}])),
        [
            "ownerReferences[0]: Invalid value: {\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"x\",\"uid\":\"1\"}: \
         /v1, Kind=Event is disallowed from being an owner"
        ]
    );
    let both = causes(json!([owner("Pod", "x"), owner("Node", "y")]));
    assert!(both[0].starts_with("ownerReferences: Invalid value: [{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"x\",\"uid\":\"1\",\"controller\":true},{"));
    assert!(both[0].ends_with("set to true. Found \"true\" in references for Pod/x and Node/y"), "{both:?}");
}

#[test]
fn identity_does_not_change_and_what_ends_gets_no_new_finalizer() {
    let pods = kind("", "pods");
    let old = json!({"name": "a", "uid": "1", "creationTimestamp": "x", "finalizers": ["a.io/b"]});
    let changed = |old: &Value, member: &str, value: Value| {
        let mut new = old.clone();
        new[member] = value;
        told(&check_change(&pods, old, &new))
    };
    let nothing = Vec::<String>::new();
    assert_eq!(changed(&old, "uid", "2".into()), ["uid: Invalid value: \"2\": field is immutable"]);
    assert_eq!(changed(&old, "uid", "".into()), nothing);
    assert_eq!(changed(&old, "creationTimestamp", "y".into()), nothing);
    assert_eq!(changed(&old, "generateName", "b-".into()), nothing);
    assert_eq!(changed(&old, "finalizers", json!(["a.io/b", "a.io/c"])), nothing);
    assert_eq!(
        changed(&old, "deletionTimestamp", "y".into()),
        ["deletionTimestamp: Invalid value: \"y\": field is immutable"]
    );
    assert_eq!(
        changed(&old, "deletionGracePeriodSeconds", 5.into()),
        ["deletionGracePeriodSeconds: Invalid value: 5: field is immutable"]
    );
    let mut ending = old.clone();
    ending["deletionTimestamp"] = "x".into();
    assert_eq!(changed(&ending, "deletionTimestamp", "y".into()), nothing);
    assert_eq!(changed(&ending, "finalizers", json!([])), nothing);
    assert_eq!(
        changed(&ending, "finalizers", json!(["a.io/b", "a.io/n", "a.io/m"])),
        [
            "finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \
         []string{\"a.io/m\", \"a.io/n\"}"
        ]
    );
}

#[test]
fn a_generated_name_keeps_within_what_a_label_holds() {
    let name = generated_name(&"a".repeat(80), || 0);
    assert_eq!((name.len(), &name[57..]), (63, "abbbbb"));
}
