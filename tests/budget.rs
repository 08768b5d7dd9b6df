//! A guard against gross regressions that counts instead of timing: allocations per event, bytes per tracked
//! object. The budgets leave room for a little; `benches/` measures how much of it is used.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "../benches/input/mod.rs"]
mod input;

use std::sync::Arc;

use allocation_counter::measure;
use k8s_healer::cluster::decode::{Decoder, Event};
use k8s_healer_engine::expression::Expression;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::tracker::{Origin, Tracker};
use serde_json::json;

use input::{Shape, lines, loaded, moment, pods, projection, rules};

/// A line of a watch becomes a projected object: its fields, each a name and a value.
const PER_DECODED_EVENT: u64 = 75;
/// Its verdicts: next to nothing.
const PER_TRACKED_EVENT: u64 = 12;
/// DESIGN 9.
const BYTES_PER_IDLE_OBJECT: u64 = 204;
const BYTES_PER_ARMED_OBJECT: u64 = 409;

fn synced(rules: Vec<Arc<Rule>>) -> Tracker {
    let mut tracker = Tracker::new(rules);
    tracker.list_started();
    tracker.list_completed();
    tracker
}

fn observations(rules: &[Arc<Rule>], count: u32) -> Vec<Observation> {
    let decoder = Decoder::new(&projection(rules), &pods());
    let decoded = |line: &Vec<u8>| match decoder.line(line) {
        Ok(Event::Applied(object)) => object,
        other => panic!("{other:?}"),
    };
    lines(count).iter().map(decoded).collect()
}

#[test]
fn decoding_an_event_allocates_for_what_is_read_and_for_nothing_else() {
    let rules = rules(Shape::Teams, 10);
    let (decoder, lines) = (Decoder::new(&projection(&rules), &pods()), lines(1));
    let counted = measure(|| drop(decoder.line(&lines[0])));
    assert!(counted.count_total <= PER_DECODED_EVENT, "{} allocations", counted.count_total);
    // 13 KB of JSON; what no rule reads is never built.
    assert!(counted.bytes_max < 8_000, "{} bytes", counted.bytes_max);
}

#[test]
fn an_event_of_a_known_object_costs_no_more_with_a_thousand_rules_of_the_same_sort() {
    for count in [10, 1_000] {
        let rules = rules(Shape::Alike, count);
        let objects = observations(&rules, 2);
        let mut tracker = synced(rules);
        let now = moment("2026-01-01T12:00:00Z");
        for object in &objects {
            tracker.observe(object, Origin::LiveRead, now);
        }
        let counted = measure(|| {
            tracker.observe(&objects[1], Origin::LiveRead, now);
        });
        assert!(counted.count_total <= PER_TRACKED_EVENT, "{count}: {} allocations", counted.count_total);
    }
}

/// Bytes that each of `count` objects adds, by the slope between two numbers of them.
fn bytes_per_object(rules: &str, armed: bool) -> u64 {
    let text =
        format!("apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: bench }}\nrules:\n{rules}");
    let rules = loaded(text);
    let kept = |count: u32| {
        let objects = observations(&rules, count);
        let mut tracker = synced(rules.clone());
        let counted = measure(|| {
            for object in &objects {
                tracker.observe(object, Origin::Event, moment("2026-01-01T12:00:00Z"));
            }
        });
        assert_eq!(tracker.len(), count as usize);
        assert_eq!(tracker.armed(), if armed { count as usize } else { 0 });
        u64::try_from(counted.bytes_current).unwrap()
    };
    // Between powers of two, so that no table has just grown in one and not in the other.
    (kept(15_000) - kept(7_500)) / 7_500
}

#[test]
fn an_idle_object_takes_a_fifth_of_a_kibibyte() {
    let rule = "  - name: r\n    watch: pods\n    namespaces: [test-*]\n    match: [ { phase: Failed } ]\n    \
                actions: [ { log: {} } ]\n";
    let bytes = bytes_per_object(rule, false);
    assert!(bytes <= BYTES_PER_IDLE_OBJECT, "{bytes} bytes");
}

#[test]
fn an_armed_object_takes_two_fifths_of_a_kibibyte() {
    for rule in ["match: [ { age: { over: 365d } } ]", "for: 24h\n    match: [ { phase: Running } ]"] {
        let rule = format!(
            "  - name: r\n    watch: pods\n    namespaces: [test-*]\n    {rule}\n    actions: [ {{ log: {{}} }} ]\n"
        );
        let bytes = bytes_per_object(&rule, true);
        assert!(bytes <= BYTES_PER_ARMED_OBJECT, "{bytes} bytes: {rule}");
    }
}

#[test]
fn a_few_of_many_that_are_due_are_taken_without_a_look_at_the_others() {
    let rule = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: bench }\nrules:\n  - name: r\n    \
                watch: pods\n    namespaces: [test-*]\n    match: [ { phase: Running } ]\n    actions: [ { log: {} } ]\n";
    let rules = loaded(rule.to_owned());
    let (mut tracker, now) = (synced(rules), moment("2026-01-01T12:00:00Z"));
    for number in 0..10_000 {
        let metadata =
            json!({"name": format!("p-{number}"), "namespace": "test-a", "uid": format!("u-{number}")});
        let pod = json!({"metadata": metadata, "status": {"phase": "Running"}});
        tracker.observe(&Observation::new(pod), Origin::Event, now);
    }
    let counted = measure(|| assert_eq!(tracker.take_due_in(Some("test-a"), now, 10).len(), 10));
    assert!(counted.bytes_total < 4_000, "{} bytes", counted.bytes_total);
}

/// The largest object that an expression looks at, and the dearest expressions that are accepted.
#[test]
fn what_an_expression_makes_stays_within_some_megabytes_and_some_million_allocations() {
    let object = json!({
        "l": vec![json!({"n": 1, "t": "x".repeat(400), "l": vec![1; 9]}); 240],
        "t": "x".repeat(16_000),
    });
    for source in [
        "object.l.map(x, string(object.t) + x.t) == []",
        "object.l.map(x, {'a': x.l, 'b': x.l, 'c': x, 'd': x.t}) == []",
        "object.l.all(x, object.l.filter(y, y.n != x.l).size() == 240)",
        "object.l.all(x, object.l.exists(y, y.n > x.l || y.t == x.t))",
        "object.l.map(x, x.l.map(y, [y, y, y, y])) == []",
        "(object.l + object.l + object.l).filter(x, x.n == 1) == []",
    ] {
        let expression = Expression::parse(source).unwrap_or_else(|error| panic!("{source}: {error:?}"));
        let counted = measure(|| drop(expression.truth(&object)));
        assert!(counted.bytes_max < 8 << 20, "{source}: {} bytes", counted.bytes_max);
        assert!(counted.count_total < 4_000_000, "{source}: {} allocations", counted.count_total);
    }
}
