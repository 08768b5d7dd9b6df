//! Objects of a dump: what it does not have is not known, unless it is complete.

use std::fs;
use std::path::Path;

use crate::{Told, program, told};

const RULES: &str = "tests/explain/rules.yaml";
const DUMP: &str = "tests/explain/dump.yaml";

fn explain(object: &[&str], flags: &[&str]) -> Told {
    told(program(&[object, &["--rules", RULES, "--from", DUMP], flags].concat()), b"")
}

/// The dump does not have the namespace.
fn unprotected(verdict: &str) -> String {
    let (what, more) =
        verdict.split_once(';').map_or((verdict, ""), |(what, _)| (what, &verdict[what.len()..]));
    format!("{what}, if nothing protects it: namespace test-a is not in the dump{more}")
}

const EVICTED: &str = "
apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: test-a, uid: p, labels: { app: web }, creationTimestamp: 2026-01-01T00:00:00Z }
status: { phase: Running, conditions: [ { type: Ready, status: \"True\" } ] }
---
apiVersion: v1
kind: Namespace
metadata: { name: test-a, uid: n }
";
const BUDGET: &str = "---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web, namespace: test-a, uid: b, generation: 1 }
spec: { selector: { matchLabels: { app: web } } }
status: { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2 }
";

#[test]
fn an_eviction_asks_the_budgets_of_the_dump() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let text = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\nrules:\n  - name: old\n    watch: pods\n    namespaces: test-*\n    match: [ age: { over: 0s } ]\n    actions: [ evict: {} ]\n";
    fs::write(&rules, text).unwrap();
    let verdict = |dump: &str, flags: &[&str]| {
        let arguments = ["pods/web-1", "--rules", rules.to_str().unwrap(), "--from", "-"];
        told(program(&[&arguments, flags].concat()), dump.as_bytes()).verdict().to_owned()
    };
    let with_budget = format!("{EVICTED}{BUDGET}");
    let refused = "held back: the PodDisruptionBudget web allows no disruption (2 healthy, 2 desired); without that, old would evict it now";
    assert_eq!(verdict(&with_budget, &["--complete"]), refused);
    assert_eq!(verdict(&with_budget, &[]), refused);
    assert_eq!(verdict(EVICTED, &["--complete"]), "old would evict it now");
    let unknown = "old would evict it now, if no PodDisruptionBudget refuses it: those of namespace test-a are not in the dump";
    assert_eq!(verdict(EVICTED, &[]), unknown);
}

#[test]
fn rules_that_undo_each_other_are_told_beside_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let flip = |name: &str, from: &str, to: &str| {
        format!(
            "  - {{ name: {name}, watch: cm, namespaces: test-*, match: [ labels: {{ matchLabels: {{ s: {from} }} }} ], \
             actions: [ label: {{ s: {to} }} ] }}\n"
        )
    };
    let head = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: p }\nrules:\n";
    fs::write(&rules, format!("{head}{}{}", flip("flip", "a", "c"), flip("flop", "c", "a"))).unwrap();
    let dump = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x, namespace: test-a, uid: x, labels: { s: a }, \
                creationTimestamp: 2026-01-01T00:00:00Z }\n";
    let found =
        told(program(&["cm/x", "--rules", rules.to_str().unwrap(), "--from", "-"]), dump.as_bytes()).text;
    assert!(found.contains("rules p/flip and p/flop undo each other on configmaps/test-a/x"), "{found}");
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn an_object_of_a_dump_is_explained_at_the_dump_s_newest_time() {
    let machine = explain(&["vm/vm-1"], &[]);
    assert_eq!(
        machine.verdict(),
        unprotected(
            "vm-stale would delete it in 1m48s; if it is still there then, vm-not-ready would delete it in 5m"
        )
    );
    snapshot("dump-machine", &machine.text);
    snapshot("dump-pod", &explain(&["pod", "web-1"], &[]).text);
}

const LIMITED: &str = "apiVersion: k8s-healer/v1
kind: RulePack
metadata: { name: pack }
rules:
  - name: old
    watch: pods
    namespaces: test-*
    match: [ age: { over: 5m } ]
    limits: LIMITS
    actions: [ ACTION: {} ]
";

#[test]
fn beside_the_other_objects_of_the_dump_a_verdict_is_that_of_plan() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let pods = ["web-1", "web-2", "web-3"]
        .map(|name| EVICTED.replacen("web-1", name, 1).replacen("uid: p", &format!("uid: {name}"), 1));
    let dump = pods.join("---") + &BUDGET.replace("disruptionsAllowed: 0", "disruptionsAllowed: 1");
    let verdict = |limits: &str, action: &str, object: &str| {
        let text = LIMITED.replace("    limits: LIMITS\n", limits).replace("ACTION", action);
        fs::write(&rules, text).unwrap();
        let arguments =
            [object, "--at", "2026-01-01T00:10:00Z", "--rules", rules.to_str().unwrap(), "--from", "-"];
        told(program(&arguments), dump.as_bytes()).verdict().to_owned()
    };
    let of = |limits: &str| format!("    limits: {limits}\n");
    let share = of("{ maxUnhealthy: 10% }");
    assert_eq!(
        verdict(&share, "delete", "pods/web-2"),
        "held back by its limits: 3 of 3 match, and maxUnhealthy is 10%; without that, old would delete it now"
    );
    assert_eq!(verdict(&of("{ maxUnhealthy: 5 }"), "delete", "pods/web-2"), "old would delete it now");
    let turn = of("{ inFlight: { max: 1 } }");
    assert_eq!(verdict(&turn, "delete", "pods/web-1"), "old would delete it now");
    assert_eq!(
        verdict(&turn, "delete", "pods/web-2"),
        "old would delete it now, once pods/test-a/web-1 is gone, by its inFlight"
    );
    assert_eq!(verdict("", "evict", "pods/web-1"), "old would evict it now");
    let taken = verdict("", "evict", "pods/web-3");
    assert!(
        taken.starts_with("held back: the PodDisruptionBudget web allows no disruption")
            && taken.ends_with(
                "what is evicted before takes what it allows; without that, old would evict it now"
            ),
        "{taken}"
    );
}

#[test]
fn colours_are_for_those_who_ask_for_them() {
    let coloured = |name: &str, value: &str| {
        let mut command = program(&["vm/vm-1", "--rules", RULES, "--from", DUMP]);
        command.env("CLICOLOR_FORCE", "1").env(name, value);
        told(command, b"").text.contains('\u{1b}')
    };
    assert!(coloured("NO_COLOR", "") && !coloured("NO_COLOR", "1"));
    assert!(!explain(&["vm/vm-1"], &[]).text.contains('\u{1b}'), "no terminal");
}

#[test]
fn another_moment_is_another_answer() {
    let at = |at: &str| explain(&["vm/vm-1"], &["--at", at]).verdict().to_owned();
    let in_1s = unprotected(
        "vm-stale would delete it in 1s; if it is still there then, vm-not-ready would delete it in 5m",
    );
    assert_eq!(at("2026-01-01T00:05:59Z"), in_1s);
    let now = unprotected(
        "vm-stale would delete it now; if it is still there then, vm-not-ready would delete it in 5m",
    );
    assert_eq!(at("2026-01-01T00:06:00Z"), now);
    assert_eq!(explain(&["vm/vm-1"], &["--at", "noon"]).status, Some(2));
}

#[test]
fn what_the_dump_does_not_have_does_not_exist_only_where_it_is_complete() {
    assert_eq!(explain(&["pods/web-1"], &[]).json_of()["verdict"]["kind"], "unknown");
    let without = explain(&["pods/web-1"], &["--complete"]);
    assert!(without.verdict().starts_with("held back: namespace test-a cannot be read"), "{}", without.text);
    let arguments = ["pods/web-1", "--rules", RULES, "--from", DUMP, "-", "--complete"];
    let namespace = b"{ apiVersion: v1, kind: Namespace, metadata: { name: test-a, uid: n } }";
    let complete = told(program(&arguments), namespace);
    assert_eq!(complete.verdict(), "pod-orphaned would delete it now");
    assert!(complete.text.contains("protected by nothing\n"), "{}", complete.text);
}

#[test]
fn a_dump_is_read_from_standard_input_too() {
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(DUMP)).unwrap();
    let arguments = ["VirtualMachine", "vm-2", "--rules", RULES, "--from", "-", "--format", "json"];
    let document = told(program(&arguments), &text).json();
    assert_eq!(document["object"]["id"], "virtualmachines.kubevirt.io/prod/vm-2");
    let selects = |rule: usize| &document["rules"][rule]["scope"]["selects"];
    assert_eq!((selects(0), selects(1)), (&false.into(), &false.into()));
    assert_eq!(
        document["verdict"]["text"],
        "nothing: none of 3 rules looks at virtualmachines.kubevirt.io/prod/vm-2"
    );
}

#[test]
fn what_cannot_be_explained_says_what_to_do_next() {
    for (object, flags, expected) in [
        (
            &["vm/vm-3"][..],
            &["-n", "test-a"][..],
            "the dump has no virtualmachines.kubevirt.io/test-a/vm-3: did you mean vm-1?",
        ),
        (
            &["vm/vm-2"],
            &["-n", "test-a"],
            "the dump has no virtualmachines.kubevirt.io/test-a/vm-2, but virtualmachines.kubevirt.io/prod/vm-2",
        ),
        (
            &["pods/both"],
            &[],
            "there are several pods of the name both: name one of the namespaces test-a, test-b with -n",
        ),
        (
            &["pvc/data"],
            &[],
            "the dump has no object of a kind pvc: it has virtualmachines.kubevirt.io, pods",
        ),
        (
            &["virtualmachine.kubevirt/vm-1"],
            &[],
            "the dump has no object of a kind virtualmachine.kubevirt: did you mean virtualmachines.kubevirt.io?",
        ),
        (
            &["pods/test-a/web-1"],
            &["-n", "test-b"],
            "the object is named in namespace test-a, and -n says test-b: write one of them",
        ),
        (
            &["pods"],
            &[],
            "pods names no object: write KIND/NAME, KIND NAME or KIND/NAMESPACE/NAME: vm/vm-1, pods web-1",
        ),
    ] {
        let told = explain(object, flags);
        assert_eq!(told.refused(), format!("k8s-healer: {expected}"), "{object:?}");
    }
    let no_rules = told(program(&["vm/vm-1", "--from", DUMP]), b"");
    assert!(no_rules.refused().contains("--rules"), "{}", no_rules.errors);
    let broken = told(program(&["vm/vm-1", "--rules", RULES, "--from", "-"]), b"{\"kind\": ");
    assert!(broken.refused().ends_with("the dump cannot be read as a whole; nothing is explained"));
}

#[test]
fn a_rule_that_is_switched_off_is_told_with_the_place_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("quiet.yaml");
    let text = "apiVersion: k8s-healer/v1\nkind: RuleOverride\nmetadata: { name: quiet }\noverrides:\n  - { rule: leaks/vm-stale, enabled: false }\n  - { rule: leaks/pod-orphaned, enabled: false }\n";
    fs::write(&file, text).unwrap();
    let told = explain(&["vm/vm-1"], &["--rules", file.to_str().unwrap()]);
    assert_eq!(told.verdict(), unprotected("vm-not-ready would delete it in 5m"));
    let note = format!("note: leaks/vm-stale is switched off by {}:", file.display());
    assert!(told.text.contains(&note) && !told.text.contains("pod-orphaned"), "{}", told.text);
}

#[test]
fn a_kind_that_no_rule_watches_is_told_with_those_that_they_watch() {
    let rules = tempfile::tempdir().unwrap();
    let file = rules.path().join("rules.yaml");
    fs::write(
        &file,
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: a }\nrules:\n  - { name: b, watch: [pods, jobs], scope: cluster, match: [ age: { over: 1h } ], actions: [ log: { message: old } ] }\n",
    )
    .unwrap();
    let told = told(program(&["vm/vm-1", "--rules", file.to_str().unwrap(), "--from", DUMP]), b"");
    assert_eq!(
        told.refused(),
        "k8s-healer: no rule watches virtualmachines.kubevirt.io: they watch jobs, pods"
    );
}

impl Told {
    /// The text is not JSON: the same question once more, for programs.
    fn json_of(&self) -> serde_json::Value {
        assert_eq!(self.status, Some(0), "{}", self.errors);
        explain(&["pods/web-1"], &["--format", "json"]).json()
    }
}

#[test]
fn what_other_rules_change_before_is_played_as_plan_plays_it() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let dump = "
apiVersion: v1
kind: Namespace
metadata: { name: test-a, uid: n, creationTimestamp: 2026-01-01T00:00:00Z }
---
apiVersion: v1
kind: Pod
metadata:
  { name: web-1, namespace: test-a, uid: p, creationTimestamp: 2026-01-01T01:00:00Z, ownerReferences: [ { apiVersion: v1, kind: ConfigMap, name: map, uid: m } ] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: map, namespace: test-a, uid: m, creationTimestamp: 2026-01-01T01:00:00Z }
";
    let mark = |label: &str| format!("match: [ age: {{ over: 1m }} ], actions: [ label: {{ {label} }} ]");
    let pods = "watch: pods, namespaces: test-*";
    for (first, second, verdict) in [
        (
            format!("{pods}, {}", mark("keep: a")),
            "match: [ age: { over: 5m } ], unless: [ labels: { matchLabels: { keep: a } } ]",
            "first would label it keep=a in 1m",
        ),
        (
            format!("{pods}, {}", mark("old: a")),
            "match: [ labels: { matchLabels: { old: a } } ], for: 1m",
            "first would label it old=a in 1m; after that, second would delete it in 2m",
        ),
        (
            format!("watch: namespaces, scope: cluster, {}", mark("k8s-healer.io/protect: a")),
            "match: [ age: { over: 5m } ]",
            "held back: protected by the label k8s-healer.io/protect of namespace test-a; without that, second would delete it in 5m",
        ),
        (
            format!("watch: namespaces, scope: cluster, {}", mark("gone: soon")),
            "match: [ namespace: { labels: { matchLabels: { gone: soon } } } ], for: 1m",
            "second would delete it in 1m, once other rules have changed what it asks",
        ),
        (
            format!("{pods}, {}", mark("other: a")),
            "match: [ age: { over: 5m } ]",
            "first would label it other=a in 1m; after that, second would delete it in 5m",
        ),
        (
            "watch: configmaps, namespaces: test-*, match: [ age: { over: 1m } ], actions: [ delete: {} ]"
                .to_owned(),
            "match: [ owner: { missing: true } ]",
            "second would delete it in 1m, once other rules have changed what it asks",
        ),
    ] {
        let text = format!(
            "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: pack }}\nrules:\n  - {{ name: first, {first} }}\n  - {{ name: second, {pods}, {second}, actions: [ delete: {{}} ] }}\n"
        );
        fs::write(&rules, &text).unwrap();
        let arguments = ["pods/web-1", "--rules", rules.to_str().unwrap(), "--from", "-"];
        let told = told(program(&arguments), dump.as_bytes());
        assert_eq!(told.verdict(), verdict, "{text}");
        let overtaken = "second would delete it in 5m, but other rules change before what it asks";
        assert_eq!(told.text.contains(overtaken), first.contains("keep"), "{}", told.text);
    }
}
