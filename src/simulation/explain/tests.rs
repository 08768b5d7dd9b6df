//! What a rule comes to by time alone, and what a world that is only a part of one knows of what stands around.

use k8s_healer_engine::facts::Others;
use k8s_healer_engine::projection::Projection;
use serde_json::{Value, json};

use super::*;
use crate::rules::{Input, LoadOptions, load};
use crate::simulation::HeldBy;
use crate::simulation::world::{World, WorldKind, id_of};

fn at(clock: &str) -> Timestamp {
    format!("2026-01-01T{clock}Z").parse().unwrap()
}

/// A rule on pods of all namespaces.
fn rule(keys: &str) -> Arc<Rule> {
    let keys: String = keys.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: pack }}\nrules:\n  - name: rule\n    watch: pods\n    scope: cluster\n{keys}"
    );
    let input = Input::Text { name: "test".to_owned(), bytes: text.into_bytes() };
    let loaded = load(&[input], &LoadOptions::default());
    let rules = loaded.rule_set.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    Arc::clone(&rules.rules[0])
}

fn pod(metadata: Value) -> Observation {
    let mut pod = json!({"metadata": {
        "name": "web-1", "namespace": "test-a", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z",
    }});
    json_patch::merge(&mut pod, &json!({ "metadata": metadata }));
    Observation::new(pod)
}

/// At five minutes past midnight; the rule has been true since then, where that was seen.
fn explained(rule: &Arc<Rule>, object: &Observation, true_since: Option<Timestamp>) -> Explained {
    let true_since = true_since.map(|since| (rule.id.clone(), since)).into_iter().collect();
    after(rule, object, &Seen { true_since, ..Seen::default() }, &Budgets::default())
}

/// The same, after this was seen, with these budgets around.
fn after(rule: &Arc<Rule>, object: &Observation, seen: &Seen, budgets: &Budgets) -> Explained {
    let guard = Guard { mode: Mode::Enforce, ..Guard::default() };
    let question = Question {
        object,
        resource: "pods",
        names: &["pod"],
        facts: &Facts::none(),
        unknown: &[],
        namespace: None,
        ancestors: &[],
        unknown_above: &[],
        missing: &[],
        budgets,
        seen,
        guard: &guard,
        now: at("00:05:00"),
    };
    let watchers = [Watcher { rule, is_named: true, written: None }];
    explain(&question, &watchers).rules.remove(0)
}

fn due(explained: &Explained) -> Option<Timestamp> {
    explained.course.due.as_ref().map(|due| due.at)
}

const BAD: &str = "match: [ labels: { matchLabels: { state: bad } } ]\nfor: 3m\nactions: [ log: { message: bad }, delete: {} ]";

#[test]
fn a_for_counts_from_where_the_rule_was_seen_to_be_true() {
    let bad = pod(json!({"labels": {"state": "bad"}}));
    let rule = rule(BAD);
    for (since, over) in
        [(None, "00:08:00"), (Some(at("00:04:00")), "00:07:00"), (Some(at("00:01:00")), "00:04:00")]
    {
        let explained = explained(&rule, &bad, since);
        let wait = explained.hold.unwrap();
        assert_eq!((wait.over, wait.is_told), (Some(at(over)), false), "{since:?}");
        assert_eq!(due(&explained), Some(at(over).max(at("00:05:00"))), "{since:?}");
    }
    let good = explained(&rule, &pod(json!({})), None);
    assert_eq!((good.hold.unwrap().from, due(&good)), (None, None));
}

#[test]
fn a_for_counts_from_where_the_object_tells_it() {
    let old = rule("match: [ age: { over: 1m } ]\nfor: 10m\nactions: [ delete: {} ]");
    let explained = explained(&old, &pod(json!({})), None);
    let wait = explained.hold.unwrap();
    assert_eq!((wait.from, wait.is_told, wait.over), (Some(at("00:01:00")), true, Some(at("00:11:00"))));
}

#[test]
fn a_later_step_counts_from_where_the_one_before_was_seen_to_be_done() {
    let rule = rule(
        "match: [ labels: { matchLabels: { state: bad } } ]\nactions: [ annotate: { a: b }, delete: { after: 5m } ]",
    );
    let done = pod(json!({"labels": {"state": "bad"}, "annotations": {"a": "b"}}));
    for (passed, expected) in [
        (None, "00:10:00"),
        (Some("00:04:00"), "00:09:00"),
        (Some("00:00:00"), "00:05:00"),
        (Some("00:06:00"), "00:10:00"),
    ] {
        let passed_since = passed.map(|since| ((rule.id.clone(), 0), at(since))).into_iter().collect();
        let explained = after(&rule, &done, &Seen { passed_since, ..Seen::default() }, &Budgets::default());
        assert_eq!((due(&explained), explained.course.passed), (Some(at(expected)), vec![0]), "{passed:?}");
    }
    let not_done = explained(&rule, &pod(json!({"labels": {"state": "bad"}})), None).course;
    assert_eq!((not_done.due.map(|due| due.step), not_done.passed), (Some(0), vec![]));
}

#[test]
fn what_is_told_before_does_not_hide_what_is_done_and_what_holds_that_back() {
    let kept = json!({"k8s-healer.io/keep-until": "2026-01-01T00:20:00Z"});
    let kept = pod(json!({"labels": {"state": "bad"}, "annotations": kept}));
    let Course { due, tells, holds, .. } = explained(&rule(BAD), &kept, None).course;
    assert_eq!(tells.map(|tells| (tells.at, tells.step)), Some((at("00:08:00"), 0)));
    assert_eq!(due.map(|due| (due.at, due.step)), Some((at("00:20:00"), 1)));
    let [hold] = holds.as_slice() else { panic!("{holds:?}") };
    assert_eq!((hold.at, hold.held, hold.until), (at("00:08:00"), HeldBy::Protection, Some(at("00:20:00"))));
}

#[test]
fn a_truth_that_ends_before_the_for_is_over_comes_to_nothing() {
    let young = rule("match: [ age: { under: 7m } ]\nfor: 10m\nactions: [ delete: {} ]");
    assert_eq!(explained(&young, &pod(json!({})), None).course, Course::default());
}

/// A budget of all pods that allows so many disruptions.
fn allowing(disruptions: i64) -> Budgets {
    let status = json!({"disruptionsAllowed": disruptions, "currentHealthy": 2, "desiredHealthy": 2, "observedGeneration": 1});
    let budget = json!({
        "metadata": {"name": "web", "namespace": "test-a", "generation": 1},
        "spec": {"selector": {}},
        "status": status,
    });
    Budgets { objects: vec![Arc::new(Observation::new(budget))], unknown: None }
}

#[test]
fn an_eviction_is_held_back_by_a_budget_until_it_is_given_up() {
    let mut running = pod(json!({})).object().clone();
    running["status"] = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    let running = Observation::new(running);
    let course = |action: &str, budgets: &Budgets| {
        let keys = format!("match: [ age: {{ over: 5m }} ]\nactions: [ {action} ]");
        after(&rule(&keys), &running, &Seen::default(), budgets).course
    };
    let held = |course: &Course| {
        course.holds.iter().map(|hold| (hold.at, hold.held, hold.by.clone())).collect::<Vec<_>>()
    };
    let why = "the PodDisruptionBudget web allows no disruption (2 healthy, 2 desired)".to_owned();
    let refused = vec![(at("00:05:00"), HeldBy::Pdb, why)];

    let free = course("evict: {}", &allowing(1));
    assert_eq!((free.due.map(|due| due.at), free.holds), (Some(at("00:05:00")), Vec::new()));
    let patient = course("evict: {}", &allowing(0));
    assert_eq!((held(&patient), patient.due), (refused.clone(), None));
    let falls_back = course("evict: { fallback: delete, giveUp: 4m }", &allowing(0));
    assert_eq!(held(&falls_back), refused);
    assert!(falls_back.due.is_some_and(|due| due.at >= at("00:09:00") && due.at < at("00:10:00")));
    let deletes = course("delete: {}", &allowing(0));
    assert_eq!((deletes.due.map(|due| due.at), deletes.holds), (Some(at("00:05:00")), Vec::new()));

    let unknown = Budgets { objects: Vec::new(), unknown: Some("nobody told".to_owned()) };
    let provided = course("evict: {}", &unknown).due.map(|due| due.provided);
    assert_eq!(provided, Some(vec!["no PodDisruptionBudget refuses it: nobody told".to_owned()]));
    assert_eq!(course("delete: {}", &unknown).due.map(|due| due.provided), Some(Vec::new()));
}

#[test]
fn a_rule_that_only_observes_asks_no_budget() {
    let mut running = pod(json!({})).object().clone();
    running["status"] = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    let rule = rule("match: [ age: { over: 5m } ]\nmode: observe\nactions: [ evict: {} ]");
    let course = after(&rule, &Observation::new(running), &Seen::default(), &allowing(0)).course;
    assert_eq!((course.due.map(|due| due.at), course.holds), (Some(at("00:05:00")), Vec::new()));
}

fn kinds() -> Vec<WorldKind> {
    let kind = |resource: &str, group: &str, kind: &str| WorldKind {
        resource: resource.to_owned(),
        group: group.to_owned(),
        kind: kind.to_owned(),
        names: Vec::new(),
    };
    vec![
        kind("pods", "", "Pod"),
        kind("namespaces", "", "Namespace"),
        kind("replicasets.apps", "apps", "ReplicaSet"),
    ]
}

#[test]
fn what_a_part_of_a_world_does_not_have_is_not_known_and_what_a_whole_one_does_not_have_is_absent() {
    let owner =
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r", "controller": true});
    let pod = pod(json!({"ownerReferences": [owner]}));
    let asked = Others { namespaces: Some(Projection::default()), owners: true, nodes: None };
    let around = |mut world: World, there: bool| {
        world.add(0, pod.object().clone());
        if there {
            world.add(1, json!({"metadata": {"name": "test-a", "uid": "n"}}));
            world.add(2, json!({"metadata": {"name": "web", "namespace": "test-a", "uid": "r"}}));
        }
        world.around(&id_of(0, &pod), &pod, &asked)
    };
    let whole = around(World::partial(kinds()), true);
    assert_eq!((whole.unknown.len(), whole.missing.len()), (0, 0));
    assert_eq!((whole.namespace.is_some(), whole.ancestors[0].0.as_str()), (true, "ReplicaSet web"));
    assert_eq!(whole.facts.get(&Fact::Owner("r".to_owned())), Some(&true.into()));

    let part = around(World::partial(kinds()), false);
    assert_eq!(part.missing, ["namespace test-a is not in the dump", "ReplicaSet web is not in the dump",]);
    let unknown: Vec<&str> = part.unknown.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(unknown, ["namespace test-a is not in the dump", "ReplicaSet web is not in the dump"]);

    let complete = around(World::new(kinds()), false);
    assert!(complete.missing.is_empty() && complete.unknown.is_empty());
    assert_eq!(complete.facts.get(&Fact::Owner("r".to_owned())), Some(&false.into()));
}
