//! `valueFrom`: operands and values of actions that the object carries, what bounds them, and what they are
//! where they cannot be read.

use k8s_healer_engine::effect::{Effect, Inapplicable};
use k8s_healer_engine::matcher::Context;

use super::*;

/// Created an hour ago, with this text as its time to live.
fn with_ttl(ttl: &str) -> String {
    format!(
        "{{ metadata: {{ creationTimestamp: \"2026-01-01T11:00:00Z\", annotations: {{ a.b/ttl: {ttl} }} }} }}"
    )
}

const TTL: &str = "valueFrom: \"$.metadata.annotations['a.b/ttl']\"";

#[test]
fn an_age_is_read_from_the_object_or_unknown() {
    for (ttl, over, under) in [
        ("30m", YES, NO),
        ("1h", YES, NO),
        ("1h1ms", NO, YES),
        ("2h", NO, YES),
        ("1w", NO, YES),
        ("0s", YES, NO),
        ("forever", UNKNOWN, UNKNOWN),
        ("\"\"", UNKNOWN, UNKNOWN),
        ("\"60\"", UNKNOWN, UNKNOWN),
        ("60", UNKNOWN, UNKNOWN),
        ("\"1 h\"", UNKNOWN, UNKNOWN),
        ("-1h", UNKNOWN, UNKNOWN),
        ("1h30", UNKNOWN, UNKNOWN),
        ("5000000w", UNKNOWN, UNKNOWN),
        ("☃", UNKNOWN, UNKNOWN),
        ("null", UNKNOWN, UNKNOWN),
        ("[1h]", UNKNOWN, UNKNOWN),
        ("{ a: 1h }", UNKNOWN, UNKNOWN),
        ("true", UNKNOWN, UNKNOWN),
    ] {
        let object = with_ttl(ttl);
        table(
            &object,
            &[
                (&format!("age: {{ over: {{ {TTL} }} }}"), over),
                (&format!("age: {{ under: {{ {TTL} }} }}"), under),
                (&format!("field: {{ path: $.metadata.creationTimestamp, olderThan: {{ {TTL} }} }}"), over),
                (&format!("field: {{ path: $.metadata.creationTimestamp, newerThan: {{ {TTL} }} }}"), under),
            ],
        );
    }
    objects(
        &format!("age: {{ over: {{ {TTL} }} }}"),
        &[
            ("{}", UNKNOWN),
            ("{ metadata: { creationTimestamp: \"2026-01-01T11:00:00Z\" } }", UNKNOWN),
            ("{ metadata: { annotations: { a.b/ttl: 0s } } }", UNKNOWN),
            ("{ metadata: { creationTimestamp: \"2026-01-01T11:00:00Z\", annotations: [ttl] } }", UNKNOWN),
        ],
    );
    // Of several nodes none is the one that is meant.
    let several = "{ metadata: { creationTimestamp: \"2026-01-01T11:00:00Z\" }, l: [ 1m, 1m ] }";
    table(
        several,
        &[
            ("age: { over: { valueFrom: \"$.l[*]\" } }", UNKNOWN),
            ("age: { over: { valueFrom: \"$.l[0]\" } }", YES),
        ],
    );
}

#[test]
fn what_an_object_carries_is_never_shorter_than_the_rule_allows() {
    for (ttl, minimum, expected, changes) in [
        ("0s", "90m", NO, Some("12:30:00")),
        ("1s", "90m", NO, Some("12:30:00")),
        ("2h", "90m", NO, Some("13:00:00")),
        ("0s", "1h", YES, None),
        ("30m", "5m", YES, None),
        ("never", "5m", UNKNOWN, None),
    ] {
        let rule = format!("age: {{ over: {{ {TTL}, min: {minimum} }} }}");
        let found = verdict(&rule, &with_ttl(ttl), NOW);
        assert_eq!((found.truth, found.changes_at), (expected, changes.map(at)), "{ttl} {minimum}");
    }
}

#[test]
fn a_word_that_means_no_end_is_known_and_nothing_is_ever_that_old() {
    let object = with_ttl("forever");
    let from = format!("{{ {TTL}, never: [none, forever], min: 5m }}");
    table(
        &object,
        &[
            (&format!("age: {{ over: {from} }}"), NO),
            (&format!("age: {{ under: {from} }}"), YES),
            (&format!("field: {{ path: $.metadata.creationTimestamp, olderThan: {from} }}"), NO),
            (&format!("field: {{ path: $.metadata.creationTimestamp, newerThan: {from} }}"), YES),
            (&format!("age: {{ over: {{ {TTL}, never: Forever }} }}"), UNKNOWN),
        ],
    );
    let never = verdict(&format!("age: {{ over: {from} }}"), &object, NOW);
    assert_eq!((never.changes_at, never.holds_since), (None, None), "time does not change it");
    let numbers = "{ metadata: { creationTimestamp: \"2026-01-01T11:00:00Z\" }, spec: { ttl: -1 } }";
    table(numbers, &[("age: { over: { valueFrom: $.spec.ttl, never: \"-1\" } }", NO)]);
    // A word may be one that would be read otherwise.
    table(&with_ttl("0s"), &[(&format!("age: {{ over: {{ {TTL}, never: 0s }} }}"), NO)]);
    let date = "{ t: \"2026-01-01T11:00:00Z\", end: none }";
    table(
        date,
        &[
            ("field: { path: $.t, before: { valueFrom: $.end, never: none } }", YES),
            ("field: { path: $.t, after: { valueFrom: $.end, never: none } }", NO),
            ("field: { path: $.t, before: { valueFrom: $.end } }", UNKNOWN),
        ],
    );
}

#[test]
fn it_is_true_at_exactly_the_moment_that_the_object_asks_for() {
    let rule = format!("age: {{ over: {{ {TTL} }} }}");
    let object = with_ttl("90m");
    let before = verdict(&rule, &object, "12:29:59.999999999");
    assert_eq!((before.truth, before.changes_at), (NO, Some(at("12:30:00"))));
    let due = verdict(&rule, &object, "12:30:00");
    // The annotation may have been written a moment ago: a `for` does not count from the age.
    assert_eq!((due.truth, due.changes_at, due.holds_since), (YES, None, None));
    let literal = verdict("age: { over: 90m }", &object, "12:30:00");
    assert_eq!(literal.holds_since, Some(at("12:30:00")));
}

#[test]
fn a_deletion_and_a_condition_are_held_against_what_the_object_says() {
    let object = "{ metadata: { deletionTimestamp: \"2026-01-01T11:00:00Z\", annotations: { a.b/ttl: 30m } }, status: { conditions: [
        { type: Ready, status: \"False\", lastTransitionTime: \"2026-01-01T11:00:00Z\" } ] } }";
    table(
        object,
        &[
            (&format!("terminating: {{ over: {{ {TTL} }} }}"), YES),
            (&format!("terminating: {{ over: {{ {TTL}, min: 2h }} }}"), NO),
            ("terminating: { over: { valueFrom: $.none } }", UNKNOWN),
            (&format!("condition: {{ type: Ready, status: \"False\", for: {{ {TTL} }} }}"), YES),
            (&format!("condition: {{ type: Ready, status: \"False\", for: {{ {TTL}, min: 2h }} }}"), NO),
            ("condition: { type: Ready, status: \"False\", for: { valueFrom: $.none } }", UNKNOWN),
            // A status that does not fit is false, whatever the object says.
            ("condition: { type: Ready, for: { valueFrom: $.none } }", NO),
        ],
    );
}

#[test]
fn fields_are_compared_with_what_the_object_carries() {
    table(
        "{ spec: { replicas: 3, text: \"3\", cpu: 500m, ttl: 5m, on: true, list: [a, 1, true], odd: [a, { b: c }], size: \"> 2\" },
           status: { ready: 2, phase: a, cpu: 1, age: 6m, on: true, t: \"2026-01-01T11:00:00Z\", l: [1, 2, 3] } }",
        &[
            ("field: { path: $.status.ready, lt: { valueFrom: $.spec.replicas } }", YES),
            ("field: { path: $.status.ready, equals: { valueFrom: $.spec.replicas } }", NO),
            ("field: { path: $.status.ready, notEquals: { valueFrom: $.spec.replicas } }", YES),
            ("field: { path: $.status.ready, lt: { valueFrom: $.spec.none } }", UNKNOWN),
            ("field: { path: $.status.ready, notEquals: { valueFrom: $.spec.none } }", UNKNOWN),
            ("field: { path: $.status.none, default: 0, lt: { valueFrom: $.spec.replicas } }", YES),
            // As a literal `"3"` would be: a text is no number, but in order it is a quantity.
            ("field: { path: $.status.ready, equals: { valueFrom: $.spec.text } }", UNKNOWN),
            ("field: { path: $.status.ready, lt: { valueFrom: $.spec.text } }", YES),
            ("field: { path: $.status.ready, lt: { valueFrom: $.spec.text }, as: number }", YES),
            // `500m` could be two things, and the rule does not say which.
            ("field: { path: $.status.cpu, gt: { valueFrom: $.spec.cpu } }", UNKNOWN),
            ("field: { path: $.status.cpu, gt: { valueFrom: $.spec.cpu }, as: quantity }", YES),
            ("field: { path: $.status.age, gt: { valueFrom: $.spec.ttl }, as: duration }", YES),
            ("field: { path: $.status.age, gt: { valueFrom: $.spec.ttl, min: 10m }, as: duration }", NO),
            ("field: { path: $.status.age, gt: { valueFrom: $.spec.ttl, never: 5m }, as: duration }", NO),
            ("field: { path: $.status.on, equals: { valueFrom: $.spec.on } }", YES),
            ("field: { path: $.status.on, gt: { valueFrom: $.spec.on } }", UNKNOWN),
            ("field: { path: $.status.phase, in: [b, { valueFrom: $.spec.cpu }] }", NO),
            ("field: { path: $.status.phase, in: [a, { valueFrom: $.spec.none }] }", YES),
            ("field: { path: $.status.phase, in: [b, { valueFrom: $.spec.none }] }", UNKNOWN),
            ("field: { path: $.status.phase, notIn: [b, { valueFrom: $.spec.none }] }", UNKNOWN),
            ("field: { path: $.status.phase, in: { valueFrom: $.spec.list } }", YES),
            ("field: { path: $.status.phase, notIn: { valueFrom: $.spec.list } }", NO),
            ("field: { path: $.status.phase, in: { valueFrom: $.spec.odd } }", YES),
            ("field: { path: $.status.cpu, in: { valueFrom: $.spec.odd } }", UNKNOWN),
            ("field: { path: $.status.phase, in: { valueFrom: $.spec.text } }", UNKNOWN),
            ("field: { path: \"$.status.l[*]\", any: { gte: { valueFrom: $.spec.replicas } } }", YES),
            ("field: { path: \"$.status.l[*]\", all: { gte: { valueFrom: $.spec.replicas } } }", NO),
            ("field: { path: $.status.l, size: { valueFrom: $.spec.size } }", YES),
            ("field: { path: $.status.l, size: { valueFrom: $.spec.text } }", UNKNOWN),
        ],
    );
}

#[test]
fn counts_and_annotations_too() {
    table(
        "{ metadata: { labels: { app: web }, annotations: { a.b/of: web, n: \"3\", a.b/most: \">= 3\" } },
           status: { containerStatuses: [ { name: a, restartCount: 5 } ] } }",
        &[
            ("annotations: { key: a.b/of, equals: { valueFrom: $.metadata.labels.app } }", YES),
            ("annotations: { key: a.b/of, equals: { valueFrom: $.metadata.labels.none } }", UNKNOWN),
            ("annotations: { key: a.b/of, in: [x, { valueFrom: $.metadata.labels.app }] }", YES),
            ("annotations: { key: a.b/of, in: [x, { valueFrom: $.metadata.labels.none }] }", UNKNOWN),
            ("annotations: { key: a.b/of, in: [web, { valueFrom: $.metadata.labels.none }] }", YES),
            ("containers: { restarts: { valueFrom: \"$.metadata.annotations['a.b/most']\" } }", YES),
            ("containers: { exitCodes: [1, { valueFrom: $.metadata.annotations.n }] }", NO),
            ("containers: { exitCodes: [1, { valueFrom: $.metadata.annotations.none }] }", UNKNOWN),
            ("owner: { kind: [Job, { valueFrom: $.metadata.labels.app }] }", NO),
            ("owner: { kind: [Job, { valueFrom: $.metadata.labels.none }] }", UNKNOWN),
            ("containers: { totalRestarts: { valueFrom: $.metadata.annotations.n } }", UNKNOWN),
        ],
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (matcher, code) in [
        ("age: { over: { valueFrom: a.b } }", Code::BadPath),
        ("age: { over: { valueFrom: $.a, minimum: 5m } }", Code::UnknownKey),
        ("age: { over: { valueFrom: $.a, min: 5 } }", Code::BadDuration),
        ("age: { over: { min: 5m } }", Code::MissingKey),
        ("age: { over: 5m, since: { valueFrom: $.x } }", Code::UnknownKey),
        ("age: { over: { valueFrom: [$.a] } }", Code::WrongType),
        ("age: { over: { valueFrom: $.a, never: [] } }", Code::EmptyList),
        ("age: { over: { valueFrom: } }", Code::WrongType),
        ("field: { path: $.a, gt: { valueFrom: $.b, min: 5m } }", Code::AmbiguousOperand),
        ("field: { path: $.a, gt: { valueFrom: $.b, min: 5x }, as: quantity }", Code::BadOperand),
        ("field: { path: $.a, equals: { valueFrom: $.b, never: [x] } }", Code::BadOperand),
        ("field: { path: $.a, in: { valueFrom: $.b, never: [x] } }", Code::BadOperand),
        ("field: { path: $.a, before: { valueFrom: $.b, min: 5m } }", Code::BadTime),
        ("field: { path: $.a, size: { valueFrom: $.b, min: 5m } }", Code::WrongType),
        ("field: { path: $.a, size: { valueFrom: $.b, never: [x] } }", Code::BadOperand),
        ("field: { path: $.a, size: { valueFrom: $.b, min: -1 } }", Code::BadOperand),
        ("phase: { valueFrom: $.b, min: a }", Code::BadOperand),
        ("phase: [a, { valueFrom: $.b, min: a }]", Code::BadOperand),
        ("phase: [a, { valuefrom: $.b }]", Code::UnknownKey),
        ("phase: [a, { from: $.b }]", Code::WrongType),
        ("phase: [a, [b]]", Code::WrongType),
        ("containers: { exitCodes: [1, { valueFrom: $.b, min: 5m }] }", Code::WrongType),
        ("containers: { exitCodes: [1, { valueFrom: $.b, never: [x] }] }", Code::BadOperand),
        ("containers: { exitCodes: [1, a] }", Code::WrongType),
        ("annotations: { key: a, equals: { valueFrom: $.b, never: [x] } }", Code::BadOperand),
        // What is compiled once for all objects is not read from one.
        ("field: { path: $.a, matches: { valueFrom: $.b } }", Code::WrongType),
        ("field: { path: $.a, glob: { valueFrom: $.b } }", Code::WrongType),
        ("field: { path: { valueFrom: $.b }, equals: a }", Code::WrongType),
        ("field: { path: $.a, as: { valueFrom: $.b }, equals: a }", Code::WrongType),
        ("name: { glob: { valueFrom: $.b } }", Code::WrongType),
        ("labels: { matchLabels: { a: { valueFrom: $.b } } }", Code::WrongType),
        ("age: { over: 1h, under: { valueFrom: $.b, over: 5m } }", Code::UnknownKey),
    ] {
        assert_eq!(errors(&format!("match: [ {{ {matcher} }} ]")), [code], "{matcher}");
    }
    for (lines, code) in [
        ("for: { valueFrom: $.a }", Code::WrongType),
        ("cooldown: { valueFrom: $.a }", Code::WrongType),
        ("actions: [ { delete: { after: { valueFrom: $.a } } } ]", Code::WrongType),
        ("actions: [ { delete: { gracePeriod: { valueFrom: $.a, never: [x] } } } ]", Code::BadOperand),
        ("actions: [ { label: { a: { valueFrom: $.a, min: 5m } } } ]", Code::BadOperand),
        ("actions: [ { label: { a: { valueFrom: a } } } ]", Code::BadPath),
        ("actions: [ { log: { message: { valueFrom: $.a, min: 1 } } } ]", Code::BadOperand),
        ("actions: [ { patch: { merge: { spec: { a: { valueFrom: \"$.[\" } } } } } ]", Code::BadOperand),
    ] {
        assert_eq!(errors(&format!("watch: vm\n{lines}")), [code], "{lines}");
    }
    for matcher in [
        "age: { over: 1h, under: { valueFrom: $.b } }",
        "field: { path: $.a, olderThan: 1h, newerThan: { valueFrom: $.b } }",
        "field: { path: $.a, equals: x, notEquals: { valueFrom: $.b } }",
        "field: { path: $.a, equals: x, in: [{ valueFrom: $.b }] }",
        "field: { path: $.a, gt: { valueFrom: $.b, min: 500m }, as: quantity }",
        "field: { path: $.a, size: { valueFrom: $.b, min: 3 } }",
        "field: { path: $.a, before: { valueFrom: $.b, min: 2026-04-01T10:00:00Z } }",
        "field: { path: $.a, default: { valueFrom: $.b }, gt: 3 }",
        "priority: { below: { valueFrom: $.a, min: 3 } }",
        "containers: { restarts: { valueFrom: $.a, min: 3 }, waiting: { valueFrom: $.b } }",
        "phase: { valueFrom: $.a }",
    ] {
        assert_eq!(errors(&format!("match: [ {{ {matcher} }} ]")), [], "{matcher}");
    }
}

/// What the first step of a rule would do to an object.
fn effect(action: &str, text: &str) -> Result<Effect, Inapplicable> {
    let rule = rule(&format!("watch: vm\nactions: [ {{ {action} }} ]"));
    let mut projection = Projection::of_identity();
    rule.reads(&mut projection);
    let read = Observation::new(projection.parse(object(text).to_string().as_bytes()).unwrap());
    let facts = Facts::none();
    rule.steps[0].action.effect(&Context::new(&read, &facts, at(NOW)))
}

#[test]
fn an_action_takes_its_values_from_the_object_and_does_nothing_without_them() {
    let patched = |text: &str| {
        let action = "label: { b: { valueFrom: $.metadata.annotations.team }, c: d, e: null }";
        match effect(action, text) {
            Ok(Effect::PatchMetadata { entries, .. }) => Some(entries),
            Ok(other) => panic!("{other:?}"),
            Err(Inapplicable::Unreadable { what }) => {
                assert!(what.contains("$.metadata.annotations.team"), "{what}");
                None
            }
            Err(other) => panic!("{other:?}"),
        }
    };
    let entry = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
    let team = patched("{ metadata: { annotations: { team: web } } }").unwrap();
    assert_eq!(team, [entry("b", Some("web")), entry("c", Some("d")), entry("e", None)]);
    assert_eq!(patched("{ metadata: { annotations: { team: 7 } } }").unwrap()[0], entry("b", Some("7")));
    for unreadable in [
        "{}",
        "{ metadata: { annotations: { team: null } } }",
        "{ metadata: { annotations: { team: [web] } } }",
        // No label has such a value.
        "{ metadata: { annotations: { team: \"not a label\" } } }",
    ] {
        assert_eq!(patched(unreadable), None, "{unreadable}");
    }
    let annotate = effect("annotate: { b: { valueFrom: $.spec.a } }", "{ spec: { a: any text } }");
    assert!(matches!(annotate, Ok(Effect::PatchMetadata { .. })), "{annotate:?}");
    let same = effect(
        "annotate: { b: { valueFrom: $.spec.a } }",
        "{ metadata: { annotations: { b: x } }, spec: { a: x } }",
    );
    assert_eq!(same, Err(Inapplicable::NothingToDo));
}

#[test]
fn a_grace_that_the_object_asks_for_is_whole_seconds_and_has_an_end() {
    let action = "delete: { gracePeriod: { valueFrom: $.spec.grace, min: 5s } }";
    for (grace, seconds) in
        [("30s", Some(30)), ("1s", Some(5)), ("10s1ms", Some(11)), ("2d", None), ("30", None), ("null", None)]
    {
        let found = effect(action, &format!("{{ spec: {{ grace: {grace} }} }}"));
        match (found, seconds) {
            (Ok(Effect::Delete { grace, .. }), Some(seconds)) => {
                assert_eq!(grace.map(|grace| grace.as_secs()), Some(seconds));
            }
            (Err(Inapplicable::Unreadable { .. }), None) => {}
            (found, _) => panic!("{grace}: {found:?}"),
        }
    }
}
