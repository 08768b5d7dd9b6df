use super::super::kinds::{Kinds, Resource};
use super::*;
use std::sync::Arc;

fn kind(group: &str, plural: &str) -> Arc<Kind> {
    Arc::clone(Kinds::built_in().get(&Resource::new(group, plural)).unwrap())
}

fn config_map() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n", "finalizers": ["x.io/a"]},
        "data": {"x": "1", "y": "2"},
    })
}

fn patched(media: &str, patch: &str) -> Result<Value, Failure> {
    apply(media, patch.as_bytes(), &config_map(), &kind("", "configmaps"), "a")
}

/// Code and message; the message of an unreadable result without the result.
fn refusal(media: &str, patch: &str) -> (u16, String) {
    let failure = patched(media, patch).unwrap_err();
    let message = match failure.message.rsplit_once("}\": ") {
        Some((_, because)) => because.to_owned(),
        None => failure.message,
    };
    (failure.code, message)
}

const REJECTED: &str = "the server rejected our request due to an error in our request";

#[test]
fn what_is_no_patch_is_told_as_a_real_server_does() {
    for (media, patch, code, message) in [
        (MERGE, "", 400, "invalid JSON patch"),
        (JSON, "[{\"op\":", 400, "invalid JSON patch"),
        (STRATEGIC, "{\"a\":1} x", 400, "invalid JSON patch"),
        (MERGE, "null", 400, "Invalid JSON Patch"),
        (
            MERGE,
            "[1]",
            400,
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (STRATEGIC, "5", 400, "json: cannot unmarshal number into Go value of type map[string]interface {}"),
        (
            JSON,
            "{}",
            400,
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (
            JSON,
            "[1]",
            400,
            "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
        ),
        (
            JSON,
            r#"[{"op": 5}]"#,
            400,
            "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
        ),
        ("application/json", "{}", 415, "415: Unsupported Media Type"),
        (
            MERGE,
            r#"{"metadata": {"name": "b"}}"#,
            400,
            "the name of the object (b) does not match the name on the URL (a)",
        ),
        (
            MERGE,
            r#"{"metadata": null}"#,
            400,
            "the name of the object (a based on URL) was undeterminable: name must be provided",
        ),
        (
            MERGE,
            r#"{"metadata": {"labels": ["a"]}}"#,
            422,
            "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
        (
            MERGE,
            r#"{"metadata": {"finalizers": "x"}}"#,
            422,
            "json: cannot unmarshal string into Go struct field ObjectMeta.metadata.finalizers of type []string",
        ),
        (
            MERGE,
            r#"{"metadata": "x"}"#,
            422,
            "json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta",
        ),
        (
            MERGE,
            r#"{"metadata": {"deletionGracePeriodSeconds": "x"}}"#,
            422,
            "json: cannot unmarshal string into Go struct field ObjectMeta.metadata.deletionGracePeriodSeconds of type int64",
        ),
        (
            MERGE,
            r#"{"metadata": {"creationTimestamp": "bad"}}"#,
            422,
            "parsing time \"bad\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"bad\" as \"2006\"",
        ),
        (
            STRATEGIC,
            r#"{"metadata": {"$patch": "nope"}}"#,
            500,
            "unknown patch type: nope in map: map[$patch:nope]",
        ),
        (
            STRATEGIC,
            r#"{"metadata": {"ownerReferences": [{"name": "a"}]}}"#,
            500,
            "map: map[name:a] does not contain declared merge key: uid",
        ),
    ] {
        assert_eq!(refusal(media, patch), (code, message.to_owned()), "{media} {patch}");
    }
    assert_eq!(patched(STRATEGIC, "null").unwrap(), config_map());
    assert_eq!(patched(JSON, "null").unwrap(), config_map());
}

#[test]
fn a_json_patch_is_carried_out_or_refused_as_by_a_real_server() {
    let data = |patch: &str| {
        patched(JSON, patch).map(|object| object["data"].clone()).map_err(|failure| failure.message)
    };
    for (patch, expected) in [
        (
            r#"[{"op": "replace", "path": "/data/z", "value": "3"}]"#,
            Ok(json!({"x": "1", "y": "2", "z": "3"})),
        ),
        (r#"[{"op": "remove", "path": "/data/x"}]"#, Ok(json!({"y": "2"}))),
        (r#"[{"op": "move", "from": "/data/x", "path": "/data/y"}]"#, Ok(json!({"y": "1"}))),
        (r#"[{"op": "test", "path": "/data/x", "value": "1", "extra": 1}]"#, Ok(json!({"x": "1", "y": "2"}))),
        (r#"[{"op": "test", "path": "/data/z"}]"#, Ok(json!({"x": "1", "y": "2"}))),
        (r#"[{"op": "test", "path": "/data/x", "value": "2"}]"#, Err(())),
        (r#"[{"op": "remove", "path": "/data/x"}, {"op": "remove", "path": "/data/z"}]"#, Err(())),
        (r#"[{"op": "remove", "path": "/metadata/finalizers/7"}]"#, Err(())),
        (r#"[{"op": "add", "path": "/metadata/labels/x", "value": "1"}]"#, Err(())),
        (r#"[{"op": "replace", "path": "/metadata/labels/x", "value": "1"}]"#, Err(())),
        (r#"[{"op": "move", "from": "/data/n", "path": "/data/z"}]"#, Err(())),
        (r#"[{"op": "add", "path": "", "value": {}}]"#, Err(())),
        (r#"[{"op": "nothing", "path": "/data/x"}]"#, Err(())),
        (r#"[{"path": "/data/x"}]"#, Err(())),
        ("[null]", Err(())),
    ] {
        assert_eq!(data(patch), expected.map_err(|()| REJECTED.to_owned()), "{patch}");
    }
    let finalizers = |patch: &str| patched(JSON, patch).unwrap()["metadata"]["finalizers"].clone();
    let add = |at: &str| {
        finalizers(&format!(r#"[{{"op": "add", "path": "/metadata/finalizers/{at}", "value": "b.io/b"}}]"#))
    };
    assert_eq!(add("0"), json!(["b.io/b", "x.io/a"]));
    assert_eq!(add("-"), json!(["x.io/a", "b.io/b"]));
    assert_eq!(add("-1"), json!(["x.io/a", "b.io/b"]));
    assert_eq!(finalizers(r#"[{"op": "remove", "path": "/metadata/finalizers/-1"}]"#), json!([]));
    let failure = patched(JSON, r#"[{"op": "remove", "path": "/none"}]"#).unwrap_err();
    assert_eq!((failure.code, failure.reason, failure.details), (422, "Invalid", json!({})));
}

#[test]
fn a_json_patch_is_bounded() {
    let tests = |number: usize| {
        let test = r#"{"op": "test", "path": "/data/x", "value": "1"}"#;
        patched(JSON, &format!("[{}]", vec![test; number].join(",")))
    };
    assert!(tests(10_000).is_ok());
    let failure = tests(10_001).unwrap_err();
    assert_eq!(failure.code, 413);
    assert_eq!(
        failure.message,
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
    );
    let doubled = |at: u32| format!(r#"{{"op": "copy", "from": "/data", "path": "/data/again-{at}"}}"#);
    let patch: Vec<String> = (0..64).map(doubled).collect();
    assert_eq!(patched(JSON, &format!("[{}]", patch.join(","))).unwrap_err().message, REJECTED);
}

#[test]
fn custom_resources_are_patched_in_two_ways_and_keep_their_kind() {
    let mut things = Kind::clone(&kind("", "configmaps"));
    things.definition = Some("things.t.io".to_owned());
    things.kind = "Thing".to_owned();
    things.resource = Resource::new("t.io", "things");
    let object = json!({"apiVersion": "t.io/v1", "kind": "Thing", "metadata": {"name": "a"}});
    let refused =
        |media: &str, patch: &str| apply(media, patch.as_bytes(), &object, &things, "a").unwrap_err();
    let failure = refused(STRATEGIC, "{}");
    assert_eq!((failure.code, failure.details.clone()), (415, Value::Null));
    assert!(failure.message.ends_with("application/merge-patch+json, application/apply-patch+yaml"));
    let failure = refused(MERGE, r#"{"kind": "Other"}"#);
    assert_eq!(failure.message, "Other.t.io \"a\" is invalid: kind: Invalid value: \"Other\": must be Thing");
    let failure = refused(MERGE, r#"{"apiVersion": "x/v2"}"#);
    assert_eq!(
        failure.message,
        "Thing.x \"a\" is invalid: apiVersion: Invalid value: \"x/v2\": must be t.io/v1"
    );
    assert_eq!(refused(MERGE, r#"{"apiVersion": null}"#).code, 500);
    assert!(
        refused(JSON, r#"[{"op": "remove", "path": "/kind"}]"#)
            .message
            .contains("Object 'Kind' is missing in")
    );
    assert_eq!(refused("application/apply-patch+yaml", "{}").code, 415);
}

/// What a strategic patch makes of an object of this kind.
fn merged(of: &Kind, object: &Value, patch: Value) -> Value {
    let mut object = object.clone();
    strategic::merge(&mut object, &patch, of).unwrap();
    object
}

fn names(list: &Value, key: &str) -> String {
    list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn lists_with_a_key_are_merged_in_the_order_of_a_real_server() {
    let pods = kind("", "pods");
    let condition = |of: &str, status: &str| json!({"type": of, "status": status});
    let before = json!({"status": {"conditions": [condition("C", "True"), condition("A", "False"), condition("B", "True")]}});
    let conditions =
        |patch: Value| merged(&pods, &before, json!({"status": patch}))["status"]["conditions"].clone();
    for (patch, expected) in [
        (json!({"conditions": [{"type": "D"}, {"type": "A"}]}), "D C A B"),
        (
            json!({"$setElementOrder/conditions": [{"type": "B"}, {"type": "A"}], "conditions": [{"type": "A", "message": "x"}]}),
            "C B A",
        ),
        (
            json!({"conditions": [{"type": "A", "$patch": "delete"}, {"type": "none", "$patch": "delete"}]}),
            "C B",
        ),
        (json!({"conditions": [{"$patch": "replace"}, {"type": "Z"}]}), "Z"),
    ] {
        assert_eq!(names(&conditions(patch.clone()), "type"), expected, "{patch}");
    }
    let containers = |order: &str| -> Value {
        order.split(' ').map(|name| json!({"name": name})).collect::<Vec<_>>().into()
    };
    let four = json!({"spec": {"containers": containers("a b c d")}});
    let ordered =
        json!({"$setElementOrder/containers": containers("d b n a"), "containers": [{"name": "n"}]});
    let first = merged(&pods, &four, json!({"spec": ordered}));
    assert_eq!(names(&first["spec"]["containers"], "name"), "c d b n a");
    let second = merged(&pods, &first, json!({"spec": {"containers": containers("c m d")}}));
    assert_eq!(names(&second["spec"]["containers"], "name"), "c m d b n a");
}

#[test]
fn finalizers_are_a_set_and_taints_are_one_value() {
    let nodes = kind("", "nodes");
    let taint = |key: &str| json!({"key": key, "effect": "NoSchedule"});
    let node = json!({"metadata": {"finalizers": ["a", "b"]}, "spec": {"taints": [taint("a"), taint("b")]}});
    let finalizers =
        |patch: Value| merged(&nodes, &node, json!({"metadata": patch}))["metadata"]["finalizers"].clone();
    assert_eq!(finalizers(json!({"finalizers": ["c", "a"]})), json!(["c", "a", "b"]));
    assert_eq!(
        finalizers(json!({"finalizers": ["d"], "$setElementOrder/finalizers": ["d", "a"]})),
        json!(["d", "a", "b"])
    );
    assert_eq!(finalizers(json!({"$deleteFromPrimitiveList/finalizers": ["a"]})), json!(["b"]));
    assert_eq!(finalizers(json!({"finalizers": []})), json!(["a", "b"]));
    assert_eq!(finalizers(json!({"finalizers": null})), Value::Null);
    let patch = json!({"spec": {"taints": [taint("a")]}});
    assert_eq!(
        merged(&nodes, &node, patch)["spec"]["taints"],
        json!([taint("a")]),
        "kubectl taint sends them all"
    );
}

#[test]
fn maps_are_merged_replaced_or_keep_what_they_are_told_to() {
    let deployments = kind("apps", "deployments");
    let old = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}, "args": [1, 2]}});
    let spec = |patch: Value| merged(&deployments, &old, json!({"spec": patch}))["spec"].clone();
    assert_eq!(
        spec(json!({"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}))["strategy"],
        json!({"type": "Recreate"})
    );
    assert_eq!(
        spec(json!({"strategy": {"$patch": "replace", "type": "x"}}))["strategy"],
        json!({"type": "x"})
    );
    assert_eq!(spec(json!({"$patch": "delete"})), json!({}));
    assert_eq!(spec(json!({"args": [3]}))["args"], json!([3]));
    assert_eq!(
        spec(json!({"strategy": {"rollingUpdate": null}}))["strategy"],
        json!({"type": "RollingUpdate"})
    );
    assert_eq!(spec(json!({"new": {"a": null, "b": [{"c": null}]}}))["new"], json!({"b": [{}]}));
}
