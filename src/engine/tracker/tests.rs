//! The tracker's promises, on a virtual clock.

mod adopt;
mod facts;
mod modes;
mod pass;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::effect::{Effect, Inapplicable};
use crate::moment::after;
use crate::registry::Registry;
use crate::rule::{Mode, RuleId, Scope, Step, StepWhile, WatchTarget};
use crate::testing::{action, at, matcher};
use crate::values::{Globs, parse_duration};

/// How long refusals are waited for.
const GIVE_UP: Duration = Duration::from_secs(600);

/// A rule for `test-*` from JSON: matchers, `for`, and steps as (after, while, action, arguments).
fn rule(
    matches: &[(&str, Value)],
    hold: &str,
    steps: &[(&str, Option<StepWhile>, &'static str, Value)],
) -> Arc<Rule> {
    Arc::new(Rule {
        id: RuleId { pack: "pack".into(), name: "rule".into() },
        description: String::new(),
        watch: vec![WatchTarget::Resource { name: "pods".to_owned(), group: None }],
        scope: Scope::Namespaces(Globs::parse(&["test-*"]).unwrap()),
        matches: matches.iter().map(|(name, json)| matcher(name, json.clone()).unwrap().into()).collect(),
        unless: Vec::new(),
        hold: parse_duration(hold).unwrap(),
        schedule: None,
        selector: None,
        limits: None,
        cooldown: Duration::ZERO,
        mode: Mode::Enforce,
        steps: steps
            .iter()
            .map(|(after, while_, name, json)| Step {
                after: (*after != "0s").then(|| parse_duration(after).unwrap()),
                nature: Registry::standard().action(name).unwrap().nature,
                while_: *while_,
                name,
                action: action(name, json.clone()).unwrap(),
            })
            .collect(),
    })
}

fn failed_for(hold: &str) -> Arc<Rule> {
    rule(&[("phase", json!("Failed"))], hold, &[("0s", None, "delete", json!({}))])
}

fn pod(uid: &str, version: u32, phase: &str) -> Observation {
    Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": uid,
        "resourceVersion": version.to_string(), "creationTimestamp": "2026-01-01T00:00:00Z"},
        "status": {"phase": phase}}))
}

fn synced(rule: Arc<Rule>) -> Tracker {
    let mut tracker = Tracker::new(vec![rule]);
    tracker.list_started();
    tracker.list_completed();
    tracker
}

/// What would be done at this moment to the object as it is then.
fn due(tracker: &mut Tracker, object: &Observation, now: &str) -> Option<DueStep> {
    let ticket = tracker.take_due(at(now))?;
    let step = tracker.judge(&ticket, object, at(now), at(now));
    if step.is_none() {
        tracker.release(&ticket, at(now), Duration::ZERO);
    }
    step
}

fn finish(tracker: &mut Tracker, step: &DueStep, result: StepResult, now: &str) {
    tracker.step_ended(step, result, at(now));
    tracker.release(&step.ticket, at(now), Duration::ZERO);
}

#[test]
fn for_counts_from_the_first_observation_and_is_due_at_exactly_its_end() {
    let mut tracker = synced(failed_for("3m"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    tracker.observe(&pod("1", 2, "Failed"), Origin::Event, at("00:03:00"));
    assert_eq!(tracker.next_due(), Some(at("00:04:00")), "an update that keeps it true does not restart");
    assert!(due(&mut tracker, &pod("1", 2, "Failed"), "00:03:59.999").is_none());
    assert!(due(&mut tracker, &pod("1", 2, "Failed"), "00:04:00").is_some());
}

#[test]
fn what_begins_at_a_moment_known_roughly_counts_from_its_later_end() {
    let roughly = Now { earliest: at("00:01:00"), latest: at("00:01:01") };
    let mut tracker = synced(failed_for("3m"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, roughly);
    assert_eq!(tracker.next_due(), Some(at("00:04:01")));
    let mut tracker = synced(failed_for("0s"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, roughly);
    assert_eq!(tracker.next_due(), Some(at("00:01:00")), "what need not wait does not");

    let steps = [("0s", None, "label", json!({"a": "b"})), ("3m", None, "delete", json!({}))];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    let step = due(&mut tracker, &pod("1", 1, "Failed"), "00:01:00").unwrap();
    tracker.step_ended(&step, StepResult::Done { removed: false }, roughly);
    tracker.release(&step.ticket, at("00:01:00"), Duration::ZERO);
    assert_eq!(tracker.next_due(), Some(at("00:04:01")));
}

#[test]
fn leaving_and_re_entering_true_starts_anew_and_unknown_breaks_it() {
    for other in
        [pod("1", 2, "Running"), Observation::new(json!({"metadata": pod("1", 2, "").object()["metadata"]}))]
    {
        let mut tracker = synced(failed_for("3m"));
        tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
        tracker.observe(&other, Origin::Event, at("00:02:00"));
        assert_eq!(tracker.next_due(), None);
        tracker.observe(&pod("1", 3, "Failed"), Origin::Event, at("00:03:00"));
        assert_eq!(tracker.next_due(), Some(at("00:06:00")));
    }
}

#[test]
fn a_new_uid_starts_anew() {
    let mut tracker = synced(failed_for("3m"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    tracker.observe(&pod("2", 2, "Failed"), Origin::Event, at("00:02:00"));
    assert_eq!(tracker.next_due(), Some(at("00:05:00")));
    let key = tracker.key(Some("test-a"), "p");
    tracker.gone(&key, "1");
    assert_eq!(tracker.len(), 1, "the late deletion of the old one does not take the new one");
}

#[test]
fn after_a_gap_the_same_resource_version_goes_on_and_a_changed_object_starts_anew() {
    for (version, due) in [(1, "00:04:00"), (2, "00:05:00")] {
        let mut tracker = synced(failed_for("3m"));
        tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
        tracker.list_started();
        assert_eq!(tracker.next_due(), None, "nothing is due while the list runs");
        tracker.observe(&pod("1", version, "Failed"), Origin::Listed, at("00:02:00"));
        tracker.list_completed();
        assert_eq!(tracker.next_due(), Some(at(due)), "{version}");
    }
}

#[test]
fn a_condition_s_own_time_counts_across_a_gap() {
    let ready = |version: u32, since: &str| {
        Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": "1",
            "resourceVersion": version.to_string()}, "status": {"conditions": [
            {"type": "Ready", "status": "False", "lastTransitionTime": format!("2026-01-01T{since}Z")}]}}))
    };
    let matcher = ("condition", json!({"type": "Ready", "status": ["False"]}));
    let mut tracker = synced(rule(&[matcher], "3m", &[("0s", None, "delete", json!({}))]));
    tracker.observe(&ready(1, "00:00:30"), Origin::Event, at("00:01:00"));
    assert_eq!(tracker.next_due(), Some(at("00:03:30")));
    tracker.list_started();
    tracker.observe(&ready(2, "00:00:30"), Origin::Listed, at("00:02:00"));
    tracker.list_completed();
    assert_eq!(tracker.next_due(), Some(at("00:03:30")));
    tracker.list_started();
    tracker.observe(&ready(3, "00:01:45"), Origin::Listed, at("00:02:00"));
    tracker.list_completed();
    assert_eq!(tracker.next_due(), Some(at("00:04:45")), "it was true again only since then");
}

#[test]
fn what_a_list_does_not_hold_is_forgotten() {
    let mut tracker = synced(failed_for("3m"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    tracker.list_started();
    tracker.list_completed();
    assert_eq!((tracker.len(), tracker.armed()), (0, 0));
}

#[test]
fn a_namespace_that_no_rule_selects_is_not_tracked() {
    let mut tracker = synced(failed_for("0s"));
    let prod = Observation::new(json!({"metadata": {"namespace": "prod", "name": "p", "uid": "1"},
        "status": {"phase": "Failed"}}));
    tracker.observe(&prod, Origin::Event, at("00:00:00"));
    assert_eq!(tracker.len(), 0);
}

#[test]
fn a_rule_acts_once_per_episode() {
    let mut tracker = synced(failed_for("0s"));
    let failed = pod("1", 1, "Failed");
    tracker.observe(&failed, Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &failed, "00:00:00").unwrap();
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:00:00");
    tracker.observe(&pod("1", 2, "Failed"), Origin::Event, at("00:01:00"));
    assert_eq!(tracker.next_due(), None);
    tracker.observe(&pod("1", 3, "Running"), Origin::Event, at("00:02:00"));
    tracker.observe(&pod("1", 4, "Failed"), Origin::Event, at("00:03:00"));
    assert_eq!(tracker.next_due(), Some(at("00:03:00")), "a new episode");
}

#[test]
fn the_live_object_decides_not_the_remembered_one() {
    let mut tracker = synced(failed_for("0s"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:00:00"));
    assert!(due(&mut tracker, &pod("1", 2, "Running"), "00:00:00").is_none(), "it has recovered");
    tracker.observe(&pod("1", 3, "Failed"), Origin::Event, at("00:00:00"));
    assert!(due(&mut tracker, &pod("2", 4, "Failed"), "00:00:00").is_none(), "it is another object");
}

#[test]
fn a_late_event_does_not_undo_what_was_read_live() {
    let mut tracker = synced(failed_for("0s"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &pod("1", 5, "Failed"), "00:00:00").unwrap();
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:00:00");
    tracker.observe(&pod("1", 3, "Running"), Origin::Event, at("00:00:01"));
    tracker.observe(&pod("1", 5, "Failed"), Origin::Event, at("00:00:01"));
    assert_eq!(tracker.next_due(), None, "the episode goes on");
}

#[test]
fn a_truth_that_may_have_ended_on_the_server_does_not_act() {
    let young = rule(&[("age", json!({"under": "5m"}))], "0s", &[("0s", None, "delete", json!({}))]);
    let mut tracker = synced(young);
    let pod = pod("1", 1, "Running");
    tracker.observe(&pod, Origin::Event, at("00:04:59"));
    let ticket = tracker.take_due(at("00:04:59.5")).unwrap();
    assert!(tracker.judge(&ticket, &pod, at("00:04:59.5"), at("00:05:00")).is_none());
}

#[test]
fn an_entry_that_is_being_acted_on_does_not_fall_due_twice() {
    let mut tracker = synced(failed_for("0s"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:00:00"));
    assert!(tracker.take_due(at("00:00:00")).is_some());
    tracker.observe(&pod("1", 2, "Failed"), Origin::Event, at("00:00:01"));
    assert!(tracker.take_due(at("00:01:00")).is_none());
}

#[test]
fn objects_that_no_rule_can_match_by_time_alone_have_no_timer() {
    let mut tracker = synced(failed_for("3m"));
    tracker.observe(&pod("1", 1, "Running"), Origin::Event, at("00:00:00"));
    assert_eq!((tracker.len(), tracker.armed()), (1, 0));
}

#[test]
fn what_stays_due_without_a_step_is_looked_at_again_after_a_pause() {
    let mut tracker = synced(failed_for("0s"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:00:00"));
    let ticket = tracker.take_due(at("00:00:00")).unwrap();
    tracker.release(&ticket, at("00:00:00"), Duration::from_secs(5));
    assert_eq!(tracker.next_due(), Some(at("00:00:05")));
}

#[test]
fn where_many_fall_due_in_one_namespace_they_are_taken_together() {
    let mut tracker = synced(failed_for("0s"));
    let pod = |namespace: &str, index: u32| {
        Observation::new(
            json!({"metadata": {"namespace": namespace, "name": format!("p{index}"), "uid": index.to_string()},
            "status": {"phase": "Failed"}}),
        )
    };
    for index in 0..60 {
        tracker.observe(&pod("test-a", index), Origin::Event, at("00:00:00"));
    }
    assert_eq!(tracker.crowded(at("00:00:00"), 60), None);
    tracker.observe(&pod("test-a", 60), Origin::Event, at("00:00:00"));
    tracker.observe(&pod("test-b", 61), Origin::Event, at("00:00:00"));
    assert_eq!(tracker.crowded(at("00:00:00"), 60).flatten().as_deref(), Some("test-a"));
    assert_eq!(tracker.take_due_in(Some("test-a"), at("00:00:00"), 50).len(), 50);
    assert_eq!(tracker.crowded(at("00:00:00"), 60), None);
    assert_eq!(std::iter::from_fn(|| tracker.take_due(at("00:00:00"))).count(), 12, "the others are left");
}

#[test]
fn after_a_gap_an_episode_that_the_object_tells_to_be_new_is_acted_on() {
    let ready = |version: u32, since: &str| {
        Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": "1",
            "resourceVersion": version.to_string()}, "status": {"conditions": [
            {"type": "Ready", "status": "False", "lastTransitionTime": format!("2026-01-01T{since}Z")}]}}))
    };
    let matcher = ("condition", json!({"type": "Ready", "status": ["False"]}));
    let mut tracker = synced(rule(&[matcher], "0s", &[("0s", None, "log", json!({}))]));
    tracker.observe(&ready(1, "00:00:30"), Origin::Event, at("00:01:00"));
    let step = due(&mut tracker, &ready(1, "00:00:30"), "00:01:00").unwrap();
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:01:00");
    for (version, since, new) in [(2, "00:00:30", false), (3, "00:01:45", true)] {
        tracker.list_started();
        tracker.observe(&ready(version, since), Origin::Listed, at("00:02:00"));
        tracker.list_completed();
        assert_eq!(tracker.next_due().is_some(), new, "{since}");
    }
}

#[test]
fn what_a_list_brought_that_never_ended_is_forgotten_by_the_next_one() {
    let mut tracker = synced(failed_for("1m"));
    tracker.observe(&pod("kept", 1, "Running"), Origin::Event, at("00:00:00"));
    let named = |name: &str| {
        Observation::new(json!({"metadata": {"namespace": "test-a", "name": name, "uid": name,
            "resourceVersion": "2"}, "status": {"phase": "Running"}}))
    };
    for list in ["a", "b", "c"] {
        tracker.list_started();
        for number in 0..10 {
            tracker.observe(&named(&format!("{list}-{number}")), Origin::Listed, at("00:00:01"));
        }
        assert_eq!(tracker.len(), 11, "one object that was there before, and those of this list");
    }
    tracker.list_completed();
    assert_eq!(tracker.len(), 10, "the list that ended has it no more");
}
