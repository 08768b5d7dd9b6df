//! What each kind of value looks like in a schema, and each key by its kind. Wherever the loader resolves
//! parameters, a text with `${` may stand for what it resolves to.

use k8s_healer_engine::descriptor::{Key, ValueKind};
use k8s_healer_engine::value_from::ValueFrom;
use k8s_healer_engine::values::{Count, Path, parse_duration, parse_time};
use serde_json::{Map, Value, json};

use super::super::later;
use super::example;

/// Units once each, largest first (`parse_duration`).
pub(super) const DURATION: &str = "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";
const COUNT: &str = r"^\s*(>=|<=|==|!=|>|<)\s*[0-9]+\s*$";
pub(super) const TIME: &str =
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$";
/// A DNS label (RFC 1123).
pub(super) const NAME: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
/// `resource[.group]`, `*.group`, or `[group/]version/Kind`, each with `!` before it where it is excluded; or `*`.
const KIND: &str = "^(!?(\\*\\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\
                    !?([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?v[0-9]([a-z0-9-]*[a-z0-9])?/[A-Z][A-Za-z0-9]*|\\*)$";
pub(super) const PARAMETER: &str = "^[A-Za-z][A-Za-z0-9_-]{0,62}$";
/// A whole `${name}`, which takes the parameter's value with its type.
const WHOLE: &str = r"^\$\{[A-Za-z][A-Za-z0-9_-]{0,62}\}$";

/// The schemas that others refer to, by name.
pub(super) fn definitions() -> Map<String, Value> {
    // A plain `1.10` or `true` is text where text is asked for: the loader takes it as it is written.
    let scalar = json!({"type": ["string", "number", "boolean"]});
    let glob = json!({"type": ["string", "number", "boolean"], "minLength": 1});
    // What only excludes selects nothing.
    let excludes = json!({"type": "string", "pattern": "^!"});
    let globs = json!({"type": "array", "minItems": 1, "items": glob, "contains": {"not": excludes}});
    let all = json!({
        "boolean": {"anyOf": [{"type": "boolean"}, reference("parameter")]},
        "count": or_filled_in(json!({"type": "string", "pattern": COUNT})),
        "duration": or_filled_in(json!({"type": "string", "minLength": 1, "pattern": DURATION})),
        "filledIn": {"type": "string", "pattern": r"\$\{", "description": "A text with `${parameter}` in it."},
        "globs": {"anyOf": [{"type": ["number", "boolean"]}, {"type": "string", "pattern": "^[^!]"}, globs]},
        "integer": {"anyOf": [{"type": "integer"}, reference("parameter")]},
        "integers": one_or_list(reference("integer")),
        "kind": or_filled_in(json!({"type": "string", "pattern": KIND})),
        "list": {"anyOf": [list_of(json!({"anyOf": [reference("text"), reference("valueFrom")]})), reference("parameter")]},
        "name": {"type": ["string", "integer"], "pattern": NAME, "maxLength": 63, "minimum": 0},
        "parameter": {"type": "string", "pattern": WHOLE, "description": "A whole `${parameter}`."},
        "path": or_filled_in(json!({"type": "string", "pattern": r"^\$"})),
        "paths": one_or_list(reference("path")),
        "text": scalar,
        "texts": one_or_list(reference("text")),
        "time": or_filled_in(json!({"type": "string", "pattern": TIME})),
        "valueFrom": value_from(),
        "watch": one_or_list(reference("kind")),
    });
    match all {
        Value::Object(definitions) => definitions,
        _ => Map::new(),
    }
}

/// The schema of a kind of value.
pub(super) fn value(kind: ValueKind) -> Value {
    match kind {
        ValueKind::Duration => reference("duration"),
        ValueKind::Count => reference("count"),
        ValueKind::Bool => reference("boolean"),
        // Whether it is a regular expression is not for a schema: its dialect is another one.
        ValueKind::Text | ValueKind::Pattern | ValueKind::Literal | ValueKind::Cron | ValueKind::TimeZone => {
            reference("text")
        }
        ValueKind::Texts => reference("texts"),
        ValueKind::Integer => reference("integer"),
        ValueKind::Integers => reference("integers"),
        // What is an expression is not for a schema to say.
        ValueKind::Expression => reference("text"),
        ValueKind::OrBlock(inner, keys) => json!({"anyOf": [value(*inner), block(keys)]}),
        ValueKind::Globs => reference("globs"),
        ValueKind::Path => reference("path"),
        ValueKind::Paths => reference("paths"),
        ValueKind::Time => reference("time"),
        ValueKind::TextList | ValueKind::Literals => reference("list"),
        ValueKind::Sourced(inner) => or_from(value(*inner), *inner),
        ValueKind::Data => json!({}),
        ValueKind::Choice(words) => choice(words),
        ValueKind::Choices(words) => one_or_list(choice(words)),
        ValueKind::Block(keys) => block(keys),
        ValueKind::Blocks(keys) => list_of(block(keys)),
        ValueKind::Entries => entries(false, &[]),
        ValueKind::NullableEntries => entries(true, &[]),
        ValueKind::Matcher => reference("matcher"),
        ValueKind::Matchers => reference("matchers"),
    }
}

/// What a key has, with what its descriptor says of it.
pub(super) fn property(key: &Key, mut schema: Value) -> Value {
    let mut description = key.summary.to_owned();
    match default(key.kind, key.default) {
        Some(default) => insert(&mut schema, "default", default),
        None if key.default.is_empty() => {}
        None => description.push_str(&format!(" Default: {}.", key.default)),
    }
    insert(&mut schema, "description", description.into());
    if let Some(example) = example::of_value(key.example) {
        insert(&mut schema, "examples", json!([example]));
    }
    schema
}

/// A mapping with these keys and no other. Null counts as an empty one, where nothing must be in it.
pub(super) fn mapping(keys: &[Key], property: impl Fn(&Key) -> Value) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if required.is_empty() {
        return json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false});
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// A mapping from string to string, or to nothing; `common` are keys that mean something else in it.
pub(super) fn entries(nullable: bool, common: &[Key]) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": reference("text")});
    if nullable {
        let text = or_from(reference("text"), ValueKind::Text);
        insert(&mut schema, "additionalProperties", json!({"anyOf": [text, {"type": "null"}]}));
        insert(&mut schema, "minProperties", 1.into());
    }
    if !common.is_empty() {
        let reserved = later::STEP_KEYS.iter().map(|key| ((*key).to_owned(), false.into()));
        let common = common.iter().map(|key| (key.name.to_owned(), property(key, value(key.kind))));
        insert(&mut schema, "properties", Value::Object(reserved.chain(common).collect()));
    }
    schema
}

/// The parameters of a pack: a value or a list of values each, none of which refers to another.
pub(super) fn parameters() -> Value {
    let item =
        json!({"type": ["string", "number", "boolean"], "not": {"type": "string", "pattern": r"\$\{"}});
    json!({
        "description": "Values that the rules use as `${name}`, and `--set pack.name=value` sets.",
        "type": ["object", "null"],
        "propertyNames": {"pattern": PARAMETER},
        "additionalProperties": {"anyOf": [item, {"type": "array", "items": item}]},
    })
}

pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// A list that is not empty.
pub(super) fn list_of(item: Value) -> Value {
    json!({"type": "array", "minItems": 1, "items": item})
}

pub(super) fn insert(schema: &mut Value, key: &str, value: Value) {
    if let Value::Object(fields) = schema {
        fields.insert(key.to_owned(), value);
    }
}

fn block(keys: &[Key]) -> Value {
    mapping(keys, |key| property(key, value(key.kind)))
}

/// What may stand in the place of a value that the object carries.
fn value_from() -> Value {
    let mut schema = block(ValueFrom::KEYS);
    insert(&mut schema, "description", "A value that is read from the object.".into());
    schema
}

/// The value, or where the object carries it; what bounds it is for durations, and without end are times too.
fn or_from(schema: Value, kind: ValueKind) -> Value {
    let without = |keys: &[&str]| {
        let absent: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), false.into())).collect();
        json!({"allOf": [reference("valueFrom"), {"properties": absent}]})
    };
    let from = match kind {
        ValueKind::Duration | ValueKind::Literal | ValueKind::Literals => reference("valueFrom"),
        ValueKind::Time => without(&["min"]),
        _ => without(&["min", "never"]),
    };
    json!({"anyOf": [schema, from]})
}

fn or_filled_in(schema: Value) -> Value {
    json!({"anyOf": [schema, reference("filledIn")]})
}

fn one_or_list(item: Value) -> Value {
    json!({"anyOf": [item, list_of(item.clone())]})
}

/// One of the words; a plain `true` is a boolean to other readers of YAML.
fn choice(words: &[&str]) -> Value {
    let mut options: Vec<Value> = words.iter().map(|word| (*word).into()).collect();
    for truth in [true, false] {
        if words.iter().any(|word| word.eq_ignore_ascii_case(&truth.to_string())) {
            options.push(truth.into());
        }
    }
    or_filled_in(json!({"enum": options}))
}

/// The default, where it is a value of the kind and not a sentence such as "the object's own".
fn default(kind: ValueKind, text: &str) -> Option<Value> {
    let is_value = match kind {
        ValueKind::Sourced(inner) | ValueKind::OrBlock(inner, _) => return default(*inner, text),
        ValueKind::Expression => !text.is_empty(),
        ValueKind::Duration => parse_duration(text).is_ok(),
        ValueKind::Count => Count::parse(text).is_ok(),
        ValueKind::Path | ValueKind::Paths => Path::parse(text).is_ok(),
        ValueKind::Time => parse_time(text, &[]).is_some(),
        ValueKind::Choice(words) | ValueKind::Choices(words) => words.contains(&text),
        ValueKind::Text
        | ValueKind::Texts
        | ValueKind::Globs
        | ValueKind::Pattern
        | ValueKind::Cron
        | ValueKind::TimeZone => !text.is_empty(),
        ValueKind::Bool => return example::of_value(text).filter(Value::is_boolean),
        ValueKind::Integer | ValueKind::Integers => return example::of_value(text).filter(Value::is_i64),
        ValueKind::Literal
        | ValueKind::TextList
        | ValueKind::Literals
        | ValueKind::Data
        | ValueKind::Block(_)
        | ValueKind::Blocks(_)
        | ValueKind::Entries
        | ValueKind::NullableEntries
        | ValueKind::Matcher
        | ValueKind::Matchers => return example::of_value(text).filter(|_| !text.is_empty()),
    };
    is_value.then(|| text.into())
}
