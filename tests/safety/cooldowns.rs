//! Replacements are left alone, also where the server is slow to tell what it did.

use std::time::Duration;

use k8s_healer_engine::rule::Mode;
use serde_json::json;

use crate::world::{Sent, World, after_start};

const RULE: &str = "- name: failed\n  watch: pods\n  cooldown: 10m\n  match: [ { phase: Failed } ]\n  actions: [ { delete: {} } ]\n";

/// Deletes at once, replaces a second later, and answers only then, with this or as a good server.
fn slow(status: Option<u16>) -> World {
    let world = World::answering(move |world: World, sent: Sent| async move {
        let first = world.writes().len() == 1;
        if sent.method != "DELETE" || !first {
            return None;
        }
        world.remove("web");
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let created = after_start(sent.second + 1);
        world.put("web", &json!({"metadata": {"creationTimestamp": created}}));
        tokio::time::sleep(Duration::from_millis(2500)).await;
        Some((status.unwrap_or(200), json!({"kind": "Status", "status": "Success"})))
    });
    world.put("web", &json!({"metadata": {"creationTimestamp": after_start(-60)}}));
    world
}

#[tokio::test(start_paused = true)]
async fn a_replacement_made_before_the_server_answered_waits_too() {
    let world = slow(None);
    world.heal(Mode::Enforce, RULE, 3600).await;
    let writes = world.writes();
    assert!(writes.len() >= 2 && writes[1].at - writes[0].at >= 600.0, "{writes:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_replacement_after_a_deletion_without_an_answer_waits_too() {
    let world = slow(Some(504));
    world.heal(Mode::Enforce, RULE, 3600).await;
    let writes = world.writes();
    assert!(writes.len() >= 2 && writes[1].at - writes[0].at >= 600.0, "{writes:#?}");
}
