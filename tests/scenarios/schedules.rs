//! When a rule may act: outside its window it sends nothing, however much it is true.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::support::scene::*;
use crate::support::{Stage, on_both};

on_both!(outside_its_window_a_rule_sends_nothing_and_inside_it_acts_at_once,);

async fn outside_its_window_a_rule_sends_nothing_and_inside_it_acts_at_once(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    // Six hours from now, whatever the hour.
    let hour = (Timestamp::now() + SignedDuration::from_hours(6)).strftime("%H").to_string();
    let rule = |name: &str, schedule: &str| {
        format!(
            "- name: {name}
  watch: configmaps
  match: [ {{ labels: {{ matchLabels: {{ state: bad, kind: {name} }} }} }} ]
  schedule: {schedule}
  actions: [ {{ delete: {{}} }} ]
"
        )
    };
    let shut = format!("{{ cron: \"0 {hour} * * *\", timeZone: UTC, for: 1h }}");
    let open = "{ cron: \"* * * * *\", timeZone: Europe/Rome, for: 2m }";
    let _daemon = scene.daemon(&[rule("shut", &shut), rule("open", open)].concat(), &[]).await;
    for name in ["shut", "open"] {
        let mut map = bad(name);
        map["metadata"]["labels"]["kind"] = name.into();
        scene.create("configmaps", &map).await;
    }
    let made = scene.done_by_test("create", "configmaps", "open").await;
    scene.wait_until_gone("configmaps", "open").await;
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.summary(), [format!("delete configmaps {}/open 200", scene.namespace)]);
    assert_on_time("the delete", made, Duration::ZERO, writes[0].received);
    assert!(scene.exists("configmaps", "shut").await);
}
