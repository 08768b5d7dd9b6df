//! Rules that ask of other objects: of the namespace, the node, the owners.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Grant, Scene, Stage, on_both, shapes, unique};

on_both!(
    a_namespace_that_comes_to_be_selected_by_its_labels_has_its_objects_acted_on,
    a_namespace_that_ceases_to_be_selected_spares_its_objects,
    a_pod_whose_node_is_gone_is_deleted_and_one_whose_node_is_there_is_not,
    an_object_is_deleted_once_all_its_owners_are_gone_and_not_for_another_of_their_name,
    nothing_is_done_while_what_a_rule_asks_of_others_may_not_be_read,
);

fn label(team: &str) -> Value {
    json!({"metadata": {"labels": {"team": team}}})
}

fn selected(word: &str, more: &str) -> String {
    format!(
        "- name: bad
  watch: configmaps
  namespaces: [\"*\"]
  namespaceSelector: {{ matchLabels: {{ team: {word} }} }}
  match: {BAD}
  {more}
"
    )
}

async fn a_namespace_that_comes_to_be_selected_by_its_labels_has_its_objects_acted_on(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("team");
    scene.bad("map").await;
    scene.create("configmaps", &json!({"metadata": {"name": "good"}})).await;
    let _daemon = scene.daemon(&selected(&word, "actions: [ { delete: {} } ]"), &[]).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    scene.objects.patch("namespaces", "", &scene.namespace, &label("other")).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    scene.objects.patch("namespaces", "", &scene.namespace, &label(&word)).await;
    scene.wait_until_gone("configmaps", "map").await;
    // And what comes later.
    scene.bad("late").await;
    scene.wait_until_gone("configmaps", "late").await;
    a_while().await;
    let of = &scene.namespace;
    let expected = ["map", "late"].map(|name| format!("delete configmaps {of}/{name} 200"));
    assert_eq!(scene.writes().await.summary(), expected);
}

async fn a_namespace_that_ceases_to_be_selected_spares_its_objects(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("team");
    scene.objects.patch("namespaces", "", &scene.namespace, &label(&word)).await;
    scene.bad("map").await;
    let _daemon = scene.daemon(&selected(&word, "for: 3s\n  actions: [ { delete: {} } ]"), &[]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.objects.patch("namespaces", "", &scene.namespace, &label("other")).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    // It counts from when it is selected again.
    let patched = scene.objects.patch("namespaces", "", &scene.namespace, &label(&word)).await;
    assert_eq!(patched["metadata"]["labels"]["team"], word);
    let since = Timestamp::now();
    scene.wait_until_gone("configmaps", "map").await;
    // The label was there a moment before the test knew.
    let since = since - SignedDuration::from_millis(200);
    assert_on_time("the delete", since, Duration::from_secs(3), scene.writes().await[0].received);
}

async fn a_pod_whose_node_is_gone_is_deleted_and_one_whose_node_is_there_is_not(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let (here, gone) = (unique("node"), unique("node"));
    for node in [&here, &gone] {
        scene.objects.create("nodes", "", &json!({"metadata": {"name": node}})).await;
    }
    let bound = |name: &str, node: &str| {
        let mut pod = shapes::pod(name);
        pod["spec"]["nodeName"] = node.into();
        pod
    };
    scene.create("pods", &bound("stays", &here)).await;
    scene.create("pods", &bound("goes", &gone)).await;
    scene.create("pods", &shapes::pod("unbound")).await;
    let rule = "
- name: stranded
  watch: pods
  match: [ { node: { missing: true } } ]
  actions: [ { delete: { gracePeriod: 0s } } ]
";
    let _daemon = scene.daemon(rule, &[]).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    scene.objects.delete("nodes", "", &gone).await;
    scene.wait_until_gone("pods", "goes").await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [format!("delete pods {}/goes 200", scene.namespace)]);
    scene.objects.delete("nodes", "", &here).await;
}

async fn an_object_is_deleted_once_all_its_owners_are_gone_and_not_for_another_of_their_name(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let owner = |name: &str| json!({"metadata": {"name": name}});
    let first = scene.create("secrets", &owner("first")).await;
    let second = scene.create("secrets", &owner("second")).await;
    let reference = |owner: &Value| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        })
    };
    let owned = |name: &str, references: Vec<Value>| json!({"metadata": {"name": name, "labels": {"state": "bad"}, "ownerReferences": references}});
    scene.create("configmaps", &owned("one", vec![reference(&first)])).await;
    scene.create("configmaps", &owned("both", vec![reference(&first), reference(&second)])).await;
    scene.create("configmaps", &owned("bare", Vec::new())).await;
    let mut unserved = reference(&first);
    unserved["apiVersion"] = "example.com/v1".into();
    unserved["kind"] = "Nothing".into();
    scene.create("configmaps", &owned("unserved", vec![unserved])).await;
    let rule = format!(
        "
- name: orphans
  watch: configmaps
  match: [ {{ owner: {{ missing: true }} }}, {} ]
  actions: [ {{ delete: {{}} }} ]
",
        BAD.trim_matches(['[', ']'])
    );
    let _daemon = scene.daemon(&rule, &[]).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    let of = &scene.namespace;
    scene.objects.delete("secrets", of, "first").await;
    // Another of its name is not it.
    scene.create("secrets", &owner("first")).await;
    scene.wait_until_gone("configmaps", "one").await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [format!("delete configmaps {of}/one 200")]);
    scene.objects.delete("secrets", of, "second").await;
    scene.wait_until_gone("configmaps", "both").await;
    a_while().await;
    let expected = ["one", "both"].map(|name| format!("delete configmaps {of}/{name} 200"));
    assert_eq!(scene.writes().await.summary(), expected);
}

async fn nothing_is_done_while_what_a_rule_asks_of_others_may_not_be_read(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene
        .grant(&json!([
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["delete", "get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        ]))
        .await;
    let word = unique("team");
    scene.objects.patch("namespaces", "", &scene.namespace, &label(&word)).await;
    scene.bad("map").await;
    let rules = format!(
        "{}- name: inverted
  watch: configmaps
  namespaces: [{}]
  match: [ {{ not: {{ namespace: {{ labels: {{ matchLabels: {{ team: none }} }} }} }} }} ]
  actions: [ {{ delete: {{}} }} ]
",
        selected(&word, "actions: [ { delete: {} } ]"),
        scene.namespace
    );
    let mut daemon = scene.daemon(&rules, &[]).await;
    daemon.wait_for_line("what rules ask of these objects is unknown", SOON).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    let rights = json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list", "watch"]}]);
    let grant = Grant::to(&scene, "", &rights).await;
    scene.wait_until_gone("configmaps", "map").await;
    grant.withdraw().await;
}
