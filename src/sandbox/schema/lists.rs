//! Lists that are sets or maps: no item comes twice.

use serde_json::{Map, Value};

use super::super::failure::Cause;
use super::join;

/// The items that come again, anywhere in a value.
pub(super) fn check(schema: &Value, value: &Value, path: &str) -> Vec<Cause> {
    match value {
        Value::Object(members) => {
            let properties = schema["properties"].as_object();
            let additional = &schema["additionalProperties"];
            let of =
                |name: &str| properties.and_then(|properties| properties.get(name)).unwrap_or(additional);
            members.iter().flat_map(|(name, member)| check(of(name), member, &join(path, name))).collect()
        }
        Value::Array(items) => {
            let mut causes = again(schema, items, path);
            for (at, item) in items.iter().enumerate() {
                causes.extend(check(&schema["items"], item, &format!("{path}[{at}]")));
            }
            causes
        }
        _ => Vec::new(),
    }
}

fn again(schema: &Value, items: &[Value], path: &str) -> Vec<Cause> {
    let keys: Vec<Value> = match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => items.to_vec(),
        Some("map") => {
            let names: Vec<&str> = schema["x-kubernetes-list-map-keys"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            items.iter().map(|item| key(item, &names)).collect()
        }
        _ => return Vec::new(),
    };
    let is_again = |at: &usize| keys[..*at].contains(&keys[*at]);
    let told = |at: usize| {
        let message = format!("Duplicate value: {}", keys[at]);
        Cause::new("FieldValueDuplicate", format!("{path}[{at}]"), message)
    };
    (0..keys.len()).filter(is_again).map(told).collect()
}

fn key(item: &Value, names: &[&str]) -> Value {
    let known = names.iter().filter(|name| !item[**name].is_null());
    known.map(|name| ((*name).to_owned(), item[*name].clone())).collect::<Map<String, Value>>().into()
}
