//! What a plan says of what becomes unknown within its time.

use super::*;

/// Known to be false of who is too young for it, whatever its phase.
const FAILED: &str = "- { name: failed, watch: pods, match: [ age: { over: 6m }, phase: [Failed] ], actions: [ label: { a: b } ] }\n";

/// A pod of this age of which no phase is told.
fn silent(name: &str, minutes: u32) -> Value {
    pod(name, minutes, json!({"status": null}))
}

#[test]
fn what_time_alone_makes_unknown_is_told_with_its_moment_beside_what_is_unknown_now() {
    let pods = [silent("a", 4), silent("b", 3), silent("c", 7), pod("d", 3, json!({}))];
    let now = "failed 1: $.status.phase is missing (pods/test-a/c)";
    assert_eq!(unknown(&planned(FAILED, 1, &pods)), [now]);
    let one = "failed 1 at 12:02:00: $.status.phase is missing (pods/test-a/a)";
    assert_eq!(unknown(&planned(FAILED, 2, &pods)), [now, one], "the last moment is one of the time");
    let both = "failed 2 at 12:02:00: $.status.phase is missing (pods/test-a/a pods/test-a/b)";
    let plan = planned(FAILED, 10, &pods);
    assert_eq!((unknown(&plan), plan.done()), (vec![now.to_owned(), both.to_owned()], 0));
}

#[test]
fn what_an_unless_that_is_not_known_will_spare_and_what_will_be_true_no_more_is_told_too() {
    let rules = "
- name: kept
  watch: pods
  match: [ age: { over: 6m } ]
  unless: [ field: { path: $.metadata.annotations.keep, equals: \"yes\" } ]
  actions: [ delete: {} ]
- name: young
  watch: pods
  match: [ any: [ age: { under: 6m }, phase: [Failed] ] ]
  actions: [ label: { a: b } ]
";
    let pods = [silent("a", 4), silent("b", 1)];
    let plan = planned(rules, 4, &pods);
    assert_eq!(
        unknown(&plan),
        [
            "kept 1 spared at 12:02:00: $.metadata.annotations.keep is missing (pods/test-a/a)",
            "young 1 at 12:02:00: $.status.phase is missing (pods/test-a/a)",
        ]
    );
    assert_eq!(rows(&plan).len(), 2, "both are labelled now");
}

#[test]
fn what_the_plan_has_removed_by_then_becomes_nothing_more() {
    let rules = |over: &str| {
        format!(
            "{FAILED}- {{ name: gone, watch: pods, match: [ age: {{ over: {over} }} ], actions: [ delete: {{}} ] }}"
        )
    };
    let expected = ["failed 1 at 12:02:00: $.status.phase is missing (pods/test-a/a)"];
    for (over, is_told) in [("4m", false), ("5m", false), ("6m", false), ("7m", true)] {
        let plan = planned(&rules(over), 10, &[silent("a", 4)]);
        let expected = if is_told { expected.map(str::to_owned).to_vec() } else { Vec::new() };
        assert_eq!((unknown(&plan), plan.done()), (expected, 1), "{over}");
    }
    // What finalizers hold is still there.
    let held = pod("a", 4, json!({"status": null, "metadata": {"finalizers": ["a.b/c"]}}));
    assert_eq!(unknown(&planned(&rules("5m"), 10, &[held])), expected);
}

#[test]
fn what_the_plan_changes_is_looked_at_again() {
    let rules = "
- { name: mark, watch: pods, match: [ age: { over: 5m } ], actions: [ label: { state: bad } ] }
- { name: bad, watch: pods, match: [ labels: { matchLabels: { state: bad } }, phase: [Failed] ], actions: [ delete: {} ] }
- name: good
  watch: pods
  match: [ age: { over: 6m }, phase: [Failed], not: { labels: { matchLabels: { state: bad } } } ]
  actions: [ delete: {} ]
- { name: old, watch: pods, match: [ age: { over: 8m }, phase: [Failed] ], actions: [ delete: {} ] }
- { name: known, watch: pods, match: [ phase: [Failed] ], actions: [ delete: {} ] }
";
    let missing = "$.status.phase is missing (pods/test-a/a)";
    let [bad, known, good, old] = ["bad 1 at 12:01:00", "known 1", "good 1 at 12:02:00", "old 1 at 12:04:00"]
        .map(|told| format!("{told}: {missing}"));
    let told = unknown(&planned(rules, 10, &[silent("a", 4)]));
    assert_eq!(told, [bad, known.clone(), old.clone()], "none of them twice");
    let unmarked = unknown(&planned(&rules.replace("over: 5m", "over: 1h"), 10, &[silent("a", 4)]));
    assert_eq!(unmarked, [good, known, old]);
}

#[test]
fn what_is_asked_of_a_namespace_that_the_plan_removes_becomes_unknown() {
    let rules = "
- { name: ns, watch: namespaces, scope: cluster, match: [ age: { over: 1h } ], actions: [ delete: {} ] }
- { name: of-web, watch: pods, match: [ namespace: { labels: { matchLabels: { team: web } } } ], for: 30m, actions: [ delete: {} ] }
";
    let told = |finalizers: &[&str]| {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "spec": {"finalizers": finalizers}, "metadata":
            {"name": "test-a", "creationTimestamp": "2026-01-01T11:01:00Z", "labels": {"team": "web"}}});
        let plan = planned(rules, 10, &[namespace, pod("a", 4, json!({}))]);
        assert_eq!(rows(&plan), ["12:01:00 delete namespaces/test-a"]);
        unknown(&plan)
    };
    assert_eq!(told(&[]), ["of-web 1 at 12:01:00: namespace test-a is gone (pods/test-a/a)"]);
    assert_eq!(told(&["kubernetes"]), [""; 0]);
}
