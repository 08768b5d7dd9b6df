//! Steps: one after the other, each in its time, for as long as the rule has reason to go on.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Stage, on_both, wait_until};

on_both!(
    a_step_follows_the_one_before_after_its_time_across_the_events_between,
    what_recovers_between_two_steps_is_spared_the_second_unless_the_step_asks_only_that_it_is_there,
    labels_and_annotations_are_set_and_removed_and_what_is_so_already_is_not_sent,
    a_log_action_says_its_line_once_an_episode_and_sends_nothing,
);

async fn metadata(scene: &Scene, name: &str) -> Value {
    let object = scene.objects.get("configmaps", &scene.namespace, name).await;
    object.unwrap_or_else(|| panic!("{name} is there"))["metadata"].clone()
}

async fn wait_for_label(scene: &Scene, name: &str, label: &str) {
    let labelled = || async { metadata(scene, name).await["labels"][label] == "yes" };
    wait_until((name, label), SOON, labelled).await;
}

async fn a_step_follows_the_one_before_after_its_time_across_the_events_between(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let steps = "actions: [ { label: { leaked: \"yes\" } }, { delete: { after: 3s } } ]";
    let _daemon = scene.daemon(&bad_rule(steps), &[]).await;
    let made = scene.bad("map").await;
    wait_for_label(&scene, "map", "leaked").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let note = json!({"metadata": {"annotations": {"note": "an event between"}}});
    let noted = scene.objects.patch("configmaps", &scene.namespace, "map", &note).await;
    scene.wait_until_gone("configmaps", "map").await;

    let writes = scene.writes().await;
    let called = format!("configmaps {}/map 200", scene.namespace);
    assert_eq!(writes.summary(), [format!("patch {called}"), format!("delete {called}")]);
    let (uid, version) = (&made["metadata"]["uid"], &made["metadata"]["resourceVersion"]);
    let patch = json!({"metadata": {"uid": uid, "resourceVersion": version, "labels": {"leaked": "yes"}}});
    assert_eq!(writes[0].body, patch);
    assert_preconditions(&writes[1], &noted);
    assert_on_time("the delete", writes[0].received, Duration::from_secs(3), writes[1].received);
}

async fn what_recovers_between_two_steps_is_spared_the_second_unless_the_step_asks_only_that_it_is_there(
    stage: Stage,
) {
    let Some(scene) = stage.scene().await else { return };
    let rule = |name: &str, step: &str| {
        format!(
            "- name: {name}
  watch: configmaps
  match: [ {{ labels: {{ matchLabels: {{ state: bad, kind: {name} }} }} }} ]
  actions: [ {{ label: {{ leaked: \"yes\" }} }}, {{ delete: {{ after: 2s{step} }} }} ]
"
        )
    };
    let rules = [rule("match", ", while: match"), rule("default", ""), rule("present", ", while: present")];
    let _daemon = scene.daemon(&rules.concat(), &[]).await;
    for name in ["match", "default", "present"] {
        let mut map = bad(name);
        map["metadata"]["labels"]["kind"] = name.into();
        scene.create("configmaps", &map).await;
    }
    for name in ["match", "default", "present"] {
        wait_for_label(&scene, name, "leaked").await;
        scene.cure(name).await;
    }
    scene.wait_until_gone("configmaps", "present").await;
    a_while().await;
    let deletes = scene.writes().await.verb("delete");
    assert_eq!(deletes.summary(), [format!("delete configmaps {}/present 200", scene.namespace)]);
}

async fn labels_and_annotations_are_set_and_removed_and_what_is_so_already_is_not_sent(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let steps = "actions:
    - label: { seen: \"yes\", old: null }
    - annotate: { example.com/seen-by: healer, example.com/old: null }
    - label: { seen: \"yes\" }";
    let mut map = bad("map");
    map["metadata"]["labels"]["old"] = "1".into();
    map["metadata"]["labels"]["other"] = "stays".into();
    map["metadata"]["annotations"] = json!({"example.com/old": "1", "example.com/other": "stays"});
    scene.create("configmaps", &map).await;
    let mut daemon = scene.daemon(&bad_rule(steps), &[]).await;
    daemon.wait_for_line("nothing to do: label", SOON).await;
    a_while().await;
    let metadata = metadata(&scene, "map").await;
    assert_eq!(metadata["labels"], json!({"state": "bad", "seen": "yes", "other": "stays"}));
    let annotations = json!({"example.com/seen-by": "healer", "example.com/other": "stays"});
    assert_eq!(metadata["annotations"], annotations);
    let called = format!("patch configmaps {}/map 200", scene.namespace);
    assert_eq!(scene.writes().await.summary(), [called.clone(), called]);
}

async fn a_log_action_says_its_line_once_an_episode_and_sends_nothing(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let steps = "actions: [ { log: { message: \"{{namespace}}/{{name}} is {{$.metadata.labels.state}}: {{rule}}\" } } ]";
    let mut daemon = scene.daemon(&bad_rule(steps), &[]).await;
    scene.bad("map").await;
    let line = format!("{}/map is bad: test/bad", scene.namespace);
    daemon.wait_for_line(&line, SOON).await;
    let note = json!({"metadata": {"annotations": {"note": "it goes on"}}});
    scene.objects.patch("configmaps", &scene.namespace, "map", &note).await;
    a_while().await;
    assert_eq!(daemon.lines_with(&line).len(), 1);
    scene.cure("map").await;
    let ill = json!({"metadata": {"labels": {"state": "bad"}}});
    scene.objects.patch("configmaps", &scene.namespace, "map", &ill).await;
    daemon.wait_for_lines(&line, 2, SOON).await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
}
