//! The rule language from its text to its truth: each case is a piece of a rule as a person writes it, an
//! object as the API server sends it, and a moment. Each file is one part of the language; the tables
//! follow its reference, and look for the places where an implementation is likely to be wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod boundaries;
mod breaker;
mod cel;
mod confinement;
mod containers;
mod contradictions;
mod conversions;
mod documents;
mod fields;
mod forms;
mod in_flight;
mod limits;
mod logic;
mod marks;
mod others;
mod packs;
mod paths;
mod priority;
mod refusals;
mod schedules;
mod sequences;
mod states;
mod times;
mod value_from;

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer::rules::{Code, Input, LoadOptions, Loaded, Severity, load};
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::Facts;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::verdict::Verdict;
use serde_json::Value;

const YES: Truth = Truth::True;
const NO: Truth = Truth::False;
const UNKNOWN: Truth = Truth::Unknown;

/// The moment of cases that say no other.
const NOW: &str = "12:00:00";

/// `12:00:00` → that time on 2026-01-01; a longer text is a whole time.
fn at(time: &str) -> Timestamp {
    let whole = if time.len() > 18 { time.to_owned() } else { format!("2026-01-01T{time}Z") };
    whole.parse().unwrap_or_else(|error| panic!("{time}: {error}"))
}

/// A pack of one rule from its keys, one on each line; what it must have and does not say is added.
fn pack(lines: &str) -> String {
    let mut text =
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\nrules:\n  - name: rule\n"
            .to_owned();
    let lacks = |key: &str| !lines.lines().any(|line| line.starts_with(&format!("{key}:")));
    let mut all: Vec<&str> = lines.lines().collect();
    if lacks("watch") {
        all.push("watch: pods");
    }
    if lacks("namespaces") && lacks("scope") && lacks("namespaceSelector") {
        all.push("scope: cluster");
    }
    if lacks("match") {
        all.push("match: [ { age: { over: 0s } } ]");
    }
    if lacks("actions") {
        all.push("actions: [ { log: {} } ]");
    }
    all.iter().for_each(|line| writeln!(text, "    {line}").unwrap());
    text
}

fn loaded(text: &str, set: &[&str]) -> Loaded {
    let set = set.iter().map(ToString::to_string).collect();
    let input = Input::Text { name: "rules.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
    load(&[input], &LoadOptions { set, ..LoadOptions::default() })
}

fn rules(text: &str, set: &[&str]) -> Vec<Arc<Rule>> {
    let loaded = loaded(text, set);
    let shown: Vec<String> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    loaded.rule_set.unwrap_or_else(|| panic!("{shown:#?}\n{text}")).rules
}

/// The rule of these lines.
fn rule(lines: &str) -> Arc<Rule> {
    rules(&pack(lines), &[]).remove(0)
}

/// The errors in a rule of these lines.
fn errors(lines: &str) -> Vec<Code> {
    let loaded = loaded(&pack(lines), &[]);
    let errors = loaded.diagnostics.iter().filter(|one| one.severity() == Severity::Error);
    errors.map(|diagnostic| diagnostic.code).collect()
}

/// An object, from JSON or YAML's flow form, which is shorter.
fn object(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What a rule is of an object, read as the daemon reads it: through the rule's own projection. That it is
/// the same on the whole object is shown beside.
fn judge(rule: &Rule, object: &Value, now: &str) -> Verdict {
    let mut projection = Projection::of_identity();
    rule.reads(&mut projection);
    let read = Observation::new(projection.parse(object.to_string().as_bytes()).unwrap());
    let verdict = evaluate(rule, &read, &Facts::none(), at(now));
    let whole = evaluate(rule, &Observation::new(object.clone()), &Facts::none(), at(now));
    assert_eq!(verdict, whole, "the projection leaves out what the rule reads of {object}");
    verdict
}

/// What one matcher is of an object.
fn verdict(matcher: &str, object_text: &str, now: &str) -> Verdict {
    judge(&rule(&format!("match: [ {{ {matcher} }} ]")), &object(object_text), now)
}

/// A table of matchers on one object; of each its negation is tried too.
fn table(object_text: &str, cases: &[(&str, Truth)]) {
    for (matcher, expected) in cases {
        assert_eq!(verdict(matcher, object_text, NOW).truth, *expected, "{matcher} on {object_text}");
        let negated = verdict(&format!("not: {{ {matcher} }}"), object_text, NOW).truth;
        assert_eq!(negated, expected.negated(), "not {matcher} on {object_text}");
    }
}

/// A table of objects for one matcher.
fn objects(matcher: &str, cases: &[(&str, Truth)]) {
    let rule = rule(&format!("match: [ {{ {matcher} }} ]"));
    for (text, expected) in cases {
        assert_eq!(judge(&rule, &object(text), NOW).truth, *expected, "{matcher} on {text}");
    }
}
