//! How far it may go: looking, asking, acting.

use serde_json::json;

use crate::support::scene::*;
use crate::support::{Request, Stage, on_both, shapes};

on_both!(
    in_dry_run_mode_only_dry_runs_are_sent_and_later_steps_are_told,
    in_dry_run_mode_a_delete_asks_the_server_once_and_deletes_nothing,
    in_dry_run_mode_what_follows_the_deletion_of_a_namespace_is_told_since_its_spec_holds_it,
    in_observe_mode_it_tells_what_it_would_do_and_writes_nothing,
    a_rules_own_mode_weakens_the_daemons,
    in_dry_run_mode_an_eviction_is_only_asked_about_and_costs_the_budget_nothing,
);

const STEPS: &str = "actions: [ { label: { leaked: \"yes\" } }, { delete: { after: 1s } } ]";

async fn in_dry_run_mode_only_dry_runs_are_sent_and_later_steps_are_told(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut daemon = scene.daemon(&bad_rule(STEPS), &["--mode", "dry-run"]).await;
    let made = scene.bad("map").await;
    let map = scene.called("configmaps", "map");
    daemon.wait_for_line(&format!("dry run: label {map}"), SOON).await;
    daemon.wait_for_line(&format!("would follow: delete {map}"), SOON).await;
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.summary(), [format!("patch configmaps {}/map 200", scene.namespace)]);
    assert!(writes[0].is_dry_run());
    let now = scene.objects.get("configmaps", &scene.namespace, "map").await.unwrap();
    assert_eq!(now["metadata"], made["metadata"], "nothing happened to it");
}

async fn in_dry_run_mode_a_delete_asks_the_server_once_and_deletes_nothing(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut daemon = scene.daemon(&bad_rule("actions: [ { delete: {} } ]"), &["--mode", "dry-run"]).await;
    let made = scene.bad("map").await;
    daemon.wait_for_line("dry run: delete", SOON).await;
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.summary(), [format!("delete configmaps {}/map 200", scene.namespace)]);
    assert!(writes[0].is_dry_run());
    assert_preconditions(&writes[0], &made);
    assert!(scene.exists("configmaps", "map").await);
}

async fn in_dry_run_mode_what_follows_the_deletion_of_a_namespace_is_told_since_its_spec_holds_it(
    stage: Stage,
) {
    let Some(scene) = stage.scene().await else { return };
    let marked = json!({"metadata": {"labels": {"state": "bad"}}});
    scene.objects.patch("namespaces", "", &scene.namespace, &marked).await;
    let rules = format!(
        "
- name: ends
  watch: namespaces
  scope: cluster
  match: [ {{ name: {{ glob: {} }} }}, {{ labels: {{ matchLabels: {{ state: bad }} }} }} ]
  actions: [ {{ delete: {{}} }}, {{ patch: {{ after: 1s, merge: {{ metadata: {{ labels: {{ a: b }} }} }} }} }} ]
",
        scene.namespace
    );
    let mut daemon = scene.daemon(&rules, &["--mode", "dry-run"]).await;
    daemon.wait_for_line(&format!("dry run: delete namespaces/{}", scene.namespace), SOON).await;
    daemon.wait_for_line(&format!("would follow: patch namespaces/{}", scene.namespace), SOON).await;
    assert!(scene.writes().await.iter().all(Request::is_dry_run));
}

async fn in_observe_mode_it_tells_what_it_would_do_and_writes_nothing(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rule = bad_rule(&format!("mode: enforce\n  {STEPS}"));
    let mut daemon = scene.daemon(&rule, &["--mode", "observe"]).await;
    scene.bad("map").await;
    let would = format!("would do: label {}", scene.called("configmaps", "map"));
    daemon.wait_for_line(&would, SOON).await;
    a_while().await;
    assert_eq!(daemon.lines_with(&would).len(), 1, "once an episode");
    assert_eq!(scene.writes().await.summary(), [""; 0]);
}

async fn a_rules_own_mode_weakens_the_daemons(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rule = |name: &str| {
        format!(
            "- name: {name}
  watch: configmaps
  mode: {name}
  match: [ {{ labels: {{ matchLabels: {{ state: {name} }} }} }} ]
  actions: [ {{ delete: {{}} }} ]
"
        )
    };
    let names = ["observe", "dry-run", "enforce"];
    let mut daemon = scene.daemon(&names.map(rule).concat(), &["--mode", "enforce"]).await;
    for name in names {
        let mut map = bad(name);
        map["metadata"]["labels"]["state"] = name.into();
        scene.create("configmaps", &map).await;
    }
    scene.wait_until_gone("configmaps", "enforce").await;
    daemon.wait_for_line("would do: delete", SOON).await;
    daemon.wait_for_line("dry run: delete", SOON).await;
    a_while().await;
    let writes = scene.writes().await;
    let (dry, real) = (writes.clone().only(Request::is_dry_run), writes.only(|write| !write.is_dry_run()));
    let deleted = |name: &str| format!("delete configmaps {}/{name} 200", scene.namespace);
    assert_eq!(dry.summary(), [deleted("dry-run")]);
    assert_eq!(real.summary(), [deleted("enforce")]);
}

async fn in_dry_run_mode_an_eviction_is_only_asked_about_and_costs_the_budget_nothing(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let budgets = "poddisruptionbudgets.policy";
    let rules = "
- name: evict
  watch: pods
  match: [ { labels: { matchLabels: { move: away } } } ]
  mode: dry-run
  actions: [ { evict: {} } ]
";
    scene.create("pods", &shapes::with_labels(shapes::pod("app"), &[("move", "away")])).await;
    scene.create(budgets, &shapes::budget("budget", "app")).await;
    scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 1).await;
    let before = scene.objects.get(budgets, &scene.namespace, "budget").await;
    let mut daemon = scene.daemon(rules, &[]).await;
    daemon.wait_for_line("dry run: evict", SOON).await;
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.summary(), [format!("create pods/eviction {}/app 201", scene.namespace)]);
    assert!(writes[0].is_dry_run());
    assert!(scene.exists("pods", "app").await);
    assert_eq!(scene.objects.get(budgets, &scene.namespace, "budget").await, before);
}
