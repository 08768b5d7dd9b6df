use super::*;
use serde_json::json;

#[test]
fn what_a_schema_does_not_know_is_dropped_and_told() {
    let any = json!({"type": "object", "properties": {"a": {}}});
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "known": {"type": "string"},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"k": any}},
            "map": {"type": "object", "additionalProperties": any},
            "list": {"type": "array", "items": any},
            "object": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"spec": {"type": "object"}}},
            "whole": {"x-kubernetes-preserve-unknown-fields": true},
        }},
    }});
    let mut object = json!({
        "apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "other": 1,
        "spec": {
            "known": "x", "odd": 1, "free": {"any": {"thing": 1}, "k": {"a": 1, "z": 1}}, "map": {"k": {"a": 1, "b": 2}},
            "list": [{"a": 1, "c": 3}], "whole": [1, {"a": 1}],
            "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "A", "odd": 1}, "odd": 1, "spec": {"q": 1}},
        },
    });
    assert_eq!(
        prune(&schema, &mut object),
        [
            "other",
            "spec.free.k.z",
            "spec.list[0].c",
            "spec.map.k.b",
            "spec.object.metadata.odd",
            "spec.object.odd",
            "spec.object.spec.q",
            "spec.odd"
        ]
    );
    assert_eq!(object["spec"]["free"], json!({"any": {"thing": 1}, "k": {"a": 1}}));
    assert_eq!(object["spec"]["whole"], json!([1, {"a": 1}]));
    assert_eq!(object["metadata"]["name"], "a");
    assert_eq!(prune(&Value::Null, &mut object), Vec::<String>::new());
}

#[test]
fn defaults_are_filled_in_and_nulls_go_where_they_may_not_be() {
    let schema = json!({"properties": {
        "spec": {"properties": {
            "a": {"default": 1}, "b": {"default": {}, "properties": {"c": {"default": 2}}}, "plain": {"type": "string"},
        }},
        "list": {"type": "array", "items": {"properties": {"d": {"default": 3}}}},
        "texts": {"type": "array", "items": {"type": "string"}},
        "null": {"default": 1, "nullable": true},
        "map": {"additionalProperties": {"type": "string"}},
        "free": {"x-kubernetes-preserve-unknown-fields": true},
    }});
    let mut object = json!({
        "spec": {"a": null, "plain": null}, "list": [{}], "texts": [null], "null": null, "map": {"k": null}, "free": {"k": null},
    });
    default(&schema, &mut object);
    assert_eq!(
        object,
        json!({
            "spec": {"a": 1, "b": {"c": 2}}, "list": [{"d": 3}], "texts": [null], "null": null, "map": {}, "free": {"k": null},
        })
    );
    let mut empty = json!({});
    default(&schema, &mut empty);
    assert_eq!(empty, json!({"null": 1}), "nothing comes of a parent that is not there");
}

/// `reason field: message`, of a member `spec` with this schema.
fn told(schema: Value, value: Value) -> Vec<String> {
    let schema = json!({"type": "object", "properties": {"spec": schema}});
    let told = |cause: Cause| format!("{} {}: {}", cause.reason, cause.field, cause.message);
    validate(&schema, &json!({"spec": value})).into_iter().map(told).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of mistakes")]
fn mistakes_are_told_as_a_real_server_does() {
    let wrong = |is: &str, wanted: &str| {
        format!(
            "FieldValueTypeInvalid spec: Invalid value: \"{is}\": spec in body must be of type {wanted}: \"{is}\""
        )
    };
    let invalid = |what: &str| format!("FieldValueInvalid spec: Invalid value: {what}");
    let unknown = |what: &str| format!("FieldValueInvalid <nil>: Invalid value: \"\": {what}");
    let required = |field: &str| format!("FieldValueRequired {field}: Required value");
    let object = json!({"type": "object", "required": ["r"], "properties": {"r": {"type": "string"}}});
    let either = json!([{"required": ["a"]}, {"required": ["b"]}]);
    for (schema, value, expected) in [
        (json!({"type": "integer", "minimum": 1}), json!("x"), vec![wrong("string", "integer")]),
        (
            json!({"type": "integer"}),
            json!(1.5),
            vec![wrong("number", "integer"), unknown("Checked value must be of type integer (default format) in spec")],
        ),
        (
            json!({"type": "integer", "format": "int32"}),
            json!(3_000_000_000_u32),
            vec![unknown("Checked value must be of type integer with format int32 in spec")],
        ),
        (json!({"type": "integer", "minimum": 1}), json!(0), vec![invalid("0: spec in body should be greater than or equal to 1")]),
        (
            json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
            json!(1),
            vec![invalid("1: spec in body should be greater than 1")],
        ),
        (
            json!({"type": "integer", "maximum": 5, "exclusiveMaximum": true}),
            json!(5),
            vec![invalid("5: spec in body should be less than 5")],
        ),
        (json!({"type": "number", "multipleOf": 0.5}), json!(0.7), vec![invalid("0.7: spec in body should be a multiple of 0.5")]),
        (json!({"type": "string", "minLength": 2}), json!("a"), vec![invalid("\"a\": spec in body should be at least 2 chars long")]),
        (
            json!({"type": "string", "maxLength": 4}),
            json!("abcde"),
            vec!["FieldValueTooLong spec: Too long: may not be more than 4 bytes".to_owned()],
        ),
        (json!({"type": "string", "pattern": "^a+$"}), json!("b"), vec![invalid("\"b\": spec in body should match '^a+$'")]),
        (
            json!({"type": "string", "enum": ["a", "b"]}),
            json!(5),
            vec![
                wrong("integer", "string"),
                "FieldValueNotSupported spec: Unsupported value: 5: supported values: \"a\", \"b\"".to_owned(),
            ],
        ),
        (
            json!({"type": "integer", "enum": [1, 2]}),
            json!(3),
            vec!["FieldValueNotSupported spec: Unsupported value: 3: supported values: \"1\", \"2\"".to_owned()],
        ),
        (
            json!({"type": "array", "minItems": 1}),
            json!([]),
            vec![invalid("0: spec in body should have at least 1 items")],
        ),
        (
            json!({"type": "array", "maxItems": 1}),
            json!([1, 2]),
            vec!["FieldValueTooMany spec: Too many: 2: must have at most 1 items".to_owned()],
        ),
        (
            json!({"type": "object", "maxProperties": 1}),
            json!({"a": 1, "b": 2}),
            vec!["FieldValueTooMany spec: Too many: 2: must have at most 1 items".to_owned()],
        ),
        (
            json!({"type": "object", "minProperties": 1}),
            json!({}),
            vec![invalid("0: spec in body should have at least 1 properties")],
        ),
        (json!({"type": "array", "items": {"type": "string"}}), json!({}), vec![wrong("object", "array")]),
        (
            json!({"type": "array", "items": {"type": "string"}}),
            json!([null]),
            vec!["FieldValueTypeInvalid spec[0]: Invalid value: \"null\": spec[0] in body must be of type string: \"null\"".to_owned()],
        ),
        (object.clone(), json!({}), vec![required("spec.r")]),
        (object, json!([]), vec![wrong("array", "object")]),
        (json!({"x-kubernetes-int-or-string": true}), json!(true), vec![wrong("boolean", "integer,string")]),
        (
            json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}),
            json!(["a", "a"]),
            vec!["FieldValueDuplicate spec[1]: Duplicate value: \"a\"".to_owned()],
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}),
            json!([{"k": "a", "v": 1}, {"k": "a"}]),
            vec!["FieldValueDuplicate spec[1]: Duplicate value: {\"k\":\"a\"}".to_owned()],
        ),
        (
            json!({"type": "object", "anyOf": either}),
            json!({}),
            vec![unknown("\"spec\" must validate at least one schema (anyOf)"), required("spec.a")],
        ),
        (
            json!({"type": "object", "oneOf": either}),
            json!({}),
            vec![unknown("\"spec\" must validate one and only one schema (oneOf). Found none valid"), required("spec.a")],
        ),
        (
            json!({"type": "object", "oneOf": either}),
            json!({"a": 1, "b": 1}),
            vec![unknown("\"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives")],
        ),
        (
            json!({"type": "string", "allOf": [{"minLength": 2}, {"pattern": "^x"}]}),
            json!("y"),
            vec![
                invalid("\"y\": spec in body should be at least 2 chars long"),
                invalid("\"y\": spec in body should match '^x'"),
                unknown("\"spec\" must validate all the schemas (allOf). None validated"),
            ],
        ),
        (
            json!({"type": "object", "not": {"required": ["a"]}}),
            json!({"a": 1}),
            vec![unknown("\"spec\" must not validate the schema (not)")],
        ),
        (
            json!({"type": "object", "x-kubernetes-embedded-resource": true}),
            json!({"apiVersion": "a/b/c"}),
            vec![
                "FieldValueInvalid spec.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c".to_owned(),
                required("spec.kind"),
            ],
        ),
    ] {
        assert_eq!(told(schema.clone(), value), expected, "{schema}");
    }
}

#[test]
fn formats_that_are_cheap_are_checked() {
    for (format, right, wrong) in [
        ("date-time", "2026-01-02T03:04:05.678+01:00", "yesterday"),
        ("date", "2026-01-02", "2026-1-2"),
        ("ipv4", "10.0.0.1", "x"),
        ("ipv6", "::1", "1.2.3.4"),
        ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
        ("mac", "00:11:22:aa:bb:cc", "00:11"),
        ("uuid", "00000000-0000-4000-8000-000000000000", "x"),
        ("byte", "dGV4dA==", "!"),
        ("duration", "1h30m", "x"),
        ("hostname", "a.example.com", "a b"),
        ("anything-else", "", "\0"),
    ] {
        let schema = json!({"type": "string", "format": format});
        assert_eq!(told(schema.clone(), right.into()), Vec::<String>::new(), "{format}");
        let value = Value::from(wrong);
        let message = format!(
            "FieldValueTypeInvalid spec: Invalid value: {value}: spec in body must be of type {format}: {value}"
        );
        let expected = if format == "anything-else" { Vec::new() } else { vec![message] };
        assert_eq!(told(schema, value), expected, "{format}");
    }
}

#[test]
fn what_is_right_passes() {
    for (schema, value) in [
        (json!({"type": "number"}), json!(1)),
        (json!({"type": "integer"}), json!(2.0)),
        (json!({"x-kubernetes-int-or-string": true}), json!("50%")),
        (json!({"type": "string", "nullable": true}), Value::Null),
        (json!({"type": "string", "maxLength": 3}), json!("ééé")),
        (json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}), json!("x")),
        (json!({"type": "object", "additionalProperties": {"type": "integer"}}), json!({"a": 1})),
    ] {
        assert_eq!(told(schema.clone(), value), Vec::<String>::new(), "{schema}");
    }
}

#[test]
fn a_status_of_its_own_is_told_from_where_it_stands() {
    let schema = json!({"properties": {
        "spec": {"type": "string"}, "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
    }});
    let causes = validate_status(&schema, &json!({"spec": 1, "status": {"phase": 5}}));
    assert_eq!(
        causes,
        [Cause::new(
            "FieldValueTypeInvalid",
            "status.phase",
            "Invalid value: \"integer\": phase in body must be of type string: \"integer\""
        )]
    );
}
