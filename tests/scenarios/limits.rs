//! Limits: where too much matches at once, nothing is sent to any of it, and it is told why; of what may be under way
//! at once, no more is.

use crate::support::scene::*;
use crate::support::{Stage, on_both, shapes};

on_both!(
    in_a_storm_nothing_is_sent_and_once_it_is_over_what_is_left_is_healed,
    one_at_a_time_goes_and_the_next_when_it_is_gone,
);

async fn in_a_storm_nothing_is_sent_and_once_it_is_over_what_is_left_is_healed(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let names: Vec<String> = (0..10).map(|number| format!("map-{number}")).collect();
    for name in &names {
        scene.create("configmaps", &shapes::with_labels(bad(name), &[("state", "good")])).await;
    }
    // The server itself keeps a config map in each namespace.
    let rule = bad_rule("limits: { maxUnhealthy: 4, from: 5 }\n  for: 1s\n  actions: [ { delete: {} } ]");
    let mut daemon = scene.daemon(&rule, &[]).await;
    let falls_ill = serde_json::json!({"metadata": {"labels": {"state": "bad"}}});
    for name in &names[..6] {
        scene.objects.patch("configmaps", &scene.namespace, name, &falls_ill).await;
    }
    for name in &names[..6] {
        daemon.wait_for_line(&format!("held back: delete {}", scene.called("configmaps", name)), SOON).await;
    }
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    let told = daemon.lines_with("6 of ");
    assert_eq!(told.len(), 6, "once each: {told:?}");
    for name in &names[..2] {
        scene.cure(name).await;
    }
    for name in &names[2..6] {
        scene.wait_until_gone("configmaps", name).await;
    }
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 4, "{:?}", writes.summary());
    assert!(scene.exists("configmaps", "map-0").await && scene.exists("configmaps", "map-9").await);
}

async fn one_at_a_time_goes_and_the_next_when_it_is_gone(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    for name in ["map-0", "map-1", "map-2"] {
        let object = shapes::with_finalizers(bad(name), &["example.com/slow"]);
        scene.create("configmaps", &shapes::with_labels(object, &[("state", "good")])).await;
    }
    let rule = bad_rule("limits: { inFlight: { max: 1 } }\n  actions: [ { delete: {} } ]");
    let mut daemon = scene.daemon(&rule, &[]).await;
    let falls_ill = serde_json::json!({"metadata": {"labels": {"state": "bad"}}});
    let heals = serde_json::json!({"metadata": {"finalizers": null}});
    for name in ["map-0", "map-1", "map-2"] {
        scene.objects.patch("configmaps", &scene.namespace, name, &falls_ill).await;
        if name == "map-0" {
            daemon.wait_for_line(&format!("delete {}", scene.called("configmaps", name)), SOON).await;
        } else {
            let held = format!("held back: delete {}", scene.called("configmaps", name));
            let line = daemon.wait_for_line(&held, SOON).await;
            assert!(line.contains("1 in flight, and inFlight is 1"), "{line}");
        }
    }
    for (index, name) in ["map-0", "map-1", "map-2"].into_iter().enumerate() {
        a_while().await;
        assert_eq!(scene.writes().await.len(), index + 1, "{:?}", scene.writes().await.summary());
        scene.objects.patch("configmaps", &scene.namespace, name, &heals).await;
        scene.wait_until_gone("configmaps", name).await;
    }
}
