//! `daemon pause` and `daemon resume`: nothing is sent from then on, also after a crash, and then all that is due.

use std::time::Duration;

use jiff::Timestamp;

use crate::healer::{Healer, rule};
use crate::support::scene::*;
use crate::support::{Fault, Proxy, Seen, Stage, on_both, wait_until};

on_both!(
    a_pause_holds_back_what_is_due_through_a_crash_until_resume,
    a_pause_stops_what_is_being_looked_at_already,
);

async fn a_pause_holds_back_what_is_due_through_a_crash_until_resume(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let later = rule("later", "configmaps", "for: 2s\nactions: [ { delete: {} } ]");
    let mut healer = Healer::start(&scene, &later, &[]).await;
    scene.bad("due").await;
    scene.bad("cured").await;
    let (exit_code, said) = healer.command(&["pause", "--reason", "a look at the cluster"]).await;
    assert_eq!(exit_code, 0, "{said}");
    let before = Timestamp::now();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    let paused = healer.status().await["paused"].clone();
    assert_eq!(paused["reason"], "a look at the cluster");
    let since: Timestamp = paused["since"].as_str().unwrap().parse().unwrap();
    assert!(since <= before, "{since}");
    let (exit_code, page) = healer.command(&["status"]).await;
    assert!(exit_code == 1 && page.contains("a look at the cluster"), "{page}");

    healer.kill_and_start();
    healer.until_ready().await;
    scene.bad("later").await;
    scene.cure("cured").await;
    // Rules that change do not end it.
    healer.change(&later.replace("2s", "1s")).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    assert_eq!(healer.status().await["paused"], paused);
    // Once more, without a reason: it goes on.
    healer.command(&["pause"]).await;
    assert_eq!(healer.status().await["paused"], paused);

    let (exit_code, said) = healer.command(&["resume"]).await;
    assert_eq!(exit_code, 0, "{said}");
    for name in ["due", "later"] {
        scene.wait_until_gone("configmaps", name).await;
    }
    a_while().await;
    assert_eq!(scene.writes().await.len(), 2);
    assert!(healer.status().await["paused"].is_null());
    healer.kill_and_start();
    healer.until_ready().await;
    scene.bad("last").await;
    scene.wait_until_gone("configmaps", "last").await;
}

async fn a_pause_stops_what_is_being_looked_at_already(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let delete = rule("delete", "configmaps", "actions: [ { delete: {} } ]");
    let healer = Healer::start_at(&scene, &proxy.kubeconfig(), &delete, &[]).await;
    let is_live_read =
        |seen: &Seen| seen.method == http::Method::GET && seen.path.ends_with("/configmaps/due");
    proxy.inject(is_live_read, Fault::Delay(Duration::from_secs(3)), 1);
    scene.bad("due").await;
    wait_until("it is being read", SOON, || async { !proxy.seen_that(is_live_read).is_empty() }).await;
    let (exit_code, said) = healer.command(&["pause"]).await;
    assert_eq!(exit_code, 0, "{said}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    healer.command(&["resume"]).await;
    scene.wait_until_gone("configmaps", "due").await;
    a_while().await;
    assert_eq!(scene.writes().await.len(), 1);
}
