//! One rule on several kinds, or in several namespaces: each is watched by itself, and they share the room.

use super::*;

#[test]
fn all_kinds_of_a_rule_share_the_room_and_are_told_when_some_is_free() {
    let (ledger, told) = telling();
    let rule = deleting("{ inFlight: { max: 1 } }");
    let (mut one, mut other) = (Scene::new(&rule, &ledger), Scene::new(&rule, &ledger));
    one.put("a", &json!({}), "12:00:00");
    other.put("b", &json!({}), "12:00:00");
    assert_eq!(one.run("12:00:00"), ["+a"]);
    assert_eq!(other.run("12:00:00"), ["-b"]);
    let before = told.load(Ordering::Relaxed);
    one.gone("a");
    assert!(told.load(Ordering::Relaxed) > before);
    assert_eq!(other.tracker.next_due(), None, "until whoever was told looks");
    other.tracker.look_at_limits();
    assert_eq!(other.run("12:00:01"), ["+b"]);
    // A kind that is not watched any more counts no more.
    one.put("c", &json!({}), "12:00:02");
    assert_eq!(one.run("12:00:02"), ["-c"]);
    drop(other);
    one.tracker.look_at_limits();
    assert_eq!(one.run("12:00:03"), ["+c"]);
}

#[test]
fn what_is_not_followed_takes_nobodys_turn_and_keeps_what_it_has_in_flight() {
    for lists_anew in [false, true] {
        let (ledger, told) = telling();
        let rule = deleting("{ inFlight: { max: 1 } }");
        let (mut one, mut other) = (Scene::new(&rule, &ledger), Scene::new(&rule, &ledger));
        one.put("a", &json!({}), "12:00:00");
        other.put("b", &json!({}), "12:00:00");
        assert_eq!(other.run("12:00:00"), ["-b"], "`a` goes first");
        let before = told.load(Ordering::Relaxed);
        if lists_anew {
            one.tracker.list_started();
        } else {
            one.tracker.set_following(false);
        }
        assert!(told.load(Ordering::Relaxed) > before, "who waits is called");
        other.tracker.look_at_limits();
        assert_eq!(other.run("12:00:01"), ["+b"]);
        other.gone("b");
        if lists_anew {
            let listed = Observation::new(one.objects["a"].clone());
            one.tracker.observe(&listed, Origin::Listed, at("12:00:02"));
            one.tracker.list_completed();
        } else {
            one.tracker.set_following(true);
        }
        assert_eq!(one.run("12:00:02"), ["+a"], "it takes part again");
        one.tracker.set_following(false);
        other.put("c", &json!({}), "12:00:03");
        assert_eq!(other.run("12:00:03"), ["-c"], "what is in flight is");
        one.gone("a");
        other.tracker.look_at_limits();
        assert_eq!(other.run("12:00:04"), ["+c"]);
    }
}

#[test]
fn what_was_held_back_before_its_watch_broke_off_is_called_once_it_follows_again() {
    let ledger = Ledger::default();
    let rule = deleting("{ inFlight: { max: 1 } }");
    let (mut one, mut other) = (Scene::new(&rule, &ledger), Scene::new(&rule, &ledger));
    one.put("a", &json!({}), "12:00:00");
    other.put("b", &json!({}), "12:00:00");
    assert_eq!(one.run("12:00:00"), ["+a"]);
    assert_eq!(other.run("12:00:00"), ["-b"]);
    other.tracker.set_following(false);
    one.gone("a");
    other.tracker.look_at_limits();
    assert_eq!(other.tracker.next_due(), None, "nobody reads it now");
    other.tracker.set_following(true);
    assert_eq!(other.run("12:00:02"), ["+b"]);
}

#[test]
fn a_namespace_that_may_not_be_read_holds_nothing_back_but_what_asks_how_much_matches() {
    for (limits, held) in
        [("{ inFlight: { max: 1 } }", false), ("{ inFlight: { max: 1 }, maxUnhealthy: 50% }", true)]
    {
        let ledger = Ledger::default();
        let rule = deleting(limits);
        let mut forbidden = Tracker::new(vec![Arc::clone(&rule)]).counted_in(&ledger);
        let mut scene = Scene::new(&rule, &ledger);
        scene.put("good", &json!({"metadata": {"labels": {"state": "good"}}}), "12:00:00");
        scene.put("a", &json!({}), "12:00:00");
        assert_eq!(scene.run("12:00:00"), ["-a"], "it may yet be listed");
        forbidden.set_forbidden(true);
        scene.tracker.look_at_limits();
        let told = scene.run("12:00:02");
        assert_eq!(told, if held { ["-a"] } else { ["+a"] }, "{limits}");
        // The right was given: what is in flight there counts.
        forbidden.set_forbidden(false);
        scene.put("b", &json!({}), "12:00:03");
        assert_eq!(scene.run("12:00:03")[0], "-b", "{limits}");
    }
}

#[test]
fn who_waits_elsewhere_is_told_of_room_and_of_nothing_else() {
    let (ledger, told) = telling();
    let rule = deleting("{ inFlight: { max: 1 } }");
    let (mut one, mut other) = (Scene::new(&rule, &ledger), Scene::new(&rule, &ledger));
    one.put("a", &json!({}), "12:00:00");
    other.put("b", &json!({}), "12:00:00");
    assert_eq!((one.run("12:00:00"), other.run("12:00:00")), (vec!["+a".to_owned()], vec!["-b".to_owned()]));
    let before = told.load(Ordering::Relaxed);
    for name in ["c", "d", "e"] {
        one.put(name, &json!({}), "12:00:01");
        one.run("12:00:01");
        one.cure(name, "12:00:01");
        one.gone(name);
    }
    assert_eq!(told.load(Ordering::Relaxed), before, "whatever comes and goes: `a` is in flight");
    one.gone("a");
    assert!(told.load(Ordering::Relaxed) > before);
}
