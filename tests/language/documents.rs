//! What stands beside packs: overrides by identity, guardrails and tests.

use std::fs;
use std::time::Duration;

use k8s_healer_engine::rule::Mode;

use super::*;

pub(crate) const HEAD: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: vms }\n";
pub(crate) const PACK: &str = "parameters: { age: 6m, where: [test-*], unused: 1h }
defaults: { namespaces: \"${where}\", cooldown: \"${age}\" }
rules:
  - { name: stale, watch: vm, match: [ age: { over: \"${age}\" } ], actions: [ delete: {} ] }
  - { name: spare, watch: vm, match: [ age: { over: \"${unused}\" } ], mode: observe, actions: [ delete: {} ] }
";
const OBJECT: &str = r#"{ metadata: { creationTimestamp: "2026-01-01T11:50:00Z" } }"#;

fn with(documents: &[&str]) -> String {
    documents.iter().fold(format!("{HEAD}{PACK}"), |text, document| format!("{text}---\n{document}"))
}

pub(crate) fn overriding(name: &str, entries: &str) -> String {
    format!(
        "apiVersion: k8s-healer/v1\nkind: RuleOverride\nmetadata: {{ name: {name} }}\noverrides: [ {entries} ]\n"
    )
}

fn overridden(entries: &str, set: &[&str]) -> Vec<Arc<Rule>> {
    rules(&with(&[&overriding("team", entries)]), set)
}

fn codes(text: &str) -> Vec<Code> {
    loaded(text, &[]).diagnostics.iter().map(|one| one.code).collect()
}

#[test]
fn an_override_switches_a_rule_off_and_its_pack_too() {
    let names = |entries: &str| -> Vec<String> {
        overridden(entries, &[]).iter().map(|rule| rule.id.name.to_string()).collect()
    };
    assert_eq!(names("{ rule: vms/stale, enabled: false }"), ["spare"]);
    assert_eq!(names("{ rule: vms/stale, enabled: true }"), ["stale", "spare"]);
    assert_eq!(names("{ pack: vms, enabled: false }"), [""; 0]);
    for entries in [
        "{ pack: vms, enabled: false }, { rule: vms/spare, enabled: true }",
        "{ rule: vms/spare, enabled: true }, { pack: vms, enabled: false }",
    ] {
        assert_eq!(names(entries), ["spare"], "what is said of a rule counts more");
    }
}

#[test]
fn an_override_changes_mode_and_namespaces_both_ways() {
    let rules = overridden(
        "{ rule: vms/stale, mode: observe, namespaces: [a, b] }, { rule: vms/spare, mode: enforce }",
        &[],
    );
    assert_eq!((rules[0].mode, rules[1].mode), (Mode::Observe, Mode::Enforce));
    assert!(rules[0].scope.selects(Some("a")) && !rules[0].scope.selects(Some("test-a")));
    assert!(rules[1].scope.selects(Some("test-a")));
    let all = overridden("{ pack: vms, mode: dry-run }", &[]);
    assert!(all.iter().all(|rule| rule.mode == Mode::DryRun));
    // Also where the rule looks at the whole cluster.
    let cluster = with(&[&overriding("team", "{ rule: vms/stale, namespaces: a }")]).replace(
        "watch: vm, match: [ age: { over: \"${age}\"",
        "watch: vm, scope: cluster, match: [ age: { over: \"${age}\"",
    );
    assert!(!super::rules(&cluster, &[])[0].scope.selects(Some("b")));
}

#[test]
fn an_override_sets_parameters_of_a_pack_or_of_one_rule_also_in_what_it_inherits() {
    let object = object(OBJECT);
    for (entries, set, of_stale, of_spare, cooldown) in [
        ("{ pack: vms, mode: enforce }", &[][..], YES, NO, 6),
        ("{ pack: vms, parameters: { age: 11m } }", &[], NO, NO, 11),
        ("{ rule: vms/stale, parameters: { age: 9m } }", &[], YES, NO, 9),
        (
            "{ rule: vms/stale, parameters: { age: 9m } }, { pack: vms, parameters: { age: 11m, unused: 1m } }",
            &[],
            YES,
            YES,
            9,
        ),
        ("{ rule: vms/stale, parameters: { age: 9m } }", &["age=20m"], NO, NO, 20),
        ("{ pack: vms, parameters: { age: 9m } }", &["vms.age=20m"], NO, NO, 20),
    ] {
        let rules = overridden(entries, set);
        let truths = (judge(&rules[0], &object, NOW).truth, judge(&rules[1], &object, NOW).truth);
        assert_eq!(truths, (of_stale, of_spare), "{entries} {set:?}");
        assert_eq!(rules[0].cooldown, Duration::from_secs(cooldown * 60), "{entries} {set:?}");
    }
    let lists = overridden("{ rule: vms/stale, parameters: { where: [a, \"!b\"] } }", &[]);
    assert!(lists[0].scope.selects(Some("a")) && !lists[1].scope.selects(Some("a")));
}

#[test]
fn what_an_override_cannot_mean_is_an_error() {
    for (entries, code) in [
        ("{ rule: vms/stael, enabled: false }", Code::UnknownRule),
        ("{ rule: stale, enabled: false }", Code::UnknownRule),
        ("{ pack: vm, enabled: false }", Code::UnknownRule),
        ("{ rule: vms/stale, mode: off }", Code::BadChoice),
        ("{ rule: vms/stale, mode: }", Code::WrongType),
        ("{ rule: vms/stale, namespaces: [] }", Code::EmptyList),
        ("{ rule: vms/stale, namespaces: \"${where}\" }", Code::BadParameter),
        ("{ rule: vms/stale, scope: cluster }", Code::UnknownKey),
        ("{ rule: vms/stale, enabled: null }", Code::WrongType),
        ("{ rule: vms/stale, parameters: [age] }", Code::WrongType),
        ("{ rule: vms/stale, parameters: { age: {} } }", Code::BadParameter),
        ("{ rule: vms/stale, parameters: { agee: 1m } }", Code::UnknownParameter),
        ("{ rule: vms/stale, parameters: { unused: 1m } }", Code::UnusedParameter),
        ("{ rule: vms/stale, mode: observe }, { rule: vms/stale, mode: observe }", Code::Conflict),
        (
            "{ rule: vms/stale, parameters: { age: 1m } }, { rule: vms/stale, parameters: { age: 1m } }",
            Code::Conflict,
        ),
        ("{ rule: vms/stale }", Code::MissingKey),
        ("", Code::EmptyList),
    ] {
        assert!(codes(&with(&[&overriding("team", entries)])).contains(&code), "{entries}");
    }
    // Two documents, and both places are told.
    let text = with(&[
        &overriding("one", "{ rule: vms/stale, enabled: false }"),
        &overriding("two", "{ rule: vms/stale, enabled: true }"),
    ]);
    let found = loaded(&text, &[]).diagnostics;
    assert_eq!((found[0].code, found[0].related.len()), (Code::Conflict, 1));
    let names = with(&[
        &overriding("one", "{ rule: vms/stale, mode: observe }"),
        &overriding("one", "{ rule: vms/spare, mode: observe }"),
    ]);
    assert_eq!(codes(&names), [Code::DuplicateDocument]);
}

#[test]
fn the_order_of_the_documents_means_nothing() {
    let text = format!("{}---\n{HEAD}{PACK}", overriding("team", "{ rule: vms/stale, mode: observe }"));
    assert_eq!(rules(&text, &[])[0].mode, Mode::Observe);
}

#[test]
fn a_kind_that_hides_is_not_passed_over() {
    let hidden = overriding("team", "{ rule: vms/stale, mode: observe }")
        .replace("RuleOverride", "\"Rule\\u004fverride\"");
    assert_eq!(codes(&with(&[&hidden])), [Code::WrongKind]);
}

#[test]
fn an_override_counts_as_what_the_rule_says() {
    let plain = loaded(&with(&[]), &[]);
    let changed =
        loaded(&with(&[&overriding("team", "{ rule: vms/stale, mode: observe, namespaces: a }")]), &[]);
    let difference = k8s_healer::rules::comparison::compare(&plain.written, &changed.written);
    assert_eq!(difference.lines(), ["~ vms/stale: namespaces [test-*] → [a]; mode enforce → observe"]);
    let off = loaded(&with(&[&overriding("team", "{ rule: vms/stale, enabled: false }")]), &[]);
    let difference = k8s_healer::rules::comparison::compare(&plain.written, &off.written);
    assert_eq!((difference.lines(), off.summary.rules), (vec!["- vms/stale".to_owned()], 1));
}

pub(crate) fn guarding(name: &str, text: &str) -> String {
    format!("apiVersion: k8s-healer/v1\nkind: Guardrails\nmetadata: {{ name: {name} }}\n{text}\n")
}

#[test]
fn guardrails_of_several_documents_all_hold() {
    let text = with(&[
        &guarding(
            "one",
            "protect: { namespaces: prod, priorityAtLeast: 2000, labels: [ { matchLabels: { tier: gold } } ] }",
        ),
        &guarding(
            "two",
            "protect: { priorityAtLeast: 1000, kinds: [pvc, \"*.kubevirt.io\"], ownerKinds: Job }\nunprotect: { namespaces: [kubevirt] }",
        ),
    ]);
    let loaded = loaded(&text, &[]);
    assert_eq!(loaded.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::LiftedProtection]);
    let guardrails = loaded.rule_set.unwrap().guardrails;
    let shown: Vec<String> = guardrails.documents.iter().map(|one| one.protect.shown().join("; ")).collect();
    assert_eq!(
        shown,
        [
            "namespaces prod; labels matchLabels.tier gold; priorityAtLeast 2000",
            "kinds pvc, *.kubevirt.io; ownerKinds Job; priorityAtLeast 1000"
        ]
    );
    assert!(guardrails.lift_namespace("kubevirt") && !guardrails.lift_namespace("cdi"));
}

#[test]
fn guardrails_that_would_protect_nothing_by_mistake_are_refused() {
    for (text, code) in [
        ("protect:", Code::EmptyList),
        ("protect: {}", Code::EmptyList),
        ("", Code::MissingKey),
        ("protect: { namespace: [prod] }", Code::UnknownKey),
        ("protect: { namespaces: [] }", Code::EmptyList),
        ("protect: { namespaces: [\"!prod\"] }", Code::BadGlob),
        ("protect: { namespaces: [Prod_A] }", Code::BadGlob),
        ("protect: { namespaces: \"${prod}\" }", Code::BadParameter),
        ("protect: { labels: { matchLabels: { a: b } } }", Code::WrongType),
        ("protect: { labels: [] }", Code::EmptyList),
        ("protect: { labels: [ {} ] }", Code::MissingKey),
        ("protect: { labels: [ { matchLabel: { a: b } } ] }", Code::UnknownKey),
        ("protect: { kinds: [] }", Code::EmptyList),
        ("protect: { kinds: [\"*\"] }", Code::BadWatch),
        ("protect: { kinds: [null] }", Code::WrongType),
        ("protect: { kinds: [secretz] }", Code::UnknownKind),
        ("protect: { ownerKinds: [daemonset] }", Code::BadWatch),
        ("protect: { ownerKinds: [Deamonset] }", Code::UnknownKind),
        ("protect: { priorityAtLeast: 1.5 }", Code::WrongType),
        ("protect: { priorityAtLeast: \"1000\" }", Code::WrongType),
        ("unprotect: { namespaces: [\"*\"] }", Code::BadChoice),
        ("unprotect: { namespaces: [prod] }", Code::BadChoice),
        ("unprotect: { ownerKinds: [Job] }", Code::BadChoice),
        ("protect: { kinds: pvc }\nbudgets: { global: [1/1m] }", Code::NotSupportedYet),
        ("protect: { kinds: pvc }\nbreaker: off", Code::NotSupportedYet),
        ("protect: { kinds: pvc }\nfirstRun: 50", Code::NotSupportedYet),
        ("protect: { kinds: pvc }\nsettle: 30s", Code::NotSupportedYet),
        ("protect: { kinds: pvc }\nstrain: {}", Code::NotSupportedYet),
    ] {
        assert!(codes(&with(&[&guarding("team", text)])).contains(&code), "{text}");
    }
}

#[test]
fn a_rule_for_a_namespace_whose_protection_is_lifted_is_not_warned_of() {
    let pack = pack("namespaces: [kubevirt]\nmatch: [ { age: { over: 1h } } ]");
    assert!(codes(&pack).contains(&Code::ProtectedNamespaces));
    let lifted = format!("{pack}---\n{}", guarding("team", "unprotect: { namespaces: kubevirt }"));
    assert_eq!(codes(&lifted), [Code::LiftedProtection]);
}

#[test]
fn a_pack_is_a_folder_whose_tests_are_no_rules() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let test = "apiVersion: k8s-healer/v1\nkind: RuleTest\nmetadata: { name: stale }\ncases: []\n";
    write("pack.yaml", &format!("{HEAD}{PACK}"));
    write("more.yaml", &pack("match: [ { phase: Failed } ]"));
    write("tests/stale.yaml", test);
    write("tests/fixture.yaml", "apiVersion: v1\nkind: Pod\n");
    write("beside.yaml", test);
    let load = |path: &str| load(&[Input::Path(folder.path().join(path))], &LoadOptions::default());
    let loaded = load("");
    assert_eq!((loaded.diagnostics.len(), loaded.summary.packs, loaded.summary.rules), (0, 2, 3));
    assert!(load("tests/stale.yaml").rule_set.unwrap().rules.is_empty());
    write("clash.yaml", &format!("{HEAD}{PACK}"));
    let clash = load("").diagnostics;
    assert_eq!((clash[0].code, clash[0].related.len()), (Code::DuplicatePack, 1));
    assert_ne!(clash[0].place.unwrap().source, clash[0].related[0].place.source, "both files are shown");
}

/// A document without a kind would say nothing, and what it protects would be lost.
#[test]
fn a_document_whose_kind_is_misspelt_is_an_error() {
    let pack = format!("{HEAD}{PACK}");
    let others = [
        guarding("all", "protect: { namespaces: [test-gold] }"),
        overriding("all", "{ rule: vms/stale, enabled: false }"),
        pack.replace("rules:", "rulez:"),
        "apiVersion: k8s-healer/v1\nkind: RuleTest\nmetadata: { name: t }\ncases: []\n".to_owned(),
    ];
    for other in others {
        for key in ["Kind", "KIND", "\"kind \"", "kinds", "knd", "find", "<<"] {
            let misspelt = other.replacen("kind:", &format!("{key}:"), 1);
            let loaded = loaded(&format!("{pack}---\n{misspelt}"), &[]);
            assert!(loaded.rule_set.is_none(), "{misspelt}");
            let told = loaded.diagnostics.iter().any(|one| one.help.contains("`kind`") || key == "<<");
            assert!(told, "{:?}", loaded.diagnostics);
        }
    }
}
