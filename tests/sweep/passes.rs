//! One pass: what is due is done, the rest is left alone, and each is told.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::support::scene::*;
use crate::support::{Request, Stage, on_both, shapes};
use crate::{DELETE, run, sweep, sweep_by};

on_both!(
    what_is_due_is_done_once_and_it_ends,
    what_is_protected_is_told_and_left_alone,
    what_falls_due_later_is_left_alone,
    a_rule_that_the_object_itself_dates_is_due_at_once,
    in_observe_mode_nothing_is_sent_and_in_dry_run_mode_only_dry_runs,
    what_is_told_is_one_json_document_for_programs,
    what_rules_ask_of_other_objects_is_waited_for,
);

async fn what_is_due_is_done_once_and_it_ends(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = scene.rules_file(&bad_rule(DELETE));
    for name in ["a", "b", "c", "well"] {
        scene.bad(name).await;
    }
    scene.cure("well").await;
    let told = sweep_by(&scene, &rules, &[]).await;
    told.assert(0, "3 deleted");
    let row = format!("test/bad configmaps {} delete 3 0 0", scene.namespace);
    assert_eq!(told.lines()[..2], ["RULE KIND NAMESPACE ACTION DONE HELD BACK FAILED", &*row]);
    assert!(!told.errors.contains("sweeping"), "nobody looks: {}", told.errors);
    let mut writes = scene.writes().await.summary();
    writes.sort();
    let deleted = |name| format!("delete configmaps {}/{name} 200", scene.namespace);
    assert_eq!(writes, ["a", "b", "c"].map(deleted));
    assert!(scene.exists("configmaps", "well").await);
    sweep_by(&scene, &rules, &[]).await.assert(0, "nothing to do");
    assert_eq!(scene.writes().await.len(), 3);
}

async fn what_is_protected_is_told_and_left_alone(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut kept = bad("kept");
    kept["metadata"]["annotations"]["k8s-healer.io/protect"] = "".into();
    scene.create("configmaps", &kept).await;
    let told = sweep(&scene, &bad_rule(DELETE), &[]).await;
    told.assert(0, "1 held back");
    let row = format!(
        "test/bad configmaps {} delete 0 1 0 protected by the annotation k8s-healer.io/protect",
        scene.namespace
    );
    assert_eq!(told.lines()[1], row);
    assert_eq!(scene.writes().await.summary(), [""; 0]);
}

async fn what_falls_due_later_is_left_alone(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    // Many are due, so that the pass takes longer than the others have to wait.
    for index in 0..120 {
        scene.bad(&format!("due-{index}")).await;
    }
    let later = json!({"metadata": {"name": "later", "labels": {"state": "ill"}}});
    scene.create("configmaps", &later).await;
    let rules = bad_rule(DELETE)
        + "- name: ill\n  watch: configmaps\n  match: [ { labels: { matchLabels: { state: ill } } } ]\n"
        + "  for: 1s\n  actions: [ { delete: {} } ]\n";
    let began = Timestamp::now();
    sweep(&scene, &rules, &[]).await.assert(0, "120 deleted");
    assert!(began.until(Timestamp::now()).unwrap().total(jiff::Unit::Second).unwrap() > 1.5, "paced");
    assert!(scene.exists("configmaps", "later").await);
    assert_eq!(scene.writes().await.len(), 120);
}

async fn a_rule_that_the_object_itself_dates_is_due_at_once(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rule = |name: &str, hold: &str| {
        format!(
            "- name: {name}
  watch: pods
  match: [ {{ condition: {{ type: Ready, status: \"False\" }} }} ]
  for: {hold}
  {DELETE}
"
        )
    };
    let since = |minutes: i64| {
        let since = Timestamp::now() - SignedDuration::from_mins(minutes);
        since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    for (name, minutes) in [("old", 10), ("young", 1)] {
        let mut pod = shapes::crash_looping_pod(name);
        pod["status"]["conditions"] =
            json!([{"type": "Ready", "status": "False", "lastTransitionTime": since(minutes)}]);
        scene.create("pods", &pod).await;
    }
    sweep(&scene, &rule("unready", "5m"), &[]).await.assert(0, "1 deleted");
    let deleted = format!("delete pods {}/old 200", scene.namespace);
    assert_eq!(scene.writes().await.summary(), [deleted]);
    assert!(scene.exists("pods", "young").await);
}

async fn what_rules_ask_of_other_objects_is_waited_for(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let team = json!({"metadata": {"labels": {"team": scene.namespace}}});
    scene.objects.patch("namespaces", "", &scene.namespace, &team).await;
    let owner = scene.create("secrets", &json!({"metadata": {"name": "there"}})).await;
    let owned = |name: &str, uid: &serde_json::Value| {
        let reference = json!({"apiVersion": "v1", "kind": "Secret", "name": "there", "uid": uid});
        json!({"metadata": {"name": name, "ownerReferences": [reference]}})
    };
    scene.create("configmaps", &owned("kept", &owner["metadata"]["uid"])).await;
    scene.create("configmaps", &owned("orphan", &"00000000-0000-4000-8000-000000000000".into())).await;
    let rule = |team: &str| {
        format!(
            "- name: orphans
  watch: configmaps
  namespaces: [{}]
  namespaceSelector: {{ matchLabels: {{ team: {team} }} }}
  match: [ {{ owner: {{ missing: true }} }} ]
  {DELETE}
",
            scene.namespace
        )
    };
    sweep(&scene, &rule("other"), &[]).await.assert(0, "nothing to do");
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    sweep(&scene, &rule(&scene.namespace), &[]).await.assert(0, "1 deleted");
    assert_eq!(scene.writes().await.summary(), [format!("delete configmaps {}/orphan 200", scene.namespace)]);
}

async fn in_observe_mode_nothing_is_sent_and_in_dry_run_mode_only_dry_runs(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.bad("a").await;
    scene.bad("b").await;
    let rules = scene.rules_file(&bad_rule(DELETE));
    let told = sweep_by(&scene, &rules, &["--mode", "observe"]).await;
    told.assert(0, "2 would be deleted");
    assert_eq!(told.lines()[0], "RULE KIND NAMESPACE ACTION WOULD DO HELD BACK FAILED");
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    sweep_by(&scene, &rules, &["--mode", "dry-run", "--wait"]).await.assert(0, "2 would be deleted");
    let writes = scene.writes().await;
    assert_eq!((writes.len(), writes.only(Request::is_dry_run).len()), (2, 2));
    assert!(scene.exists("configmaps", "a").await && scene.exists("configmaps", "b").await);
}

async fn what_is_told_is_one_json_document_for_programs(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.bad("map").await;
    let told = sweep(&scene, &bad_rule(DELETE), &["--format", "json"]).await;
    assert_eq!(told.status, Some(0), "{}", told.errors);
    let document = told.json();
    let totals = json!({"acted": 1, "would": 0, "held": 0, "failed": 0, "remaining": 0});
    assert_eq!((&document["version"], &document["totals"]), (&json!(1), &totals));
    let row = &document["rows"][0];
    assert_eq!(row["namespace"], scene.namespace);
    assert_eq!((&row["rule"], &row["acted"], &row["reason"]), (&"test/bad".into(), &json!(1), &json!(null)));
    assert_eq!((&document["incomplete"], &document["remaining"]), (&json!([]), &json!({})));
}

#[tokio::test]
async fn rules_with_errors_and_a_server_that_is_not_there_are_told_and_nothing_is_sent() {
    let Some(scene) = Stage::Sandbox.scene().await else { return };
    let told = sweep(&scene, &bad_rule("for: 6 min\n  actions: [ { delete: {} } ]"), &[]).await;
    assert!(told.status == Some(1) && told.errors.contains("bad-duration"), "{}", told.errors);
    let told = sweep(&scene, &bad_rule(DELETE), &["--context", "none"]).await;
    assert!(
        told.status == Some(2) && told.text.is_empty() && told.errors.contains("none"),
        "{}",
        told.errors
    );
    let told = sweep(&scene, &bad_rule(DELETE), &["--namespace", "!test"]).await;
    assert!(told.status == Some(2) && told.errors.contains("--namespace"), "{}", told.errors);
    assert_eq!(scene.sent().await.summary(), [""; 0]);
}

#[tokio::test]
async fn a_server_that_goes_away_in_the_middle_leaves_the_pass_incomplete_and_what_was_done_told() {
    let Some(scene) = Stage::Sandbox.scene().await else { return };
    let proxy = crate::support::Proxy::start(scene.account());
    proxy.answer(
        |seen| seen.method == Method::DELETE && seen.path.ends_with("/b"),
        crate::support::Answer::status(500),
        usize::MAX,
    );
    scene.bad("a").await;
    scene.bad("b").await;
    let rules = scene.rules_file(&bad_rule(DELETE));
    let kubeconfig = proxy.kubeconfig();
    let told =
        run(&["sweep", "--rules", rules.to_str().unwrap(), "--kubeconfig", kubeconfig.to_str().unwrap()])
            .await;
    assert_eq!(told.status, Some(1), "{}{}", told.text, told.errors);
    assert!(told.lines().pop().unwrap().starts_with("1 deleted, "), "{}", told.text);
    assert!(!scene.exists("configmaps", "a").await && scene.exists("configmaps", "b").await);
}
