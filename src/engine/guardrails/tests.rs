//! Each key protects what it names and nothing else; several documents are as strict as the strictest.

use serde_json::json;

use super::*;
use crate::guard::{Itself, protection};
use crate::projection::Projection;
use crate::testing::{at, matcher};

const NAMES: &[&str] = &["pod", "po", "Pod"];

fn document(protect: Protect) -> Document {
    Document { name: "team".to_owned(), protect, ..Document::default() }
}

fn globs(sources: &[&str]) -> Option<Globs> {
    Globs::parse(sources).ok()
}

fn pod(more: Value) -> Value {
    let mut pod = json!({
        "metadata": {"namespace": "test-a", "name": "p", "labels": {"app": "web"}},
        "spec": {"priority": 0}
    });
    json_patch(&mut pod, more);
    pod
}

fn json_patch(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                json_patch(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// What holds it back, read as a survey reads it, so that `reads` is shown to name all that protects.
fn held(
    documents: Vec<Document>,
    resource: &str,
    object: &Value,
    namespace: &Value,
    above: Vec<Value>,
) -> Option<Held> {
    let guardrails = Guardrails { documents: documents.into_iter().map(Arc::new).collect() };
    let mut projection = Projection::of_identity();
    crate::guard::reads(&mut projection);
    let object = Observation::new(projection.parse(object.to_string().as_bytes()).unwrap());
    let namespace = Observation::new(namespace.clone());
    let above: Vec<_> =
        above.into_iter().map(|json| ("ReplicaSet web".to_owned(), Observation::new(json))).collect();
    let subject = Subject {
        resource,
        names: NAMES,
        is_named: true,
        object: &object,
        namespace: Some(&namespace),
        ancestors: &above,
    };
    protection(&subject, &Itself::default(), &guardrails, at("01:00:00"))
}

fn by(documents: Vec<Document>, object: &Value) -> Option<String> {
    held(documents, "pods", object, &json!({}), Vec::new()).map(|held| held.by)
}

#[test]
fn a_protected_namespace_holds_back_what_is_in_it_and_the_namespace_itself() {
    let team = || vec![document(Protect { namespaces: globs(&["test-*", "!test-b"]), ..Protect::default() })];
    assert_eq!(by(team(), &pod(json!({}))).unwrap(), "guardrails team: namespaces test-*, !test-b");
    assert_eq!(by(team(), &pod(json!({"metadata": {"namespace": "test-b"}}))), None);
    assert_eq!(by(team(), &json!({"metadata": {"name": "test-a"}})), None, "no namespace, and none itself");
    let namespace = json!({"metadata": {"name": "test-a"}});
    assert!(held(team(), "namespaces", &namespace, &json!({}), Vec::new()).is_some());
}

#[test]
fn a_protected_kind_is_known_by_each_of_its_names() {
    for (name, resource, others, holds) in [
        ("pods", "pods", NAMES, true),
        ("po", "pods", NAMES, true),
        ("Pod", "pods", NAMES, true),
        ("v1/Pod", "pods", NAMES, true),
        ("PODS", "pods", NAMES, true),
        ("pods.metrics.k8s.io", "pods", NAMES, false),
        ("pods", "pods.metrics.k8s.io", &[], true),
        ("v1/Pod", "pods.metrics.k8s.io", &["Pod"], false),
        ("deployments.v1.apps", "deployments.apps", &[], true),
        ("kubevirt.io/v1/VirtualMachine", "virtualmachines.kubevirt.io", &["VirtualMachine"], true),
        ("kubevirt.io/v1alpha3/VirtualMachine", "virtualmachines.kubevirt.io", &["VirtualMachine"], true),
        ("*.kubevirt.io", "virtualmachines.kubevirt.io", &[], true),
        ("*.kubevirt.io", "virtualmachineclones.clone.kubevirt.io", &[], false),
        ("pod", "podtemplates", &["podtemplate"], false),
    ] {
        assert_eq!(KindName::parse(name).unwrap().names(resource, others), holds, "{name} {resource}");
    }
    for text in ["", "*", "*.", "a/b", "pods/v1/x/y", "a b", "pods..x", "apps/Deployment"] {
        assert_eq!(KindName::parse(text), None, "{text}");
    }
    let team = vec![document(Protect { kinds: vec![KindName::parse("po").unwrap()], ..Protect::default() })];
    assert_eq!(by(team, &pod(json!({}))).unwrap(), "guardrails team: kinds po");
}

#[test]
fn a_priority_protects_from_its_value_on_and_where_it_is_not_known() {
    let team = || vec![document(Protect { priority_at_least: Some(1000), ..Protect::default() })];
    for (priority, holds) in [
        (json!(1000), true),
        (json!(999), false),
        (Value::Null, true),
        (json!("1"), true),
        (json!(-1), false),
    ] {
        let object = pod(json!({"spec": {"priority": priority}}));
        assert_eq!(by(team(), &object).is_some(), holds, "{object}");
        let other = held(team(), "configmaps", &object, &json!({}), Vec::new());
        assert_eq!(other, None, "only pods have one");
    }
    assert!(by(team(), &json!({"metadata": {"namespace": "test-a"}})).unwrap().contains("not known"));
}

#[test]
fn an_owner_protects_at_any_height() {
    let owned = |kind: &str| json!({"metadata": {"ownerReferences": [{"kind": kind, "name": "x"}]}});
    let team = || vec![document(Protect { owner_kinds: vec!["StatefulSet".into()], ..Protect::default() })];
    assert!(by(team(), &pod(owned("StatefulSet"))).is_some());
    assert_eq!(by(team(), &pod(owned("ReplicaSet"))), None);
    let above = held(team(), "pods", &pod(owned("ReplicaSet")), &json!({}), vec![owned("StatefulSet")]);
    assert_eq!(above.unwrap().until, LookAgain::Later(None));
}

#[test]
fn a_label_protects_on_the_object_its_namespace_and_its_ancestors() {
    let gold = |rule: Value| {
        let selector =
            Selector { written: rule.to_string(), matcher: matcher("labels", rule).unwrap().into() };
        vec![document(Protect { labels: vec![selector], ..Protect::default() })]
    };
    let is_gold = || gold(json!({"matchLabels": {"tier": "gold"}}));
    let marked = json!({"metadata": {"labels": {"tier": "gold"}}});
    assert!(by(is_gold(), &pod(marked.clone())).unwrap().contains("it has label tier=gold"));
    assert_eq!(by(is_gold(), &pod(json!({}))), None);
    let by_namespace = held(is_gold(), "pods", &pod(json!({})), &marked, Vec::new()).unwrap();
    assert_eq!(by_namespace.until, LookAgain::Later(None));
    assert!(held(is_gold(), "pods", &pod(json!({})), &json!({}), vec![marked]).is_some());
    // The namespace lacks the label too, and protects nothing by that.
    let not_healable =
        || gold(json!({"matchExpressions": [{"key": "healable", "operator": "DoesNotExist"}]}));
    let healable = pod(json!({"metadata": {"labels": {"healable": "yes"}}}));
    assert_eq!(held(not_healable(), "pods", &healable, &json!({}), vec![json!({})]), None);
    assert!(by(not_healable(), &pod(json!({}))).is_some());
}

#[test]
fn what_is_lifted_is_lifted_only_where_no_document_protects() {
    let lifting = || Document {
        name: "lift".to_owned(),
        unprotect: Unprotect { namespaces: globs(&["kubevirt"]), owner_kinds: vec!["DaemonSet".into()] },
        ..Document::default()
    };
    let of = |namespace: &str| pod(json!({"metadata": {"namespace": namespace}}));
    assert!(by(Vec::new(), &of("kubevirt")).is_some());
    assert_eq!(by(vec![lifting()], &of("kubevirt")), None);
    assert!(by(vec![lifting()], &of("kube-system")).is_some());
    let guarding = || document(Protect { namespaces: globs(&["kube*"]), ..Protect::default() });
    for documents in [vec![lifting(), guarding()], vec![guarding(), lifting()]] {
        assert!(by(documents, &of("kubevirt")).unwrap().starts_with("guardrails team"));
    }
    let everywhere = pod(json!({"metadata": {"ownerReferences": [{"kind": "DaemonSet", "name": "d"}]}}));
    assert!(by(Vec::new(), &everywhere).is_some());
    assert_eq!(by(vec![lifting()], &everywhere), None);
    let owners = document(Protect { owner_kinds: vec!["DaemonSet".into()], ..Protect::default() });
    assert!(by(vec![lifting(), owners], &everywhere).is_some());
    // What else protects a pod there stays.
    let critical = pod(json!({"metadata": {"namespace": "kubevirt"}, "spec": {"priority": 1_000_000_000}}));
    assert!(by(vec![lifting()], &critical).unwrap().contains("priority"));
    let mirror =
        json!({"metadata": {"namespace": "kubevirt", "annotations": {"kubernetes.io/config.mirror": "x"}}});
    assert!(by(vec![lifting()], &pod(mirror)).unwrap().contains("mirror"));
    let marked = json!({"metadata": {"namespace": "kubevirt", "labels": {crate::guard::PROTECT: ""}}});
    assert!(by(vec![lifting()], &pod(marked)).is_some());
}

#[test]
fn the_namespace_of_the_daemon_itself_cannot_be_lifted() {
    let lifting = Document {
        unprotect: Unprotect { namespaces: globs(&["*"]), ..Unprotect::default() },
        ..Document::default()
    };
    let guardrails = Guardrails { documents: vec![Arc::new(lifting)] };
    let object = Observation::new(pod(json!({"metadata": {"namespace": "healer"}})));
    let subject = Subject {
        resource: "pods",
        names: NAMES,
        is_named: true,
        object: &object,
        namespace: None,
        ancestors: &[],
    };
    let itself = Itself { namespace: Some("healer".to_owned()), ..Itself::default() };
    assert!(protection(&subject, &itself, &guardrails, at("01:00:00")).is_some());
}

#[test]
fn a_confined_document_protects_in_its_namespaces_alone() {
    let team = || {
        vec![Document {
            within: globs(&["team-a-*"]),
            ..document(Protect { kinds: vec![KindName::parse("pods").unwrap()], ..Protect::default() })
        }]
    };
    assert!(by(team(), &pod(json!({"metadata": {"namespace": "team-a-1"}}))).is_some());
    assert_eq!(by(team(), &pod(json!({"metadata": {"namespace": "team-b-1"}}))), None);
    assert_eq!(by(team(), &json!({"metadata": {"name": "cluster-scoped"}})), None);
}
