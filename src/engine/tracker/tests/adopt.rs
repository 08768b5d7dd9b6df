//! Other rules for the same objects: what stays keeps its time, what goes does nothing more.

use super::*;

/// A tracker of these rules that has listed these objects at that moment.
fn listed(rules: &[&Arc<Rule>], objects: &[Observation], now: &str) -> Tracker {
    let mut tracker = Tracker::new(rules.iter().map(|rule| Arc::clone(rule)).collect());
    tracker.list_started();
    for object in objects {
        tracker.observe(object, Origin::Listed, at(now));
    }
    tracker.list_completed();
    tracker
}

fn stale() -> Arc<Rule> {
    rule(&[("age", json!({"over": "1h"}))], "0s", &[("0s", None, "delete", json!({}))])
}

#[test]
fn a_rule_that_stays_keeps_its_timer_whatever_comes_beside_it() {
    let (kept, new) = (failed_for("3m"), stale());
    let mut old = synced(Arc::clone(&kept));
    old.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    let mut tracker = listed(&[&new, &kept], &[pod("1", 1, "Failed")], "00:02:00");
    assert_eq!(tracker.next_due(), Some(at("00:05:00")), "by itself it would begin anew");
    tracker.adopt([&old]);
    assert_eq!(tracker.next_due(), Some(at("00:04:00")));
    assert_eq!(due(&mut tracker, &pod("1", 1, "Failed"), "00:04:00").unwrap().rule, 1, "the new index");
}

#[test]
fn a_rule_of_the_same_words_that_is_another_one_begins_anew() {
    let mut old = synced(failed_for("3m"));
    old.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    let mut tracker = listed(&[&failed_for("3m")], &[pod("1", 1, "Failed")], "00:02:00");
    tracker.adopt([&old]);
    assert_eq!(tracker.next_due(), Some(at("00:05:00")));
}

#[test]
fn what_was_done_in_this_episode_is_not_done_again() {
    let kept = rule(&[("phase", json!("Failed"))], "0s", &[("0s", None, "label", json!({"a": "b"}))]);
    let mut old = synced(Arc::clone(&kept));
    old.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    let step = due(&mut old, &pod("1", 1, "Failed"), "00:01:00").unwrap();
    finish(&mut old, &step, StepResult::Done { removed: false }, "00:01:00");
    let mut tracker = listed(&[&kept], &[pod("1", 1, "Failed")], "00:02:00");
    assert!(tracker.next_due().is_some(), "by itself it would do it again");
    tracker.adopt([&old]);
    assert_eq!(tracker.next_due(), None);
}

#[test]
fn steps_that_go_on_without_the_rule_being_true_go_on() {
    let steps = [
        ("0s", None, "delete", json!({})),
        ("2m", Some(StepWhile::Present), "stripFinalizers", json!({"only": ["a/*"]})),
    ];
    let kept = rule(&[("phase", json!("Failed"))], "0s", &steps);
    let mut old = synced(Arc::clone(&kept));
    old.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    let step = due(&mut old, &pod("1", 1, "Failed"), "00:01:00").unwrap();
    finish(&mut old, &step, StepResult::Done { removed: true }, "00:01:00");
    old.observe(&pod("1", 2, "Running"), Origin::Event, at("00:01:10"));
    let mut tracker = listed(&[&kept], &[pod("1", 2, "Running")], "00:02:00");
    tracker.adopt([&old]);
    assert_eq!(tracker.next_due(), Some(at("00:03:00")));
}

#[test]
fn an_object_that_changed_while_the_old_watch_was_behind_counts_anew() {
    let kept = failed_for("3m");
    let mut old = synced(Arc::clone(&kept));
    old.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    let mut tracker = listed(&[&kept], &[pod("1", 5, "Failed")], "00:02:00");
    tracker.adopt([&old]);
    assert_eq!(tracker.next_due(), Some(at("00:05:00")), "it may have recovered in between");
}

#[test]
fn where_the_old_watch_was_ahead_what_it_saw_is_not_seen_again() {
    let kept = failed_for("3m");
    let mut old = synced(Arc::clone(&kept));
    for (version, phase, time) in
        [(1, "Failed", "00:01:00"), (2, "Running", "00:01:30"), (3, "Failed", "00:01:40")]
    {
        old.observe(&pod("1", version, phase), Origin::Event, at(time));
    }
    let mut tracker = listed(&[&kept], &[pod("1", 1, "Failed")], "00:02:00");
    tracker.adopt([&old]);
    assert_eq!(tracker.next_due(), Some(at("00:04:40")));
    tracker.observe(&pod("1", 2, "Running"), Origin::Event, at("00:02:01"));
    tracker.observe(&pod("1", 3, "Failed"), Origin::Event, at("00:02:02"));
    assert_eq!(tracker.next_due(), Some(at("00:04:40")), "the new watch repeats what is known");
}

#[test]
fn objects_that_are_made_or_go_between_the_two_lists_are_right() {
    let named = |name: &str, version: u32| {
        Observation::new(json!({"metadata": {"namespace": "test-a", "name": name, "uid": name,
            "resourceVersion": version.to_string()}, "status": {"phase": "Failed"}}))
    };
    let kept = failed_for("3m");
    let mut old = synced(Arc::clone(&kept));
    for (name, version) in [("gone", 1), ("stays", 2), ("new", 9)] {
        old.observe(&named(name, version), Origin::Event, at("00:01:00"));
    }
    let mut tracker = listed(&[&kept], &[named("stays", 2)], "00:02:00");
    tracker.adopt([&old]);
    let keys: Vec<_> = tracker.deadlines(9).into_iter().map(|(at, key)| (at, key.name.to_string())).collect();
    assert_eq!(keys, [(at("00:04:00"), "stays".to_owned()), (at("00:04:00"), "new".to_owned())]);
    assert_eq!((tracker.len(), tracker.selected_by(0)), (2, 2));
    let key = tracker.key(Some("test-a"), "new");
    tracker.gone(&key, "new");
    assert_eq!((tracker.len(), tracker.selected_by(0)), (1, 1));
}

#[test]
fn another_object_of_the_same_name_inherits_nothing() {
    let kept = failed_for("3m");
    let mut old = synced(Arc::clone(&kept));
    old.observe(&pod("1", 1, "Failed"), Origin::Event, at("00:01:00"));
    let mut tracker = listed(&[&kept], &[pod("2", 5, "Failed")], "00:02:00");
    tracker.adopt([&old]);
    assert_eq!(tracker.next_due(), Some(at("00:05:00")));
}

#[test]
fn a_retired_rule_does_nothing_more_and_the_others_go_on() {
    let (goes, stays) = (failed_for("1m"), failed_for("3m"));
    let mut tracker = listed(&[&goes, &stays], &[pod("1", 1, "Failed")], "00:01:00");
    assert_eq!(tracker.next_due(), Some(at("00:02:00")));
    tracker.retire(|rule| Arc::ptr_eq(rule, &goes));
    assert_eq!(tracker.next_due(), Some(at("00:04:00")));
    tracker.observe(&pod("1", 2, "Failed"), Origin::Event, at("00:01:30"));
    assert_eq!(tracker.next_due(), Some(at("00:04:00")), "no event brings it back");
    assert_eq!(tracker.matched(), [0, 1]);
    let mut next = listed(&[&goes], &[pod("1", 2, "Failed")], "00:02:00");
    next.adopt([&tracker]);
    assert_eq!(next.next_due(), Some(at("00:03:00")), "what it came to before is over");
}

#[test]
fn excluded_namespaces_are_not_tracked() {
    let globs = |glob: &str| Globs::parse(&[glob]).ok();
    for (only, excluded, tracked) in [
        (None, None, 1),
        (None, globs("test-a"), 0),
        (globs("test-b*"), None, 0),
        (globs("test-*"), None, 1),
        (globs("test-*"), globs("*-a"), 0),
    ] {
        let reach = Reach { only, excluded };
        let mut tracker = Tracker::new(vec![failed_for("0s")]).within(reach.clone());
        tracker.list_started();
        tracker.observe(&pod("1", 1, "Failed"), Origin::Listed, at("00:01:00"));
        tracker.list_completed();
        assert_eq!((tracker.len(), tracker.selected_by(0)), (tracked, tracked), "{reach:?}");
    }
}
