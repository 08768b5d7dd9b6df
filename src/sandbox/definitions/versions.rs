//! What versions have beside their schemas: a scale, columns, selectable fields.

use serde_json::Value;

use super::super::failure::Cause;
use super::text;
use super::validate::{invalid, required};

/// The versions' own values of something, each with where it stands: a real server keeps what all versions have
/// in common at the definition itself.
pub(super) fn parts<'a>(spec: &'a Value, pointer: &str, common: &str, own: &str) -> Vec<(String, &'a Value)> {
    let versions = spec["versions"].as_array().map_or(&[][..], Vec::as_slice);
    let of = |version: &'a Value| version.pointer(pointer).unwrap_or(&Value::Null);
    match versions {
        [] => Vec::new(),
        [first, rest @ ..] if rest.iter().all(|version| of(version) == of(first)) => {
            vec![(format!("spec.{common}"), of(first))]
        }
        all => all
            .iter()
            .enumerate()
            .map(|(at, version)| (format!("spec.versions[{at}].{own}"), of(version)))
            .collect(),
    }
}

pub(super) fn check(spec: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (path, scale) in parts(spec, "/subresources/scale", "subresources.scale", "subresources.scale") {
        if scale.is_object() {
            causes.extend(check_scale(scale, &path));
        }
    }
    let name = "additionalPrinterColumns";
    for (path, columns) in parts(spec, &format!("/{name}"), name, name) {
        for (at, column) in columns.as_array().into_iter().flatten().enumerate() {
            causes.extend(check_column(column, &format!("{path}[{at}]")));
        }
    }
    let name = "selectableFields";
    let schemas = spec["versions"].as_array().into_iter().flatten();
    let schemas: Vec<&Value> = schemas.map(|version| &version["schema"]["openAPIV3Schema"]).collect();
    for (number, (path, fields)) in parts(spec, &format!("/{name}"), name, name).into_iter().enumerate() {
        for (at, field) in fields.as_array().into_iter().flatten().enumerate() {
            let schema = schemas.get(number).copied().unwrap_or(&Value::Null);
            causes.extend(check_selectable(field, schema, &format!("{path}[{at}].jsonPath")));
        }
    }
    causes
}

fn check_scale(scale: &Value, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (member, parent, is_required) in [
        ("specReplicasPath", ".spec", true),
        ("statusReplicasPath", ".status", true),
        ("labelSelectorPath", "", false),
    ] {
        let (value, field) = (text(&scale[member]), format!("{path}.{member}"));
        if value.is_empty() {
            causes.extend(is_required.then(|| required(field, "")));
        } else if !value.starts_with('.') {
            causes.push(invalid(field, &scale[member], "must be a simple json path starting with ."));
        } else if !value.starts_with(&format!("{parent}.")) {
            causes.push(invalid(field, &scale[member], &format!("should be a json path under {parent}")));
        }
    }
    causes
}

fn check_column(column: &Value, path: &str) -> Vec<Cause> {
    const TYPES: &[&str] = &["boolean", "date", "integer", "number", "string"];
    const FORMATS: &[&str] = &["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
    let mut causes = Vec::new();
    if text(&column["name"]).is_empty() {
        causes.push(required(format!("{path}.name"), ""));
    }
    let one_of = |known: &[&str]| format!("must be one of {}", known.join(","));
    match text(&column["type"]).as_str() {
        "" => causes.push(required(format!("{path}.type"), &one_of(TYPES))),
        kind if TYPES.contains(&kind) => {}
        _ => causes.push(invalid(format!("{path}.type"), &column["type"], &one_of(TYPES))),
    }
    let format = text(&column["format"]);
    if !format.is_empty() && !FORMATS.contains(&format.as_str()) {
        causes.push(invalid(format!("{path}.format"), &column["format"], &one_of(FORMATS)));
    }
    let field = format!("{path}.JSONPath");
    match text(&column["jsonPath"]).as_str() {
        "" => causes.push(required(field, "")),
        path if !path.starts_with('.') => {
            causes.push(invalid(field, &column["jsonPath"], "must be a simple json path starting with ."));
        }
        _ => {}
    }
    causes
}

fn check_selectable(field: &Value, schema: &Value, path: &str) -> Option<Cause> {
    let selected = text(&field["jsonPath"]);
    let wrong = |what: &str| Some(invalid(path, &field["jsonPath"], &format!("is an invalid path: {what}")));
    let Some(rest) = selected.strip_prefix('.') else {
        let Some(first) = selected.chars().next() else { return Some(required(path, "")) };
        return wrong(&format!("expected [ or . but got: {first}"));
    };
    let found = rest.split('.').try_fold(schema, |schema, part| schema["properties"].get(part));
    if found.is_some() { None } else { wrong("does not refer to a valid field") }
}
