//! What is terminating and was begun on by somebody, where whether the rule is about it hangs on another object.

use k8s_healer_engine::facts::Fact;
use k8s_healer_engine::limits::{InFlight, Limits};

use super::*;

const MATCH: &str = "watch: pods\nmatch: [ { labels: { matchLabels: { state: bad } } }, { namespace: { labels: { matchLabels: \
                     { team: web } } } } ]";

/// At most one is in flight. Rule files do not offer that beside what hangs on other objects yet.
fn one_at_a_time(rest: &str) -> Arc<Rule> {
    let mut rule = rule(&format!("{MATCH}\n{rest}"));
    let in_flight = InFlight { most: 1, group_by: None };
    Arc::get_mut(&mut rule).unwrap().limits =
        Some(Limits { in_flight: Some(in_flight), ..Limits::default() });
    rule
}

fn namespace() -> Fact {
    Fact::Namespace("test-a".to_owned())
}

/// With `a`, which is terminating, and `b`, which is not, these in this order; the namespace is not known yet.
fn scene(rest: &str, names: [&str; 2]) -> Scene {
    let mut scene = Scene::of(&one_at_a_time(rest), &[]);
    for name in names {
        let terminating = json!({"metadata": {"deletionTimestamp": "2026-01-01T12:00:00Z"}});
        scene.put(name, &if name == "a" { terminating } else { json!({}) }, "12:00:00");
    }
    scene
}

impl Scene {
    fn know(&mut self, team: &str) {
        self.facts = Facts::none().with(namespace(), json!({"metadata": {"labels": {"team": team}}}));
        self.tracker.facts_known(&[namespace()]);
    }
}

#[test]
fn it_is_in_flight_before_the_other_object_is_known_and_after() {
    for rest in
        ["actions: [ { delete: {} } ]", "unless: [ { terminating: true } ]\nactions: [ { delete: {} } ]"]
    {
        for names in [["a", "b"], ["b", "a"]] {
            let mut scene = scene(rest, names);
            assert_eq!(scene.run("12:00:00"), [""; 0], "nothing is known");
            scene.know("web");
            let told = scene.run("12:00:01");
            assert!(told.contains(&"-b".to_owned()), "{rest} {names:?}: {told:?}");
            scene.gone("a");
            assert_eq!(scene.run("12:00:02"), ["+b"], "{rest} {names:?}");
        }
    }
}

#[test]
fn it_is_not_once_it_is_known_that_the_rule_is_not_about_it() {
    let mut scene = scene("unless: [ { terminating: true } ]\nactions: [ { delete: {} } ]", ["a", "b"]);
    scene.put("a", &json!({"spec": {"nodeName": "node-2"}}), "12:00:00");
    scene.know("web");
    assert_eq!(scene.run("12:00:01"), ["-b"]);
    let live = Observation::new(scene.objects["a"].clone());
    assert_eq!(scene.tracker.asks(&live, &Facts::none(), at("12:00:01")), [namespace()], "it is looked up");
    scene.cure("a", "12:00:02");
    assert_eq!(scene.run("12:00:02"), ["+b"], "its own labels");
    let mut scene = self::scene("unless: [ { terminating: true } ]\nactions: [ { delete: {} } ]", ["a", "b"]);
    scene.know("web");
    assert_eq!(scene.run("12:00:01"), ["-b"]);
    scene.facts = Facts::none().with(namespace(), json!({"metadata": {"labels": {"team": "db"}}}));
    assert_eq!(scene.tracker.facts_changed(&[namespace()], true), 2, "the namespace's: both hang on it");
    assert_eq!(scene.run("12:00:03"), [""; 0]);
}

#[test]
fn it_stays_in_flight_while_the_other_object_is_out_of_sight() {
    for rest in
        ["actions: [ { delete: {} } ]", "unless: [ { terminating: true } ]\nactions: [ { delete: {} } ]"]
    {
        let mut scene = scene(rest, ["a", "b"]);
        scene.know("web");
        assert!(scene.run("12:00:01").contains(&"-b".to_owned()));
        let known = std::mem::take(&mut scene.facts);
        scene.put("a", &json!({"spec": {"nodeName": "node-2"}}), "12:00:02");
        scene.facts = known;
        assert_eq!(scene.run("12:00:03"), [""; 0], "{rest}: `a` keeps its place");
        scene.gone("a");
        assert_eq!(scene.run("12:00:04"), ["+b"], "{rest}");
    }
}

#[test]
fn its_own_later_steps_wait_for_nobody() {
    let steps =
        "actions: [ { delete: {} }, { stripFinalizers: { only: [a.b/c], after: 2m, while: present } } ]";
    let mut scene = scene(steps, ["a", "b"]);
    scene.put("a", &json!({"metadata": {"finalizers": ["a.b/c"]}}), "12:00:00");
    scene.know("web");
    let told = scene.run_with("12:00:01", StepResult::Done { removed: true });
    assert!(told.contains(&".a".to_owned()) && told.contains(&"-b".to_owned()), "{told:?}");
    // The rule is not about it any more, but goes on with what it has begun.
    scene.cure("a", "12:01:00");
    assert_eq!(scene.run_with("12:01:01", StepResult::Done { removed: false }), [""; 0]);
    assert_eq!(scene.run_with("12:02:01", StepResult::Done { removed: false }), ["+a"]);
}
