//! Limits: where too much matches at once, nothing is sent to any of it, and it is told why; of what may be under way
//! at once, no more is.

use crate::support::scene::*;
use crate::support::{Grant, Scene, Stage, on_both, shapes};

on_both!(
    in_a_storm_nothing_is_sent_and_once_it_is_over_what_is_left_is_healed,
    one_at_a_time_goes_and_the_next_when_it_is_gone,
    limits_hold_where_rights_reach_no_further_than_a_namespace,
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

/// What is counted is what may be seen: the objects of the namespace that the rule looks into.
async fn limits_hold_where_rights_reach_no_further_than_a_namespace(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let rules = serde_json::json!([
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch", "delete"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    ]);
    Grant::to(&scene, &scene.namespace, &rules).await;
    for name in ["map-0", "map-1", "map-2", "map-3"] {
        scene.create("configmaps", &shapes::with_labels(bad(name), &[("state", "good")])).await;
    }
    let limits = "limits: { maxUnhealthy: 1, from: 2 }\n  for: 1s\n  actions: [ { delete: {} } ]";
    let rule = bad_rule(limits).replace("match:", &format!("namespaces: [{}]\n  match:", scene.namespace));
    let mut daemon = scene.starting_daemon_at(scene.account().kubeconfig(), &rule, &[]);
    daemon.wait_for_line("it is watched in each of 1 namespaces", SOON).await;
    daemon.wait_for_line("\"listed\"", SOON).await;
    let falls_ill = serde_json::json!({"metadata": {"labels": {"state": "bad"}}});
    for name in ["map-0", "map-1"] {
        scene.objects.patch("configmaps", &scene.namespace, name, &falls_ill).await;
    }
    for name in ["map-0", "map-1"] {
        daemon.wait_for_line(&format!("held back: delete {}", scene.called("configmaps", name)), SOON).await;
    }
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    scene.cure("map-0").await;
    scene.wait_until_gone("configmaps", "map-1").await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [format!("delete configmaps {}/map-1 200", scene.namespace)]);
}
