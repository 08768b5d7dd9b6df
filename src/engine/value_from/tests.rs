use serde_json::{Value, json};

use crate::effect::{Effect, Inapplicable};
use crate::testing::{effect, explained, matcher, verdict};
use crate::truth::Truth;

const CARRIED: &str = "$.metadata.annotations.v";

fn from() -> Value {
    json!({ "valueFrom": CARRIED })
}

fn at_least(min: Value) -> Value {
    json!({ "valueFrom": CARRIED, "min": min })
}

/// A pod that carries a value, of which everything that is asked below is true.
fn pod(carried: &Value) -> Value {
    let ended = json!({"terminated": {"reason": "Error", "exitCode": 7}});
    json!({
        "metadata": {"annotations": {"v": carried}, "ownerReferences": [{"kind": "Job", "name": "j", "uid": "1"}]},
        "spec": {"priority": 5, "priorityClassName": "low", "n": 5, "q": "500m", "t": "2026-01-01T00:00:05Z"},
        "status": {"phase": "Failed", "containerStatuses": [
            {"name": "a", "restartCount": 4, "ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
             "lastState": ended},
        ]},
    })
}

#[test]
fn words_and_numbers_of_every_matcher_may_stand_in_the_object_alone_or_in_a_list() {
    for (name, rule, word) in [
        ("phase", from(), json!("Failed")),
        ("priority", json!({"class": from()}), json!("low")),
        ("owner", json!({"kind": from()}), json!("Job")),
        ("containers", json!({"waiting": from()}), json!("CrashLoopBackOff")),
        ("containers", json!({"terminated": from(), "last": true}), json!("Error")),
        ("containers", json!({"exitCodes": from(), "last": true}), json!(7)),
        ("containers", json!({"exitCodes": from(), "last": true}), json!("7")),
    ] {
        let truth = |carried: Value| verdict(name, rule.clone(), &pod(&carried), "00:00:00").truth;
        assert_eq!(truth(word.clone()), Truth::True, "{name} {rule}");
        assert_eq!(truth(json!(["8", word])), Truth::True, "{name} {rule}");
        assert_eq!(truth(json!("9")), Truth::False, "{name} {rule}");
        assert_eq!(truth(json!([])), Truth::False, "{name} {rule}: one of none");
        for unreadable in [json!(null), json!({}), json!([[]]), json!([null])] {
            assert_eq!(truth(unreadable.clone()), Truth::Unknown, "{name} {rule} {unreadable}");
            let told = explained(name, rule.clone(), &pod(&unreadable), "00:00:00");
            assert!(told.contains(CARRIED), "{told}");
        }
        let negated =
            |carried: Value| verdict("not", json!({ name: rule.clone() }), &pod(&carried), "00:00:00").truth;
        assert_eq!(negated(json!(null)), Truth::Unknown, "{name} {rule}");
    }
}

#[test]
fn min_bounds_whatever_has_an_order_from_below() {
    let field = |path: &str, operator: &str, from: Value| json!({"path": path, operator: from});
    let quantity = json!({"path": "$.spec.q", "lt": at_least(json!("1")), "as": "quantity"});
    for (name, rule, low, high) in [
        // The number of 5 is below what is carried only where that is raised to 6.
        ("field", field("$.spec.n", "lt", at_least(json!(6))), json!(3), json!(7)),
        ("field", quantity, json!("100m"), json!("2")),
        (
            "field",
            field("$.spec.t", "before", at_least(json!("2026-01-01T00:00:06Z"))),
            json!("2026-01-01T00:00:01Z"),
            json!("2026-01-01T00:00:07Z"),
        ),
        ("priority", json!({"below": at_least(json!(6))}), json!(-3), json!("7")),
        ("containers", json!({"restarts": at_least(json!(5))}), json!("< 2"), json!("< 6")),
    ] {
        for carried in [low, high] {
            let found = verdict(name, rule.clone(), &pod(&carried), "00:00:00").truth;
            assert_eq!(found, Truth::True, "{name} {rule} {carried}");
        }
        assert_eq!(
            verdict(name, rule.clone(), &pod(&json!("x")), "00:00:00").truth,
            Truth::Unknown,
            "{rule}"
        );
    }
    // What cannot be compared with its bound is not known to be above it.
    let mixed = field("$.spec.n", "notEquals", at_least(json!(6)));
    assert_eq!(verdict("field", mixed, &pod(&json!("text")), "00:00:00").truth, Truth::Unknown);
    let replicas = json!({"replicas": at_least(json!(1))});
    let told = |carried: Value| match effect("scale", replicas.clone(), &pod(&carried)) {
        Ok(Effect::Patch { told, .. }) => told,
        other => panic!("{other:?}"),
    };
    assert_eq!((told(json!("0")), told(json!("3"))), ("scaled to 1".to_owned(), "scaled to 3".to_owned()));
}

#[test]
fn a_bound_must_be_of_one_type() {
    let fault = |rule: Value| matcher("field", rule).map(|_| ()).unwrap_err();
    let ambiguous = fault(json!({"path": "$.a", "lt": at_least(json!("500m"))}));
    assert_eq!(ambiguous.at, ["lt", "min"]);
    assert!(
        matcher("field", json!({"path": "$.a", "as": "duration", "lt": at_least(json!("500m"))})).is_ok()
    );
}

#[test]
fn how_long_an_eviction_is_tried_and_what_is_told_may_stand_in_the_object() {
    let evict = |carried: Value| effect("evict", json!({"giveUp": from()}), &pod(&carried));
    let Ok(Effect::Evict { give_up, .. }) = evict(json!("90s")) else { panic!("no eviction") };
    assert_eq!(give_up.as_secs(), 90);
    assert!(matches!(evict(json!("soon")), Err(Inapplicable::Unreadable { .. })));
    let log = |carried: Value| effect("log", json!({"message": from()}), &pod(&carried));
    assert_eq!(log(json!("{{name}} leaked")), Ok(Effect::Log { message: "{{name}} leaked".to_owned() }));
    assert_eq!(log(json!(7)), Ok(Effect::Log { message: "7".to_owned() }));
    assert!(matches!(log(json!(null)), Err(Inapplicable::Unreadable { .. })));
    let event = effect("event", json!({"message": from()}), &pod(&json!([])));
    assert!(matches!(event, Err(Inapplicable::Unreadable { .. })), "{event:?}");
}
