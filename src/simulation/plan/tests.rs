//! What a plan says of a few objects.

mod becoming;
mod departed;
mod limits;

use serde_json::{Value, json};

use super::*;
use crate::rules::{Input, LoadOptions, load};
use crate::simulation::gathering::Gathering;

const AT: &str = "2026-01-01T12:00:00Z";

fn rule_set(rules: &str) -> k8s_healer_engine::rule::RuleSet {
    let head = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\n\
        defaults: { namespaces: [test-*] }\nrules:\n";
    let input = Input::Text { name: "rules.yaml".to_owned(), bytes: format!("{head}{rules}").into_bytes() };
    let loaded = load(&[input], &LoadOptions::default());
    loaded.rule_set.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

fn planned_of(complete: bool, rules: &str, minutes: u64, objects: &[Value]) -> Plan {
    let mut gathering = Gathering::new(&rule_set(rules), complete);
    for object in objects {
        let text = |key: &str| object[key].as_str().unwrap();
        assert!(gathering.add(text("apiVersion"), text("kind"), object.clone()), "{object}");
    }
    let gathered = gathering.finish();
    let question = Question {
        at: AT.parse().unwrap(),
        within: Duration::from_secs(60 * minutes),
        guard: Guard::default(),
    };
    plan(gathered.world, gathered.watching, &question)
}

/// Of what is not there, it is known that it does not exist.
fn planned(rules: &str, minutes: u64, objects: &[Value]) -> Plan {
    planned_of(true, rules, minutes, objects)
}

/// `12:02:00 delete pods/test-a/web`, with what is told beside it.
fn rows(plan: &Plan) -> Vec<String> {
    let shown = |row: &Row| {
        let fate = match &row.fate {
            Fate::Done => String::new(),
            Fate::Logged => " (logged)".to_owned(),
            Fate::Told(mode) => format!(" ({mode})"),
            Fate::Held(by, why) => format!(" held by {}: {why}", by.word()),
        };
        let from_now = if row.counts_from_now { " from now" } else { "" };
        let not_known = if row.not_known.is_empty() {
            String::new()
        } else {
            format!(" not known: {}", row.not_known.join(", "))
        };
        let after = row.after.as_ref().map(|other| format!(" after {other}")).unwrap_or_default();
        format!(
            "{} {} {}{fate}{from_now}{not_known}{after}",
            row.at.strftime("%H:%M:%S"),
            row.action(),
            row.object()
        )
    };
    plan.rows.iter().map(shown).collect()
}

fn unknown(plan: &Plan) -> Vec<String> {
    let shown = |one: &Unknown| {
        let spared = if one.spares { " spared" } else { "" };
        let at = if one.at > plan.at { one.at.strftime(" at %H:%M:%S").to_string() } else { String::new() };
        format!("{} {}{spared}{at}: {} ({})", one.rule.id.name, one.count, one.reason, one.examples.join(" "))
    };
    plan.unknown.iter().map(shown).collect()
}

/// A pod of `test-a`, created so many minutes before noon, with these members merged over it.
fn pod(name: &str, minutes: u32, more: Value) -> Value {
    let created = format!("2026-01-01T11:{:02}:00Z", 60 - minutes);
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "status": {"phase": "Running"}, "metadata": {
        "name": name, "namespace": "test-a", "uid": format!("uid-{name}"), "creationTimestamp": created}});
    json_patch::merge(&mut pod, &more);
    pod
}

fn namespace(annotations: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test-a", "annotations": annotations}})
}

const OLD: &str = "- { name: old, watch: pods, match: [ age: { over: 6m } ], actions: [ delete: {} ] }";

#[test]
fn what_is_due_is_done_now_and_what_falls_due_in_time_at_its_moment() {
    let pods: Vec<Value> =
        [("a", 10), ("b", 4), ("c", 1), ("d", 6)].map(|(name, age)| pod(name, age, json!({}))).into();
    let plan = planned(OLD, 5, &pods);
    let expected = [
        "12:00:00 delete pods/test-a/a",
        "12:00:00 delete pods/test-a/d",
        "12:02:00 delete pods/test-a/b",
        "12:05:00 delete pods/test-a/c",
    ];
    assert_eq!((rows(&plan), plan.objects), (expected.map(str::to_owned).to_vec(), 4));
    assert!(plan.rows[0].reason.contains("age 10m of 6m"), "{}", plan.rows[0].reason);
}

#[test]
fn a_for_counts_from_now_unless_the_object_carries_its_time() {
    let rules = "
- { name: failed, watch: pods, match: [ phase: Failed ], for: 3m, actions: [ delete: {} ] }
- name: unready
  watch: pods
  match: [ condition: { type: Ready, status: \"False\" } ]
  for: 3m
  actions: [ annotate: { a: b } ]
";
    let condition = json!({"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T11:59:00Z"});
    let pods = [
        pod("a", 10, json!({"status": {"phase": "Failed"}})),
        pod("b", 10, json!({"status": {"conditions": [condition]}})),
    ];
    assert_eq!(
        rows(&planned(rules, 10, &pods)),
        ["12:02:00 annotate pods/test-a/b", "12:03:00 delete pods/test-a/a from now"]
    );
    assert!(rows(&planned(rules, 1, &pods)).is_empty());
}

#[test]
fn what_is_protected_is_held_back_and_a_time_that_ends_frees_it() {
    let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "uid-web",
        "controller": true});
    let replicas = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web",
        "namespace": "test-a", "uid": "uid-web", "labels": {"k8s-healer.io/protect": ""}}});
    let marked = |annotations: Value| json!({"metadata": {"annotations": annotations}});
    let objects = [
        pod("a", 10, marked(json!({"k8s-healer.io/protect": ""}))),
        pod("b", 10, marked(json!({"k8s-healer.io/keep-until": "2026-01-01T12:03:00Z"}))),
        pod("c", 10, json!({"metadata": {"ownerReferences": [owner]}})),
        replicas,
    ];
    assert_eq!(
        rows(&planned(OLD, 10, &objects)),
        [
            "12:00:00 delete pods/test-a/a held by protection: protected by the annotation k8s-healer.io/protect",
            "12:00:00 delete pods/test-a/b held by protection: protected by the annotation \
             k8s-healer.io/keep-until (2026-01-01T12:03:00Z)",
            "12:00:00 delete pods/test-a/c held by protection: protected by the label k8s-healer.io/protect of \
             ReplicaSet web",
            "12:03:00 delete pods/test-a/b",
        ]
    );
    let objects = [pod("a", 10, json!({})), namespace(&json!({"k8s-healer.io/protect": ""}))];
    let held = rows(&planned(OLD, 10, &objects));
    assert!(held.len() == 1 && held[0].ends_with("protect of namespace test-a"), "{held:?}");
}

#[test]
fn what_may_protect_and_is_not_there_is_not_known_unless_what_is_there_is_all() {
    let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "uid-web",
        "controller": true});
    let objects = [pod("a", 10, json!({"metadata": {"ownerReferences": [owner]}}))];
    let partial = planned_of(false, OLD, 0, &objects);
    let expected = "12:00:00 delete pods/test-a/a not known: namespace test-a, ReplicaSet web";
    assert_eq!((rows(&partial), partial.missing.len()), (vec![expected.to_owned()], 2));
    let whole = planned(OLD, 0, &objects);
    assert_eq!((rows(&whole), whole.missing.len()), (vec!["12:00:00 delete pods/test-a/a".to_owned()], 0));
}

#[test]
fn later_steps_follow_and_a_weaker_mode_tells() {
    let rules = "
- name: stuck
  watch: pods
  match: [ age: { over: 6m } ]
  actions: [ delete: {}, stripFinalizers: { after: 2m, only: [a.b/*] } ]
- name: told
  watch: pods
  mode: observe
  match: [ age: { over: 8m } ]
  actions: [ label: { a: b } ]
";
    let objects = [pod("a", 7, json!({"metadata": {"finalizers": ["a.b/c"]}}))];
    assert_eq!(
        rows(&planned(rules, 10, &objects)),
        [
            "12:00:00 delete pods/test-a/a",
            "12:01:00 label pods/test-a/a (observe)",
            "12:02:00 stripFinalizers pods/test-a/a",
        ]
    );
}

#[test]
fn what_is_not_known_is_told_by_what_is_missing_and_counted() {
    let rules = "
- { name: failed, watch: pods, match: [ phase: Failed, not: { field: { path: $.status.reason, equals: Evicted } } ], actions: [ delete: {} ] }
- name: kept
  watch: pods
  match: [ age: { over: 6m } ]
  unless: [ field: { path: $.metadata.annotations.keep, equals: \"yes\" } ]
  actions: [ delete: {} ]
";
    let mut pods: Vec<Value> =
        (0..5).map(|n| pod(&format!("p{n}"), 1, json!({"status": {"phase": "Failed"}}))).collect();
    pods.push(pod("q", 10, json!({})));
    pods.push(pod("r", 10, json!({"status": null, "metadata": {"annotations": {"keep": "yes"}}})));
    let plan = planned(rules, 0, &pods);
    assert_eq!(rows(&plan), [""; 0]);
    assert_eq!(
        unknown(&plan),
        [
            "failed 5: $.status.reason is missing (pods/test-a/p0 pods/test-a/p1 pods/test-a/p2)",
            "failed 1: $.status.phase is missing; $.status.reason is missing (pods/test-a/r)",
            "kept 1 spared: $.metadata.annotations.keep is missing (pods/test-a/q)",
        ]
    );
}

#[test]
fn what_hangs_on_an_object_that_is_not_there_is_unknown_unless_what_is_there_is_all() {
    let rules = "
- { name: sick, watch: pods, match: [ node: { missing: true } ], actions: [ delete: {} ] }
- { name: left, watch: pods, match: [ owner: { missing: true } ], actions: [ label: { a: b } ] }
";
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "map", "uid": "uid-map"});
    let objects = [pod("a", 1, json!({"spec": {"nodeName": "n"}, "metadata": {"ownerReferences": [owner]}}))];
    let partial = planned_of(false, rules, 5, &objects);
    assert_eq!(rows(&partial), [""; 0]);
    assert_eq!(
        unknown(&partial),
        [
            "left 1: it is not known whether its owner exists (pods/test-a/a)",
            "sick 1: its node is not known (pods/test-a/a)",
        ]
    );
    assert_eq!(partial.missing.len(), 2);
    let whole = rows(&planned(rules, 5, &objects));
    assert_eq!(whole, ["12:00:00 delete pods/test-a/a"], "a deleted pod is not labelled");
}

#[test]
fn a_budget_lets_as_many_go_as_it_allows_and_holds_the_rest() {
    let rules = "- { name: old, watch: pods, match: [ age: { over: 6m } ], actions: [ evict: {} ] }";
    let ready = json!({"metadata": {"labels": {"app": "web"}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "test-a"}, "spec": {"selector": {"matchLabels": {"app": "web"}}},
        "status": {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2}});
    let pods = [pod("a", 10, ready.clone()), pod("b", 10, ready.clone()), pod("c", 10, json!({}))];
    let all: Vec<Value> = pods.iter().cloned().chain([budget]).collect();
    assert_eq!(
        rows(&planned(rules, 5, &all)),
        [
            "12:00:00 evict pods/test-a/a",
            "12:00:00 evict pods/test-a/b held by pdb: the PodDisruptionBudget web allows no disruption (3 healthy, \
             2 desired): what is evicted before takes what it allows",
            "12:00:00 evict pods/test-a/c",
        ]
    );
    let given_up = rows(&planned(rules, 11, &all));
    assert!(given_up[3].contains("evict pods/test-a/b held by given up"), "{given_up:?}");
    let mut none = all.clone();
    none[3]["status"]["disruptionsAllowed"] = json!(0);
    assert!(rows(&planned(rules, 5, &none))[0].ends_with("(3 healthy, 2 desired)"));
    let unknown = rows(&planned_of(false, rules, 5, &pods[..1]));
    assert!(unknown[0].ends_with("the PodDisruptionBudgets of its namespace"), "{unknown:?}");
}

#[test]
fn a_thousand_that_another_object_protects_cost_no_look_at_each_change() {
    let mut objects: Vec<Value> = (0..2000).map(|n| pod(&format!("p{n}"), 10, json!({}))).collect();
    for object in objects.iter_mut().skip(1000) {
        object["metadata"]["namespace"] = "test-b".into();
    }
    objects.push(namespace(&json!({"k8s-healer.io/protect": ""})));
    let plan = planned(OLD, 10, &objects);
    assert_eq!((plan.rows.len(), plan.done()), (2000, 1000));
}

#[test]
fn a_line_of_the_log_is_no_deed_in_any_mode() {
    let rules = |mode: &str| {
        format!(
            "- {{ name: old, watch: pods, mode: {mode}, match: [ age: {{ over: 6m }} ], actions: [ log: {{ message: a }} ] }}"
        )
    };
    for mode in ["enforce", "observe"] {
        let plan = planned(&rules(mode), 0, &[pod("a", 10, json!({}))]);
        assert_eq!((rows(&plan), plan.done()), (vec!["12:00:00 log pods/test-a/a (logged)".to_owned()], 0));
    }
}
