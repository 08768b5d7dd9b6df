//! Watches that break: cut within a line, refused because their version is too old.

use std::time::Duration;

use crate::support::scene::*;
use crate::support::{Answer, Proxy, Seen, Stage, on_both, wait_until};

on_both!(
    a_watch_that_is_cut_within_a_line_goes_on_where_it_was_and_no_time_begins_anew,
    while_the_watch_is_broken_nothing_is_done_on_what_is_remembered,
    a_watch_that_is_refused_with_410_at_its_start_is_replaced_by_one_fresh_list,
    a_server_that_refuses_every_watch_with_410_is_not_asked_in_a_loop,
    an_expired_version_told_in_the_stream_is_replaced_by_one_fresh_list,
);

fn rule(hold: &str) -> String {
    bad_rule(&format!("for: {hold}\n  actions: [ {{ delete: {{}} }} ]"))
}

fn is_streamed_list(seen: &Seen) -> bool {
    seen.is_watch_of("configmaps") && seen.has_parameter("sendInitialEvents", "true")
}

fn is_resumed(seen: &Seen) -> bool {
    seen.is_watch_of("configmaps") && !is_streamed_list(seen)
}

async fn a_watch_that_is_cut_within_a_line_goes_on_where_it_was_and_no_time_begins_anew(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rule("6s"), &[]).await;
    scene.bad("steady").await;
    scene.bad("cured").await;
    daemon.wait_for_lines("new object", 2, SOON).await;
    proxy.cut_watches();
    scene.bad("meanwhile").await;
    scene.cure("cured").await;
    daemon.wait_for_line("the watch follows again", SOON).await;
    for name in ["steady", "meanwhile"] {
        scene.wait_until_gone("configmaps", name).await;
    }
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 2, "{:?}", writes.summary());
    let again = proxy.seen_that(is_resumed).last().unwrap().at;
    for write in writes.iter() {
        let made = scene.done_by_test("create", "configmaps", &write.name).await;
        let seen = if write.name == "meanwhile" { again } else { made };
        assert_on_time_after_a_gap(&write.name, made, seen, Duration::from_secs(6), write.received);
    }
    let lists = proxy.seen_that(|seen| is_streamed_list(seen) || seen.is_list_of("configmaps"));
    assert_eq!(lists.len(), 1, "it is not listed again");
}

async fn while_the_watch_is_broken_nothing_is_done_on_what_is_remembered(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rule("2s"), &[]).await;
    scene.bad("map").await;
    daemon.wait_for_line("new object", SOON).await;
    // Reads and writes would pass; only the watches do not come back.
    proxy.answer(Seen::is_watch, Answer::status(503), usize::MAX);
    proxy.cut_watches();
    daemon.wait_for_line("the watch was interrupted", SOON).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    let tries = proxy.seen_that(is_resumed).len();
    assert!((2..=8).contains(&tries), "{tries} tries in about five seconds");
    proxy.clear_faults();
    scene.wait_until_gone("configmaps", "map").await;
    assert_eq!(scene.writes().await.len(), 1);
}

async fn a_watch_that_is_refused_with_410_at_its_start_is_replaced_by_one_fresh_list(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rule("6s"), &[]).await;
    scene.bad("steady").await;
    scene.bad("removed").await;
    daemon.wait_for_lines("new object", 2, SOON).await;
    let mark = proxy.mark();
    proxy.answer(is_resumed, Answer::status(410), usize::MAX);
    proxy.cut_watches();
    daemon.wait_for_line("the watch was interrupted", SOON).await;
    scene.objects.delete("configmaps", &scene.namespace, "removed").await;
    scene.bad("meanwhile").await;
    for name in ["steady", "meanwhile"] {
        scene.wait_until_gone("configmaps", name).await;
    }
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 2, "{:?}", writes.summary());
    let listed = proxy.seen_that(is_streamed_list).last().unwrap().at;
    for write in writes.iter() {
        let made = scene.done_by_test("create", "configmaps", &write.name).await;
        let seen = if write.name == "meanwhile" { listed } else { made };
        assert_on_time_after_a_gap(&write.name, made, seen, Duration::from_secs(6), write.received);
    }
    let after = &proxy.seen()[mark..];
    let count = |matches: fn(&Seen) -> bool| after.iter().filter(|seen| matches(seen)).count();
    assert_eq!((count(is_resumed), count(is_streamed_list)), (1, 1), "refused once, listed once");
}

async fn a_server_that_refuses_every_watch_with_410_is_not_asked_in_a_loop(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    // No streaming list to hold on to: it must list pages and watch from their version.
    proxy.answer(|seen| seen.has_parameter("sendInitialEvents", "true"), Answer::status(400), usize::MAX);
    proxy.answer(is_resumed, Answer::status(410), usize::MAX);
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rule("2s"), &[]).await;
    daemon.wait_for_line("the watch was interrupted", SOON).await;
    scene.bad("map").await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let asked = |seen: &Seen| seen.path.ends_with("/configmaps");
    let requests = proxy.seen_that(asked).len();
    assert!((3..=12).contains(&requests), "{requests} requests in about seven seconds");
    proxy.clear_faults();
    scene.wait_until_gone("configmaps", "map").await;
    let told = daemon.lines_with("the watch was interrupted").len();
    assert!(told <= 6, "{told} lines");
}

async fn an_expired_version_told_in_the_stream_is_replaced_by_one_fresh_list(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rule("4s"), &[]).await;
    scene.bad("map").await;
    daemon.wait_for_line("new object", SOON).await;
    let mark = proxy.mark();
    proxy.answer(is_resumed, Answer::expired_in_stream(), usize::MAX);
    proxy.cut_watches();
    let listed = || async { proxy.seen()[mark..].iter().any(is_streamed_list) };
    wait_until("it lists", SOON, listed).await;
    scene.wait_until_gone("configmaps", "map").await;
    let made = scene.done_by_test("create", "configmaps", "map").await;
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 1, "{:?}", writes.summary());
    assert_on_time("map", made, Duration::from_secs(4), writes[0].received);
    assert_eq!(proxy.seen()[mark..].iter().filter(|seen| is_streamed_list(seen)).count(), 1);
}
