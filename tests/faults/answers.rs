//! Single requests that go wrong: refused, failed, lost, or never answered.

use std::time::Duration;

use http::Method;
use jiff::SignedDuration;
use serde_json::Value;

use crate::support::scene::*;
use crate::support::{Answer, Daemon, Fault, Proxy, Seen, Stage, on_both, shapes, wait_until};

on_both!(
    while_the_credentials_do_not_count_nothing_is_done_and_then_it_goes_on,
    a_delete_that_is_refused_with_429_waits_as_long_as_the_server_asks,
    after_a_503_whose_outcome_is_unknown_the_object_is_read_before_anything_is_sent_again,
    a_delete_whose_answer_is_lost_is_not_sent_again,
    a_lost_answer_does_not_end_the_sequence_of_steps,
    a_restart_whose_answer_is_lost_is_not_asked_for_again,
    a_json_patch_of_which_nobody_knows_what_became_is_not_sent_again,
    a_read_that_is_never_answered_holds_up_its_own_object_alone_and_not_for_ever,
    a_namespace_that_cannot_be_read_could_be_protected_and_holds_back,
    a_conflict_is_looked_at_again_and_nothing_is_repeated_blindly,
);

const DELETE: &str = "actions: [ { delete: {} } ]";

fn is_delete(seen: &Seen) -> bool {
    seen.method == Method::DELETE
}

/// What was sent about one config map, in order.
fn about(proxy: &Proxy, name: &str) -> Vec<Seen> {
    let path = format!("/configmaps/{name}");
    proxy.seen_that(|seen| seen.path.ends_with(&path))
}

fn methods(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|one| one.method.as_str()).collect()
}

async fn while_the_credentials_do_not_count_nothing_is_done_and_then_it_goes_on(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]).await;
    proxy.answer(|_| true, Answer::status(401), usize::MAX);
    // The watch is still open: it falls due, and may not be read.
    scene.bad("seen").await;
    let line = daemon.wait_for_line("it fell due and cannot be read", SOON).await;
    assert!(line.contains("credentials"), "{line}");
    proxy.cut_watches();
    daemon.wait_for_line("watching is not permitted", SOON).await;
    scene.bad("unseen").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(proxy.seen_that(Seen::is_write).is_empty());
    assert_eq!(daemon.has_ended(), None);
    let requests = proxy.seen().len();
    assert!(requests < 60, "{requests} requests");
    proxy.clear_faults();
    for name in ["seen", "unseen"] {
        scene.wait_until_gone("configmaps", name).await;
    }
    assert_eq!(scene.writes().await.len(), 2);
}

async fn a_delete_that_is_refused_with_429_waits_as_long_as_the_server_asks(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    proxy.answer(is_delete, Answer::too_many_requests(4), 1);
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]).await;
    scene.bad("map").await;
    daemon.wait_for_line("refused: delete", SOON).await;
    scene.wait_until_gone("configmaps", "map").await;
    a_while().await;
    let sent = about(&proxy, "map");
    assert_eq!(methods(&sent), ["GET", "DELETE", "GET", "DELETE"]);
    assert_eq!((sent[1].status, sent[3].status), (Some(429), Some(200)));
    let waited = sent[3].at.duration_since(sent[1].at);
    assert!(waited >= SignedDuration::from_secs(4) && waited < SignedDuration::from_secs(9), "{waited:?}");
}

async fn after_a_503_whose_outcome_is_unknown_the_object_is_read_before_anything_is_sent_again(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    proxy.answer(is_delete, Answer::status(503), 2);
    let _daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]).await;
    scene.bad("map").await;
    scene.wait_until_gone("configmaps", "map").await;
    a_while().await;
    let sent = about(&proxy, "map");
    assert_eq!(methods(&sent), ["GET", "DELETE", "GET", "DELETE", "GET", "DELETE"]);
    let pause = |from: usize, to: usize| sent[to].at.duration_since(sent[from].at);
    assert!(pause(1, 3) >= SignedDuration::from_secs(1) && pause(3, 5) >= SignedDuration::from_secs(2));
}

async fn a_delete_whose_answer_is_lost_is_not_sent_again(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    proxy.inject(is_delete, Fault::LoseAnswer, 1);
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]).await;
    scene.bad("map").await;
    daemon.wait_for_line("outcome unknown", SOON).await;
    scene.wait_until_gone("configmaps", "map").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(proxy.seen_that(is_delete).len(), 1);
    assert_eq!(scene.writes().await.summary(), [format!("delete configmaps {}/map 200", scene.namespace)]);
}

async fn a_lost_answer_does_not_end_the_sequence_of_steps(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    proxy.inject(is_delete, Fault::LoseAnswer, 1);
    let steps = "actions: [ { delete: {} }, { stripFinalizers: { after: 3s, only: [example.com/*] } } ]";
    let _daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(steps), &[]).await;
    scene.create("configmaps", &shapes::with_finalizers(bad("map"), &["example.com/hold"])).await;
    scene.wait_until_gone("configmaps", "map").await;
    let writes = scene.writes().await;
    let called = format!("configmaps {}/map 200", scene.namespace);
    assert_eq!(writes.summary(), [format!("delete {called}"), format!("patch {called}")]);
    let waited = writes[1].received.duration_since(writes[0].received);
    // A deletionTimestamp has whole seconds and counts as the start of its second.
    assert!(waited >= SignedDuration::from_secs(2), "{waited:?}");
    assert!(writes[1].received.as_second() - writes[0].received.as_second() >= 3, "{waited:?}");
}

/// How many patches were sent until some time after the daemon has left it at one.
async fn patches(daemon: &mut Daemon, proxy: &Proxy) -> usize {
    daemon.wait_for_line("it may not be done twice", SOON).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    proxy.seen_that(is_patch).len()
}

fn is_patch(seen: &Seen) -> bool {
    seen.method == Method::PATCH
}

async fn a_restart_whose_answer_is_lost_is_not_asked_for_again(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    proxy.inject(is_patch, Fault::LoseAnswer, 1);
    scene
        .create("deployments.apps", &shapes::with_labels(shapes::replica_set("web", 1), &[("state", "bad")]))
        .await;
    let rule = bad_rule("actions: [ { restart: {} } ]").replace("configmaps", "deployments");
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rule, &[]).await;
    assert_eq!(patches(&mut daemon, &proxy).await, 1, "another one would roll out again");
    let web = scene.objects.get("deployments.apps", &scene.namespace, "web").await.unwrap();
    let annotations = &web["spec"]["template"]["metadata"]["annotations"];
    assert!(annotations["kubectl.kubernetes.io/restartedAt"].is_string(), "{web}");
}

async fn a_json_patch_of_which_nobody_knows_what_became_is_not_sent_again(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    proxy.answer(is_patch, Answer::status(503), 1);
    let rule = bad_rule("actions: [ { patch: { json: [ { op: move, from: /data/a, path: /data/b } ] } } ]");
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &rule, &[]).await;
    let mut map = bad("map");
    map["data"] = serde_json::json!({"a": "1"});
    scene.create("configmaps", &map).await;
    assert_eq!(patches(&mut daemon, &proxy).await, 1);
}

async fn a_read_that_is_never_answered_holds_up_its_own_object_alone_and_not_for_ever(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let is_slow = |seen: &Seen| seen.path.ends_with("/configmaps/slow");
    proxy.inject(is_slow, Fault::Delay(Duration::from_secs(120)), 1);
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]).await;
    scene.bad("slow").await;
    wait_until("it is read", SOON, || async { !proxy.seen_that(is_slow).is_empty() }).await;
    for number in 0..20 {
        let name = format!("quick-{number}");
        scene.bad(&name).await;
        scene.wait_until_gone("configmaps", &name).await;
    }
    assert!(scene.exists("configmaps", "slow").await);
    let line = daemon.wait_for_line("it fell due and cannot be read", SOON).await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["reason"].as_str().unwrap().contains("did not answer within"), "{line}");
    scene.wait_until_gone("configmaps", "slow").await;
    assert_eq!(scene.writes().await.len(), 21);
}

async fn a_namespace_that_cannot_be_read_could_be_protected_and_holds_back(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let namespace = format!("/api/v1/namespaces/{}", scene.namespace);
    proxy.answer(move |seen| seen.path == namespace, Answer::status(500), usize::MAX);
    let mut daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]).await;
    scene.bad("map").await;
    let line = daemon.wait_for_line("held back: delete", SOON).await;
    assert!(line.contains(&format!("namespace {} cannot be read", scene.namespace)), "{line}");
    a_while().await;
    assert!(proxy.seen_that(Seen::is_write).is_empty());
    proxy.clear_faults();
    scene.wait_until_gone("configmaps", "map").await;
    assert_eq!(daemon.lines_with("held back").len(), 1);
}

async fn a_conflict_is_looked_at_again_and_nothing_is_repeated_blindly(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    proxy.answer(is_delete, Answer::status(409), 1);
    let _daemon = scene.daemon_at(&proxy.kubeconfig(), &bad_rule(DELETE), &[]).await;
    scene.bad("map").await;
    scene.wait_until_gone("configmaps", "map").await;
    assert_eq!(methods(&about(&proxy, "map")), ["GET", "DELETE", "GET", "DELETE"]);
}
