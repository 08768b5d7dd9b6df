//! What operators make of the nodes at a path.

use crate::descriptor::FaultKind;
use crate::testing::{at, matcher, verdict};
use crate::truth::Truth;
use serde_json::{Value, json};

fn truth(rule: Value, object: &Value) -> Truth {
    verdict("field", rule, object, "01:00:00").truth
}

#[test]
fn operators_on_one_node() {
    let object = json!({"t": "Failed", "n": 5, "b": true, "q": "500m", "d": "5m", "l": [1, 2], "e": [],
        "time": "2026-01-01T00:30:00Z", "digits": "12", "z": null});
    let (yes, no, unknown) = (Truth::True, Truth::False, Truth::Unknown);
    for (rule, expected) in [
        (json!({"path": "$.t", "equals": "Failed"}), yes),
        (json!({"path": "$.t", "notEquals": "Failed"}), no),
        (json!({"path": "$.t", "equals": 5}), unknown),
        (json!({"path": "$.t", "notEquals": 5}), unknown),
        (json!({"path": "$.n", "equals": "5"}), unknown),
        (json!({"path": "$.n", "equals": 5.0}), yes),
        (json!({"path": "$.b", "equals": true}), yes),
        (json!({"path": "$.t", "in": ["Failed", "Error"]}), yes),
        (json!({"path": "$.t", "in": ["Error", 3]}), unknown),
        (json!({"path": "$.t", "notIn": ["Error"]}), yes),
        (json!({"path": "$.n", "in": ["a"]}), unknown),
        (json!({"path": "$.none", "notIn": ["a"]}), unknown),
        (json!({"path": "$.t", "matches": "Fail"}), no),
        (json!({"path": "$.t", "matches": "Fail.*"}), yes),
        (json!({"path": "$.t", "glob": "F*"}), yes),
        (json!({"path": "$.n", "glob": "*"}), unknown),
        (json!({"path": "$.n", "gt": 4, "lte": 5}), yes),
        (json!({"path": "$.n", "gt": 5}), no),
        (json!({"path": "$.digits", "gt": 4}), unknown),
        (json!({"path": "$.digits", "gt": 4, "as": "number"}), yes),
        (json!({"path": "$.q", "gte": "0.5", "as": "quantity"}), yes),
        (json!({"path": "$.n", "gt": "4500m", "as": "quantity"}), yes),
        (json!({"path": "$.d", "gt": "299s", "as": "duration"}), yes),
        (json!({"path": "$.q", "equals": "0.5", "as": "quantity"}), yes),
        (json!({"path": "$.q", "equals": "0.5"}), no),
        (json!({"path": "$.time", "before": "2026-01-01T01:00:00Z"}), yes),
        (json!({"path": "$.time", "after": "2026-01-01T01:00:00Z"}), no),
        (json!({"path": "$.t", "olderThan": "1m"}), unknown),
        (json!({"path": "$.l", "size": "== 2"}), yes),
        (json!({"path": "$.e", "size": "== 0"}), yes),
        (json!({"path": "$.t", "size": "> 0"}), unknown),
        (json!({"path": "$.z", "exists": true}), no),
        (json!({"path": "$.z", "exists": false}), yes),
        (json!({"path": "$.none", "exists": false}), yes),
        (json!({"path": "$.none", "equals": "a"}), unknown),
        (json!({"path": "$.none", "exists": true, "equals": "a"}), unknown),
        (json!({"path": "$.none", "exists": true, "default": "a", "equals": "a"}), no),
        (json!({"path": "$.n", "glob": "5", "as": "string"}), yes),
        (json!({"path": "$.b", "matches": "t.*", "as": "string"}), yes),
        (json!({"path": "$.l", "glob": "*", "as": "string"}), unknown),
        (json!({"path": "$.none", "default": 0, "equals": 0}), yes),
        (json!({"path": "$.none", "default": [], "size": "== 0"}), yes),
        (json!({"path": "$.n", "default": 0, "equals": 0}), no),
    ] {
        assert_eq!(truth(rule.clone(), &object), expected, "{rule}");
    }
}

#[test]
fn several_nodes_need_any_or_all() {
    let object = json!({"l": [{"n": 1}, {"n": 3}, {"m": 1}], "odd": ["a", null], "e": []});
    let (yes, no, unknown) = (Truth::True, Truth::False, Truth::Unknown);
    for (rule, expected) in [
        (json!({"path": "$.l[*].n", "gt": 2}), unknown),
        (json!({"path": "$.l[*].n", "any": {"gt": 2}}), yes),
        (json!({"path": "$.l[*].n", "all": {"gt": 2}}), no),
        (json!({"path": "$.l[*].n", "all": {"gt": 0}}), yes),
        (json!({"path": "$.l[*].m", "gt": 0}), yes),
        (json!({"path": "$.l[*].none", "any": {"gt": 2}}), unknown),
        (json!({"path": "$.e[*]", "all": {"gt": 2}}), unknown),
        (json!({"path": "$.odd[*]", "any": {"equals": "a"}}), yes),
        (json!({"path": "$.odd[*]", "all": {"equals": "a"}}), unknown),
        (json!({"path": "$.l[*].n", "exists": true}), yes),
    ] {
        assert_eq!(truth(rule.clone(), &object), expected, "{rule}");
    }
}

#[test]
fn times_change_by_themselves() {
    let object = json!({"time": "2026-01-01T00:30:00Z"});
    let older = verdict("field", json!({"path": "$.time", "olderThan": "31m"}), &object, "01:00:00");
    assert_eq!((older.truth, older.changes_at), (Truth::False, Some(at("01:01:00"))));
    let newer = verdict("field", json!({"path": "$.time", "newerThan": "31m"}), &object, "01:00:00");
    assert_eq!((newer.truth, newer.changes_at), (Truth::True, Some(at("01:01:00"))));
}

#[test]
fn an_operand_that_could_be_two_types_needs_as() {
    let fault = matcher("field", json!({"path": "$.a", "gt": "500m"})).unwrap_err();
    assert_eq!((fault.kind, fault.at), (FaultKind::Ambiguous, vec!["gt".to_owned()]));
    assert!(matcher("field", json!({"path": "$.a", "gt": "1Gi"})).is_ok());
    assert!(matcher("field", json!({"path": "$.a", "gt": "90s"})).is_ok());
    for (operator, help) in [
        (json!({"equals": "500m"}), "`as: string` or `as: quantity` or `as: duration`"),
        (json!({"notEquals": "1Gi"}), "`as: string` or `as: quantity` beside it"),
        (json!({"in": ["a", "1h30m"]}), "`as: string` or `as: duration` beside it"),
        (json!({"notIn": ["90s"]}), "`as: string` or `as: duration` beside it"),
        (json!({"any": {"equals": "5m"}}), "`as: string` or `as: quantity` or `as: duration`"),
    ] {
        let rule = |extra: Value| {
            let mut rule = json!({"path": "$.a"});
            for part in [&operator, &extra] {
                rule.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
            }
            matcher("field", rule)
        };
        let fault = rule(json!({})).unwrap_err();
        assert!(fault.kind == FaultKind::Ambiguous && fault.help.contains(help), "{fault:?}");
        assert!(rule(json!({"as": "string"})).is_ok(), "{operator}");
    }
    for text in ["5", "1.5", "2e3", "Failed", "m", "1x", "2026-01-01T00:00:00Z", "", "v1"] {
        assert!(matcher("field", json!({"path": "$.a", "equals": text})).is_ok(), "{text}");
    }
    // What the object carries is a text, as the field is.
    let carried = json!({"path": "$.a", "equals": {"valueFrom": "$.b"}});
    assert_eq!(truth(carried, &json!({"a": "5m", "b": "5m"})), Truth::True);
    let words = matcher("field", json!({"path": "$.a", "gt": "many"})).unwrap_err();
    assert_eq!(words.kind, FaultKind::BadOperand);
    let wrong = matcher("field", json!({"path": "$.a", "in": ["1Gi", "x"], "as": "quantity"})).unwrap_err();
    assert_eq!((wrong.kind, wrong.at), (FaultKind::BadOperand, vec!["in".to_owned(), "1".to_owned()]));
}

#[test]
fn what_can_never_be_true_is_a_fault() {
    for rule in [
        json!({"path": "$.a", "equals": "x", "notEquals": "x"}),
        json!({"path": "$.a", "equals": "x", "in": ["y"]}),
        json!({"path": "$.a", "equals": "x", "notIn": ["x"]}),
        json!({"path": "$.a", "in": ["x"], "notIn": ["x", "y"]}),
        json!({"path": "$.a", "equals": "x", "glob": "y*"}),
        json!({"path": "$.a", "equals": "x", "matches": "y"}),
        json!({"path": "$.a", "gt": 5, "lt": 5}),
        json!({"path": "$.a", "gte": 5, "lt": 5}),
        json!({"path": "$.a", "gt": "2Gi", "lt": "1Gi"}),
        json!({"path": "$.a", "equals": 7, "lt": 5}),
        json!({"path": "$.a", "olderThan": "2h", "newerThan": "1h"}),
        json!({"path": "$.a", "before": "2026-01-01T00:00:00Z", "after": "2026-01-01T00:00:00Z"}),
        json!({"path": "$.a", "exists": false, "equals": "x"}),
        json!({"path": "$.a", "size": "< 0"}),
        json!({"path": "$.a", "any": {"gt": 5, "lt": 4}}),
    ] {
        let fault = matcher("field", rule.clone()).map(|_| ()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::NeverTrue, "{rule}");
    }
    assert!(matcher("field", json!({"path": "$.a", "gte": 5, "lte": 5})).is_ok());
    assert!(matcher("field", json!({"path": "$.a"})).is_err());
    assert!(matcher("field", json!({"path": "$.a", "any": {}})).is_err());
}
