//! Objects that hang on facts of others.

use super::*;
use crate::facts::{Fact, Facts};

pub(super) fn fact() -> Fact {
    Fact::Namespace("test-a".to_owned())
}

/// The namespace has this team.
pub(super) fn team(team: &str) -> Facts {
    Facts::none().with(fact(), json!({"metadata": {"labels": {"team": team}}}))
}

/// Failed pods of the namespaces of team web.
pub(super) fn of_web(hold: &str) -> Arc<Rule> {
    let labels = json!({"labels": {"matchLabels": {"team": "web"}}});
    rule(&[("phase", json!("Failed")), ("namespace", labels)], hold, &[("0s", None, "delete", json!({}))])
}

pub(super) fn listed(rule: Arc<Rule>, object: &Observation, facts: &Facts, now: &str) -> Tracker {
    let mut tracker = Tracker::new(vec![rule]);
    tracker.list_started();
    tracker.observe_with(object, facts, Origin::Listed, at(now));
    tracker.list_completed();
    tracker
}

pub(super) fn due_with(tracker: &mut Tracker, object: &Observation, facts: &Facts, now: &str) -> bool {
    let Some(ticket) = tracker.take_due(at(now)) else { return false };
    let step = tracker.judge_with(&ticket, object, facts, at(now), at(now));
    tracker.release(&ticket, at(now), Duration::ZERO);
    step.is_some()
}

#[test]
fn a_fact_that_flips_makes_what_hangs_on_it_due_and_nothing_else() {
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(of_web("0s"), &failed, &team("db"), "01:00:00");
    assert_eq!(tracker.next_due(), None);
    assert_eq!(tracker.awaited().collect::<Vec<_>>(), [&fact()]);
    assert_eq!(tracker.facts_changed(&[Fact::Namespace("test-b".to_owned())], true), 0);
    assert_eq!(tracker.next_due(), None);
    assert_eq!(tracker.facts_changed(&[fact()], true), 1);
    assert!(tracker.next_due().is_some_and(|due| due <= at("01:00:01")));
    assert!(due_with(&mut tracker, &failed, &team("web"), "01:00:01"));
}

#[test]
fn what_becomes_known_while_an_object_is_judged_without_it_is_looked_at_without_a_pause() {
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(of_web("0s"), &failed, &Facts::none(), "01:00:00");
    for known in [true, false] {
        tracker.facts_known(&[fact()]);
        let ticket = tracker.take_due(at("01:00:02")).unwrap();
        if known {
            tracker.facts_known(&[fact()]);
        }
        let none = Facts::none();
        assert!(tracker.judge_with(&ticket, &failed, &none, at("01:00:02"), at("01:00:02")).is_none());
        tracker.release(&ticket, at("01:00:02"), Duration::from_secs(1));
        assert_eq!(tracker.next_due().is_some_and(|due| due <= at("01:00:02")), known);
    }
}

#[test]
fn what_is_not_true_by_itself_waits_for_no_fact() {
    let running = pod("1", 1, "Running");
    let mut tracker = listed(of_web("0s"), &running, &team("web"), "01:00:00");
    assert_eq!(tracker.awaited().count(), 0);
    assert_eq!(tracker.facts_changed(&[fact()], true), 0);
    // And what goes takes its waiting with it.
    tracker.observe_with(&pod("1", 2, "Failed"), &team("db"), Origin::Event, at("01:00:01"));
    assert_eq!(tracker.awaited().count(), 1);
    let key = tracker.key(Some("test-a"), "p");
    tracker.gone(&key, "1");
    assert_eq!((tracker.awaited().count(), tracker.facts_changed(&[fact()], true)), (0, 0));
    assert_eq!(tracker.next_due(), None);
}

#[test]
fn nothing_is_due_while_a_fact_is_unknown() {
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(of_web("0s"), &failed, &Facts::none(), "01:00:00");
    assert_eq!(tracker.next_due(), None);
    assert_eq!(tracker.facts_known(&[fact()]), 1);
    assert!(!due_with(&mut tracker, &failed, &Facts::none(), "01:00:01"), "it still is not known");
    assert_eq!(tracker.next_due(), None, "and is not looked at again before it changes");
    assert_eq!(tracker.asks(&failed, &Facts::none(), at("01:00:02")), [fact()]);
    assert!(tracker.asks(&failed, &team("db"), at("01:00:02")).is_empty(), "what is known is not asked");
    assert!(tracker.asks(&pod("1", 2, "Running"), &Facts::none(), at("01:00:02")).is_empty());
    // Known, it waits for a change alone.
    tracker.facts_known(&[fact()]);
    assert!(!due_with(&mut tracker, &failed, &team("db"), "01:00:03"));
    assert_eq!((tracker.facts_known(&[fact()]), tracker.next_due()), (0, None));
}

#[test]
fn what_a_list_will_look_at_is_not_read_object_by_object() {
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(of_web("0s"), &failed, &team("db"), "01:00:00");
    tracker.facts_changed(&[fact()], true);
    tracker.leave_to_list();
    assert_eq!(tracker.next_due(), None);
}

#[test]
fn a_for_is_not_begun_anew_by_a_fact_that_keeps_it_true() {
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(of_web("3m"), &failed, &team("web"), "01:00:00");
    tracker.facts_changed(&[fact()], true);
    assert!(!due_with(&mut tracker, &failed, &team("web"), "01:01:00"));
    assert_eq!(tracker.next_due(), Some(at("01:03:00")));
    assert!(due_with(&mut tracker, &failed, &team("web"), "01:03:00"));
}

#[test]
fn a_for_counts_from_anew_after_a_gap_or_where_a_fact_changed_twice_before_anybody_looked() {
    let failed = pod("1", 1, "Failed");
    for twice in [false, true] {
        let mut tracker = listed(of_web("3m"), &failed, &team("web"), "01:00:00");
        tracker.facts_changed(&[fact()], twice);
        if twice {
            tracker.facts_changed(&[fact()], true);
        }
        assert!(!due_with(&mut tracker, &failed, &team("web"), "01:01:00"));
        assert_eq!(tracker.next_due(), Some(at("01:04:00")), "{twice}");
    }
}

#[test]
fn a_fact_that_flips_while_an_object_is_looked_at_makes_it_due_again() {
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(of_web("0s"), &failed, &team("db"), "01:00:00");
    tracker.facts_changed(&[fact()], true);
    let ticket = tracker.take_due(at("01:00:01")).unwrap();
    tracker.facts_changed(&[fact()], true);
    assert!(tracker.judge_with(&ticket, &failed, &team("db"), at("01:00:01"), at("01:00:01")).is_none());
    tracker.release(&ticket, at("01:00:01"), Duration::ZERO);
    assert!(due_with(&mut tracker, &failed, &team("web"), "01:00:02"));
}

#[test]
fn a_fact_that_ceases_to_hold_ends_what_waits() {
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(of_web("3m"), &failed, &team("web"), "01:00:00");
    tracker.facts_changed(&[fact()], true);
    assert!(!due_with(&mut tracker, &failed, &team("db"), "01:01:00"));
    assert_eq!(tracker.next_due(), None);
    // And what is unknown when it falls due breaks it too.
    let mut tracker = listed(of_web("3m"), &failed, &team("web"), "01:00:00");
    assert!(!due_with(&mut tracker, &failed, &Facts::none(), "01:03:00"));
    assert_eq!(tracker.next_due(), None);
}

/// A rule that has acted on a thing of team web.
fn acted() -> Tracker {
    let labels = json!({"labels": {"matchLabels": {"team": "web"}}});
    let told = [("0s", None, "log", json!({"message": "seen"}))];
    let rule = rule(&[("phase", json!("Failed")), ("namespace", labels)], "0s", &told);
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(rule, &failed, &team("web"), "01:00:00");
    let ticket = tracker.take_due(at("01:00:00")).unwrap();
    let step = tracker.judge_with(&ticket, &failed, &team("web"), at("01:00:00"), at("01:00:00")).unwrap();
    tracker.step_ended(&step, StepResult::Done { removed: false }, at("01:00:00"));
    tracker.release(&ticket, at("01:00:00"), Duration::ZERO);
    tracker
}

#[test]
fn an_episode_is_not_over_where_another_object_is_out_of_sight_for_a_while() {
    let mut tracker = acted();
    let changed = pod("1", 2, "Failed");
    tracker.observe_with(&changed, &Facts::none(), Origin::Event, at("01:01:00"));
    tracker.facts_known(&[fact()]);
    assert!(!due_with(&mut tracker, &changed, &team("web"), "01:02:00"), "it was acted on before");
    // But it is over where the namespace is seen to be of another team.
    tracker.facts_changed(&[fact()], true);
    assert!(!due_with(&mut tracker, &changed, &team("db"), "01:03:00"));
    tracker.facts_changed(&[fact()], true);
    assert!(due_with(&mut tracker, &changed, &team("web"), "01:04:00"), "another episode");
}

#[test]
fn an_episode_outlives_a_reload_during_which_another_object_is_out_of_sight() {
    let old = acted();
    let failed = pod("1", 1, "Failed");
    let mut tracker = listed(Arc::clone(&old.rules()[0]), &failed, &Facts::none(), "01:01:00");
    tracker.adopt([&old]);
    tracker.facts_known(&[fact()]);
    assert!(!due_with(&mut tracker, &failed, &team("web"), "01:02:00"), "it was acted on before");
}
