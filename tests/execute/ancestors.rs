//! What controls an object is followed upwards, and whatever cannot be read holds back.

use k8s_healer::cluster::ancestors::{Ancestor, AncestorError, read_ancestors};
use k8s_healer::cluster::discovery::Catalogue;
use k8s_healer::cluster::transport::Transport;
use k8s_healer_engine::observation::Observation;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::wire::{self, Record, answering, pods, resource};

fn catalogue() -> Catalogue {
    let resources = [
        pods(),
        resource("", "v1", "Node", "nodes", false),
        resource("apps", "v1", "ReplicaSet", "replicasets", true),
        resource("apps", "v1", "Deployment", "deployments", true),
    ];
    Catalogue { resources: resources.into_iter().map(Arc::new).collect(), ..Catalogue::default() }
}

/// `kind/name` as a controller of the api version.
fn controlled_by(api_version: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!([
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "not-the-controller", "uid": "x"},
        {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true},
    ])
}

fn object(name: &str, uid: &str, owners: impl Into<Value>) -> Value {
    let owners = owners.into();
    json!({"metadata": {"name": name, "namespace": "test-a", "uid": uid, "resourceVersion": "1", "ownerReferences": owners}})
}

fn pod(owners: Value) -> Observation {
    Observation::new(object("web-1", "uid-pod", owners))
}

/// Answers with the object whose name ends the path.
fn serving(objects: Vec<Value>) -> (Transport, Record) {
    answering(move |sent| {
        let name = sent.path.rsplit('/').next().unwrap();
        match objects.iter().find(|object| object["metadata"]["name"] == name) {
            Some(object) => wire::json(200, object.clone()),
            None => wire::json(404, json!({"kind": "Status", "details": {"name": name}})),
        }
    })
}

async fn ancestors_of(pod: &Observation, objects: Vec<Value>) -> (Vec<Ancestor>, Vec<String>) {
    let (transport, record) = serving(objects);
    (read_ancestors(&transport, &catalogue(), pod).await.unwrap(), record.lines())
}

#[tokio::test]
async fn the_chain_of_controllers_is_read_to_its_top() {
    let pod = pod(controlled_by("apps/v1", "ReplicaSet", "web", "uid-set"));
    let set = object("web", "uid-set", controlled_by("apps/v1beta9", "Deployment", "top", "uid-top"));
    let (ancestors, lines) = ancestors_of(&pod, vec![set, object("top", "uid-top", json!([]))]).await;
    let expected = [
        "GET /apis/apps/v1/namespaces/test-a/replicasets/web",
        // Written by a version that is no longer served; the kind is.
        "GET /apis/apps/v1/namespaces/test-a/deployments/top",
    ];
    assert_eq!(lines, expected);
    let names: Vec<_> = ancestors.iter().map(|one| (one.resource.as_str(), one.metadata.is_some())).collect();
    assert_eq!(names, [("replicasets.apps", true), ("deployments.apps", true)]);
}

#[tokio::test]
async fn an_owner_of_no_namespace_is_read_without_one() {
    let (ancestors, lines) =
        ancestors_of(&pod(controlled_by("v1", "Node", "node-1", "uid-n")), Vec::new()).await;
    assert_eq!(lines, ["GET /api/v1/nodes/node-1"]);
    assert_eq!(ancestors[0].namespace, None);
}

#[tokio::test]
async fn an_owner_that_is_gone_or_was_replaced_protects_nothing() {
    let pod = pod(controlled_by("apps/v1", "ReplicaSet", "web", "uid-set"));
    let namesake = object("web", "uid-other", controlled_by("apps/v1", "Deployment", "top", "uid-top"));
    for objects in [vec![], vec![namesake]] {
        let (ancestors, lines) = ancestors_of(&pod, objects).await;
        assert_eq!((ancestors.len(), lines.len()), (1, 1));
        assert!(ancestors[0].metadata.is_none());
        assert_eq!((ancestors[0].name.as_str(), ancestors[0].uid.as_str()), ("web", "uid-set"));
    }
}

#[tokio::test]
async fn an_object_without_a_controller_asks_nothing() {
    let owned = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u"}]);
    for owners in [json!([]), owned] {
        let (ancestors, lines) = ancestors_of(&pod(owners), Vec::new()).await;
        assert!(ancestors.is_empty() && lines.is_empty());
    }
}

#[tokio::test]
async fn an_ancestor_that_may_not_be_read_is_an_error_that_names_the_grant() {
    let pod = pod(controlled_by("apps/v1", "ReplicaSet", "web", "uid-set"));
    for (code, cause) in [
        (403, "not permitted: grant get on replicasets.apps in test-a"),
        (404, "/apis/apps/v1/namespaces/test-a/replicasets/web is not served"),
        (503, "the server answered 503: no"),
    ] {
        let (transport, _) = answering(move |_| wire::text(code, "no"));
        let error = read_ancestors(&transport, &catalogue(), &pod).await.unwrap_err();
        let AncestorError::Read { source, .. } = &error else { panic!("{error}") };
        assert_eq!(source.to_string(), cause);
        let said = "its controller replicasets.apps/test-a/web cannot be read, and it could be protected";
        assert_eq!(error.to_string(), said);
    }
}

#[tokio::test]
async fn a_controller_that_cannot_be_addressed_holds_back() {
    for (api_version, kind, name) in [
        ("k.io/v1", "VM", "a"),
        ("apps/v1", "ReplicaSet", ""),
        ("apps/v1", "ReplicaSet", "a/status"),
        ("", "", ""),
    ] {
        let (transport, record) = serving(Vec::new());
        let pod = pod(controlled_by(api_version, kind, name, "u"));
        assert!(read_ancestors(&transport, &catalogue(), &pod).await.is_err(), "{api_version} {kind} {name}");
        assert!(record.lines().is_empty());
    }
}

#[tokio::test]
async fn a_circle_of_owners_ends_where_it_began() {
    let set = |name: &str, by: &str| {
        object(name, &format!("uid-{name}"), controlled_by("apps/v1", "ReplicaSet", by, &format!("uid-{by}")))
    };
    let pod = pod(controlled_by("apps/v1", "ReplicaSet", "a", "uid-a"));
    let (ancestors, lines) = ancestors_of(&pod, vec![set("a", "b"), set("b", "c"), set("c", "a")]).await;
    assert_eq!((ancestors.len(), lines.len()), (3, 3));
}

#[tokio::test]
async fn a_chain_without_end_holds_back() {
    let (transport, record) = answering(|sent| {
        let depth: u32 = sent.path.rsplit('/').next().unwrap().parse().unwrap();
        let next = depth + 1;
        let owners = controlled_by("apps/v1", "ReplicaSet", &next.to_string(), &next.to_string());
        wire::json(200, object(&depth.to_string(), &depth.to_string(), owners))
    });
    let pod = pod(controlled_by("apps/v1", "ReplicaSet", "1", "1"));
    let error = read_ancestors(&transport, &catalogue(), &pod).await.unwrap_err();
    assert_eq!(error.to_string(), "more than 8 controllers stand above it; the next is apps/v1/ReplicaSet 9");
    assert_eq!(record.lines().len(), 8);
}
