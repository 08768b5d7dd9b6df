//! `${name}` in an object of a test: nothing is put in for it.

use serde_json::Value;

use crate::rules::diagnostic::Place;
use crate::rules::names::is_parameter;
use crate::rules::node::{Data, Node};

/// What would be a parameter in a pack. In a longer text `${…}` is what shells write, and stays as it is.
pub(super) fn placeholder(node: &Node) -> Option<(Place, &str)> {
    match &node.data {
        Data::Scalar(scalar) => whole(&scalar.text).map(|name| (node.place, name)),
        Data::List(items) => items.iter().find_map(placeholder),
        Data::Map(entries) => entries.iter().find_map(|entry| placeholder(&entry.value)),
        Data::Broken => None,
    }
}

fn whole(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    is_parameter(name).then_some(name)
}

/// `$${name}` is the text `${name}`, as in a pack.
pub(super) fn unescape(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(meant) = text.strip_prefix('$').filter(|meant| whole(meant).is_some()) {
                *text = meant.to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unescape),
        Value::Object(members) => members.values_mut().for_each(unescape),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
