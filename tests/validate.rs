//! What people see of their mistakes: the corpus `tests/validate/*.yaml` with one snapshot each, the
//! shipped packs, and input that nobody would write in good faith.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use k8s_healer::cli::diagnostics::Style;
use k8s_healer::cli::validate_rules::{Arguments, check};
use k8s_healer::rules::{Code, Input, LoadOptions, Loaded, load};
use proptest::prelude::*;

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
    let options =
        LoadOptions { set: set.iter().map(ToString::to_string).collect(), ..LoadOptions::default() };
    load(&[Input::Text { name: name.to_owned(), bytes: bytes.to_vec() }], &options)
}

fn codes(loaded: &Loaded) -> BTreeSet<Code> {
    loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// What `validate-rules -` prints, and its exit status.
fn printed(bytes: &[u8]) -> (u8, String) {
    let arguments = Arguments { paths: vec!["-".into()], set: Vec::new(), quiet: false };
    let mut out = Vec::new();
    let status = check(&arguments, Style::PLAIN, bytes, &mut out).unwrap();
    (status, String::from_utf8(out).unwrap())
}

#[test]
fn every_mistake_of_the_corpus_is_shown_as_the_snapshots_say() {
    for path in corpus() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (status, text) = printed(&fs::read(&path).unwrap());
        assert!(status == 1 || name == "warnings", "{name}");
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
    seen.extend(codes(&of_text("large", &[b'#'; (1 << 20) + 1], &[])));
    let empty = tempfile::tempdir().unwrap();
    for path in [empty.path().to_owned(), empty.path().join("missing.yaml")] {
        seen.extend(codes(&load(&[Input::Path(path)], &LoadOptions::default())));
    }
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !seen.contains(code)).collect();
    assert!(missing.is_empty(), "no case produces {missing:?}");
}

#[test]
fn the_shipped_packs_are_valid_and_warn_of_nothing() {
    let loaded = load(&[Input::Path(folder("rules"))], &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    let ids: Vec<String> = loaded.rule_set.unwrap().rules.iter().map(|rule| rule.id.to_string()).collect();
    assert_eq!(ids, ["kubevirt-ui/vm-unschedulable", "kubevirt-ui/vm-stale", "pods/pod-crash-loop"]);
}

#[test]
fn the_parameters_of_the_shipped_packs_can_be_set() {
    let set = ["kubevirt-ui.staleAge=10m", "namespaces=[e2e-*, \"!e2e-keep\"]", "pods.restarts=>= 5"]
        .map(str::to_owned);
    let options = LoadOptions { set: set.to_vec(), ..LoadOptions::default() };
    let loaded = load(&[Input::Path(folder("rules"))], &options);
    assert_eq!(loaded.diagnostics, []);
    for rule in loaded.rule_set.unwrap().rules {
        assert!(rule.scope.selects(Some("e2e-a")) && !rule.scope.selects(Some("e2e-keep")));
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

/// Texts made to take time, memory or the stack.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let rules = |rule: &dyn Fn(usize) -> String, count: usize| {
        let rules: String = (0..count).map(|index| format!("- {{ {} }}\n", rule(index))).collect();
        format!("{PACK}rules:\n{rules}")
    };
    let laughs = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
        format!("{text}a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "))
    });
    let scope = "watch: vm, scope: cluster";
    let texts = vec![
        ("brackets", "[".repeat(1 << 20)),
        ("braces", "{".repeat(1 << 20)),
        ("dashes", "- ".repeat(1 << 19)),
        ("nested mappings", "{a: ".repeat(200_000)),
        ("nested blocks", (0..1400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()),
        ("alias bomb", laughs),
        ("long alias", format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), vec!["*a"; 150_000].join(","))),
        ("anchors", (0..60_000).map(|index| format!("- &a{index} x\n")).collect()),
        ("one key", "k".repeat(1 << 20)),
        ("one explicit key", format!("? {}\n: 1\n", "k".repeat((1 << 20) - 8))),
        ("one unknown key", format!("{PACK}? {}\n: 1\n", "é".repeat(500_000))),
        ("one value", format!("{PACK}rules: {}\n", "☃".repeat(340_000))),
        ("one bad duration", rules(&|_| format!("name: a, {scope}, for: {}", "9".repeat(1_000_000)), 1)),
        ("NUL", format!("{PACK}rules: []\n\0")),
        ("terminal escapes", format!("{PACK}\"\\e[2J\": 1\nrules: [\"\u{1b}[2J\"]\n")),
        ("right to left", format!("{PACK}\u{202e}selur: 1\n")),
        (
            "huge numbers",
            rules(
                &|_| {
                    format!(
                        "name: {0}, watch: 1e{0}, match: [field: {{path: $.a, equals: {0}}}]",
                        "9".repeat(9999)
                    )
                },
                10,
            ),
        ),
        (
            "many broken rules",
            rules(
                &|index| format!("name: r{index}, agee: 1, {scope}, match: [b: 1], actions: [c: 1]"),
                11_000,
            ),
        ),
        (
            "many broken rules in one line",
            rules(&|index| format!("name: r{index}, agee: 1, match: [b: 1]"), 20_000)
                .replace("}\n- ", "}, ")
                .replace("rules:\n- ", "rules: [")
                .trim_end()
                .to_owned()
                + "]",
        ),
        ("many duplicates", "a: 1\n".repeat(200_000)),
        ("many documents", "---\na: 1\n".repeat(110_000)),
        ("many empty documents", "---\n".repeat(250_000)),
        ("many keys", (0..90_000).map(|index| format!("k{index}: 1\n")).collect()),
        (
            "regular expressions",
            rules(
                &|index| {
                    format!(
                        "name: r{index}, {scope}, match: [name: {{matches: \"(\\\\w{{{index}}}){{50}}\"}}], actions: [delete: {{}}]"
                    )
                },
                40,
            ),
        ),
        (
            "globs",
            format!(
                "{PACK}rules: [{{name: r, watch: vm, namespaces: [{}]}}]",
                (0..20_000).map(|index| format!("\"?{index}*?*?*?\"")).collect::<Vec<_>>().join(",")
            ),
        ),
        (
            "nested matchers",
            rules(
                &|_| format!("name: r, {scope}, match: [{}phase: a{}]", "not: { ".repeat(40), "}".repeat(40)),
                100,
            ),
        ),
        (
            "paths",
            rules(
                &|index| {
                    format!(
                        "name: r{index}, {scope}, match: [field: {{path: \"$..a[?@.b[?@.c]]{}\", exists: true}}], actions: [log: {{}}]",
                        "[0]".repeat(100)
                    )
                },
                500,
            ),
        ),
        (
            "parameter bomb",
            format!(
                "{PACK}parameters: {{ x: \"{}\" }}\n{}",
                "y".repeat(300_000),
                rules(
                    &|index| format!("name: r{index}, description: \"${{x}}${{x}}\", watch: \"${{x}}\""),
                    5_000
                )
                .replace(PACK, "")
            ),
        ),
    ];
    let mut all: Vec<_> = texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    all.push((
        "random bytes",
        (0..1_000_000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect(),
    ));
    all
}

#[test]
fn no_input_makes_it_panic_or_print_without_end_or_write_to_the_terminal() {
    for (name, mut bytes) in hostile() {
        bytes.truncate(1 << 20);
        std::fs::write(format!("/tmp/bad/h-{}.yaml", name.replace(' ', "-")), &bytes).unwrap();
        let (status, text) = printed(&bytes);
        assert!(status == 1 || name == "paths", "{name}");
        assert!(text.len() < 400_000, "{name}: {} bytes", text.len());
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\0']), "{name}");
    }
}

/// A sound file with some of its bytes replaced, taken away or doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let sources: Vec<Vec<u8>> =
        ["rules/kubevirt-ui/pack.yaml", "rules/pods/pack.yaml", "tests/validate/unknown-key.yaml"]
            .map(|name| fs::read(folder(name)).unwrap())
            .to_vec();
    let change = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..4_u8,
        prop::sample::select(&b"[]{}:,&*!|>'\"%@`#-?\n\t \0\xff\xc3$9~<"[..]),
    );
    (prop::sample::select(sources), prop::collection::vec(change, 1..12)).prop_map(|(mut bytes, changes)| {
        for (at, length, kind, byte) in changes {
            let at = at.index(bytes.len());
            let end = (at + 1 + length.index(40)).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if bytes.len() > 50 => drop(bytes.drain(at..end)),
                _ => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (status, text) = printed(&bytes);
        prop_assert_eq!(status, 1);
        prop_assert!(!text.is_empty());
    }

    #[test]
    fn a_sound_file_with_random_changes_never_makes_it_panic(bytes in mutated()) {
        let loaded = of_text("mutated", &bytes, &[]);
        for diagnostic in &loaded.diagnostics {
            let Some(place) = diagnostic.place else { continue };
            let source = loaded.sources.get(place.source).unwrap();
            prop_assert!(source.text.get(place.span.start..place.span.end).is_some(), "{:?}", diagnostic);
        }
        printed(&bytes);
    }
}
