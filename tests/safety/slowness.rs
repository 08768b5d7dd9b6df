//! Between the judgement and the write time passes: what was true then must still be true.

use std::time::Duration;

use k8s_healer_engine::rule::Mode;
use serde_json::json;

use crate::world::World;

const NAMESPACE: &str = "/api/v1/namespaces/test-a";

#[tokio::test(start_paused = true)]
async fn a_rule_that_time_makes_untrue_while_the_guard_reads_sends_nothing() {
    let world = World::answering(|_, sent| async move {
        if sent.reads(NAMESPACE) {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        None
    });
    world.put("web", &json!({}));
    let rule =
        "- name: young\n  watch: pods\n  match: [ { age: { under: 8s } } ]\n  actions: [ { delete: {} } ]\n";
    world.heal(Mode::Enforce, rule, 600).await;
    assert!(world.sent().iter().any(|sent| sent.reads(NAMESPACE)), "it was due");
    assert_eq!(world.writes().len(), 0, "{:#?}", world.writes());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_once_the_watch_does_not_follow_any_more() {
    let world = World::answering(|world: World, sent| async move {
        if sent.reads(NAMESPACE) {
            // While the namespace is read, the watch breaks, and cannot be had again for a while.
            world.cut_watches();
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let broken = sent.at < 60.0
            && sent.path.contains("watch=")
            && world.sent().iter().any(|sent| sent.reads(NAMESPACE));
        broken.then(|| (500, json!({})))
    });
    world.put("web", &json!({}));
    let rule = "- name: failed\n  watch: pods\n  match: [ { phase: Failed } ]\n  for: 5s\n  actions: [ { delete: {} } ]\n";
    world.heal(Mode::Enforce, rule, 600).await;
    let writes = world.writes();
    assert!(writes.iter().all(|write| write.at >= 60.0), "{writes:#?}");
}
