//! Whether values are as a schema wants them, in the words of a real API server.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use regex::Regex;
use serde_json::{Map, Value};

use super::super::failure::Cause;
use super::{choices, formats, join, numbers};

/// What is wrong with a value. Each kind of check looks at the values that it is about, so that one value may be
/// wrong in more ways than one.
pub(super) fn check(schema: &Value, value: &Value, path: &str) -> Vec<Cause> {
    if value.is_null() {
        let wanted = schema["type"].as_str().filter(|_| schema["nullable"] != true);
        return wanted.map(|wanted| wrong_type(wanted, value, path)).into_iter().collect();
    }
    let mut causes = check_type(schema, value, path);
    causes.extend(choices::check_alternatives(schema, value, path));
    match value {
        Value::Object(members) => check_members(schema, members, path, &mut causes),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                causes.extend(check(&schema["items"], item, &format!("{path}[{at}]")));
            }
            causes.extend(at_least(schema, "minItems", items.len(), "items", path));
            causes.extend(at_most(schema, "maxItems", items.len(), path));
        }
        Value::String(text) => check_text(schema, text, path, &mut causes),
        Value::Number(number) => causes.extend(numbers::check(schema, number, path)),
        _ => {}
    }
    causes.extend(choices::check_enum(schema, value, path));
    causes
}

fn check_members(schema: &Value, members: &Map<String, Value>, path: &str, causes: &mut Vec<Cause>) {
    let properties = schema["properties"].as_object();
    let additional = Some(&schema["additionalProperties"]).filter(|schema| schema.is_object());
    for (name, member) in members {
        if let Some(schema) = properties.and_then(|properties| properties.get(name)).or(additional) {
            causes.extend(check(schema, member, &join(path, name)));
        }
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) && (!path.is_empty() || name != "metadata") {
            causes.push(Cause::new("FieldValueRequired", join(path, name), "Required value"));
        }
    }
    causes.extend(at_least(schema, "minProperties", members.len(), "properties", path));
    // A real server calls them items here.
    causes.extend(at_most(schema, "maxProperties", members.len(), path));
}

/// With the value as it is told, which is not always what it is.
pub(super) fn invalid(path: &str, value: &Value, message: &str) -> Cause {
    Cause::new("FieldValueInvalid", path, format!("Invalid value: {value}: {path} in body {message}"))
}

pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if numbers::is_whole(number) => "integer",
        Value::Number(_) => "number",
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

fn check_type(schema: &Value, value: &Value, path: &str) -> Vec<Cause> {
    let is = type_of(value);
    if schema["x-kubernetes-int-or-string"] == true {
        let fits = ["integer", "string"].contains(&is);
        return if fits { Vec::new() } else { vec![wrong_type("integer,string", value, path)] };
    }
    let Some(wanted) = schema["type"].as_str() else { return Vec::new() };
    if wanted == is || (wanted == "number" && is == "integer") {
        return Vec::new();
    }
    let mut causes = vec![wrong_type(wanted, value, path)];
    if (wanted, is) == ("integer", "number") {
        causes.push(numbers::unchecked(path, "(default format)"));
    }
    causes
}

fn limit(schema: &Value, name: &str) -> Option<usize> {
    schema[name].as_u64().and_then(|limit| usize::try_from(limit).ok())
}

fn at_least(schema: &Value, name: &str, number: usize, what: &str, path: &str) -> Option<Cause> {
    let least = limit(schema, name).filter(|least| number < *least)?;
    Some(invalid(path, &number.into(), &format!("should have at least {least} {what}")))
}

fn at_most(schema: &Value, name: &str, number: usize, path: &str) -> Option<Cause> {
    let most = limit(schema, name).filter(|most| number > *most)?;
    Some(Cause::new("FieldValueTooMany", path, format!("Too many: {number}: must have at most {most} items")))
}

fn check_text(schema: &Value, text: &str, path: &str, causes: &mut Vec<Cause>) {
    let (value, length) = (Value::from(text), text.chars().count());
    if let Some(most) = limit(schema, "maxLength").filter(|most| length > *most) {
        let message = format!("Too long: may not be more than {most} bytes");
        causes.push(Cause::new("FieldValueTooLong", path, message));
    }
    if let Some(least) = limit(schema, "minLength").filter(|least| length < *least) {
        causes.push(invalid(path, &value, &format!("should be at least {least} chars long")));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && !is_match(pattern, text)
    {
        causes.push(invalid(path, &value, &format!("should match '{pattern}'")));
    }
    if let Some(format) = schema["format"].as_str()
        && !formats::is_of(format, text)
    {
        let message = format!("Invalid value: {value}: {path} in body must be of type {format}: {value}");
        causes.push(Cause::new("FieldValueTypeInvalid", path, message));
    }
}

/// Patterns that have been read; those of a definition are asked for again with every write.
static PATTERNS: Mutex<Option<HashMap<String, Option<Regex>>>> = Mutex::new(None);

/// More than all of KubeVirt's definitions together have.
const MOST_PATTERNS: usize = 1_000;

/// One that this library cannot read is let through: the real server refuses it in the definition.
fn is_match(pattern: &str, text: &str) -> bool {
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    let patterns = patterns.get_or_insert_default();
    if patterns.len() > MOST_PATTERNS {
        patterns.clear();
    }
    let read = patterns.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok());
    read.as_ref().is_none_or(|pattern| pattern.is_match(text))
}
