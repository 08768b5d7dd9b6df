//! Evictions that a budget refuses, up to what replaces them.

use k8s_healer_engine::rule::Mode;
use serde_json::json;

use crate::answers::over_budget;
use crate::world::{Sent, World};

const RULE: &str = "- name: evict\n  watch: pods\n  match: [ { phase: Failed } ]\n  actions: [ { evict: { fallback: delete, giveUp: 30s } } ]\n";

fn refusing() -> World {
    let world = World::answering(|_, sent| async move { sent.path.ends_with("/eviction").then(over_budget) });
    world.put("web", &json!({}));
    world
}

#[tokio::test(start_paused = true)]
async fn in_dry_run_mode_the_fallback_of_an_eviction_deletes_nothing() {
    let world = refusing();
    world.heal(Mode::DryRun, RULE, 3600).await;
    let writes = world.writes();
    assert!(!writes.is_empty());
    assert!(writes.iter().all(Sent::is_dry_run), "{writes:#?}");
    let fallbacks = writes.iter().filter(|write| write.method == "DELETE").count();
    assert_eq!(fallbacks, 1, "what would follow is asked once");
}

#[tokio::test(start_paused = true)]
async fn in_enforce_mode_the_fallback_deletes_once_its_time_has_passed_and_not_before() {
    let world = refusing();
    world.heal(Mode::Enforce, RULE, 3600).await;
    let real: Vec<_> = world.writes().into_iter().filter(|write| !write.is_dry_run()).collect();
    let [delete] = real.as_slice() else { panic!("{real:#?}") };
    assert_eq!(delete.method, "DELETE");
    assert!(delete.at >= 30.0, "{delete:?}");
    let preconditions = &delete.body["preconditions"];
    assert!(preconditions["uid"].is_string() && preconditions["resourceVersion"].is_string());
}

#[tokio::test(start_paused = true)]
async fn without_a_fallback_a_refused_eviction_is_given_up_for_good() {
    let world = refusing();
    world.heal(Mode::Enforce, &RULE.replace("fallback: delete, ", ""), 3600).await;
    let writes = world.writes();
    assert!(writes.iter().all(Sent::is_dry_run), "no budget is touched: {writes:#?}");
    assert!(writes.iter().all(|write| write.at < 70.0), "given up");
}
