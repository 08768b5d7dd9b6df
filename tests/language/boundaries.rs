//! The moment at which time alone changes a truth: exact to the nanosecond, told before, told since when.

use super::*;

/// (matcher, true from, true until); the object was created at ten and its other time is eleven.
const OBJECT: &str = r#"{ metadata: { name: vm, creationTimestamp: "2026-01-01T10:00:00Z",
    deletionTimestamp: "2026-01-01T11:00:30Z", deletionGracePeriodSeconds: 30 }, t: "2026-01-01T11:00:00Z",
    status: { conditions: [ { type: Ready, status: "False", reason: Broken, lastTransitionTime: "2026-01-01T11:00:00Z" } ] } }"#;

#[test]
fn a_condition_of_time_turns_true_at_exactly_its_boundary() {
    for (matcher, boundary) in [
        ("age: { over: 6m }", "10:06:00"),
        ("age: { over: 1h30m }", "11:30:00"),
        ("age: { over: 250ms }", "10:00:00.25"),
        ("age: { over: 1m, since: $.t }", "11:01:00"),
        ("field: { path: $.t, olderThan: 90s }", "11:01:30"),
        ("condition: { type: Ready, status: \"False\", for: 5m }", "11:05:00"),
        ("terminating: { over: 10m }", "11:10:00"),
        ("not: { age: { under: 2h } }", "12:00:00"),
        ("not: { field: { path: $.t, newerThan: 1h } }", "12:00:00"),
        ("all: [ { age: { over: 1h } }, { age: { over: 2h } } ]", "12:00:00"),
        ("any: [ { age: { over: 3h } }, { age: { over: 2h } } ]", "12:00:00"),
        ("all: [ { age: { over: 1h } }, { not: { field: { path: $.t, newerThan: 10m } } } ]", "11:10:00"),
    ] {
        let due = at(boundary);
        let before = due - jiff::SignedDuration::from_nanos(1);
        let early = verdict(matcher, OBJECT, &before.to_string());
        assert_eq!((early.truth, early.changes_at), (NO, Some(due)), "{matcher} a nanosecond before");
        let then = verdict(matcher, OBJECT, &due.to_string());
        assert_eq!(then.truth, YES, "{matcher} at its moment");
        let expected = if matcher.starts_with("any") { Some(at("13:00:00")) } else { None };
        assert!(then.changes_at.is_none() || then.changes_at == expected, "{matcher}: {then:?}");
        assert!(then.holds_since.is_none_or(|since| since == due), "{matcher}: {then:?}");
    }
}

#[test]
fn a_condition_of_time_ends_at_exactly_its_boundary() {
    for (matcher, boundary) in [
        ("age: { under: 2h }", "12:00:00"),
        ("field: { path: $.t, newerThan: 5m }", "11:05:00"),
        ("not: { age: { over: 2h } }", "12:00:00"),
        ("not: { condition: { type: Ready, status: \"False\", for: 5m } }", "11:05:00"),
        ("all: [ { age: { under: 2h } }, { field: { path: $.t, newerThan: 5m } } ]", "11:05:00"),
        ("any: [ { age: { under: 2h } }, { field: { path: $.t, newerThan: 5m } } ]", "12:00:00"),
    ] {
        let due = at(boundary);
        let before = due - jiff::SignedDuration::from_nanos(1);
        let still = verdict(matcher, OBJECT, &before.to_string());
        assert_eq!((still.truth, still.changes_at), (YES, Some(due)), "{matcher}");
        let over = verdict(matcher, OBJECT, &due.to_string());
        assert_eq!((over.truth, over.changes_at), (NO, None), "{matcher}");
    }
}

#[test]
fn the_next_change_of_a_combination_is_the_first_that_can_change_it() {
    for (matcher, now, truth, changes) in [
        // Beside what is fixed false an age does not matter, nor beside what is fixed true in an `any`.
        ("all: [ { age: { over: 3h } }, { name: { glob: other } } ]", NOW, NO, None),
        ("any: [ { age: { over: 3h } }, { name: { glob: vm } } ]", NOW, YES, None),
        ("all: [ { age: { over: 3h } }, { name: { glob: vm } } ]", NOW, NO, Some("13:00:00")),
        // Unknown hides no change: it may become false, or true.
        ("all: [ { age: { over: 3h } }, { phase: Failed } ]", NOW, NO, Some("13:00:00")),
        ("all: [ { age: { under: 3h } }, { phase: Failed } ]", NOW, UNKNOWN, Some("13:00:00")),
        ("any: [ { age: { over: 3h } }, { phase: Failed } ]", NOW, UNKNOWN, Some("13:00:00")),
        ("any: [ { age: { under: 3h } }, { phase: Failed } ]", NOW, YES, Some("13:00:00")),
        // Two that decide alone: both must end.
        ("all: [ { age: { over: 3h } }, { age: { over: 4h } } ]", NOW, NO, Some("14:00:00")),
        ("any: [ { age: { under: 3h } }, { age: { under: 4h } } ]", NOW, YES, Some("14:00:00")),
        // A range opens and closes.
        ("age: { over: 1h, under: 3h }", "10:30:00", NO, Some("11:00:00")),
        ("age: { over: 1h, under: 3h }", "11:00:00", YES, Some("13:00:00")),
        ("age: { over: 1h, under: 3h }", "13:00:00", NO, None),
        ("not: { age: { over: 1h, under: 3h } }", "11:00:00", NO, Some("13:00:00")),
        ("not: { all: [ { age: { over: 3h } }, { name: { glob: other } } ] }", NOW, YES, None),
    ] {
        let seen = verdict(matcher, OBJECT, now);
        assert_eq!((seen.truth, seen.changes_at), (truth, changes.map(at)), "{matcher} at {now}");
    }
}

#[test]
fn since_when_it_has_been_true_is_told_where_the_object_tells_it_and_nowhere_else() {
    for (matcher, since) in [
        ("age: { over: 6m }", Some("10:06:00")),
        ("age: { over: 6m, under: 1d }", Some("10:06:00")),
        ("age: { under: 1d }", Some("10:00:00")),
        ("name: { glob: vm }", Some("10:00:00")),
        ("terminating: true", Some("11:00:00")),
        ("terminating: { over: 5m }", Some("11:05:00")),
        ("condition: { type: Ready, status: \"False\" }", Some("11:00:00")),
        ("condition: { type: Ready, status: \"False\", reason: Broken }", None),
        ("condition: { reason: Broken, status: \"False\" }", None),
        ("not: { condition: { type: Ready } }", Some("11:00:00")),
        ("field: { path: $.t, olderThan: 5m }", Some("11:05:00")),
        ("field: { path: $.t, exists: true }", None),
        (
            "all: [ { age: { over: 6m } }, { condition: { type: Ready, status: \"False\" } } ]",
            Some("11:00:00"),
        ),
        (
            "any: [ { age: { over: 6m } }, { condition: { type: Ready, status: \"False\" } } ]",
            Some("10:06:00"),
        ),
        ("all: [ { age: { over: 6m } }, { field: { path: $.t, exists: true } } ]", None),
        ("any: [ { age: { over: 6m } }, { field: { path: $.t, exists: true } } ]", Some("10:06:00")),
        ("any: [ { age: { over: 6m } }, { phase: Failed } ]", Some("10:06:00")),
        (
            "any: [ { age: { over: 9h } }, { condition: { type: Ready, status: \"False\" } } ]",
            Some("11:00:00"),
        ),
        ("not: { any: [ { age: { under: 1h } }, { condition: { type: Ready } } ] }", Some("11:00:00")),
    ] {
        let seen = verdict(matcher, OBJECT, NOW);
        assert_eq!((seen.truth, seen.holds_since), (YES, since.map(at)), "{matcher}");
    }
}
