//! What stands around a rule: parameters with their types, `--set`, defaults, scope, steps.

use std::time::Duration;

use k8s_healer_engine::rule::{Mode, StepWhile};

use super::*;

fn pack_with(parameters: &str, rest: &str) -> String {
    let (head, rules) = pack(rest).split_once("rules:").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    format!("{head}parameters: {{ {parameters} }}\nrules:{rules}")
}

#[test]
fn a_parameter_keeps_its_type_in_every_place() {
    let object = object(
        r#"{ metadata: { name: vm-a, namespace: test-a, creationTimestamp: "2026-01-01T11:00:00Z", labels: { app: web, n: "5" },
            finalizers: [a/b] }, status: { phase: Failed, n: 5, s: "5", flag: true, q: 500m } }"#,
    );
    for (parameters, matcher, expected) in [
        ("age: 1h", "age: { over: \"${age}\" }", YES),
        ("age: 1h1s", "age: { over: \"${age}\" }", NO),
        ("n: 5", "field: { path: $.status.n, equals: \"${n}\" }", YES),
        ("n: \"5\"", "field: { path: $.status.n, equals: \"${n}\" }", UNKNOWN),
        ("n: \"5\"", "field: { path: $.status.s, equals: \"${n}\" }", YES),
        ("n: 4", "field: { path: $.status.n, gt: \"${n}\" }", YES),
        ("flag: true", "field: { path: $.status.flag, equals: \"${flag}\" }", YES),
        ("q: 100m", "field: { path: $.status.q, as: quantity, gt: \"${q}\" }", YES),
        ("path: $.status.n", "field: { path: \"${path}\", equals: 5 }", YES),
        ("key: n", "field: { path: \"$.status.${key}\", equals: 5 }", YES),
        ("words: [Failed, Error]", "phase: \"${words}\"", YES),
        ("words: [Failed, Error]", "field: { path: $.status.phase, in: \"${words}\" }", YES),
        ("words: [\"*\", \"!vm-*\"]", "name: { glob: \"${words}\" }", NO),
        ("prefix: vm", "name: { glob: \"${prefix}-*\" }", YES),
        ("pattern: \"vm-[a-z]\"", "name: { matches: \"${pattern}\" }", YES),
        ("count: \">= 1\"", "field: { path: $.metadata.finalizers, size: \"${count}\" }", YES),
        ("value: web", "labels: { matchLabels: { app: \"${value}\" } }", YES),
        ("value: 5", "labels: { matchLabels: { n: \"${value}\" } }", YES),
        ("yes: true", "terminating: \"${yes}\"", NO),
        ("n: 5", "field: { path: $.status.s, equals: \"${n}${none}\" }", YES),
        ("age: 1h", "not: { any: [ { age: { over: \"${age}\" } } ] }", NO),
    ] {
        let none = if matcher.contains("${none}") { ", none: \"\"" } else { "" };
        let text = pack_with(&format!("{parameters}{none}"), &format!("match: [ {{ {matcher} }} ]"));
        assert_eq!(judge(&rules(&text, &[])[0], &object, NOW).truth, expected, "{parameters}: {matcher}");
    }
}

#[test]
fn a_setting_replaces_a_parameter_with_its_type() {
    let text = pack_with(
        "age: 6m, n: 5, words: [a], text: x",
        "description: \"${n}${text}\"\nmatch: [ { age: { over: \"${age}\" } }, { field: { path: $.n, equals: \"${n}\" } }, { phase: \"${words}\" } ]",
    );
    let object =
        object(r#"{ metadata: { creationTimestamp: "2026-01-01T11:00:00Z" }, n: 5, status: { phase: a } }"#);
    for (set, expected) in [
        (&[][..], YES),
        (&["age=1h"], YES),
        (&["age=2h"], NO),
        (&["pack.age=2h"], NO),
        (&["pack.age=1h", "age=2h"], YES),
        (&["age=2h", "age=1h"], YES),
        (&["n=6"], NO),
        (&["n=\"5\""], UNKNOWN),
        (&["words=[b, a]"], YES),
        (&["words=b"], NO),
        (&["text=a = b"], YES),
    ] {
        assert_eq!(judge(&rules(&text, set)[0], &object, NOW).truth, expected, "{set:?}");
    }
    for (set, code) in [
        ("age=6 min", Code::BadDuration),
        ("age=", Code::WrongType),
        ("n=[1]", Code::WrongType),
        ("none=1", Code::BadSet),
        ("other.age=1h", Code::BadSet),
        ("age", Code::BadSet),
        ("=1h", Code::BadSet),
        ("words=[a", Code::BadSet),
    ] {
        let loaded = loaded(&text, &[set]);
        let codes: Vec<Code> = loaded.diagnostics.iter().map(|one| one.code).collect();
        assert!(codes.contains(&code), "{set}: {codes:?}");
        assert!(loaded.rule_set.is_none(), "{set}");
    }
}

#[test]
fn parameters_that_cannot_be_used_are_refused_where_they_stand() {
    for (parameters, matcher, code) in [
        ("age: 6m", "age: { over: \"${agee}\" }", Code::UnknownParameter),
        ("age: 6m", "age: { over: \"${age\" }", Code::UnknownParameter),
        ("age: 6 min", "age: { over: \"${age}\" }", Code::BadDuration),
        ("list: [a]", "name: { glob: \"x-${list}\" }", Code::BadParameter),
        ("a: \"${b}\", b: 1h", "age: { over: \"${a}\" }", Code::BadParameter),
        ("a: { b: c }", "phase: \"${a}\"", Code::BadParameter),
        ("a:", "phase: \"${a}\"", Code::BadParameter),
        ("9a: b", "phase: Failed", Code::BadName),
    ] {
        let text = pack_with(parameters, &format!("match: [ {{ {matcher} }} ]"));
        let loaded = loaded(&text, &[]);
        let codes: Vec<Code> = loaded.diagnostics.iter().map(|one| one.code).collect();
        let expected =
            codes.contains(&code) || (code == Code::BadName && codes.contains(&Code::BadParameter));
        assert!(expected && loaded.rule_set.is_none(), "{parameters} {matcher}: {codes:?}");
    }
    let literal = rules(&pack("description: \"$${not}\""), &[]);
    assert_eq!(literal[0].description, "${not}");
}

#[test]
fn defaults_are_inherited_and_a_rule_s_own_keys_replace_them() {
    let text = pack("match: [ { phase: Failed } ]").replace("    scope: cluster\n", "");
    let with = |defaults: &str, own: &str| {
        let (head, rest) = text.split_once("rules:").unwrap();
        rules(&format!("{head}defaults: {{ {defaults} }}\nrules:{rest}{own}"), &[]).remove(0)
    };
    let inherits = with(
        "namespaces: [test-*, \"!test-x\"], cooldown: 5m, mode: dry-run, for: 1m, unless: [ { phase: Failed } ]",
        "",
    );
    assert!(inherits.scope.selects(Some("test-a")) && !inherits.scope.selects(Some("test-x")));
    assert_eq!((inherits.cooldown, inherits.hold), (Duration::from_secs(300), Duration::from_secs(60)));
    assert_eq!(inherits.mode, Mode::DryRun);
    let failed = object("{ status: { phase: Failed } }");
    assert_eq!(judge(&inherits, &failed, NOW).truth, NO, "the default's `unless` spares it");
    let own = with(
        "namespaces: [test-*], cooldown: 5m, mode: dry-run, for: 1m, unless: [ { phase: Failed } ]",
        "    namespaces: prod\n    cooldown: 0s\n    mode: enforce\n    for: 0s\n    unless: [ { phase: Running } ]\n",
    );
    assert!(own.scope.selects(Some("prod")) && !own.scope.selects(Some("test-a")));
    assert_eq!((own.cooldown, own.hold, own.mode), (Duration::ZERO, Duration::ZERO, Mode::Enforce));
    assert_eq!(judge(&own, &failed, NOW).truth, YES);
    let cluster = with("namespaces: [test-*]", "    scope: cluster\n");
    assert!(cluster.scope.selects(None) && cluster.scope.selects(Some("anything")));
    assert!(!own.scope.selects(None), "a rule for namespaces selects nothing outside them");
    let plain = rule("match: [ { phase: Failed } ]");
    assert_eq!(
        (plain.cooldown, plain.hold, plain.mode),
        (Duration::from_secs(600), Duration::ZERO, Mode::Enforce)
    );
}

#[test]
fn steps_keep_their_order_their_delays_and_their_while() {
    let rule = rule(
        "watch: vm\nactions: [ { delete: { after: 30s } }, { stripFinalizers: { only: kubevirt.io/*, after: 2m, while: present } }, { log: { while: match } } ]",
    );
    let shown: Vec<_> = rule.steps.iter().map(|step| (step.name, step.after, step.while_)).collect();
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(
        shown,
        [
            ("delete", seconds(30), None),
            ("stripFinalizers", seconds(120), Some(StepWhile::Present)),
            ("log", None, Some(StepWhile::Match)),
        ]
    );
}
