//! What a rule is of an object at one instant, and since when the object itself tells that it has been so: read
//! from the rule's tree by the words of the reference, with nothing of the engine.

use serde_json::Value;

use crate::model_kinds as kinds;
use crate::{model_field, model_others, model_values as values};

/// What is said of an object: true, false, or `None` for unknown; and since when, as far as it tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) truth: Option<bool>,
    pub(crate) since: Option<i128>,
}

impl Said {
    pub(crate) fn plainly(truth: bool) -> Self {
        Self { truth: Some(truth), since: None }
    }

    pub(crate) fn unknown() -> Self {
        Self { truth: None, since: None }
    }

    /// False, and from a moment on true.
    pub(crate) fn from(boundary: i128, now: i128) -> Self {
        let over = now >= boundary;
        Self { truth: Some(over), since: over.then_some(boundary) }
    }

    pub(crate) fn negated(self) -> Self {
        Self { truth: self.truth.map(|truth| !truth), ..self }
    }
}

/// Kleene's and: false if one is false, else unknown if one is unknown. It has been true since the last of
/// them came to be, false since the first.
pub(crate) fn all(parts: &[Said]) -> Said {
    let lies: Vec<&Said> = parts.iter().filter(|part| part.truth == Some(false)).collect();
    if !lies.is_empty() {
        return Said { truth: Some(false), since: lies.iter().filter_map(|part| part.since).min() };
    }
    if parts.iter().any(|part| part.truth.is_none()) {
        return Said::unknown();
    }
    let every: Option<Vec<i128>> = parts.iter().map(|part| part.since).collect();
    Said { truth: Some(true), since: every.and_then(|every| every.into_iter().max()) }
}

/// Kleene's or, by De Morgan.
pub(crate) fn any(parts: &[Said]) -> Said {
    all(&parts.iter().map(|part| part.negated()).collect::<Vec<_>>()).negated()
}

/// Whether a rule is true of an object, `for` not counted.
pub(crate) fn rule(rule: &Value, object: &Value, now: i128) -> Said {
    let matches = list(rule, "match").iter().map(|matcher| said(matcher, object, now));
    // True or unknown spares the object.
    let unless = list(rule, "unless").iter().map(|matcher| match said(matcher, object, now) {
        Said { truth: Some(false), since } => Said { truth: Some(true), since },
        _ => Said::plainly(false),
    });
    all(&matches.chain(unless).collect::<Vec<_>>())
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What one matcher says.
pub(crate) fn said(matcher: &Value, object: &Value, now: i128) -> Said {
    let (name, asked) = matcher.as_object().and_then(|entries| entries.iter().next()).expect("a matcher");
    let parts = || -> Vec<Said> {
        asked.as_array().expect("a list").iter().map(|part| said(part, object, now)).collect()
    };
    match name.as_str() {
        "all" => all(&parts()),
        "any" => any(&parts()),
        "not" => said(asked, object, now).negated(),
        "age" => age(asked, object, object, now),
        "field" => model_field::field(asked, object, now),
        "phase" => match object["status"]["phase"].as_str() {
            Some(phase) => among(asked, object, |word| word == phase),
            None => Said::unknown(),
        },
        "condition" => kinds::condition(asked, object, object, now),
        "containers" => kinds::containers(asked, object),
        "terminating" => terminating(asked, object, now),
        "labels" => Said::plainly(labels(asked, object)),
        "annotations" => annotations(asked, object, object),
        "name" => {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let glob = asked.get("glob").is_none_or(|globs| values::globs(globs, name));
            let pattern = asked.get("matches").is_none_or(|pattern| values::pattern(pattern, name));
            Said { truth: Some(glob && pattern), since: created(object).filter(|since| *since <= now) }
        }
        "owner" => model_others::owner(asked, object, owner),
        "priority" => model_others::priority(asked, object),
        "node" => model_others::node(asked, object, now),
        "namespace" => model_others::namespace(asked, object, now),
        "cel" => crate::expressions::said(asked.as_str().expect("an expression"), object),
        "finalizers" => Said::plainly(finalizers(asked, object)),
        other => panic!("the model knows no {other}"),
    }
}

pub(crate) fn created(object: &Value) -> Option<i128> {
    values::time(object["metadata"]["creationTimestamp"].as_str()?, &[])
}

/// The formats that a matcher asks for beside RFC 3339.
pub(crate) fn formats(asked: &Value) -> Vec<&str> {
    asked.get("formats").map(values::texts).unwrap_or_default()
}

/// A time in an object; a number only where `epoch` was asked for.
pub(crate) fn time_of(node: &Value, formats: &[&str]) -> Option<i128> {
    match node {
        Value::String(text) => values::time(text, formats),
        Value::Number(number) if formats.contains(&"epoch") => values::time(&number.to_string(), formats),
        _ => None,
    }
}

/// A duration that a rule asks for.
pub(crate) fn asked_duration(asked: &Value, key: &str) -> Option<i128> {
    asked.get(key).map(|text| text.as_str().and_then(values::duration).expect("a duration"))
}

/// The one value that an object carries for a rule.
pub(crate) fn carried<'o>(from: &Value, object: &'o Value) -> Option<&'o Value> {
    match values::nodes(from["valueFrom"].as_str().expect("a path"), object).as_slice() {
        [node] if !node.is_null() => Some(node),
        _ => None,
    }
}

/// Whether it is so of one of the words, some of which, or all, the object may carry.
pub(crate) fn among(asked: &Value, object: &Value, is: impl Fn(&str) -> bool) -> Said {
    let plain = |node: &Value| (!node.is_null() && !node.is_array() && !node.is_object()).then(|| word(node));
    let one = |node: Option<&Value>| match node.and_then(plain) {
        Some(word) => Said::plainly(is(&word)),
        None => Said::unknown(),
    };
    match asked {
        Value::Array(items) => {
            let entry = |item: &Value| match item.get("valueFrom") {
                Some(_) => one(carried(item, object)),
                None => one(Some(item)),
            };
            any(&items.iter().map(entry).collect::<Vec<_>>())
        }
        Value::Object(_) => match carried(asked, object) {
            // As a list of the object: read whole, or not at all.
            Some(Value::Array(items)) if items.iter().any(|item| plain(item).is_none()) => Said::unknown(),
            Some(Value::Array(items)) => Said::plainly(items.iter().any(|item| is(&word(item)))),
            node => one(node),
        },
        literal => one(Some(literal)),
    }
}

fn word(node: &Value) -> String {
    node.as_str().map_or_else(|| node.to_string(), str::to_owned)
}

/// Whether it is one of the words that mean no end.
pub(crate) fn is_never(from: &Value, node: &Value) -> bool {
    let words = from.get("never").map(values::texts).unwrap_or_default();
    let text = node.as_str().map_or_else(|| node.to_string(), str::to_owned);
    !node.is_array() && !node.is_object() && words.contains(&text.as_str())
}

/// What so long after `start` is, for a duration that the rule says or that the object carries.
pub(crate) fn after(asked: &Value, key: &str, object: &Value, start: i128, now: i128) -> Option<Said> {
    let length = asked.get(key)?;
    if let Some(text) = length.as_str() {
        return Some(Said::from(start + values::duration(text).expect("a duration"), now));
    }
    let Some(node) = carried(length, object) else { return Some(Said::unknown()) };
    if is_never(length, node) {
        return Some(Said::plainly(false));
    }
    let least = asked_duration(length, "min").unwrap_or(0);
    let read = node.as_str().and_then(values::duration).map(|read| read.max(least));
    // Since when the object has carried it is not told.
    Some(read.map_or(Said::unknown(), |read| Said { since: None, ..Said::from(start + read, now) }))
}

/// The same of an age, which is 0 where its start is in the future: at least 0s it always is.
pub(crate) fn aged(asked: &Value, key: &str, object: &Value, start: i128, now: i128) -> Option<Said> {
    let length = asked.get(key)?;
    let literal = length.as_str().and_then(values::duration);
    let carried = || {
        let node = carried(length, object).filter(|node| !is_never(length, node))?;
        let least = asked_duration(length, "min").unwrap_or(0);
        node.as_str().and_then(values::duration).map(|read| read.max(least))
    };
    match (literal, literal.or_else(carried)) {
        (Some(0), _) => Some(Said { truth: Some(true), since: Some(start.min(now)) }),
        (None, Some(0)) => Some(Said { truth: Some(true), since: None }),
        _ => after(asked, key, object, start, now),
    }
}

/// What is carried, the object that the rule watches carries, also where another one is asked.
pub(crate) fn age(asked: &Value, object: &Value, watched: &Value, now: i128) -> Said {
    let created = Value::from("$.metadata.creationTimestamp");
    let paths = values::texts(asked.get("since").unwrap_or(&created));
    let there = |path: &&str| -> Vec<&Value> {
        values::nodes(path, object).into_iter().filter(|node| !node.is_null()).collect()
    };
    let first = paths.iter().map(there).find(|nodes| !nodes.is_empty()).unwrap_or_default();
    let start = match first.as_slice() {
        [node] => time_of(node, &formats(asked)),
        _ => None,
    };
    let Some(start) = start else { return Said::unknown() };
    let over = aged(asked, "over", watched, start, now);
    let under = aged(asked, "under", watched, start, now).map(|over| match over.negated() {
        // It was younger all the time.
        Said { truth: Some(true), .. } if asked["under"].is_string() => {
            Said { truth: Some(true), since: Some(start.min(now)) }
        }
        over => over,
    });
    all(&over.into_iter().chain(under).collect::<Vec<_>>())
}

/// When the deletion was asked for: the end of the grace, less the grace.
pub(crate) fn deletion_asked(object: &Value) -> Option<i128> {
    let end = values::time(object["metadata"]["deletionTimestamp"].as_str()?, &[])?;
    let grace = object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
    Some(end - i128::from(grace.max(0)) * 1_000_000_000)
}

pub(crate) fn is_terminating(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

fn terminating(asked: &Value, object: &Value, now: i128) -> Said {
    let is = is_terminating(object);
    if asked.get("over").is_some() {
        return match (is, deletion_asked(object)) {
            (false, _) => Said::plainly(false),
            (true, Some(since)) => aged(asked, "over", object, since, now).expect("a duration"),
            (true, None) => Said::unknown(),
        };
    }
    let wanted = asked.as_bool().expect("true or false");
    // From its creation it was not, from the request on it is: neither is ever taken back.
    let since = if is { deletion_asked(object) } else { created(object) };
    let since = since.filter(|since| is == wanted && *since <= now);
    Said { truth: Some(is == wanted), since }
}

pub(crate) fn labels(asked: &Value, object: &Value) -> bool {
    let value = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str);
    let plain = asked.get("matchLabels").and_then(Value::as_object);
    let plain = plain.into_iter().flatten().all(|(key, wanted)| value(key) == wanted.as_str());
    plain
        && list(asked, "matchExpressions").iter().all(|requirement| {
            let seen = value(requirement["key"].as_str().expect("a key"));
            let among = || seen.is_some_and(|seen| values::texts(&requirement["values"]).contains(&seen));
            match requirement["operator"].as_str().expect("an operator") {
                "In" => among(),
                "NotIn" => !among(),
                "Exists" => seen.is_some(),
                _ => seen.is_none(),
            }
        })
}

pub(crate) fn annotations(asked: &Value, object: &Value, watched: &Value) -> Said {
    let key = asked["key"].as_str().expect("a key");
    let exists = asked.get("exists").and_then(Value::as_bool);
    let asks_value = ["equals", "in", "glob", "matches"].iter().any(|key| asked.get(key).is_some());
    let Some(seen) = object["metadata"]["annotations"].get(key).and_then(Value::as_str) else {
        return if asks_value { Said::unknown() } else { Said::plainly(exists == Some(false)) };
    };
    let equals = |wanted: &Value| {
        let wanted = if wanted.is_string() { Some(wanted) } else { carried(wanted, watched) };
        match wanted {
            Some(Value::String(wanted)) => Said::plainly(wanted == seen),
            Some(Value::Number(wanted)) => {
                let wanted = wanted.to_string();
                Said::plainly(wanted.as_str() == seen)
            }
            Some(Value::Bool(wanted)) => Said::plainly(seen == if *wanted { "true" } else { "false" }),
            _ => Said::unknown(),
        }
    };
    let mut parts: Vec<Said> = asked.get("equals").map(equals).into_iter().collect();
    if let Some(list) = asked.get("in").and_then(Value::as_array) {
        parts.push(any(&list.iter().map(equals).collect::<Vec<_>>()));
    }
    let others = exists != Some(false)
        && asked.get("glob").is_none_or(|globs| values::globs(globs, seen))
        && asked.get("matches").is_none_or(|pattern| values::pattern(pattern, seen));
    parts.push(Said::plainly(others));
    all(&parts)
}

fn owner(asked: &Value, object: &Value) -> Said {
    let fits = |owner: &Value| {
        let kind = owner.get("kind").and_then(Value::as_str).unwrap_or_default();
        let controls = owner.get("controller").and_then(Value::as_bool).unwrap_or(false);
        let controls = asked.get("controller").is_none_or(|wanted| *wanted == controls);
        let of_kind = asked.get("kind").map(|kinds| among(kinds, object, |word| word == kind));
        all(&of_kind.into_iter().chain([Said::plainly(controls)]).collect::<Vec<_>>())
    };
    let mut found: Vec<Said> = list(&object["metadata"], "ownerReferences").iter().map(fits).collect();
    // A kind that cannot be read could be any.
    found.extend(asked.get("kind").map(|kinds| among(kinds, object, |_| false)));
    found.push(Said::plainly(false));
    match asked.get("exists").and_then(Value::as_bool) {
        Some(false) => any(&found).negated(),
        _ => any(&found),
    }
}

fn finalizers(asked: &Value, object: &Value) -> bool {
    let seen: Vec<&str> = list(&object["metadata"], "finalizers").iter().filter_map(Value::as_str).collect();
    let matching =
        |key: &str| asked.get(key).map(|globs| seen.iter().filter(|seen| values::globs(globs, seen)).count());
    matching("any").is_none_or(|count| count > 0)
        && matching("all").is_none_or(|count| count > 0 && count == seen.len())
        && matching("none").is_none_or(|count| count == 0)
        && asked.get("exists").is_none_or(|wanted| *wanted == !seen.is_empty())
}
