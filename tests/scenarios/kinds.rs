//! Kinds that come and go while the daemon runs.

use serde_json::Value;

use crate::support::scene::*;
use crate::support::{Options, Stage, install_crd, on_both, remove_crd, shapes, unique};

on_both!(a_kind_that_comes_wakes_its_rules_and_one_that_goes_lays_them_to_sleep_and_nothing_else,);

const MACHINES: &str = "virtualmachines.kubevirt.io";

async fn a_kind_that_comes_wakes_its_rules_and_one_that_goes_lays_them_to_sleep_and_nothing_else(
    stage: Stage,
) {
    // Of its own: the definition goes, with the objects of all.
    let Some(plane) = stage.own(Options::default()).await else { return };
    let scene = Scene::on(&plane.cluster()).await;
    let machines = "
- name: vm-unschedulable
  watch: virtualmachines.kubevirt.io
  match:
    - field: { path: $.status.printableStatus, equals: ErrorUnschedulable }
  for: 1s
  actions: [ { delete: {} } ]
";
    let rules = format!("{machines}{}", bad_rule("actions: [ { delete: {} } ]"));
    let mut daemon = scene.daemon(&rules, &[]).await;
    let dormant = daemon.wait_for_line("dormant", SOON).await;
    let dormant: Value = serde_json::from_str(&dormant).unwrap();
    assert_eq!((&dormant["kind"], &dormant["rules"]), (&MACHINES.into(), &"test/vm-unschedulable".into()));
    for round in 1..=2 {
        install_crd(&scene.objects, MACHINES).await;
        for name in [unique("one"), unique("other")] {
            scene.create(MACHINES, &shapes::virtual_machine(&name, "ErrorUnschedulable")).await;
            scene.wait_until_gone(MACHINES, &name).await;
        }
        // Names of their own: a replacement would wait for the cooldown.
        let (before, after) = (unique("before"), unique("after"));
        scene.bad(&before).await;
        scene.wait_until_gone("configmaps", &before).await;
        scene.create(MACHINES, &shapes::virtual_machine("well", "Running")).await;
        remove_crd(&scene.objects, MACHINES).await;
        daemon.wait_for_lines("does not serve this kind any more", round, SOON).await;
        // What is left goes on.
        scene.bad(&after).await;
        scene.wait_until_gone("configmaps", &after).await;
    }
    let requests = scene.sent().await.of("virtualmachines").len();
    a_while().await;
    let late = scene.sent().await.of("virtualmachines");
    assert_eq!(late.len(), requests, "a kind that is not served is not asked for: {:?}", late.summary());
    let deletes = scene.writes().await.only(|request| request.code == 200);
    let of = |resource: &str| deletes.clone().of(resource).len();
    assert_eq!(
        (of("virtualmachines"), of("configmaps"), deletes.len()),
        (4, 4, 8),
        "{:?}",
        deletes.summary()
    );
    assert_eq!(daemon.terminate().status.code(), Some(0));
}
