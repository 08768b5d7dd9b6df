//! The weaker modes write nothing, whatever happens and however long it takes.

use k8s_healer_engine::rule::Mode;
use serde_json::{Value, json};

use crate::world::{World, after_start};

const RULE: &str = "- name: failed\n  watch: pods\n  match: [ { phase: Failed } ]\n  actions: [ { label: { a: b } }, { delete: { after: 1m } }, { stripFinalizers: { only: a/*, after: 2m } } ]\n";

fn held() -> World {
    let world = World::good();
    world.put("web", &json!({"metadata": {"finalizers": ["a/b"]}}));
    world
}

#[tokio::test(start_paused = true)]
async fn in_observe_mode_a_day_passes_without_a_write() {
    let world = held();
    world.heal(Mode::Observe, RULE, 86_400).await;
    assert_eq!(world.writes().len(), 0);
    let rule = RULE.replace("watch: pods\n", "watch: pods\n  mode: observe\n");
    let world = held();
    world.heal(Mode::Enforce, &rule, 3600).await;
    assert_eq!(world.writes().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn in_dry_run_mode_only_the_first_step_is_asked_and_nothing_is_done() {
    let world = held();
    world.heal(Mode::DryRun, RULE, 3600).await;
    let writes = world.writes();
    assert!(writes.len() == 1 && writes[0].is_dry_run(), "{writes:#?}");
}

#[tokio::test(start_paused = true)]
async fn in_enforce_mode_each_step_is_sent_once_at_its_time() {
    let world = World::answering(|world: World, sent| async move {
        if sent.method != "DELETE" {
            return None;
        }
        let deleted =
            json!({"metadata": {"finalizers": ["a/b"], "deletionTimestamp": after_start(sent.second)}});
        world.put("web", &deleted);
        Some((200, json!({"kind": "Status"})))
    });
    world.put("web", &json!({"metadata": {"finalizers": ["a/b"]}}));
    world.heal(Mode::Enforce, RULE, 3600).await;
    let writes = world.writes();
    let methods: Vec<&str> = writes.iter().map(|write| write.method.as_str()).collect();
    assert_eq!(methods, ["PATCH", "DELETE", "PATCH"], "{writes:#?}");
    assert!(writes[1].at - writes[0].at >= 60.0 && writes[2].at - writes[1].at >= 120.0, "{writes:#?}");
    let operations: Vec<&Value> = writes[2].body.as_array().unwrap().iter().map(|one| &one["op"]).collect();
    assert_eq!(operations, ["test", "test", "test", "remove"]);
}
