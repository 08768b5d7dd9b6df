//! Descriptors write their examples in YAML, as people do; a schema has them as data.

use serde_json::Value;

use super::super::diagnostic::Collector;
use super::super::node::{Data, Form, Node};
use super::super::source::Sources;
use super::super::yaml;

/// The data of one value; `None`: it is no YAML.
pub(super) fn of_value(text: &str) -> Option<Value> {
    let (mut sources, mut out) = (Sources::default(), Collector::default());
    let documents = yaml::compose(sources.add("example", text), text, &mut out);
    match documents.as_slice() {
        [document] if out.errors() == 0 => Some(data(document)),
        _ => None,
    }
}

/// What stands under the name in an example of a whole entry: `{ over: 6m }` of `age: { over: 6m }`.
pub(super) fn of_entry(text: &str) -> Option<Value> {
    match of_value(text)? {
        Value::Object(entry) if entry.len() == 1 => entry.into_iter().next().map(|(_, value)| value),
        _ => None,
    }
}

fn data(node: &Node) -> Value {
    match &node.data {
        Data::Scalar(scalar) => match scalar.form() {
            Form::Null => Value::Null,
            Form::Bool(value) => value.into(),
            Form::Number(number) => number.into(),
            Form::Text | Form::Unclear => scalar.text.as_str().into(),
        },
        Data::List(items) => items.iter().map(data).collect(),
        Data::Map(entries) => {
            Value::Object(entries.iter().map(|entry| (entry.key.text.clone(), data(&entry.value))).collect())
        }
        Data::Broken => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn examples_keep_the_types_that_a_rule_would_give_them() {
        for (text, value) in [
            ("6m", json!("6m")),
            ("\"False\"", json!("False")),
            ("[1, 137]", json!([1, 137])),
            ("{ equals: true }", json!({"equals": true})),
        ] {
            assert_eq!(of_value(text), Some(value));
        }
        assert_eq!(of_value("[a"), None);
        assert_eq!(of_entry("phase: Failed"), Some(json!("Failed")));
    }
}
