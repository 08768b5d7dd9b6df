//! The model's reading of what hangs on other objects: a node, a namespace, the owners; and of priorities. What is
//! known of the others stands beside the object, under a key that no object has.

use serde_json::Value;

use crate::model::{self, Said, all};
use crate::model_kinds;

/// `{ "namespace": …, "nodes": { name: … }, "owners": { uid: … } }`: an object, null where there is none, and left out
/// where nothing is known.
pub(crate) const KNOWN: &str = "(known)";

/// Since when it has been so for this object, no other object can tell.
fn of_other(said: Said) -> Said {
    Said { since: None, ..said }
}

pub(crate) fn priority(asked: &Value, object: &Value) -> Said {
    let Some(priority) = object["spec"].get("priority").and_then(Value::as_i64) else {
        return Said::unknown();
    };
    let mut parts = Vec::new();
    if let Some(classes) = asked.get("class") {
        let class = object["spec"].get("priorityClassName").and_then(Value::as_str).unwrap_or_default();
        parts.push(model::among(classes, object, |word| !class.is_empty() && word == class));
    }
    for (key, is_within) in [
        ("below", (|seen, bound| seen < bound) as fn(i64, i64) -> bool),
        ("atLeast", |seen, bound| seen >= bound),
    ] {
        let Some(bound) = asked.get(key) else { continue };
        let bound = bound.as_i64().or_else(|| model::carried(bound, object).and_then(whole));
        parts.push(bound.map_or(Said::unknown(), |bound| Said::plainly(is_within(priority, bound))));
    }
    all(&parts)
}

fn whole(node: &Value) -> Option<i64> {
    node.as_i64().or_else(|| node.as_str()?.parse().ok())
}

pub(crate) fn node(asked: &Value, object: &Value, now: i128) -> Said {
    let name = ["spec", "status"].iter().find_map(|part| {
        object[*part].get("nodeName").and_then(Value::as_str).filter(|name| !name.is_empty())
    });
    let known = name.and_then(|name| object[KNOWN]["nodes"].get(name));
    let Some(node) = known else { return Said::unknown() };
    let mut parts = Vec::new();
    if let Some(missing) = asked.get("missing").and_then(Value::as_bool) {
        parts.push(Said::plainly(missing == node.is_null()));
    }
    let others = ["condition", "labels", "ready"].iter().any(|key| asked.get(key).is_some());
    if others && node.is_null() {
        parts.push(Said::unknown());
    } else if others {
        if let Some(condition) = asked.get("condition") {
            parts.push(model_kinds::condition(condition, node, object, now));
        }
        if let Some(labels) = asked.get("labels") {
            parts.push(Said::plainly(model::labels(labels, node)));
        }
        if let Some(ready) = asked.get("ready").and_then(Value::as_bool) {
            let status = if ready { vec!["True"] } else { vec!["False", "Unknown"] };
            let condition = serde_json::json!({ "type": "Ready", "status": status });
            parts.push(model_kinds::condition(&condition, node, object, now));
        }
    }
    of_other(all(&parts))
}

pub(crate) fn namespace(asked: &Value, object: &Value, now: i128) -> Said {
    let known = object[KNOWN].get("namespace").filter(|namespace| !namespace.is_null());
    let Some(namespace) = known else { return Said::unknown() };
    let mut parts = Vec::new();
    if let Some(labels) = asked.get("labels") {
        parts.push(Said::plainly(model::labels(labels, namespace)));
    }
    if let Some(annotations) = asked.get("annotations") {
        parts.push(model::annotations(annotations, namespace, object));
    }
    if let Some(phases) = asked.get("phase") {
        let phase = namespace["status"]["phase"].as_str();
        parts.push(phase.map_or(Said::unknown(), |phase| model::among(phases, object, |word| word == phase)));
    }
    if let Some(age) = asked.get("age") {
        parts.push(model::age(age, namespace, object, now));
    }
    of_other(all(&parts))
}

/// `marks` tells whether the references are as asked.
pub(crate) fn owner(asked: &Value, object: &Value, marks: impl Fn(&Value, &Value) -> Said) -> Said {
    let Some(missing) = asked.get("missing").and_then(Value::as_bool) else {
        return marks(asked, object);
    };
    let asks_marks = ["exists", "kind", "controller"].iter().any(|key| asked.get(key).is_some());
    let mut parts: Vec<Said> = asks_marks.then(|| marks(asked, object)).into_iter().collect();
    let none = Vec::new();
    let references = object["metadata"]["ownerReferences"].as_array().unwrap_or(&none);
    let gone: Vec<Said> = references
        .iter()
        .map(|reference| {
            let uid = reference.get("uid").and_then(Value::as_str).unwrap_or_default();
            match object[KNOWN]["owners"].get(uid).and_then(Value::as_bool) {
                Some(exists) if !uid.is_empty() => Said::plainly(!exists),
                _ => Said::unknown(),
            }
        })
        .collect();
    let all_gone = if gone.is_empty() { Said::plainly(false) } else { all(&gone) };
    parts.push(if missing { all_gone } else { all_gone.negated() });
    all(&parts)
}
