//! What a dry run assumes, what time alone ends, and sequences of many steps.

use super::*;

#[test]
fn after_an_assumed_deletion_a_later_step_is_told_as_if_the_object_were_going() {
    let steps =
        [("0s", None, "delete", json!({})), ("2m", None, "stripFinalizers", json!({"only": ["a/*"]}))];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    let held = Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": "1",
        "resourceVersion": "1", "finalizers": ["a/b"]}, "status": {"phase": "Failed"}}));
    tracker.observe(&held, Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &held, "00:00:00").unwrap();
    assert!(!step.assumed);
    finish(&mut tracker, &step, StepResult::Assumed { removed: true }, "00:00:00");
    let step = due(&mut tracker, &held, "00:02:00").unwrap();
    assert!(step.assumed, "told, not sent");
    assert!(matches!(&step.effect, Ok(Effect::StripFinalizers { names, .. }) if names == &["a/b"]));
    finish(&mut tracker, &step, StepResult::Assumed { removed: false }, "00:02:00");
    assert_eq!(tracker.next_due(), None, "once an episode");
}

#[test]
fn an_assumed_label_does_not_make_an_object_look_deleted() {
    let steps =
        [("0s", None, "label", json!({"a": "b"})), ("2m", None, "stripFinalizers", json!({"only": ["a/*"]}))];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    let held = Observation::new(json!({"metadata": {"namespace": "test-a", "name": "p", "uid": "1",
        "finalizers": ["a/b"]}, "status": {"phase": "Failed"}}));
    tracker.observe(&held, Origin::Event, at("00:00:00"));
    let step = due(&mut tracker, &held, "00:00:00").unwrap();
    finish(&mut tracker, &step, StepResult::Assumed { removed: false }, "00:00:00");
    let step = due(&mut tracker, &held, "00:02:00").unwrap();
    assert_eq!(step.effect, Err(Inapplicable::NotYet { at: None }));
}

#[test]
fn a_due_step_says_until_when_its_rule_is_true_by_time_alone() {
    let range = |under: Option<&str>| {
        let mut age = json!({"over": "1m"});
        under.into_iter().for_each(|under| age["under"] = under.into());
        rule(&[("age", age)], "0s", &[("0s", None, "delete", json!({}))])
    };
    for (under, until) in [(Some("5m"), Some(at("00:05:00"))), (None, None)] {
        let mut tracker = synced(range(under));
        let pod = pod("1", 1, "Running");
        tracker.observe(&pod, Origin::Event, at("00:02:00"));
        assert_eq!(due(&mut tracker, &pod, "00:02:00").unwrap().true_until, until);
    }
}

#[test]
fn a_sequence_of_more_steps_than_a_byte_counts_runs_each_once() {
    let steps: Vec<_> = (0..300).map(|_| ("0s", None, "log", json!({}))).collect();
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    let failed = pod("1", 1, "Failed");
    tracker.observe(&failed, Origin::Event, at("00:00:00"));
    let mut ran = Vec::new();
    while let Some(step) = tracker.next_due().and_then(|_| due(&mut tracker, &failed, "00:00:00")) {
        ran.push(step.step);
        finish(&mut tracker, &step, StepResult::Done { removed: false }, "00:00:00");
        assert!(ran.len() <= 300, "it begins anew");
    }
    assert_eq!(ran, (0..300).collect::<Vec<_>>());
}

#[test]
fn a_refusal_that_lasts_is_known_since_the_first_one() {
    let steps = [("0s", None, "evict", json!({}))];
    let mut tracker = synced(rule(&[("phase", json!("Failed"))], "0s", &steps));
    let failed = pod("1", 1, "Failed");
    tracker.observe(&failed, Origin::Event, at("00:00:00"));
    let first = due(&mut tracker, &failed, "00:00:00").unwrap();
    assert_eq!(first.refused_since, None);
    finish(&mut tracker, &first, StepResult::Refused { retry_after: None, give_up: GIVE_UP }, "00:00:00");
    let again = due(&mut tracker, &failed, "00:00:01").unwrap();
    assert_eq!(again.refused_since, Some(at("00:00:00")));
    let wait = Some(Duration::from_secs(90));
    finish(&mut tracker, &again, StepResult::Refused { retry_after: wait, give_up: GIVE_UP }, "00:00:01");
    assert_eq!(tracker.next_due(), Some(at("00:01:31")), "the server's Retry-After counts");
    // But at the end of the patience it is decided, whatever the server asked for and however rarely it is tried.
    let again = due(&mut tracker, &failed, "00:01:31").unwrap();
    let hour = Some(Duration::from_secs(3600));
    finish(&mut tracker, &again, StepResult::Refused { retry_after: hour, give_up: GIVE_UP }, "00:01:31");
    assert_eq!(tracker.next_due(), Some(at("00:10:00")));
    // After that end it is tried as before.
    let last = due(&mut tracker, &failed, "00:10:00").unwrap();
    finish(&mut tracker, &last, StepResult::Refused { retry_after: wait, give_up: GIVE_UP }, "00:10:00");
    assert_eq!(tracker.next_due(), Some(at("00:11:30")));
}
