//! A single pass: what begins, what goes on, and what is told of it.

use super::facts::{due_with, fact, listed, of_web, team};
use super::*;
use crate::facts::Facts;

fn no_names() -> Vec<ObjectKey> {
    Vec::new()
}

#[test]
fn what_falls_due_after_the_pass_does_not_begin_and_what_was_due_does() {
    for (hold, begins) in [("1m", true), ("2m", true), ("3m", false)] {
        let mut tracker = synced(failed_for(hold));
        tracker.observe(&pod("1", 1, "Failed"), Origin::Listed, at("00:00:00"));
        tracker.begin_nothing_after(at("00:02:00"));
        assert_eq!(tracker.next_due().is_some(), begins, "{hold}");
        assert_eq!(due(&mut tracker, &pod("1", 1, "Failed"), "00:05:00").is_some(), begins, "{hold}");
    }
}

#[test]
fn what_becomes_true_or_changes_by_time_after_the_pass_does_not_begin() {
    let mut tracker = synced(failed_for("0s"));
    tracker.observe(&pod("1", 1, "Running"), Origin::Listed, at("00:00:00"));
    tracker.begin_nothing_after(at("00:02:00"));
    tracker.observe(&pod("1", 2, "Failed"), Origin::Event, at("00:03:00"));
    assert_eq!((tracker.next_due(), tracker.undecided(at("00:04:00"))), (None, no_names()));

    let old = rule(&[("age", json!({"over": "3m"}))], "0s", &[("0s", None, "delete", json!({}))]);
    let mut tracker = synced(old);
    tracker.observe(&pod("1", 1, "Running"), Origin::Listed, at("00:00:00"));
    assert!(tracker.next_due().is_some());
    tracker.begin_nothing_after(at("00:02:00"));
    assert_eq!((tracker.next_due(), tracker.undecided(at("00:04:00"))), (None, no_names()));
}

#[test]
fn what_could_not_be_judged_for_want_of_a_fact_is_a_part_of_the_pass_once_that_is_known() {
    for (hold, begins) in [("0s", true), ("1m", false)] {
        let failed = pod("1", 1, "Failed");
        let mut tracker = listed(of_web(hold), &failed, &Facts::none(), "01:00:00");
        tracker.begin_nothing_after(at("01:00:00"));
        assert_eq!(tracker.facts_known(&[fact()]), 1);
        // The live read takes its time.
        assert_eq!(due_with(&mut tracker, &failed, &team("web"), "01:00:09"), begins, "{hold}");
        assert_eq!(tracker.next_due().is_some(), begins, "{hold}");
    }
}

#[test]
fn of_what_was_known_a_fact_that_flips_after_the_pass_begins_nothing() {
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(of_web("0s"), &failed, &team("db"), "01:00:00");
    tracker.begin_nothing_after(at("01:00:00"));
    assert_eq!(tracker.facts_changed(&[fact()], true), 1);
    assert!(!due_with(&mut tracker, &failed, &team("web"), "01:00:01"));
}

#[test]
fn an_object_whose_facts_cannot_be_read_is_undecided_and_begins_once_they_can_be() {
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(of_web("0s"), &failed, &Facts::none(), "01:00:00");
    tracker.begin_nothing_after(at("01:00:00"));
    tracker.facts_known(&[fact()]);
    let ticket = tracker.take_due(at("01:00:00")).unwrap();
    assert!(tracker.judge_with(&ticket, &failed, &Facts::none(), at("01:00:00"), at("01:00:00")).is_none());
    tracker.wake_again(&ticket);
    tracker.release(&ticket, at("01:00:00"), Duration::from_secs(5));
    assert_eq!(tracker.next_due(), Some(at("01:00:05")));
    assert_eq!(tracker.undecided(at("01:00:01")), vec![tracker.key(Some("test-a"), "p")]);
    assert!(due_with(&mut tracker, &failed, &team("web"), "01:00:05"));
}

#[test]
fn an_object_that_a_live_read_finds_true_only_now_is_left_alone() {
    let two = rule(&[("age", json!({"over": "1m"}))], "0s", &[("0s", None, "label", json!({"a": "b"}))]);
    let mut tracker = Tracker::new(vec![two, failed_for("1m")]);
    tracker.list_started();
    tracker.observe(&pod("1", 1, "Running"), Origin::Listed, at("00:02:00"));
    tracker.list_completed();
    tracker.begin_nothing_after(at("00:02:00"));
    let step = due(&mut tracker, &pod("1", 2, "Failed"), "00:02:00").unwrap();
    assert_eq!(step.rule, 0);
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:02:00");
    assert!(due(&mut tracker, &pod("1", 2, "Failed"), "00:09:00").is_none());
}

#[test]
fn later_steps_of_what_began_go_on_and_the_next_of_them_is_told() {
    let steps = [("0s", None, "label", json!({"a": "b"})), ("3m", None, "delete", json!({}))];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Listed, at("00:01:00"));
    tracker.begin_nothing_after(at("00:01:00"));
    assert_eq!(tracker.next_step(), None, "nothing has begun");
    let step = due(&mut tracker, &pod("1", 1, "Failed"), "00:01:00").unwrap();
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:01:00");
    assert_eq!(tracker.next_step(), Some(at("00:04:00")));
    assert_eq!(tracker.undecided(at("00:02:00")), no_names());
    let step = due(&mut tracker, &pod("1", 1, "Failed"), "00:04:00").unwrap();
    finish(&mut tracker, &step, StepResult::Done { removed: true }, "00:04:00");
    assert_eq!(tracker.next_step(), None);
}

#[test]
fn what_was_due_is_undecided_until_a_result_that_decides() {
    for (result, decides) in [
        (StepResult::Done { removed: true }, true),
        (StepResult::Abandoned, true),
        (StepResult::Failed { retry_after: None }, true),
        (StepResult::Held, true),
        (StepResult::Postponed { until: None }, true),
        (StepResult::Refused { retry_after: None, give_up: GIVE_UP }, true),
        (StepResult::Changed, false),
        (StepResult::Unknown { removes: true }, false),
    ] {
        let mut tracker = synced(failed_for("0s"));
        tracker.observe(&pod("1", 1, "Failed"), Origin::Listed, at("00:01:00"));
        tracker.begin_nothing_after(at("00:01:00"));
        let waits = vec![tracker.key(Some("test-a"), "p")];
        assert_eq!(tracker.undecided(at("00:01:00")), waits);
        let step = due(&mut tracker, &pod("1", 1, "Failed"), "00:01:00").unwrap();
        finish(&mut tracker, &step, result, "00:01:00");
        let expected = if decides { no_names() } else { waits };
        assert_eq!(tracker.undecided(at("00:01:00")), expected, "{result:?}");
        let refused = matches!(result, StepResult::Refused { .. });
        assert_eq!(tracker.next_step().is_some(), refused, "{result:?}");
    }
}

#[test]
fn an_object_that_could_not_be_read_is_undecided() {
    let mut tracker = synced(failed_for("0s"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Listed, at("00:01:00"));
    let ticket = tracker.take_due(at("00:01:00")).unwrap();
    tracker.release(&ticket, at("00:01:00"), Duration::from_secs(5));
    assert_eq!(tracker.next_due(), Some(at("00:01:05")));
    assert_eq!(tracker.undecided(at("00:01:00")).len(), 1);
    assert!(tracker.has(&ticket));
    tracker.gone(&ticket.key, &ticket.uid);
    assert_eq!((tracker.undecided(at("00:01:00")), tracker.has(&ticket)), (no_names(), false));
}

#[test]
fn who_names_namespaces_means_nothing_that_is_in_none() {
    let reach =
        |only: Option<&str>| Reach { only: only.map(|glob| Globs::parse(&[glob]).unwrap()), excluded: None };
    let everywhere = Rule { scope: Scope::Cluster, ..Arc::into_inner(failed_for("0s")).unwrap() };
    let rule = Arc::new(everywhere);
    let node = Observation::new(json!({"metadata": {"name": "test-a", "uid": "2", "resourceVersion": "1"},
        "status": {"phase": "Failed"}}));
    for (only, objects) in [(None, 2), (Some("test-a"), 1), (Some("test-b"), 0)] {
        let mut tracker = Tracker::new(vec![Arc::clone(&rule)]).within(reach(only));
        tracker.list_started();
        tracker.list_completed();
        for object in [&node, &pod("1", 1, "Failed")] {
            tracker.observe(object, Origin::Event, at("00:01:00"));
        }
        assert_eq!((tracker.len(), tracker.selected_by(0)), (objects, objects), "{only:?}");
    }
}
