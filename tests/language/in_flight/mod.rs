//! `limits: { inFlight, order }`: how much of a rule is under way at once, and what goes first.

mod going;
mod lists;
mod order;
mod pages;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use k8s_healer_engine::effect::Inapplicable;
use k8s_healer_engine::limits::Ledger;
use k8s_healer_engine::tracker::{DueStep, Origin, StepResult, Tracker};
use serde_json::json;

use super::*;

const BAD: &str = "match: [ { labels: { matchLabels: { state: bad } } } ]";

fn limited(limits: &str, rest: &str) -> Arc<Rule> {
    rule(&format!("watch: pods\n{BAD}\nlimits: {limits}\n{rest}"))
}

fn deleting(limits: &str) -> Arc<Rule> {
    limited(limits, "actions: [ { delete: {} } ]")
}

/// A ledger, and how often it was told of.
fn telling() -> (Ledger, Arc<AtomicUsize>) {
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let ledger = Ledger::telling(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    (ledger, told)
}

/// Objects as a server has them, with a tracker that follows them.
struct Scene {
    objects: BTreeMap<String, Value>,
    version: u32,
    tracker: Tracker,
    /// What can be known of other objects now.
    facts: Facts,
}

impl Scene {
    fn new(rule: &Arc<Rule>, ledger: &Ledger) -> Self {
        let mut tracker = Tracker::new(vec![Arc::clone(rule)]).counted_in(ledger);
        tracker.list_started();
        tracker.list_completed();
        Self { objects: BTreeMap::new(), version: 0, tracker, facts: Facts::none() }
    }

    /// The objects of these names, the first created first; all on node-1 and bad.
    fn of(rule: &Arc<Rule>, names: &[&str]) -> Self {
        let mut scene = Self::new(rule, &Ledger::default());
        names.iter().for_each(|name| scene.put(name, &json!({}), "12:00:00"));
        scene
    }

    fn put(&mut self, name: &str, merge: &Value, now: &str) {
        self.version += 1;
        let created = format!("2026-01-01T10:00:{:02}Z", self.version.min(59));
        let object = self.objects.entry(name.to_owned()).or_insert_with(|| {
            json!({"metadata": {
                "namespace": "test-a", "name": name, "uid": format!("u-{name}"), "creationTimestamp": created,
                "labels": {"state": "bad"}}, "spec": {"nodeName": "node-1"}})
        });
        json_patch::merge(object, merge);
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.tracker.observe_with(&Observation::new(object.clone()), &self.facts, Origin::Event, at(now));
    }

    fn cure(&mut self, name: &str, now: &str) {
        self.put(name, &json!({"metadata": {"labels": {"state": "good"}}}), now);
    }

    fn terminate(&mut self, name: &str, now: &str) {
        self.put(name, &json!({"metadata": {"deletionTimestamp": format!("2026-01-01T{now}Z")}}), now);
    }

    fn gone(&mut self, name: &str) {
        let key = self.tracker.key(Some("test-a"), name);
        self.tracker.gone(&key, &format!("u-{name}"));
        self.objects.remove(name);
    }

    /// What is due next is read and judged.
    fn judge(&mut self, now: &str) -> Option<(String, Option<DueStep>)> {
        let ticket = self.tracker.take_due(at(now))?;
        let name = ticket.key.name.to_string();
        let live = Observation::new(self.objects[&name].clone());
        // What is asked of others is looked up, and nothing else.
        let asked = self.tracker.asks(&live, &Facts::none(), at(now)).into_iter();
        let known = asked.filter_map(|fact| Some((fact.clone(), self.facts.get(&fact)?.clone())));
        let facts = known.fold(Facts::none(), |facts, (fact, value)| facts.with(fact, value));
        let step = self.tracker.judge_with(&ticket, &live, &facts, at(now), at(now));
        if step.is_none() {
            self.tracker.release(&ticket, at(now), Duration::from_secs(1));
        }
        Some((name, step))
    }

    fn end(&mut self, step: &DueStep, result: StepResult, now: &str) {
        self.tracker.step_ended(step, result, at(now));
        self.tracker.release(&step.ticket, at(now), Duration::ZERO);
    }

    /// All that is due: `+a` was begun with this result, `-a` was held back.
    fn run_with(&mut self, now: &str, result: StepResult) -> Vec<String> {
        let mut done = Vec::new();
        while let Some((name, step)) = self.judge(now) {
            let Some(step) = step else { continue };
            let (sign, result) = match &step.effect {
                Ok(_) => ('+', result),
                Err(Inapplicable::HeldBack { .. }) => ('-', StepResult::Held),
                Err(Inapplicable::Unreadable { .. }) => ('?', StepResult::Postponed { until: None }),
                Err(Inapplicable::AlreadyTerminating { since }) => {
                    ('.', StepResult::Skipped { since: *since })
                }
                Err(other) => panic!("{other:?}"),
            };
            self.end(&step, result, now);
            done.push(format!("{sign}{name}"));
            assert!(done.len() < 10_000, "it never ends");
        }
        done
    }

    fn run(&mut self, now: &str) -> Vec<String> {
        self.run_with(now, StepResult::Done { removed: true })
    }
}

#[test]
fn what_is_beyond_waits_and_is_called_when_one_is_gone() {
    let mut scene = Scene::of(&deleting("{ inFlight: { max: 2 } }"), &["a", "b", "c", "d"]);
    assert_eq!(scene.run("12:00:00"), ["+a", "+b", "-c", "-d"]);
    assert_eq!(scene.tracker.next_due(), None, "nothing is polled");
    scene.terminate("a", "12:00:01");
    scene.put("d", &json!({"metadata": {"labels": {"more": "so"}}}), "12:00:01");
    assert_eq!(scene.run("12:00:01"), [""; 0], "terminating is in flight, and its own change calls nobody");
    scene.gone("a");
    assert_eq!(scene.run("12:00:02"), ["+c"], "just as many as there is room for");
    scene.gone("c");
    scene.gone("b");
    assert_eq!(scene.run("12:00:03"), ["+d"]);
}

#[test]
fn what_holds_it_back_is_told() {
    let held = |limits: &str| {
        let mut scene = Scene::of(&deleting(limits), &["a", "b"]);
        let mut steps = std::iter::from_fn(|| scene.judge("12:00:00")).filter_map(|(_, step)| step);
        let step = steps.find(|step| step.effect.is_err()).unwrap();
        match step.effect {
            Err(Inapplicable::HeldBack { by, .. }) => by,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(held("{ inFlight: { max: 1 } }"), "1 in flight, and inFlight is 1");
    assert_eq!(
        held("{ inFlight: { max: 1, groupBy: node } }"),
        "1 in flight, and inFlight is 1 for each node"
    );
}

#[test]
fn a_group_is_counted_by_itself_and_an_unknown_one_is_held_back() {
    for group_by in ["node", "$.spec.nodeName"] {
        let mut scene =
            Scene::of(&deleting(&format!("{{ inFlight: {{ max: 1, groupBy: {group_by} }} }}")), &[]);
        for (name, node) in
            [("a", json!("one")), ("b", json!("one")), ("c", json!("two")), ("d", Value::Null)]
        {
            scene.put(name, &json!({"spec": {"nodeName": node}}), "12:00:00");
        }
        assert_eq!(scene.run("12:00:00"), ["+a", "-b", "+c", "?d"], "{group_by}");
        scene.put("d", &json!({"spec": {"nodeName": "three"}}), "12:00:01");
        assert_eq!(scene.run("12:00:01"), ["+d"], "as soon as it is known");
        // What waits moves to another group, where there is room.
        scene.put("b", &json!({"spec": {"nodeName": "four"}}), "12:00:02");
        assert_eq!(scene.run("12:00:02"), ["+b"]);
    }
}

#[test]
fn where_nothing_came_of_a_step_its_place_is_free_again() {
    for result in [
        StepResult::Failed { retry_after: None },
        StepResult::Refused { retry_after: None, give_up: Duration::from_secs(600) },
        StepResult::Changed,
        StepResult::Held,
        StepResult::Postponed { until: None },
        StepResult::Abandoned,
    ] {
        let mut scene = Scene::of(&deleting("{ inFlight: { max: 1 } }"), &["a", "b"]);
        let (name, step) = scene.judge("12:00:00").unwrap();
        assert_eq!(name, "a");
        let (other, held) = scene.judge("12:00:00").unwrap();
        let held = held.unwrap();
        assert!(other == "b" && held.effect.is_err(), "while it is tried, its place is taken");
        scene.end(&held, StepResult::Held, "12:00:00");
        scene.end(&step.unwrap(), result, "12:00:00");
        assert_eq!(scene.run("12:00:00"), ["+b"], "{result:?}");
    }
}

#[test]
fn what_may_have_been_done_is_in_flight() {
    for result in
        [StepResult::Unknown { removes: true }, StepResult::Assumed { removed: true }, StepResult::Finished]
    {
        let mut scene = Scene::of(&deleting("{ inFlight: { max: 1 } }"), &["a", "b"]);
        assert_eq!(scene.run_with("12:00:00", result)[..2], ["+a", "-b"], "{result:?}");
        scene.gone("a");
        assert_eq!(scene.run("12:00:01"), ["+b"], "{result:?}");
    }
}

#[test]
fn what_may_have_been_done_is_in_flight_until_it_is_known_that_nothing_was() {
    let steps = "actions: [ { evict: { giveUp: 10m } } ]";
    for (result, is_free) in [
        (StepResult::Failed { retry_after: None }, true),
        (StepResult::Refused { retry_after: None, give_up: Duration::from_secs(600) }, true),
        (StepResult::Held, true),
        (StepResult::Abandoned, true),
        // By itself, or by what was sent.
        (StepResult::Changed, false),
        (StepResult::Unknown { removes: true }, false),
        (StepResult::Done { removed: true }, false),
    ] {
        for terminates in [false, true] {
            let mut scene = Scene::of(&limited("{ inFlight: { max: 1 } }", steps), &["a", "b"]);
            let unknown = StepResult::Unknown { removes: true };
            assert_eq!(scene.run_with("12:00:00", unknown), ["+a", "-b"]);
            let (name, step) = scene.judge("12:00:02").unwrap();
            assert_eq!(name, "a", "it is tried again");
            if terminates {
                scene.terminate("a", "12:00:02");
            }
            scene.end(&step.unwrap(), result, "12:00:02");
            let expected = if is_free && !terminates { vec!["+b"] } else { vec![] };
            assert_eq!(scene.run("12:00:02"), expected, "{result:?} {terminates}");
        }
    }
}

#[test]
fn a_step_that_was_called_for_while_the_hold_was_told_is_due_at_once() {
    let mut scene = Scene::of(&deleting("{ inFlight: { max: 1 } }"), &["a", "b"]);
    let (_, first) = scene.judge("12:00:00").unwrap();
    let (_, held) = scene.judge("12:00:00").unwrap();
    scene.end(&first.unwrap(), StepResult::Done { removed: true }, "12:00:00");
    scene.gone("a");
    scene.end(&held.unwrap(), StepResult::Held, "12:00:00");
    assert_eq!(scene.run("12:00:00"), ["+b"]);
}

#[test]
fn what_was_to_be_done_and_was_not_begun_gives_its_place_back() {
    let mut scene = Scene::of(&deleting("{ inFlight: { max: 1 } }"), &["a", "b"]);
    let (_, step) = scene.judge("12:00:00").unwrap();
    let (_, held) = scene.judge("12:00:00").unwrap();
    scene.end(&held.unwrap(), StepResult::Held, "12:00:00");
    // Paused: no result at all.
    scene.tracker.release(&step.unwrap().ticket, at("12:00:00"), Duration::from_secs(60));
    assert_eq!(scene.run("12:00:00"), ["+b"]);
}

#[test]
fn a_change_that_removes_nothing_is_in_flight_until_the_rule_is_not_true_any_more() {
    let rule = limited("{ inFlight: { max: 1 } }", "actions: [ { label: { seen: yes } } ]");
    let mut scene = Scene::of(&rule, &["a", "b"]);
    let done = StepResult::Done { removed: false };
    assert_eq!(scene.run_with("12:00:00", done), ["+a", "-b"]);
    scene.put("a", &json!({"metadata": {"labels": {"seen": "yes"}}}), "12:00:01");
    assert_eq!(scene.run_with("12:00:01", done), [""; 0]);
    scene.cure("a", "12:00:02");
    assert_eq!(scene.run_with("12:00:02", done), ["+b"]);
}

#[test]
fn lines_in_the_log_pass_and_later_steps_of_what_is_in_flight_too() {
    let steps =
        "actions: [ { log: {} }, { delete: {} }, { label: { gone: soon, after: 1m, while: present } } ]";
    let mut scene = Scene::of(&limited("{ inFlight: { max: 1 } }", steps), &["a", "b"]);
    let mut all = Vec::new();
    while let Some((name, Some(step))) = scene.judge("12:00:00") {
        let result = match (&step.effect, step.step) {
            (Ok(_), 0) => StepResult::Done { removed: false },
            (Ok(_), _) => StepResult::Done { removed: true },
            _ => StepResult::Held,
        };
        all.push(format!("{name}{}{}", step.step, if step.effect.is_ok() { "" } else { "-" }));
        scene.end(&step, result, "12:00:00");
    }
    all.sort();
    assert_eq!(all, ["a0", "a1", "b0", "b1-"]);
    assert_eq!(scene.run("12:01:00"), ["+a"], "its third step");
}

#[test]
fn a_read_that_failed_does_not_keep_the_others_waiting() {
    let rule = deleting("{ inFlight: { max: 1 }, order: oldest }");
    let mut scene = Scene::of(&rule, &["a", "b"]);
    let first = scene.tracker.take_due(at("12:00:00")).unwrap();
    let (name, held) = scene.judge("12:00:00").unwrap();
    assert_eq!((&*first.key.name, &*name), ("a", "b"));
    let held = held.unwrap();
    assert!(
        matches!(&held.effect, Err(Inapplicable::HeldBack { by, .. }) if by.starts_with("others go first"))
    );
    scene.end(&held, StepResult::Held, "12:00:00");
    scene.tracker.release(&first, at("12:00:00"), Duration::from_secs(5));
    assert_eq!(scene.run("12:00:00"), ["+b"]);
    assert_eq!(scene.run("12:00:05"), ["-a"]);
}

#[test]
fn a_thousand_that_wait_cost_one_look_for_each_that_goes() {
    let names: Vec<String> = (0..1000).map(|number| format!("p-{number:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut scene = Scene::of(&deleting("{ inFlight: { max: 3 } }"), &names);
    assert_eq!(scene.run("12:00:00").len(), 1000);
    for name in &names[..500] {
        scene.gone(name);
        assert_eq!(scene.run("12:00:01").len(), 1, "{name}");
    }
}

#[test]
fn what_cannot_be_is_told_where_it_stands() {
    for (limits, code) in [
        ("{ inFlight: {} }", Code::MissingKey),
        ("{ inFlight: 3 }", Code::WrongType),
        ("{ inFlight: { max: 0 } }", Code::NeverTrue),
        ("{ inFlight: { max: -1 } }", Code::BadOperand),
        ("{ inFlight: { max: 50% } }", Code::WrongType),
        ("{ inFlight: { max: 1, groupby: node } }", Code::UnknownKey),
        ("{ inFlight: { max: 1, groupBy: nodes } }", Code::BadOperand),
        ("{ inFlight: { max: 1, groupBy: \"$.spec.containers[*].name\" } }", Code::BadOperand),
        ("{ inFlight: { max: 1, groupBy: \"$.spec[\" } }", Code::BadOperand),
        ("{ order: eldest }", Code::BadChoice),
        ("{ inFlight: { max: 1 }, from: 10 }", Code::MissingKey),
    ] {
        assert_eq!(errors(&format!("limits: {limits}")), [code], "{limits}");
    }
    for limits in [
        "{ inFlight: { max: 1 } }",
        "{ order: mostRestarts }",
        "{ inFlight: { max: 2, groupBy: owner }, order: newest }",
    ] {
        assert_eq!(errors(&format!("limits: {limits}")), [], "{limits}");
    }
    for (watch, codes) in [
        ("vm", vec![Code::BadOperand]),
        ("[pods, vm]", vec![Code::BadOperand]),
        ("things.example.com", vec![]),
        ("\"*\"", vec![Code::BeyondMetadata]),
    ] {
        assert_eq!(errors(&format!("watch: {watch}\nlimits: {{ order: mostRestarts }}")), codes, "{watch}");
    }
    for (watch, codes) in [
        ("pods", vec![]),
        ("vmi", vec![]),
        ("[vmi, things.example.com]", vec![]),
        ("vm", vec![Code::BadOperand]),
        ("[pods, configmaps]", vec![Code::BadOperand]),
    ] {
        let limits = "limits: { inFlight: { max: 1, groupBy: node } }";
        assert_eq!(errors(&format!("watch: {watch}\n{limits}")), codes, "{watch}");
    }
}
