//! What each kind of value looks like in a schema, and each key by its kind.

use k8s_healer_engine::descriptor::{Key, ValueKind};
use k8s_healer_engine::value_from::ValueFrom;
use k8s_healer_engine::values::{Count, Path, parse_duration, parse_time};
use serde_json::{Map, Value, json};

use super::super::later;
use super::definitions::{FILLED_IN, PARAMETER};
use super::example;
use super::presence::mapping;

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
        ValueKind::AnyTexts => json!({"anyOf": [reference("texts"), {"type": "array", "maxItems": 0}]}),
        ValueKind::Integer => reference("integer"),
        ValueKind::Natural => reference("natural"),
        ValueKind::Words => reference("words"),
        ValueKind::Numbers => reference("numbers"),
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
        ValueKind::DataMapping => json!({"type": "object", "minProperties": 1}),
        ValueKind::Pointer => reference("pointer"),
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

/// A mapping from string to string, or to nothing; `common` are keys that mean something else in it.
pub(super) fn entries(nullable: bool, common: &[Key]) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": reference("text")});
    if nullable {
        let text = or_from(reference("text"), ValueKind::Text);
        insert(&mut schema, "additionalProperties", json!({"anyOf": [text, {"type": "null"}]}));
        // Keys that mean something else are none of its entries.
        let names: Vec<&str> = common.iter().map(|key| key.name).collect();
        insert(&mut schema, "not", json!({"propertyNames": {"enum": names}}));
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
        json!({"type": ["string", "number", "boolean"], "not": {"type": "string", "pattern": FILLED_IN}});
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

pub(super) fn block(keys: &[Key]) -> Value {
    mapping(keys, |key| property(key, value(key.kind)))
}

/// The value, or where the object carries it; `min` is a value of its kind, and only durations and times may have
/// no end.
pub(super) fn or_from(schema: Value, kind: ValueKind) -> Value {
    let min = match ValueFrom::floor_of(kind) {
        Some(ValueKind::Literal) => None,
        Some(floor) => Some(value(floor)),
        None => Some(false.into()),
    };
    let never = (!ValueFrom::may_be_endless(kind)).then(|| false.into());
    let narrower = [("min", min), ("never", never)];
    let narrower: Map<String, Value> =
        narrower.into_iter().filter_map(|(key, schema)| Some((key.to_owned(), schema?))).collect();
    let from = if narrower.is_empty() {
        reference("valueFrom")
    } else {
        json!({"allOf": [reference("valueFrom"), {"properties": narrower}]})
    };
    json!({"anyOf": [schema, from]})
}

pub(super) fn or_filled_in(schema: Value) -> Value {
    json!({"anyOf": [schema, reference("filledIn")]})
}

pub(super) fn one_or_list(item: Value) -> Value {
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
        | ValueKind::AnyTexts
        | ValueKind::Words
        | ValueKind::Pointer
        | ValueKind::Globs
        | ValueKind::Pattern
        | ValueKind::Cron
        | ValueKind::TimeZone => !text.is_empty(),
        ValueKind::Bool => return example::of_value(text).filter(Value::is_boolean),
        ValueKind::Integer | ValueKind::Natural | ValueKind::Numbers => {
            return example::of_value(text).filter(Value::is_i64);
        }
        ValueKind::Literal
        | ValueKind::TextList
        | ValueKind::Literals
        | ValueKind::Data
        | ValueKind::DataMapping
        | ValueKind::Block(_)
        | ValueKind::Blocks(_)
        | ValueKind::Entries
        | ValueKind::NullableEntries
        | ValueKind::Matcher
        | ValueKind::Matchers => return example::of_value(text).filter(|_| !text.is_empty()),
    };
    is_value.then(|| text.into())
}
