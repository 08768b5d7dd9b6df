//! Rules on kinds that nobody names.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Options, Stage, install_crd, on_both, shapes, unique};

on_both!(
    a_rule_on_every_kind_acts_once_on_what_it_matches_and_never_on_what_a_cluster_stands_on,
    a_rule_on_a_group_acts_on_kinds_that_come_later_and_on_no_other_group,
    a_kind_that_may_not_be_read_keeps_no_other_from_its_rules,
);

const MACHINES: &str = "virtualmachines.kubevirt.io";

fn rule(watch: &str, word: &str) -> String {
    format!(
        "- name: hunt
  watch: {watch}
  scope: cluster
  match: [ {{ labels: {{ matchLabels: {{ victim: {word} }} }} }} ]
  actions: [ {{ delete: {{}} }} ]
"
    )
}

fn victim(name: &str, word: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"victim": word}}})
}

fn event(scene: &Scene, name: &str, word: &str) -> Value {
    let mut event = victim(name, word);
    event["involvedObject"] = json!({"kind": "Pod", "name": "pod", "namespace": scene.namespace});
    event["type"] = "Normal".into();
    event
}

async fn a_rule_on_every_kind_acts_once_on_what_it_matches_and_never_on_what_a_cluster_stands_on(
    stage: Stage,
) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("word");
    let objects = &scene.objects;
    let (namespace, node, volume) = (unique("test"), unique("node"), unique("volume"));
    objects.create("namespaces", "", &victim(&namespace, &word)).await;
    objects.create("nodes", "", &victim(&node, &word)).await;
    let mut disk = victim(&volume, &word);
    disk["spec"] = json!({
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/none"},
    });
    objects.create("persistentvolumes", "", &disk).await;
    scene.create("secrets", &victim("kept", &word)).await;
    scene.create("configmaps", &victim("map", &word)).await;
    scene.create("configmaps", &json!({"metadata": {"name": "other"}})).await;
    scene.create("events", &event(&scene, "event", &word)).await;
    let mut daemon = scene.daemon(&rule("[\"*\", \"!secrets\"]", &word), &[]).await;
    for (resource, name) in [("configmaps", "map"), ("events", "event")] {
        scene.wait_until_gone(resource, name).await;
    }
    for object in
        [format!("namespaces/{namespace}"), format!("nodes/{node}"), format!("persistentvolumes/{volume}")]
    {
        let line = daemon.wait_for_line(&format!("held back: delete {object} "), SOON).await;
        assert!(line.contains("protected by its kind: only a rule that names "), "{line}");
    }
    // And one that comes later.
    scene.create("serviceaccounts", &victim("late", &word)).await;
    scene.wait_until_gone("serviceaccounts", "late").await;
    a_while().await;
    let of = scene.namespace.clone();
    let mut writes = scene.writes().await.summary();
    writes.sort();
    assert_eq!(
        writes,
        [
            format!("delete configmaps {of}/map 200"),
            format!("delete events {of}/event 200"),
            format!("delete serviceaccounts {of}/late 200"),
        ]
    );
    let watched = scene.sent().await.verb("watch");
    let groups: BTreeSet<String> = watched.of("events").iter().map(|request| request.group.clone()).collect();
    assert_eq!(groups.len(), 1, "events are in two groups, and watched in one: {groups:?}");
    assert_eq!(scene.sent().await.of("secrets").len(), 0, "what is excluded is not asked for");
    for (resource, name) in [("nodes", &node), ("persistentvolumes", &volume), ("namespaces", &namespace)] {
        objects.delete(resource, "", name).await;
    }
}

async fn a_rule_on_a_group_acts_on_kinds_that_come_later_and_on_no_other_group(stage: Stage) {
    let Some(plane) = stage.own(Options::default()).await else { return };
    let scene = Scene::on(&plane.cluster()).await;
    let word = unique("word");
    scene.create("configmaps", &victim("map", &word)).await;
    let kubeconfig = scene.account().kubeconfig().to_owned();
    let mut daemon = scene.starting_daemon_at(&kubeconfig, &rule("\"*.kubevirt.io\"", &word), &[]);
    daemon.wait_for_line("dormant", SOON).await;
    install_crd(&scene.objects, MACHINES).await;
    let machine = shapes::with_labels(shapes::virtual_machine("machine", "Running"), &[("victim", &word)]);
    scene.create(MACHINES, &machine).await;
    scene.create(MACHINES, &shapes::virtual_machine("other", "Running")).await;
    scene.wait_until_gone(MACHINES, "machine").await;
    a_while().await;
    let of = &scene.namespace;
    let mut deletes = scene.writes().await.summary();
    // It got its status after it was made: whoever has read it before tries once more.
    deletes.retain(|delete| *delete != format!("delete virtualmachines {of}/machine 409"));
    assert_eq!(deletes, [format!("delete virtualmachines {of}/machine 200")]);
}

async fn a_kind_that_may_not_be_read_keeps_no_other_from_its_rules(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene
        .grant(&json!([
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["delete", "get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        ]))
        .await;
    let word = unique("word");
    scene.create("secrets", &victim("secret", &word)).await;
    scene.create("configmaps", &victim("map", &word)).await;
    let _daemon = scene.daemon(&rule("\"*\"", &word), &[]).await;
    scene.wait_until_gone("configmaps", "map").await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [format!("delete configmaps {}/map 200", scene.namespace)]);
}
