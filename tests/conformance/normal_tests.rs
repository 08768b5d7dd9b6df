//! Names stay the same for the same value, and tell values apart.

use serde_json::json;

use crate::normal::{Names, View};

#[test]
fn equal_values_have_equal_names_and_others_have_others() {
    let mut names = Names::new("case-abc");
    let uid = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let object = |version: &str| {
        json!({"metadata": {
            "name": "a", "namespace": "case-abc", "resourceVersion": version, "uid": uid,
            "creationTimestamp": "2026-01-02T03:04:05Z", "managedFields": [],
        }})
    };
    let expected = |version: &str| {
        json!({"metadata": {
            "name": "a", "namespace": "<ns>", "resourceVersion": version, "uid": "<uid-1>",
            "creationTimestamp": "<time>",
        }})
    };
    for (version, name) in [("1001", "<rv-1>"), ("1002", "<rv-2>"), ("1001", "<rv-1>")] {
        assert_eq!(names.normal(&object(version), &View::default()), expected(name));
    }
    let message = json!({"message": format!("{uid} at 1002, current: 17, of 2026-01-02T03:04:05.678Z")});
    let normal = names.normal(&message, &View::default());
    assert_eq!(normal, json!({"message": "<uid-1> at <rv-2>, current: <now>, of <time>"}));
    assert_eq!(names.fill("/<ns>?resourceVersion=<rv-2>"), "/case-abc?resourceVersion=1002");
}

#[test]
fn the_version_of_a_list_is_known_again_only_where_it_was_asked_for() {
    let mut names = Names::new("case-abc");
    let list = |token: &str| json!({"items": [], "metadata": {"resourceVersion": "1005", "continue": token}});
    let expected = |version: &str, token: &str| json!({"items": [], "metadata": {"resourceVersion": version, "continue": token}});
    let view = View::of("/a?limit=1", &list(""));
    assert_eq!(names.normal(&list("t1"), &view), expected("<at-1>", "<continue-1>"));
    assert_eq!(names.normal(&list("t2"), &view), expected("<at-2>", "<continue-2>"));
    let view = View::of("/a?limit=1&continue=<continue-1>", &list(""));
    assert_eq!(names.normal(&list("t3"), &view), expected("<at-1>", "<continue-3>"));
    let view = View::of("/a?resourceVersion=<at-2>&resourceVersionMatch=Exact", &list(""));
    assert_eq!(names.normal(&list(""), &view), expected("<at-2>", ""));
}

#[test]
fn generated_names_and_ages_are_named() {
    let mut names = Names::new("case-abc");
    let object =
        json!({"metadata": {"generateName": "a-", "name": "a-xyz12"}, "cells": ["a-xyz12", "12s", 3]});
    let expected =
        json!({"metadata": {"generateName": "a-", "name": "<name-1>"}, "cells": ["<name-1>", "<age>", 3]});
    // Fields come in order, and what is learned later is known from then on.
    names.normal(&object, &View::default());
    assert_eq!(names.normal(&object, &View::default()), expected);
}
