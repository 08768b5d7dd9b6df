//! The columns of a table, and what cells of many kinds have in common.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::duration::since;

/// What a real server says of the column `Name`.
const NAME_TEXT: &str = "Name must be unique within a namespace. Is required when creating resources, \
    although some resources may allow a client to request the generation of an appropriate name \
    automatically. Name is primarily intended for creation idempotence and configuration definition. \
    Cannot be updated. More info: \
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

/// And of the column `Age`.
pub(super) const AGE_TEXT: &str = "CreationTimestamp is a timestamp representing the server time when \
    this object was created. It is not guaranteed to be set in happens-before order across separate \
    operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\n\
    Populated by the system. Read-only. Null for lists. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The head of a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heading {
    name: &'static str,
    kind: &'static str,
    format: &'static str,
    description: &'static str,
    priority: i64,
}

/// Every table's first.
pub(super) const NAME: Heading =
    Heading { name: "Name", kind: "string", format: "name", description: NAME_TEXT, priority: 0 };

/// Nearly every table's last, or the last before those that only `-o wide` shows.
pub(super) const AGE: Heading = Heading { description: AGE_TEXT, ..text("Age") };

/// A moment rather than a span, which the client makes one.
pub(super) const CREATED_AT: Heading = Heading { kind: "date", description: AGE_TEXT, ..text("Created At") };

/// A column of texts.
pub(super) const fn text(name: &'static str) -> Heading {
    Heading { name, kind: "string", format: "", description: "", priority: 0 }
}

/// A column of whole numbers.
pub(super) const fn integer(name: &'static str) -> Heading {
    Heading { kind: "integer", ..text(name) }
}

/// A column of `true` and `false`.
pub(super) const fn boolean(name: &'static str) -> Heading {
    Heading { kind: "boolean", ..text(name) }
}

impl Heading {
    /// Shown by `-o wide` alone.
    pub(super) const fn wide(self) -> Self {
        Self { priority: 1, ..self }
    }

    /// Of names.
    pub(super) const fn of_names(self) -> Self {
        Self { format: "name", ..self }
    }

    /// An entry of `columnDefinitions`.
    pub(super) fn definition(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        })
    }
}

/// The text at a JSON pointer, empty where there is none.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a JSON pointer, 0 where there is none.
pub(super) fn number_at(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The list at a JSON pointer, empty where there is none.
pub(super) fn items_at<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The entries of the object at a JSON pointer: how many.
pub(super) fn size_at(value: &Value, pointer: &str) -> usize {
    value.pointer(pointer).and_then(Value::as_object).map_or(0, serde_json::Map::len)
}

/// The object's name.
pub(super) fn name(object: &Value) -> Value {
    at(object, "/metadata/name").into()
}

/// How long the object exists.
pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    since(at(object, "/metadata/creationTimestamp"), now).into()
}

/// Or this, where there is nothing.
pub(super) fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

/// Whether the object is on its way out.
pub(super) fn is_terminating(object: &Value) -> bool {
    !at(object, "/metadata/deletionTimestamp").is_empty()
}

/// `a,b`: this field of each, without those that have none.
pub(super) fn joined(items: &[Value], pointer: &str, separator: &str) -> String {
    let texts: Vec<&str> =
        items.iter().map(|item| at(item, pointer)).filter(|text| !text.is_empty()).collect();
    texts.join(separator)
}

/// `a=b,c=d`, as labels are shown; `<none>`: there are none.
pub(super) fn labels(labels: Option<&Value>) -> String {
    let pairs: Vec<String> = labels
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    or(&pairs.join(","), "<none>").to_owned()
}

/// A label selector as it is shown: by key, `<none>` where it takes all.
pub(super) fn selector(selector: Option<&Value>) -> String {
    let Some(selector) = selector else { return "<none>".to_owned() };
    let pairs = selector["matchLabels"].as_object().into_iter().flatten();
    let mut requirements: Vec<(String, String)> =
        pairs.map(|(key, value)| (key.clone(), format!("{key}={}", at(value, "")))).collect();
    for expression in items_at(selector, "/matchExpressions") {
        let key = at(expression, "/key");
        let mut values: Vec<&str> =
            items_at(expression, "/values").iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        let requirement = match at(expression, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        };
        requirements.push((key.to_owned(), requirement));
    }
    requirements.sort();
    let requirements: Vec<String> = requirements.into_iter().map(|(_, requirement)| requirement).collect();
    or(&requirements.join(","), "<none>").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_shown_by_key() {
        let both = json!({
            "matchLabels": {"tier": "web", "app": "a"},
            "matchExpressions": [
                {"key": "b", "operator": "In", "values": ["y", "x"]},
                {"key": "z", "operator": "DoesNotExist"},
                {"key": "c", "operator": "Exists"},
                {"key": "d", "operator": "NotIn", "values": ["v"]},
            ],
        });
        assert_eq!(selector(Some(&both)), "app=a,b in (x,y),c,d notin (v),tier=web,!z");
        assert_eq!(selector(Some(&json!({}))), "<none>");
        assert_eq!(selector(None), "<none>");
        assert_eq!(labels(Some(&json!({"b": "1", "a": ""}))), "a=,b=1");
    }
}
