//! Whether values are as a schema wants them, in the words of a real API server.

use serde_json::Value;

use super::super::failure::Cause;

/// What is wrong with an object.
#[must_use]
pub fn validate(schema: &Value, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if schema.is_object() {
        // Metadata is checked by rules of its own.
        let mut object = object.clone();
        if let Some(members) = object.as_object_mut() {
            members.remove("metadata");
        }
        check(schema, &object, "", &mut causes);
    }
    causes
}

/// The same of the status alone, when that is written. In messages, the fields then begin at the status.
#[must_use]
pub fn validate_status(schema: &Value, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let status = &schema["properties"]["status"];
    if status.is_object() && !object["status"].is_null() {
        check(status, &object["status"], "", &mut causes);
    }
    causes.into_iter().map(|cause| Cause { field: join("status", &cause.field), ..cause }).collect()
}

fn check(schema: &Value, value: &Value, path: &str, causes: &mut Vec<Cause>) {
    if value.is_null() {
        if schema["nullable"] != true && !path.is_empty() && schema["type"].is_string() {
            causes.push(wrong_type(schema["type"].as_str().unwrap_or_default(), value, path));
        }
        return;
    }
    if let Some(cause) = check_type(schema, value, path) {
        causes.push(cause);
        return;
    }
    check_choices(schema, value, path, causes);
    match value {
        Value::Object(members) => {
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !members.contains_key(name) && (!path.is_empty() || name != "metadata") {
                    causes.push(Cause::new("FieldValueRequired", join(path, name), "Required value"));
                }
            }
            let properties = schema["properties"].as_object();
            for (name, member) in members {
                let known = properties.and_then(|properties| properties.get(name));
                let additional = Some(&schema["additionalProperties"]).filter(|schema| schema.is_object());
                if let Some(schema) = known.or(additional) {
                    check(schema, member, &join(path, name), causes);
                }
            }
            bound(schema, "minProperties", "maxProperties", members.len(), "properties", path, value, causes);
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                check(&schema["items"], item, &format!("{path}[{at}]"), causes);
            }
            bound(schema, "minItems", "maxItems", items.len(), "items", path, value, causes);
        }
        Value::String(text) => {
            bound(schema, "minLength", "maxLength", text.chars().count(), "chars long", path, value, causes);
            check_pattern(schema, text, path, causes);
            check_format(schema, text, path, causes);
        }
        Value::Number(number) => {
            check_number(schema, number.as_f64().unwrap_or_default(), value, path, causes);
        }
        _ => {}
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn invalid(path: &str, value: &Value, message: &str) -> Cause {
    let field = if path.is_empty() { "<nil>" } else { path };
    Cause::new("FieldValueInvalid", field, format!("Invalid value: {value}: {path} in body {message}"))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn wrong_type(wanted: &str, value: &Value, path: &str) -> Cause {
    let is = type_of(value);
    let message = format!("Invalid value: {is:?}: {path} in body must be of type {wanted}: {is:?}");
    Cause::new("FieldValueTypeInvalid", path, message)
}

fn check_type(schema: &Value, value: &Value, path: &str) -> Option<Cause> {
    let is = type_of(value);
    if schema["x-kubernetes-int-or-string"] == true {
        return (!["integer", "string"].contains(&is)).then(|| wrong_type("integer,string", value, path));
    }
    let wanted = schema["type"].as_str()?;
    let fits = wanted == is || (wanted == "number" && is == "integer");
    (!fits).then(|| wrong_type(wanted, value, path))
}

fn check_choices(schema: &Value, value: &Value, path: &str, causes: &mut Vec<Cause>) {
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        let known = choices.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        let message = format!("Unsupported value: {value}: supported values: {known}");
        causes.push(Cause::new("FieldValueNotSupported", path, message));
    }
    let fits = |schema: &Value| {
        let mut causes = Vec::new();
        check(schema, value, path, &mut causes);
        causes.is_empty()
    };
    for schema in schema["allOf"].as_array().into_iter().flatten() {
        check(schema, value, path, causes);
    }
    if let Some(any) = schema["anyOf"].as_array()
        && !any.iter().any(fits)
    {
        causes.push(invalid(path, value, "must validate at least one schema (anyOf)"));
    }
    if let Some(one) = schema["oneOf"].as_array()
        && one.iter().filter(|schema| fits(schema)).count() != 1
    {
        causes.push(invalid(path, value, "must validate one and only one schema (oneOf)"));
    }
    if schema["not"].is_object() && fits(&schema["not"]) {
        causes.push(invalid(path, value, "must not validate the schema (not)"));
    }
}

#[expect(clippy::too_many_arguments, reason = "two bounds of one number, and how to tell of it")]
fn bound(
    schema: &Value,
    least: &str,
    most: &str,
    number: usize,
    what: &str,
    path: &str,
    value: &Value,
    causes: &mut Vec<Cause>,
) {
    let limit = |name: &str| schema[name].as_u64().and_then(|limit| usize::try_from(limit).ok());
    if let Some(limit) = limit(least).filter(|limit| number < *limit) {
        let told = if what == "chars long" { "be at least" } else { "have at least" };
        causes.push(invalid(path, value, &format!("should {told} {limit} {what}")));
    }
    if let Some(limit) = limit(most).filter(|limit| number > *limit) {
        let reason = if what == "items" { "FieldValueTooMany" } else { "FieldValueTooLong" };
        let message = match what {
            "items" => format!("Too many: {number}: must have at most {limit} items"),
            "chars long" => format!("Too long: may not be more than {limit} bytes"),
            _ => format!("Too many: {number}: must have at most {limit} {what}"),
        };
        causes.push(Cause::new(reason, path, message));
    }
}

fn check_pattern(schema: &Value, text: &str, path: &str, causes: &mut Vec<Cause>) {
    let Some(pattern) = schema["pattern"].as_str() else { return };
    // One that this library cannot read is let through: the real server refuses it in the definition.
    if regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text)) {
        causes.push(invalid(path, &text.into(), &format!("should match '{pattern}'")));
    }
}

fn check_format(schema: &Value, text: &str, path: &str, causes: &mut Vec<Cause>) {
    if schema["format"] == "date-time" && text.parse::<jiff::Timestamp>().is_err() {
        let message = format!("Invalid value: {text:?}: {path} in body must be of type date-time: {text:?}");
        causes.push(Cause::new("FieldValueTypeInvalid", path, message));
    }
}

fn check_number(schema: &Value, number: f64, value: &Value, path: &str, causes: &mut Vec<Cause>) {
    let limit = |name: &str| schema[name].as_f64();
    if let Some(least) = limit("minimum") {
        let exclusive = schema["exclusiveMinimum"] == true;
        if number < least || (exclusive && number <= least) {
            let told = if exclusive { "greater than" } else { "greater than or equal to" };
            causes.push(invalid(path, value, &format!("should be {told} {}", schema["minimum"])));
        }
    }
    if let Some(most) = limit("maximum") {
        let exclusive = schema["exclusiveMaximum"] == true;
        if number > most || (exclusive && number >= most) {
            let told = if exclusive { "less than" } else { "less than or equal to" };
            causes.push(invalid(path, value, &format!("should be {told} {}", schema["maximum"])));
        }
    }
    if let Some(step) = limit("multipleOf")
        && step > 0.0
        && (number / step).fract() != 0.0
    {
        causes.push(invalid(path, value, &format!("should be a multiple of {}", schema["multipleOf"])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn messages(schema: Value, value: Value) -> Vec<String> {
        let schema = json!({"type": "object", "properties": {"spec": schema}});
        let told = |cause: Cause| format!("{}: {}", cause.field, cause.message);
        validate(&schema, &json!({"spec": value})).into_iter().map(told).collect()
    }

    #[test]
    fn mistakes_are_told_as_a_real_server_does() {
        for (schema, value, expected) in [
            (
                json!({"type": "integer"}),
                json!("x"),
                "spec: Invalid value: \"string\": spec in body must be of type integer: \"string\"",
            ),
            (json!({"type": "object", "required": ["a"]}), json!({}), "spec.a: Required value"),
            (
                json!({"type": "string", "enum": ["a", "b"]}),
                json!("c"),
                "spec: Unsupported value: \"c\": supported values: \"a\", \"b\"",
            ),
            (
                json!({"type": "integer", "minimum": 1}),
                json!(0),
                "spec: Invalid value: 0: spec in body should be greater than or equal to 1",
            ),
            (
                json!({"type": "string", "pattern": "^a+$"}),
                json!("b"),
                "spec: Invalid value: \"b\": spec in body should match '^a+$'",
            ),
            (
                json!({"type": "array", "maxItems": 1}),
                json!([1, 2]),
                "spec: Too many: 2: must have at most 1 items",
            ),
        ] {
            assert_eq!(messages(schema, value), [expected]);
        }
    }

    #[test]
    fn what_is_right_passes() {
        for (schema, value) in [
            (json!({"type": "number"}), json!(1)),
            (json!({"x-kubernetes-int-or-string": true}), json!("50%")),
            (json!({"type": "string", "nullable": true}), Value::Null),
            (json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}), json!("x")),
            (json!({"type": "object", "additionalProperties": {"type": "integer"}}), json!({"a": 1})),
        ] {
            assert_eq!(messages(schema.clone(), value), Vec::<String>::new(), "{schema}");
        }
    }
}
