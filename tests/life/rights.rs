//! Rights that are given and taken away while the daemon runs: rules go off and on by kind, with a line in the log.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::healer::{Healer, rule};
use crate::support::scene::*;
use crate::support::{Grant, Proxy, Scene, Stage, on_both, wait_until};

on_both!(
    rights_for_the_whole_cluster_take_over_from_those_in_namespaces_and_nothing_is_sent_twice,
    rights_that_are_withdrawn_turn_off_their_rules_and_no_others,
);

const SLOW: Duration = Duration::from_secs(12);
const LATER: Duration = Duration::from_secs(3);

const STEPS: &str = "actions: [ { log: { message: seen } }, { label: { healed: \"yes\" } } ]";

/// What healing these kinds takes, and to see that its namespace is not protected.
pub(crate) fn healing(kinds: &[&str]) -> Value {
    json!([
        {"apiGroups": [""], "resources": kinds, "verbs": ["get", "list", "watch", "patch", "delete"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    ])
}

pub(crate) fn on_namespaces(verbs: &[&str]) -> Value {
    json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": verbs}])
}

/// The watches of a kind that follow, by namespace; empty: the whole cluster.
pub(crate) async fn following(healer: &Healer, kind: &str) -> Vec<String> {
    let status = healer.status().await;
    let watches = status["watches"].as_array().unwrap().iter();
    let follow = watches.filter(|watch| watch["kind"] == kind && watch["health"] == "following");
    follow.map(|watch| watch["namespace"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Until the daemon's account may, or may not, watch this kind in a namespace; empty: in the whole cluster.
pub(crate) async fn until_allowed(scene: &Scene, kind: &str, namespace: &str, allowed: bool) {
    let user = format!("system:serviceaccount:{}:healer", scene.namespace);
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": {"group": "", "resource": kind, "namespace": namespace, "verb": "watch"}},
    });
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    wait_until("the server knows", SOON, || async {
        scene.objects.send(Method::POST, path, Some(&review)).await.1["status"]["allowed"] == allowed
    })
    .await;
}

async fn rights_for_the_whole_cluster_take_over_from_those_in_namespaces_and_nothing_is_sent_twice(
    stage: Stage,
) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene.grant(&on_namespaces(&["list", "watch"])).await;
    let _here = Grant::to(&scene, &scene.namespace, &healing(&["configmaps"])).await;
    let rules = format!(
        "{}{}",
        rule("mark", "configmaps", STEPS),
        rule("slow", "configmaps", "for: 12s\nactions: [ { label: { slow: \"yes\" } } ]")
    );
    let mut healer = Healer::start(&scene, &rules, &[]).await;
    wait_until("it is watched in the namespace", SOON, || async {
        following(&healer, "configmaps").await == [scene.namespace.clone()]
    })
    .await;
    scene.bad("before").await;
    let made = scene.done_by_test("create", "configmaps", "before").await;
    wait_until("it is labelled", SOON, || async { scene.writes().await.len() == 1 }).await;
    // Were its time begun anew by the other watch, it would be late by these seconds at the least.
    tokio::time::sleep(LATER).await;
    scene.grant(&healing(&["configmaps"])).await;
    let line = healer.wait_for_line("reading this kind is permitted now: its rules are on", SOON).await;
    assert!(line.contains("configmaps") && line.contains("test/mark"), "{line}");
    wait_until("it is watched in the whole cluster alone", SOON, || async {
        following(&healer, "configmaps").await == [""]
    })
    .await;
    scene.bad("after").await;
    // Each rule acts once on each of both.
    wait_until("all are labelled", SOON, || async { scene.writes().await.len() >= 4 }).await;
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 4, "{:?}", writes.summary());
    let slow = writes.only(|write| write.name == "before" && write.body.to_string().contains("slow"));
    let waited = slow[0].received.duration_since(made).unsigned_abs();
    assert!(SLOW <= waited && waited < SLOW + LATER, "{waited:?}");
    let seen = healer.lines_with("seen").into_iter().filter(|line| line.contains("/before")).count();
    assert_eq!(seen, 1, "{:?}", healer.lines_with("seen"));
}

async fn rights_that_are_withdrawn_turn_off_their_rules_and_no_others(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let proxy = Proxy::start(scene.account());
    scene.grant(&healing(&["secrets"])).await;
    let maps = Grant::to(&scene, "", &healing(&["configmaps"])).await;
    until_allowed(&scene, "configmaps", "", true).await;
    let delete = "actions: [ { delete: {} } ]";
    let rules = format!("{}{}", rule("maps", "configmaps", delete), rule("secrets", "secrets", delete));
    let mut healer = Healer::start_at(&scene, &proxy.kubeconfig(), &rules, &[]).await;
    scene.bad("one").await;
    scene.wait_until_gone("configmaps", "one").await;
    maps.withdraw().await;
    until_allowed(&scene, "configmaps", "", false).await;
    // A watch that is open goes on: the server looks again when it is renewed.
    proxy.end_watches();
    let line = healer.wait_for_line("watching is not permitted; its rules wait", SOON).await;
    assert!(line.contains("configmaps"), "{line}");
    scene.bad("left").await;
    scene.create("secrets", &bad("secret")).await;
    scene.wait_until_gone("secrets", "secret").await;
    let status = healer.status().await;
    let state = |kind: &str| {
        status["rules"].as_array().unwrap().iter().find(|row| row["kind"] == kind).unwrap()["state"].clone()
    };
    assert_eq!((state("configmaps"), state("secrets")), ("forbidden".into(), "active".into()));
    a_while().await;
    assert!(scene.exists("configmaps", "left").await);
    let _again = Grant::to(&scene, "", &healing(&["configmaps"])).await;
    healer.wait_for_line("reading this kind is permitted now: its rules are on", SOON).await;
    scene.wait_until_gone("configmaps", "left").await;
    assert_eq!(scene.writes().await.len(), 3, "{:?}", scene.writes().await.summary());
}
