//! Until what was deleted is gone.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::support::scene::*;
use crate::support::{Daemon, Scene, Stage, on_both, shapes, wait_until};
use crate::{DELETE, program, sweep, sweep_by};

on_both!(
    it_waits_until_what_holds_an_object_lets_it_go,
    what_is_still_there_is_told_with_what_holds_it,
    later_steps_are_done_in_the_time_that_it_waits,
    it_does_not_wait_for_steps_that_fall_due_after_its_time,
    a_refused_eviction_is_tried_again_while_it_waits,
    an_interrupt_ends_it_in_order_and_tells_what_was_done,
);

const HOLDS: &str = "example.com/holds";

async fn held(scene: &Scene, name: &str) {
    scene.create("configmaps", &shapes::with_finalizers(bad(name), &[HOLDS])).await;
}

async fn let_go(scene: &Scene, name: &str) {
    let free = json!({"metadata": {"finalizers": null}});
    scene.objects.patch("configmaps", &scene.namespace, name, &free).await;
}

async fn is_going(scene: &Scene, name: &str) -> bool {
    let map = scene.objects.get("configmaps", &scene.namespace, name).await;
    map.is_some_and(|map| !map["metadata"]["deletionTimestamp"].is_null())
}

async fn it_waits_until_what_holds_an_object_lets_it_go(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    held(&scene, "map").await;
    let rules = bad_rule(DELETE);
    let letting_go = async {
        wait_until("it is deleted", SOON, || is_going(&scene, "map")).await;
        a_while().await;
        let before = scene.exists("configmaps", "map").await;
        let_go(&scene, "map").await;
        before
    };
    let (told, held_until_then) = tokio::join!(sweep(&scene, &rules, &["--wait"]), letting_go);
    assert!(held_until_then);
    told.assert(0, "1 deleted");
    assert_eq!(scene.writes().await.len(), 1);
}

async fn what_is_still_there_is_told_with_what_holds_it(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    held(&scene, "map").await;
    let rules = scene.rules_file(&bad_rule(DELETE));
    let there = format!("still there: {}: the finalizer {HOLDS} holds it", scene.called("configmaps", "map"));
    let told = sweep_by(&scene, &rules, &[]).await;
    told.assert(0, "1 deleted; 1 still going");
    assert!(told.lines().contains(&there), "{}", told.text);
    // By a second one, which finds its deletion asked for.
    let began = Instant::now();
    let told = sweep_by(&scene, &rules, &["--wait", "2s"]).await;
    told.assert(1, "nothing done; 1 still going");
    assert!(told.lines().contains(&there), "{}", told.text);
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert_eq!(scene.writes().await.len(), 1);
    let_go(&scene, "map").await;
}

const STEPS: &str = "actions: [ { label: { leaked: \"yes\" } }, { delete: { after: 1s } } ]";

async fn later_steps_are_done_in_the_time_that_it_waits(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.bad("map").await;
    let rules = scene.rules_file(&bad_rule(STEPS));
    sweep_by(&scene, &rules, &[]).await.assert(0, "1 labelled");
    assert!(scene.exists("configmaps", "map").await);
    sweep_by(&scene, &rules, &["--wait"]).await.assert(0, "1 deleted");
    let map = format!("configmaps {}/map 200", scene.namespace);
    assert_eq!(scene.writes().await.summary(), [format!("patch {map}"), format!("delete {map}")]);
}

async fn it_does_not_wait_for_steps_that_fall_due_after_its_time(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.bad("map").await;
    let began = Instant::now();
    let told = sweep(&scene, &bad_rule(&STEPS.replace("1s", "1h")), &["--wait", "30m"]).await;
    told.assert(0, "1 labelled");
    assert!(began.elapsed() < Duration::from_secs(60));
}

async fn a_refused_eviction_is_tried_again_while_it_waits(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = scene.rules_file(
        "- name: evict\n  watch: pods\n  match: [ { labels: { matchLabels: { move: away } } } ]\n  actions: [ { evict: {} } ]\n",
    );
    scene.create("pods", &shapes::with_labels(shapes::pod("app"), &[("move", "away")])).await;
    scene.create("poddisruptionbudgets.policy", &shapes::budget("budget", "app")).await;
    scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 0).await;
    sweep_by(&scene, &rules, &[]).await.assert(0, "1 held back");
    assert!(scene.exists("pods", "app").await);
    let allowing = async {
        a_while().await;
        scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 1).await;
    };
    let (told, ()) = tokio::join!(sweep_by(&scene, &rules, &["--wait"]), allowing);
    assert_eq!(told.status, Some(0), "{}{}", told.text, told.errors);
    assert!(told.lines().pop().unwrap().starts_with("1 evicted"), "{}", told.text);
    assert!(!scene.exists("pods", "app").await);
}

async fn an_interrupt_ends_it_in_order_and_tells_what_was_done(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    held(&scene, "map").await;
    let rules = scene.rules_file(&bad_rule(DELETE));
    let kubeconfig = scene.account().kubeconfig().to_str().unwrap();
    let command =
        program(&["sweep", "--rules", rules.to_str().unwrap(), "--kubeconfig", kubeconfig, "--wait", "10m"]);
    let mut running = Daemon::spawn(command);
    wait_until("it is deleted", SOON, || is_going(&scene, "map")).await;
    running.signal(Signal::INT);
    running.wait_for_line("1 deleted; not complete", SOON).await;
    wait_until("it has ended", SOON, || std::future::ready(running.has_ended().is_some())).await;
    assert_eq!(running.has_ended().unwrap().code(), Some(130));
    assert_eq!(running.lines_with("not complete: it was told to end").len(), 1, "{:?}", running.lines());
    let_go(&scene, "map").await;
}
