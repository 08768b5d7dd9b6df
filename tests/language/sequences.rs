//! When a rule acts: `for`, `after`, `while` and episodes, from the rule's text to the moment at which a
//! step falls due.

use std::time::Duration;

use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::tracker::{DueStep, Origin, StepResult, Tracker};

use super::*;

/// An object in `test-a` of this version, with these further members.
fn seen(version: u32, members: &str) -> Observation {
    let mut whole = object(members);
    let metadata = whole.as_object_mut().unwrap().entry("metadata").or_insert_with(|| serde_json::json!({}));
    for (key, value) in
        [("namespace", "test-a"), ("name", "vm"), ("uid", "u"), ("creationTimestamp", "2026-01-01T10:00:00Z")]
    {
        metadata[key] = value.into();
    }
    metadata["resourceVersion"] = version.to_string().into();
    Observation::new(whole)
}

/// A synced tracker of one rule for VMs.
fn tracker(lines: &str) -> Tracker {
    let mut tracker = Tracker::new(vec![rule(&format!("watch: vm\n{lines}"))]);
    tracker.list_started();
    tracker.list_completed();
    tracker
}

fn due(tracker: &mut Tracker, live: &Observation, now: &str) -> Option<DueStep> {
    let ticket = tracker.take_due(at(now))?;
    let step = tracker.judge(&ticket, live, at(now), at(now));
    if step.is_none() {
        tracker.release(&ticket, at(now), Duration::ZERO);
    }
    step
}

fn finish(tracker: &mut Tracker, step: &DueStep, result: StepResult, now: &str) {
    tracker.step_ended(step, result, at(now));
    tracker.release(&step.ticket, at(now), Duration::ZERO);
}

const BAD: &str = "{ status: { printableStatus: ErrorUnschedulable } }";
const GOOD: &str = "{ status: { printableStatus: Running } }";
const UNSCHEDULABLE: &str =
    "match: [ { field: { path: $.status.printableStatus, equals: ErrorUnschedulable } } ]";

#[test]
fn for_is_due_at_exactly_its_end_and_starts_anew_after_a_break() {
    let mut tracker = tracker(&format!("{UNSCHEDULABLE}\nfor: 3m\nactions: [ {{ delete: {{}} }} ]"));
    for (version, members, now, expected) in [
        (1, BAD, "12:00:00", Some("12:03:00")),
        (2, BAD, "12:01:00", Some("12:03:00")),
        (3, GOOD, "12:02:59", None),
        (4, BAD, "12:03:00", Some("12:06:00")),
        (5, "{ status: {} }", "12:04:00", None),
        (6, BAD, "12:05:00", Some("12:08:00")),
    ] {
        tracker.observe(&seen(version, members), Origin::Event, at(now));
        assert_eq!(tracker.next_due(), expected.map(at), "version {version}");
    }
    assert!(due(&mut tracker, &seen(6, BAD), "12:07:59.999999999").is_none());
    assert!(due(&mut tracker, &seen(6, BAD), "12:08:00").is_some());
}

#[test]
fn for_counts_from_what_the_object_itself_tells() {
    let ready = r#"{ status: { conditions: [ { type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:59:00Z" } ] } }"#;
    for (matches, expected) in [
        ("match: [ { condition: { type: Ready, status: \"False\" } } ]", "12:02:00"),
        ("match: [ { age: { over: 2h } } ]", "12:03:00"),
        ("match: [ { age: { over: 1h } } ]", "11:03:00"),
        ("match: [ { age: { over: 1h } }, { condition: { type: Ready, status: \"False\" } } ]", "12:02:00"),
        ("match: [ { age: { over: 1h } }, { field: { path: $.status, exists: true } } ]", "12:03:30"),
        ("match: [ { age: { over: 1h } } ]\nunless: [ { condition: { type: Ready } } ]", "12:02:00"),
        (
            "match: [ { age: { over: 1h } } ]\nunless: [ { labels: { matchLabels: { keep: a } } } ]",
            "12:03:30",
        ),
    ] {
        let mut tracker = tracker(&format!("{matches}\nfor: 3m"));
        tracker.observe(&seen(1, ready), Origin::Event, at("12:00:30"));
        assert_eq!(tracker.next_due(), Some(at(expected)), "{matches}");
    }
}

#[test]
fn an_object_that_no_time_can_make_match_has_no_timer_and_one_that_time_can_has_its_exact_one() {
    for (matches, expected) in [
        ("match: [ { age: { over: 3h } } ]", Some("13:00:00")),
        // Unknown now, and time tells no phase.
        ("match: [ { age: { over: 3h } }, { phase: Failed } ]", None),
        ("match: [ { age: { over: 3h } }, { not: { phase: Failed } } ]", None),
        ("match: [ { age: { over: 3h } }, { name: { glob: other } } ]", None),
        ("match: [ { age: { under: 1h } } ]", None),
        ("match: [ { any: [ { age: { over: 4h } }, { age: { over: 3h } } ] } ]", Some("13:00:00")),
        ("match: [ { name: { glob: vm } } ]\nunless: [ { age: { under: 5h } } ]", Some("15:00:00")),
        ("match: [ { phase: Failed } ]", None),
    ] {
        let mut tracker = tracker(matches);
        tracker.observe(&seen(1, "{}"), Origin::Event, at("12:00:00"));
        assert_eq!(tracker.next_due(), expected.map(at), "{matches}");
    }
}

#[test]
fn after_counts_from_when_the_rule_was_due_and_then_from_the_step_before() {
    let mut tracker = tracker(&format!(
        "{UNSCHEDULABLE}\nfor: 3m\nactions: [ {{ label: {{ a: b, after: 1m }} }}, {{ delete: {{ after: 2m }} }}, {{ stripFinalizers: {{ only: a/*, after: 90s }} }} ]"
    ));
    let bad = seen(1, BAD);
    tracker.observe(&bad, Origin::Event, at("12:00:00"));
    assert_eq!(tracker.next_due(), Some(at("12:04:00")));
    let step = due(&mut tracker, &bad, "12:04:10").unwrap();
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "12:04:10");
    assert_eq!(tracker.next_due(), Some(at("12:06:10")));
    let step = due(&mut tracker, &bad, "12:06:10").unwrap();
    assert_eq!(step.effect, Ok(Effect::Delete { propagation: None, grace: None }));
    finish(&mut tracker, &step, StepResult::Done { removed: true }, "12:06:10");
    // It is going now: the rule need not match any more, and only the named finalizer is taken.
    let going = |version| {
        let members = r#"{ metadata: { deletionTimestamp: "2026-01-01T12:06:10Z", finalizers: [a/b, other] }, status: { printableStatus: Terminating } }"#;
        seen(version, members)
    };
    tracker.observe(&going(2), Origin::Event, at("12:06:11"));
    assert_eq!(tracker.next_due(), Some(at("12:07:40")));
    let step = due(&mut tracker, &going(2), "12:07:40").unwrap();
    let seen_then = vec!["a/b".to_owned(), "other".to_owned()];
    assert_eq!(step.effect, Ok(Effect::StripFinalizers { names: vec!["a/b".to_owned()], seen: seen_then }));
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "12:07:40");
    tracker.observe(&going(3), Origin::Event, at("12:08:00"));
    assert_eq!(tracker.next_due(), None);
}

#[test]
fn a_later_step_ends_with_the_match_unless_it_says_present() {
    for (keys, goes_on) in
        [("after: 2m", false), ("after: 2m, while: match", false), ("after: 2m, while: present", true)]
    {
        let mut tracker = tracker(&format!(
            "{UNSCHEDULABLE}\nactions: [ {{ label: {{ a: b }} }}, {{ delete: {{ {keys} }} }} ]"
        ));
        tracker.observe(&seen(1, BAD), Origin::Event, at("12:00:00"));
        let step = due(&mut tracker, &seen(1, BAD), "12:00:00").unwrap();
        finish(&mut tracker, &step, StepResult::Done { removed: false }, "12:00:00");
        tracker.observe(&seen(2, GOOD), Origin::Event, at("12:01:00"));
        assert_eq!(tracker.next_due().is_some(), goes_on, "{keys}");
        assert_eq!(due(&mut tracker, &seen(2, GOOD), "12:02:00").is_some(), goes_on, "{keys}");
    }
}

#[test]
fn a_rule_acts_once_per_episode_and_an_object_that_is_going_is_not_deleted_again() {
    let mut tracker = tracker("match: [ { age: { over: 1h } } ]\nactions: [ { delete: {} } ]");
    let going = seen(1, r#"{ metadata: { deletionTimestamp: "2026-01-01T11:59:00Z", finalizers: [a/b] } }"#);
    tracker.observe(&going, Origin::Event, at("12:00:00"));
    let step = due(&mut tracker, &going, "12:00:00").unwrap();
    assert!(step.effect.is_err(), "{step:?}");
    finish(&mut tracker, &step, StepResult::Skipped { since: Some(at("11:59:00")) }, "12:00:00");
    for version in 2..5 {
        let changed = seen(
            version,
            r#"{ metadata: { deletionTimestamp: "2026-01-01T11:59:00Z", finalizers: [a/b] } }"#,
        );
        tracker.observe(&changed, Origin::Event, at("12:01:00"));
        assert_eq!(tracker.next_due(), None);
    }
}
