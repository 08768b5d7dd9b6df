//! The model's reading of what a status reports: conditions and containers.

use serde_json::Value;

use crate::model::{Said, aged, all, among, any};
use crate::model_values as values;

pub(crate) fn condition(asked: &Value, object: &Value, watched: &Value, now: i128) -> Said {
    let text = |condition: &Value, key: &str| condition.get(key).and_then(Value::as_str).map(str::to_owned);
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let of_type = |condition: &&Value| {
        let name = text(condition, "type");
        asked.get("type").is_none_or(|globs| name.is_some_and(|name| values::globs(globs, &name)))
    };
    let candidates: Vec<&Value> = conditions.iter().filter(of_type).collect();
    if candidates.is_empty() {
        return Said::unknown();
    }
    let wanted = asked.get("status").map_or(vec!["True"], values::texts);
    let judge = |condition: &&Value| {
        let Some(status) = text(condition, "status") else { return Said::unknown() };
        let since = text(condition, "lastTransitionTime").and_then(|text| values::time(&text, &[]));
        let mut parts = vec![Said {
            truth: Some(wanted.contains(&status.as_str())),
            since: since.filter(|since| *since <= now),
        }];
        if let Some(globs) = asked.get("reason") {
            let reason = text(condition, "reason");
            parts.push(Said::plainly(reason.is_some_and(|reason| values::globs(globs, &reason))));
        }
        if asked.get("for").is_some() {
            let held = |since| aged(asked, "for", watched, since, now).expect("a duration");
            parts.push(since.map_or(Said::unknown(), held));
        }
        all(&parts)
    };
    any(&candidates.iter().map(judge).collect::<Vec<_>>())
}

pub(crate) fn containers(asked: &Value, object: &Value) -> Said {
    let mut lists = match asked.get("init").map(ToString::to_string).as_deref() {
        Some("\"only\"") => vec!["initContainerStatuses"],
        Some("false") => vec!["containerStatuses"],
        _ => vec!["containerStatuses", "initContainerStatuses"],
    };
    if asked.get("ephemeral").is_some_and(|wanted| wanted == true) {
        lists.push("ephemeralContainerStatuses");
    }
    let list = |name: &&str| match &object["status"][*name] {
        Value::Null => Vec::new(),
        Value::Array(statuses) => statuses.clone(),
        // No list: something is there of which nothing is known.
        other => vec![other.clone()],
    };
    let statuses: Vec<Value> = lists.iter().flat_map(list).collect();
    if statuses.is_empty() {
        return Said::unknown();
    }
    let end = if asked.get("last").is_some_and(|last| last == true) { "lastState" } else { "state" };
    let mut parts = Vec::new();
    if ["waiting", "terminated", "exitCodes", "restarts", "ready"].iter().any(|key| asked.get(key).is_some())
    {
        parts.push(any(&statuses
            .iter()
            .map(|status| container(asked, object, status, end))
            .collect::<Vec<_>>()));
    }
    if let Some(count) = asked.get("totalRestarts").and_then(Value::as_str) {
        let each: Option<Vec<u64>> = statuses.iter().map(restarts).collect();
        let total = each.map(|each| each.iter().sum());
        parts.push(total.map_or(Said::unknown(), |total| Said::plainly(values::count(count, total))));
    }
    all(&parts)
}

fn restarts(status: &Value) -> Option<u64> {
    status.get("restartCount").and_then(Value::as_u64)
}

/// Whether it is so of one of the codes. What is no whole number cannot be read as one.
fn code(codes: &Value, object: &Value, is: impl Fn(i64) -> bool) -> Said {
    let unreadable = std::cell::Cell::new(false);
    let found = among(codes, object, |word| match word.parse() {
        Ok(code) => is(code),
        Err(_) => {
            unreadable.set(true);
            false
        }
    });
    let whole = codes.is_object();
    if unreadable.get() && (whole || found.truth != Some(true)) { Said::unknown() } else { found }
}

/// One container satisfies all keys. A state that is not the one asked for is known not to be it; a count or a
/// flag that is not there is not known.
fn container(asked: &Value, object: &Value, status: &Value, end: &str) -> Said {
    if !status.is_object() {
        return Said::unknown();
    }
    // `Err`: what should be a mapping is none.
    let at = |path: [&str; 3]| {
        path.iter().try_fold(status, |node, key| match node {
            Value::Null => Ok(&Value::Null),
            Value::Object(members) => Ok(members.get(*key).unwrap_or(&Value::Null)),
            _ => Err(()),
        })
    };
    let mut parts = Vec::new();
    for (key, state, kind) in [("waiting", "state", "waiting"), ("terminated", end, "terminated")] {
        if let Some(words) = asked.get(key) {
            parts.push(match at([state, kind, "reason"]) {
                Ok(Value::Null) => among(words, object, |_| false),
                Ok(Value::String(seen)) => among(words, object, |word| word == seen),
                _ => Said::unknown(),
            });
        }
    }
    if let Some(codes) = asked.get("exitCodes") {
        let ended = status.get(end).and_then(|state| state.get("terminated"));
        let has_ended = ended.is_some_and(|ended| !ended.is_null());
        parts.push(match at([end, "terminated", "exitCode"]).map(Value::as_i64) {
            Ok(Some(seen)) => code(codes, object, |code| code == seen),
            Ok(None) if !has_ended => code(codes, object, |_| false),
            _ => Said::unknown(),
        });
    }
    if let Some(count) = asked.get("restarts").and_then(Value::as_str) {
        let seen = restarts(status);
        parts.push(seen.map_or(Said::unknown(), |seen| Said::plainly(values::count(count, seen))));
    }
    if let Some(ready) = asked.get("ready").and_then(Value::as_bool) {
        let seen = status.get("ready").and_then(Value::as_bool);
        parts.push(seen.map_or(Said::unknown(), |seen| Said::plainly(seen == ready)));
    }
    all(&parts)
}
