//! A selector of labels in one short line, as kubectl takes it on its command line.

use crate::rules::effective::{Item, Tree};

/// `environment=test,tier in (web,db)`.
pub(super) fn selector(item: &Item) -> String {
    let Tree::Map(parts) = &item.tree else { return String::new() };
    let part = |key: &str| parts.iter().find(|(known, _)| known == key).map(|(_, item)| &item.tree);
    let labels = match part("matchLabels") {
        Some(Tree::Map(labels)) => labels.as_slice(),
        _ => &[],
    };
    let expressions = match part("matchExpressions") {
        Some(Tree::List(expressions)) => expressions.as_slice(),
        _ => &[],
    };
    let equals = labels.iter().map(|(key, value)| format!("{key}={}", text(value)));
    equals.chain(expressions.iter().map(requirement)).collect::<Vec<_>>().join(",")
}

fn requirement(item: &Item) -> String {
    let Tree::Map(parts) = &item.tree else { return String::new() };
    let part = |key: &str| parts.iter().find(|(known, _)| known == key).map(|(_, item)| item);
    let (key, operator) = (part("key").map(text).unwrap_or_default(), part("operator").map(text));
    let values = match part("values").map(|values| &values.tree) {
        Some(Tree::List(values)) => values.iter().map(text).collect::<Vec<_>>().join(","),
        _ => part("values").map(text).unwrap_or_default(),
    };
    match operator.unwrap_or_default().as_str() {
        "In" => format!("{key} in ({values})"),
        "NotIn" => format!("{key} notin ({values})"),
        "DoesNotExist" => format!("!{key}"),
        _ => key,
    }
}

/// A value as it is written, without quotes.
fn text(item: &Item) -> String {
    item.as_shown().unwrap_or_default().trim_matches('"').to_owned()
}
