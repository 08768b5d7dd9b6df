//! What is shown of a pack, an override and guardrails of two files; what YAML shows is what runs.

use std::fs;

use serde_json::Value;

use super::*;
use crate::rules::Input;
use crate::rules::comparison::compare;

const PACK: &str = "apiVersion: k8s-healer/v1
kind: RulePack
metadata: { name: vms }
parameters: { age: 6m, words: [a, \"*\", \"!b\"] }
defaults: { namespaces: test-*, cooldown: 5m }
rules:
  - name: stale
    watch: vm
    match: [ age: { over: \"${age}\" }, field: { path: $.a, equals: \"5\" }, field: { path: \"$.b['x.y/z']\", notEquals: 1.10 } ]
    unless: [ name: { glob: \"${words}\" }, labels: { matchLabels: { \"a.b/c\": \"true\" } } ]
    description: \"Says: #1 \\\"it\\\" costs $${1}\"
    actions: [ delete: , stripFinalizers: { after: 2m, only: [kubevirt.io/*] } ]
  - { name: other, watch: [pods, jobs], scope: cluster, match: [ age: { over: 1h } ], mode: observe, actions: [ log: { message: \"a: b\" } ] }
";
const OVERRIDES: &str = "apiVersion: k8s-healer/v1
kind: RuleOverride
metadata: { name: quiet }
overrides:
  - { rule: vms/stale, mode: dry-run, namespaces: [test-a] }
";
const GUARDRAILS: &str = "apiVersion: k8s-healer/v1
kind: Guardrails
metadata: { name: team }
protect: { priorityAtLeast: 2000, labels: [ { matchLabels: { tier: gold } } ] }
unprotect: { namespaces: [kubevirt] }
---
apiVersion: k8s-healer/v1
kind: Guardrails
metadata: { name: platform }
protect:
  priorityAtLeast: 1000
  namespaces: [kube*]
";

/// In a folder of its own.
fn pack(more: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("pack.yaml", PACK)].iter().chain(more) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn shown(folder: &tempfile::TempDir, format: Format, origins: bool, set: &[&str]) -> String {
    let set = set.iter().map(ToString::to_string).collect();
    let arguments =
        Arguments { paths: vec![folder.path().to_owned()], set, format, origins, ..Arguments::default() };
    let loaded = loaded(&arguments).unwrap();
    let mut out = Vec::new();
    show(&arguments, &loaded, Look { colour: false, width: None }, &mut out).unwrap();
    let root = format!("{}/", folder.path().display());
    String::from_utf8(out).unwrap().replace(&root, "")
}

#[test]
fn the_table_shows_what_runs_and_which_guardrails_win() {
    let folder = pack(&[("quiet.yaml", OVERRIDES), ("rails.yaml", GUARDRAILS)]);
    let table = shown(&folder, Format::Table, false, &[]);
    let lines = rows(&table);
    for line in [
        "vms/stale dry-run vm test-a 0s 5m delete, stripFinalizers",
        "vms/other observe pods, jobs (the whole cluster) 0s 5m log",
        "protect.namespaces kubevirt built in lifted by team (rails.yaml:5); protected all the same by platform \
         (rails.yaml:12)",
        "protect.namespaces kube-* built in",
        "protect.priorityAtLeast 2000 team (rails.yaml:4) platform (rails.yaml:11) wins with 1000",
        "protect.priorityAtLeast 1000 platform (rails.yaml:11)",
        "unprotect.namespaces [kubevirt] team (rails.yaml:5) protected all the same by platform (rails.yaml:12)",
    ] {
        assert!(lines.iter().any(|known| known == line), "{line}\n{table}");
    }
}

#[test]
fn the_table_shows_by_which_labels_namespaces_are_selected() {
    let expressions = "matchExpressions: [ { key: tier, operator: In, values: [a, b] }, { key: t, operator: NotIn, \
                       values: [c] }, { key: x, operator: DoesNotExist }, { key: y, operator: Exists } ]";
    for (defaults, expected) in [
        (
            "namespaceSelector: { matchLabels: { environment: test, number: \"5\" } }",
            "environment=test,number=5",
        ),
        ("namespaces: [a-*, b], namespaceSelector: { matchLabels: { v: 1.10 } }", "a-*, b with v=1.10"),
        (&format!("namespaceSelector: {{ {expressions} }}"), "tier in (a,b),t notin (c),!x,y"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = PACK.replace("namespaces: test-*", defaults);
        fs::write(folder.path().join("pack.yaml"), text).unwrap();
        let table = shown(&folder, Format::Table, false, &[]);
        assert!(table.contains(&format!("  {expected}  ")), "{expected}\n{table}");
    }
}

/// The rows of the table, with one blank between two words.
fn rows(table: &str) -> Vec<String> {
    table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_table_tells_what_is_lifted_and_what_is_protected_all_the_same() {
    let document = |name: &str, says: &str| {
        format!("apiVersion: k8s-healer/v1\nkind: Guardrails\nmetadata: {{ name: {name} }}\n{says}\n---\n")
    };
    let rails = [
        document("ga", "unprotect: { ownerKinds: [DaemonSet], namespaces: [kube-system, cdi] }"),
        document("gb", "protect: { ownerKinds: [DaemonSet], namespaces: [kube-s*] }"),
    ];
    let folder = pack(&[("rails.yaml", &rails.concat())]);
    let table = shown(&folder, Format::Table, false, &[]);
    let rows = rows(&table);
    for row in [
        "protect.namespaces kube-* built in lifted in part by ga (rails.yaml:4): kube-system; \
         protected all the same by gb (rails.yaml:9)",
        "protect.namespaces cdi built in lifted by ga (rails.yaml:4)",
        "protect.ownerKinds DaemonSet built in lifted by ga (rails.yaml:4); protected all the same by gb (rails.yaml:9)",
        "unprotect.ownerKinds [DaemonSet] ga (rails.yaml:4) protected all the same by gb (rails.yaml:9)",
        "unprotect.namespaces [kube-system, cdi] ga (rails.yaml:4) \
         protected all the same in part by gb (rails.yaml:9): kube-system",
    ] {
        assert!(rows.iter().any(|known| known == row), "{row}\n{table}");
    }
}

#[test]
fn origins_name_file_and_line_of_every_value() {
    let folder = pack(&[("quiet.yaml", OVERRIDES)]);
    let table = shown(&folder, Format::Table, true, &["vms.age=9m"]);
    let lines = rows(&table);
    for line in [
        "vms/stale watch [vm] pack.yaml:8",
        "vms/stale namespaces [test-a] quiet.yaml:5",
        "vms/stale mode dry-run quiet.yaml:5",
        "vms/stale cooldown 5m pack.yaml:5",
        "vms/stale for 0s default",
        "vms/stale match[0].age.over 9m --set vms.age=9m",
        "vms/stale match[1].field.equals \"5\" pack.yaml:9",
        "vms/stale unless[0].name.glob [a, *, !b] pack.yaml:4",
        "vms/stale actions[1].stripFinalizers.only [kubevirt.io/*] pack.yaml:12",
        "vms/other scope cluster pack.yaml:13",
    ] {
        assert!(lines.iter().any(|known| known == line), "{line}\n{table}");
    }
}

#[test]
fn what_is_shown_as_yaml_says_the_same_when_it_is_read_again() {
    for more in [&[][..], &[("quiet.yaml", OVERRIDES), ("rails.yaml", GUARDRAILS)]] {
        for origins in [false, true] {
            let folder = pack(more);
            let yaml = shown(&folder, Format::Yaml, origins, &["age=7m"]);
            let inputs = [Input::Path(folder.path().to_owned())];
            let before = load(&inputs, &LoadOptions { set: vec!["age=7m".into()], ..LoadOptions::default() });
            let input = Input::Text { name: "again".into(), bytes: yaml.clone().into() };
            let again = load(&[input], &LoadOptions::default());
            assert!(again.rule_set.is_some(), "{:?}\n{yaml}", again.diagnostics);
            assert_eq!(compare(&before.written, &again.written).lines(), [""; 0], "{yaml}");
            let same = crate::rules::comparison::compare_guardrails(&before.guardrails, &again.guardrails);
            assert!(same.is_empty(), "{same:?}\n{yaml}");
        }
    }
}

#[test]
fn json_has_all_of_it_with_types_and_origins_on_request() {
    let off = OVERRIDES.replace("mode: dry-run, namespaces: [test-a]", "enabled: false");
    let folder = pack(&[("quiet.yaml", off.as_str())]);
    let document: Value = serde_json::from_str(&shown(&folder, Format::Json, true, &[])).unwrap();
    let rule = &document["rules"][0];
    assert_eq!((&rule["rule"], &rule["enabled"]), (&"vms/stale".into(), &false.into()));
    assert_eq!((&rule["file"], &rule["line"]), (&"pack.yaml".into(), &7.into()));
    assert_eq!(rule["says"]["match"][1]["field"]["equals"], "5");
    assert_eq!(rule["says"]["match"][2]["field"]["notEquals"], 1.10);
    assert_eq!(rule["origins"]["cooldown"], serde_json::json!({"file": "pack.yaml", "line": 5}));
    assert_eq!(rule["origins"]["for"], Value::Null);
    let without: Value = serde_json::from_str(&shown(&folder, Format::Json, false, &[])).unwrap();
    assert_eq!((without["version"].as_u64(), without["rules"][0].get("origins")), (Some(1), None));
    let yaml = shown(&folder, Format::Yaml, false, &[]);
    assert!(
        yaml.starts_with("# vms/stale is switched off by quiet.yaml:5\n") && !yaml.contains("name: stale"),
        "{yaml}"
    );
}

#[test]
fn a_confined_path_is_shown_with_its_namespaces() {
    let folder = tempfile::tempdir().unwrap();
    let text = PACK.split("  - { name: other").next().unwrap();
    fs::write(folder.path().join("pack.yaml"), text).unwrap();
    let path = folder.path().join("pack.yaml=team-a-*");
    let arguments = Arguments { paths: vec![path], ..Arguments::default() };
    let mut out = Vec::new();
    show(&arguments, &loaded(&arguments).unwrap(), Look { colour: false, width: None }, &mut out).unwrap();
    let table = String::from_utf8(out).unwrap();
    assert!(table.contains("test-* within team-a-*"), "{table}");
}

/// The rules of a pack that is confined, and what is shown of them as YAML, read again.
fn confined(defaults: &str, rule: &str, within: &str) -> (Loaded, Loaded, String) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: a }}\ndefaults: {defaults}\nrules:\n  \
         - {{ name: b, watch: pods, {rule} match: [ age: {{ over: 1h }} ], actions: [ delete: {{}} ] }}\n"
    );
    fs::write(folder.path().join("pack.yaml"), text).unwrap();
    let path = folder.path().join(format!("pack.yaml{within}"));
    let arguments = Arguments { paths: vec![path], format: Format::Yaml, ..Arguments::default() };
    let before = loaded(&arguments).unwrap();
    let mut out = Vec::new();
    show(&arguments, &before, Look { colour: false, width: None }, &mut out).unwrap();
    let yaml = String::from_utf8(out).unwrap();
    let again =
        load(&[Input::Text { name: "again".into(), bytes: yaml.clone().into() }], &LoadOptions::default());
    (before, again, yaml)
}

#[test]
fn a_confined_rule_that_is_shown_as_yaml_looks_no_further_when_it_is_read_again() {
    let scope = |loaded: &Loaded, yaml: &str| match &loaded.rule_set {
        Some(rules) => rules.rules[0].scope.clone(),
        None => panic!("{:?}\n{yaml}", loaded.diagnostics),
    };
    for (defaults, rule) in [
        ("{ namespaces: test-* }", ""),
        ("{ namespaces: [\"*\", \"!team-a-x\"] }", ""),
        ("{ namespaces: [team-a-1, prod, \"*-1\"] }", ""),
        ("{ namespaces: [team-a-2] }", ""),
        ("{ namespaceSelector: { matchLabels: { team: a } } }", ""),
        ("{ namespaceSelector: { matchLabels: { team: a } } }", "namespaces: [team-*],"),
    ] {
        let (before, again, yaml) = confined(defaults, rule, "=team-a-*,!team-a-2");
        let (before, again) = (scope(&before, &yaml), scope(&again, &yaml));
        for namespace in ["team-a-1", "team-a-2", "team-a-x", "team-b-1", "prod", "test-1", "other"] {
            let selects = before.selects(Some(namespace));
            assert_eq!(again.selects(Some(namespace)), selects, "{namespace} {defaults}\n{yaml}");
        }
    }
    let (before, again, yaml) = confined("{ namespaces: \"[s-t]eam-a-*\" }", "", "=team-a-*");
    assert!(before.rule_set.is_some() && again.rule_set.is_none_or(|rules| rules.rules.is_empty()), "{yaml}");
    assert!(
        yaml.contains("# a/b is left out: no list of globs says where it looks within team-a-*"),
        "{yaml}"
    );
}

#[test]
fn what_a_rule_does_not_inherit_is_not_shown() {
    let by_labels = "{ namespaceSelector: { matchLabels: { team: a } } }";
    let (before, again, yaml) = confined(by_labels, "scope: cluster,", "");
    assert!(!yaml.contains("namespaceSelector"), "{yaml}");
    assert_eq!(compare(&before.written, &again.written).lines(), [""; 0], "{yaml}");
    let own = "namespaceSelector: { matchLabels: { team: a } },";
    let (before, again, yaml) = confined("{ scope: cluster }", own, "");
    assert!(again.rule_set.is_some(), "{:?}\n{yaml}", again.diagnostics);
    assert_eq!(compare(&before.written, &again.written).lines(), [""; 0], "{yaml}");
}

/// Guardrails of a team that is confined to `team-a-*`: whether YAML says all of them, and what is shown.
fn confined_guardrails(protect: &str, format: Format) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: Guardrails\nmetadata: {{ name: tg }}\nprotect: {protect}\n"
    );
    fs::write(folder.path().join("g.yaml"), text).unwrap();
    let path = folder.path().join("g.yaml=team-a-*,!team-a-x");
    let arguments = Arguments { paths: vec![path], format, ..Arguments::default() };
    let mut out = Vec::new();
    let loaded = loaded(&arguments).unwrap();
    let is_complete = show(&arguments, &loaded, Look { colour: false, width: None }, &mut out).unwrap();
    (is_complete, String::from_utf8(out).unwrap())
}

#[test]
fn what_confined_guardrails_protect_is_shown_with_where_alone() {
    let protect = "{ namespaces: [\"*\"], kinds: [pvc] }";
    let table = confined_guardrails(protect, Format::Table).1;
    let rows = rows(&table);
    for key in ["protect.namespaces [*]", "protect.kinds [pvc]"] {
        let shown = |row: &&String| row.starts_with(key) && row.ends_with("within team-a-*, !team-a-x");
        assert_eq!(rows.iter().filter(shown).count(), 1, "{table}");
    }
    let document: Value = serde_json::from_str(&confined_guardrails(protect, Format::Json).1).unwrap();
    let all = document["protections"].as_array().unwrap();
    let own = all.iter().find(|one| one["guardrails"] == "tg").unwrap();
    assert_eq!(own["within"], serde_json::json!(["team-a-*, !team-a-x"]));
    assert_eq!(all[0]["within"], serde_json::json!([]));
}

#[test]
fn yaml_says_of_confined_guardrails_what_it_can_and_tells_what_it_cannot() {
    let protected = |yaml: &str| {
        let input = Input::Text { name: "again".into(), bytes: yaml.as_bytes().to_vec() };
        let documents =
            load(&[input], &LoadOptions::default()).rule_set.unwrap().guardrails.documents.clone();
        documents.iter().map(|document| document.protect.shown().join("; ")).collect::<Vec<_>>()
    };
    for (protect, is_complete, said, told) in [
        ("{ namespaces: \"*\" }", true, &["namespaces team-a-*, !team-a-x"][..], ""),
        ("{ namespaces: [team-*, prod] }", true, &["namespaces team-a-*, !team-a-x"], ""),
        (
            "{ namespaces: [team-a-1], ownerKinds: [Job] }",
            false,
            &["namespaces team-a-1, !team-a-x"],
            "ownerKinds",
        ),
        (
            "{ kinds: [pvc] }",
            false,
            &[],
            "# tg: protect.kinds is left out: no file says that it holds within team-a-*",
        ),
        ("{ namespaces: [\"[s-t]eam-*\"] }", false, &[], "no list of globs says what it protects within"),
        (
            "{ namespaces: [prod] }",
            true,
            &[],
            "# tg: protect.namespaces is left out: it protects nothing within",
        ),
    ] {
        let (all, yaml) = confined_guardrails(protect, Format::Yaml);
        assert_eq!(all, is_complete, "{yaml}");
        assert!(yaml.contains(told), "{yaml}");
        if said.is_empty() {
            assert!(yaml.lines().all(|line| line.starts_with('#')), "{yaml}");
        } else {
            assert_eq!(protected(&yaml), said, "{yaml}");
        }
    }
}

#[test]
fn what_a_narrow_terminal_leaves_out_is_named_with_what_shows_it() {
    let folder = pack(&[]);
    let arguments = Arguments { paths: vec![folder.path().to_owned()], ..Arguments::default() };
    let shown = |width: Option<u16>| {
        let mut out = Vec::new();
        show(&arguments, &loaded(&arguments).unwrap(), Look { colour: false, width }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let narrow = shown(Some(60));
    let note = "\nleft out, for want of room: WATCH, FOR, COOLDOWN; `--format\nyaml` shows all\n";
    assert!(narrow.contains(note), "{narrow}");
    assert!(!shown(None).contains("left out") && !shown(Some(140)).contains("left out"));
}

#[test]
fn a_folder_without_rules_ends_with_2_as_one_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let status = |path: std::path::PathBuf| {
        loaded(&Arguments { paths: vec![path], ..Arguments::default() }).map(drop).unwrap_err()
    };
    assert_eq!(status(folder.path().to_owned()), 2);
    assert_eq!(status(folder.path().join("absent")), 2);
    fs::write(folder.path().join("a.yaml"), "a: 1").unwrap();
    assert_eq!(status(folder.path().to_owned()), 1);
}
