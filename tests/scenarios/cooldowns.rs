//! A replacement of what a rule acted on is left alone for a while; its siblings need not wait for it.

use std::time::Duration;

use crate::support::scene::*;
use crate::support::{Stage, on_both, shapes};

on_both!(
    a_replacement_waits_for_the_cooldown_and_replicas_that_were_there_do_not,
    without_an_owner_the_name_stands_for_the_replacement,
);

const RULE: &str = "
- name: crash-loop
  watch: pods
  match:
    - containers: { waiting: [CrashLoopBackOff] }
  cooldown: 5s
  actions: [ { delete: {} } ]
";

async fn a_replacement_waits_for_the_cooldown_and_replicas_that_were_there_do_not(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let (set, other) = (replica_set(&scene, "set").await, replica_set(&scene, "other").await);
    for name in ["one", "two", "three"] {
        scene.create("pods", &shapes::owned(shapes::pod(name), &set)).await;
    }
    // Creation times have whole seconds, and the server's clock is known to one at first: these must be older
    // than the first action by both.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let mut daemon = scene.daemon(RULE, &[]).await;
    let crash = |name: &'static str| {
        let scene = &scene;
        async move {
            let status = shapes::waiting_status("CrashLoopBackOff", 5);
            scene.objects.set_status("pods", &scene.namespace, name, &status).await;
        }
    };
    crash("one").await;
    scene.wait_until_gone("pods", "one").await;
    let replacement = shapes::owned(shapes::crash_looping_pod("replacement"), &set);
    scene.create("pods", &replacement).await;
    let held = format!("held back: delete {}", scene.called("pods", "replacement"));
    let line = daemon.wait_for_line(&held, SOON).await;
    assert!(line.contains("it replaces what the rule acted on"), "{line}");
    // A sibling, and another owner's pod, are healed meanwhile.
    crash("two").await;
    scene.wait_until_gone("pods", "two").await;
    scene.create("pods", &shapes::owned(shapes::crash_looping_pod("foreign"), &other)).await;
    scene.wait_until_gone("pods", "foreign").await;
    assert!(scene.exists("pods", "replacement").await);
    scene.wait_until_gone("pods", "replacement").await;

    let writes = scene.writes().await;
    let names: Vec<&str> = writes.iter().map(|write| write.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "foreign", "replacement"]);
    // The cooldown counts from the last action on the owner's pods.
    assert_on_time("the delete", writes[1].received, Duration::from_secs(5), writes[3].received);
    assert!(scene.exists("pods", "three").await);
    assert_eq!(daemon.lines_with(&held).len(), 1);
}

async fn without_an_owner_the_name_stands_for_the_replacement(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let _daemon = scene.daemon(&bad_rule("cooldown: 4s\n  actions: [ { delete: {} } ]"), &[]).await;
    scene.bad("map").await;
    scene.wait_until_gone("configmaps", "map").await;
    scene.bad("map").await;
    scene.bad("another").await;
    scene.wait_until_gone("configmaps", "another").await;
    scene.wait_until_gone("configmaps", "map").await;
    let writes = scene.writes().await;
    let names: Vec<&str> = writes.iter().map(|write| write.name.as_str()).collect();
    assert_eq!(names, ["map", "another", "map"]);
    assert_on_time("the delete", writes[0].received, Duration::from_secs(4), writes[2].received);
}
