//! Mistakes of structure: what a mapping must say at least, what belongs beside what, numbers and texts of a form. The
//! schema refuses what the loader refuses, and takes what it takes.

use k8s_healer::rules::{Input, LoadOptions, Reads, Severity, load};
use k8s_healer_engine::descriptor::{Key, Presence, Shape};
use k8s_healer_engine::registry::Registry;

use super::{documents, of_action, of_matcher, pack, validators};

/// Whether all documents of a text are taken by the schemas, and by the loader.
fn verdicts(text: &str) -> (bool, bool) {
    let mistakes_of = validators();
    let taken = documents(text)
        .unwrap_or_else(|error| panic!("{error}:\n{text}"))
        .iter()
        .all(|document| mistakes_of(document).is_empty());
    let options = LoadOptions { reads: Reads::RulesAndTests, ..LoadOptions::default() };
    let loaded = load(&[Input::Text { name: "text".to_owned(), bytes: text.into() }], &options);
    let sound = loaded.diagnostics.iter().all(|one| one.severity() != Severity::Error);
    (taken, sound)
}

fn check(cases: &[(&str, bool)], text: impl Fn(&str) -> String) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(case, sound)| (case, sound, verdicts(&text(case))))
        .filter(|(_, sound, found)| *found != (**sound, **sound))
        .collect();
    assert!(wrong.is_empty(), "what should be sound, and what schema and loader say: {wrong:#?}");
}

fn keys_of(shape: Shape) -> &'static [Key] {
    match shape {
        Shape::Keys(keys) | Shape::ValueOrKeys(_, keys) => keys,
        Shape::Value(_) => &[],
    }
}

/// What stands under a name with nothing in it, and with each of its keys alone beside those that must be there.
fn alone(name: &str, keys: &[Key]) -> Vec<String> {
    let shown = |key: &Key| format!("\n{:10}{}: {}", "", key.name, key.example);
    let required: Vec<&Key> = keys.iter().filter(|key| key.presence == Presence::Required).collect();
    let with = |more: Option<&Key>| {
        let keys: Vec<String> = required.iter().copied().chain(more).map(shown).collect();
        format!("{name}:{}", keys.concat())
    };
    let others = keys.iter().filter(|key| key.presence != Presence::Required);
    let each = others.map(|key| with(Some(key)));
    [format!("{name}: {{}}"), with(None)].into_iter().chain(each).collect()
}

#[test]
fn nothing_and_each_key_alone_are_judged_alike_by_schema_and_loader() {
    let registry = Registry::standard();
    let matchers = registry.matchers().iter().flat_map(|matcher| {
        let kind = matcher.kinds.first().copied().unwrap_or("pods");
        let of = move |text: String| of_matcher(&text).replace("watch: pods", &format!("watch: {kind}"));
        alone(matcher.name, keys_of(matcher.shape)).into_iter().map(of)
    });
    let actions = registry.actions().iter().flat_map(|action| {
        let kind = action.kinds.first().copied().unwrap_or("pods");
        let scope = if kind == "nodes" { "scope: cluster" } else { "namespaces: [test-*]" };
        let of = move |text: String| {
            let text = of_action(&text).replace("watch: pods", &format!("watch: {kind}"));
            text.replace("namespaces: [test-*]", scope)
                .replace("age: { over: 6m }", "terminating: { over: 6m }")
        };
        alone(action.name, keys_of(action.shape)).into_iter().map(of)
    });
    let (mut refused, mut taken) = (0, 0);
    for text in matchers.chain(actions) {
        let (by_schema, by_loader) = verdicts(&text);
        assert_eq!(by_schema, by_loader, "schema, loader:\n{text}");
        if by_schema { taken += 1 } else { refused += 1 }
    }
    assert!(refused > 40 && taken > 60, "{refused} {taken}");
}

#[test]
fn what_a_matcher_must_say_at_least_is_judged_alike() {
    check(
        &[
            ("labels: { matchLabels: {} }", false),
            ("labels: { matchLabels: {}, matchExpressions: [ { key: a, operator: Exists } ] }", true),
            ("labels: { matchExpressions: [ { key: a, operator: In } ] }", false),
            ("labels: { matchExpressions: [ { key: a, operator: NotIn } ] }", false),
            ("labels: { matchExpressions: [ { key: a, operator: NotIn, values: [b] } ] }", true),
            ("labels: { matchExpressions: [ { key: a, operator: Exists, values: [b] } ] }", false),
            ("labels: { matchExpressions: [ { key: a, operator: DoesNotExist } ] }", true),
            ("field: { path: $.a, any: {} }", false),
            ("field: { path: $.a, all: { as: number } }", false),
            ("field: { path: $.a, as: number }", false),
            ("field: { path: $.a, any: { gt: 3 } }", true),
            ("terminating: { over: 1m }", true),
            ("node: { labels: {} }", false),
            ("node: { condition: { status: \"True\" } }", false),
            ("node: { condition: { reason: KubeletNotReady } }", true),
            ("namespace: { age: {} }", false),
            ("namespace: { annotations: { key: a } }", false),
            ("phase: [Failed, { valueFrom: $.metadata.labels.ends }]", true),
            ("phase: [Failed, { valueFrom: $.metadata.labels.ends, min: 1 }]", false),
            ("phase: [Failed, { from: $.metadata.labels.ends }]", false),
            ("phase: [Failed, [Lost]]", false),
            ("containers: { exitCodes: [1, { valueFrom: $.spec.code, min: 1 }] }", true),
            ("containers: { exitCodes: [1, { valueFrom: $.spec.code, min: 5m }] }", false),
            ("containers: { exitCodes: [1, a] }", false),
            ("not: { age: {} }", false),
            ("any: [ owner: { exists: true }, name: {} ]", false),
        ],
        of_matcher,
    );
}

#[test]
fn what_an_action_must_say_is_judged_alike() {
    let of = |case: &str| of_action(case).replace("watch: pods", "watch: deployments.apps");
    check(
        &[
            ("patch: { after: 1m }", false),
            ("patch: { merge: { spec: { paused: true } } }", true),
            (
                "patch: { merge: { spec: { paused: true } }, json: [ { op: remove, path: /spec/paused } ] }",
                false,
            ),
            ("patch: { merge: {} }", false),
            ("patch: { merge: [ spec ] }", false),
            ("patch: { merge: paused }", false),
            ("patch: { json: [] }", false),
            ("patch: { json: [ {} ] }", false),
            ("patch: { json: [ { op: replace, path: /spec/paused } ] }", false),
            ("patch: { json: [ { op: add, path: /spec/paused } ] }", false),
            ("patch: { json: [ { op: test, path: /spec/paused } ] }", false),
            ("patch: { json: [ { op: replace, path: /spec/paused, value: true } ] }", true),
            ("patch: { json: [ { op: remove, path: /spec/paused } ] }", true),
            ("patch: { json: [ { op: remove, path: /spec/paused, value: true } ] }", false),
            ("patch: { json: [ { op: copy, path: /spec/paused } ] }", false),
            ("patch: { json: [ { op: copy, path: /spec/paused, from: /spec/a~1b } ] }", true),
            ("patch: { json: [ { op: add, path: /spec/paused, from: /spec/old, value: true } ] }", false),
            ("patch: { json: [ { op: remove, path: spec/paused } ] }", false),
            ("patch: { json: [ { op: remove, path: /spec/a~2b } ] }", false),
            ("patch: { json: [ { op: move, path: /spec/paused, from: old } ] }", false),
            ("scale: { replicas: -1 }", false),
            ("scale: { replicas: 0 }", true),
            ("scale: { replicas: { valueFrom: $.metadata.annotations.replicas } }", true),
            ("annotate: { after: 2m }", false),
            ("label: { after: 2m, while: present }", false),
            ("label: {}", false),
            ("label:", false),
            ("label: { after: 2m, a: null }", true),
        ],
        of,
    );
}

#[test]
fn what_a_rule_says_is_judged_alike() {
    let of = |case: &str| {
        pack(&format!("    {case}\n    match: [ age: {{ over: 6m }} ]\n    actions: [ log: {{}} ]\n"))
    };
    check(
        &[
            ("namespaceSelector: {}", false),
            ("namespaceSelector:", false),
            ("namespaceSelector: { matchLabels: {} }", false),
            ("namespaceSelector: { matchLabels: { team: web } }", true),
            ("limits: {}", false),
            ("limits:", false),
            ("limits: { from: 10 }", false),
            ("limits: { from: 10, order: oldest }", false),
            ("limits: { maxUnhealthy: 40%, from: 10 }", true),
            ("limits: { maxUnhealthy: 40%, from: -1 }", false),
            ("limits: { maxUnhealthy: 5 }", true),
            ("limits: { maxUnhealthy: \"007\" }", true),
            ("limits: { maxUnhealthy: 100% }", true),
            ("limits: { maxUnhealthy: 101% }", false),
            ("limits: { maxUnhealthy: 0% }", false),
            ("limits: { maxUnhealthy: 0 }", false),
            ("limits: { maxUnhealthy: -5 }", false),
            ("limits: { maxUnhealthy: half }", false),
            ("limits: { maxUnhealthy: true }", false),
            ("limits: { inFlight: {} }", false),
            ("limits: { inFlight: { max: -1 } }", false),
            ("limits: { inFlight: { max: 0 } }", false),
            ("limits: { inFlight: { max: 1, groupBy: owner } }", true),
            ("limits: { inFlight: { max: 1, groupBy: $.spec.nodeName } }", true),
            ("limits: { inFlight: { max: 1, groupBy: rack } }", false),
            ("limits: { order: youngest }", false),
            ("limits: { order: newest }", true),
        ],
        of,
    );
}

#[test]
fn what_a_rule_watches_and_what_it_is_called_are_judged_alike() {
    let of = |case: &str| of_action("log: {}").replace("watch: pods", &format!("watch: {case}"));
    check(
        &[
            ("\"!pods\"", false),
            ("[\"!pods\"]", false),
            ("[\"!pods\", \"!*.apps\"]", false),
            ("[\"*.apps\", \"!deployments.apps\"]", true),
            ("404", true),
            ("true", true),
            ("-1", false),
            ("null", false),
            ("[null]", false),
        ],
        of,
    );
    for what in ["name: rule", "name: pack"] {
        let of = |case: &str| of_action("log: {}").replace(what, &format!("name: {case}"));
        check(&[("true", true), ("404", true), ("-1", false), ("1.5", false), ("null", false)], of);
    }
}

#[test]
fn what_parameters_fill_in_is_no_mistake() {
    let with = |text: String| {
        let parameters = "parameters: { n: 3, share: 40%, path: /spec/paused, word: In, op: add, kind: pods, \
                          group: $.spec.nodeName, list: [a, b] }\nrules:";
        text.replace("rules:", parameters)
    };
    let of = |case: &str| with(pack(&format!("    {case}\n    actions: [ log: {{}} ]\n")));
    check(
        &[
            ("match: [ { name: { glob: \"${list}\" } } ]", true),
            (
                "match: [ { labels: { matchExpressions: [ { key: a, operator: \"${word}\", values: \"${list}\" } ] } } ]",
                true,
            ),
            (
                "match: [ { phase: Failed } ]\n    limits: { maxUnhealthy: \"${share}\", from: \"${n}\" }",
                true,
            ),
            ("match: [ { phase: Failed } ]\n    limits: { maxUnhealthy: \"${n}0%\" }", true),
            (
                "match: [ { phase: Failed } ]\n    limits: { inFlight: { max: \"${n}\", groupBy: \"${group}\" } }",
                true,
            ),
        ],
        of,
    );
    let of = |case: &str| with(of_action(case).replace("watch: pods", "watch: deployments.apps"));
    check(
        &[
            ("scale: { replicas: \"${n}\" }", true),
            ("patch: { json: [ { op: \"${op}\", path: \"${path}\", value: true } ] }", true),
            ("patch: { merge: \"${list}\" }", false),
        ],
        of,
    );
}

#[test]
fn what_a_test_says_is_judged_alike() {
    let of_case = |case: &str| {
        format!(
            "apiVersion: k8s-healer/v1\nkind: RuleTest\nmetadata: {{ name: t }}\ncases:\n  - name: c\n    \
             now: 2026-01-01T00:00:00Z\n    {case}\n"
        )
    };
    check(
        &[
            ("at: 1m, remove: []", false),
            ("at: 1m, patch: []", false),
            ("at: 1m, apply: []", false),
            ("at: 1m, remove: pods/a/b", true),
            ("at: 1m, remove: [pods/a/b]", true),
            ("at: 1m, remove:", false),
            ("at: 1m, patch:", false),
            ("at: 1m, patch: { object: pods/a/b, merge: {} }", true),
            ("at: 1m, patch: [ { object: pods/a/b, merge: {} } ]", true),
        ],
        |step| of_case(&format!("timeline: [ {{ {step} }} ]")),
    );
    check(
        &[
            ("{ n: [null] }", false),
            ("{ n: null }", false),
            ("{ n: [a, 1, true] }", true),
            ("{ n: [] }", true),
            ("{ pack.n: 1 }", true),
            ("{ Pack.n: 1 }", false),
            ("{ -pack.n: 1 }", false),
            ("{ my.pack.n: 1 }", false),
            ("{ 5n: 1 }", false),
        ],
        |set| of_case(&format!("set: {set}\n    timeline: [ {{ at: 1m, expect: nothing }} ]")),
    );
    check(
        &[("{ protect: { namespaces: [a] } }", true), ("{ protect: { namespaces: [\"${a}\"] } }", false)],
        |guardrails| {
            of_case(&format!("guardrails: {guardrails}\n    timeline: [ {{ at: 1m, expect: nothing }} ]"))
        },
    );
    check(&[("true", true), ("404", true), ("1.5", false)], |name| {
        of_case("timeline: [ { at: 1m, expect: nothing } ]").replace("name: t", &format!("name: {name}"))
    });
}
