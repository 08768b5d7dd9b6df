//! Every verdict has its words.

use serde_json::{Value, json};

use super::Scene;

/// The keys of a rule, what the pod has, and the verdict.
fn verdicts() -> Vec<(&'static str, Value, &'static str)> {
    let labelled = |label: &str| json!({"metadata": {"labels": {label: "x"}}});
    let keep = json!({"metadata": {"annotations": {"k8s-healer.io/keep-until": "2026-01-01T00:10:00Z"}}});
    let deleted = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:04:00Z", "deletionGracePeriodSeconds": 0, "finalizers": ["test.io/a"]}});
    vec![
        ("match: [ age: { over: 6m } ]", json!({}), "rule would delete it in 1m"),
        ("match: [ age: { over: 5m } ]", json!({}), "rule would delete it now"),
        (
            "match: [ age: { over: 5m } ]\nmode: observe",
            json!({}),
            "rule would tell that it would delete it now",
        ),
        ("match: [ age: { over: 5m } ]\nmode: dry-run", json!({}), "rule would delete it (dry run) now"),
        ("match: [ age: { over: 5m } ]\nfor: 7m", json!({}), "rule would delete it in 7m"),
        ("match: [ name: { glob: web-1 } ]\nfor: 3m", json!({}), "rule would delete it now"),
        (
            "match: [ age: { over: 5m } ]\nschedule: { cron: \"0 20 * * *\", for: 1h }",
            json!({}),
            "rule would delete it in 19h55m",
        ),
        (
            "match: [ phase: Failed ]",
            json!({"status": {"phase": "Running"}}),
            "nothing: rule is not true of it: phase: Running, asked Failed",
        ),
        (
            "match: [ phase: Failed ]",
            json!({}),
            "nothing, as far as is known: rule is unknown of it: phase: $.status.phase is missing",
        ),
        (
            "match: [ age: { over: 5m } ]\nunless: [ labels: { matchLabels: { keep: x } } ]",
            labelled("keep"),
            "nothing: rule spares it: labels: label keep=x",
        ),
        (
            "match: [ age: { over: 5m } ]\nunless: [ phase: Running ]",
            json!({}),
            "nothing: rule spares it, since an exception is unknown: phase: $.status.phase is missing",
        ),
        (
            "match: [ age: { over: 5m } ]",
            labelled("k8s-healer.io/protect"),
            "held back: protected by the label k8s-healer.io/protect; without that, rule would delete it now",
        ),
        (
            "match: [ age: { over: 5m } ]",
            keep,
            "rule would delete it in 5m, and is held back until then: protected by the annotation k8s-healer.io/keep-until (2026-01-01T00:10:00Z)",
        ),
        (
            "match: [ age: { over: 5m } ]\nactions: [ log: { message: old } ]",
            labelled("k8s-healer.io/protect"),
            "rule would log now",
        ),
        (
            "match: [ age: { over: 5m } ]\nactions: [ log: { message: old }, delete: { after: 2m } ]",
            json!({}),
            "rule would delete it in 2m",
        ),
        (
            "match: [ age: { over: 5m } ]\nactions: [ label: { x: \"1\" } ]",
            json!({"metadata": {"labels": {"x": "1"}}}),
            "nothing: rule is true of it, and has nothing to do: it is already as it would be then",
        ),
        (
            "match: [ age: { over: 1m } ]",
            deleted.clone(),
            "nothing: rule is true of it, and has nothing to do: it is terminating already",
        ),
        (
            "match: [ age: { over: 5m } ]\nactions: [ label: { x: { valueFrom: $.metadata.annotations.y } } ]",
            json!({}),
            "held back: the value of `label` at $.metadata.annotations.y cannot be read; without that, rule would label it x=($.metadata.annotations.y) now",
        ),
        (
            "match: [ age: { over: 1m } ]\nactions: [ delete: {}, stripFinalizers: { after: 2m, only: [test.io/a] } ]",
            deleted.clone(),
            "rule would strip its finalizers test.io/a in 1m",
        ),
        (
            "match: [ terminating: true ]\nactions: [ stripFinalizers: { only: [test.io/a] } ]",
            deleted,
            "rule would strip its finalizers test.io/a now",
        ),
        (
            "match: [ age: { over: 5m } ]\nlimits: { maxUnhealthy: 10%, from: 1 }",
            json!({}),
            "rule would delete it now, unless its limits hold it back",
        ),
    ]
}

/// Where several things keep it from acting.
fn for_several_reasons() -> Vec<(&'static str, Value, &'static str)> {
    let labelled = |label: &str| json!({"metadata": {"labels": {label: "x"}}});
    vec![
        (
            "match: [ age: { over: 6m }, phase: Failed ]",
            json!({}),
            "nothing: rule is not true of it: age: 5m of 6m; and then unknown: phase: $.status.phase is missing",
        ),
        (
            "match: [ age: { under: 5m }, phase: Failed ]",
            json!({}),
            "nothing: rule is not true of it: age: 5m, under 5m, asked under: 5m",
        ),
        (
            "match: [ age: { over: 6m } ]\nunless: [ labels: { matchLabels: { keep: x } } ]",
            labelled("keep"),
            "nothing: rule spares it: labels: label keep=x; nor is it true of it: age: 5m of 6m",
        ),
    ]
}

/// Two rules, of which one is true of a pod that is on its way out.
#[test]
fn of_several_rules_the_one_that_is_true_and_has_nothing_to_do_is_told() {
    let rules = "rules:
  - { name: other, watch: pods, scope: cluster, match: [ name: { glob: other } ], actions: [ delete: {} ] }
  - { name: hit, watch: pods, scope: cluster, match: [ name: { glob: web-1 } ], actions: [ delete: {} ] }
";
    let deleted =
        json!({"metadata": {"deletionTimestamp": "2026-01-01T00:04:00Z", "finalizers": ["test.io/a"]}});
    let told = Scene::new(rules, deleted).verdict();
    assert_eq!(told, "nothing: hit is true of it, and has nothing to do: it is terminating already");
    let none = Scene::new(&rules.replace("web-1", "web-2"), json!({})).verdict();
    assert_eq!(none, "nothing: none of 2 rules is true of it");
}

#[test]
fn the_verdict_says_what_would_be_done_and_when_or_what_holds_it_back() {
    let mut wrong = Vec::new();
    for (keys, object, expected) in verdicts().into_iter().chain(for_several_reasons()) {
        let told = Scene::of_rule(keys, object).verdict();
        if told != expected {
            wrong.push(format!("{keys}\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
