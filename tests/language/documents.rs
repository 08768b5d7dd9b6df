//! What stands beside packs: overrides by identity, guardrails, tests, and paths that are confined.

use std::fs;
use std::time::Duration;

use k8s_healer::rules::comparison::compare;
use k8s_healer_engine::rule::Mode;

use super::*;

const HEAD: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: vms }\n";
const PACK: &str = "parameters: { age: 6m, where: [test-*], unused: 1h }
defaults: { namespaces: \"${where}\", cooldown: \"${age}\" }
rules:
  - { name: stale, watch: vm, match: [ age: { over: \"${age}\" } ], actions: [ delete: {} ] }
  - { name: spare, watch: vm, match: [ age: { over: \"${unused}\" } ], mode: observe, actions: [ delete: {} ] }
";
const OBJECT: &str = r#"{ metadata: { creationTimestamp: "2026-01-01T11:50:00Z" } }"#;

fn with(documents: &[&str]) -> String {
    documents.iter().fold(format!("{HEAD}{PACK}"), |text, document| format!("{text}---\n{document}"))
}

fn overriding(name: &str, entries: &str) -> String {
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

fn guarding(name: &str, text: &str) -> String {
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

/// A folder of a team, and one of the platform.
struct Teams(tempfile::TempDir);

impl Teams {
    fn new(team: &str, platform: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("team", team), ("platform", platform)] {
            fs::create_dir(folder.path().join(name)).unwrap();
            if !text.is_empty() {
                fs::write(folder.path().join(name).join("pack.yaml"), text).unwrap();
            }
        }
        Self(folder)
    }

    fn load(&self, paths: &[&str]) -> Loaded {
        let inputs = paths.iter().map(|path| Input::of_path(&self.0.path().join(path)).unwrap());
        load(&inputs.collect::<Vec<_>>(), &LoadOptions::default())
    }
}

#[test]
fn a_confined_pack_selects_nothing_outside_whatever_it_says() {
    for namespaces in
        ["[\"*\"]", "[team-a-*]", "[\"*\", \"!x\"]", "[prod, team-a-1]", "[\"?eam-a-*\", \"[o-q]rod\"]"]
    {
        let team = Teams::new(&format!("{HEAD}{PACK}").replace("[test-*]", namespaces), "");
        for paths in [
            &["team=team-a-*"][..],
            &["team/=team-a-*,!team-a-x"],
            &["", "team/pack.yaml=team-a-*"],
            &["team=team-a-*", ""],
        ] {
            let paths: Vec<&str> = paths.to_vec();
            let loaded = team.load(&paths);
            for rule in
                loaded.rule_set.unwrap_or_else(|| panic!("{namespaces}: {:?}", loaded.diagnostics)).rules
            {
                for outside in [Some("prod"), Some("team-b"), Some("kube-system"), None] {
                    assert!(!rule.scope.selects(outside), "{namespaces} {paths:?} {outside:?}");
                    assert_eq!(rule.scope.selecting(outside), None);
                }
                assert!(rule.scope.selects(Some("team-a-1")), "{namespaces} {paths:?}");
            }
        }
    }
}

#[test]
fn rules_that_are_confined_otherwise_are_other_rules_for_a_reload() {
    let team = Teams::new(&format!("{HEAD}{PACK}").replace("[test-*]", "[\"*\"]"), "");
    let written = |path: &str| team.load(&[path]).written;
    let free = written("team");
    let (one, other) = (written("team=team-a-*"), written("team=team-b-*"));
    for (before, after) in [(&free, &one), (&one, &other), (&one, &free)] {
        let told = compare(before, after).lines();
        assert!(told.iter().any(|line| line.contains("within")), "{told:?}");
        assert!(before.values().zip(after.values()).all(|(before, after)| !before.says_the_same(after)));
    }
    assert_eq!(compare(&one, &written("team/=team-a-*")).lines(), [""; 0]);
    // In whichever order two paths confine it.
    let twice = |paths: [&str; 2]| team.load(&paths).written;
    let (there, back) = (["team=team-*", "team/pack.yaml=*-a-1"], ["team/pack.yaml=*-a-1", "team=team-*"]);
    assert_eq!(compare(&twice(there), &twice(back)).lines(), [""; 0]);
}

#[test]
fn a_confined_pack_that_selects_namespaces_by_their_labels_stays_within() {
    let by_labels =
        PACK.replace("namespaces: \"${where}\"", "namespaceSelector: { matchLabels: { team: a } }");
    assert_ne!(by_labels, PACK);
    let team = Teams::new(&format!("{HEAD}{by_labels}"), "");
    for rule in team.load(&["team=team-a-*"]).rule_set.unwrap().rules {
        assert!(rule.scope.selects(Some("team-a-1")) && !rule.scope.selects(None));
        assert!(!rule.scope.selects(Some("prod")));
    }
}

#[test]
fn a_confined_pack_cannot_reach_out_by_scope_overrides_or_guardrails() {
    let sound = format!("{HEAD}{PACK}").replace("[test-*]", "[team-a-*]");
    let platform = format!("{HEAD}{PACK}").replace("name: vms", "name: platform");
    let code_of = |team: &str| {
        let loaded = Teams::new(team, &platform).load(&["team=team-a-*", "platform"]);
        let codes: Vec<Code> = loaded.diagnostics.iter().map(|one| one.code).collect();
        (loaded.rule_set.is_some(), codes)
    };
    assert_eq!(code_of(&sound), (true, vec![]));
    let own = overriding("team", "{ rule: vms/stale, namespaces: [\"*\"] }");
    let (_, warned) = code_of(&format!("{sound}---\n{own}"));
    assert_eq!(warned, [], "its own rules it may change, and stays confined");
    for reaching in [
        sound.replace("watch: vm,", "watch: vm, scope: cluster,"),
        sound.replace("namespaces: \"${where}\"", "scope: cluster"),
        sound.replace("watch: vm,", "watch: nodes, scope: cluster,"),
        format!("{sound}---\n{}", overriding("team", "{ rule: platform/stale, enabled: false }")),
        format!("{sound}---\n{}", overriding("team", "{ pack: platform, mode: observe }")),
        format!("{sound}---\n{}", guarding("team", "unprotect: { namespaces: kubevirt }")),
    ] {
        let (accepted, codes) = code_of(&reaching);
        assert!(!accepted && codes.contains(&Code::Confined), "{codes:?} in {reaching}");
    }
    // The platform's overrides reach the team.
    let teams = Teams::new(
        &sound,
        &format!("{platform}---\n{}", overriding("all", "{ rule: vms/stale, namespaces: [prod] }")),
    );
    let loaded = teams.load(&["team=team-a-*", "platform"]);
    assert_eq!(loaded.diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::OutsideConfinement]);
    assert!(!loaded.rule_set.unwrap().rules[0].scope.selects(Some("prod")));
}

#[test]
fn what_is_said_of_all_holds_against_an_override_that_is_confined_however_exact_it_is() {
    let team = format!("{HEAD}{PACK}").replace("[test-*]", "[team-a-*]");
    let own = "{ rule: vms/stale, enabled: true, mode: enforce, parameters: { age: 1m } }";
    let all = "{ pack: vms, mode: observe, parameters: { age: 1h } }";
    let load = |team: &str, platform: &str| {
        let loaded = Teams::new(team, platform).load(&["team=team-a-*", "platform"]);
        let rules = loaded.rule_set.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)).rules;
        let rule = rules.iter().find(|rule| &*rule.id.name == "stale").cloned();
        rule.map(|rule| (rule.mode, rule.cooldown))
    };
    let own = format!("{team}---\n{}", overriding("team", own));
    let hour = Some((Mode::Observe, Duration::from_secs(3600)));
    assert_eq!(load(&own, &overriding("all", all)), hour);
    assert_eq!(load(&own, &overriding("all", "{ pack: vms, enabled: false }")), None);
    // Where nobody says it of all, the team's own holds; and among equals what is said of the rule.
    let elsewhere = overriding("all", "{ pack: vms, namespaces: [team-a-1] }");
    assert_eq!(load(&own, &elsewhere), Some((Mode::Enforce, Duration::from_secs(60))));
    let both = format!("{all}, {{ rule: vms/stale, mode: dry-run, parameters: {{ age: 2h }} }}");
    assert_eq!(load(&team, &overriding("all", &both)), Some((Mode::DryRun, Duration::from_secs(7200))));
}

#[test]
fn guardrails_of_a_confined_file_hold_in_its_namespaces_alone() {
    let team = format!(
        "{}---\n{}",
        format!("{HEAD}{PACK}").replace("[test-*]", "[team-a-*]"),
        guarding("team", "protect: { kinds: [pvc] }")
    );
    let loaded = Teams::new(&team, "").load(&["team=team-a-*"]);
    let document = Arc::clone(&loaded.rule_set.unwrap().guardrails.documents[0]);
    assert!(
        document.within.as_ref().is_some_and(|globs| globs.matches("team-a-1") && !globs.matches("prod"))
    );
}
