//! Plans of a cluster: what they tell is true, and nothing is written.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Answer, Proxy, Scene, Seen, Stage, on_both, shapes};
use crate::{Told, plan_of};

on_both!(
    what_would_be_done_is_told_and_nothing_is_written,
    what_stands_around_the_objects_is_looked_up_and_holds_them_back,
    what_rules_ask_of_other_objects_is_looked_up,
    an_eviction_that_a_budget_refuses_is_held_back_by_its_name,
    what_may_not_be_read_holds_back_or_makes_the_plan_incomplete,
    rights_in_one_namespace_are_enough_for_it,
    what_is_answered_the_second_time_is_known_and_what_never_is_makes_the_plan_incomplete,
    what_comes_next_goes_no_further_than_the_plan,
);

const DELETE: &str = "actions: [ { delete: {} } ]";

async fn plan(scene: &Scene, rules: &str, flags: &[&str]) -> Told {
    plan_at(scene.account().kubeconfig(), scene, rules, flags).await
}

async fn plan_at(kubeconfig: &Path, scene: &Scene, rules: &str, flags: &[&str]) -> Told {
    let rules = scene.rules_file(rules).to_str().unwrap().to_owned();
    let kubeconfig = kubeconfig.to_str().unwrap().to_owned();
    let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
    let run = move || {
        let mut all = vec!["--rules", &rules, "--kubeconfig", &kubeconfig];
        all.extend(flags.iter().map(String::as_str));
        plan_of(b"", &all)
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// The plan as a document; nothing was written for it, not even as a dry run.
async fn document(scene: &Scene, rules: &str, flags: &[&str]) -> Value {
    let told = plan(scene, rules, &[&["--format", "json"], flags].concat()).await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    let document = told.json();
    let is_done = document["totals"]["now"] != 0 || document["totals"]["within"] != 0;
    let is_whole = document["incomplete"] == json!([]);
    let expected = if is_whole { i32::from(is_done) } else { 2 };
    assert_eq!(told.status, Some(expected), "{}{}", told.text, told.errors);
    document
}

/// The names of a section's rows, each with why it is held back.
fn rows(document: &Value, section: &str) -> Vec<String> {
    let rules = document["rules"].as_array().unwrap();
    let rows = rules.iter().flat_map(|rule| rule[section].as_array().unwrap());
    let shown = |row: &Value| match row["why"].as_str() {
        Some(why) => format!("{}: {why}", row["name"].as_str().unwrap()),
        None => row["name"].as_str().unwrap().to_owned(),
    };
    rows.map(shown).collect()
}

async fn what_would_be_done_is_told_and_nothing_is_written(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    for name in ["a", "b", "well"] {
        scene.bad(name).await;
    }
    scene.cure("well").await;
    let soon = "- { name: aged, watch: configmaps, match: [ age: { over: 4m } ], actions: [ { label: { a: b } } ] }\n";
    let rules = bad_rule(DELETE) + soon;
    let told = plan(&scene, &rules, &[]).await;
    let lines = told.lines();
    for name in ["a", "b"] {
        let row = format!("{}/{name} now delete label state=bad", scene.namespace);
        assert!(lines.contains(&row), "{row} is not in {}", told.text);
    }
    assert!(told.errors.is_empty(), "nobody looks: {}", told.errors);
    let document = document(&scene, &rules, &[]).await;
    assert_eq!(rows(&document, "now"), ["a", "b"]);
    // What is deleted is not labelled; every namespace has this one.
    let within = rows(&document, "within");
    assert!(within.contains(&"well".to_owned()) && !within.contains(&"a".to_owned()), "{within:?}");
    let created = scene.objects.get("configmaps", &scene.namespace, "well").await.unwrap();
    let created: jiff::Timestamp =
        created["metadata"]["creationTimestamp"].as_str().unwrap().parse().unwrap();
    let of_rule = document["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == "test/aged");
    let row =
        of_rule.unwrap()["within"].as_array().unwrap().iter().find(|row| row["name"] == "well").cloned();
    let due = created + jiff::SignedDuration::from_mins(4);
    assert_eq!(row.unwrap()["at"], due.to_string());
    // It is what a daemon does.
    let mut daemon = scene.daemon(&bad_rule(DELETE), &[]).await;
    daemon.wait_for_lines("\"outcome\":\"done\"", 2, SOON).await;
    let mut writes = scene.writes().await.summary();
    writes.sort();
    assert_eq!(writes, ["a", "b"].map(|name| format!("delete configmaps {}/{name} 200", scene.namespace)));
}

async fn what_stands_around_the_objects_is_looked_up_and_holds_them_back(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut owner = shapes::replica_set("kept", 1);
    owner["metadata"]["annotations"] = json!({"k8s-healer.io/protect": ""});
    let owner = scene.create("replicasets.apps", &owner).await;
    let free = replica_set(&scene, "free").await;
    scene.create("configmaps", &shapes::owned(bad("a"), &free)).await;
    scene.create("configmaps", &shapes::owned(bad("b"), &owner)).await;
    let found = document(&scene, &bad_rule(DELETE), &[]).await;
    assert_eq!(rows(&found, "now"), ["a"]);
    let why = "protected by the annotation k8s-healer.io/protect of ReplicaSet kept";
    assert_eq!(rows(&found, "held"), [format!("b: {why}")]);
    assert_eq!(found["rules"][0]["now"][0]["notKnown"], json!([]), "all of it was looked up");
    let marked = json!({"metadata": {"labels": {"k8s-healer.io/protect": ""}}});
    scene.objects.patch("namespaces", "", &scene.namespace, &marked).await;
    let found = document(&scene, &bad_rule(DELETE), &[]).await;
    let why = format!("protected by the label k8s-healer.io/protect of namespace {}", scene.namespace);
    assert_eq!(rows(&found, "held"), ["a", "b"].map(|name| format!("{name}: {why}")));
    assert_eq!(rows(&found, "now"), [""; 0]);
}

async fn what_rules_ask_of_other_objects_is_looked_up(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let there = scene.bad("there").await;
    scene.create("configmaps", &shapes::owned(bad("a"), &there)).await;
    let mut gone = there.clone();
    gone["metadata"]["uid"] = "00000000-0000-0000-0000-000000000001".into();
    // Where nobody collects garbage it stays.
    scene.create("configmaps", &shapes::owned(bad("b"), &gone)).await;
    let rules = "
- name: left
  watch: configmaps
  match: [ labels: { matchLabels: { state: bad } }, owner: { missing: true } ]
  actions: [ delete: {} ]
- name: marked
  watch: configmaps
  match: [ labels: { matchLabels: { state: bad } }, namespace: { labels: { matchLabels: { marked: \"yes\" } } } ]
  actions: [ label: { seen: \"yes\" } ]
";
    assert_eq!(rows(&document(&scene, rules, &[]).await, "now"), ["b"]);
    let marked = json!({"metadata": {"labels": {"marked": "yes"}}});
    scene.objects.patch("namespaces", "", &scene.namespace, &marked).await;
    let found = document(&scene, rules, &[]).await;
    assert_eq!(rows(&found, "now"), ["b", "a", "there"]);
    assert_eq!(rows(&found, "unknown").len() + rows(&found, "held").len(), 0, "{found}");
}

async fn an_eviction_that_a_budget_refuses_is_held_back_by_its_name(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    for app in ["free", "held"] {
        let pod = shapes::with_labels(shapes::pod(app), &[("app", app), ("move", "away")]);
        scene.create("pods", &pod).await;
    }
    scene.create("poddisruptionbudgets.policy", &shapes::budget("budget", "held")).await;
    scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 0).await;
    let rules = "
- name: evict
  watch: pods
  match: [ { labels: { matchLabels: { move: away } } } ]
  actions: [ { evict: {} } ]
";
    let found = document(&scene, rules, &[]).await;
    assert_eq!(rows(&found, "now"), ["free"]);
    let held = &found["rules"][0]["held"];
    assert!(held[0]["name"] == "held" && held[0]["heldBy"] == "pdb", "{held}");
    assert!(held[0]["why"].as_str().unwrap().contains("PodDisruptionBudget budget"), "{held}");
    scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 1).await;
    assert_eq!(rows(&document(&scene, rules, &[]).await, "now"), ["free", "held"]);
}

fn rights(resource: &str, verbs: &[&str]) -> Value {
    json!({"apiGroups": [""], "resources": [resource], "verbs": verbs})
}

async fn scene_with(stage: Stage, granted: &[Value]) -> Option<Scene> {
    let scene = Scene::without_rights(&stage.cluster().await?).await;
    for rule in granted {
        scene.grant(&json!([rule])).await;
    }
    scene.bad("map").await;
    Some(scene)
}

async fn what_may_not_be_read_holds_back_or_makes_the_plan_incomplete(stage: Stage) {
    let Some(scene) = scene_with(stage, &[rights("configmaps", &["list"])]).await else { return };
    let found = document(&scene, &bad_rule(DELETE), &[]).await;
    let held = rows(&found, "held");
    let begins = format!("map: namespace {} cannot be read, and it could be protected: ", scene.namespace);
    assert!(held.len() == 1 && held[0].starts_with(&begins) && held[0].contains("grant get"), "{held:?}");
    let secrets = bad_rule(DELETE).replace("name: bad", "name: secrets").replace("configmaps", "secrets");
    let found = document(&scene, &(bad_rule(DELETE) + &secrets), &[]).await;
    let incomplete = found["incomplete"].to_string();
    assert!(
        incomplete.contains(&format!("secrets in {}: it may not be listed", scene.namespace)),
        "{incomplete}"
    );
    assert_eq!(rows(&found, "held").len(), 1);
    // Which namespaces a pattern stands for, nobody may tell: that is no plan with nothing in it.
    let anywhere = bad_rule(DELETE).replace("configmaps", "secrets") + "  namespaces: [test-*]\n";
    let found = document(&scene, &anywhere, &[]).await;
    assert!(found["incomplete"].to_string().contains("which there are is not known"), "{found}");
    let told = plan(&scene, &anywhere, &[]).await;
    assert!(
        told.text.lines().last().unwrap().starts_with("next: k8s-healer doctor --rules "),
        "{}",
        told.text
    );
}

async fn rights_in_one_namespace_are_enough_for_it(stage: Stage) {
    let Some(scene) = scene_with(stage, &[rights("namespaces", &["get"])]).await else { return };
    let granted = json!([rights("configmaps", &["list"])]);
    let _grant = crate::support::Grant::to(&scene, &scene.namespace, &granted).await;
    a_while().await;
    let found = document(&scene, &bad_rule(DELETE), &[]).await;
    assert_eq!((rows(&found, "now"), &found["incomplete"]), (vec!["map".to_owned()], &json!([])));
}

async fn what_is_answered_the_second_time_is_known_and_what_never_is_makes_the_plan_incomplete(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.bad("map").await;
    let proxy = Proxy::start(scene.account());
    let path = format!("/api/v1/namespaces/{}", scene.namespace);
    let reads = move |seen: &Seen| seen.path == path;
    let flags = ["--format", "json"];
    for answer in [Answer::status(503), Answer::too_many_requests(1)] {
        proxy.answer(reads.clone(), answer, 1);
        let told = plan_at(&proxy.kubeconfig(), &scene, &bad_rule(DELETE), &flags).await;
        assert_eq!(
            (told.status, rows(&told.json(), "now")),
            (Some(1), vec!["map".to_owned()]),
            "{}",
            told.text
        );
    }
    let before = proxy.seen_that(reads.clone()).len();
    proxy.answer(reads.clone(), Answer::status(503), usize::MAX);
    let told = plan_at(&proxy.kubeconfig(), &scene, &bad_rule(DELETE), &flags).await;
    let document = told.json();
    assert_eq!((told.status, rows(&document, "held").len()), (Some(2), 1), "{}", told.text);
    let expected = format!("namespace {} could not be looked up", scene.namespace);
    assert!(document["incomplete"].to_string().contains(&expected), "{document}");
    assert_eq!(proxy.seen_that(reads).len() - before, 4);
}

async fn what_comes_next_goes_no_further_than_the_plan(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.bad("map").await;
    let next = |told: &Told| told.text.lines().last().unwrap().split_once(" --rules ").unwrap().0.to_owned();
    let rest = |told: &Told| told.text.lines().last().unwrap().split_once(".yaml").unwrap().1.to_owned();
    let kubeconfig = scene.account().kubeconfig().to_str().unwrap().to_owned();
    let flags = ["--namespace", "none-*", "--exclude-namespaces", "a b", "--mode", "observe"];
    let told = plan(&scene, &bad_rule(DELETE), &flags).await;
    assert_eq!(next(&told), "next: k8s-healer sweep --mode observe");
    let note = "note: no namespace of the cluster is called `none-*`, as --namespace has it";
    assert!(told.text.contains(note), "{}", told.text);
    let expected = format!(" --namespace 'none-*' --exclude-namespaces 'a b' --kubeconfig {kubeconfig}");
    assert_eq!(rest(&told), expected);
    let told = plan(&scene, &bad_rule(DELETE), &["--exclude-namespaces", "*"]).await;
    assert_eq!(next(&told), "next: k8s-healer daemon run");
    assert_eq!(rest(&told), format!(" --exclude-namespaces '*' --kubeconfig {kubeconfig}"));
    assert!(!told.text.contains("no namespace of the cluster"), "{}", told.text);
    let told = plan(&scene, &bad_rule(DELETE), &["--exclude-namespaces", "other"]).await;
    assert_eq!((told.status, next(&told)), (Some(1), "next: k8s-healer sweep --mode dry-run".to_owned()));
    assert_eq!(rest(&told), format!(" --exclude-namespaces other --kubeconfig {kubeconfig}"));
}
