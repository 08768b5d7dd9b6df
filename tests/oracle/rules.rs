//! Makes rules as the trees that YAML is read to: every matcher and combinator, with words that the objects of
//! `objects` use too, so that they meet.

use serde_json::{Map, Value, json};

use crate::choices::Choices;
use crate::field_rules::{FORMATS, Kind, carried, duration, field};
use crate::model_values::PATTERNS;

pub(crate) const GLOBS: [&str; 10] =
    ["*", "Error*", "web-?", "!test", "*[a-c]", "ab", "!*-1", "Re*y", "*b*", "[a-z]eb-*"];
pub(crate) const PHASES: [&str; 4] = ["Failed", "Running", "Pending", "Succeeded"];
pub(crate) const TYPES: [&str; 4] = ["Ready", "Available", "Ready", "Really"];
pub(crate) const REASONS: [&str; 4] = ["Error", "CrashLoopBackOff", "OOMKilled", "Completed"];
pub(crate) const CODES: [i64; 3] = [1, 137, 0];
const COUNTS: [&str; 7] = [">= 3", "> 0", "== 1", "< 5", "<= 2", "!= 0", ">= 12"];
pub(crate) const LABELS: [&str; 4] = ["app", "app.kubernetes.io/name", "tier", "empty"];
pub(crate) const LABEL_VALUES: [&str; 4] = ["web-1", "test", "", "ab"];
pub(crate) const ANNOTATIONS: [&str; 4] = ["a.b/run", "janitor/ttl", "a.b/expires", "plain"];
pub(crate) const NAMES: [&str; 5] = ["web-1", "test", "ab", "Ready", "web-22"];
pub(crate) const OWNERS: [&str; 3] = ["ReplicaSet", "Job", "DaemonSet"];
pub(crate) const FINALIZERS: [&str; 3] = ["a.b/keep", "foregroundDeletion", "ab"];
const FINALIZER_GLOBS: [&str; 4] = ["a.b/*", "ab", "*", "!*Deletion"];

/// One matcher; combinators hold others down to `depth`.
pub(crate) fn matcher(choices: &mut Choices<'_>, depth: usize) -> Value {
    let combines = depth > 0 && choices.one_in(3);
    if combines {
        let parts = |choices: &mut Choices<'_>| -> Vec<Value> {
            (0..=choices.below(4)).map(|_| matcher(choices, depth - 1)).collect()
        };
        return match choices.below(3) {
            0 => json!({ "not": matcher(choices, depth - 1) }),
            1 => json!({ "all": parts(choices) }),
            _ => json!({ "any": parts(choices) }),
        };
    }
    match choices.below(18) {
        0 | 1 | 16 => age(choices),
        2 => json!({ "phase": words(choices, &PHASES) }),
        3 | 4 => condition(choices),
        5 | 6 => containers(choices),
        7 | 17 => terminating(choices),
        8 => labels(choices),
        9 => annotations(choices),
        10 => name(choices),
        11 => owner(choices),
        12 => finalizers(choices),
        _ => field(choices),
    }
}

/// A rule's `match`, `unless` and what else it must have.
pub(crate) fn rule(choices: &mut Choices<'_>, name: &str) -> Value {
    let mut rule = Map::new();
    rule.insert("name".to_owned(), name.into());
    rule.insert("watch".to_owned(), "pods".into());
    rule.insert("scope".to_owned(), "cluster".into());
    let matches: Vec<Value> = (0..=choices.below(4) / 2).map(|_| matcher(choices, 3)).collect();
    rule.insert("match".to_owned(), matches.into());
    if choices.one_in(4) {
        let unless: Vec<Value> = (0..=choices.below(4) / 2).map(|_| matcher(choices, 2)).collect();
        rule.insert("unless".to_owned(), unless.into());
    }
    rule.insert("actions".to_owned(), json!([{ "log": {} }]));
    rule.into()
}

/// A string where a list of one is meant, now and then.
pub(crate) fn one_or_some(choices: &mut Choices<'_>, list: &[&'static str]) -> Value {
    if choices.one_in(3) { json!(choices.pick(list)) } else { json!(choices.some(list, 2)) }
}

/// The same, of which the object carries one or all at times.
pub(crate) fn words(choices: &mut Choices<'_>, list: &[&'static str]) -> Value {
    let words = one_or_some(choices, list);
    carried_at_times(choices, words, Kind::Word)
}

fn codes(choices: &mut Choices<'_>) -> Value {
    let codes = json!(choices.some(&CODES, 2));
    carried_at_times(choices, codes, Kind::Number)
}

fn carried_at_times(choices: &mut Choices<'_>, mut list: Value, kind: Kind) -> Value {
    match (choices.below(8), list.as_array_mut()) {
        (0, _) => carried(choices, kind),
        (1 | 2, Some(list)) => {
            list.insert(0, carried(choices, kind));
            json!(list)
        }
        _ => list,
    }
}

/// Adds a key in one of `often` cases.
fn maybe(asked: &mut Map<String, Value>, choices: &mut Choices<'_>, often: usize, key: &str, value: Value) {
    if choices.one_in(often) {
        asked.insert(key.to_owned(), value);
    }
}

pub(crate) fn age(choices: &mut Choices<'_>) -> Value {
    let mut asked = Map::new();
    match choices.below(5) {
        0 | 1 => drop(asked.insert("over".to_owned(), duration(choices))),
        2 => drop(asked.insert("under".to_owned(), duration(choices))),
        _ => {
            asked.insert("over".to_owned(), choices.pick(&["1s", "6m", "0s"]).into());
            asked.insert("under".to_owned(), choices.pick(&["1h", "90s", "2d"]).into());
        }
    }
    if choices.one_in(2) {
        let since = [
            "$.status.startTime",
            "$.status.completionTime",
            "$.metadata.annotations['a.b/expires']",
            "$.spec.epoch",
            "$.status.conditions[?@.type=='Ready'].lastTransitionTime",
            "$.metadata.creationTimestamp",
        ];
        asked.insert("since".to_owned(), one_or_some(choices, &since));
        if choices.one_in(2) {
            asked.insert("formats".to_owned(), json!(choices.some(&FORMATS, 4)));
        }
    }
    json!({ "age": asked })
}

pub(crate) fn condition(choices: &mut Choices<'_>) -> Value {
    let mut asked = Map::new();
    let kind = if choices.one_in(4) { json!(choices.some(&GLOBS, 2)) } else { one_or_some(choices, &TYPES) };
    if !choices.one_in(6) {
        asked.insert("type".to_owned(), kind);
    }
    if choices.one_in(3) || asked.is_empty() {
        asked.insert("reason".to_owned(), one_or_some(choices, &["Error", "Comp*", "!Error", "OOMKilled"]));
    }
    if choices.one_in(2) {
        asked.insert("status".to_owned(), one_or_some(choices, &["False", "True", "Unknown"]));
    }
    if choices.one_in(2) {
        asked.insert("for".to_owned(), duration(choices));
    }
    json!({ "condition": asked })
}

fn containers(choices: &mut Choices<'_>) -> Value {
    let mut asked = Map::new();
    let first = choices.below(6);
    let words = words(choices, &REASONS);
    match first {
        0 => asked.insert("waiting".to_owned(), words),
        1 => asked.insert("terminated".to_owned(), words),
        2 => asked.insert("exitCodes".to_owned(), codes(choices)),
        3 => asked.insert("restarts".to_owned(), choices.pick(&COUNTS).into()),
        4 => asked.insert("ready".to_owned(), choices.one_in(2).into()),
        _ => asked.insert("totalRestarts".to_owned(), choices.pick(&COUNTS).into()),
    };
    let count = choices.pick(&COUNTS);
    maybe(&mut asked, choices, 3, "restarts", count.into());
    maybe(&mut asked, choices, 6, "totalRestarts", count.into());
    maybe(&mut asked, choices, 6, "ready", json!(false));
    let code = choices.pick(&CODES);
    maybe(&mut asked, choices, 6, "exitCodes", json!(code));
    if asked.contains_key("terminated") || asked.contains_key("exitCodes") {
        maybe(&mut asked, choices, 2, "last", json!(true));
    }
    let init = choices.pick(&[json!("only"), json!(false), json!(true)].each_ref()).clone();
    maybe(&mut asked, choices, 3, "init", init);
    maybe(&mut asked, choices, 3, "ephemeral", json!(true));
    json!({ "containers": asked })
}

fn terminating(choices: &mut Choices<'_>) -> Value {
    match choices.below(3) {
        0 => json!({ "terminating": true }),
        1 => json!({ "terminating": false }),
        _ => json!({ "terminating": { "over": duration(choices) } }),
    }
}

pub(crate) fn labels(choices: &mut Choices<'_>) -> Value {
    let mut asked = Map::new();
    if choices.one_in(2) {
        let key = choices.pick(&LABELS);
        asked.insert("matchLabels".to_owned(), json!({ key: choices.pick(&LABEL_VALUES) }));
    }
    if asked.is_empty() || choices.one_in(3) {
        let requirement = |choices: &mut Choices<'_>| {
            let (key, operator) =
                (choices.pick(&LABELS), choices.pick(&["In", "NotIn", "Exists", "DoesNotExist"]));
            if operator.ends_with("In") {
                json!({ "key": key, "operator": operator, "values": one_or_some(choices, &LABEL_VALUES) })
            } else {
                json!({ "key": key, "operator": operator })
            }
        };
        let requirements: Vec<Value> = (0..=choices.below(2)).map(|_| requirement(choices)).collect();
        asked.insert("matchExpressions".to_owned(), requirements.into());
    }
    json!({ "labels": asked })
}

pub(crate) fn annotations(choices: &mut Choices<'_>) -> Value {
    let mut asked = Map::new();
    asked.insert("key".to_owned(), choices.pick(&ANNOTATIONS).into());
    match choices.below(6) {
        0 => asked.insert("exists".to_owned(), true.into()),
        1 => asked.insert("exists".to_owned(), false.into()),
        2 if choices.one_in(3) => asked.insert("equals".to_owned(), carried(choices, Kind::Word)),
        2 => asked.insert("equals".to_owned(), choices.pick(&LABEL_VALUES).into()),
        3 if choices.one_in(3) => {
            let words = json!([choices.pick(&LABEL_VALUES), carried(choices, Kind::Word)]);
            asked.insert("in".to_owned(), words)
        }
        3 => asked.insert("in".to_owned(), json!(choices.some(&LABEL_VALUES, 3))),
        4 => asked.insert("glob".to_owned(), one_or_some(choices, &GLOBS)),
        _ => asked.insert("matches".to_owned(), choices.pick(&PATTERNS).0.into()),
    };
    let glob = one_or_some(choices, &GLOBS);
    maybe(&mut asked, choices, 5, "glob", glob);
    maybe(&mut asked, choices, 6, "exists", json!(true));
    json!({ "annotations": asked })
}

fn name(choices: &mut Choices<'_>) -> Value {
    let (globs, pattern) = (one_or_some(choices, &GLOBS), choices.pick(&PATTERNS).0);
    match choices.below(3) {
        0 => json!({ "name": { "glob": globs } }),
        1 => json!({ "name": { "matches": pattern } }),
        _ => json!({ "name": { "glob": globs, "matches": pattern } }),
    }
}

fn owner(choices: &mut Choices<'_>) -> Value {
    let mut asked = Map::new();
    if choices.mostly(2) {
        asked.insert("kind".to_owned(), words(choices, &OWNERS));
    }
    let controller = choices.one_in(2);
    maybe(&mut asked, choices, 3, "controller", controller.into());
    if asked.is_empty() || choices.one_in(3) {
        asked.insert("exists".to_owned(), choices.mostly(2).into());
    }
    json!({ "owner": asked })
}

fn finalizers(choices: &mut Choices<'_>) -> Value {
    let mut asked = Map::new();
    let key = choices.pick(&["any", "all", "none"]);
    if choices.mostly(4) {
        asked.insert(key.to_owned(), one_or_some(choices, &FINALIZER_GLOBS));
    }
    if asked.is_empty() || choices.one_in(4) {
        asked.insert("exists".to_owned(), choices.mostly(2).into());
    }
    json!({ "finalizers": asked })
}
