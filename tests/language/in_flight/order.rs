//! What goes first of what is due at once, and who is called.

use super::*;

#[test]
fn the_order_decides_who_goes_first_and_who_is_called() {
    let restarts = |count: u32| json!({"status": {"containerStatuses": [{"restartCount": count}]}});
    for (order, expected) in [
        ("oldest", ["+a", "-b", "-c", "+b", "+c"]),
        ("newest", ["+c", "-b", "-a", "+b", "+a"]),
        ("mostRestarts", ["+b", "-c", "-a", "+c", "+a"]),
    ] {
        let rule = deleting(&format!("{{ inFlight: {{ max: 1 }}, order: {order} }}"));
        let mut scene = Scene::of(&rule, &["a", "b", "c"]);
        for (name, count) in [("a", 0), ("b", 9), ("c", 5)] {
            scene.put(name, &restarts(count), "12:00:00");
        }
        let mut told = scene.run("12:00:00");
        for _ in 0..2 {
            let begun = told.iter().rfind(|one| one.starts_with('+')).unwrap()[1..].to_owned();
            scene.gone(&begun);
            told.extend(scene.run("12:00:01"));
        }
        assert_eq!(told, expected, "{order}");
    }
}

#[test]
fn without_inflight_the_order_is_that_in_which_they_are_begun() {
    let mut scene = Scene::of(&deleting("{ order: newest }"), &["a", "b", "c"]);
    assert_eq!(scene.run("12:00:00"), ["+c", "+b", "+a"]);
}

#[test]
fn one_that_comes_later_and_goes_before_takes_its_turn() {
    let rule = deleting("{ inFlight: { max: 1 }, order: newest }");
    let mut scene = Scene::of(&rule, &["a", "b"]);
    assert_eq!(scene.run("12:00:00"), ["+b", "-a"]);
    scene.put("c", &json!({}), "12:00:01");
    assert_eq!(scene.run("12:00:01"), ["-c"]);
    scene.gone("b");
    assert_eq!(scene.run("12:00:02"), ["+c"]);
    // Whose turn it is and who is spared otherwise lets the next one go.
    scene.terminate("c", "12:00:03");
    scene.cure("c", "12:00:03");
    assert_eq!(scene.run("12:00:03"), [""; 0], "its deletion was asked for");
    scene.gone("c");
    assert_eq!(scene.run("12:00:04"), ["+a"]);
}

#[test]
fn who_is_called_goes_before_the_rest_of_what_is_due() {
    let names: Vec<String> = (0..100).map(|number| format!("p-{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut scene = Scene::of(&deleting("{ inFlight: { max: 1 } }"), &names);
    for (name, sign) in [("p-000", true), ("p-001", false), ("p-002", false)] {
        let (read, step) = scene.judge("12:00:00").unwrap();
        let step = step.unwrap();
        assert_eq!((&*read, step.effect.is_ok()), (name, sign));
        let result = if sign { StepResult::Done { removed: true } } else { StepResult::Held };
        scene.end(&step, result, "12:00:00");
    }
    scene.gone("p-000");
    let (read, step) = scene.judge("12:00:00").unwrap();
    assert!(read == "p-001" && step.unwrap().effect.is_ok(), "{read}: ninety others are due");
}

#[test]
fn of_several_crowds_that_with_the_first_goes_first() {
    let rule = limited("{ order: oldest }", "actions: [ { delete: {} } ]");
    for oldest in 0..8 {
        let mut tracker = Tracker::new(vec![Arc::clone(&rule)]);
        tracker.list_started();
        for number in 0..80 {
            let namespace = format!("test-{}", number % 8);
            let created = if number == 40 + oldest { "2026-01-01T09:00:00Z" } else { "2026-01-01T10:00:00Z" };
            let object = json!({"metadata": {"namespace": namespace, "name": format!("p-{number}"),
                "uid": format!("u-{number}"), "resourceVersion": "1", "creationTimestamp": created,
                "labels": {"state": "bad"}}});
            tracker.observe(&Observation::new(object), Origin::Listed, at("12:00:00"));
        }
        tracker.list_completed();
        let crowd = tracker.crowded(at("12:00:00"), 9).flatten();
        assert_eq!(crowd.as_deref(), Some(&*format!("test-{oldest}")));
        assert_eq!(tracker.crowded(at("12:00:00"), 10), None);
    }
}
