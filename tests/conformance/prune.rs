//! The parts of an answer that a case compares. Paths are JSON pointers in which `*` is any key or index,
//! and `[metadata.name=a]` the items of an array whose field has this value.

use serde_json::{Map, Value};

/// The value with these parts alone, or all of it where none are named, without those.
pub(crate) fn prune(value: &Value, only: &[String], without: &[String]) -> Value {
    let mut pruned = if only.is_empty() { value.clone() } else { select(value, &parse(only)) };
    for path in parse(without) {
        remove(&mut pruned, &path);
    }
    pruned
}

/// Whether the part is there with this text.
pub(crate) fn holds(value: &Value, path: &str, wanted: &str) -> bool {
    fn is_in(value: &Value, wanted: &str) -> bool {
        match value {
            Value::Object(fields) => fields.values().any(|field| is_in(field, wanted)),
            Value::Array(items) => items.iter().any(|item| is_in(item, wanted)),
            plain => plain == wanted,
        }
    }
    is_in(&select(value, &parse(&[path.to_owned()])), wanted)
}

fn parse(paths: &[String]) -> Vec<Vec<String>> {
    let segment = |text: &str| text.replace("~1", "/").replace("~0", "~");
    paths.iter().map(|path| path.split('/').skip(1).map(segment).collect()).collect()
}

fn fits(segment: &str, key: &str, value: &Value) -> bool {
    let Some((field, wanted)) =
        segment.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|it| it.split_once('='))
    else {
        return segment == "*" || segment == key;
    };
    value.pointer(&format!("/{}", field.replace('.', "/"))).is_some_and(|it| it == wanted)
}

/// The rests of the paths that go on under this key, which has this value.
fn below(paths: &[Vec<String>], key: &str, value: &Value) -> Vec<Vec<String>> {
    let starts = paths.iter().filter(|path| path.first().is_some_and(|first| fits(first, key, value)));
    starts.map(|path| path[1..].to_vec()).collect()
}

fn select(value: &Value, paths: &[Vec<String>]) -> Value {
    if paths.iter().any(Vec::is_empty) {
        return value.clone();
    }
    match value {
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (key, field) in fields {
                let rests = below(paths, key, field);
                if !rests.is_empty() {
                    kept.insert(key.clone(), select(field, &rests));
                }
            }
            kept.into()
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let kept = items.map(|(at, item)| (item, below(paths, &at.to_string(), item)));
            kept.filter(|(_, rests)| !rests.is_empty()).map(|(item, rests)| select(item, &rests)).collect()
        }
        plain => plain.clone(),
    }
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    match value {
        Value::Object(fields) if rest.is_empty() => fields.retain(|key, value| !fits(first, key, value)),
        Value::Object(fields) => {
            let inner = fields.iter_mut().filter(|(key, value)| fits(first, key, value));
            inner.for_each(|(_, field)| remove(field, rest));
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                if fits(first, &at.to_string(), item) {
                    remove(item, rest);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn parts_are_selected_and_removed_by_path() {
    let value = serde_json::json!({"a": {"b/c": 1, "d": 2}, "items": [{"x": 1, "y": 2}, {"x": 3}]});
    let paths = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let selected = serde_json::json!({"a": {"b/c": 1}, "items": [{"x": 1}, {"x": 3}]});
    assert_eq!(prune(&value, &paths("/a/b~1c /items/*/x"), &[]), selected);
    let named = serde_json::json!({"items": [{"x": {"n": "a"}, "y": 1}, {"x": {"n": "b"}, "y": 2}]});
    let found = serde_json::json!({"items": [{"y": 2}]});
    assert_eq!(prune(&named, &paths("/items/[x.n=b]/y"), &[]), found);
    assert!(!holds(&named, "/items/[x.n=a]/x/n", "b"));
    assert!(holds(&named, "/items/[x.n=b]/x/n", "b"));
    let rest = serde_json::json!({"a": {"b/c": 1}, "items": [{"y": 2}, {}]});
    assert_eq!(prune(&value, &[], &paths("/a/d /items/*/x /none/x")), rest);
}
