//! `limits`: where more matches than may, nothing is done to any of it, until less does.

use std::time::Duration;

use k8s_healer_engine::effect::{Effect, Inapplicable};
use k8s_healer_engine::facts::{Fact, Facts};
use k8s_healer_engine::limits::Ledger;
use k8s_healer_engine::tracker::{DueStep, Origin, StepResult, Tracker};

use super::*;

pub(super) const BAD: &str = "match: [ { labels: { matchLabels: { state: bad } } } ]";

pub(super) fn seen(number: usize, version: u32, state: &str) -> Observation {
    Observation::new(serde_json::json!({"metadata": {
        "namespace": "test-a", "name": format!("vm-{number}"), "uid": format!("u-{number}"),
        "resourceVersion": version.to_string(), "creationTimestamp": "2026-01-01T10:00:00Z",
        "labels": {"state": state},
    }}))
}

fn limited(limits: &str) -> Arc<Rule> {
    rule(&format!("watch: vm\n{BAD}\nlimits: {limits}\nactions: [ {{ delete: {{}} }} ]"))
}

/// A synced tracker of so many good and bad objects, at noon.
pub(super) fn tracker(rule: &Arc<Rule>, ledger: &Ledger, good: usize, bad: usize) -> Tracker {
    let mut tracker = Tracker::new(vec![Arc::clone(rule)]).counted_in(ledger);
    tracker.list_started();
    for number in 0..good + bad {
        let state = if number < bad { "bad" } else { "good" };
        tracker.observe(&seen(number, 1, state), Origin::Listed, at("12:00:00"));
    }
    tracker.list_completed();
    tracker
}

/// All that is due now, each judged; what is held back is noted as held.
pub(super) fn due(tracker: &mut Tracker, now: &str) -> Vec<DueStep> {
    let mut steps = Vec::new();
    while let Some(ticket) = tracker.take_due(at(now)) {
        let number = ticket.uid.strip_prefix("u-").unwrap().parse().unwrap();
        if let Some(step) = tracker.judge(&ticket, &seen(number, 1, "bad"), at(now), at(now)) {
            steps.push(step);
        }
    }
    for step in &steps {
        if matches!(step.effect, Err(Inapplicable::HeldBack { .. })) {
            tracker.step_ended(step, StepResult::Held, at(now));
        }
        tracker.release(&step.ticket, at(now), Duration::ZERO);
    }
    steps
}

pub(super) fn acts(steps: &[DueStep]) -> usize {
    steps.iter().filter(|step| matches!(step.effect, Ok(Effect::Delete { .. }))).count()
}

#[test]
fn exactly_the_limit_is_acted_on_and_one_more_holds_all_of_it() {
    for (limits, good, bad, acted) in [
        ("{ maxUnhealthy: 50% }", 5, 5, 5),
        ("{ maxUnhealthy: 50% }", 4, 5, 0),
        ("{ maxUnhealthy: 50%, from: 10 }", 4, 5, 5),
        ("{ maxUnhealthy: 50%, from: 10 }", 4, 6, 0),
        ("{ maxUnhealthy: 3 }", 100, 3, 3),
        ("{ maxUnhealthy: 3 }", 100, 4, 0),
        ("{ maxUnhealthy: 100% }", 0, 7, 7),
        ("{ maxUnhealthy: \"3\", from: 5 }", 0, 4, 4),
    ] {
        let mut tracker = tracker(&limited(limits), &Ledger::default(), good, bad);
        let steps = due(&mut tracker, "12:00:00");
        assert_eq!((steps.len(), acts(&steps)), (bad, acted), "{limits} {bad} of {}", good + bad);
    }
}

#[test]
fn a_storm_is_held_back_and_told_by_how_much_and_what_was_judged_before_it_too() {
    let mut tracker = tracker(&limited("{ maxUnhealthy: 40% }"), &Ledger::default(), 999, 1);
    let first = due(&mut tracker, "12:00:00").remove(0);
    assert!(first.effect.is_ok() && first.limit.as_ref().unwrap().held_by(at("12:00:00")).is_none());
    for number in 1..1000 {
        tracker.observe(&seen(number, 2, "bad"), Origin::Event, at("12:00:01"));
    }
    assert!(
        first.limit.unwrap().held_by(at("12:00:01")).is_some(),
        "it is asked again just before it is sent"
    );
    let steps = due(&mut tracker, "12:00:02");
    assert!(steps.len() >= 999 && acts(&steps) == 0, "{}", steps.len());
    let Err(Inapplicable::HeldBack { by, .. }) = &steps[0].effect else { panic!("{:?}", steps[0].effect) };
    assert_eq!(by, "1000 of 1000 match, and maxUnhealthy is 40%");
    assert!(steps.iter().all(|step| !step.held_before));
}

#[test]
fn once_less_matches_what_was_held_back_is_due_at_once() {
    let mut tracker = tracker(&limited("{ maxUnhealthy: 2 }"), &Ledger::default(), 5, 3);
    assert_eq!(acts(&due(&mut tracker, "12:00:00")), 0);
    assert!(
        tracker.next_due().is_some_and(|due| due > at("12:00:00")),
        "they are looked at ever more rarely"
    );
    tracker.observe(&seen(0, 2, "good"), Origin::Event, at("12:00:00.5"));
    let steps = due(&mut tracker, "12:00:00.5");
    assert_eq!((steps.len(), acts(&steps)), (2, 2));
    assert!(steps.iter().all(|step| step.held_before), "and not told again");
}

#[test]
fn what_is_gone_neither_matches_nor_is_watched() {
    let mut tracker = tracker(&limited("{ maxUnhealthy: 50% }"), &Ledger::default(), 3, 3);
    let gone = tracker.key(Some("test-a"), "vm-5");
    tracker.gone(&gone, "u-5");
    assert_eq!(acts(&due(&mut tracker, "12:00:00")), 0, "3 of 5");
    let gone = tracker.key(Some("test-a"), "vm-0");
    tracker.gone(&gone, "u-0");
    assert_eq!(acts(&due(&mut tracker, "12:00:01")), 2, "2 of 4");
}

#[test]
fn all_kinds_of_a_rule_are_counted_together_and_one_that_is_not_listed_yet_holds_back() {
    let (rule, ledger) = (limited("{ maxUnhealthy: 3 }"), Ledger::default());
    let mut one = tracker(&rule, &ledger, 0, 2);
    let other = Tracker::new(vec![Arc::clone(&rule)]).counted_in(&ledger);
    assert_eq!(acts(&due(&mut one, "12:00:00")), 0, "the other kind is not known");
    drop(other);
    let other = tracker(&rule, &ledger, 10, 2);
    assert_eq!(acts(&due(&mut one, "12:05:00")), 0, "4 match in all");
    drop(other);
    assert_eq!(acts(&due(&mut one, "12:20:00")), 2);
}

#[test]
fn a_line_in_the_log_passes() {
    let rule =
        rule(&format!("watch: vm\n{BAD}\nlimits: {{ maxUnhealthy: 1 }}\nactions: [ {{ log: {{}} }} ]"));
    let steps = due(&mut tracker(&rule, &Ledger::default(), 0, 3), "12:00:00");
    assert!(steps.iter().all(|step| step.effect.is_ok()) && steps.len() == 3);
}

#[test]
fn limits_that_are_none_are_refused() {
    for (limits, code) in [
        ("40%", Code::WrongType),
        ("{}", Code::MissingKey),
        ("{ from: 10 }", Code::MissingKey),
        ("{ maxUnhealthy: most }", Code::BadOperand),
        ("{ maxUnhealthy: 101% }", Code::BadOperand),
        ("{ maxUnhealthy: -1 }", Code::BadOperand),
        ("{ maxUnhealthy: 1.5 }", Code::BadOperand),
        ("{ maxUnhealthy: 0 }", Code::NeverTrue),
        ("{ maxUnhealthy: 0% }", Code::NeverTrue),
        ("{ maxUnhealthy: 40%, from: -1 }", Code::BadOperand),
        ("{ maxUnhealthy: 40%, from: ten }", Code::WrongType),
        ("{ maxunhealthy: 40% }", Code::UnknownKey),
    ] {
        assert_eq!(errors(&format!("limits: {limits}")), [code], "{limits}");
    }
    assert_eq!(errors("limits: { maxUnhealthy: 5, from: 10 }"), []);
}

#[test]
fn what_another_kind_held_back_is_looked_at_again_though_nothing_happened_here_meanwhile() {
    let rule = limited("{ maxUnhealthy: 2 }");
    let ledger = Ledger::default();
    let mut one = tracker(&rule, &ledger, 0, 2);
    let mut other = tracker(&rule, &ledger, 10, 0);
    for number in 20..24 {
        other.observe(&seen(number, 2, "bad"), Origin::Event, at("12:00:00"));
    }
    let steps = due(&mut one, "12:00:00");
    assert_eq!((steps.len(), acts(&steps)), (2, 0), "six match");
    for number in 20..24 {
        other.observe(&seen(number, 3, "good"), Origin::Event, at("12:00:00"));
    }
    one.look_at_limits();
    assert_eq!(acts(&due(&mut one, "12:00:00")), 2, "not only after a pause");
}

const SELECTED: &str = "watch: pods\nnamespaceSelector: { matchLabels: { env: test } }\nlimits: { maxUnhealthy: 1 }\n\
                        match: [ { labels: { matchLabels: { state: bad } } }, { owner: { exists: false } } ]\n\
                        actions: [ { delete: {} } ]";

fn namespace(labels: serde_json::Value) -> Facts {
    let known = serde_json::json!({"metadata": {"labels": labels}});
    Facts::none().with(Fact::Namespace("test-a".to_owned()), known)
}

/// Judges all that is due by these facts; how many are acted on, and how many held back.
fn judged(tracker: &mut Tracker, facts: &Facts, now: &str) -> (usize, usize) {
    let mut steps = Vec::new();
    while let Some(ticket) = tracker.take_due(at(now)) {
        let number: usize = ticket.uid.strip_prefix("u-").unwrap().parse().unwrap();
        let state = if number == 0 { "bad" } else { "good" };
        steps.extend(tracker.judge_with(&ticket, &seen(number, 1, state), facts, at(now), at(now)));
        tracker.release(&ticket, at(now), Duration::from_secs(1));
    }
    (acts(&steps), steps.len() - acts(&steps))
}

#[test]
fn while_it_is_not_known_which_namespaces_are_selected_nothing_is_done() {
    let mut tracker = Tracker::new(vec![rule(SELECTED)]).counted_in(&Ledger::default());
    tracker.list_started();
    let test = namespace(serde_json::json!({"env": "test"}));
    for (number, state) in [(0, "bad"), (1, "good")] {
        let facts = if number == 0 { test.clone() } else { Facts::none() };
        tracker.observe_with(&seen(number, 1, state), &facts, Origin::Listed, at("12:00:00"));
    }
    tracker.list_completed();
    let limit = |tracker: &mut Tracker, facts: &Facts, now| judged(tracker, facts, now);
    // The namespace is not known as far as the second tells.
    assert_eq!(limit(&mut tracker, &Facts::none(), "12:00:00").0, 0);
    let fact = Fact::Namespace("test-a".to_owned());
    assert!(tracker.facts_known([&fact]) > 0);
    assert_eq!(limit(&mut tracker, &test, "12:00:02"), (1, 0));
    // A label that changes makes all of it uncertain until somebody has looked.
    assert_eq!(tracker.facts_changed([&fact], true), 2, "what does not match waits for it as well");
    let elsewhere = namespace(serde_json::json!({"env": "prod"}));
    assert_eq!(limit(&mut tracker, &elsewhere, "12:00:04"), (0, 0));
}

/// A pod with an owner, on a node of its own.
pub(super) fn pod(number: usize) -> Observation {
    Observation::new(serde_json::json!({
        "metadata": {"namespace": "test-a", "name": format!("p-{number}"), "uid": format!("u-{number}"), "resourceVersion": "1",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "a"}]},
        "spec": {"nodeName": format!("n-{number}")},
    }))
}

/// What is known of that node.
pub(super) fn node(number: usize, ready: &str) -> Facts {
    let status = serde_json::json!({"conditions": [{"type": "Ready", "status": ready}]});
    Facts::none().with(Fact::Node(format!("n-{number}")), serde_json::json!({ "status": status }))
}

#[test]
fn what_hangs_on_a_node_that_is_not_known_counts_as_if_it_matched() {
    let rule = rule(
        "watch: pods\nlimits: { maxUnhealthy: 1 }\nmatch: [ { node: { ready: false } }, { owner: { exists: true } } ]\n\
                     actions: [ { delete: {} } ]",
    );
    let mut tracker = Tracker::new(vec![rule]).counted_in(&Ledger::default());
    tracker.list_started();
    tracker.observe_with(&pod(0), &node(0, "False"), Origin::Listed, at("12:00:00"));
    tracker.observe_with(&pod(1), &Facts::none(), Origin::Listed, at("12:00:00"));
    tracker.list_completed();
    let mut look = |number: usize, facts: &Facts, now: &str| {
        let ticket = tracker.take_due(at(now)).unwrap();
        assert_eq!(&*ticket.uid, format!("u-{number}"));
        let step = tracker.judge_with(&ticket, &pod(number), facts, at(now), at(now));
        if let Some(step) = &step {
            tracker.step_ended(step, StepResult::Held, at(now));
        }
        tracker.release(&ticket, at(now), Duration::ZERO);
        if number == 0 {
            tracker.facts_known([&Fact::Node("n-1".to_owned())]);
        }
        step.is_some_and(|step| step.effect.is_ok())
    };
    assert!(!look(0, &node(0, "False"), "12:00:00"), "the other may be on a node that is not ready");
    assert!(!look(1, &node(1, "True"), "12:00:00"), "it is not");
    assert!(look(0, &node(0, "False"), "12:00:00"), "so this one alone is");
}
