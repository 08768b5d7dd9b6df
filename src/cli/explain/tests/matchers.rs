//! Every matcher has a line that says what it saw, and when that changes.

use std::collections::BTreeSet;

use k8s_healer_engine::facts::Fact;
use k8s_healer_engine::registry::Registry;
use serde_json::{Value, json};

use super::Scene;

fn line_of(matcher: &str, object: Value) -> String {
    Scene::of_rule(&format!("match:\n  - {matcher}"), object).tree().join("\n")
}

/// A matcher, what the pod has beside its name, and the line that tells it.
fn table() -> Vec<(&'static str, Value, &'static str)> {
    let status = |status: Value| json!({ "status": status });
    let metadata = |metadata: Value| json!({ "metadata": metadata });
    let waiting = json!({"containerStatuses": [{"name": "web", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]});
    let ready = json!({"conditions": [{"type": "Ready", "status": "False", "reason": "Broken", "lastTransitionTime": "2026-01-01T00:03:00Z"}]});
    vec![
        ("age: { over: 6m }", json!({}), "✗ age: 5m of 6m, true in 1m"),
        ("age: { over: 5m }", json!({}), "✓ age: 5m of 5m"),
        ("age: { under: 6m }", json!({}), "✓ age: 5m, under 6m, false in 1m  (asked: under: 6m)"),
        (
            "age: { over: 1m, since: $.status.startTime }",
            json!({}),
            "? age: unknown of 1m ($.status.startTime is missing)  (asked: since: $.status.startTime)",
        ),
        (
            "age: { over: { valueFrom: $.metadata.annotations.ttl } }",
            metadata(json!({"annotations": {"ttl": "7m"}})),
            "✗ age: 5m of 7m ($.metadata.annotations.ttl), true in 2m  (asked: over: { valueFrom: $.metadata.annotations.ttl })",
        ),
        (
            "phase: [Failed, Succeeded]",
            status(json!({"phase": "Running"})),
            "✗ phase: Running  (asked: [Failed, Succeeded])",
        ),
        ("phase: Running", status(json!({"phase": "Running"})), "✓ phase: Running  (asked: Running)"),
        ("phase: Running", json!({}), "? phase: $.status.phase is missing  (asked: Running)"),
        (
            "field: { path: $.status.reason, equals: Evicted }",
            json!({}),
            "? field: $.status.reason is missing  (asked: equals: Evicted)",
        ),
        (
            "field: { path: $.status.reason, equals: Evicted }",
            status(json!({"reason": "NodeLost"})),
            "✗ field: $.status.reason is NodeLost  (asked: equals: Evicted)",
        ),
        (
            "field: { path: $.status.startTime, olderThan: 6m }",
            status(json!({"startTime": "2026-01-01T00:01:00Z"})),
            "✗ field: $.status.startTime is 2026-01-01T00:01:00Z, true in 2m  (asked: olderThan: 6m)",
        ),
        (
            "condition: { type: Ready, status: \"False\", for: 5m }",
            status(ready.clone()),
            "✗ condition: Ready=False (Broken) for 2m, true in 3m  (asked: type: Ready, status: \"False\", for: 5m)",
        ),
        (
            "condition: { type: Ready }",
            status(ready),
            "✗ condition: Ready=False (Broken) for 2m  (asked: type: Ready)",
        ),
        (
            "condition: { type: Ready }",
            json!({}),
            "? condition: $.status.conditions is missing, so Ready is not reported  (asked: type: Ready)",
        ),
        (
            "containers: { waiting: [CrashLoopBackOff], restarts: \">= 3\" }",
            status(waiting),
            "✓ containers: container web waiting CrashLoopBackOff, 4 restarts  (asked: waiting: [CrashLoopBackOff], restarts: >= 3)",
        ),
        (
            "containers: { restarts: \">= 3\" }",
            json!({}),
            "? containers: $.status.containerStatuses, $.status.initContainerStatuses are missing  (asked: restarts: >= 3)",
        ),
        ("terminating: true", json!({}), "✗ terminating: not terminating  (asked: true)"),
        (
            "terminating: { over: 10m }",
            metadata(json!({"deletionTimestamp": "2026-01-01T00:01:00Z", "deletionGracePeriodSeconds": 0})),
            "✗ terminating: for 4m, true in 6m  (asked: over: 10m)",
        ),
        (
            "labels: { matchLabels: { app: web } }",
            metadata(json!({"labels": {"app": "db"}})),
            "✗ labels: label app=db  (asked: matchLabels: { app: web })",
        ),
        (
            "labels: { matchExpressions: [ { key: app, operator: DoesNotExist } ] }",
            json!({}),
            "✓ labels: no label app  (asked: matchExpressions: [{ key: app, operator: DoesNotExist }])",
        ),
        (
            "annotations: { key: a.b/c, equals: x }",
            metadata(json!({"annotations": {"a.b/c": "y"}})),
            "✗ annotations: annotation a.b/c=y  (asked: equals: x)",
        ),
        (
            "annotations: { key: a.b/c, exists: true }",
            json!({}),
            "✗ annotations: no annotation a.b/c  (asked: exists: true)",
        ),
        ("name: { glob: \"web-*\" }", json!({}), "✓ name: web-1  (asked: glob: web-*)"),
    ]
}

/// The same of owners, of other objects, of expressions and of what is made of matchers.
fn table_of_others() -> Vec<(&'static str, Value, &'static str)> {
    let status = |status: Value| json!({ "status": status });
    let metadata = |metadata: Value| json!({ "metadata": metadata });
    let owned = json!({"ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r"}]});
    vec![
        ("owner: { exists: true }", json!({}), "✗ owner: no owner  (asked: exists: true)"),
        ("owner: { kind: [Job] }", metadata(owned.clone()), "✗ owner: ReplicaSet web  (asked: kind: [Job])"),
        (
            "owner: { missing: true }",
            metadata(owned),
            "? owner: ReplicaSet web, which could not be looked up  (asked: missing: true)",
        ),
        (
            "finalizers: { any: [\"test.io/*\"] }",
            metadata(json!({"finalizers": ["test.io/a"]})),
            "✓ finalizers: test.io/a  (asked: any: [test.io/*])",
        ),
        (
            "priority: { below: 1000 }",
            json!({"spec": {"priority": 2000, "priorityClassName": "high"}}),
            "✗ priority: 2000 (high)  (asked: below: 1000)",
        ),
        (
            "priority: { below: 1000 }",
            json!({}),
            "? priority: $.spec.priority is missing  (asked: below: 1000)",
        ),
        (
            "node: { ready: false }",
            json!({"spec": {"nodeName": "node-1"}}),
            "? node: node-1 could not be looked up  (asked: ready: false)",
        ),
        (
            "node: { ready: false }",
            json!({}),
            "? node: bound to no node ($.spec.nodeName and $.status.nodeName are missing)  (asked: ready: false)",
        ),
        (
            "namespace: { labels: { matchLabels: { team: web } } }",
            json!({}),
            "✓ namespace: test-a: label team=web  (asked: labels: { matchLabels: { team: web } })",
        ),
        (
            "namespace: { age: { over: 2h } }",
            json!({}),
            "? namespace: test-a: age unknown of 2h ($.metadata.creationTimestamp is missing)  (asked: age: { over: 2h })",
        ),
        (
            "cel: \"object.spec.replicas > 3\"",
            json!({"spec": {"replicas": 2}}),
            "✗ cel: `object.spec.replicas > 3` is false",
        ),
        (
            "cel: \"object.spec.replicas > 3\"",
            json!({}),
            "? cel: `object.spec.replicas > 3` is unknown: No such key: spec",
        ),
        ("not: { owner: { exists: true } }", json!({}), "✓ not\n  ✗ owner: no owner  (asked: exists: true)"),
        (
            "any: [ age: { over: 6m }, phase: Failed ]",
            status(json!({"phase": "Running"})),
            "✗ any, true in 1m\n  ✗ age: 5m of 6m, true in 1m\n  ✗ phase: Running  (asked: Failed)",
        ),
        (
            "all: [ age: { over: 6m }, not: { any: [ phase: Failed, name: { glob: web-1 } ] } ]",
            json!({}),
            "✗ all\n  ✗ age: 5m of 6m, true in 1m\n  ✗ not\n    ✓ any\n      ? phase: $.status.phase is missing  (asked: Failed)\n      ✓ name: web-1  (asked: glob: web-1)",
        ),
    ]
}

#[test]
fn every_matcher_tells_what_it_saw_and_when_that_changes() {
    let table = [table(), table_of_others()].concat();
    let named: BTreeSet<&str> =
        table.iter().map(|(matcher, ..)| matcher.split(':').next().unwrap()).collect();
    for matcher in Registry::standard().matchers() {
        assert!(named.contains(matcher.name), "{} has no line here", matcher.name);
    }
    let mut wrong = Vec::new();
    for (matcher, object, expected) in table {
        let told = line_of(matcher, object);
        if told != expected {
            wrong.push(format!("{matcher}\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_fact_that_could_not_be_looked_up_says_why() {
    let mut scene =
        Scene::of_rule("match: [ node: { ready: false } ]", json!({"spec": {"nodeName": "node-1"}}));
    let fact = Fact::Node("node-1".to_owned());
    scene.asked.unknown = vec![(fact, "not permitted: grant get on nodes".to_owned())];
    let told =
        "? node: node-1 could not be looked up (not permitted: grant get on nodes)  (asked: ready: false)";
    assert_eq!(scene.tree(), [told]);
    let verdict = "nothing, as far as is known: rule is unknown of it: \
                   node: node-1 could not be looked up (not permitted: grant get on nodes)";
    assert_eq!(scene.verdict(), verdict);
}
