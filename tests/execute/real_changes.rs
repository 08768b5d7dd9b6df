//! On the sandbox and on a real API server: patches, scales and Events do what they say, to this object in this
//! version alone.

use k8s_healer::cluster::execute::{Outcome, execute};
use k8s_healer::cluster::read::read_object;
use k8s_healer::cluster::resource::Resource;
use k8s_healer::cluster::transport::Transport;
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::observation::Observation;
use serde_json::{Value, json};

use crate::changes::{deployments, event, merge, operations};
use crate::support::{Stage, on_both, shapes};
use crate::wire::{resource, transport};

on_both!(
    a_change_is_made_to_this_object_in_this_version_alone,
    a_test_of_the_rules_own_that_fails_changes_nothing,
    an_event_is_there_once_and_shown_beside_its_object,
    an_event_in_a_namespace_that_ends_is_not_made_and_no_failure,
);

fn maps() -> Resource {
    resource("", "v1", "ConfigMap", "configmaps", true)
}

async fn read(transport: &Transport, resource: &Resource, namespace: &str, name: &str) -> Observation {
    read_object(transport, resource, Some(namespace), name).await.unwrap().unwrap()
}

/// The same with another value of its metadata.
fn with(live: &Observation, field: &str, value: &str) -> Observation {
    let mut object = live.object().clone();
    object["metadata"][field] = value.into();
    Observation::new(object)
}

fn detail(outcome: &Outcome) -> &str {
    let Outcome::Done { detail, .. } = outcome else { panic!("{outcome:?}") };
    detail
}

async fn a_change_is_made_to_this_object_in_this_version_alone(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    let mut deployment = shapes::replica_set("web", 3);
    deployment["metadata"]["labels"] = json!({"app": "web"});
    objects.create("deployments.apps", &namespace, &deployment).await;
    objects.create("configmaps", &namespace, &json!({"metadata": {"name": "map"}, "data": {"a": "1"}})).await;
    let replace =
        |path: &str, value: Value| operations(json!([{"op": "replace", "path": path, "value": value}]));
    let all: [(Resource, &str, Effect, &str, Value); 4] = [
        (
            deployments(),
            "web",
            merge(json!({"spec": {"replicas": 1}}), Some("scale")),
            "/spec/replicas",
            json!(1),
        ),
        (deployments(), "web", merge(json!({"spec": {"paused": true}}), None), "/spec/paused", json!(true)),
        (maps(), "map", replace("/data/a", json!("2")), "/data/a", json!("2")),
        (maps(), "map", merge(json!({"data": {"a": null, "b": "3"}}), None), "/data", json!({"b": "3"})),
    ];
    for (resource, name, effect, place, expected) in all {
        let live = read(&transport, &resource, &namespace, name).await;
        let stranger = with(&live, "uid", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
        let older = with(&live, "resourceVersion", "1");
        for wrong in [stranger, older] {
            let outcome = execute(&transport, &resource, &wrong, &effect, false).await;
            assert!(matches!(outcome, Outcome::Changed { .. }), "{effect:?}: {outcome:?}");
        }
        assert_eq!(
            detail(&execute(&transport, &resource, &live, &effect, true).await),
            "dry run accepted: patched"
        );
        let same = read(&transport, &resource, &namespace, name).await;
        assert_eq!(same.resource_version(), live.resource_version(), "nothing was changed yet");
        assert_eq!(detail(&execute(&transport, &resource, &live, &effect, false).await), "patched");
        let after = read(&transport, &resource, &namespace, name).await;
        assert_eq!(after.object().pointer(place), Some(&expected));
        assert_eq!(after.uid(), live.uid());
        let again = execute(&transport, &resource, &live, &effect, false).await;
        assert!(matches!(again, Outcome::Changed { .. }), "{again:?}");
    }
}

async fn a_test_of_the_rules_own_that_fails_changes_nothing(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    objects.create("configmaps", &namespace, &json!({"metadata": {"name": "map"}, "data": {"a": "1"}})).await;
    let live = read(&transport, &maps(), &namespace, "map").await;
    let effect = operations(json!([
        {"op": "add", "path": "/data/b", "value": "2"}, {"op": "test", "path": "/data/a", "value": "2"},
    ]));
    let outcome = execute(&transport, &maps(), &live, &effect, false).await;
    assert!(matches!(outcome, Outcome::Changed { .. }), "{outcome:?}");
    assert_eq!(read(&transport, &maps(), &namespace, "map").await, live);
}

async fn an_event_is_there_once_and_shown_beside_its_object(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    objects.create("configmaps", &namespace, &json!({"metadata": {"name": "map"}})).await;
    let live = read(&transport, &maps(), &namespace, "map").await;
    let (resource, effect) = (maps(), event("it leaks"));
    let told = |dry_run| execute(&transport, &resource, &live, &effect, dry_run);
    assert_eq!(detail(&told(true).await), "dry run accepted: told: it leaks");
    assert_eq!(objects.list("events", &namespace).await.len(), 0);
    assert_eq!(detail(&told(false).await), "told: it leaks");
    assert_eq!(detail(&told(false).await), "told before");
    let events = objects.list("events", &namespace).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["involvedObject"]["uid"], live.uid());
    assert_eq!(events[0]["reason"], "VmStale");
    assert_eq!(read(&transport, &maps(), &namespace, "map").await, live, "the object is not touched");
}

async fn an_event_in_a_namespace_that_ends_is_not_made_and_no_failure(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    let held = shapes::with_finalizers(json!({"metadata": {"name": "map"}}), &["test.io/a"]);
    objects.create("configmaps", &namespace, &held).await;
    objects.delete("namespaces", "", &namespace).await;
    let live = read(&transport, &maps(), &namespace, "map").await;
    let outcome = execute(&transport, &maps(), &live, &event("a"), false).await;
    assert_eq!(detail(&outcome), "no event: the namespace is being terminated");
    let free = json!({"metadata": {"finalizers": null}});
    objects.patch("configmaps", &namespace, "map", &free).await;
}
