//! Objects of a cluster, with what stands around them.

use serde_json::json;

use crate::support::{Scene, Stage, on_both, shapes, unique};
use crate::{explain, program, told};

on_both!(
    an_object_is_explained_as_it_is_and_nothing_is_written,
    a_controller_that_is_protected_holds_back_and_is_named,
    without_a_right_it_is_not_known_and_the_grant_is_named,
    an_object_that_is_not_there_is_answered_by_those_that_are,
    a_wildcard_comes_to_a_kind_and_does_not_name_it,
    a_kind_is_found_by_all_its_names_and_one_that_is_not_there_by_the_nearest,
);

const CRASHING: &str = "
  - name: crashing
    watch: pods
    match:
      - containers: { waiting: [CrashLoopBackOff], restarts: \">= 3\" }
      - owner: { exists: true }
    actions: [ delete: {} ]
";
const OLD: &str = "
  - name: old
    watch: configmaps
    match: [ age: { over: 1h } ]
    actions: [ delete: {} ]
";

async fn crashing_pod(scene: &Scene, set: serde_json::Value) -> String {
    let set = scene.create("replicasets.apps", &set).await;
    let name = unique("web");
    scene.create("pods", &shapes::owned(shapes::crash_looping_pod(&name), &set)).await;
    name
}

async fn an_object_is_explained_as_it_is_and_nothing_is_written(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let pod = crashing_pod(&scene, shapes::replica_set("web", 0)).await;
    let told = explain(&scene, &["po", &pod], CRASHING, &[]).await;
    assert_eq!(told.verdict(), "crashing would delete it now");
    let text = &told.text;
    assert!(text.contains("waiting CrashLoopBackOff") && text.contains("✓ owner: ReplicaSet web"), "{text}");
    let observed = explain(&scene, &["po", &pod], CRASHING, &["--mode", "observe"]).await;
    assert_eq!(observed.verdict(), "crashing would tell that it would delete it now");
    let document = explain(&scene, &["po", &pod], CRASHING, &["--format", "json"]).await.json();
    assert_eq!(document["object"]["id"], format!("pods/{}/{pod}", scene.namespace));
    assert_eq!(document["rules"][0]["does"]["does"], "delete");
    assert!(scene.writes().await.is_empty());
    assert!(scene.exists("pods", &pod).await);
}

async fn a_controller_that_is_protected_holds_back_and_is_named(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut set = shapes::replica_set("kept", 0);
    set["metadata"]["annotations"] = json!({"k8s-healer.io/protect": "a demo"});
    let pod = crashing_pod(&scene, set).await;
    let told = explain(&scene, &["pods", &pod], CRASHING, &[]).await;
    let by = "the annotation k8s-healer.io/protect of ReplicaSet kept";
    let expected = format!("held back: protected by {by}; without that, crashing would delete it now");
    assert_eq!(told.verdict(), expected);
    assert!(told.text.contains(&format!("protected by {by}\n")), "{}", told.text);
}

async fn without_a_right_it_is_not_known_and_the_grant_is_named(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let map = scene.create("configmaps", &json!({"metadata": {"name": "map"}})).await;
    assert!(map["metadata"]["uid"].is_string());
    let always = OLD.replace("age: { over: 1h }", "name: { glob: map }");
    let told = explain(&scene, &["cm/map"], &always, &[]).await;
    let name = format!("configmaps/{}/map", scene.namespace);
    let grant = format!("not permitted: grant get on configmaps in {}", scene.namespace);
    assert_eq!(told.refused(), format!("k8s-healer: {name} cannot be read: {grant}"));

    scene.grant(&json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}])).await;
    let told = explain(&scene, &["cm/map"], &always, &[]).await;
    let namespace = &scene.namespace;
    let by = format!(
        "namespace {namespace} cannot be read, and it could be protected: not permitted: grant get on namespaces"
    );
    assert_eq!(told.verdict(), format!("held back: {by}; without that, old would delete it now"));
}

async fn an_object_that_is_not_there_is_answered_by_those_that_are(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let namespace = &scene.namespace;
    let elsewhere = unique("elsewhere");
    let other = scene.objects.namespace("test").await;
    scene.create("configmaps", &json!({"metadata": {"name": "settings"}})).await;
    scene.objects.create("configmaps", &other, &json!({"metadata": {"name": elsewhere}})).await;
    for (name, expected) in [
        ("setings", format!("there is no configmaps/{namespace}/setings: did you mean settings?")),
        (
            &elsewhere,
            format!(
                "there is no configmaps/{namespace}/{elsewhere}: one of this name is in {other}; name its namespace with -n"
            ),
        ),
    ] {
        let told = explain(&scene, &["cm", name], OLD, &[]).await;
        assert_eq!(told.refused(), format!("k8s-healer: {expected}"));
    }
    let told = explain(&scene, &["secrets/x"], OLD, &[]).await;
    assert_eq!(told.refused(), "k8s-healer: no rule watches secrets: they watch configmaps");
}

async fn a_wildcard_comes_to_a_kind_and_does_not_name_it(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let wide = "
  - name: wide
    watch: \"*\"
    scope: cluster
    match: [ name: { glob: \"*\" } ]
    actions: [ label: { seen: \"yes\" } ]
";
    scene.create("configmaps", &json!({"metadata": {"name": "map"}})).await;
    assert_eq!(explain(&scene, &["cm/map"], wide, &[]).await.verdict(), "wide would label it seen=yes now");
    // Of no namespace itself, whatever -n says.
    let namespace = explain(&scene, &["ns", &scene.namespace], wide, &[]).await;
    let by = "its kind: only a rule that names namespaces acts on it";
    let expected = format!("held back: protected by {by}; without that, wide would label it seen=yes now");
    assert_eq!(namespace.verdict(), expected);
    let named = wide.replace("\"*\"\n    scope", "ns\n    scope");
    let namespace = explain(&scene, &["ns", &scene.namespace], &named, &[]).await;
    assert_eq!(namespace.verdict(), "wide would label it seen=yes now");
}

async fn a_kind_is_found_by_all_its_names_and_one_that_is_not_there_by_the_nearest(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.create("configmaps", &json!({"metadata": {"name": "map"}})).await;
    for name in ["cm/map", "configmap/map", "ConfigMap/map", "v1/ConfigMap/map"] {
        let told = explain(&scene, &[name], OLD, &[]).await;
        assert!(told.verdict().starts_with("old would delete it in "), "{}", told.text);
    }
    let named = format!("configmaps/{}/map", scene.namespace);
    assert!(explain(&scene, &[&named], OLD, &[]).await.verdict().starts_with("old would delete it in"));
    let told = explain(&scene, &["configmpas/map"], OLD, &[]).await;
    assert_eq!(told.refused(), "k8s-healer: the server serves no kind configmpas: did you mean configmaps?");
}

#[test]
fn a_server_that_does_not_answer_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    // Port 9 discards, and nobody listens there.
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n\
                clusters: [{name: a, cluster: {server: \"http://127.0.0.1:9\"}}]\nusers: [{name: a, user: {}}]\n";
    std::fs::write(&kubeconfig, text).unwrap();
    let arguments =
        ["vm/vm-1", "--rules", "tests/explain/rules.yaml", "--kubeconfig", kubeconfig.to_str().unwrap()];
    let told = told(program(&arguments), b"");
    assert!(
        told.refused().starts_with("k8s-healer: http://127.0.0.1:9 does not answer: "),
        "{}",
        told.errors
    );
}
