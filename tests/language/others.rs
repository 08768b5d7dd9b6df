//! What a rule asks of other objects: the namespace, the node, the owners; and selecting by namespaces' labels.

use k8s_healer_engine::facts::{Fact, Others};

use super::*;

const WEB: &str = "namespaceSelector: { matchLabels: { team: web } }";

/// What a rule is of an object while this is known.
fn with(rule: &Rule, object_text: &str, facts: &[(Fact, &str)]) -> Truth {
    let facts =
        facts.iter().fold(Facts::none(), |facts, (fact, text)| facts.with(fact.clone(), object(text)));
    evaluate(rule, &Observation::new(object(object_text)), &facts, at(NOW)).truth
}

fn namespace() -> Fact {
    Fact::Namespace("test-a".to_owned())
}

#[test]
fn a_selector_of_namespaces_selects_as_kubernetes_does_and_the_namespaces_too() {
    let pod = "{ metadata: { name: a, namespace: test-a, creationTimestamp: \"2026-01-01T00:00:00Z\" } }";
    let alone = rule(WEB);
    let both = rule(&format!("namespaces: [test-*]\n{WEB}"));
    for rule in [&alone, &both] {
        for (known, truth) in [
            ("{ metadata: { labels: { team: web } } }", YES),
            ("{ metadata: { labels: { team: db } } }", NO),
            ("{ metadata: {} }", NO),
            ("null", UNKNOWN),
        ] {
            assert_eq!(with(rule, pod, &[(namespace(), known)]), truth, "{known}");
        }
        assert_eq!(with(rule, pod, &[]), UNKNOWN);
        assert!(rule.scope.selects(Some("test-a")) && !rule.scope.selects(None));
        let mut others = Others::default();
        rule.reads_of_others(&mut others);
        assert!(others.namespaces.is_some() && others.nodes.is_none() && !others.owners);
    }
    assert!(alone.scope.selects(Some("prod")) && !both.scope.selects(Some("prod")));
}

#[test]
fn rules_inherit_a_selector_of_namespaces_and_can_do_without() {
    let pack = |defaults: &str, lines: &str| {
        let text = pack(lines).replace("    scope: cluster\n", "").replace("SCOPE", "scope: cluster");
        text.replace("rules:\n", &format!("defaults: {{ {defaults} }}\nrules:\n"))
    };
    for (defaults, lines, matchers, namespaced) in [
        (WEB, "", 2, true),
        (WEB, "namespaces: [test-*]", 2, true),
        (WEB, "SCOPE", 1, false),
        ("scope: cluster", WEB, 2, true),
        ("namespaces: [test-*]", WEB, 2, true),
        (
            &format!("namespaces: [test-*], {WEB}"),
            "namespaceSelector: { matchLabels: { team: db } }",
            2,
            true,
        ),
    ] {
        let rule = rules(&pack(defaults, lines), &[]).remove(0);
        let scope = !rule.scope.selects(None);
        assert_eq!((rule.matches.len(), scope), (matchers, namespaced), "{defaults} / {lines}");
    }
}

#[test]
fn what_asks_of_namespaces_where_there_are_none_is_refused() {
    let of_namespace = "match: [ { namespace: { phase: Active } } ]";
    for (lines, code) in [
        ("namespaceSelector: {}", Code::MissingKey),
        ("namespaceSelector: { matchLabels: {} }", Code::MissingKey),
        ("namespaceSelector: { team: web }", Code::UnknownKey),
        ("namespaceSelector: web", Code::WrongType),
        ("namespaceSelector: { matchExpressions: [ { key: a, operator: Is } ] }", Code::BadChoice),
        (&format!("{WEB}\nscope: cluster"), Code::Conflict),
        (&format!("watch: nodes\n{WEB}"), Code::WrongScope),
        (&format!("watch: nodes\n{of_namespace}"), Code::WrongScope),
        (&format!("watch: [pods, nodes]\n{of_namespace}"), Code::WrongScope),
        ("watch: nodes\nmatch: [ { not: { namespace: { phase: Active } } } ]", Code::WrongScope),
        ("match: [ { namespace: {} } ]", Code::MissingKey),
        ("match: [ { namespace: { labels: {} } } ]", Code::MissingKey),
        ("match: [ { namespace: { age: { over: 2h, under: 1h } } } ]", Code::NeverTrue),
        ("match: [ { node: {} } ]", Code::MissingKey),
        ("match: [ { node: { missing: true, ready: true } } ]", Code::NeverTrue),
        ("watch: configmaps\nmatch: [ { node: { missing: true } } ]", Code::NeverTrue),
        ("match: [ { owner: { exists: false, missing: true } } ]", Code::NeverTrue),
        ("watch: \"*\"\nmatch: [ { node: { missing: true } } ]", Code::BeyondMetadata),
    ] {
        assert_eq!(errors(lines), [code], "{lines}");
    }
    assert!(errors(&format!("watch: \"*\"\n{WEB}")).is_empty(), "a namespace is no part of the object");
    assert!(errors("watch: \"*\"\nmatch: [ { owner: { missing: true } } ]").is_empty());
}

#[test]
fn an_exception_on_what_is_not_known_spares() {
    let rule = rule("unless: [ { namespace: { labels: { matchLabels: { keep: \"true\" } } } } ]");
    let pod = "{ metadata: { name: a, namespace: test-a, creationTimestamp: \"2026-01-01T00:00:00Z\" } }";
    assert_eq!(with(&rule, pod, &[]), NO);
    assert_eq!(with(&rule, pod, &[(namespace(), "{ metadata: { labels: { keep: \"true\" } } }")]), NO);
    assert_eq!(with(&rule, pod, &[(namespace(), "{ metadata: {} }")]), YES);
}
