//! Each effect's request, to the letter.

use std::time::Duration;

use k8s_healer::cluster::execute::{Outcome, execute};
use k8s_healer::cluster::resource::Resource;
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::observation::Observation;
use serde_json::{Value, json};

use crate::changes::{event, merge, operations};
use crate::wire::{self, Record, Sent, answering, pods, resource};

pub(crate) const DELETE: Effect = Effect::Delete { propagation: None, grace: None };

pub(crate) fn evict() -> Effect {
    Effect::Evict { grace: None, fallback_to_delete: false, give_up: Duration::from_secs(600) }
}

pub(crate) fn strip(names: &[&str], seen: &[&str]) -> Effect {
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    Effect::StripFinalizers { names: owned(names), seen: owned(seen) }
}

pub(crate) fn label(key: &str, value: &str) -> Effect {
    Effect::PatchMetadata { field: "labels", entries: vec![(key.to_owned(), Some(value.to_owned()))] }
}

fn every_effect() -> Vec<Effect> {
    vec![
        DELETE,
        evict(),
        strip(&["a/b"], &["a/b"]),
        label("a", "b"),
        merge(json!({"spec": {"a": 1}}), None),
        merge(json!({"spec": {"replicas": 1}}), Some("scale")),
        operations(json!([{"op": "remove", "path": "/spec/a"}])),
        event("a"),
    ]
}

pub(crate) fn web() -> Observation {
    Observation::new(json!({"metadata": {
        "name": "web", "namespace": "test-a", "uid": "uid-1", "resourceVersion": "7",
    }}))
}

/// What was sent to a server that agrees to everything.
async fn sent(resource: &Resource, live: &Observation, effect: &Effect, dry_run: bool) -> Vec<Sent> {
    let (transport, record) = answering(|_| wire::json(200, json!({"kind": "Status", "status": "Success"})));
    let outcome = execute(&transport, resource, live, effect, dry_run).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    record.sent()
}

async fn only(resource: &Resource, live: &Observation, effect: &Effect, dry_run: bool) -> Sent {
    let mut sent = sent(resource, live, effect, dry_run).await;
    assert_eq!(sent.len(), 1);
    sent.remove(0)
}

fn preconditions() -> Value {
    json!({"uid": "uid-1", "resourceVersion": "7"})
}

#[tokio::test]
async fn a_delete_names_the_uid_and_the_version_that_were_judged() {
    let request = only(&pods(), &web(), &DELETE, false).await;
    assert_eq!((request.method.as_str(), &*request.path), ("DELETE", "/api/v1/namespaces/test-a/pods/web"));
    assert_eq!(request.header("content-type"), "application/json");
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions()});
    assert_eq!(request.body, options);
}

#[tokio::test]
async fn a_delete_carries_propagation_grace_and_dry_run() {
    for (grace, seconds) in [(0, 0), (1, 1), (999, 1), (1000, 1), (90_500, 91)] {
        let effect =
            Effect::Delete { propagation: Some("Foreground"), grace: Some(Duration::from_millis(grace)) };
        let request = only(&pods(), &web(), &effect, true).await;
        let options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions(),
            "propagationPolicy": "Foreground", "gracePeriodSeconds": seconds, "dryRun": ["All"],
        });
        assert_eq!((request.body, &*request.path), (options, "/api/v1/namespaces/test-a/pods/web"));
    }
}

#[tokio::test]
async fn an_eviction_is_tried_dry_first_so_that_a_stale_one_cannot_block_the_budget() {
    let effect = Effect::Evict {
        grace: Some(Duration::from_secs(5)),
        fallback_to_delete: true,
        give_up: Duration::from_secs(60),
    };
    let both = sent(&pods(), &web(), &effect, false).await;
    assert_eq!(both.len(), 2);
    let mut options = json!({"preconditions": preconditions(), "gracePeriodSeconds": 5, "dryRun": ["All"]});
    for request in &both {
        assert_eq!(request.method, "POST");
        assert_eq!(request.path, "/api/v1/namespaces/test-a/pods/web/eviction");
        assert_eq!(request.header("content-type"), "application/json");
        let eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": "web", "namespace": "test-a"}, "deleteOptions": options,
        });
        assert_eq!(request.body, eviction);
        options.as_object_mut().unwrap().remove("dryRun");
    }
    let request = only(&pods(), &web(), &effect, true).await;
    assert_eq!(request.body["deleteOptions"]["dryRun"], json!(["All"]));
}

#[tokio::test]
async fn an_eviction_that_the_dry_run_refuses_is_not_sent() {
    for status in [401, 403, 404, 409, 422, 429, 500, 503, 504] {
        let (transport, record) = answering(move |_| wire::text(status, "no"));
        execute(&transport, &pods(), &web(), &evict(), false).await;
        let [only] = &record.sent()[..] else { panic!("{status}: {:?}", record.lines()) };
        assert_eq!(only.body["deleteOptions"]["dryRun"], json!(["All"]), "{status}");
    }
}

#[tokio::test]
async fn finalizers_are_tested_in_place_and_removed_from_the_end() {
    let effect = strip(&["k.io/a", "k.io/c"], &["k.io/a", "other/b", "k.io/c"]);
    let machines = resource("kubevirt.io", "v1", "VirtualMachine", "virtualmachines", true);
    let request = only(&machines, &web(), &effect, false).await;
    assert_eq!(request.method, "PATCH");
    let path = "/apis/kubevirt.io/v1/namespaces/test-a/virtualmachines/web?fieldManager=k8s-healer";
    assert_eq!(request.path, path);
    assert_eq!(request.header("content-type"), "application/json-patch+json");
    let operations = json!([
        {"op": "test", "path": "/metadata/uid", "value": "uid-1"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "test", "path": "/metadata/finalizers/0", "value": "k.io/a"},
        {"op": "test", "path": "/metadata/finalizers/2", "value": "k.io/c"},
        {"op": "remove", "path": "/metadata/finalizers/2"},
        {"op": "remove", "path": "/metadata/finalizers/0"},
    ]);
    assert_eq!(request.body, operations);
    assert_eq!(only(&machines, &web(), &effect, true).await.path, format!("{path}&dryRun=All"));
}

#[tokio::test]
async fn a_merge_patch_names_the_uid_and_the_version_and_removes_by_null() {
    let entries = vec![("a.b/c".to_owned(), Some("yes".to_owned())), ("owner".to_owned(), None)];
    let effect = Effect::PatchMetadata { field: "annotations", entries };
    let request = only(&pods(), &web(), &effect, true).await;
    assert_eq!(request.method, "PATCH");
    assert_eq!(request.path, "/api/v1/namespaces/test-a/pods/web?fieldManager=k8s-healer&dryRun=All");
    assert_eq!(request.header("content-type"), "application/merge-patch+json");
    let change = json!({"metadata": {
        "uid": "uid-1", "resourceVersion": "7", "annotations": {"a.b/c": "yes", "owner": null},
    }});
    assert_eq!(request.body, change);
}

#[tokio::test]
async fn only_metadata_is_asked_back_so_that_no_secret_travels() {
    for effect in every_effect() {
        for request in sent(&pods(), &web(), &effect, false).await {
            assert!(request.header("accept").starts_with("application/json;as=PartialObjectMetadata;"));
        }
    }
}

#[tokio::test]
async fn a_log_sends_nothing() {
    assert!(sent(&pods(), &web(), &Effect::Log { message: "leaked".to_owned() }, false).await.is_empty());
}

#[tokio::test]
async fn names_of_any_letters_stay_one_segment_of_the_path() {
    let roles = resource("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false);
    let role = |name: &str| {
        Observation::new(json!({"metadata": {"name": name, "uid": "u", "resourceVersion": "1"}}))
    };
    for (name, segment) in
        [("system:node", "system:node"), ("a b?c#d", "a%20b%3Fc%23d"), ("größe", "gr%C3%B6%C3%9Fe")]
    {
        let request = only(&roles, &role(name), &DELETE, false).await;
        let path = format!("/apis/rbac.authorization.k8s.io/v1/clusterroles/{segment}");
        assert_eq!(request.path, path);
    }
}

#[tokio::test]
async fn an_object_that_is_not_fully_named_is_never_written_to() {
    let with = |field: &str, value: &str| {
        let mut object = web().object().clone();
        object["metadata"][field] = value.into();
        Observation::new(object)
    };
    // An empty name would mean the whole collection, `a/b` a subresource.
    for (field, value) in [
        ("name", ""),
        ("name", ".."),
        ("name", "web/status"),
        ("name", "web%2fstatus"),
        ("namespace", ""),
        ("namespace", "../kube-system"),
        ("uid", ""),
        ("resourceVersion", ""),
    ] {
        for effect in every_effect() {
            let (transport, record) = answering(|_| wire::json(200, json!({})));
            let outcome = execute(&transport, &pods(), &with(field, value), &effect, false).await;
            assert!(matches!(outcome, Outcome::Rejected { .. }), "{field} {value}: {outcome:?}");
            assert!(Record::lines(&record).is_empty());
        }
    }
}
