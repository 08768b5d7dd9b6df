//! How many events a second one core takes, from the bytes of a watch's line to the verdicts of all rules, and
//! what its parts cost: projection, each matcher, the schedule. `cargo bench --bench throughput`; a table of the
//! allocations per event comes first.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench"
)]

mod input;

use allocation_counter::measure;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use k8s_healer::cluster::decode::{Decoder, Event};
use k8s_healer_engine::facts::{Facts, Others};
use k8s_healer_engine::matcher::Context;
use k8s_healer_engine::matchers;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::schedule::Schedule;
use k8s_healer_engine::tracker::{Origin, Tracker};

use input::{MATCHERS, Shape, lines, moment, pods, projection, rules};

fn main() {
    let measured = |name| MATCHERS.iter().any(|(known, _)| *known == name);
    assert!(matchers::ALL.iter().all(|matcher| measured(matcher.name)), "a matcher is not measured");
    println!("allocations per event, bytes allocated per event (of 13 KB of JSON)");
    for shape in [Shape::Alike, Shape::Teams, Shape::Different] {
        for count in [1, 10, 100, 1000] {
            let mut events = Events::new(shape, count);
            (0..LINES).for_each(|_| events.take());
            let counted = measure(|| (0..LINES).for_each(|_| events.take()));
            let (number, bytes) = (counted.count_total / LINES, counted.bytes_total / LINES);
            println!("  {:<40} {number:>6} {bytes:>8}", format!("{count} rules, {shape:?}"));
        }
    }
    divan::main();
}

const LINES: u64 = 1_000;

/// Bytes of a watch's line → verdicts and timer.
struct Events {
    lines: Vec<Vec<u8>>,
    at: usize,
    decoder: Decoder,
    tracker: Tracker,
    now: jiff::Timestamp,
}

impl Events {
    fn new(shape: Shape, count: usize) -> Self {
        let rules = rules(shape, count);
        let decoder = Decoder::new(&projection(&rules), &pods());
        let mut tracker = Tracker::new(rules);
        tracker.list_started();
        tracker.list_completed();
        let lines = lines(u32::try_from(LINES).unwrap());
        Self { lines, at: 0, decoder, tracker, now: moment("2026-01-01T12:00:00Z") }
    }

    fn take(&mut self) {
        self.at = (self.at + 1) % self.lines.len();
        if let Ok(Event::Applied(object)) = self.decoder.line(black_box(&self.lines[self.at])) {
            black_box(self.tracker.observe(&object, Origin::LiveRead, self.now));
        }
    }
}

fn events(bencher: Bencher<'_, '_>, shape: Shape, count: usize) {
    let mut events = Events::new(shape, count);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| events.take());
}

/// Rules of one sort: all look at the same fields, in the same namespaces, for values of their own.
#[divan::bench(args = [1, 10, 100, 1000], min_time = 1)]
fn events_with_rules_that_share_fields_and_namespaces(bencher: Bencher<'_, '_>, rules: usize) {
    events(bencher, Shape::Alike, rules);
}

/// The shipped sort: crash loops, phases, ages, each team in its namespaces.
#[divan::bench(args = [1, 10, 100, 1000], min_time = 1)]
fn events_with_rules_of_many_teams(bencher: Bencher<'_, '_>, rules: usize) {
    events(bencher, Shape::Teams, rules);
}

/// Nothing is shared: each rule has an expression of its own on the name.
#[divan::bench(args = [1, 10, 100, 1000], min_time = 1)]
fn events_with_rules_that_share_nothing(bencher: Bencher<'_, '_>, rules: usize) {
    events(bencher, Shape::Different, rules);
}

/// A pod of 13 KB through the projection of ten rules.
#[divan::bench]
fn projection_of_a_pod(bencher: Bencher<'_, '_>) {
    let projection = projection(&rules(Shape::Teams, 10));
    let pod = &input::pod_texts(1)[0];
    bencher.counter(BytesCount::of_str(pod)).bench_local(|| projection.parse(black_box(pod.as_bytes())));
}

/// The same pod as a whole, for scale.
#[divan::bench]
fn the_whole_pod_as_a_value(bencher: Bencher<'_, '_>) {
    let pod = &input::pod_texts(1)[0];
    bencher
        .counter(BytesCount::of_str(pod))
        .bench_local(|| serde_json::from_slice::<serde_json::Value>(black_box(pod.as_bytes())));
}

/// One matcher on one pod that is there already.
#[divan::bench(args = MATCHERS.iter().map(|(name, _)| *name))]
fn matcher(bencher: Bencher<'_, '_>, name: &str) {
    let rule = input::rule_with(name);
    let object = Observation::new(serde_json::from_str(&input::pod_texts(1)[0]).unwrap());
    let (facts, now) = (facts_of(&rule, &object), moment("2026-01-01T12:00:00Z"));
    bencher.bench_local(|| rule.matches[0].evaluate(black_box(&Context::new(&object, &facts, now))));
}

/// All that the rule asks of a namespace and a node.
fn facts_of(rule: &Rule, object: &Observation) -> Facts {
    let mut others = Others::default();
    rule.reads_of_others(&mut others);
    let other = serde_json::json!({
        "metadata": { "creationTimestamp": "2026-01-01T00:00:00Z", "labels": { "team": "a", "zone": "a" } },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
    });
    others.of(object).into_iter().fold(Facts::none(), |facts, fact| facts.with(fact, other.clone()))
}

/// Re-arming one of so many timers.
#[divan::bench(args = [1_000, 100_000])]
fn schedule_re_arms(bencher: Bencher<'_, '_>, timers: u32) {
    let mut schedule = Schedule::default();
    let second = |second: u32| Some(jiff::Timestamp::from_second(i64::from(second)).unwrap());
    (0..timers).for_each(|key| schedule.set(key, second(key.wrapping_mul(7919) % 86_400)));
    let mut key = 0;
    bencher.bench_local(|| {
        key = (key + 7919) % timers;
        schedule.set(key, second(key.wrapping_mul(31) % 86_400 + key % 2));
    });
}

/// Taking the earliest of so many timers, and arming it again.
#[divan::bench(args = [1_000, 100_000])]
fn schedule_fires(bencher: Bencher<'_, '_>, timers: u32) {
    let mut schedule = Schedule::default();
    let second = |second: u32| Some(jiff::Timestamp::from_second(i64::from(second)).unwrap());
    (0..timers).for_each(|key| schedule.set(key, second(key)));
    let mut next = timers;
    bencher.bench_local(|| {
        let (_, key) = schedule.pop_due(jiff::Timestamp::MAX).unwrap();
        schedule.set(key, second(next));
        next += 1;
    });
}
