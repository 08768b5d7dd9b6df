//! Patches, scales and Events: each one's request, to the letter, and what is made of the answers.

use k8s_healer::cluster::execute::{Outcome, execute};
use k8s_healer::cluster::resource::Resource;
use k8s_healer_engine::change::Change;
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::observation::Observation;
use serde_json::{Value, json};

use crate::wire::{self, Sent, answering, pods, resource};
use crate::writes::web;

pub(crate) fn merge(change: Value, part: Option<&'static str>) -> Effect {
    Effect::Patch { change: Change::Merge(change), part, told: "patched".to_owned() }
}

pub(crate) fn operations(operations: Value) -> Effect {
    let operations = serde_json::from_value(operations).unwrap();
    Effect::Patch { change: Change::Json(operations), part: None, told: "patched".to_owned() }
}

pub(crate) fn event(message: &str) -> Effect {
    let at = "2026-01-31T12:00:00.5Z".parse().unwrap();
    Effect::Event { rule: "vm-stale".to_owned(), message: message.to_owned(), at }
}

pub(crate) fn deployments() -> Resource {
    resource("apps", "v1", "Deployment", "deployments", true)
}

async fn only(resource: &Resource, live: &Observation, effect: &Effect, dry_run: bool) -> Sent {
    let (transport, record) = answering(|_| wire::json(200, json!({"kind": "Status", "status": "Success"})));
    let outcome = execute(&transport, resource, live, effect, dry_run).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let mut sent = record.sent();
    assert_eq!(sent.len(), 1);
    sent.remove(0)
}

async fn answered(effect: &Effect, status: u16, body: Value, dry_run: bool) -> Outcome {
    let (transport, record) = answering(move |_| wire::json(status, body.clone()));
    let outcome = execute(&transport, &pods(), &web(), effect, dry_run).await;
    assert_eq!(record.sent().len(), 1, "nothing is sent twice");
    outcome
}

#[tokio::test]
async fn a_merge_names_the_uid_and_the_version_beside_what_it_changes() {
    let effect = merge(json!({"spec": {"a": [1], "b": null}, "metadata": {"labels": {"x": "y"}}}), None);
    let request = only(&deployments(), &web(), &effect, false).await;
    let path = "/apis/apps/v1/namespaces/test-a/deployments/web?fieldManager=k8s-healer";
    assert_eq!((request.method.as_str(), &*request.path), ("PATCH", path));
    assert_eq!(request.header("content-type"), "application/merge-patch+json");
    let change = json!({
        "metadata": {"uid": "uid-1", "resourceVersion": "7", "labels": {"x": "y"}},
        "spec": {"a": [1], "b": null},
    });
    assert_eq!(request.body, change);
    assert_eq!(only(&deployments(), &web(), &effect, true).await.path, format!("{path}&dryRun=All"));
}

#[tokio::test]
async fn operations_come_after_the_tests_of_the_uid_and_the_version() {
    let own = json!([
        {"op": "test", "path": "/spec/a", "value": 1},
        {"op": "move", "from": "/spec/a", "path": "/spec/b"},
        {"op": "remove", "path": "/spec/c"},
    ]);
    let request = only(&pods(), &web(), &operations(own.clone()), false).await;
    assert_eq!(request.header("content-type"), "application/json-patch+json");
    let mut expected = json!([
        {"op": "test", "path": "/metadata/uid", "value": "uid-1"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
    ]);
    expected.as_array_mut().unwrap().extend(own.as_array().unwrap().iter().cloned());
    assert_eq!(request.body, expected);
}

#[tokio::test]
async fn a_part_of_an_object_is_patched_by_its_own_path() {
    let effect = merge(json!({"spec": {"replicas": 0}}), Some("scale"));
    let request = only(&deployments(), &web(), &effect, true).await;
    let path = "/apis/apps/v1/namespaces/test-a/deployments/web/scale?fieldManager=k8s-healer&dryRun=All";
    assert_eq!(request.path, path);
    let change = json!({"metadata": {"uid": "uid-1", "resourceVersion": "7"}, "spec": {"replicas": 0}});
    assert_eq!(request.body, change);
}

#[tokio::test]
async fn an_event_tells_of_the_very_object_and_is_the_same_each_time() {
    let request = only(&pods(), &web(), &event("it leaks"), false).await;
    let path = "/api/v1/namespaces/test-a/events?fieldManager=k8s-healer";
    assert_eq!((request.method.as_str(), &*request.path), ("POST", path));
    let name = request.body["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("web.") && name.len() == 20, "{name}");
    let expected = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"namespace": "test-a", "name": name},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "namespace": "test-a", "name": "web", "uid": "uid-1",
            "resourceVersion": "7",
        },
        "type": "Warning", "reason": "VmStale", "message": "it leaks", "count": 1,
        "firstTimestamp": "2026-01-31T12:00:00Z", "lastTimestamp": "2026-01-31T12:00:00Z",
        "source": {"component": "k8s-healer"},
        "reportingComponent": "k8s-healer", "reportingInstance": "",
    });
    assert_eq!(request.body, expected);
    let again = only(&pods(), &web(), &event("it leaks"), true).await;
    assert_eq!((again.path, again.body), (format!("{path}&dryRun=All"), request.body));
    let other = only(&pods(), &web(), &event("it leaks more"), false).await;
    assert_ne!(other.body["metadata"]["name"], expected["metadata"]["name"]);
}

#[tokio::test]
async fn an_event_about_what_lies_in_no_namespace_is_in_the_default_one() {
    let nodes = resource("", "v1", "Node", "nodes", false);
    let node = json!({"metadata": {"name": "node-1", "uid": "uid-1", "resourceVersion": "7"}});
    let request = only(&nodes, &Observation::new(node), &event("it is tired"), false).await;
    assert_eq!(request.path, "/api/v1/namespaces/default/events?fieldManager=k8s-healer");
    assert_eq!(request.body["metadata"]["namespace"], "default");
    assert_eq!(request.body["involvedObject"]["namespace"], Value::Null);
}

#[tokio::test]
async fn no_event_is_sent_about_an_event() {
    for events in [
        resource("", "v1", "Event", "events", true),
        resource("events.k8s.io", "v1", "Event", "events", true),
    ] {
        let (transport, record) = answering(|_| wire::json(201, json!({})));
        let outcome = execute(&transport, &events, &web(), &event("a"), false).await;
        assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
        assert_eq!(record.lines(), [""; 0]);
    }
}

fn status(code: u16, reason: &str, message: &str, details: Value) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": message, "details": details,
    })
}

#[tokio::test]
async fn a_patch_of_another_version_or_whose_test_fails_looks_again() {
    let stale =
        status(409, "Conflict", "the object has been modified", json!({"name": "web", "kind": "pods"}));
    let all = [
        merge(json!({"spec": {"a": 1}}), None),
        merge(json!({"spec": {"replicas": 1}}), Some("scale")),
        operations(json!([{"op": "remove", "path": "/spec/a"}])),
    ];
    for effect in &all {
        let outcome = answered(effect, 409, stale.clone(), false).await;
        assert!(matches!(outcome, Outcome::Changed { .. }), "{outcome:?}");
    }
    let failed =
        status(422, "Invalid", "the server rejected our request due to an error in our request", json!({}));
    let outcome = answered(&all[2], 422, failed.clone(), false).await;
    assert!(matches!(outcome, Outcome::Changed { .. }), "{outcome:?}");
    let outcome = answered(&all[0], 422, failed, false).await;
    assert!(matches!(outcome, Outcome::Rejected { .. }), "a merge has no tests: {outcome:?}");
    let causes = json!({"name": "web", "causes": [{"reason": "FieldValueInvalid", "field": "spec.a", "message": "no"}]});
    let invalid = status(422, "Invalid", "spec.a: Invalid value", causes);
    for effect in &all {
        let outcome = answered(effect, 422, invalid.clone(), false).await;
        assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn an_event_that_is_there_or_has_no_place_any_more_keeps_nothing_from_being_done() {
    let there = status(409, "AlreadyExists", "events \"web.1\" already exists", json!({"name": "web.1"}));
    let ending = status(
        403,
        "Forbidden",
        "events \"web.1\" is forbidden: unable to create new content in namespace test-a because it is being terminated",
        json!({"name": "web.1", "causes": [{"reason": "NamespaceTerminating", "field": "metadata.namespace", "message": "namespace test-a is being terminated"}]}),
    );
    for (code, body) in [(409, there), (403, ending)] {
        let outcome = answered(&event("a"), code, body, false).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }
    let words = "events is forbidden: User \"a\" cannot create resource \"events\" in API group \"\" in the namespace \"test-a\"";
    let outcome =
        answered(&event("a"), 403, status(403, "Forbidden", words, json!({"kind": "events"})), false).await;
    let Outcome::Forbidden { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.starts_with("grant create on events in test-a: "), "{reason}");
    let words =
        "deployments.apps \"web\" is forbidden: User \"a\" cannot patch resource \"deployments/scale\"";
    let effect = merge(json!({"spec": {"replicas": 0}}), Some("scale"));
    let outcome =
        answered(&effect, 403, status(403, "Forbidden", words, json!({"name": "web"})), false).await;
    let Outcome::Forbidden { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.starts_with("grant patch on pods/scale in test-a: "), "{reason}");
}
