//! One of several values, one or all of several schemas.

use serde_json::Value;

use super::super::failure::Cause;
use super::validate::check;

/// `enum`.
pub(super) fn check_enum(schema: &Value, value: &Value, path: &str) -> Option<Cause> {
    let choices = schema["enum"].as_array().filter(|choices| !choices.contains(value))?;
    let quoted = |choice: &Value| match choice {
        Value::String(text) => format!("{text:?}"),
        other => format!("\"{other}\""),
    };
    let known = choices.iter().map(quoted).collect::<Vec<_>>().join(", ");
    let message = format!("Unsupported value: {value}: supported values: {known}");
    Some(Cause::new("FieldValueNotSupported", path, message))
}

/// `anyOf`, `oneOf`, `allOf`, `not`.
pub(super) fn check_alternatives(schema: &Value, value: &Value, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    let told = |what: &str| {
        // A real server does not know the field any more.
        Cause::new("FieldValueInvalid", "<nil>", format!("Invalid value: \"\": {path:?} {what}"))
    };
    let tried = |name: &str| -> Option<Vec<Vec<Cause>>> {
        let schemas = schema[name].as_array().filter(|schemas| !schemas.is_empty())?;
        Some(schemas.iter().map(|schema| check(schema, value, path)).collect())
    };
    let fitting = |tried: &[Vec<Cause>]| tried.iter().filter(|causes| causes.is_empty()).count();
    if let Some(tried) = tried("anyOf")
        && fitting(&tried) == 0
    {
        causes.push(told("must validate at least one schema (anyOf)"));
        causes.extend(tried.into_iter().next().unwrap_or_default());
    }
    if let Some(tried) = tried("oneOf") {
        match fitting(&tried) {
            1 => {}
            0 => {
                causes.push(told("must validate one and only one schema (oneOf). Found none valid"));
                causes.extend(tried.into_iter().next().unwrap_or_default());
            }
            found => {
                let what = "must validate one and only one schema (oneOf)";
                causes.push(told(&format!("{what}. Found {found} valid alternatives")));
            }
        }
    }
    if let Some(tried) = tried("allOf") {
        let (fitting, all) = (fitting(&tried), tried.len());
        causes.extend(tried.into_iter().flatten());
        if fitting < all {
            let none = if fitting == 0 { ". None validated" } else { "" };
            causes.push(told(&format!("must validate all the schemas (allOf){none}")));
        }
    }
    if schema["not"].is_object() && check(&schema["not"], value, path).is_empty() {
        causes.push(told("must not validate the schema (not)"));
    }
    causes
}
