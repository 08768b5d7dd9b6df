//! Strategic merge patches, as far as kubectl needs them: maps are merged, null removes, and some lists are
//! merged by a key or as a set, as Kubernetes' types declare it. What the real server checks beyond that, such as
//! whether the order of a list fits `$setElementOrder`, is not looked at.

mod lists;
mod order;

use serde_json::{Map, Value};

use super::super::failure::Failure;
use super::super::kinds::Kind;
use lists::List;
use order::ordered;

/// Merges the patch into an object of this kind.
pub(super) fn merge(target: &mut Value, patch: &Value, kind: &Kind) -> Result<(), Failure> {
    merge_at(target, patch, kind, "")
}

/// `parent` is the member, or the list, that the target stands in.
fn merge_at(target: &mut Value, patch: &Value, kind: &Kind, parent: &str) -> Result<(), Failure> {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return Ok(());
    };
    match patch.get("$patch").map(|directive| directive.as_str().unwrap_or_default()) {
        None | Some("merge") => {}
        Some("replace") => {
            *target = without_directives(patch);
            return Ok(());
        }
        Some("delete") => {
            *target = Value::Object(Map::new());
            return Ok(());
        }
        Some(other) => {
            let told = told_by_go(&Value::Object(patch.clone()));
            return Err(Failure::new(500, "", format!("unknown patch type: {other} in map: {told}")));
        }
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(members) = target.as_object_mut() else { return Ok(()) };
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        members.retain(|name, _| kept.iter().any(|key| key == name));
    }
    let before = members.clone();
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = value.as_array().map_or(&[][..], Vec::as_slice);
            if let Some(items) = members.get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|item| !gone.contains(item));
            }
        } else if name.starts_with('$') {
            // Kept keys have been seen to, orders come last.
        } else if value.is_null() {
            members.remove(name);
        } else {
            merge_member(members, name, value, kind, parent)?;
        }
    }
    for (name, wanted) in patch {
        let Some(list) = name.strip_prefix("$setElementOrder/") else { continue };
        let Some(items) = members.get_mut(list).and_then(Value::as_array_mut) else { continue };
        let wanted = wanted.as_array().map_or(&[][..], Vec::as_slice);
        let before = before.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        *items = ordered(std::mem::take(items), wanted, before, lists::of(kind, parent, list));
    }
    Ok(())
}

fn merge_member(
    members: &mut Map<String, Value>,
    name: &str,
    value: &Value,
    kind: &Kind,
    parent: &str,
) -> Result<(), Failure> {
    let list = lists::of(kind, parent, name);
    match (members.get_mut(name), value) {
        (Some(Value::Array(items)), Value::Array(patches)) if list != List::Atomic => {
            let before = items.clone();
            match list {
                List::Keyed(key) if !merge_items(items, patches, kind, name, key)? => return Ok(()),
                List::Set => {
                    let new: Vec<Value> =
                        patches.iter().filter(|item| !before.contains(item)).cloned().collect();
                    items.extend(new);
                }
                _ => {}
            }
            *items = ordered(std::mem::take(items), patches, &before, list);
        }
        (Some(old @ Value::Object(_)), Value::Object(_)) if !lists::is_replaced(kind, parent, name) => {
            merge_at(old, value, kind, name)?;
        }
        (_, Value::Array(patches)) => {
            let mut items = Vec::new();
            match list {
                List::Keyed(key) => drop(merge_items(&mut items, patches, kind, name, key)?),
                _ => items.extend(patches.iter().map(clean)),
            }
            members.insert(name.to_owned(), items.into());
        }
        _ => drop(members.insert(name.to_owned(), clean(value))),
    }
    Ok(())
}

/// Whether they were merged: a list may be replaced as a whole.
fn merge_items(
    items: &mut Vec<Value>,
    patches: &[Value],
    kind: &Kind,
    list: &str,
    key: &str,
) -> Result<bool, Failure> {
    let replaces = |item: &Value| item["$patch"] == "replace";
    if patches.iter().any(replaces) {
        *items = patches.iter().filter(|item| !replaces(item)).map(clean).collect();
        return Ok(false);
    }
    for patch in patches {
        if patch[key].is_null() {
            let told = told_by_go(patch);
            let message = format!("map: {told} does not contain declared merge key: {key}");
            return Err(Failure::new(500, "", message));
        }
        if patch["$patch"] == "delete" {
            items.retain(|item| item[key] != patch[key]);
            continue;
        }
        match items.iter_mut().find(|item| item[key] == patch[key]) {
            Some(item) => merge_at(item, patch, kind, list)?,
            None => items.push(clean(patch)),
        }
    }
    Ok(true)
}

/// As it is where nothing is to be merged with.
fn clean(value: &Value) -> Value {
    match value {
        Value::Object(members) => without_directives(members),
        other => other.clone(),
    }
}

fn without_directives(members: &Map<String, Value>) -> Value {
    let plain = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::Array(items) => items.iter().map(clean).collect(),
            other => clean(other),
        };
        (!name.starts_with('$') && !value.is_null()).then(|| (name.clone(), value))
    };
    Value::Object(members.iter().filter_map(plain).collect())
}

/// As Go prints a value: `map[a:1 b:[x y]]`.
fn told_by_go(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(" ");
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(told_by_go).collect())),
        Value::Object(members) => {
            let told = members.iter().map(|(name, value)| format!("{name}:{}", told_by_go(value)));
            format!("map[{}]", joined(told.collect()))
        }
        other => other.to_string(),
    }
}
