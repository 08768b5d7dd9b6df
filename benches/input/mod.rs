//! What the engine is measured with, by the benches and by the budgets that CI keeps: rules of several sorts, and pods as big as real ones.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each binary uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench stops where it stands")]

use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer::cluster::resource::Resource;
use k8s_healer::daemon::controller::projection_of;
use k8s_healer::rules::{Input, LoadOptions, load};
use k8s_healer::sandbox::synthetic::{Load, Template};
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::Rule;

/// How rules resemble each other.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// The same fields and namespaces, other values.
    Alike,
    /// A few sorts of rules, each team in its own namespaces.
    Teams,
    /// An expression of its own in each.
    Different,
}

/// An entry of `match` for each matcher.
pub const MATCHERS: [(&str, &str); 18] = [
    ("age", "age: { over: 6m }"),
    ("phase", "phase: [Failed, Unknown]"),
    ("containers", "containers: { waiting: [CrashLoopBackOff, ImagePullBackOff], restarts: \">= 3\" }"),
    ("condition", "condition: { type: Ready, status: \"False\", for: 5m }"),
    ("labels", "labels: { matchLabels: { app: web } }"),
    ("annotations", "annotations: { key: example.com/expires, exists: true }"),
    ("name", "name: { glob: \"e2e-*\" }"),
    ("owner", "owner: { kind: ReplicaSet }"),
    ("priority", "priority: { below: 1000 }"),
    ("terminating", "terminating: { over: 10m }"),
    ("finalizers", "finalizers: { any: \"example.com/*\" }"),
    ("field", "field: { path: $.spec.nodeName, equals: node-1 }"),
    ("node", "node: { condition: { type: Ready }, labels: { matchLabels: { zone: a } } }"),
    ("namespace", "namespace: { labels: { matchLabels: { team: a } }, age: { over: 1h } }"),
    ("cel", "cel: \"object.status.containerStatuses.exists(c, c.restartCount > 3)\""),
    ("all", "all: [ { phase: Running }, { age: { over: 1h } } ]"),
    ("any", "any: [ { phase: Failed }, { age: { over: 1h } } ]"),
    ("not", "not: { phase: Failed }"),
];

pub fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A pack of so many rules.
pub fn pack(shape: Shape, count: usize) -> String {
    let mut text =
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: bench }\nrules:\n".to_owned();
    for rule in 0..count {
        let (namespaces, matches) = match shape {
            Shape::Alike => (
                "[test-*]".to_owned(),
                format!(
                    "{{ labels: {{ matchLabels: {{ app: app-{rule} }} }} }}, \
                     {{ containers: {{ waiting: [CrashLoopBackOff] }} }}"
                ),
            ),
            Shape::Teams => (format!("[test-*, team-{}-*]", rule % 50), of_team(rule)),
            Shape::Different => (
                "[test-*]".to_owned(),
                format!("{{ name: {{ glob: \"web-{rule}-*\" }} }}, {{ age: {{ over: {}h }} }}", 1 + rule),
            ),
        };
        writeln!(
            text,
            "  - name: r-{rule}\n    watch: pods\n    namespaces: {namespaces}\n    for: 1m\n    \
             match: [ {matches} ]\n    actions: [ {{ log: {{}} }} ]"
        )
        .unwrap();
    }
    text
}

fn of_team(rule: usize) -> String {
    match rule % 4 {
        0 => "{ containers: { waiting: [CrashLoopBackOff], restarts: \">= 3\" } }".to_owned(),
        1 => "{ phase: Failed }".to_owned(),
        2 => format!(
            "{{ labels: {{ matchLabels: {{ team: team-{} }} }} }}, {{ age: {{ over: 6h }} }}",
            rule % 50
        ),
        _ => format!("{{ field: {{ path: $.status.reason, equals: Reason{rule} }} }}"),
    }
}

pub fn loaded(text: String) -> Vec<Arc<Rule>> {
    let input = Input::Text { name: "bench.yaml".to_owned(), bytes: text.into_bytes() };
    let loaded = load(&[input], &LoadOptions::default());
    let rules = loaded.rule_set.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)).rules;
    assert!(!rules.is_empty());
    rules
}

pub fn rules(shape: Shape, count: usize) -> Vec<Arc<Rule>> {
    loaded(pack(shape, count))
}

/// A rule that has this matcher alone.
pub fn rule_with(name: &str) -> Arc<Rule> {
    let (_, entry) = MATCHERS.iter().find(|(known, _)| *known == name).unwrap();
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: bench }}\nrules:\n  - name: rule\n    \
         watch: pods\n    namespaces: [\"test-*\"]\n    match: [ {{ {entry} }} ]\n    actions: [ {{ log: {{}} }} ]\n"
    );
    loaded(text).remove(0)
}

pub fn projection(rules: &[Arc<Rule>]) -> Projection {
    projection_of(rules)
}

pub fn pods() -> Resource {
    Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        plural: "pods".to_owned(),
        singular: "pod".to_owned(),
        short_names: vec!["po".to_owned()],
        namespaced: true,
        verbs: ["get", "list", "watch", "delete"].map(str::to_owned).to_vec(),
    }
}

/// Pods of 13 KB; every hundredth is in a crash loop.
pub fn pod_texts(count: u32) -> Vec<String> {
    let load = Load { pods: count, namespaces: 20, size: 13_000, crashing_every: 100 };
    let template = Template::new(load, "2026-01-01T00:00:00Z");
    (0..count).map(|number| template.make(number, u64::from(number) + 1)).collect()
}

/// Lines of a watch that tell of changes to these pods.
pub fn lines(count: u32) -> Vec<Vec<u8>> {
    let line = |pod: &String| format!("{{\"type\":\"MODIFIED\",\"object\":{pod}}}").into_bytes();
    pod_texts(count).iter().map(line).collect()
}
