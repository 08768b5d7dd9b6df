//! What must be there in a mapping, beside which other keys, and what must not. Each is told at the mapping itself, but
//! for a key that has no place there: that is told at the key.

use k8s_healer_engine::descriptor::{Key, Presence, ValueKind};
use serde_json::{Map, Value, json};

use super::values::insert;

/// A mapping with these keys and no other. Null counts as an empty one, where nothing must be in it.
pub(super) fn mapping(keys: &[Key], property: impl Fn(&Key) -> Value) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    let of = |presence: Presence| keys.iter().filter(move |key| key.presence == presence);
    let needs = |keyword: &str, alternatives: Vec<Value>, schema: &mut Value| {
        if alternatives.is_empty() {
            return false;
        }
        insert(schema, keyword, alternatives.into());
        true
    };
    let required = of(Presence::Required).map(|key| key.name.into()).collect();
    let needs_something = [
        needs("required", required, &mut schema),
        needs("anyOf", of(Presence::AtLeastOne).map(is_there).collect(), &mut schema),
        needs("oneOf", of(Presence::ExactlyOne).map(is_there).collect(), &mut schema),
    ];
    needs("allOf", keys.iter().flat_map(|key| where_said(key, keys)).collect(), &mut schema);
    let beside: Map<String, Value> = keys.iter().filter_map(beside).collect();
    if !beside.is_empty() {
        insert(&mut schema, "dependentRequired", beside.into());
    }
    if !needs_something.contains(&true) {
        insert(&mut schema, "type", json!(["object", "null"]));
    }
    schema
}

/// The key is there; a mapping of entries that is empty says nothing.
fn is_there(key: &Key) -> Value {
    match key.kind {
        ValueKind::Entries => {
            json!({"required": [key.name], "properties": {key.name: {"minProperties": 1}}})
        }
        _ => json!({"required": [key.name]}),
    }
}

/// What follows from the word of another key: that this one is there, or is not.
fn where_said(key: &Key, keys: &[Key]) -> Vec<Value> {
    let Presence::Where(other, words) = key.presence else { return Vec::new() };
    let all = match keys.iter().find(|key| key.name == other).map(|key| key.kind) {
        Some(ValueKind::Choice(all)) => all,
        _ => &[],
    };
    let rest: Vec<&str> = all.iter().copied().filter(|word| !words.contains(word)).collect();
    let if_one_of = |words: &[&str], then: Value| json!({"if": {"properties": {other: {"enum": words}}, "required": [other]}, "then": then});
    let nothing = json!({"type": "array", "maxItems": 0});
    let mut required = json!({"required": [key.name]});
    let mut unsaid = json!(false);
    if matches!(key.kind, ValueKind::AnyTexts) {
        insert(&mut required, "properties", json!({key.name: {"not": nothing}}));
        unsaid = nothing;
    }
    vec![if_one_of(words, required), if_one_of(&rest, json!({"properties": {key.name: unsaid}}))]
}

fn beside(key: &Key) -> Option<(String, Value)> {
    match key.presence {
        Presence::Beside(other) => Some((key.name.to_owned(), json!([other]))),
        _ => None,
    }
}
