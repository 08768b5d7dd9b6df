//! Strategic merge patches, as far as kubectl needs them: maps are merged, null removes, and lists of objects
//! are merged by the key that Kubernetes' types declare for them.

use serde_json::{Map, Value};

/// Lists and the member by which their items are told apart.
const KEYS: &[(&str, &str)] = &[
    ("conditions", "type"),
    ("containers", "name"),
    ("ephemeralContainers", "name"),
    ("initContainers", "name"),
    ("env", "name"),
    ("imagePullSecrets", "name"),
    ("ownerReferences", "uid"),
    ("ports", "containerPort"),
    ("secrets", "name"),
    ("taints", "key"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
];

/// Lists of plain values that are merged as sets.
const SETS: &[&str] = &["finalizers"];

pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if patch.get("$patch").is_some_and(|directive| directive == "replace") {
        *target = without_directives(patch);
        return;
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(members) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = value.as_array().cloned().unwrap_or_default();
            if let Some(items) = members.get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|item| !gone.contains(item));
            }
        } else if name.starts_with('$') {
            // Orders and retained keys: what they say follows from the rest.
        } else if value.is_null() {
            members.remove(name);
        } else {
            merge_member(members, name, value);
        }
    }
}

fn merge_member(members: &mut Map<String, Value>, name: &str, value: &Value) {
    let key = KEYS.iter().find(|(list, _)| *list == name).map(|(_, key)| *key);
    match (members.get_mut(name), value) {
        (Some(Value::Array(items)), Value::Array(patches)) if key.is_some() => {
            merge_items(items, patches, key.unwrap_or_default());
        }
        (Some(Value::Array(items)), Value::Array(more)) if SETS.contains(&name) => {
            let new: Vec<Value> = more.iter().filter(|item| !items.contains(item)).cloned().collect();
            items.extend(new);
        }
        (Some(old @ Value::Object(_)), Value::Object(_)) => merge(old, value),
        _ => {
            members.insert(name.to_owned(), clean(value));
        }
    }
}

fn merge_items(items: &mut Vec<Value>, patches: &[Value], key: &str) {
    for patch in patches {
        let found = items.iter().position(|item| item[key] == patch[key] && !patch[key].is_null());
        let deletes = patch["$patch"] == "delete";
        match (found, deletes) {
            (Some(at), true) => drop(items.remove(at)),
            (Some(at), false) => merge(&mut items[at], patch),
            (None, true) => {}
            (None, false) => items.push(clean(patch)),
        }
    }
}

fn clean(value: &Value) -> Value {
    match value {
        Value::Object(members) => without_directives(members),
        other => other.clone(),
    }
}

fn without_directives(members: &Map<String, Value>) -> Value {
    let plain = |(name, value): (&String, &Value)| {
        (!name.starts_with('$') && !value.is_null()).then(|| (name.clone(), clean(value)))
    };
    Value::Object(members.iter().filter_map(plain).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_merged_by_their_keys_and_null_removes() {
        let mut object = json!({
            "metadata": {"finalizers": ["a"], "labels": {"x": "1", "y": "2"}},
            "spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}], "args": [1, 2]},
        });
        merge(&mut object, &json!({
            "metadata": {"finalizers": ["b"], "labels": {"x": null}},
            "spec": {
                "$setElementOrder/containers": [{"name": "a"}],
                "containers": [{"name": "a", "image": "2"}, {"name": "b", "$patch": "delete"}, {"name": "c"}],
                "args": [3],
            },
        }));
        assert_eq!(object, json!({
            "metadata": {"finalizers": ["a", "b"], "labels": {"y": "2"}},
            "spec": {"containers": [{"name": "a", "image": "2"}, {"name": "c"}], "args": [3]},
        }));
        merge(&mut object, &json!({
            "metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}, "spec": {"$patch": "replace", "x": 1},
        }));
        assert_eq!(object, json!({"metadata": {"finalizers": ["b"], "labels": {"y": "2"}}, "spec": {"x": 1}}));
    }
}
