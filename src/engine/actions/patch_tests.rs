//! Which patches there are, what each asks for, and what none may change.

use crate::descriptor::FaultKind;
use crate::effect::{Effect, Inapplicable};
use crate::testing::{action, effect};
use serde_json::{Value, json};

#[test]
fn a_merge_is_sent_unless_the_object_is_as_it_would_leave_it() {
    for (merge, object, sent) in [
        (json!({"spec": {"a": 1}}), json!({}), true),
        (json!({"spec": {"a": 1}}), json!({"spec": {"a": 2}}), true),
        (json!({"spec": {"a": 1}}), json!({"spec": {"a": 1, "b": 2}}), false),
        (json!({"spec": {"a": 1}}), json!({"spec": "text"}), true),
        (json!({"spec": {"a": null}}), json!({"spec": {"a": 1}}), true),
        (json!({"spec": {"a": null}}), json!({"spec": {"a": null}}), true),
        (json!({"spec": {"a": null}}), json!({"spec": {"b": 1}}), false),
        (json!({"spec": {"a": null}}), json!({}), false),
        (json!({"spec": {"a": {}}}), json!({"spec": {}}), true),
        (json!({"spec": {"a": {}}}), json!({"spec": {"a": {"b": 1}}}), false),
        (json!({"spec": {"a": [1, 2]}}), json!({"spec": {"a": [1, 2, 3]}}), true),
        (json!({"spec": {"a": [1, 2]}}), json!({"spec": {"a": [1, 2]}}), false),
        (json!({"spec": {"a": []}}), json!({}), true),
        (json!({"metadata": {"labels": {"a/b": "1"}}}), json!({"metadata": {"labels": {"a/b": "1"}}}), false),
        (json!({"spec": {"a": 1, "b": 2}}), json!({"spec": {"a": 1}}), true),
    ] {
        let found = effect("patch", json!({ "merge": merge }), &object);
        match &found {
            Ok(Effect::Patch { change, part: None, .. }) => {
                assert!(sent, "{merge} on {object}");
                let once = change.applied(&object).unwrap();
                assert_eq!(change.is_made(&once), Ok(true), "{merge} on {object}");
            }
            other => {
                assert_eq!((other, sent), (&Err(Inapplicable::NothingToDo), false), "{merge} on {object}");
            }
        }
    }
}

#[test]
fn operations_are_sent_where_they_apply_and_change_something() {
    let operation = |op: &str, path: &str, value: Value| json!({"op": op, "path": path, "value": value});
    let unfit = |error: &str| Some(Inapplicable::Unfit { why: format!("the patch does not apply: {error}") });
    let nothing = Some(Inapplicable::NothingToDo);
    for (operations, object, held) in [
        (json!([operation("replace", "/spec/a", json!(1))]), json!({"spec": {"a": 2}}), None),
        (json!([operation("replace", "/spec/a", json!(1))]), json!({"spec": {"a": 1}}), nothing.clone()),
        (
            json!([operation("replace", "/spec/a", json!(1))]),
            json!({"spec": {}}),
            unfit("/spec/a: path is invalid"),
        ),
        (json!([operation("add", "/spec/a", json!(null))]), json!({"spec": {}}), None),
        (json!([operation("add", "/spec/list/-", json!(3))]), json!({"spec": {"list": [1, 2]}}), None),
        (json!([operation("add", "/spec/a", json!(1))]), json!({}), unfit("/spec/a: path is invalid")),
        (json!([{"op": "remove", "path": "/spec/list/1"}]), json!({"spec": {"list": [1, 2]}}), None),
        (
            json!([{"op": "remove", "path": "/spec/list/2"}]),
            json!({"spec": {"list": [1, 2]}}),
            unfit("/spec/list/2: path is invalid"),
        ),
        (
            json!([operation("test", "/spec/a", json!("x")), {"op": "remove", "path": "/spec/b"}]),
            json!({"spec": {"a": "x", "b": 1}}),
            None,
        ),
        (
            json!([operation("test", "/spec/a", json!("x")), {"op": "remove", "path": "/spec/b"}]),
            json!({"spec": {"a": "y", "b": 1}}),
            unfit("/spec/a: value did not match"),
        ),
        (
            json!([{"op": "move", "from": "/spec/a", "path": "/spec/b~1c"}]),
            json!({"spec": {"a": "y", "b": 1}}),
            None,
        ),
        (
            json!([{"op": "copy", "from": "/status/a", "path": "/spec/a"}]),
            json!({"spec": {}}),
            unfit("/spec/a: \"from\" path is invalid"),
        ),
        (
            json!([{"op": "copy", "from": "/status/a", "path": "/spec/a"}]),
            json!({"spec": {"a": 1}, "status": {"a": 1}}),
            nothing,
        ),
    ] {
        let found = effect("patch", json!({ "json": operations }), &object);
        assert_eq!(found.err(), held, "{operations} on {object}");
    }
}

#[test]
fn a_scale_is_another_object_so_operations_on_it_are_left_to_the_server() {
    let operations = json!([{"op": "replace", "path": "/spec/replicas", "value": 0}]);
    let patch = json!({"json": operations, "subresource": "scale"});
    let found = effect("patch", patch.clone(), &json!({"spec": {"instances": 3}}));
    assert!(matches!(found, Ok(Effect::Patch { part: Some("scale"), .. })), "{found:?}");
    let same = effect("patch", patch, &json!({"spec": {"replicas": 0}}));
    assert_eq!(same, Err(Inapplicable::NothingToDo));
}

fn fault(arguments: Value) -> (FaultKind, String) {
    let fault = action("patch", arguments.clone()).map(|_| ()).expect_err(&arguments.to_string());
    (fault.kind, fault.at.join("."))
}

#[test]
fn what_makes_an_object_what_it_is_and_keeps_it_cannot_be_patched() {
    for place in [
        "/metadata/uid",
        "/metadata/name",
        "/metadata/namespace",
        "/metadata/resourceVersion",
        "/metadata/deletionTimestamp",
        "/metadata/managedFields",
        "/metadata/finalizers",
        "/metadata/finalizers/0",
        "/metadata/finalizers/-",
        "/metadata/ownerReferences/0/controller",
        "/metadata",
        "/apiVersion",
        "/kind",
        "/spec/finalizers",
        "/spec",
        "",
    ] {
        for operation in [
            json!({"op": "add", "path": place, "value": []}),
            json!({"op": "replace", "path": place, "value": []}),
            json!({"op": "remove", "path": place}),
            json!({"op": "copy", "from": "/spec", "path": place}),
            json!({"op": "move", "from": "/spec", "path": place}),
        ] {
            let (kind, at) = fault(json!({ "json": [operation] }));
            assert_eq!((kind, &*at), (FaultKind::Untouchable, "json.0.path"), "{place}");
        }
        let moved = json!({"op": "move", "from": place, "path": "/spec/a"});
        assert_eq!(fault(json!({ "json": [moved] })), (FaultKind::Untouchable, "json.0.from".to_owned()));
        // What only looks is no change.
        let test = json!({"op": "test", "path": place, "value": 1});
        let copy = json!({"op": "copy", "from": place, "path": "/spec/a"});
        assert!(action("patch", json!({ "json": [test, copy] })).is_ok());
    }
    for merge in [
        json!({"metadata": {"uid": "a"}}),
        json!({"metadata": {"name": null}}),
        json!({"metadata": {"finalizers": null}}),
        json!({"metadata": {"finalizers": []}}),
        json!({"metadata": {"ownerReferences": []}}),
        json!({"metadata": {"labels": {"a": "b"}, "finalizers": ["x"]}}),
        json!({"metadata": null}),
        json!({"metadata": {}}),
        json!({"kind": "Pod"}),
        json!({"spec": {"finalizers": []}}),
        json!({"spec": null}),
        json!({"spec": {}}),
    ] {
        let (kind, at) = fault(json!({ "merge": merge }));
        assert_eq!(kind, FaultKind::Untouchable, "{merge}");
        assert!(at.starts_with("merge."), "{at}");
    }
    assert!(
        action("patch", json!({"merge": {"metadata": {"labels": null, "annotations": {"a": "b"}}}})).is_ok()
    );
    assert!(action("patch", json!({"merge": {"spec": {"template": {"metadata": {"name": "x"}}}}})).is_ok());
}

#[test]
fn a_patch_that_is_none_is_a_fault_at_its_place() {
    for (arguments, kind, at) in [
        (json!({}), FaultKind::MissingKey, ""),
        (json!({"merge": {"a": 1}, "json": [{"op": "remove", "path": "/a"}]}), FaultKind::Conflict, "json"),
        (json!({"merge": {}}), FaultKind::BadOperand, "merge"),
        (json!({"merge": [1]}), FaultKind::BadOperand, "merge"),
        (json!({"merge": "a"}), FaultKind::BadOperand, "merge"),
        (json!({"json": [{"op": "remove", "path": "spec"}]}), FaultKind::BadOperand, "json.0.path"),
        (json!({"json": [{"op": "remove", "path": "/a~2"}]}), FaultKind::BadOperand, "json.0.path"),
        (json!({"json": [{"op": "add", "path": "/a"}]}), FaultKind::MissingKey, "json.0"),
        (json!({"json": [{"op": "test", "path": "/a"}]}), FaultKind::MissingKey, "json.0"),
        (json!({"json": [{"op": "move", "path": "/a"}]}), FaultKind::MissingKey, "json.0"),
        (json!({"json": [{"op": "remove", "path": "/a", "value": 1}]}), FaultKind::Conflict, "json.0.value"),
        (
            json!({"json": [{"op": "remove", "path": "/b"}, {"op": "add", "path": "/a", "from": "/b", "value": 1}]}),
            FaultKind::Conflict,
            "json.1.from",
        ),
    ] {
        assert_eq!(fault(arguments.clone()), (kind, at.to_owned()), "{arguments}");
    }
}

#[test]
fn values_that_the_object_carries_are_written_with_their_types_or_nothing_is() {
    let object =
        json!({"metadata": {"annotations": {"strategy": "Halted"}}, "spec": {"n": 3, "map": {"a": 1}}});
    let from = |path: &str| json!({ "valueFrom": path });
    let merged = json!({"merge": {"spec": {"strategy": from("$.metadata.annotations.strategy"),
        "list": [from("$.spec.n"), {"valueFrom": {"fieldRef": {}}}], "copy": from("$.spec.map")}}});
    let Ok(Effect::Patch { change, told, .. }) = effect("patch", merged.clone(), &object) else {
        panic!("not sent");
    };
    let after = change.applied(&object).unwrap();
    let written = json!({"strategy": "Halted", "list": [3, {"valueFrom": {"fieldRef": {}}}], "copy": {"a": 1},
        "n": 3, "map": {"a": 1}});
    assert_eq!(after["spec"], written);
    assert_eq!(told, "patched: spec.copy, spec.list, spec.strategy");
    assert_eq!(effect("patch", merged, &after), Err(Inapplicable::NothingToDo));
    let operation = json!({"json": [{"op": "add", "path": "/spec/m", "value": from("$.spec.n")}]});
    let Ok(Effect::Patch { change, .. }) = effect("patch", operation, &object) else { panic!("not sent") };
    assert_eq!(change.applied(&object).unwrap()["spec"]["m"], 3);
    for path in ["$.spec.none", "$.spec.map.*", "$.spec['n','n']"] {
        let found = effect("patch", json!({"merge": {"spec": {"a": from(path)}}}), &object);
        let is_one = path == "$.spec.map.*";
        assert_eq!(matches!(found, Err(Inapplicable::Unreadable { .. })), !is_one, "{path}: {found:?}");
    }
}

#[test]
fn what_the_object_carries_cannot_change_what_no_rule_may() {
    let object = json!({"spec": {"evil": {"finalizers": []}, "finalizers": ["kubernetes"]}});
    let found = effect("patch", json!({"merge": {"spec": {"valueFrom": "$.spec.evil"}}}), &object);
    assert!(matches!(found, Err(Inapplicable::Unreadable { .. })), "{found:?}");
    for nothing in [json!(null), json!("text"), json!([])] {
        let object = json!({"spec": {"evil": nothing, "finalizers": ["kubernetes"]}});
        let found = effect("patch", json!({"merge": {"spec": {"valueFrom": "$.spec.evil"}}}), &object);
        assert!(matches!(found, Err(Inapplicable::Unreadable { .. })), "{nothing}: {found:?}");
    }
    for (merge, at) in [
        (json!({"metadata": {"valueFrom": "$.spec"}}), &["merge", "metadata"][..]),
        (
            json!({"metadata": {"finalizers": {"valueFrom": "$.spec"}}}),
            &["merge", "metadata", "finalizers"][..],
        ),
        (json!({"spec": {"a": {"valueFrom": "$.["}}}), &["merge", "spec", "a", "valueFrom"][..]),
        (json!({"spec": {"a": {"valueFrom": "$.a", "min": 1}}}), &["merge", "spec", "a", "min"][..]),
    ] {
        assert_eq!(action("patch", json!({ "merge": merge })).map(|_| ()).unwrap_err().at, at, "{merge}");
    }
}
