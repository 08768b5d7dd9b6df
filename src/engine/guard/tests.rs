//! What holds a subject back, and what does not.

use super::*;
use crate::testing::at;
use serde_json::json;

fn check(resource: &str, object: Value, namespace: Value, ancestor: Option<Value>) -> Option<Held> {
    // Read as a survey reads it: so every test shows that `reads` names all that protects.
    let mut projection = Projection::of_identity();
    reads(&mut projection);
    let object = Observation::new(projection.parse(object.to_string().as_bytes()).unwrap());
    let namespace = Observation::new(namespace);
    let ancestors: Vec<_> =
        ancestor.map(|json| ("ReplicaSet web".to_owned(), Observation::new(json))).into_iter().collect();
    let namespace = Some(&namespace);
    let names = &[];
    let subject =
        Subject { resource, names, is_named: true, object: &object, namespace, ancestors: &ancestors };
    let excluded = Globs::parse(&["test-kept-*"]).ok();
    let itself = Itself { namespace: Some("healer".to_owned()), reach: Reach { excluded, only: None } };
    protection(&subject, &itself, &Guardrails::default(), at("01:00:00"))
}

fn pod_in(namespace: &str) -> Value {
    json!({"metadata": {"namespace": namespace, "name": "p"}})
}

#[test]
fn system_namespaces_and_its_own_are_never_written_to() {
    for namespace in [
        "kube-system",
        "kube-public",
        "openshift",
        "openshift-x",
        "kubevirt",
        "kubevirt-hyperconverged",
        "cdi",
        "healer",
        "test-kept-a",
    ] {
        assert!(check("pods", pod_in(namespace), json!({}), None).is_some(), "{namespace}");
        let itself = json!({"metadata": {"name": namespace}});
        assert!(check("namespaces", itself.clone(), json!({}), None).is_some(), "{namespace}");
        assert!(check(PROJECTS, itself, json!({}), None).is_some(), "{namespace}");
    }
    for namespace in ["test-a", "my-kube-system", "openshiftx", "kubevirt-ui", "cdi2"] {
        assert_eq!(check("pods", pod_in(namespace), json!({}), None), None, "{namespace}");
    }
}

#[test]
fn the_kinds_that_a_cluster_stands_on_are_written_to_by_rules_that_name_them_alone() {
    let object = Observation::new(json!({"metadata": {"name": "test-a"}}));
    for (resource, is_named, protected) in [
        ("nodes", false, true),
        ("namespaces", false, true),
        (PROJECTS, false, true),
        ("persistentvolumes", false, true),
        ("customresourcedefinitions.apiextensions.k8s.io", false, true),
        ("nodes", true, false),
        ("namespaces", true, false),
        ("persistentvolumes", true, false),
        ("customresourcedefinitions.apiextensions.k8s.io", true, false),
        ("persistentvolumeclaims", false, false),
        ("nodes.metrics.k8s.io", false, false),
    ] {
        let names = &[];
        let subject = Subject { resource, names, is_named, object: &object, namespace: None, ancestors: &[] };
        let held = protection(&subject, &Itself::default(), &Guardrails::default(), at("01:00:00"));
        assert_eq!(held.is_some(), protected, "{resource} {is_named}");
        assert!(held.is_none_or(|held| held.until == LookAgain::WhenItChanges));
    }
}

#[test]
fn system_pods_are_never_written_to() {
    let pod = |extra: Value, spec: Value| json!({"metadata": extra, "spec": spec});
    for (object, protected) in [
        (pod(json!({}), json!({"priority": 1_000_000_000})), true),
        (pod(json!({}), json!({"priority": 999_999_999})), false),
        (pod(json!({"annotations": {"kubernetes.io/config.mirror": "x"}}), json!({})), true),
        (
            pod(
                json!({"ownerReferences": [{"kind": "DaemonSet", "name": "d", "controller": true}]}),
                json!({}),
            ),
            true,
        ),
        (pod(json!({"ownerReferences": [{"kind": "ReplicaSet", "name": "d"}]}), json!({})), false),
    ] {
        assert_eq!(check("pods", object.clone(), json!({}), None).is_some(), protected, "{object}");
    }
}

#[test]
fn all_protections_are_told_and_the_first_is_the_one_that_holds_back() {
    let object = Observation::new(json!({
        "metadata": {"namespace": "kube-system", "name": "p", "labels": {PROTECT: ""}},
        "spec": {"priority": 2_000_000_000},
    }));
    let (itself, guardrails) = (Itself::default(), Guardrails::default());
    let kept = Observation::new(json!({"metadata": {"name": "web", "annotations": {PROTECT: ""}}}));
    let ancestors = [("ReplicaSet web".to_owned(), kept)];
    let resource = "pods";
    let subject = Subject {
        resource,
        names: &[],
        is_named: true,
        object: &object,
        namespace: None,
        ancestors: &ancestors,
    };
    let all = protections(&subject, &itself, &guardrails, at("01:00:00"));
    let by: Vec<&str> = all.iter().map(|held| held.by.as_str()).collect();
    assert_eq!(
        by,
        [
            "the protected namespace kube-system",
            "its priority 2000000000",
            "the label k8s-healer.io/protect",
            "the annotation k8s-healer.io/protect of ReplicaSet web",
        ]
    );
    assert_eq!(protection(&subject, &itself, &guardrails, at("01:00:00")).as_ref(), all.first());
}

#[test]
fn a_mark_protects_on_the_object_its_namespace_and_its_ancestors() {
    for field in ["labels", "annotations"] {
        for value in [json!("true"), json!("false"), json!("")] {
            let marked = json!({"metadata": {"namespace": "test-a", field: {PROTECT: value}}});
            let plain = pod_in("test-a");
            assert!(check("pods", marked.clone(), json!({}), None).is_some());
            assert!(check("pods", plain.clone(), marked.clone(), None).is_some());
            assert!(check("pods", plain, json!({}), Some(marked)).is_some());
        }
    }
}

#[test]
fn keep_until_protects_up_to_its_moment_and_for_ever_where_it_is_unreadable() {
    let keep = |time: &str| json!({"metadata": {"namespace": "test-a", "annotations": {KEEP_UNTIL: time}}});
    let held = check("pods", keep("2026-01-01T01:00:01Z"), json!({}), None).unwrap();
    assert_eq!(held.until, LookAgain::At(at("01:00:01")));
    assert_eq!(check("pods", keep("2026-01-01T01:00:00Z"), json!({}), None), None);
    for unreadable in ["", "tomorrow", "2026-01-01", "1"] {
        assert!(check("pods", keep(unreadable), json!({}), None).is_some(), "{unreadable}");
    }
    let label = json!({"metadata": {"namespace": "test-a", "labels": {KEEP_UNTIL: "20260101T005959Z"}}});
    assert_eq!(check("pods", label, json!({}), None), None);
    // What cannot be read is told behind whose it is.
    let by = |object: Value, namespace: Value| check("pods", object, namespace, None).unwrap().by;
    let told = format!("the annotation {KEEP_UNTIL}, whose time cannot be read");
    assert_eq!(by(keep("soon"), json!({})), told);
    let mut namespace = keep("soon");
    namespace["metadata"]["name"] = "test-a".into();
    let told = format!("the annotation {KEEP_UNTIL} of namespace test-a, whose time cannot be read");
    assert_eq!(by(pod_in("test-a"), namespace), told);
    let not_text = json!({"metadata": {"namespace": "test-a", "annotations": {KEEP_UNTIL: 7}}});
    assert!(check("pods", not_text, json!({}), None).is_some());
}
