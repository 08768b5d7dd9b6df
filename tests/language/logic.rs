//! `all`, `any`, `not`, `match` and `unless`: three values after Kleene, and only true acts.

use super::*;

/// Matchers whose truth on [`OBJECT`] is known.
const TRUE: &str = "{ phase: Failed }";
const FALSE: &str = "{ phase: Running }";
const HIDDEN: &str = "{ field: { path: $.missing, equals: a } }";
const OBJECT: &str =
    r#"{ metadata: { name: a, creationTimestamp: "2026-01-01T10:00:00Z" }, status: { phase: Failed } }"#;

#[test]
fn combinators_follow_kleene_for_every_pair() {
    let values = [(FALSE, NO), (HIDDEN, UNKNOWN), (TRUE, YES)];
    for (left, a) in values {
        for (right, b) in values {
            let truth = |matcher: &str| verdict(matcher, OBJECT, NOW).truth;
            assert_eq!(truth(&format!("all: [ {left}, {right} ]")), a.min(b), "all {left} {right}");
            assert_eq!(truth(&format!("any: [ {left}, {right} ]")), a.max(b), "any {left} {right}");
            assert_eq!(truth(&format!("not: {{ all: [ {left}, {right} ] }}")), a.min(b).negated());
            // De Morgan.
            let (negated_left, negated_right) = (format!("{{ not: {left} }}"), format!("{{ not: {right} }}"));
            assert_eq!(truth(&format!("any: [ {negated_left}, {negated_right} ]")), a.min(b).negated());
            let rule = rule(&format!("match: [ {left}, {right} ]"));
            assert_eq!(judge(&rule, &object(OBJECT), NOW).truth, a.min(b), "match {left} {right}");
        }
    }
}

#[test]
fn not_turns_over_what_is_known_however_deep() {
    for (matcher, expected) in [
        (format!("not: {TRUE}"), NO),
        (format!("not: {{ not: {TRUE} }}"), YES),
        (format!("not: {{ not: {HIDDEN} }}"), UNKNOWN),
        (format!("not: {{ any: [ {{ all: [ {TRUE}, {FALSE} ] }}, {HIDDEN} ] }}"), UNKNOWN),
        (format!("not: {{ all: [ {FALSE}, {HIDDEN} ] }}"), YES),
        ("not: { owner: { kind: [Job] } }".to_owned(), YES),
        ("not: { phase: [Running, Pending] }".to_owned(), YES),
        ("not: { annotations: { key: a, equals: b } }".to_owned(), UNKNOWN),
        ("not: { field: { path: $.missing, exists: true } }".to_owned(), YES),
        ("not: { field: { path: $.missing, exists: true, equals: a } }".to_owned(), UNKNOWN),
        ("not: { containers: { ready: true } }".to_owned(), UNKNOWN),
        ("not: { condition: { type: Ready } }".to_owned(), UNKNOWN),
        ("not: { age: { under: 1h, since: $.missing } }".to_owned(), UNKNOWN),
    ] {
        assert_eq!(verdict(&matcher, OBJECT, NOW).truth, expected, "{matcher}");
    }
}

#[test]
fn an_unless_that_is_true_or_unknown_spares() {
    for (unless, expected) in [
        (format!("[ {FALSE} ]"), YES),
        (format!("[ {TRUE} ]"), NO),
        (format!("[ {HIDDEN} ]"), NO),
        (format!("[ {FALSE}, {HIDDEN} ]"), NO),
        (format!("[ {FALSE}, {FALSE} ]"), YES),
        (format!("[ {{ not: {HIDDEN} }} ]"), NO),
        (format!("[ {{ not: {TRUE} }} ]"), YES),
        ("[ { labels: { matchLabels: { keep: \"true\" } } } ]".to_owned(), YES),
        ("[ { annotations: { key: keep, exists: true } } ]".to_owned(), YES),
        ("[ { annotations: { key: keep, equals: \"true\" } } ]".to_owned(), NO),
        ("[ { condition: { type: Ready } } ]".to_owned(), NO),
    ] {
        let rule = rule(&format!("match: [ {TRUE} ]\nunless: {unless}"));
        assert_eq!(judge(&rule, &object(OBJECT), NOW).truth, expected, "unless {unless}");
    }
    let unmatched = rule(&format!("match: [ {FALSE} ]\nunless: [ {FALSE} ]"));
    assert_eq!(judge(&unmatched, &object(OBJECT), NOW).truth, NO);
    let hidden = rule(&format!("match: [ {HIDDEN} ]\nunless: [ {FALSE} ]"));
    assert_eq!(judge(&hidden, &object(OBJECT), NOW).truth, UNKNOWN);
}

#[test]
fn an_unless_of_time_says_when_it_ends_and_since_when_it_has_spared() {
    let rule = rule("match: [ { age: { over: 1h } } ]\nunless: [ { age: { under: 3h } } ]");
    let young = judge(&rule, &object(OBJECT), NOW);
    assert_eq!((young.truth, young.changes_at), (NO, Some(at("13:00:00"))));
    let old = judge(&rule, &object(OBJECT), "13:00:00");
    assert_eq!((old.truth, old.changes_at, old.holds_since), (YES, None, Some(at("13:00:00"))));
}

#[test]
fn empty_and_crowded_combinators_are_refused() {
    for (matcher, code) in [
        ("all: []", Code::EmptyList),
        ("any: []", Code::EmptyList),
        ("any:", Code::EmptyList),
        ("any: { phase: Failed }", Code::WrongType),
        ("not: [ { phase: Failed } ]", Code::WrongType),
        ("not: { phase: Failed, age: { over: 1h } }", Code::TwoInOne),
        ("not: {}", Code::WrongType),
        ("all: [ phase ]", Code::WrongType),
        ("all: [ { nothing: 1 } ]", Code::UnknownMatcher),
    ] {
        assert_eq!(errors(&format!("match: [ {{ {matcher} }} ]")), [code], "{matcher}");
    }
    assert_eq!(errors("match: []"), [Code::EmptyList]);
    assert_eq!(errors("match:"), [Code::EmptyList]);
    assert_eq!(errors("match: { phase: Failed }"), [Code::WrongType]);
    assert_eq!(errors("unless: []"), [Code::EmptyList]);
    assert_eq!(errors("match: [ { phase: Failed, age: { over: 1h } } ]"), [Code::TwoInOne]);
}
