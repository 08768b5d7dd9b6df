//! Objects that stay because of a finalizer: only those that the rule names go, and only once the object is
//! terminating for as long as the rule says.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Request, Stage, install_crd, on_both, shapes, wait_until};

on_both!(
    a_vm_stuck_behind_a_finalizer_loses_only_the_named_one_and_only_once_terminating,
    a_glob_never_takes_the_finalizers_of_kubernetes_and_nothing_is_taken_before_its_time,
);

const MACHINES: &str = "virtualmachines.kubevirt.io";

/// The patch takes these, of all that the object has, and proves first that it is the object as it was read.
fn assert_strips(patch: &Request, object: &Value, finalizers: &[&str]) {
    assert!(patch.body.is_array(), "a JSON patch: {:?}", patch.body);
    let all: Vec<Value> = patch.body.as_array().unwrap().clone();
    let all_of = |op: &str| all.iter().filter(|one| one["op"] == op).cloned().collect::<Vec<_>>();
    let tests = all_of("test");
    let tested = |path: &str| tests.iter().find(|one| one["path"] == path).map(|one| one["value"].clone());
    assert_eq!(tested("/metadata/uid").as_ref(), Some(&object["metadata"]["uid"]));
    assert!(tested("/metadata/resourceVersion").is_some());
    let removed: Vec<Value> =
        all_of("remove").iter().filter_map(|one| tested(one["path"].as_str().unwrap())).collect();
    assert_eq!(removed, finalizers.iter().rev().map(|name| json!(name)).collect::<Vec<_>>());
    assert_eq!(all.len(), tests.len() + removed.len(), "nothing else: {all:?}");
}

async fn finalizers_of(scene: &Scene, resource: &str, name: &str) -> Value {
    let object = scene.objects.get(resource, &scene.namespace, name).await.expect("it is held");
    object["metadata"]["finalizers"].clone()
}

async fn a_vm_stuck_behind_a_finalizer_loses_only_the_named_one_and_only_once_terminating(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    install_crd(&scene.objects, MACHINES).await;
    let rules = "
- name: vm-stuck
  watch: vm
  match:
    - field: { path: $.status.printableStatus, equals: ErrorUnschedulable }
  actions:
    - delete: {}
    - stripFinalizers: { after: 3s, only: [kubevirt.io/*] }
";
    let finalizers = ["kubevirt.io/controller", "example.com/keep", "kubevirt.io/other"];
    let vm = |status: &str| shapes::with_finalizers(shapes::virtual_machine("vm", status), &finalizers);
    let stuck = scene.create(MACHINES, &vm("ErrorUnschedulable")).await;
    let mut well = vm("Running");
    well["metadata"]["name"] = "well".into();
    scene.create(MACHINES, &well).await;
    let _daemon = scene.daemon(rules, &[]).await;
    let left = || async { finalizers_of(&scene, MACHINES, "vm").await == json!(["example.com/keep"]) };
    wait_until("the named finalizers are gone", SOON, left).await;
    a_while().await;

    let writes = scene.writes().await;
    let called = format!("virtualmachines {}/vm 200", scene.namespace);
    assert_eq!(writes.summary(), [format!("delete {called}"), format!("patch {called}")]);
    assert_preconditions(&writes[0], &stuck);
    assert_on_time("the patch", writes[0].received, Duration::from_secs(3), writes[1].received);
    assert_strips(&writes[1], &stuck, &["kubevirt.io/controller", "kubevirt.io/other"]);
    assert_eq!(finalizers_of(&scene, MACHINES, "well").await, json!(finalizers));
    // The rest is nobody's business but its owner's.
    let free = json!({"metadata": {"finalizers": null}});
    for name in ["vm", "well"] {
        scene.objects.patch(MACHINES, &scene.namespace, name, &free).await;
    }
}

async fn a_glob_never_takes_the_finalizers_of_kubernetes_and_nothing_is_taken_before_its_time(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = "
- name: stuck
  watch: configmaps
  match: [ { terminating: { over: 3s } } ]
  actions: [ { stripFinalizers: { only: [\"*\"] } } ]
";
    let finalizers = ["foregroundDeletion", "example.com/a", "storage.kubernetes.io/b", "b.example.com/c"];
    for name in ["stuck", "alive"] {
        scene
            .create("configmaps", &shapes::with_finalizers(json!({"metadata": {"name": name}}), &finalizers))
            .await;
    }
    let _daemon = scene.daemon(rules, &[]).await;
    a_while().await;
    scene.objects.delete("configmaps", &scene.namespace, "stuck").await;
    let asked = scene.done_by_test("delete", "configmaps", "stuck").await;
    let left = json!(["foregroundDeletion", "storage.kubernetes.io/b"]);
    wait_until("the others are gone", SOON, || async {
        finalizers_of(&scene, "configmaps", "stuck").await == left
    })
    .await;
    a_while().await;

    let writes = scene.writes().await;
    assert_eq!(writes.summary(), [format!("patch configmaps {}/stuck 200", scene.namespace)]);
    // A deletionTimestamp has whole seconds and counts as the start of its second.
    let second = jiff::Timestamp::from_second(asked.as_second()).unwrap();
    assert_on_time("the patch", second, Duration::from_secs(3), writes[0].received);
    let stuck = scene.objects.get("configmaps", &scene.namespace, "stuck").await.unwrap();
    assert_strips(&writes[0], &stuck, &["example.com/a", "b.example.com/c"]);
    let free = json!({"metadata": {"finalizers": null}});
    for name in ["stuck", "alive"] {
        scene.objects.patch("configmaps", &scene.namespace, name, &free).await;
    }
}
