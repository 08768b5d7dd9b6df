//! Which namespaces are swept.

use serde_json::json;

use crate::support::{Scene, Stage, on_both, shapes, unique};
use crate::{DELETE, sweep_by};

on_both!(
    only_what_lies_in_the_namespaces_that_are_named_is_touched,
    namespaces_that_are_excluded_are_not_touched,
);

/// In the whole cluster: config maps and namespaces with a label that nobody else has.
fn everywhere(word: &str) -> String {
    let rule = |name: &str| {
        format!(
            "- name: {name}
  watch: {name}
  scope: cluster
  match: [ {{ labels: {{ matchLabels: {{ victim: {word} }} }} }} ]
  {DELETE}
"
        )
    };
    rule("configmaps") + &rule("namespaces")
}

/// One in the scene's namespace, one in another, both labelled as the config maps in them.
async fn two_namespaces(scene: &Scene, word: &str) -> String {
    let other = scene.objects.namespace("other").await;
    for namespace in [&scene.namespace, &other] {
        let labels = json!({"metadata": {"labels": {"victim": word}}});
        scene.objects.patch("namespaces", "", namespace, &labels).await;
        let map = json!({"metadata": {"name": "map", "labels": {"victim": word}}});
        scene.objects.create("configmaps", namespace, &map).await;
    }
    other
}

async fn only_what_lies_in_the_namespaces_that_are_named_is_touched(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("word");
    let other = two_namespaces(&scene, &word).await;
    let rules = scene.rules_file(&everywhere(&word));
    sweep_by(&scene, &rules, &["--namespace", "none-*"]).await.assert(0, "nothing to do");
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    sweep_by(&scene, &rules, &["--namespace", &scene.namespace]).await.assert(0, "1 deleted");
    let deleted = format!("delete configmaps {}/map 200", scene.namespace);
    assert_eq!(scene.writes().await.summary(), [deleted]);
    assert!(scene.objects.get("configmaps", &other, "map").await.is_some());
}

async fn namespaces_that_are_excluded_are_not_touched(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("word");
    let other = two_namespaces(&scene, &word).await;
    let rules = scene.rules_file(&everywhere(&word));
    let flags = ["--namespace", "test-*", &other, "--exclude-namespaces", &scene.namespace];
    sweep_by(&scene, &rules, &flags).await.assert(0, "1 deleted");
    assert_eq!(scene.writes().await.summary(), [format!("delete configmaps {other}/map 200")]);
    let path = shapes::path("configmaps", &scene.namespace, "map");
    assert_eq!(scene.objects.send(http::Method::GET, &path, None).await.0, 200);
}
