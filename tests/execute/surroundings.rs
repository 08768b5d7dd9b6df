//! What stands around objects is read once for all of them, and what cannot be read is unknown, with why.

use std::sync::Arc;

use k8s_healer::cluster::discovery::{Catalogue, discover};
use k8s_healer::cluster::surroundings::{Above, Known, Surroundings, Unknown};
use k8s_healer::cluster::transport::Transport;
use k8s_healer_engine::facts::{Fact, Others};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use serde_json::{Value, json};

use crate::support::{Scene, Stage, on_both};
use crate::wire::{self, Record, Reply, answering, pods, resource};

fn catalogue() -> Arc<Catalogue> {
    let resources = [
        pods(),
        resource("", "v1", "Namespace", "namespaces", false),
        resource("", "v1", "Node", "nodes", false),
        resource("apps", "v1", "ReplicaSet", "replicasets", true),
        resource("apps", "v1", "Deployment", "deployments", true),
    ];
    Arc::new(Catalogue { resources: resources.into_iter().map(Arc::new).collect(), ..Catalogue::default() })
}

fn object(name: &str, uid: &str, owners: Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "test-a", "uid": uid, "resourceVersion": "1", "ownerReferences": owners}})
}

fn owner(kind: &str, name: &str, uid: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true})
}

fn pod(name: &str, owners: Value) -> Observation {
    let mut pod = object(name, name, owners);
    pod["spec"] = json!({"nodeName": "node-1"});
    Observation::new(pod)
}

/// Everything that is asked.
fn others() -> Others {
    Others { namespaces: Some(Projection::default()), nodes: Some(Projection::default()), owners: true }
}

fn not_found(name: &str) -> Reply {
    wire::json(404, json!({"kind": "Status", "details": {"name": name}}))
}

/// A set `web` of a deployment `top` in namespace `test-a`, and no node.
fn serving() -> (Transport, Record) {
    answering(|sent| {
        let name = sent.path.rsplit('/').next().unwrap();
        match name {
            "test-a" => wire::json(
                200,
                json!({"metadata": {"name": "test-a", "uid": "n"}, "status": {"phase": "Active"}}),
            ),
            "web" => {
                wire::json(200, object("web", "uid-web", json!([owner("Deployment", "top", "uid-top")])))
            }
            "top" => wire::json(200, object("top", "uid-top", json!([]))),
            other => not_found(other),
        }
    })
}

#[tokio::test]
async fn everything_is_read_once_for_all_objects_and_all_questions() {
    let (transport, record) = serving();
    let surroundings = Surroundings::new(transport, catalogue());
    let owners = || json!([owner("ReplicaSet", "web", "uid-web")]);
    for name in ["web-1", "web-2"] {
        let pod = pod(name, owners());
        let found = surroundings.facts(&pod, &others()).await;
        let namespace = found.facts.get(&Fact::Namespace("test-a".to_owned())).unwrap();
        assert_eq!(namespace["status"]["phase"], "Active");
        assert_eq!(found.facts.get(&Fact::Node("node-1".to_owned())), Some(&Value::Null));
        assert_eq!(found.facts.get(&Fact::Owner("uid-web".to_owned())), Some(&true.into()));
        assert!(found.unknown.is_empty());
        let above = surroundings.above(&pod).await;
        let names: Vec<String> = above.present().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["ReplicaSet web", "Deployment top"]);
        assert_eq!(above.namespace.unwrap().name(), "test-a");
        assert!(above.unknown.is_empty());
    }
    let (one, other) = tokio::join!(surroundings.node("node-2"), surroundings.node("node-2"));
    assert!(matches!((one, other), (Known::Absent, Known::Absent)));
    let mut lines = record.lines();
    lines.sort();
    assert_eq!(
        lines,
        [
            "GET /api/v1/namespaces/test-a",
            "GET /api/v1/nodes/node-1",
            "GET /api/v1/nodes/node-2",
            "GET /apis/apps/v1/namespaces/test-a/deployments/top",
            "GET /apis/apps/v1/namespaces/test-a/replicasets/web",
        ]
    );
    let whole = |path: &str| {
        let sent = record.sent().into_iter().find(|sent| sent.path.ends_with(path)).unwrap();
        !sent.header("accept").contains("PartialObjectMetadata")
    };
    assert!(whole("namespaces/test-a") && whole("node-1") && !whole("replicasets/web"));
}

#[tokio::test]
async fn what_was_listed_before_is_not_read_and_another_uid_is_another_object() {
    let (transport, record) = serving();
    let surroundings = Surroundings::new(transport, catalogue());
    let namespace = Observation::new(json!({"metadata": {"name": "test-a", "uid": "n"}}));
    surroundings.remember(&resource("", "v1", "Namespace", "namespaces", false), namespace);
    assert!(matches!(surroundings.namespace("test-a").await, Known::There(_)));
    assert!(record.lines().is_empty());

    let orphan = pod("web-1", json!([owner("ReplicaSet", "web", "uid-of-one-before")]));
    let asked = Others { owners: true, ..Others::default() };
    let found = surroundings.facts(&orphan, &asked).await;
    assert_eq!(found.facts.get(&Fact::Owner("uid-of-one-before".to_owned())), Some(&false.into()));
    let above = surroundings.above(&orphan).await;
    assert!(above.present().is_empty() && above.unknown.is_empty());
    // It stands for the pod's replacements all the same.
    assert_eq!(above.ancestors[0].uid, "uid-of-one-before");
}

#[tokio::test]
async fn what_cannot_be_read_is_unknown_and_says_why() {
    for (code, why) in [
        (403, "not permitted: grant get on replicasets.apps in test-a"),
        (503, "the server answered 503: no"),
    ] {
        let (transport, record) = answering(move |sent| match sent.path.rsplit('/').next().unwrap() {
            "test-a" => wire::json(200, json!({"metadata": {"name": "test-a", "uid": "n"}})),
            _ => wire::text(code, "no"),
        });
        let surroundings = Surroundings::new(transport, catalogue());
        let pod = pod("web-1", json!([owner("ReplicaSet", "web", "uid-web")]));
        let asked = Others { owners: true, ..Others::default() };
        let found = surroundings.facts(&pod, &asked).await;
        let fact = Fact::Owner("uid-web".to_owned());
        assert_eq!(found.facts.get(&fact), None);
        let [(unknown, reason)] = found.unknown.as_slice() else { panic!("{:?}", found.unknown) };
        assert_eq!((unknown, reason.to_string().as_str()), (&fact, why));
        let above = surroundings.above(&pod).await;
        let told =
            format!("its controller apps/v1/ReplicaSet web cannot be read, and it could be protected: {why}");
        assert_eq!(above.unknown, [told]);
        // A failure is not asked for again within one question either.
        assert_eq!(record.lines().len(), 2);
    }
}

#[tokio::test]
async fn a_kind_that_is_not_served_leaves_unknown_what_hangs_on_it() {
    let (transport, _) = serving();
    let surroundings = Surroundings::new(transport, catalogue());
    let owners = json!([
        {"apiVersion": "k.io/v1", "kind": "Run", "name": "r", "uid": "uid-run", "controller": true}
    ]);
    let pod = pod("web-1", owners);
    let found = surroundings.facts(&pod, &others()).await;
    let (_, why) = found.unknown.first().unwrap();
    assert_eq!(*why, Unknown::NotServed { kind: "k.io/v1/Run r".to_owned() });
    assert_eq!(
        surroundings.above(&pod).await.unknown,
        [
            "its controller k.io/v1/Run r is of a kind that the server does not serve, and it could be protected"
        ]
    );
}

#[tokio::test]
async fn an_object_whose_namespace_is_gone_may_be_protected() {
    let (transport, _) = answering(|sent| not_found(sent.path.rsplit('/').next().unwrap()));
    let surroundings = Surroundings::new(transport, catalogue());
    let Above { namespace, unknown, .. } = surroundings.above(&pod("web-1", json!([]))).await;
    assert!(namespace.is_none());
    assert_eq!(unknown, ["namespace test-a is gone"]);
}

on_both!(
    the_namespace_and_the_controllers_of_a_pod_are_found_where_they_are,
    without_rights_what_stands_around_a_pod_is_unknown,
);

async fn the_namespace_and_the_controllers_of_a_pod_are_found_where_they_are(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let set = json!({"metadata": {"name": "web"}, "spec": {
        "replicas": 0, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    }});
    let set = scene.create("replicasets.apps", &set).await;
    let uid = set["metadata"]["uid"].as_str().unwrap();
    let pod = Observation::new(json!({"metadata": {
        "name": "web-1", "namespace": scene.namespace, "uid": "pod",
        "ownerReferences": [owner("ReplicaSet", "web", uid)],
    }}));
    let (surroundings, _) = around(&scene).await;
    let above = surroundings.above(&pod).await;
    assert_eq!(above.unknown, Vec::<String>::new());
    assert_eq!(above.namespace.as_ref().unwrap().name(), scene.namespace);
    assert_eq!(above.present()[0].0, "ReplicaSet web");
    let found = surroundings.facts(&pod, &others()).await;
    assert_eq!(found.facts.get(&Fact::Owner(uid.to_owned())), Some(&true.into()));
    let namespace = found.facts.get(&Fact::Namespace(scene.namespace.clone())).unwrap();
    assert_eq!(namespace["status"]["phase"], "Active");
}

async fn without_rights_what_stands_around_a_pod_is_unknown(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let (surroundings, namespace) = around(&scene).await;
    let pod = Observation::new(json!({"metadata": {"name": "web-1", "namespace": namespace, "uid": "pod"}}));
    let asked = Others { namespaces: Some(Projection::default()), ..Others::default() };
    let found = surroundings.facts(&pod, &asked).await;
    let forbidden = Unknown::Forbidden { grant: "get on namespaces".to_owned() };
    assert_eq!(found.unknown, [(Fact::Namespace(namespace), forbidden)]);
}

/// What the scene's account sees of it.
async fn around(scene: &Scene) -> (Surroundings, String) {
    let transport = wire::transport(scene.account().client().await);
    let catalogue = Arc::new(discover(&transport).await.unwrap());
    (Surroundings::new(transport, catalogue), scene.namespace.clone())
}
