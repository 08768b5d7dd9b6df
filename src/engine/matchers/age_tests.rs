//! When an age is reached, and what makes it unknown.

use crate::testing::{at, explained, verdict};
use crate::truth::Truth;
use serde_json::json;

fn created(second: &str) -> serde_json::Value {
    json!({"metadata": {"creationTimestamp": format!("2026-01-01T00:{second}Z")}})
}

#[test]
fn it_is_true_at_exactly_its_boundary_and_not_a_nanosecond_before() {
    let object = created("00:00");
    let before = verdict("age", json!({"over": "6m"}), &object, "00:05:59.999999999");
    assert_eq!((before.truth, before.changes_at), (Truth::False, Some(at("00:06:00"))));
    let due = verdict("age", json!({"over": "6m"}), &object, "00:06:00");
    assert_eq!((due.truth, due.changes_at), (Truth::True, None));
    assert_eq!(due.holds_since, Some(at("00:06:00")));
}

#[test]
fn a_range_opens_and_closes() {
    let range = || json!({"over": "1m", "under": "2m"});
    let object = created("00:00");
    for (now, truth, changes) in [
        ("00:00:30", Truth::False, Some(at("00:01:00"))),
        ("00:01:00", Truth::True, Some(at("00:02:00"))),
        ("00:02:00", Truth::False, None),
    ] {
        let verdict = verdict("age", range(), &object, now);
        assert_eq!((verdict.truth, verdict.changes_at), (truth, changes), "{now}");
    }
}

#[test]
fn a_future_time_is_age_zero() {
    let object = created("50:00");
    assert_eq!(verdict("age", json!({"over": "1s"}), &object, "00:00:00").truth, Truth::False);
    assert_eq!(verdict("age", json!({"under": "1s"}), &object, "00:00:00").truth, Truth::True);
    let zero = verdict("age", json!({"over": "0s"}), &object, "00:00:00");
    assert_eq!((zero.truth, zero.changes_at, zero.holds_since), (Truth::True, None, Some(at("00:00:00"))));
    let none = json!({"under": {"valueFrom": "$.ttl"}});
    let mut carrying = created("50:00");
    carrying["ttl"] = json!("0s");
    assert_eq!(verdict("age", none, &carrying, "00:00:00").truth, Truth::False, "nothing is below 0");
}

#[test]
fn an_age_that_is_unknown_names_the_field_that_makes_it_so() {
    let told =
        |rule: serde_json::Value, object: serde_json::Value| explained("age", rule, &object, "00:00:00");
    for (rule, object, why) in [
        (json!({"over": "6m"}), json!({}), "age unknown of 6m ($.metadata.creationTimestamp is missing)"),
        (
            json!({"under": "6m", "since": "$.a"}),
            json!({"a": "soon"}),
            "age unknown, under 6m ($.a is soon, which is no time)",
        ),
        (json!({"over": "6m", "since": "$.a"}), json!({"a": 7}), "age unknown of 6m ($.a is no time)"),
        (
            json!({"over": "6m", "since": ["$.a", "$.b"]}),
            json!({"a": null}),
            "age unknown of 6m ($.a, $.b are missing)",
        ),
        (
            json!({"over": "6m", "since": "$.a[*]"}),
            json!({"a": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]}),
            "age unknown of 6m ($.a[*] is there more than once)",
        ),
        (
            json!({"over": "6m", "since": {"cel": "object.a"}}),
            json!({"a": "soon"}),
            "age unknown of 6m (its expression is soon, which is no time)",
        ),
    ] {
        assert_eq!(told(rule, object), why);
    }
    let failed = told(json!({"over": "6m", "since": {"cel": "object.a"}}), json!({}));
    assert!(failed.starts_with("age unknown of 6m (its expression fails: "), "{failed}");
}

#[test]
fn a_missing_or_unreadable_time_is_unknown() {
    for object in [
        json!({}),
        json!({"metadata": {"creationTimestamp": null}}),
        json!({"metadata": {"creationTimestamp": "yesterday"}}),
        json!({"metadata": {"creationTimestamp": 7}}),
    ] {
        assert_eq!(verdict("age", json!({"over": "1s"}), &object, "00:00:00").truth, Truth::Unknown);
    }
}

#[test]
fn what_cannot_be_read_is_named_with_its_value() {
    let told = |carried: serde_json::Value| {
        let rule = json!({"over": {"valueFrom": "$.metadata.annotations.ttl"}});
        let metadata = json!({"creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {"ttl": carried}});
        explained("age", rule, &json!({ "metadata": metadata }), "00:00:26.011")
    };
    let path = "$.metadata.annotations.ttl";
    assert_eq!(told(json!("xyz")), format!("age 26s of unknown ({path} is xyz, which is no duration)"));
    assert_eq!(told(json!(null)), format!("age 26s of unknown ({path} is missing)"));
    assert_eq!(told(json!([])), format!("age 26s of unknown ({path} is no duration)"));
    let long = format!("age 26s of unknown ({path} is {}…, which is no duration)", "x".repeat(40));
    assert_eq!(told(json!("x".repeat(41))), long);
    assert_eq!(told(json!("6m")), format!("age 26s of 6m ({path})"));
}

#[test]
fn the_first_path_that_exists_counts_even_if_it_is_unreadable() {
    let rule = || json!({"over": "1m", "since": ["$.a", "$.b"]});
    let later = json!({"b": "2026-01-01T00:00:00Z"});
    assert_eq!(verdict("age", rule(), &later, "00:01:00").truth, Truth::True);
    let broken = json!({"a": "soon", "b": "2026-01-01T00:00:00Z"});
    assert_eq!(verdict("age", rule(), &broken, "00:01:00").truth, Truth::Unknown);
}
