//! What is told anew while an object is followed, and from when a `for` counts then.

use k8s_healer_engine::observation::Observation;
use serde_json::json;

use super::Scene;
use crate::cli::explain::follow::{Current, Shown};
use crate::cluster::watch::WatchEvent;

/// Whether it is told anew at these moments.
fn told_at<const N: usize>(keys: &str, object: serde_json::Value, clocks: [&str; N]) -> [bool; N] {
    let mut scene = Scene::of_rule(keys, object);
    let mut shown = Shown::default();
    clocks.map(|clock| {
        scene.now = format!("2026-01-01T{clock}Z").parse().unwrap();
        shown.is_new(&scene.told())
    })
}

#[test]
fn what_is_due_is_told_once_when_it_is() {
    let clocks = ["00:04:58", "00:04:59", "00:05:00", "00:05:01", "00:06:00"];
    let once = [true, false, true, false, false];
    assert_eq!(told_at("match: [ age: { over: 5m } ]", json!({}), clocks), once);
    assert_eq!(told_at("match: [ age: { over: 5m } ]\nmode: observe", json!({}), clocks), once);
    let protected = json!({"metadata": {"labels": {"k8s-healer.io/protect": "x"}}});
    assert_eq!(told_at("match: [ age: { over: 5m } ]", protected, clocks), once);
}

#[test]
fn the_end_of_a_protection_is_told_also_where_no_rule_is_true() {
    let kept = json!({"metadata": {"annotations": {"k8s-healer.io/keep-until": "2026-01-01T00:10:00Z"}}});
    let scene = Scene::of_rule("match: [ phase: Failed ]", kept.clone());
    assert_eq!(scene.told().explanation.changes_at(scene.now), "2026-01-01T00:10:00Z".parse().ok());
    let told = told_at("match: [ phase: Failed ]", kept, ["00:09:59", "00:10:00", "00:10:01"]);
    assert_eq!(told, [true, true, false]);
}

fn map(uid: &str, version: &str) -> Observation {
    Observation::new(json!({"metadata": {"name": "map", "uid": uid, "resourceVersion": version}}))
}

#[test]
fn what_was_not_seen_all_the_while_and_another_object_begin_anew() {
    let anew = |event: WatchEvent| {
        let mut current = Current::new(map("u", "1"), false);
        current.take(WatchEvent::ListStarted).unwrap();
        let is_changed = current.take(event).unwrap();
        (is_changed, current.is_anew)
    };
    assert_eq!(anew(WatchEvent::Applied(map("u", "2"))), (true, false), "it was seen to change");
    assert_eq!(anew(WatchEvent::Listed(map("u", "1"))), (false, false), "nothing was missed");
    assert_eq!(anew(WatchEvent::Listed(map("u", "3"))), (true, true), "what was between is not known");
    assert_eq!(anew(WatchEvent::Applied(map("v", "3"))), (true, true), "another object");
}

#[test]
fn a_refusal_ends_what_never_began_and_interrupts_what_went_well() {
    let refusal = || WatchEvent::Forbidden { reason: "Unauthorized".to_owned() };
    let mut current = Current::new(map("u", "1"), false);
    assert_eq!(current.take(refusal()), Err("it may not be watched: Unauthorized".to_owned()));
    for event in [WatchEvent::ListStarted, WatchEvent::Listed(map("u", "1")), WatchEvent::Synced] {
        current.take(event).unwrap();
    }
    assert_eq!(current.take(refusal()), Ok(false));
}

#[test]
fn credentials_that_ran_out_before_the_first_list_are_waited_for_where_they_are_renewed() {
    let refusal = || WatchEvent::Forbidden { reason: "the server answered 401: Unauthorized".to_owned() };
    assert_eq!(Current::new(map("u", "1"), true).take(refusal()), Ok(false));
    let ended = Current::new(map("u", "1"), false).take(refusal()).unwrap_err();
    assert!(ended.contains("log in again"), "{ended}");
    let denied = WatchEvent::Forbidden { reason: "the server answered 403: Forbidden".to_owned() };
    assert!(Current::new(map("u", "1"), true).take(denied).is_err(), "rights do not come by themselves");
}
