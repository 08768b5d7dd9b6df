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
fn one_of_several_words_or_numbers_may_stand_in_the_object_and_is_all_that_is_unknown_where_it_cannot_be_read()
 {
    for (name, key, seen, other, last) in [
        ("phase", "", json!("Failed"), json!("Lost"), false),
        ("priority", "class", json!("low"), json!("high"), false),
        ("owner", "kind", json!("Job"), json!("Pod"), false),
        ("containers", "waiting", json!("CrashLoopBackOff"), json!("Lost"), false),
        ("containers", "terminated", json!("Error"), json!("Lost"), true),
        ("containers", "exitCodes", json!(7), json!(8), true),
    ] {
        let rule = |list: Value| match (key, last) {
            ("", _) => list,
            (key, false) => json!({ key: list }),
            (key, true) => json!({ key: list, "last": true }),
        };
        let truth = |list: Value, carried: Value| verdict(name, rule(list), &pod(&carried), "00:00:00").truth;
        assert_eq!(truth(json!([other, from()]), seen.clone()), Truth::True, "{name} {key}");
        assert_eq!(truth(json!([from(), other]), other.clone()), Truth::False, "{name} {key}");
        // An entry is one word: a list in its place cannot be read.
        for unreadable in [json!(null), json!({}), json!([seen]), json!([])] {
            assert_eq!(truth(json!([other, from()]), unreadable.clone()), Truth::Unknown, "{name} {key}");
            assert_eq!(truth(json!([from(), seen]), unreadable.clone()), Truth::True, "{name} {key}");
            let told = explained(name, rule(json!([other, from()])), &pod(&unreadable), "00:00:00");
            assert!(told.contains(CARRIED), "{told}");
        }
        let asked: Vec<Vec<String>> = matcher(name, rule(json!([other, from()])))
            .unwrap()
            .asks()
            .into_iter()
            .flat_map(|asked| asked.expectations.into_iter().map(|expected| expected.at))
            .collect();
        let at: Vec<&str> = [key, "1", "valueFrom"].into_iter().filter(|key| !key.is_empty()).collect();
        assert_eq!(asked, [at], "{name} {key}: a message points at the entry");
    }
}

#[test]
fn what_is_not_there_is_none_of_the_words_only_where_all_of_them_can_be_read() {
    let bare = |carried: Value| {
        json!({
            "metadata": {"annotations": {"v": carried}}, "spec": {"priority": 5},
            "status": {"containerStatuses": [{"name": "a", "state": {"running": {}}}]},
        })
    };
    for (name, rule) in [
        ("priority", json!({"class": ["low", from()]})),
        ("owner", json!({"kind": ["Job", from()]})),
        ("containers", json!({"waiting": ["Error", from()]})),
        ("containers", json!({"exitCodes": [1, from()]})),
    ] {
        let truth = |carried: Value| verdict(name, rule.clone(), &bare(carried), "00:00:00").truth;
        assert_eq!(truth(json!("9")), Truth::False, "{name} {rule}");
        assert_eq!(truth(json!(null)), Truth::Unknown, "{name} {rule}");
    }
}

#[test]
fn min_bounds_whatever_has_an_order_from_below() {
    let field = |path: &str, operator: &str, from: Value| json!({"path": path, operator: from});
    let codes = |from: Value| json!({"exitCodes": from, "last": true});
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
        ("containers", codes(at_least(json!(7))), json!([3]), json!("7")),
        ("containers", codes(json!([8, at_least(json!(7))])), json!(-1), json!(7)),
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
