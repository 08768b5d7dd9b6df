//! The schemas of Guardrails and RuleOverride: what the loader takes they take, and they see its mistakes.

use k8s_healer::rules::{Input, LoadOptions, Severity, load};

use super::{documents, validators};

const PACK: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\nparameters: { age: 6m }\nrules:\n  - name: rule\n    \
                    watch: pods\n    namespaces: [test-*]\n    match: [ age: { over: \"${age}\" } ]\n    actions: [ log: {} ]\n---\n";

fn of(kind: &str, lines: &str) -> String {
    format!("apiVersion: k8s-healer/v1\nkind: {kind}\nmetadata: {{ name: team }}\n{lines}\n")
}

/// Whether schema and loader take the document.
fn verdicts(text: &str) -> (bool, bool) {
    let document = documents(text).unwrap().remove(0);
    let seen = validators()(&document);
    let bytes = format!("{PACK}{text}").into_bytes();
    let loaded = load(&[Input::Text { name: "text".to_owned(), bytes }], &LoadOptions::default());
    let sound = loaded.diagnostics.iter().all(|one| one.severity() != Severity::Error);
    (seen.is_empty(), sound)
}

#[test]
fn schema_and_loader_agree_on_guardrails() {
    for (lines, sound) in [
        ("protect: { namespaces: [prod-*] }", true),
        ("protect: { namespaces: prod }\nunprotect: { namespaces: kubevirt, ownerKinds: DaemonSet }", true),
        (
            "protect: { labels: [ { matchLabels: { tier: gold } }, { matchExpressions: [ { key: a, operator: Exists } ] } ] }",
            true,
        ),
        (
            "protect: { kinds: [pvc, v1/Pod, \"*.kubevirt.io\", virtualmachines.kubevirt.io, kubevirt.io/v1/VirtualMachine] }",
            true,
        ),
        ("protect: { ownerKinds: StatefulSet, priorityAtLeast: -5 }", true),
        ("protect: {}", false),
        ("protect:", false),
        ("", false),
        ("protect: { namespaces: [] }", false),
        ("protect: { namespaces: [\"!a\"] }", false),
        ("protect: { labels: { matchLabels: { a: b } } }", false),
        ("protect: { labels: [] }", false),
        ("protect: { labels: [ { matchLabel: { a: b } } ] }", false),
        ("protect: { kinds: [\"*\"] }", false),
        ("protect: { kinds: [apps/Deployment] }", false),
        ("protect: { ownerKinds: [daemonsets] }", false),
        ("protect: { priorityAtLeast: high }", false),
        ("protect: { priorityAtLeast: 1.5 }", false),
        ("protect: { owner: Job }", false),
        ("unprotect: { ownerKinds: [Job] }", false),
        ("unprotect: { kinds: [nodes] }", false),
        ("protect: { kinds: pvc }\nbudgets: {}", false),
        ("protect: { labels: [ {} ] }", false),
        ("protect: { labels: [ null ] }", false),
        ("protect: { labels: [ { matchLabels: {} } ] }", false),
        ("protect: { kinds: [404, true, -5, 1.5] }", true),
        ("protect: { kinds: true }", true),
        ("protect: { kinds: [null] }", false),
        ("protect: { ownerKinds: [404] }", false),
        ("protect: { namespaces: [\"${a}\"] }", false),
        ("protect: { namespaces: \"a-$${a}\" }", false),
        ("protect: { namespaces: [404, true] }", true),
        ("protect: { labels: [ { matchLabels: { tier: \"${a}\" } } ] }", false),
        ("protect: { labels: [ { matchExpressions: [ { key: \"${a}\", operator: Exists } ] } ] }", false),
        ("protect: { labels: [ { matchExpressions: [ { key: a, operator: \"${b}\" } ] } ] }", false),
    ] {
        assert_eq!(verdicts(&of("Guardrails", lines)), (sound, sound), "{lines}");
    }
}

#[test]
fn schema_and_loader_agree_on_overrides() {
    for (entries, sound) in [
        ("{ rule: pack/rule, enabled: false }", true),
        ("{ rule: pack/rule, mode: dry-run, namespaces: a, parameters: { age: 10m } }", true),
        ("{ pack: pack, namespaces: [a, \"!b\"], parameters: { age: 1h } }", true),
        ("", false),
        ("{ rule: pack/rule }", false),
        ("{ enabled: false }", false),
        ("{ rule: rule, enabled: false }", false),
        ("{ rule: pack/rule, pack: pack, enabled: false }", false),
        ("{ rule: pack/rule, mode: off }", false),
        ("{ rule: pack/rule, enabled: \"false\" }", false),
        ("{ rule: pack/rule, namespaces: [] }", false),
        ("{ rule: pack/rule, scope: cluster }", false),
        ("{ rule: pack/rule, namespaces: [a, \"${b}\"] }", false),
        ("{ rule: pack/rule, namespaces: \"${b}\" }", false),
        ("{ rule: pack/rule, mode: \"${mode}\" }", false),
        ("{ pack: \"${pack}\", enabled: false }", false),
        ("{ rule: pack/rule, parameters: [age] }", false),
        ("{ rule: pack/rule, parameters: { age: {} } }", false),
    ] {
        let text = of("RuleOverride", &format!("overrides: [ {entries} ]"));
        assert_eq!(verdicts(&text), (sound, sound), "{entries}");
    }
    assert_eq!(verdicts(&of("RuleOverride", "override: []")), (false, false));
    let described = of("RuleOverride", "overrides: [ { rule: pack/rule, enabled: false } ]")
        .replace("name: team", "name: team, description: \"for ${whom}\"");
    assert_eq!(verdicts(&described), (false, false));
}
