//! What people see of their mistakes: the corpus `tests/validate/*.yaml` with one snapshot each, the
//! shipped packs, and paths that cannot be read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use k8s_healer::cli::diagnostics::Style;
use k8s_healer::cli::validate_rules::{Arguments, check};
use k8s_healer::rules::{Code, Input, LoadOptions, Loaded, Reads, load};
use k8s_healer_engine::rule::Scope;

const PACK: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\n";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn corpus() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder("tests/validate")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|name| name == "yaml")).collect();
    files.sort();
    files
}

fn of_text(name: &str, bytes: &[u8], set: &[&str]) -> Loaded {
    let set = set.iter().map(ToString::to_string).collect();
    let options = LoadOptions { set, reads: Reads::RulesAndTests, ..LoadOptions::default() };
    load(&[Input::Text { name: name.to_owned(), bytes: bytes.to_vec() }], &options)
}

fn codes(loaded: &Loaded) -> BTreeSet<Code> {
    loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// What `validate-rules -` prints, and its exit status.
fn printed(bytes: &[u8]) -> (u8, String) {
    let arguments = Arguments { paths: vec!["-".into()], ..Arguments::default() };
    let mut out = Vec::new();
    let status = check(&arguments, Style::PLAIN, bytes, &mut out).unwrap();
    (status, String::from_utf8(out).unwrap())
}

#[test]
fn every_mistake_of_the_corpus_is_shown_as_the_snapshots_say() {
    for path in corpus() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (status, text) = printed(&fs::read(&path).unwrap());
        let warns = ["warnings", "contradiction", "no-effect"].contains(&&*name);
        assert_eq!(status == 0, warns, "{name}");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder("tests/validate"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

#[test]
fn every_code_is_produced_by_some_case() {
    let mut seen = BTreeSet::new();
    for path in corpus() {
        seen.extend(codes(&of_text("corpus", &fs::read(path).unwrap(), &[])));
    }
    seen.extend(codes(&of_text("settings", PACK.as_bytes(), &["nothing"])));
    seen.extend(codes(&of_text("latin", b"a: \xe9", &[])));
    seen.extend(codes(&of_text("large", &vec![b'#'; (1 << 20) + 1], &[])));
    let empty = tempfile::tempdir().unwrap();
    for path in [empty.path().to_owned(), empty.path().join("missing.yaml")] {
        seen.extend(codes(&load(&[Input::Path(path)], &LoadOptions::default())));
    }
    for rule in ["scope: cluster", "namespaces: [prod]"] {
        let rule = format!(
            "rules: [ {{ name: a, watch: vm, {rule}, match: [ age: {{ over: 1h }} ], actions: [ log: {{}} ] }} ]"
        );
        let path = empty.path().join("pack.yaml");
        fs::write(&path, format!("{PACK}{rule}")).unwrap();
        let confined = Input::of_path(&empty.path().join("pack.yaml=team-a-*")).unwrap();
        seen.extend(codes(&load(&[confined], &LoadOptions::default())));
    }
    // Found by schemas alone: `tests/fields`.
    seen.extend([
        Code::UnknownField,
        Code::WrongField,
        Code::UnknownValue,
        Code::NoSchema,
        Code::NotServed,
        Code::BadSchema,
    ]);
    // Found with the rules under test: `tests/test_rules`; and by `validate-rules` alone.
    seen.extend([Code::UnknownObject, Code::NotRead]);
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !seen.contains(code)).collect();
    assert!(missing.is_empty(), "no case produces {missing:?}");
}

#[test]
fn the_shipped_packs_are_valid_and_warn_of_nothing() {
    let loaded = load(&[Input::Path(folder("rules"))], &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    let ids: Vec<String> = loaded.rule_set.unwrap().rules.iter().map(|rule| rule.id.to_string()).collect();
    assert_eq!(
        ids,
        [
            "jobs/job-completed",
            "jobs/job-failed",
            "jobs/job-pod-orphaned",
            "kubevirt-ui/vm-unschedulable",
            "kubevirt-ui/vm-stale",
            "kubevirt-ui/datavolume-failed",
            "kubevirt-ui/datavolume-stuck",
            "kubevirt-ui/vmi-stale",
            "kubevirt-ui/pool-stale",
            "kubevirt-ui/migration-stale",
            "kubevirt-ui/operation-stale",
            "kubevirt-ui/definition-stale",
            "nodes/node-not-ready",
            "nodes/node-unknown",
            "nodes/node-pressure",
            "pods/pod-crash-loop",
            "pods/pod-image-pull",
            "pods/pod-evicted",
            "pods/pod-failed",
            "pods/pod-completed",
            "pods/pod-stuck-terminating",
            "pods/pod-stuck-finalizer",
            "previews/namespace-ttl",
            "previews/namespace-expired",
            "previews/workload-ttl",
            "previews/workload-expired",
            "stuck-finalizers/terminating-too-long",
            "stuck-finalizers/strip-listed",
            "test-namespaces/namespace-old",
            "test-namespaces/namespace-stuck",
            "test-namespaces/content-stuck"
        ]
    );
}

#[test]
fn the_parameters_of_the_shipped_packs_can_be_set() {
    let set = ["kubevirt-ui.staleAge=10m", "namespaces=[e2e-*, \"!e2e-keep\"]", "pods.restarts=>= 5"]
        .map(str::to_owned);
    let options = LoadOptions { set: set.to_vec(), ..LoadOptions::default() };
    let loaded = load(&[Input::Path(folder("rules"))], &options);
    assert_eq!(loaded.diagnostics, []);
    for rule in loaded.rule_set.unwrap().rules {
        let is_kept_out = matches!(rule.scope, Scope::Cluster) || !rule.scope.selects(Some("e2e-keep"));
        assert!(rule.scope.selects(Some("e2e-a")) && is_kept_out, "{}", rule.id);
    }
}

#[test]
fn a_path_that_might_never_end_is_refused() {
    for path in ["/dev/zero", "/dev/stdin"] {
        let loaded = load(&[Input::Path(path.into())], &LoadOptions::default());
        assert!(loaded.rule_set.is_none());
        assert!(codes(&loaded).contains(&Code::Unreadable) || path == "/dev/stdin", "{path}");
    }
}
