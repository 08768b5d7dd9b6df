//! A path that no object has: the daemon says so, once.

use serde_json::Value;

use crate::support::scene::*;
use crate::support::{Stage, on_both};

on_both!(a_misspelt_path_is_said_once_and_a_sound_one_never,);

async fn a_misspelt_path_is_said_once_and_a_sound_one_never(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rule = "
- name: misspelt
  watch: configmaps
  match:
    - field: { path: $.metadata.labels.state, equals: bad }
    - field: { path: $.data.misspelt, equals: x }
  actions: [ { delete: {} } ]
";
    for name in ["one", "two", "three"] {
        scene.bad(name).await;
    }
    let mut daemon = scene.daemon(rule, &[]).await;
    // New objects are given half a minute to get their fields.
    let line = daemon.wait_for_line("path never seen", SOON * 2).await;
    let line: Value = serde_json::from_str(&line).unwrap();
    let told = [&line["kind"], &line["rule"], &line["path"], &line["objects"]];
    assert_eq!(
        told,
        [&Value::from("configmaps"), &"test/misspelt".into(), &"$.data.misspelt".into(), &3.into()]
    );
    a_while().await;
    assert_eq!(daemon.lines_with("path never seen").len(), 1);
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    assert!(scene.exists("configmaps", "one").await);
}
