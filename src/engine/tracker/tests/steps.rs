//! Steps: their order, their delays, what ends them, and what is tried again.

use super::*;

#[test]
fn steps_run_in_order_with_their_delays_and_survive_the_events_between() {
    let steps =
        [("0s", None, "delete", json!({})), ("2m", None, "stripFinalizers", json!({"only": ["a/*"]}))];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    let stuck = |version: u32, deleted: Option<&str>| {
        let deleted = deleted.map(|time| format!("2026-01-01T{time}Z"));
        Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": "1",
            "resourceVersion": version.to_string(), "deletionTimestamp": deleted, "finalizers": ["a/b"]},
            "status": {"phase": if deleted.is_some() { "Unknown" } else { "Failed" }}}))
    };
    tracker.observe(&stuck(1, None), Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &stuck(1, None), "00:00:00").unwrap();
    assert_eq!(step.effect, Ok(Effect::Delete { propagation: None, grace: None }));
    finish(&mut tracker, &step, StepResult::Done { removed: true }, "00:00:00");
    // Its own deletion changes the phase: the sequence goes on, since the rule itself deleted it.
    tracker.observe(&stuck(2, Some("00:00:00")), Origin::Event, at("00:00:01"));
    assert_eq!(tracker.next_due(), Some(at("00:02:00")));
    let step = due(&mut tracker, &stuck(2, Some("00:00:00")), "00:02:00").unwrap();
    assert!(matches!(&step.effect, Ok(Effect::StripFinalizers { names, .. }) if names == &["a/b"]));
}

#[test]
fn a_later_step_while_match_ends_with_the_match() {
    let steps = [("0s", None, "label", json!({"a": "b"})), ("2m", None, "delete", json!({}))];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &pod("1", 1, "Failed"), "00:00:00").unwrap();
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:00:00");
    assert_eq!(tracker.next_due(), Some(at("00:02:00")));
    tracker.observe(&pod("1", 2, "Running"), Origin::Event, at("00:01:00"));
    assert_eq!(tracker.next_due(), None);
}

#[test]
fn the_event_of_a_step_may_come_before_its_answer() {
    let steps = [
        ("0s", None, "label", json!({"a": "b"})),
        ("1m", Some(StepWhile::Present), "label", json!({"c": "d"})),
        ("1m", None, "delete", json!({})),
    ];
    let rule = || rule(&[("phase", json!("Failed"))], "0s", &steps);
    let failed = pod("1", 1, "Failed");
    // The second step is for as long as the object is there; the third one is not.
    let mut tracker = synced(rule());
    tracker.observe(&failed, Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &failed, "00:00:00").unwrap();
    tracker.observe(&pod("1", 2, "Running"), Origin::Event, at("00:00:00"));
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:00:00");
    assert_eq!(tracker.next_due(), Some(at("00:01:00")));
    let step = due(&mut tracker, &pod("1", 2, "Running"), "00:01:00").unwrap();
    assert_eq!(step.step, 1);
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:01:00");
    tracker.observe(&pod("1", 3, "Running"), Origin::Event, at("00:01:01"));
    assert_eq!(tracker.next_due(), None);
    // A step that failed is not tried again once the rule is not true any more, nor one that has had no answer.
    for result in [Some(StepResult::Failed { retry_after: None }), None] {
        let mut tracker = synced(rule());
        tracker.observe(&failed, Origin::Event, at("00:00:00"));
        let step = due(&mut tracker, &failed, "00:00:00").unwrap();
        tracker.observe(&pod("1", 2, "Running"), Origin::Event, at("00:00:00"));
        match result {
            Some(result) => finish(&mut tracker, &step, result, "00:00:00"),
            None => tracker.release(&step.ticket, at("00:00:00"), Duration::ZERO),
        }
        assert_eq!((tracker.next_due(), tracker.matched()), (None, vec![0]));
    }
    // Once it is true again, that is another episode.
    let mut tracker = synced(rule());
    tracker.observe(&failed, Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &failed, "00:00:00").unwrap();
    tracker.observe(&pod("1", 2, "Running"), Origin::Event, at("00:00:00"));
    tracker.observe(&pod("1", 3, "Failed"), Origin::Event, at("00:00:00"));
    finish(&mut tracker, &step, StepResult::Failed { retry_after: None }, "00:00:00");
    assert!(tracker.next_due().is_some_and(|due| due <= at("00:00:01")));
    assert_eq!(due(&mut tracker, &pod("1", 3, "Failed"), "00:00:01").unwrap().step, 0);
}

#[test]
fn what_begins_while_the_steps_of_another_episode_go_on_is_acted_on_after_them() {
    let steps =
        [("0s", None, "label", json!({"a": "b"})), ("10m", Some(StepWhile::Present), "log", json!({}))];
    let begun = |hold: &'static str| {
        let mut tracker = synced(rule(&[("phase", json!("Failed"))], hold, &steps));
        let failed = pod("1", 1, "Failed");
        tracker.observe(&failed, Origin::Event, at("00:00:00"));
        let now = tracker.next_due().unwrap();
        let ticket = tracker.take_due(now).unwrap();
        let step = tracker.judge(&ticket, &failed, now, now).unwrap();
        tracker.step_ended(&step, StepResult::Done { removed: false }, now);
        tracker.release(&ticket, now, Duration::ZERO);
        tracker.observe(&pod("1", 2, "Running"), Origin::Event, at("00:06:00"));
        tracker
    };
    let ends = |tracker: &mut Tracker, object: &Observation| {
        let now = tracker.next_due().unwrap();
        let ticket = tracker.take_due(now).unwrap();
        let step = tracker.judge(&ticket, object, now, now).unwrap();
        tracker.step_ended(&step, StepResult::Done { removed: false }, now);
        tracker.release(&ticket, now, Duration::ZERO);
        (step.step, now)
    };
    // It is not true any more: after the last step there is nothing left.
    let mut tracker = begun("0s");
    assert_eq!(ends(&mut tracker, &pod("1", 2, "Running")), (1, at("00:10:00")));
    assert_eq!((tracker.next_due(), tracker.matched()), (None, vec![0]));
    // It has become true again meanwhile: that is another episode, whose `for` counts from then.
    for (hold, last, next) in
        [("0s", "00:10:00", "00:10:00"), ("1m", "00:11:00", "00:11:00"), ("5m", "00:15:00", "00:15:00")]
    {
        let mut tracker = begun(hold);
        let again = pod("1", 3, "Failed");
        tracker.observe(&again, Origin::Event, at("00:08:00"));
        assert_eq!(ends(&mut tracker, &again), (1, at(last)), "{hold}");
        assert_eq!(ends(&mut tracker, &again), (0, at(next)), "{hold}");
    }
    // And where it has ceased to be true once more, there is none.
    let mut tracker = begun("0s");
    tracker.observe(&pod("1", 3, "Failed"), Origin::Event, at("00:08:00"));
    tracker.observe(&pod("1", 4, "Running"), Origin::Event, at("00:09:00"));
    assert_eq!(ends(&mut tracker, &pod("1", 4, "Running")), (1, at("00:10:00")));
    assert_eq!((tracker.next_due(), tracker.matched()), (None, vec![0]));
}

#[test]
fn a_step_skipped_because_the_object_is_terminating_counts_from_when_that_was_asked() {
    let steps = [
        ("0s", None, "delete", json!({})),
        ("2m", Some(StepWhile::Present), "stripFinalizers", json!({"only": ["a/*"]})),
    ];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    let terminating = Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": "1",
        "resourceVersion": "1", "deletionTimestamp": "2026-01-01T00:00:30Z"}, "status": {"phase": "Failed"}}));
    tracker.observe(&terminating, Origin::Event, at("00:01:00"));
    let step = due(&mut tracker, &terminating, "00:01:00").unwrap();
    let Err(Inapplicable::AlreadyTerminating { since }) = step.effect else { panic!("{step:?}") };
    finish(&mut tracker, &step, StepResult::Skipped { since }, "00:01:00");
    assert_eq!(tracker.next_due(), Some(at("00:02:30")));
}

#[test]
fn a_failed_step_is_retried_with_back_off_up_to_a_minute() {
    let mut tracker = synced(failed_for("0s"));
    let failed = pod("1", 1, "Failed");
    tracker.observe(&failed, Origin::Event, at("00:00:00"));
    let mut now = at("00:00:00");
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        let ticket = tracker.take_due(now).unwrap();
        let step = tracker.judge(&ticket, &failed, now, now).unwrap();
        tracker.step_ended(&step, StepResult::Failed { retry_after: None }, now);
        tracker.release(&ticket, now, Duration::ZERO);
        assert_eq!(tracker.next_due(), Some(after(now, Duration::from_secs(wait))));
        now = tracker.next_due().unwrap();
    }
}

#[test]
fn what_waits_for_a_change_is_looked_at_again_when_the_object_changes() {
    let mut tracker = synced(failed_for("0s"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &pod("1", 1, "Failed"), "00:00:00").unwrap();
    finish(&mut tracker, &step, StepResult::Postponed { until: None }, "00:00:00");
    assert!(tracker.take_due(at("23:59:59")).is_none());
    tracker.observe(&pod("1", 2, "Failed"), Origin::Event, at("00:05:00"));
    assert!(due(&mut tracker, &pod("1", 2, "Failed"), "00:05:00").is_some());
}

#[test]
fn what_was_held_back_is_looked_at_again_when_protections_change() {
    let mut tracker = synced(failed_for("0s"));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:00:00"));
    for until in [None, Some(at("20:00:00"))] {
        let step = due(&mut tracker, &pod("1", 1, "Failed"), "00:00:00").unwrap();
        finish(&mut tracker, &step, StepResult::Postponed { until }, "00:00:00");
        assert!(tracker.take_due(at("19:00:00")).is_none());
        tracker.look_again_at_held();
    }
    let step = due(&mut tracker, &pod("1", 1, "Failed"), "00:00:00").unwrap();
    assert!(step.held_before);
    finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:00:00");
    tracker.look_again_at_held();
    assert!(tracker.take_due(at("23:59:59")).is_none(), "what is done is not done again");
}

#[test]
fn a_deletion_whose_outcome_was_unknown_counts_as_the_rule_s_own_once_the_object_is_seen_terminating() {
    let steps =
        [("0s", None, "delete", json!({})), ("2m", None, "stripFinalizers", json!({"only": ["a/*"]}))];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    tracker.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &pod("1", 1, "Failed"), "00:00:00").unwrap();
    finish(&mut tracker, &step, StepResult::Unknown { removes: true }, "00:00:00");
    let terminating = |version: u32, phase: &str| {
        Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": "1",
            "resourceVersion": version.to_string(), "deletionTimestamp": "2026-01-01T00:00:00Z"},
            "status": {"phase": phase}}))
    };
    let step = due(&mut tracker, &terminating(2, "Failed"), "00:00:01").unwrap();
    finish(&mut tracker, &step, StepResult::Skipped { since: Some(at("00:00:00")) }, "00:00:01");
    tracker.observe(&terminating(3, "Running"), Origin::Event, at("00:00:02"));
    assert_eq!(tracker.next_due(), Some(at("00:02:00")));
}

#[test]
fn finalizers_are_stripped_only_once_the_object_has_been_terminating_for_long_enough() {
    let terminating = Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": "1",
        "resourceVersion": "1", "deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30,
        "finalizers": ["a/b"]}, "status": {"phase": "Failed"}}));
    let strip = json!({"only": ["a/*"]});
    for (matches, after, ripe) in [
        (("phase", json!("Failed")), "0s", "00:01:00"),
        (("terminating", json!(true)), "0s", "00:01:00"),
        (("terminating", json!({"over": "10s"})), "0s", "00:00:10"),
        (("phase", json!("Failed")), "5s", "00:00:05"),
    ] {
        let mut tracker = synced(rule(&[matches], "0s", &[(after, None, "stripFinalizers", strip.clone())]));
        tracker.observe(&terminating, Origin::Event, at("00:00:00"));
        let mut now = at("00:00:00");
        while let Some(next) = tracker.next_due().filter(|next| *next < at(ripe)) {
            now = next;
            let ticket = tracker.take_due(now).unwrap();
            if let Some(step) = tracker.judge(&ticket, &terminating, now, now) {
                let Err(Inapplicable::NotYet { at }) = step.effect else { panic!("{now}: {step:?}") };
                tracker.step_ended(&step, StepResult::Postponed { until: at }, now);
            }
            tracker.release(&ticket, now, Duration::ZERO);
        }
        let step =
            due(&mut tracker, &terminating, ripe).unwrap_or_else(|| panic!("due at {ripe}, not {now}"));
        assert!(matches!(step.effect, Ok(Effect::StripFinalizers { .. })), "{step:?}");
    }
}

#[test]
fn an_object_that_is_not_terminating_loses_no_finalizer() {
    let alive = Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": "1",
        "finalizers": ["a/b"]}, "status": {"phase": "Failed"}}));
    let steps = [("0s", None, "stripFinalizers", json!({"only": ["*"]}))];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    tracker.observe(&alive, Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &alive, "00:00:00").unwrap();
    assert_eq!(step.effect, Err(Inapplicable::NotYet { at: None }));
}

#[test]
fn what_another_object_held_back_is_looked_at_again_when_that_may_have_ended() {
    let mut tracker = synced(failed_for("0s"));
    let failed = pod("1", 1, "Failed");
    tracker.observe(&failed, Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &failed, "00:00:00").unwrap();
    finish(&mut tracker, &step, StepResult::Postponed { until: None }, "00:00:00");
    assert_eq!(tracker.next_due(), None);
    tracker.recheck(&step.ticket);
    assert!(due(&mut tracker, &failed, "00:00:05").unwrap().held_before, "it was told before");
}
