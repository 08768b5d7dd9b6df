//! Entries of one rule that no object meets together, actions that can do nothing, and what looks like either and
//! is not.

use super::*;

/// The contradictions that are warned of; a rule with them loads all the same.
fn contradictions(lines: &str) -> Vec<Code> {
    let loaded = loaded(&pack(lines), &[]);
    assert!(loaded.rule_set.is_some(), "{lines}");
    let codes = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code);
    codes.filter(|code| *code == Code::Contradiction).collect()
}

#[test]
fn entries_that_exclude_each_other_are_told() {
    for entries in [
        "{ phase: Failed }, { phase: [Running, Pending] }",
        "{ phase: Failed }, { field: { path: $.status.phase, equals: Running } }",
        "{ field: { path: $.a, equals: x } }, { field: { path: $.a, in: [y, z] } }",
        "{ field: { path: $.a, exists: true } }, { field: { path: $.a, exists: false } }",
        "{ field: { path: $.a, equals: x } }, { field: { path: $.a, exists: false } }",
        "{ terminating: true }, { terminating: false }",
        "{ terminating: { over: 5m } }, { terminating: false }",
        "{ owner: { exists: true } }, { owner: { exists: false } }",
        "{ owner: { kind: Job } }, { owner: { exists: false } }",
        "{ owner: { missing: true } }, { owner: { exists: false } }",
        "{ finalizers: { any: a/* } }, { finalizers: { exists: false } }",
        "{ labels: { matchLabels: { a: x } } }, { labels: { matchLabels: { a: y } } }",
        "{ labels: { matchLabels: { a: x } } }, { labels: { matchExpressions: [ { key: a, operator: DoesNotExist } ] } }",
        "{ labels: { matchLabels: { a: x } } }, { labels: { matchExpressions: [ { key: a, operator: NotIn, values: x } ] } }",
        "{ annotations: { key: a, exists: false } }, { annotations: { key: a, glob: x* } }",
        "{ annotations: { key: a, equals: x } }, { annotations: { key: a, in: [y] } }",
        "{ phase: Failed }, { not: { phase: Failed } }",
        "{ not: { name: { glob: a* } } }, { name: { glob: a* } }",
        "{ all: [ { phase: A }, { age: { over: 1m } } ] }, { phase: B }",
    ] {
        assert_eq!(contradictions(&format!("match: [ {entries} ]")), [Code::Contradiction], "{entries}");
    }
    let classes = "{ priority: { class: low } }, { priority: { class: [high] } }";
    assert_eq!(contradictions(&format!("watch: pods\nmatch: [ {classes} ]")), [Code::Contradiction]);
}

#[test]
fn entries_that_some_object_meets_are_not() {
    for entries in [
        "{ phase: [Failed, Running] }, { phase: [Running] }",
        "{ any: [ { phase: Failed }, { phase: Running } ] }, { phase: Running }",
        "{ phase: Failed }, { field: { path: $.status.reason, equals: Running } }",
        "{ field: { path: $.a, equals: x, default: y } }, { field: { path: $.a, exists: false } }",
        "{ field: { path: \"$.a[*]\", any: { equals: x } } }, { field: { path: \"$.a[*]\", any: { equals: y } } }",
        "{ field: { path: $.a, equals: 500m, as: quantity } }, { field: { path: $.a, equals: \"0.5\" } }",
        "{ owner: { kind: Job } }, { owner: { kind: ReplicaSet } }",
        "{ owner: { kind: Job, exists: false } }, { owner: { kind: ReplicaSet } }",
        "{ owner: { controller: true, exists: false } }, { owner: { exists: true } }",
        "{ finalizers: { any: a/* } }, { finalizers: { none: b/* } }",
        "{ labels: { matchLabels: { a: x } } }, { labels: { matchLabels: { b: y } } }",
        "{ labels: { matchExpressions: [ { key: a, operator: NotIn, values: x } ] } }, { labels: { matchExpressions: [ { key: a, operator: DoesNotExist } ] } }",
        "{ condition: { type: A } }, { condition: { type: A, status: \"False\" } }",
        "{ not: { phase: Failed } }, { phase: Running }",
        "{ phase: { valueFrom: $.a } }, { phase: Running }",
    ] {
        assert_eq!(contradictions(&format!("match: [ {entries} ]")), [], "{entries}");
    }
    let containers = "{ containers: { waiting: A } }, { containers: { waiting: B } }";
    assert_eq!(contradictions(&format!("watch: pods\nmatch: [ {containers} ]")), []);
}

#[test]
fn an_exception_that_is_just_what_matches_and_a_for_that_no_age_outlasts_are_told() {
    for lines in [
        "match: [ { phase: Failed } ]\nunless: [ { name: { glob: a* } }, { phase: Failed } ]",
        "match: [ { age: { over: 5m, under: 10m } } ]\nfor: 5m",
        "match: [ { age: { over: 5m } }, { age: { under: 10m } } ]\nfor: 1h",
        "match: [ { age: { under: 10m } } ]\nfor: 10m",
    ] {
        assert_eq!(contradictions(lines), [Code::Contradiction], "{lines}");
    }
    for lines in [
        "match: [ { phase: [Failed] }, { age: { over: 1m } } ]\nunless: [ { phase: [Failed, Running] } ]",
        "match: [ { age: { over: 5m, under: 10m } } ]\nfor: 4m59s",
        "match: [ { age: { under: 10m, since: $.a } } ]\nfor: 1h",
    ] {
        assert_eq!(contradictions(lines), [], "{lines}");
    }
}

#[test]
fn an_action_that_can_do_nothing_is_warned_of() {
    let warned = |lines: &str| {
        let found = loaded(&pack(lines), &[]).diagnostics;
        found.iter().filter(|one| one.code == Code::NoEffect).count()
    };
    for (lines, count) in [
        ("match: [ { terminating: true } ]\nactions: [ { delete: {} } ]", 1),
        ("match: [ { terminating: true } ]\nactions: [ { delete: {} }, { log: { after: 1m } } ]", 0),
        ("match: [ { terminating: false } ]\nactions: [ { delete: {} } ]", 0),
        (
            "match: [ { terminating: true } ]\nactions: [ { stripFinalizers: { only: [kubernetes.io/*] } } ]",
            1,
        ),
        (
            "match: [ { terminating: true } ]\nactions: [ { stripFinalizers: { only: [\"snapshot.storage.kubernetes.io/*\", \"!a/*\"] } } ]",
            1,
        ),
        (
            "match: [ { terminating: true } ]\nactions: [ { stripFinalizers: { only: [kubernetes.io/pvc-protection] } } ]",
            0,
        ),
        (
            "match: [ { terminating: true } ]\nactions: [ { stripFinalizers: { only: [kubernetes.io/*, kubevirt.io/*] } } ]",
            0,
        ),
        ("match: [ { terminating: true } ]\nactions: [ { stripFinalizers: { only: [\"*\"] } } ]", 0),
    ] {
        assert_eq!(warned(lines), count, "{lines}");
    }
}

#[test]
fn what_looks_at_the_deletion_of_its_objects_may_take_finalizers_off() {
    let strip = "actions: [ { stripFinalizers: { only: [x/*] } } ]";
    for lines in [
        "match: [ { not: { terminating: false } } ]",
        "match: [ { not: { not: { terminating: true } } } ]",
        "match: [ { name: { glob: x } } ]\nunless: [ { terminating: false } ]",
        "match: [ { field: { path: $.metadata.deletionTimestamp, exists: true } } ]",
        "match: [ { age: { over: 10m, since: $.metadata.deletionTimestamp } } ]",
        "match: [ { cel: \"has(object.metadata.deletionTimestamp)\" } ]",
        "match: [ { any: [ { terminating: true }, { name: { glob: x } } ] } ]",
    ] {
        assert_eq!(errors(&format!("{lines}\n{strip}")), [], "{lines}");
    }
    for lines in [
        "match: [ { name: { glob: x } } ]",
        "match: [ { terminating: false } ]",
        "match: [ { name: { glob: x } } ]\nunless: [ { terminating: true } ]",
        "match: [ { age: { over: 10m } } ]",
    ] {
        assert_eq!(errors(&format!("{lines}\n{strip}")), [Code::NeedsTerminating], "{lines}");
    }
}
