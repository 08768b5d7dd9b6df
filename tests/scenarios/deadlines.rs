//! Time: what is due is done when it is due, never before.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Stage, install_crd, on_both, shapes};

on_both!(
    a_vm_in_error_unschedulable_is_deleted_at_its_deadline_and_not_before,
    a_vm_that_recovers_a_moment_before_its_deadline_is_spared_and_nothing_is_sent,
    a_vm_over_age_goes_and_one_younger_stays_until_it_is_as_old,
    no_deadline_is_early_while_the_servers_clock_is_still_being_learnt,
    once_the_servers_clock_is_known_a_deadline_is_met_within_a_moment,
);

const MACHINES: &str = "virtualmachines.kubevirt.io";

const UNSCHEDULABLE: &str = "
- name: vm-unschedulable
  watch: virtualmachines.kubevirt.io
  match:
    - field: { path: $.status.printableStatus, equals: ErrorUnschedulable }
  for: 4s
  actions: [ { delete: {} } ]
";

async fn set_status(scene: &Scene, name: &str, status: &str) {
    let status = json!({"printableStatus": status});
    scene.objects.set_status(MACHINES, &scene.namespace, name, &status).await;
}

async fn a_vm_in_error_unschedulable_is_deleted_at_its_deadline_and_not_before(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    install_crd(&scene.objects, MACHINES).await;
    let daemon = scene.daemon(UNSCHEDULABLE, &[]).await;
    scene.create(MACHINES, &shapes::virtual_machine("vm", "Starting")).await;
    a_while().await;
    set_status(&scene, "vm", "ErrorUnschedulable").await;
    let stuck = scene.done_by_test("patch", "virtualmachines/status", "vm").await;
    // A change that keeps the rule true does not start its time anew.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let note = json!({"metadata": {"annotations": {"note": "still waiting"}}});
    let noted = scene.objects.patch(MACHINES, &scene.namespace, "vm", &note).await;
    scene.wait_until_gone(MACHINES, "vm").await;

    let writes = scene.writes().await;
    assert_eq!(writes.summary(), [format!("delete virtualmachines {}/vm 200", scene.namespace)]);
    assert_on_time("the delete", stuck, Duration::from_secs(4), writes[0].received);
    assert_preconditions(&writes[0], &noted);
    let told = daemon.lines_with(&format!("delete {} · test/vm-unschedulable", scene.called(MACHINES, "vm")));
    assert_eq!(told.len(), 1, "{told:?}");
    let told: Value = serde_json::from_str(&told[0]).unwrap();
    assert_eq!((&told["outcome"], &told["uid"]), (&json!("done"), &noted["metadata"]["uid"]), "{told}");
    assert!(told["reason"].as_str().unwrap().contains("ErrorUnschedulable"), "{told}");
}

async fn a_vm_that_recovers_a_moment_before_its_deadline_is_spared_and_nothing_is_sent(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    install_crd(&scene.objects, MACHINES).await;
    let _daemon = scene.daemon(UNSCHEDULABLE, &[]).await;
    scene.create(MACHINES, &shapes::virtual_machine("vm", "ErrorUnschedulable")).await;
    tokio::time::sleep(Duration::from_millis(3500)).await;
    set_status(&scene, "vm", "Running").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    let about_it = scene.sent().await.only(|request| request.name == "vm");
    assert!(about_it.is_empty(), "not even looked at: {:?}", about_it.summary());

    // It falls ill again: its time counts from then.
    set_status(&scene, "vm", "ErrorUnschedulable").await;
    let again = scene.done_by_test("patch", "virtualmachines/status", "vm").await;
    scene.wait_until_gone(MACHINES, "vm").await;
    assert_on_time("the delete", again, Duration::from_secs(4), scene.writes().await[0].received);
}

async fn a_vm_over_age_goes_and_one_younger_stays_until_it_is_as_old(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    install_crd(&scene.objects, MACHINES).await;
    let rules = "
- name: vm-stale
  watch: vm
  match: [ { age: { over: 4s } } ]
  actions: [ { delete: {} } ]
";
    let old = scene.create(MACHINES, &shapes::virtual_machine("old", "Running")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let young = scene.create(MACHINES, &shapes::virtual_machine("young", "Running")).await;
    let _daemon = scene.daemon(rules, &[]).await;
    scene.wait_until_gone(MACHINES, "old").await;
    let held = shapes::with_finalizers(shapes::virtual_machine("unborn", "Running"), &[]);
    scene.create(MACHINES, &held).await;
    scene.wait_until_gone(MACHINES, "young").await;
    assert!(scene.exists(MACHINES, "unborn").await);

    let writes = scene.writes().await;
    assert_eq!(writes.len(), 2, "{:?}", writes.summary());
    for (write, vm) in writes.iter().zip([old, young]) {
        let created: Timestamp = vm["metadata"]["creationTimestamp"].as_str().unwrap().parse().unwrap();
        assert_preconditions(write, &vm);
        assert_on_time(&write.name, created, Duration::from_secs(4), write.received);
    }
}

/// The server's clock becomes known to a fraction of a second only by and by: what has been begun
/// meanwhile must not end early by it.
async fn no_deadline_is_early_while_the_servers_clock_is_still_being_learnt(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let _daemon = scene.daemon(&bad_rule("for: 2s\n  actions: [ { delete: {} } ]"), &[]).await;
    let names: Vec<String> = (0..16).map(|number| format!("map-{number}")).collect();
    for name in &names {
        scene.bad(name).await;
        tokio::time::sleep(Duration::from_millis(170)).await;
    }
    for name in &names {
        scene.wait_until_gone("configmaps", name).await;
    }
    let (writes, all) = (scene.writes().await, scene.all().await);
    assert_eq!(writes.len(), names.len(), "{:?}", writes.summary());
    for write in writes.iter() {
        let made = all.iter().find(|request| request.verb == "create" && request.name == write.name).unwrap();
        assert_on_time(&write.name, made.received, Duration::from_secs(2), write.received);
    }
}

async fn once_the_servers_clock_is_known_a_deadline_is_met_within_a_moment(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let _daemon = scene.daemon(&bad_rule("for: 3s\n  actions: [ { delete: {} } ]"), &[]).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let names: Vec<String> = (0..7).map(|number| format!("map-{number}")).collect();
    for name in &names {
        scene.bad(name).await;
        tokio::time::sleep(Duration::from_millis(230)).await;
    }
    for name in &names {
        scene.wait_until_gone("configmaps", name).await;
    }
    let (writes, all) = (scene.writes().await, scene.all().await);
    let mut late: Vec<SignedDuration> = Vec::new();
    for write in writes.iter() {
        let made = all.iter().find(|request| request.verb == "create" && request.name == write.name).unwrap();
        assert_on_time(&write.name, made.received, Duration::from_secs(3), write.received);
        late.push(write.received.duration_since(made.received) - SignedDuration::from_secs(3));
    }
    // The middle one: a machine that is busy for a moment does not count.
    late.sort();
    assert!(late[late.len() / 2] < SignedDuration::from_millis(200), "{late:?}");
    let asked = scene.sent().await.only(|request| request.uri == "/version").len();
    assert!(asked <= 10, "{asked} questions");
}
