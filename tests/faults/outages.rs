//! The server goes and comes back, with or without its memory of old versions.

use std::time::Duration;

use crate::support::scene::*;
use crate::support::{Answer, Options, Proxy, Seen, Stage, install_crd, on_both, shapes, wait_until};

on_both!(
    after_the_api_server_was_killed_and_started_what_fell_due_is_done_and_nothing_is_sent_twice,
    after_etcd_was_compacted_everything_is_listed_afresh_and_nothing_is_missed_or_begun_anew,
    after_a_moment_of_403_a_new_kind_still_wakes_its_rules_at_once,
    a_server_that_comes_back_as_another_version_is_asked_again_what_it_serves,
);

fn rule(hold: &str) -> String {
    bad_rule(&format!("for: {hold}\n  actions: [ {{ delete: {{}} }} ]"))
}

/// How long the server is away: `K8S_HEALER_TEST_OUTAGE=600`, in seconds, makes it longer.
fn outage() -> Duration {
    let seconds = std::env::var("K8S_HEALER_TEST_OUTAGE").ok().map(|seconds| seconds.parse().unwrap());
    Duration::from_secs(seconds.unwrap_or(2))
}

async fn after_the_api_server_was_killed_and_started_what_fell_due_is_done_and_nothing_is_sent_twice(
    stage: Stage,
) {
    let Some(plane) = stage.own(Options::default()).await else { return };
    let mut scene = Scene::on(&plane.cluster()).await;
    let mut daemon = scene.daemon(&rule("3s"), &[]).await;
    scene.bad("before").await;
    scene.wait_until_gone("configmaps", "before").await;
    scene.bad("meanwhile").await;
    scene.bad("cured").await;
    let made = scene.done_by_test("create", "configmaps", "meanwhile").await;
    scene.cure("cured").await;
    a_while().await;
    plane.stop_apiserver();
    daemon.wait_for_line("the watch was interrupted", SOON).await;
    // It falls due while there is no server.
    tokio::time::sleep(outage()).await;
    plane.start_apiserver();
    scene.objects = plane.cluster().objects().await;
    // The server is tried every half minute once it has been away for long.
    scene.objects.wait_until_gone("configmaps", &scene.namespace, "meanwhile", SOON * 2).await;
    scene.bad("after").await;
    scene.wait_until_gone("configmaps", "after").await;
    a_while().await;

    let writes = scene.writes().await;
    let deleted = ["before", "meanwhile", "after"]
        .map(|name| format!("delete configmaps {}/{name} 200", scene.namespace));
    assert_eq!(writes.summary(), deleted);
    assert!(writes[1].received.duration_since(made) >= jiff::SignedDuration::from_secs(3));
    assert!(scene.exists("configmaps", "cured").await);
    let told = daemon.lines_with("the watch was interrupted");
    assert!(told.len() <= 3, "told once a reason, not at every try: {told:?}");
    assert_eq!(daemon.terminate().status.code(), Some(0));
}

async fn after_etcd_was_compacted_everything_is_listed_afresh_and_nothing_is_missed_or_begun_anew(
    stage: Stage,
) {
    let options = Options { apiserver_flags: vec!["--watch-cache=false".into()], ..Options::default() };
    let Some(plane) = stage.own(options).await else { return };
    let scene = Scene::on(&plane.cluster()).await;
    let proxy = Proxy::start(scene.account());
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rule("8s"), &[]).await;
    for name in ["steady", "removed", "cured"] {
        scene.bad(name).await;
    }
    let steady = scene.done_by_test("create", "configmaps", "steady").await;
    daemon.wait_for_lines("new object", 3, SOON).await;
    proxy.refuse_connections(true);
    daemon.wait_for_line("the watch was interrupted", SOON).await;
    scene.objects.delete("configmaps", &scene.namespace, "removed").await;
    scene.cure("cured").await;
    scene.bad("new").await;
    let new = scene.done_by_test("create", "configmaps", "new").await;
    plane.compact().await;
    proxy.refuse_connections(false);
    for name in ["steady", "new"] {
        scene.wait_until_gone("configmaps", name).await;
    }
    a_while().await;

    assert!(daemon.lines_with("410").len() <= 2, "{:?}", daemon.lines_with("410"));
    assert!(!daemon.lines_with("410").is_empty(), "the version had expired: {:?}", daemon.lines());
    let writes = scene.writes().await;
    let deleted = ["steady", "new"].map(|name| format!("delete configmaps {}/{name} 200", scene.namespace));
    assert_eq!(writes.summary(), deleted);
    // Unchanged through the gap, as its version proves: its time was not begun anew.
    assert_on_time("steady", steady, Duration::from_secs(8), writes[0].received);
    assert!(writes[1].received.duration_since(new) >= jiff::SignedDuration::from_secs(8));
}

/// A server that starts refuses everybody for a moment, until it has read who may do what.
async fn after_a_moment_of_403_a_new_kind_still_wakes_its_rules_at_once(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let volumes = "datavolumes.cdi.kubevirt.io";
    let rules = format!(
        "{}- name: volumes
  watch: {volumes}
  match: [ {{ phase: [Failed] }} ]
  actions: [ {{ delete: {{}} }} ]
",
        rule("1s")
    );
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rules, &[]).await;
    let definitions = |seen: &Seen| seen.is_watch_of("customresourcedefinitions");
    wait_until("pods, namespaces and definitions are watched", SOON, || async { proxy.open_watches() == 3 })
        .await;
    // A few seconds after its start the daemon asks once more what is served: that must be over.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mark = proxy.mark();
    proxy.answer(definitions, Answer::status(403), 1);
    proxy.cut_watches();
    let watched = || async { proxy.seen()[mark..].iter().filter(|seen| definitions(seen)).count() >= 2 };
    wait_until("definitions are watched again", SOON, watched).await;
    install_crd(&scene.objects, volumes).await;
    daemon.wait_for_line("the server serves this kind now", Duration::from_secs(10)).await;
    scene.create(volumes, &shapes::data_volume("volume", "Failed")).await;
    scene.wait_until_gone(volumes, "volume").await;
}

async fn a_server_that_comes_back_as_another_version_is_asked_again_what_it_serves(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rule("1s"), &[]).await;
    // A few seconds after its start the daemon asks once more what is served: that must be over.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let is_discovery = |seen: &Seen| seen.path == "/apis";
    let asked = |mark: usize| proxy.seen()[mark..].iter().filter(|seen| is_discovery(seen)).count();
    let mark = proxy.mark();
    let version = Answer { body: r#"{"gitVersion": "v1.99.0"}"#.to_owned(), ..Answer::status(200) };
    proxy.answer(|seen| seen.path == "/version", version, 100);
    proxy.refuse_connections(true);
    daemon.wait_for_line("the watch was interrupted", SOON).await;
    assert_eq!(asked(mark), 0);
    proxy.refuse_connections(false);
    let line = daemon.wait_for_line("the server is v1.99.0 now, and was v", SOON).await;
    assert_eq!(daemon.lines_with("v1.99.0 now").len(), 1, "{line}");
    wait_until("what it serves is asked", SOON, || async { asked(mark) >= 1 }).await;
    scene.bad("after").await;
    scene.wait_until_gone("configmaps", "after").await;
}
