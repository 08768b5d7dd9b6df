//! Which containers satisfy what, and what is not known of them.

use crate::testing::{explained, matcher, verdict};
use crate::truth::Truth;
use serde_json::{Value, json};

fn pod(containers: Value) -> Value {
    json!({"status": { "containerStatuses": containers }})
}

fn truth(rule: Value, object: &Value) -> Truth {
    verdict("containers", rule, object, "00:00:00").truth
}

#[test]
fn one_container_satisfies_all_keys() {
    let crashing =
        json!({"name": "a", "restartCount": 5, "state": {"waiting": {"reason": "CrashLoopBackOff"}}});
    let healthy = json!({"name": "b", "restartCount": 0, "ready": true, "state": {"running": {}}});
    let rule = || json!({"waiting": ["CrashLoopBackOff"], "restarts": ">= 3"});
    assert_eq!(truth(rule(), &pod(json!([healthy, crashing]))), Truth::True);
    let young = json!({"name": "a", "restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}});
    let restarted = json!({"name": "b", "restartCount": 9, "state": {"running": {}}});
    assert_eq!(truth(rule(), &pod(json!([young, restarted]))), Truth::False, "not spread over two");
}

#[test]
fn without_statuses_it_is_unknown() {
    for object in [json!({}), pod(json!([])), pod(json!(null)), json!({"status": []})] {
        assert_eq!(truth(json!({"ready": false}), &object), Truth::Unknown, "{object}");
    }
}

#[test]
fn init_containers_count_unless_left_out() {
    let object = json!({"status": {
        "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "Error"}}}],
        "containerStatuses": [{"name": "a", "state": {"waiting": {"reason": "PodInitializing"}}}]}});
    for (init, expected) in [("true", Truth::True), ("only", Truth::True), ("false", Truth::False)] {
        assert_eq!(truth(json!({"waiting": "Error", "init": init}), &object), expected, "{init}");
    }
}

#[test]
fn last_looks_at_how_it_ended_before() {
    let object = pod(json!([{"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]));
    let rule =
        json!({"waiting": "CrashLoopBackOff", "terminated": "OOMKilled", "exitCodes": [137], "last": true});
    assert_eq!(truth(rule, &object), Truth::True);
    assert_eq!(truth(json!({"terminated": "OOMKilled"}), &object), Truth::False);
}

#[test]
fn the_total_is_over_all_containers() {
    let object = pod(json!([{"restartCount": 4}, {"restartCount": 7}]));
    assert_eq!(truth(json!({"totalRestarts": "> 10"}), &object), Truth::True);
    assert_eq!(truth(json!({"restarts": "> 10"}), &object), Truth::False);
    assert_eq!(truth(json!({"totalRestarts": "> 1"}), &pod(json!([{"name": "a"}]))), Truth::Unknown);
    let absurd = pod(json!([{"restartCount": u64::MAX}, {"restartCount": 7}]));
    assert_eq!(truth(json!({"totalRestarts": "> 10"}), &absurd), Truth::True);
}

#[test]
fn what_can_never_be_true_is_a_fault() {
    for rule in [
        json!({}),
        json!({"last": true, "ready": true}),
        json!({"waiting": "A", "terminated": "B"}),
        json!({"waiting": "A", "ready": true}),
        json!({"restarts": "< 0"}),
    ] {
        assert!(matcher("containers", rule.clone()).is_err(), "{rule}");
    }
}

#[test]
fn a_field_that_a_container_should_report_and_does_not_is_unknown_and_named() {
    let pod = |status: Value| json!({"status": {"containerStatuses": [status]}});
    for (rule, status, field) in [
        (json!({"restarts": ">= 3"}), json!({"name": "a"}), "restartCount"),
        (json!({"totalRestarts": ">= 3"}), json!({"name": "a"}), "restartCount"),
        (json!({"ready": false}), json!({"name": "a", "ready": "no"}), "ready"),
        (
            json!({"exitCodes": 1}),
            json!({"name": "a", "state": {"terminated": {"reason": "Error"}}}),
            "exitCode",
        ),
    ] {
        let pod = pod(status);
        assert_eq!(verdict("containers", rule.clone(), &pod, "00:00:00").truth, Truth::Unknown, "{rule}");
        let told = explained("containers", rule, &pod, "00:00:00");
        assert!(told.ends_with(&format!(", its {field} is missing")), "{told}");
    }
    let running = pod(json!({"name": "a", "state": {"running": {}}}));
    assert_eq!(verdict("containers", json!({"exitCodes": 1}), &running, "00:00:00").truth, Truth::False);
}

#[test]
fn what_is_no_container_status_is_unknown_and_so_is_not_of_it() {
    let of = |list: Value| json!({"status": {"containerStatuses": list}});
    for list in [
        json!("x"),
        json!(["x"]),
        json!([{"state": "x"}]),
        json!([{"state": {"waiting": "x"}}]),
        json!([{"state": {"waiting": {"reason": 5}}}]),
        json!([{"state": {"waiting": {}}}, "x"]),
    ] {
        for rule in
            [json!({"containers": {"waiting": "A"}}), json!({"not": {"containers": {"waiting": "A"}}})]
        {
            let (name, rule) = rule.as_object().unwrap().iter().next().unwrap();
            let found = verdict(name, rule.clone(), &of(list.clone()), "00:00:00").truth;
            assert_eq!(found, Truth::Unknown, "{name} {rule} {list}");
        }
    }
    let total = verdict("containers", json!({"totalRestarts": ">= 0"}), &of(json!("x")), "00:00:00");
    assert_eq!(total.truth, Truth::Unknown);
    let known = of(json!([{"state": {"waiting": {"reason": "A"}}}, "x"]));
    assert_eq!(verdict("containers", json!({"waiting": "A"}), &known, "00:00:00").truth, Truth::True);
    for none in
        [json!([{"state": null}]), json!([{"state": {"waiting": null}}]), json!([{"state": {"waiting": {}}}])]
    {
        assert_eq!(verdict("containers", json!({"waiting": "A"}), &of(none), "00:00:00").truth, Truth::False);
    }
}
