//! When a rule may act: `schedule`, from the rule's text to the moment at which a step falls due, and past which
//! nothing is done.

use std::time::Duration;

use k8s_healer_engine::moment::Now;
use k8s_healer_engine::tracker::{DueStep, Origin, StepResult, Tracker};

use super::*;

/// Eleven hours from eight in the evening, in Rome: from 19:00 to 6:00 UTC in winter.
const NIGHTS: &str = "schedule: { cron: \"0 20 * * *\", timeZone: Europe/Rome, for: 11h }";

fn moment(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn seen(version: u32, label: &str) -> Observation {
    Observation::new(serde_json::json!({"metadata": {
        "namespace": "test-a", "name": "vm", "uid": "u", "resourceVersion": version.to_string(),
        "creationTimestamp": "2026-01-01T10:00:00Z", "labels": {"state": label},
    }}))
}

/// A synced tracker of one rule for VMs that are labelled `state: bad`.
fn tracker(lines: &str) -> Tracker {
    let matches = "match: [ { labels: { matchLabels: { state: bad } } } ]";
    let mut tracker = Tracker::new(vec![rule(&format!("watch: vm\n{matches}\n{lines}"))]);
    tracker.list_started();
    tracker.list_completed();
    tracker
}

/// What is due on the object between two moments, which are what is known of the time.
fn due_between(tracker: &mut Tracker, live: &Observation, now: &str, latest: &str) -> Option<DueStep> {
    let ticket = tracker.take_due(moment(now))?;
    let step = tracker.judge(&ticket, live, moment(now), moment(latest));
    if step.is_none() {
        tracker.release(&ticket, moment(now), Duration::ZERO);
    }
    step
}

fn due(tracker: &mut Tracker, live: &Observation, now: &str) -> Option<DueStep> {
    due_between(tracker, live, now, now)
}

#[test]
fn what_falls_due_outside_waits_for_the_window_to_the_nanosecond() {
    let mut tracker = tracker(&format!("{NIGHTS}\nactions: [ {{ delete: {{}} }} ]"));
    tracker.observe(&seen(1, "bad"), Origin::Event, moment("2026-01-02T12:00:00Z"));
    assert_eq!(tracker.next_due(), Some(moment("2026-01-02T19:00:00Z")));
    assert!(due(&mut tracker, &seen(1, "bad"), "2026-01-02T18:59:59.999999999Z").is_none());
    let step = due(&mut tracker, &seen(1, "bad"), "2026-01-02T19:00:00Z").expect("the window is open");
    assert_eq!(step.true_until, Some(moment("2026-01-03T06:00:00Z")), "nothing is sent any more then");
}

#[test]
fn what_falls_due_inside_is_done_at_once_and_at_its_end_nothing_is() {
    for (found, expected) in [
        ("2026-01-02T19:00:00Z", Some("2026-01-02T19:00:00Z")),
        ("2026-01-03T05:59:59.999999999Z", Some("2026-01-03T05:59:59.999999999Z")),
        ("2026-01-03T06:00:00Z", Some("2026-01-03T19:00:00Z")),
        // Summer time begins: the same eleven hours end at eight o'clock.
        ("2026-03-29T05:59:59Z", Some("2026-03-29T05:59:59Z")),
        ("2026-03-29T06:00:00Z", Some("2026-03-29T18:00:00Z")),
    ] {
        let mut tracker = tracker(&format!("{NIGHTS}\nactions: [ {{ delete: {{}} }} ]"));
        tracker.observe(&seen(1, "bad"), Origin::Event, moment(found));
        assert_eq!(tracker.next_due(), expected.map(moment), "{found}");
    }
}

#[test]
fn a_window_that_may_have_closed_by_now_does_not_act() {
    let mut tracker = tracker(&format!("{NIGHTS}\nactions: [ {{ delete: {{}} }} ]"));
    tracker.observe(&seen(1, "bad"), Origin::Event, moment("2026-01-03T05:59:59Z"));
    let live = seen(1, "bad");
    let unclear = due_between(&mut tracker, &live, "2026-01-03T05:59:59.5Z", "2026-01-03T06:00:00Z");
    assert!(unclear.is_none());
    assert_eq!(tracker.next_due(), Some(moment("2026-01-03T19:00:00Z")), "it waits for the next one");
}

#[test]
fn what_was_not_done_in_its_window_waits_for_the_next_one() {
    let mut tracker = tracker(&format!("{NIGHTS}\nactions: [ {{ delete: {{}} }} ]"));
    tracker.observe(&seen(1, "bad"), Origin::Event, moment("2026-01-02T12:00:00Z"));
    // Asleep until noon of the next day.
    assert!(due(&mut tracker, &seen(1, "bad"), "2026-01-03T11:00:00Z").is_none());
    assert_eq!(tracker.next_due(), Some(moment("2026-01-03T19:00:00Z")));
    assert!(due(&mut tracker, &seen(1, "bad"), "2026-01-03T19:00:00Z").is_some());
}

#[test]
fn for_counts_outside_the_window_too_and_a_break_still_starts_it_anew() {
    let mut tracker = tracker(&format!("for: 2h\n{NIGHTS}\nactions: [ {{ delete: {{}} }} ]"));
    for (version, label, now, expected) in [
        (1, "bad", "2026-01-02T12:00:00Z", Some("2026-01-02T19:00:00Z")),
        (2, "good", "2026-01-02T13:30:00Z", None),
        (3, "bad", "2026-01-02T18:00:00Z", Some("2026-01-02T20:00:00Z")),
        (4, "good", "2026-01-03T04:00:00Z", None),
        (5, "bad", "2026-01-03T04:00:00.000000001Z", Some("2026-01-03T19:00:00Z")),
    ] {
        tracker.observe(&seen(version, label), Origin::Event, moment(now));
        assert_eq!(tracker.next_due(), expected.map(moment), "version {version}");
    }
}

#[test]
fn later_steps_keep_to_the_windows() {
    let mut tracker =
        tracker(&format!("{NIGHTS}\nactions: [ {{ label: {{ a: b }} }}, {{ delete: {{ after: 2h }} }} ]"));
    tracker.observe(&seen(1, "bad"), Origin::Event, moment("2026-01-03T05:00:00Z"));
    let first = due(&mut tracker, &seen(1, "bad"), "2026-01-03T05:00:00Z").unwrap();
    let now = moment("2026-01-03T05:00:00Z");
    tracker.step_ended(&first, StepResult::Done { removed: false }, Now::from(now));
    tracker.release(&first.ticket, now, Duration::ZERO);
    assert_eq!(tracker.next_due(), Some(moment("2026-01-03T19:00:00Z")));
    assert_eq!(tracker.next_step(), Some(moment("2026-01-03T19:00:00Z")));
}

#[test]
fn a_single_pass_outside_the_window_begins_nothing_and_waits_for_nothing() {
    let mut tracker = tracker(&format!("{NIGHTS}\nactions: [ {{ delete: {{}} }} ]"));
    let noon = moment("2026-01-02T11:00:00Z");
    tracker.observe(&seen(1, "bad"), Origin::Event, noon);
    tracker.begin_nothing_after(noon);
    assert_eq!(tracker.next_due(), None);
    assert!(tracker.undecided(noon).is_empty());
}

#[test]
fn a_schedule_is_inherited_and_utc_where_no_zone_is_written() {
    let text = "apiVersion: k8s-healer/v1
kind: RulePack
metadata: { name: pack }
defaults: { scope: cluster, schedule: { cron: \"@daily\", for: 1h } }
rules:
  - { name: a, watch: vm, match: [ age: { over: 1h } ], actions: [ delete: {} ] }
  - { name: b, watch: vm, match: [ age: { over: 1h } ], actions: [ delete: {} ], schedule: { cron: 30 12 * * *, for: 1m } }
";
    let noon = moment("2026-01-02T12:00:00Z");
    let openings: Vec<_> = rules(text, &[]).iter().map(|rule| rule.opening(noon)).collect();
    assert_eq!(openings, [Some(moment("2026-01-03T00:00:00Z")), Some(moment("2026-01-02T12:30:00Z"))]);
    assert_eq!(rule("for: 1m").opening(noon), Some(noon), "without one, it may act at any time");
}

#[test]
fn a_schedule_that_is_none_is_refused() {
    for (schedule, code) in [
        ("20:00", Code::WrongType),
        ("{}", Code::MissingKey),
        ("{ cron: \"0 20 * * *\" }", Code::MissingKey),
        ("{ for: 1h }", Code::MissingKey),
        ("{ cron: \"0 20 * *\", for: 1h }", Code::BadCron),
        ("{ cron: \"0 20 * * 8\", for: 1h }", Code::BadCron),
        ("{ cron: [\"0 20 * * *\"], for: 1h }", Code::WrongType),
        ("{ cron: \"0 20 * * *\", for: 11 }", Code::BadDuration),
        ("{ cron: \"0 20 * * *\", for: 1h, timeZone: Europe/Roma }", Code::BadTimeZone),
        ("{ cron: \"0 20 * * *\", for: 1h, timeZone: Local }", Code::BadTimeZone),
        ("{ cron: \"0 20 * * *\", for: 1h, timezone: UTC }", Code::UnknownKey),
        ("{ cron: \"0 20 30 2 *\", for: 1h }", Code::NeverTrue),
        ("{ cron: \"0 20 * * *\", for: 0s }", Code::NeverTrue),
    ] {
        let found = errors(&format!("schedule: {schedule}"));
        assert!(found.contains(&code) && found.iter().all(|found| *found == code), "{schedule}: {found:?}");
    }
    assert_eq!(errors("schedule: { cron: \"0 20 * * 1-5\", timeZone: America/New_York, for: 11h }"), []);
}
