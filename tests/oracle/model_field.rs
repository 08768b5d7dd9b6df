//! The model's reading of `field`: the operators on the one node at a path, or on any or all of several.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::model::{Said, after, all, any, carried, formats, is_never, time_of};
use crate::model_values as values;

const OPERATORS: [&str; 15] = [
    "equals",
    "notEquals",
    "in",
    "notIn",
    "matches",
    "glob",
    "gt",
    "gte",
    "lt",
    "lte",
    "olderThan",
    "newerThan",
    "before",
    "after",
    "size",
];

pub(crate) fn field(asked: &Value, object: &Value, now: i128) -> Said {
    let mut nodes = values::nodes(asked["path"].as_str().expect("a path"), object);
    // Null is not there; beside other nodes it is one that nothing can be read of.
    if nodes.iter().all(|node| node.is_null()) {
        nodes.clear();
    }
    let mut parts = Vec::new();
    if let Some(exists) = asked.get("exists").and_then(Value::as_bool) {
        parts.push(Said::plainly(exists != nodes.is_empty()));
    }
    if nodes.is_empty() {
        nodes.extend(asked.get("default").and_then(|default| match default.get("valueFrom") {
            Some(_) => carried(default, object),
            None => Some(default),
        }));
    }
    let asks_one = OPERATORS.iter().any(|operator| asked.get(operator).is_some());
    let asks_several = asked.get("any").is_some() || asked.get("all").is_some();
    if nodes.is_empty() && (asks_one || asks_several) {
        return Said::unknown();
    }
    if asks_one {
        parts.push(match nodes.as_slice() {
            [node] => judge(asked, None, node, object, now),
            _ => Said::unknown(),
        });
    }
    for (quantifier, combine) in [("any", any as fn(&[Said]) -> Said), ("all", all)] {
        if let Some(inner) = asked.get(quantifier) {
            let each: Vec<Said> =
                nodes.iter().map(|node| judge(inner, Some(asked), node, object, now)).collect();
            parts.push(combine(&each));
        }
    }
    all(&parts)
}

/// All operators on one node; `as` and `formats` may stand outside.
fn judge(asked: &Value, outer: Option<&Value>, node: &Value, object: &Value, now: i128) -> Said {
    if node.is_null() {
        return Said::unknown();
    }
    let own: &Map<String, Value> = asked.as_object().expect("operators");
    let inherited = |key: &str| asked.get(key).or_else(|| outer.and_then(|outer| outer.get(key)));
    let kind = inherited("as").and_then(Value::as_str);
    let formats =
        if asked.get("formats").is_some() { formats(asked) } else { outer.map(formats).unwrap_or_default() };
    let operators = own.iter().filter(|(key, _)| OPERATORS.contains(&key.as_str()));
    let parts: Vec<Said> = operators
        .map(|(operator, operand)| match operator.as_str() {
            "olderThan" | "newerThan" => {
                let Some(time) = time_of(node, &formats) else { return Said::unknown() };
                let older = after(asked, operator, object, time, now).expect("a duration");
                if operator == "olderThan" { older } else { Said { since: None, ..older.negated() } }
            }
            _ => {
                let kind = if matches!(operator.as_str(), "before" | "after") { Some("time") } else { kind };
                let ordered = ["gt", "gte", "lt", "lte"].contains(&operator.as_str());
                let operand = resolved(operand, ordered, object, kind, &formats);
                let truth = operand.and_then(|operand| truth(operator, &operand, node, kind, &formats));
                Said { truth, since: None }
            }
        })
        .collect();
    all(&parts)
}

/// The operand with what the object carries of it in its place, null for an item that cannot be read.
fn resolved(
    operand: &Value,
    ordered: bool,
    object: &Value,
    kind: Option<&str>,
    formats: &[&str],
) -> Option<Value> {
    let one = |operand: &Value| match operand {
        Value::Object(_) => read(operand, carried(operand, object)?, ordered, kind, formats),
        literal => Some(literal.clone()),
    };
    match operand {
        Value::Array(items) => {
            Some(items.iter().map(|item| one(item).unwrap_or_default()).collect::<Vec<_>>().into())
        }
        operand => one(operand),
    }
}

/// What is read is what a literal would be; one that would be refused is not read.
fn read(from: &Value, node: &Value, ordered: bool, kind: Option<&str>, formats: &[&str]) -> Option<Value> {
    // Longer, and later, than all that objects have.
    let endless = if kind == Some("time") { "9000-01-01T00:00:00Z" } else { "999999w" };
    if is_never(from, node) {
        return Some(endless.into());
    }
    let text = node.as_str().map_or_else(|| node.to_string(), str::to_owned);
    let forms = [
        ("quantity", values::quantity(&text)),
        ("duration", values::duration(&text)),
        ("time", values::time(&text, formats)),
    ];
    let is = |wanted: &str| forms.iter().any(|(kind, read)| *kind == wanted && read.is_some());
    let is_read = match (kind, node) {
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => false,
        (Some("number"), _) if text.trim() != text => false,
        (Some("number"), _) => serde_json::from_str(&text).is_ok_and(|value: Value| value.is_number()),
        (Some("string"), _) => true,
        (Some(kind), _) => is(kind),
        (None, Value::Bool(_)) => !ordered,
        (None, Value::String(_)) => !ordered || forms.iter().filter(|(_, read)| read.is_some()).count() == 1,
        (None, _) => true,
    };
    let least = from.get("min").and_then(Value::as_str);
    match least.filter(|least| is_read && values::duration(&text) < values::duration(least)) {
        Some(least) => Some(least.into()),
        None if kind == Some("duration") || kind == Some("time") => is_read.then(|| text.into()),
        None => is_read.then(|| node.clone()),
    }
}

fn truth(
    operator: &str,
    operand: &Value,
    node: &Value,
    kind: Option<&str>,
    formats: &[&str],
) -> Option<bool> {
    let equal = |operand: &Value| compare(operand, node, kind, formats).map(Ordering::is_eq);
    let among = || {
        let answers: Vec<Option<bool>> = operand.as_array().expect("a list").iter().map(equal).collect();
        // Equal to one; else not, if it could be read as any of them and none was carried and not read.
        let unread = operand.as_array().expect("a list").iter().any(Value::is_null);
        match answers.contains(&Some(true)) {
            true => Some(true),
            false if unread => None,
            false if answers.contains(&None) => None,
            false => Some(false),
        }
    };
    let text = match node {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) if kind == Some("string") => Some(node.to_string()),
        _ => None,
    };
    let moment = || values::time(operand.as_str().expect("a time"), formats).expect("a time");
    match operator {
        "equals" => equal(operand),
        "notEquals" => equal(operand).map(|equal| !equal),
        "in" => among(),
        "notIn" => among().map(|among| !among),
        "matches" => text.map(|text| values::pattern(operand, &text)),
        "glob" => text.map(|text| values::globs(operand, &text)),
        "gt" => order(operand, node, kind, formats).map(Ordering::is_gt),
        "gte" => order(operand, node, kind, formats).map(Ordering::is_ge),
        "lt" => order(operand, node, kind, formats).map(Ordering::is_lt),
        "lte" => order(operand, node, kind, formats).map(Ordering::is_le),
        "before" => time_of(node, formats).map(|time| time < moment()),
        "after" => time_of(node, formats).map(|time| time > moment()),
        "size" => {
            let size = node.as_array().map(Vec::len).or_else(|| node.as_object().map(Map::len));
            size.map(|size| values::count(operand.as_str().expect("a count"), size as u64))
        }
        other => panic!("the model knows no {other}"),
    }
}

/// As equality, but a text that says no type must be the one ordered form that it can be read as.
fn order(operand: &Value, node: &Value, kind: Option<&str>, formats: &[&str]) -> Option<Ordering> {
    let kind = kind.or_else(|| {
        let text = operand.as_str()?;
        let forms = [
            ("quantity", values::quantity(text)),
            ("duration", values::duration(text)),
            ("time", values::time(text, formats)),
        ];
        forms.iter().find(|(_, read)| read.is_some()).map(|(kind, _)| *kind)
    });
    compare(operand, node, kind, formats)
}

/// How a value of the object stands to a literal of the rule, where both can be read as one type.
fn compare(operand: &Value, node: &Value, kind: Option<&str>, formats: &[&str]) -> Option<Ordering> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    let both = |read: &dyn Fn(&Value) -> Option<i128>| Some(read(node)?.cmp(&read(operand)?));
    match kind {
        None => match (node, operand) {
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Number(_), Value::Number(_)) => numbers(node, operand),
            _ => None,
        },
        Some("string") => Some(text(node)?.cmp(&text(operand)?)),
        Some("number") => {
            let number = |value: &Value| match value {
                Value::String(text) if text.trim() != text => None,
                Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_number),
                Value::Number(_) => Some(value.clone()),
                _ => None,
            };
            numbers(&number(node)?, &number(operand)?)
        }
        Some("quantity") => both(&|value| match value {
            Value::String(_) | Value::Number(_) => values::quantity(&text(value)?),
            _ => None,
        }),
        Some("duration") => both(&|value| values::duration(value.as_str()?)),
        Some("time") => both(&|value| time_of(value, formats)),
        Some(other) => panic!("the model knows no {other}"),
    }
}

fn numbers(a: &Value, b: &Value) -> Option<Ordering> {
    let whole = |value: &Value| value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
