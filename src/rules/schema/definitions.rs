//! The definitions that schemas refer to: kinds of values that stand in many places. Wherever the loader resolves
//! parameters, a text with `${` may stand for what it resolves to.

use k8s_healer_engine::descriptor::ValueKind;
use k8s_healer_engine::value_from::ValueFrom;
use serde_json::{Map, Value, json};

use super::values::{block, insert, list_of, one_or_list, or_filled_in, or_from, reference};

/// Units once each, largest first (`parse_duration`).
pub(super) const DURATION: &str = "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";
const COUNT: &str = r"^\s*(>=|<=|==|!=|>|<)\s*[0-9]+\s*$";
pub(super) const TIME: &str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$";
/// A DNS label (RFC 1123).
pub(super) const NAME: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// `resource[.group]`, `*.group`, or `[group/]version/Kind`, each with `!` before it where it is excluded; or `*`.
const KIND: &str = "^(!?(\\*\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?|[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)\
                    (\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\
                    !?([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?v[0-9]([a-z0-9-]*[a-z0-9])?/[A-Z][A-Za-z0-9]*|\\*)$";
pub(super) const PARAMETER: &str = "^[A-Za-z][A-Za-z0-9_-]{0,62}$";
/// A JSON pointer (RFC 6901).
const POINTER: &str = "^(/([^~/]|~[01])*)*$";
/// Where parameters are filled in.
pub(super) const FILLED_IN: &str = r"\$\{";
/// A whole `${name}`, which takes the parameter's value with its type.
const WHOLE: &str = r"^\$\{[A-Za-z][A-Za-z0-9_-]{0,62}\}$";

/// The schemas that others refer to, by name; where parameters are filled in, a text may hold `${`.
pub(super) fn definitions(filled_in: bool) -> Map<String, Value> {
    // A plain `1.10` or `true` is text where text is asked for: the loader takes it as it is written.
    let mut scalar = json!({"type": ["string", "number", "boolean"]});
    if !filled_in {
        insert(&mut scalar, "not", json!({"type": "string", "pattern": FILLED_IN}));
    }
    let all = json!({
        "boolean": {"anyOf": [{"type": "boolean"}, reference("parameter")]},
        "count": or_filled_in(json!({"type": "string", "pattern": COUNT})),
        "duration": or_filled_in(json!({"type": "string", "minLength": 1, "pattern": DURATION})),
        "filledIn": if filled_in {
            json!({"type": "string", "pattern": FILLED_IN, "description": "A text with `${parameter}` in it."})
        } else {
            false.into()
        },
        "globs": globs(&scalar),
        "integer": {"anyOf": [{"type": "integer"}, reference("parameter")]},
        "kind": or_filled_in(json!({"type": ["string", "number", "boolean"], "pattern": KIND, "minimum": 0})),
        "list": {"anyOf": [list_of(json!({"anyOf": [reference("text"), reference("valueFrom")]})), reference("parameter")]},
        "name": name(),
        "natural": {"anyOf": [{"type": "integer", "minimum": 0}, reference("parameter")]},
        "numbers": listed(reference("integer"), ValueKind::Numbers),
        "parameter": if filled_in {
            json!({"type": "string", "pattern": WHOLE, "description": "A whole `${parameter}`."})
        } else {
            false.into()
        },
        "path": or_filled_in(json!({"type": "string", "pattern": r"^\$"})),
        "paths": one_or_list(reference("path")),
        "pointer": or_filled_in(json!({"type": "string", "pattern": POINTER})),
        "text": scalar,
        "texts": one_or_list(reference("text")),
        "time": or_filled_in(json!({"type": "string", "pattern": TIME})),
        "valueFrom": value_from(),
        "watch": {"anyOf": [
            {"allOf": [reference("kind"), {"not": excluding()}]},
            including(reference("kind")),
        ]},
        "words": listed(reference("text"), ValueKind::Words),
    });
    match all {
        Value::Object(definitions) => definitions,
        _ => Map::new(),
    }
}

/// Values of a kind; each of them, or all together, the object may carry.
fn listed(item: Value, kind: ValueKind) -> Value {
    or_from(one_or_list(or_from(item, kind)), kind)
}

/// A name of a pack or a rule. A plain `404` or `true` is one, too.
pub(super) fn name() -> Value {
    json!({"type": ["string", "integer", "boolean"], "pattern": NAME, "maxLength": 63, "minimum": 0})
}

fn globs(scalar: &Value) -> Value {
    let mut glob = scalar.clone();
    insert(&mut glob, "minLength", 1.into());
    let mut one = scalar.clone();
    insert(&mut one, "pattern", "^[^!]".into());
    json!({"anyOf": [one, including(glob)]})
}

fn excluding() -> Value {
    json!({"type": "string", "pattern": "^!"})
}

/// A list of these that does not only exclude: that would select nothing.
fn including(item: Value) -> Value {
    json!({"type": "array", "minItems": 1, "items": item, "contains": {"not": excluding()}})
}

/// What may stand in the place of a value that the object carries.
fn value_from() -> Value {
    let mut schema = block(ValueFrom::KEYS);
    insert(&mut schema, "description", "A value that is read from the object.".into());
    schema
}
