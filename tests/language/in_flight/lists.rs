//! What a list finds in flight, and what is kept by the next one and by another tracker.

use super::*;

#[test]
fn what_is_terminating_at_the_first_list_is_in_flight() {
    for rule in [
        deleting("{ inFlight: { max: 1 } }"),
        limited("{ inFlight: { max: 1 } }", "unless: [ { terminating: true } ]\nactions: [ { delete: {} } ]"),
    ] {
        let mut scene = Scene::of(&rule, &[]);
        scene.put("a", &json!({"metadata": {"deletionTimestamp": "2026-01-01T11:00:00Z"}}), "12:00:00");
        scene.put("b", &json!({}), "12:00:00");
        let told = scene.run("12:00:00");
        assert!(told.contains(&"-b".to_owned()) && !told.contains(&"+b".to_owned()), "{told:?}");
        scene.gone("a");
        assert_eq!(scene.run("12:00:01"), ["+b"]);
    }
    let mut scene = Scene::of(&deleting("{ inFlight: { max: 1 } }"), &[]);
    let good =
        json!({"metadata": {"deletionTimestamp": "2026-01-01T11:00:00Z", "labels": {"state": "good"}}});
    scene.put("a", &good, "12:00:00");
    scene.put("b", &json!({}), "12:00:00");
    assert_eq!(scene.run("12:00:00"), ["+b"], "what the rule is not about is not counted");
}

#[test]
fn a_rule_about_what_is_terminating_is_not_held_back_by_what_it_looks_for() {
    let text = "watch: pods\nmatch: [ { terminating: { over: 10m } } ]\nlimits: { inFlight: { max: 1 } }\n\
                actions: [ { stripFinalizers: { only: [a.b/c] } } ]";
    let mut scene = Scene::of(&rule(text), &[]);
    for name in ["a", "b"] {
        let metadata = json!({"deletionTimestamp": "2026-01-01T11:00:00Z", "finalizers": ["a.b/c"]});
        scene.put(name, &json!({ "metadata": metadata }), "12:00:00");
    }
    assert_eq!(scene.run_with("12:00:00", StepResult::Done { removed: false }), ["+a", "-b"]);
    scene.gone("a");
    assert_eq!(scene.run_with("12:00:01", StepResult::Done { removed: false }), ["+b"]);
}

#[test]
fn another_object_of_the_same_name_is_another_one() {
    let mut scene = Scene::of(&deleting("{ inFlight: { max: 1 } }"), &["a", "b"]);
    assert_eq!(scene.run("12:00:00"), ["+a", "-b"]);
    scene.put("a", &json!({"metadata": {"uid": "u-other", "labels": {"state": "good"}}}), "12:00:01");
    assert_eq!(scene.run("12:00:01"), ["+b"]);
}

#[test]
fn a_fresh_list_keeps_what_is_in_flight_and_frees_what_is_gone() {
    let mut scene = Scene::of(&deleting("{ inFlight: { max: 1 } }"), &["a", "b"]);
    assert_eq!(scene.run("12:00:00"), ["+a", "-b"]);
    for (has_a, expected) in [(true, vec![]), (false, vec!["+b"])] {
        scene.tracker.list_started();
        for name in if has_a { vec!["a", "b"] } else { vec!["b"] } {
            let object = Observation::new(scene.objects[name].clone());
            scene.tracker.observe(&object, Origin::Listed, at("12:00:01"));
        }
        scene.tracker.list_completed();
        assert_eq!(scene.run("12:00:02"), expected);
    }
}

/// As a reload does it: the new tracker lists beside the old one, and takes over.
#[test]
fn another_tracker_takes_over_what_is_in_flight_and_who_waits() {
    let ledger = Ledger::default();
    let rule = deleting("{ inFlight: { max: 1 } }");
    let mut scene = Scene::new(&rule, &ledger);
    ["a", "b", "c"].iter().for_each(|name| scene.put(name, &json!({}), "12:00:00"));
    assert_eq!(scene.run("12:00:00"), ["+a", "-b", "-c"]);
    let mut heir = Tracker::new(vec![Arc::clone(&rule)]);
    heir.list_started();
    for object in scene.objects.values() {
        heir.observe(&Observation::new(object.clone()), Origin::Listed, at("12:00:01"));
    }
    heir.list_completed();
    heir.adopt([&scene.tracker]);
    heir.count_in(&ledger);
    scene.tracker = heir;
    assert_eq!(scene.run("12:00:02"), [""; 0], "it goes on as before");
    scene.gone("a");
    assert_eq!(scene.run("12:00:03"), ["+b"], "and calls who waits");
    scene.tracker.retire(|_| true);
    scene.gone("b");
    assert_eq!(scene.run("12:00:04"), [""; 0], "a rule that is out of force calls nobody");
}
