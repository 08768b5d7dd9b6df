//! A breaker that has opened: nothing is sent, it is told, and a person or a fallen share closes it.

use std::time::Duration;

use serde_json::json;

use crate::healer::{Healer, parsed, rule};
use crate::support::scene::*;
use crate::support::{Stage, on_both, shapes};

on_both!(
    in_a_storm_the_breaker_opens_and_a_person_lets_it_go_on,
    once_the_share_has_fallen_it_closes_after_the_cooldown,
);

const NAMES: [&str; 6] = ["map-0", "map-1", "map-2", "map-3", "map-4", "map-5"];

/// Six objects, of which five fall ill; the server may keep one more of the kind.
async fn storm(scene: &Scene, cooldown: &str) -> Healer {
    for name in NAMES {
        scene.create("configmaps", &shapes::with_labels(bad(name), &[("state", "good")])).await;
    }
    let keys = format!(
        "breaker: {{ share: 50%, from: 4 }}\ncooldown: {cooldown}\nfor: 1s\nactions: [ {{ delete: {{}} }} ]"
    );
    let mut healer = Healer::start(scene, &rule("bad", "configmaps", &keys), &[]).await;
    let falls_ill = json!({"metadata": {"labels": {"state": "bad"}}});
    for name in &NAMES[..5] {
        scene.objects.patch("configmaps", &scene.namespace, name, &falls_ill).await;
    }
    let opened = healer.wait_for_line("whose breaker has opened", SOON).await;
    assert!(opened.contains("test/bad") && opened.contains("more than 50%"), "{opened}");
    for name in &NAMES[..5] {
        healer.wait_for_line(&format!("held back: delete {}", scene.called("configmaps", name)), SOON).await;
    }
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    healer
}

async fn in_a_storm_the_breaker_opens_and_a_person_lets_it_go_on(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut healer = storm(&scene, "1h").await;
    let status = healer.status().await;
    assert_eq!(status["breakers"][0]["rule"], "test/bad", "{status}");
    let (_, page) = healer.command(&["status"]).await;
    assert!(page.contains("`k8s-healer daemon resume test/bad` closes it"), "{page}");

    let (exit_code, said) = healer.command(&["resume", "test/bd"]).await;
    assert!(exit_code == 2 && said.contains("did you mean `test/bad`?"), "{exit_code} {said}");
    let (exit_code, said) = healer.command(&["resume"]).await;
    assert!(exit_code == 0 && said.contains("it goes on"), "{exit_code} {said}");
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0], "that ends a pause alone");

    let (exit_code, said) = healer.command(&["resume", "test/bad"]).await;
    assert!(exit_code == 0 && said.contains("the breaker of test/bad is closed"), "{exit_code} {said}");
    for name in &NAMES[..5] {
        scene.wait_until_gone("configmaps", name).await;
    }
    let (exit_code, said) = healer.command(&["resume", "test/bad"]).await;
    assert!(exit_code == 0 && said.contains("is not open"), "{exit_code} {said}");
    assert_eq!(healer.status().await["breakers"], json!([]));
    assert_eq!(scene.writes().await.len(), 5);
    assert!(scene.exists("configmaps", "map-5").await);
    let closed = healer.wait_for_line("its breaker is closed", SOON).await;
    assert_eq!(parsed(&closed)["rule"], "test/bad", "{closed}");
}

async fn once_the_share_has_fallen_it_closes_after_the_cooldown(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut healer = storm(&scene, "3s").await;
    for name in &NAMES[..3] {
        scene.cure(name).await;
    }
    let fallen = scene.done_by_test("patch", "configmaps", "map-1").await;
    for name in &NAMES[3..5] {
        scene.wait_until_gone("configmaps", name).await;
    }
    healer.wait_for_line("its breaker is closed", SOON).await;
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 2, "{:?}", writes.summary());
    for write in writes.iter() {
        let since = write.received.duration_since(fallen);
        assert!(since >= Duration::from_secs(3).try_into().unwrap(), "{since}");
    }
}
