//! What no rule can touch: asked of the server's record, and of what the log gives as the reason.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Daemon, Stage, on_both, shapes, unique, wait_until};

on_both!(
    nothing_is_ever_sent_to_what_is_protected_and_the_log_says_by_what,
    what_is_kept_until_a_time_is_acted_on_at_that_time,
    a_time_that_is_taken_back_counts_at_once_and_soon_on_a_namespace,
    a_protection_that_comes_during_the_rules_own_time_counts,
    an_ancestor_that_may_not_be_read_holds_back_and_the_log_names_the_missing_grant,
    a_write_that_is_not_permitted_is_told_with_the_grant_that_it_takes,
);

const PROTECT: &str = "k8s-healer.io/protect";
const KEEP_UNTIL: &str = "k8s-healer.io/keep-until";

/// Deletes pods labelled `victim: <word>`, wherever they are.
fn rule(word: &str) -> String {
    format!(
        "- name: hunt
  watch: pods
  scope: cluster
  match: [ {{ labels: {{ matchLabels: {{ victim: {word} }} }} }} ]
  actions: [ {{ delete: {{}} }} ]
"
    )
}

fn victim(name: &str, word: &str) -> Value {
    shapes::with_labels(shapes::pod(name), &[("victim", word)])
}

fn annotated(mut object: Value, key: &str, value: &str) -> Value {
    object["metadata"]["annotations"][key] = value.into();
    object
}

fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap()
}

/// A deployment, its replica set, and the pod.
async fn owned_twice(scene: &Scene, deployment: Value, pod: Value) -> Value {
    let name = deployment["metadata"]["name"].as_str().unwrap().to_owned();
    let deployment = scene.create("deployments.apps", &deployment).await;
    let set = shapes::owned(shapes::replica_set(&name, 1), &deployment);
    let set = scene.create("replicasets.apps", &set).await;
    shapes::owned(pod, &set)
}

fn deployment(name: &str) -> Value {
    let mut deployment = shapes::replica_set(name, 1);
    deployment["metadata"]["annotations"] = json!({});
    deployment
}

async fn assert_held_back(daemon: &mut Daemon, object: &str, by: &str) {
    let line = daemon.wait_for_line(&format!("held back: delete {object} "), SOON).await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["detail"].as_str().unwrap().contains(by), "{by:?} in {line}");
}

async fn nothing_is_ever_sent_to_what_is_protected_and_the_log_says_by_what(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("word");
    let far = in_seconds(100_000);
    let mut expected = Vec::new();
    let namespace = scene.namespace.clone();
    let mut hold = |namespace: &str, name: &str, by: &str| {
        expected.push((format!("pods/{namespace}/{name}"), by.to_owned()));
    };

    let protected = scene.objects.namespace("test").await;
    let note = json!({"metadata": {"annotations": {PROTECT: "false"}}});
    scene.objects.patch("namespaces", "", &protected, &note).await;
    scene.objects.create("pods", &protected, &victim("pod", &word)).await;
    hold(&protected, "pod", &format!("the annotation {PROTECT} of namespace {protected}"));

    let labelled = shapes::with_labels(victim("labelled", &word), &[(PROTECT, "")]);
    scene.create("pods", &labelled).await;
    hold(&namespace, "labelled", &format!("the label {PROTECT}"));

    let kept = annotated(deployment("kept"), KEEP_UNTIL, &far.to_string());
    let pod = owned_twice(&scene, kept, victim("kept", &word)).await;
    scene.create("pods", &pod).await;
    hold(&namespace, "kept", &format!("{KEEP_UNTIL} ({far}) of Deployment kept"));

    scene.create("pods", &annotated(victim("unreadable", &word), KEEP_UNTIL, "next Tuesday")).await;
    hold(&namespace, "unreadable", "whose time cannot be read");

    let class = unique("class");
    let important = json!({"metadata": {"name": class}, "value": 1_000_000_000});
    scene.objects.create("priorityclasses.scheduling.k8s.io", "", &important).await;
    let mut pod = victim("important", &word);
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["spec"]["priorityClassName"] = class.into();
    // Admission learns of a new class a moment later.
    let path = shapes::path("pods", &namespace, "");
    let admitted = || async { scene.objects.send(http::Method::POST, &path, Some(&pod)).await.0 == 201 };
    wait_until("its class is known", SOON, admitted).await;
    hold(&namespace, "important", "its priority 1000000000");

    let mut mirror = annotated(victim("mirror", &word), "kubernetes.io/config.mirror", "x");
    mirror["spec"]["nodeName"] = "node".into();
    scene.create("pods", &mirror).await;
    hold(&namespace, "mirror", "being a mirror pod");

    let mut set = shapes::replica_set("set", 1);
    set["spec"]["replicas"] = Value::Null;
    let set = scene.create("daemonsets.apps", &set).await;
    scene.create("pods", &shapes::owned(victim("everywhere", &word), &set)).await;
    hold(&namespace, "everywhere", "being a pod of DaemonSet set");

    let system = unique("system");
    scene.objects.create("pods", "kube-system", &victim(&system, &word)).await;
    hold("kube-system", &system, "the protected namespace kube-system");

    let mut daemon = scene.daemon(&rule(&word), &[]).await;
    for (object, by) in &expected {
        assert_held_back(&mut daemon, object, by).await;
    }
    // The same rule does act where nothing protects.
    let mut free = victim("free", &word);
    free["status"] = Value::Null;
    scene.create("pods", &free).await;
    scene.wait_until_gone("pods", "free").await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [format!("delete pods {namespace}/free 200")]);
    for (object, _) in &expected {
        assert_eq!(daemon.lines_with(&format!("delete {object} ")).len(), 1, "{object}: told once");
    }
    scene.objects.delete("pods", "kube-system", &system).await;
}

async fn what_is_kept_until_a_time_is_acted_on_at_that_time(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("word");
    let until = in_seconds(6);
    scene.create("pods", &annotated(victim("itself", &word), KEEP_UNTIL, &until.to_string())).await;
    let kept = annotated(deployment("kept"), KEEP_UNTIL, &until.to_string());
    let pod = owned_twice(&scene, kept, victim("below", &word)).await;
    scene.create("pods", &pod).await;
    let _daemon = scene.daemon(&rule(&word), &[]).await;
    for name in ["itself", "below"] {
        scene.wait_until_gone("pods", name).await;
    }
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 2, "{:?}", writes.summary());
    for write in writes.iter() {
        assert_on_time(&write.name, until, Duration::ZERO, write.received);
    }
}

/// The namespace is not watched for that; it is looked at ever more rarely.
async fn a_time_that_is_taken_back_counts_at_once_and_soon_on_a_namespace(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("word");
    let kept = json!({"metadata": {"annotations": {KEEP_UNTIL: in_seconds(3600).to_string()}}});
    let free = json!({"metadata": {"annotations": {KEEP_UNTIL: null}}});
    let namespace = scene.objects.namespace("test").await;
    scene.objects.patch("namespaces", "", &namespace, &kept).await;
    let pod = annotated(victim("own", &word), KEEP_UNTIL, &in_seconds(3600).to_string());
    scene.create("pods", &pod).await;
    scene.objects.create("pods", &namespace, &victim("by-namespace", &word)).await;
    let mut daemon = scene.daemon(&rule(&word), &[]).await;
    let own = scene.called("pods", "own");
    assert_held_back(&mut daemon, &own, KEEP_UNTIL).await;
    assert_held_back(&mut daemon, &format!("pods/{namespace}/by-namespace"), KEEP_UNTIL).await;
    scene.objects.patch("pods", &scene.namespace, "own", &free).await;
    scene.wait_until_gone("pods", "own").await;
    scene.objects.patch("namespaces", "", &namespace, &free).await;
    wait_until("that of the namespace is gone", SOON, || async {
        scene.objects.get("pods", &namespace, "by-namespace").await.is_none()
    })
    .await;
}

async fn a_protection_that_comes_during_the_rules_own_time_counts(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut daemon = scene.daemon(&bad_rule("for: 3s\n  actions: [ { delete: {} } ]"), &[]).await;
    scene.bad("map").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let renew = json!({"metadata": {"annotations": {PROTECT: ""}}});
    scene.objects.patch("configmaps", &scene.namespace, "map", &renew).await;
    assert_held_back(&mut daemon, &scene.called("configmaps", "map"), "the annotation").await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    // And one that is lifted: its own change is watched.
    let lift = json!({"metadata": {"annotations": {PROTECT: null}}});
    scene.objects.patch("configmaps", &scene.namespace, "map", &lift).await;
    let lifted = scene.done_by_test("patch", "configmaps", "map").await;
    scene.wait_until_gone("configmaps", "map").await;
    assert_on_time("the delete", lifted, Duration::ZERO, scene.writes().await[0].received);
}

async fn an_ancestor_that_may_not_be_read_holds_back_and_the_log_names_the_missing_grant(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene
        .grant(&json!([
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete", "get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        ]))
        .await;
    let word = unique("word");
    let pod = owned_twice(&scene, deployment("app"), victim("pod", &word)).await;
    scene.create("pods", &pod).await;
    let mut daemon = scene.daemon(&rule(&word), &[]).await;
    let grant = format!("grant get on replicasets.apps in {}", scene.namespace);
    assert_held_back(&mut daemon, &scene.called("pods", "pod"), &grant).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    let missing =
        json!([{"apiGroups": ["apps"], "resources": ["replicasets", "deployments"], "verbs": ["get"]}]);
    scene.grant(&missing).await;
    scene.wait_until_gone("pods", "pod").await;
}

async fn a_write_that_is_not_permitted_is_told_with_the_grant_that_it_takes(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene
        .grant(&json!([
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        ]))
        .await;
    scene.bad("map").await;
    let mut daemon = scene.daemon(&bad_rule("actions: [ { delete: {} } ]"), &[]).await;
    let line = daemon.wait_for_line("failed: delete", SOON).await;
    assert!(line.contains(&format!("grant delete on configmaps in {}", scene.namespace)), "{line}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let tries = scene.writes().await;
    assert!((2..=4).contains(&tries.len()), "with growing pauses: {:?}", tries.summary());
    let gap = tries[1].received.duration_since(tries[0].received);
    assert!(gap >= SignedDuration::from_secs(1), "{gap:?}");
    scene.grant(&json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["delete"]}])).await;
    wait_until("it is healed", SOON, || async { !scene.exists("configmaps", "map").await }).await;
}
