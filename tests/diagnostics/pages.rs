//! The page of each code: its form, and that its examples do what it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use k8s_healer::rules::{Code, Input, LoadOptions, Loaded, Reads, Severity, load};

const HEAD: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: ui-tests }\n";
/// What an example that shows some keys of a rule leaves out.
const REST: [&str; 5] = [
    "name: vm-stale",
    "watch: virtualmachines.kubevirt.io",
    "namespaces: [test-*]",
    "match: [ age: { over: 6m } ]",
    "actions: [ delete: {} ]",
];

/// Found by schemas alone, which `load` does not know: `tests/fields` has their examples.
const BY_SCHEMAS: [Code; 6] = [
    Code::UnknownField,
    Code::WrongField,
    Code::UnknownValue,
    Code::NoSchema,
    Code::NotServed,
    Code::BadSchema,
];

/// Found when a test is played, which `load` does not do: `tests/test_rules` has its example.
const BY_PLAYING: [Code; 1] = [Code::UnknownObject];

/// Found by `validate-rules` among what is not loaded: its own tests have an example.
const BY_LOOKING: [Code; 1] = [Code::NotRead];

/// The codes whose examples can be tried here.
fn tried() -> impl Iterator<Item = Code> {
    let is_tried = |code: &Code| ![&BY_SCHEMAS[..], &BY_PLAYING, &BY_LOOKING].concat().contains(code);
    Code::ALL.iter().copied().filter(is_tried)
}

/// Language and text of the wrong and the right example.
fn examples(code: Code) -> Vec<(&'static str, &'static str)> {
    let pieces = code.page().split("```").skip(1).step_by(2);
    pieces.map(|piece| piece.split_once('\n').unwrap()).collect()
}

/// What an example that shows some keys of a case leaves out.
const TEST_HEAD: &str = "apiVersion: k8s-healer/v1\nkind: RuleTest\nmetadata: { name: ui-tests }\ncases:\n";
const CASE: [&str; 3] =
    ["name: a case", "now: 2026-01-01T00:00:00Z", "timeline: [ { at: 5m, expect: nothing } ]"];

/// A whole test of which these keys of a case, or of a step, are shown.
fn completed_test(example: &str) -> Option<String> {
    let has = |key: &str| example.lines().any(|line| line.starts_with(&format!("{key}:")));
    if has("cases") {
        return Some(format!("{}{example}", TEST_HEAD.trim_end_matches("cases:\n")));
    }
    let lines: Vec<String> = if has("expect") {
        let step = example.lines().map(|line| format!("      {line}"));
        let head = CASE[..2].iter().map(|line| format!("    {line}"));
        head.chain(["    timeline:\n    - at: 5m".to_owned()]).chain(step).collect()
    } else if has("objects") || has("timeline") {
        let missing = CASE.iter().filter(|line| !has(line.split(':').next().unwrap()));
        missing.copied().chain(example.lines()).map(|line| format!("    {line}")).collect()
    } else {
        return None;
    };
    Some(format!("{TEST_HEAD}  -\n{}\n", lines.join("\n")))
}

/// A whole file; a list of `rules` without its head; or keys of a rule that is otherwise sound.
fn completed(example: &str) -> String {
    let has = |key: &str| example.lines().any(|line| line.starts_with(&format!("{key}:")));
    if has("apiVersion") || example.lines().all(|line| line.starts_with('#')) {
        return example.to_owned();
    }
    if let Some(test) = completed_test(example) {
        return test;
    }
    if has("rules") {
        return format!("{HEAD}{example}");
    }
    let is_there = |key: &str| has(key) || key == "namespaces" && has("scope");
    let missing = REST.iter().filter(|line| !is_there(line.split(':').next().unwrap()));
    let lines = missing.copied().chain(example.lines());
    let rule: Vec<String> = lines.map(|line| format!("    {line}")).collect();
    format!("{HEAD}rules:\n  -\n{}\n", rule.join("\n"))
}

/// The files that the commands of the pages name.
fn lay_out(folder: &Path) {
    let pack = format!(
        "{HEAD}parameters: {{ staleAge: 6m }}\nrules:\n  - name: vm-stale\n    \
         watch: virtualmachines.kubevirt.io\n    namespaces: [test-*]\n    \
         match: [ age: {{ over: \"${{staleAge}}\" }} ]\n    actions: [ delete: {{}} ]\n"
    );
    fs::create_dir(folder.join("docs")).unwrap();
    fs::write(folder.join("docs/rules.md"), "rules").unwrap();
    fs::create_dir(folder.join("rules")).unwrap();
    for name in ["rules.yaml", "rules/pack.yaml", "utf8.yaml"] {
        fs::write(folder.join(name), &pack).unwrap();
    }
    for (name, scope) in [("cluster", "scope: cluster"), ("prod", "namespaces: [prod-a]")] {
        fs::create_dir(folder.join(name)).unwrap();
        let pack = pack.replace("namespaces: [test-*]", scope);
        fs::write(folder.join(name).join("pack.yaml"), pack).unwrap();
    }
    fs::write(folder.join("latin1.yaml"), [pack.as_bytes(), b"# \xe9\n"].concat()).unwrap();
    fs::write(folder.join("dump.yaml"), vec![b'#'; (1 << 20) + 1]).unwrap();
}

fn run(language: &str, example: &str) -> Loaded {
    if language == "yaml" {
        let bytes = completed(example).into_bytes();
        let options = LoadOptions { reads: Reads::RulesAndTests, ..LoadOptions::default() };
        return load(&[Input::Text { name: "example".to_owned(), bytes }], &options);
    }
    assert_eq!(language, "sh");
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    let words: Vec<&str> =
        example.trim().strip_prefix("k8s-healer validate-rules ").unwrap().split(' ').collect();
    let (set, path) = match words.as_slice() {
        ["--set", set, path] => (vec![(*set).to_owned()], *path),
        [path] => (Vec::new(), *path),
        _ => panic!("what is {example}?"),
    };
    load(
        &[Input::of_path(&folder.path().join(path)).unwrap()],
        &LoadOptions { set, ..LoadOptions::default() },
    )
}

fn codes(loaded: &Loaded) -> BTreeSet<Code> {
    loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn the_wrong_example_of_every_page_has_its_mistake_and_no_other_error() {
    let mut others = Vec::new();
    for code in tried() {
        let (language, example) = examples(code)[0];
        let mut found = codes(&run(language, example));
        assert!(found.remove(&code), "{code} is not found: {found:?}");
        // A warning may follow: a parameter whose use is misspelt is not used.
        found.retain(|other| other.severity() == Severity::Error || code.severity() == Severity::Warning);
        others.extend((!found.is_empty()).then_some((code, found)));
    }
    assert_eq!(others, []);
}

#[test]
fn the_right_example_of_every_page_has_no_mistake_at_all() {
    let mut mistaken = Vec::new();
    for code in tried() {
        let (language, example) = examples(code)[1];
        let loaded = run(language, example);
        mistaken.extend(codes(&loaded).into_iter().map(|other| (code, other)));
        let holds = loaded.rule_set.is_none_or(|rules| !rules.rules.is_empty()) || !loaded.tests.is_empty();
        assert!(holds, "{code}");
    }
    assert_eq!(mistaken, []);
}

#[test]
fn every_page_has_the_same_sections_and_short_lines() {
    for code in Code::ALL {
        let page = code.page();
        let headings: Vec<&str> =
            page.lines().filter(|line| line.starts_with('#') && !line.starts_with("# ")).collect();
        assert_eq!(headings, ["## Why", "## How to mend it", "## Example"], "{code}");
        assert_eq!(examples(*code).len(), 2, "{code}");
        assert!(
            page.contains("\nWrong:\n") && page.contains("\nRight:\n") && page.ends_with("```\n"),
            "{code}"
        );
        assert!(page.lines().all(|line| line.chars().count() <= 100 && line.trim_end() == line), "{code}");
        assert!(code.meaning().ends_with('.') && !code.meaning().contains('\n'), "{code}");
    }
}

#[test]
fn no_page_is_left_of_a_code_that_there_is_not() {
    let pages = super::files("src/rules/code/pages", "md");
    for page in &pages {
        assert!(Code::named(&page.file_stem().unwrap().to_string_lossy()).is_some(), "{}", page.display());
    }
    assert_eq!(pages.len(), Code::ALL.len());
}
