//! The whole way from text to rules.

use std::fmt::Write as _;
use std::time::Duration;

use k8s_healer_engine::descriptor::{Key as DescriptorKey, MatcherDescriptor, Shape, ValueKind};
use k8s_healer_engine::matcher::{Context, Matcher};
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::{Mode, Rule, Scope, StepWhile};
use k8s_healer_engine::verdict::Verdict;

use super::lowering::Lowering;
use super::*;

const HEAD: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\n";

fn loaded_with(text: &str, options: &LoadOptions) -> Loaded {
    load(&[Input::Text { name: "test".to_owned(), bytes: text.as_bytes().to_vec() }], options)
}

fn loaded(text: &str) -> Loaded {
    loaded_with(text, &LoadOptions::default())
}

/// A pack with one rule, whose keys are written one on each line.
fn rule_text(lines: &str) -> String {
    let mut text = format!("{HEAD}rules:\n  - name: rule\n");
    lines.lines().for_each(|line| writeln!(text, "    {line}").unwrap());
    text
}

fn sound(text: &str) -> Vec<Arc<Rule>> {
    let loaded = loaded(text);
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|one| one.severity() == Severity::Error).collect();
    loaded.rule_set.unwrap_or_else(|| panic!("{errors:#?}\n{text}")).rules
}

/// Every code with the characters it is about.
fn mistakes(text: &str, set: &[&str]) -> Vec<(&'static str, String)> {
    let set = set.iter().map(ToString::to_string).collect();
    let loaded = loaded_with(text, &LoadOptions { set, ..LoadOptions::default() });
    let shown = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.unwrap();
        let source = loaded.sources.get(place.source).unwrap();
        (diagnostic.code.name(), source.text[place.span.start..place.span.end].to_owned())
    };
    loaded.diagnostics.iter().map(shown).collect()
}

fn assert_mistakes(text: &str, expected: &[(&str, &str)]) {
    let found = mistakes(text, &[]);
    let found: Vec<(&str, &str)> = found.iter().map(|(code, text)| (*code, text.as_str())).collect();
    assert_eq!(found, expected, "{text}");
}

const REST: &str = "watch: vm\nnamespaces: test-*\nmatch: [ age: { over: 6m } ]\nactions: [ delete: {} ]\n";

#[test]
fn a_rule_has_what_it_says_and_the_rest_from_the_defaults_and_the_language() {
    let text = format!(
        "{HEAD}defaults: {{ namespaces: [test-*, \"!test-x\"], cooldown: 5m, mode: dry-run, for: 1m, \
         unless: [ labels: {{ matchLabels: {{ keep: yes }} }} ] }}\nrules:\n\
         - {{ name: inherits, watch: [pods, v1/Service], match: [ phase: Failed ], actions: [ delete: {{}} ] }}\n\
         - {{ name: own, watch: nodes, scope: cluster, cooldown: 1h, mode: enforce, for: 2m, unless: [ phase: A ],\n\
         match: [ phase: [Failed, Unknown] ], actions: [ delete: , stripFinalizers: {{ only: a/*, after: 2m, while: present }} ] }}\n"
    )
    .replace("delete: ,", "{ delete: },");
    let rules = sound(&text);
    let [inherits, own] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!(inherits.id.to_string(), "pack/inherits");
    assert!(inherits.scope.selects(Some("test-a")) && !inherits.scope.selects(Some("test-x")));
    assert_eq!((inherits.hold, inherits.cooldown), (Duration::from_secs(60), Duration::from_secs(300)));
    assert_eq!((inherits.mode, inherits.unless.len(), inherits.watch.len()), (Mode::DryRun, 1, 2));
    assert!(matches!(own.scope, Scope::Cluster));
    assert_eq!((own.mode, own.hold, own.cooldown.as_secs()), (Mode::Enforce, Duration::from_secs(120), 3600));
    assert_eq!(
        (own.steps[1].after, own.steps[1].while_),
        (Some(Duration::from_secs(120)), Some(StepWhile::Present))
    );
    let plain = sound(&rule_text(REST));
    assert_eq!(
        (plain[0].mode, plain[0].hold, plain[0].cooldown.as_secs()),
        (Mode::Enforce, Duration::ZERO, 600)
    );
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let bad =
        rule_text("watch: vm\nnamespaces: a\nmatch: [ age: { over: 6 min } ]\nactions: [ delet: {} ]\n");
    let inputs: Vec<Input> = ["a", "b"]
        .iter()
        .map(|name| Input::Text { name: (*name).to_owned(), bytes: bad.clone().into_bytes() })
        .collect();
    let loaded = load(&inputs, &LoadOptions::default());
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code.name()).collect();
    assert_eq!(codes, ["bad-duration", "unknown-action", "duplicate-pack", "bad-duration", "unknown-action"]);
    assert!(loaded.rule_set.is_none());
}

#[test]
fn a_message_speaks_of_the_rule_and_says_what_to_write() {
    let loaded = loaded(&rule_text(&REST.replace("6m", "6 min")));
    let diagnostic = &loaded.diagnostics[0];
    assert_eq!(diagnostic.to_string(), "rule `rule`: `6 min` is not a duration");
    assert_eq!(diagnostic.help, "write `6m`");
}

#[test]
fn a_parameter_keeps_its_type_and_its_mistakes_are_shown_where_its_value_is() {
    let text = format!(
        "{HEAD}parameters: {{ age: 6m, where: [a, b-*], code: 137, name: é }}\ndefaults: {{ namespaces: \"${{where}}\" }}\nrules:\n\
         - name: rule\n  description: \"é $${{age}} ${{name}}!\"\n  watch: pods\n  match:\n    - age: {{ over: \"${{age}}\" }}\n    \
         - containers: {{ exitCodes: \"${{code}}\" }}\n    - owner: {{ exists: true }}\n  actions: [ delete: {{}} ]\n"
    );
    let rules = sound(&text);
    assert_eq!(rules[0].description, "é ${age} é!");
    assert!(rules[0].scope.selects(Some("b-c")) && rules[0].scope.selects(Some("a")));
    let mistake = |set: &str| mistakes(&text, &[set]);
    assert_eq!(mistake("pack.age=6 min"), [("bad-duration", "6 min".to_owned())]);
    assert_eq!(mistake("age=1h"), []);
    assert_eq!(mistake("code=many"), [("wrong-type", "many".to_owned())]);
    assert_eq!(mistake("where=[a, \"c[\"]"), [("bad-glob", "\"c[\"".to_owned())]);
    assert_eq!(mistake("agee=1h"), [("bad-set", "agee".to_owned())]);
    assert_eq!(mistake("pakc.age=1h"), [("bad-set", "pakc.age".to_owned())]);
    assert_eq!(mistake("age"), [("bad-set", "age".to_owned())]);
    let loaded = loaded_with(&text, &LoadOptions { set: vec!["age=6 min".into()], ..LoadOptions::default() });
    assert_eq!(loaded.diagnostics[0].related[0].label, "used here as `${age}`");
}

#[test]
fn a_setting_for_one_pack_wins_over_one_for_all() {
    let text = format!(
        "{HEAD}parameters: {{ d: a }}\nrules:\n- {{ name: rule, description: \"${{d}}\", watch: vm, scope: cluster, match: [ age: {{ over: 1h }} ], actions: [ delete: {{}} ] }}\n"
    );
    let set = vec!["pack.d=own".into(), "d=all".into()];
    let loaded = loaded_with(&text, &LoadOptions { set, ..LoadOptions::default() });
    assert_eq!(loaded.rule_set.unwrap().rules[0].description, "own");
}

#[test]
fn scalars_keep_the_text_that_was_written() {
    let text = rule_text(
        "description: 1.10\nwatch: pods\nscope: cluster\nmatch:\n  - labels: { matchLabels: { version: 1.10, on: yes, mode: 0755 } }\n  - owner: { exists: true }\n  - age: { over: 1h }\nactions: [ label: { a: 1.10, b: null } ]\n",
    );
    let rules = sound(&text);
    assert_eq!(rules[0].description, "1.10");
    assert_eq!(rules[0].steps[0].action.describe(), "label a=1.10 b-");
}

#[test]
fn one_mistake_yields_one_diagnostic() {
    for (lines, expected) in [
        (REST.replace("match:", "mach:"), ("unknown-key", "mach")),
        (REST.replace("namespaces:", "namespace:"), ("unknown-key", "namespace")),
        (REST.replace("over", "ovre"), ("unknown-key", "ovre")),
        (REST.replace("test-*", "\"${nope}\""), ("unknown-parameter", "${nope}")),
        (REST.replace("test-*", "!test-x"), ("unsupported-yaml", "!test-x")),
        (REST.replace("{ over: 6m }", "{ over: { valuFrom: $.a } }"), ("unknown-key", "valuFrom")),
        (REST.replace("6m", "{ valueFrom: $.a, max: 1h }"), ("unknown-key", "max")),
        (REST.replace("6m", "{ valueFrom: a.b }"), ("bad-path", "a.b")),
        (REST.replace("6m", "{ min: 5m }"), ("missing-key", "{ min: 5m }")),
        (REST.replace("6m", "{ valueFrom: $.a, min: 5 }"), ("bad-duration", "5")),
        (format!("<<: {{}}\n{}", REST.replace("watch: vm\n", "")), ("unsupported-yaml", "<<")),
    ] {
        let expected =
            if expected.1 == "!test-x" { vec![expected, ("bad-glob", "!test-x")] } else { vec![expected] };
        assert_mistakes(&rule_text(&lines), &expected);
    }
}

#[test]
fn places_are_exact_behind_wide_characters_and_windows_line_ends() {
    let lines =
        format!("description: \"☃ é\"\n{}", REST.replace("{ over: 6m }", "{ over: \"6 mîn\", undr: 1h }"));
    let text = rule_text(&lines).replace('\n', "\r\n");
    assert_mistakes(&text, &[("bad-duration", "\"6 mîn\""), ("unknown-key", "undr")]);
    assert_mistakes(&format!("\u{feff}{text}"), &[("bad-duration", "\"6 mîn\""), ("unknown-key", "undr")]);
}

#[test]
fn a_mistake_in_one_entry_does_not_hide_those_of_the_others() {
    let lines = REST
        .replace(
            "[ age: { over: 6m } ]",
            "[ age: { over: 6 }, any: [ agee: 1, { not: { phase: [] } } ], { phase: A, name: 1 } ]",
        )
        .replace(
            "[ delete: {} ]",
            "[ delete: { propagation: now }, evict: {}, after: 1m, log: { message: \"{{x\" } ]",
        );
    let found: Vec<_> =
        mistakes(&rule_text(&lines), &[]).into_iter().map(|(code, text)| format!("{code} {text}")).collect();
    assert_eq!(
        found,
        [
            "bad-duration 6",
            "unknown-matcher agee",
            "empty-list []",
            "two-in-one name",
            "wrong-type 1",
            "bad-choice now",
            "impossible-action evict",
            "unknown-action after",
            "bad-operand \"{{x\"",
        ]
    );
}

#[test]
fn what_is_dangerous_is_warned_of_and_what_is_not_is_not() {
    let pods = "watch: pods\nnamespaces: test-*\nmatch: [ phase: Failed ]\nactions: [ delete: {} ]\n";
    for (lines, expected) in [
        (pods.to_owned(), vec!["no-owner-check", "short-for"]),
        (format!("{pods}for: 29s\n"), vec!["no-owner-check", "short-for"]),
        (format!("{pods}for: 30s\n"), vec!["no-owner-check"]),
        (pods.replace("delete: {}", "delete: { after: 30s }"), vec!["no-owner-check"]),
        (pods.replace("[ phase: Failed ]", "[ age: { over: 1h }, owner: { exists: true } ]"), vec![]),
        (
            pods.replace("[ phase: Failed ]", "[ age: { over: 1h }, not: { owner: { exists: true } } ]"),
            vec![],
        ),
        (pods.replace("delete: {}", "log: {}"), vec![]),
        (REST.replace("test-*", "[\"*\"]"), vec!["all-namespaces"]),
        (REST.replace("test-*", "[\"*\", \"!prod-*\"]"), vec![]),
        (REST.replace("test-*", "[kube-*, openshift, \"!kube-system\"]"), vec!["protected-namespaces"]),
        (REST.replace("test-*", "[kube-*, test-a]"), vec![]),
        (REST.replace("vm", "virtualmachine.kubevirt.io"), vec![]),
        (REST.replace("vm", "virtualmachnes.kubevirt.io"), vec!["unknown-kind"]),
        (REST.replace("vm", "widgets.example.com"), vec![]),
    ] {
        let mut codes: Vec<&str> =
            mistakes(&rule_text(&lines), &[]).into_iter().map(|(code, _)| code).collect();
        codes.sort_unstable();
        assert_eq!(codes, expected, "{lines}");
        sound(&rule_text(&lines));
    }
}

#[test]
fn finalizers_are_stripped_only_where_something_terminates() {
    let strip = "{ stripFinalizers: { only: [a/*] } }";
    for (matches, actions, is_sound) in [
        ("age: { over: 1h }", format!("[ {strip} ]"), false),
        ("age: { over: 1h }", format!("[ {strip}, delete: {{}} ]"), false),
        ("age: { over: 1h }", format!("[ delete: {{}}, {strip} ]"), true),
        ("terminating: { over: 1h }", format!("[ {strip} ]"), true),
        ("terminating: true", format!("[ {strip} ]"), true),
        ("terminating: false", format!("[ {strip} ]"), false),
        ("any: [ { terminating: true }, { age: { over: 1h } } ]", format!("[ {strip} ]"), true),
    ] {
        let text =
            rule_text(&format!("watch: vm\nscope: cluster\nmatch: [ {matches} ]\nactions: {actions}\n"));
        let codes: Vec<&str> = mistakes(&text, &[]).into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes.is_empty(), is_sound, "{text}");
        assert!(is_sound || codes == ["needs-terminating"], "{codes:?}");
    }
}

#[test]
fn several_documents_and_packs_make_one_rule_set() {
    let rules = REST.replace('\n', "\n    ");
    let pack = |name: &str| {
        format!(
            "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: {name} }}\nrules:\n  - name: r\n    {rules}\n"
        )
    };
    let loaded = loaded(&format!("# first\n---\n{}---\n{}---\n", pack("a"), pack("b")));
    assert_eq!(loaded.diagnostics, []);
    let ids: Vec<String> = loaded.rule_set.unwrap().rules.iter().map(|rule| rule.id.to_string()).collect();
    assert_eq!(ids, ["a/r", "b/r"]);
    assert_eq!((loaded.summary.files, loaded.summary.packs, loaded.summary.rules), (1, 2, 2));
    let lines: Vec<usize> = loaded.origins.values().map(|origin| origin.line).collect();
    assert_eq!(lines, [7, 18]);
}

#[test]
fn every_example_of_every_descriptor_is_valid() {
    let registry = Registry::standard();
    for descriptor in registry.matchers() {
        let kind = descriptor.kinds.first().unwrap_or(&"vm");
        for example in descriptor.examples {
            sound(&rule_text(&format!(
                "watch: {kind}\nscope: cluster\nmatch:\n  - {example}\nactions: [ log: {{}} ]\n"
            )));
        }
    }
    for descriptor in registry.actions() {
        let kind = descriptor.kinds.first().unwrap_or(&"vm");
        for example in descriptor.examples {
            sound(&rule_text(&format!(
                "watch: {kind}\nscope: cluster\nmatch: [ terminating: true ]\nactions:\n  - {example}\n"
            )));
        }
    }
}

#[test]
fn every_example_of_every_key_is_a_value_of_its_kind() {
    fn check(keys: &'static [DescriptorKey], lowering: &mut Lowering<'_>) {
        for key in keys {
            let text = format!("{}: {}", key.name, key.example);
            let node = yaml::compose(Sources::default().add("key", &text), &text, lowering.out).remove(0);
            let value = &node.get(key.name).unwrap().value;
            assert!(lowering.value(value, key.kind, key.name, key.example).is_some(), "{text}");
            if let ValueKind::Block(inner) | ValueKind::Blocks(inner) | ValueKind::OrBlock(_, inner) =
                key.kind
            {
                check(inner, lowering);
            }
        }
    }
    let registry = Registry::standard();
    let (mut out, mut compiled) = (Collector::default(), compiled::Compiled::default());
    let mut lowering = Lowering {
        registry: &registry,
        out: &mut out,
        compiled: &mut compiled,
        subject: String::new(),
        kinds: Vec::new(),
        uses: uses::RuleUses::default(),
        within: std::sync::Arc::default(),
        lifted: &k8s_healer_engine::guardrails::Guardrails::default(),
        moved_by: None,
    };
    let shapes =
        registry.matchers().iter().map(|one| one.shape).chain(registry.actions().iter().map(|one| one.shape));
    for shape in shapes {
        if let Shape::Keys(keys) | Shape::ValueOrKeys(_, keys) = shape {
            check(keys, &mut lowering);
        }
    }
    assert_eq!(out.into_sorted(), []);
}

#[derive(Debug)]
struct Lucky;

impl Matcher for Lucky {
    fn evaluate(&self, _: &Context<'_>) -> Verdict {
        Verdict::unknown()
    }
    fn reads(&self, _: &mut Projection) {}
    fn explain(&self, _: &Context<'_>) -> String {
        "lucky".to_owned()
    }
}

static LUCKY: MatcherDescriptor = MatcherDescriptor {
    name: "lucky",
    summary: "For a test.",
    shape: Shape::Keys(&[DescriptorKey::required("number", ValueKind::Count, "How lucky.", "\">= 7\"")]),
    unknown_when: "",
    examples: &["lucky: { number: \">= 7\" }"],
    kinds: &[],
    build: |_| Ok(Box::new(Lucky)),
};

#[test]
fn a_matcher_that_is_added_to_the_registry_is_known_everywhere() {
    let options =
        LoadOptions { registry: Registry::standard().with_matcher(&LUCKY), ..LoadOptions::default() };
    let load = |matcher: &str| {
        let text =
            rule_text(&format!("watch: vm\nscope: cluster\nmatch: [ {matcher} ]\nactions: [ log: {{}} ]\n"));
        loaded_with(&text, &options)
    };
    assert!(load("lucky: { number: \"> 1\" }").rule_set.is_some());
    for (matcher, help) in [
        ("luky: {}", "did you mean `lucky`?"),
        ("lucky: {}", "write `number: \">= 7\"`"),
        ("lucky: { nmber: \"> 1\" }", "did you mean `number`?"),
    ] {
        let loaded = load(matcher);
        let helps: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.help.as_str()).collect();
        assert_eq!(helps, [help]);
    }
}
