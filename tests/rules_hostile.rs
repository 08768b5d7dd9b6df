//! Rule files that nobody would write in good faith: made to take time, memory or the stack, or to write to
//! the reader's terminal; and sound ones with random changes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::fs;
use std::path::Path;

use k8s_healer::cli::diagnostics::Style;
use k8s_healer::cli::validate_rules::{Arguments, check};
use k8s_healer::rules::{Input, LoadOptions, load};
use proptest::prelude::*;

const PACK: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\n";
const SCOPE: &str = "watch: vm, scope: cluster";

/// What `validate-rules -` prints, and its exit status.
fn printed(bytes: &[u8]) -> (u8, String) {
    let arguments = Arguments { paths: vec!["-".into()], ..Arguments::default() };
    let mut out = Vec::new();
    let status = check(&arguments, Style::PLAIN, bytes, &mut out).unwrap();
    (status, String::from_utf8(out).unwrap())
}

type Texts = Vec<(&'static str, String)>;

fn nesting_and_aliases() -> Texts {
    let laughs = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
        format!("{text}a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "))
    });
    vec![
        ("brackets", "[".repeat(1 << 20)),
        ("braces", "{".repeat(1 << 20)),
        ("dashes", "- ".repeat(1 << 19)),
        ("nested mappings", "{a: ".repeat(200_000)),
        ("nested blocks", (0..1400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()),
        (
            "nested matchers",
            rules(100, |_| {
                format!("name: r, {SCOPE}, match: [{}phase: a{}]", "not: { ".repeat(40), "}".repeat(40))
            }),
        ),
        ("alias bomb", laughs),
        ("long alias", format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), vec!["*a"; 150_000].join(","))),
        ("anchors", (0..60_000).map(|index| format!("- &a{index} x\n")).collect()),
    ]
}

fn long_and_strange_texts() -> Texts {
    let digits = "9".repeat(9999);
    vec![
        ("one key", "k".repeat(1 << 20)),
        ("one explicit key", format!("? {}\n: 1\n", "k".repeat((1 << 20) - 8))),
        ("one unknown key", format!("{PACK}? {}\n: 1\n", "é".repeat(500_000))),
        ("one value", format!("{PACK}rules: {}\n", "☃".repeat(340_000))),
        ("one bad duration", rules(1, |_| format!("name: a, {SCOPE}, for: {}", "9".repeat(1_000_000)))),
        (
            "huge numbers",
            rules(10, |_| {
                format!("name: {digits}, watch: 1e{digits}, match: [field: {{path: $.a, equals: {digits}}}]")
            }),
        ),
        ("NUL", format!("{PACK}rules: []\n\0")),
        ("terminal escapes", format!("{PACK}\"\\e[2J\": 1\nrules: [\"\u{1b}[2J\"]\n")),
        ("right to left", format!("{PACK}\u{202e}selur: 1\n")),
    ]
}

fn floods() -> Texts {
    let broken = |index| format!("name: r{index}, agee: 1, {SCOPE}, match: [b: 1], actions: [c: 1]");
    let in_one_line = rules(20_000, |index| format!("name: r{index}, agee: 1, match: [b: 1]"));
    let in_one_line = in_one_line.replace("}\n- ", "}, ").replace("rules:\n- ", "rules: [");
    let globs: Vec<String> = (0..20_000).map(|index| format!("\"?{index}*?*?*?\"")).collect();
    let expressions = rules(40, |index| {
        format!(
            "name: r{index}, {SCOPE}, match: [name: {{matches: \"(\\\\w{{{index}}}){{50}}\"}}], actions: [delete: {{}}]"
        )
    });
    let paths = rules(500, |index| {
        format!(
            "name: r{index}, {SCOPE}, match: [field: {{path: \"$..a[?@.b[?@.c]]{}\", exists: true}}], actions: [a: 1]",
            "[0]".repeat(100)
        )
    });
    let parameter = format!("{PACK}parameters: {{ x: \"{}\" }}\n", "y".repeat(300_000));
    let uses =
        rules(5_000, |index| format!("name: r{index}, description: \"${{x}}${{x}}\", watch: \"${{x}}\""));
    vec![
        ("many broken rules", rules(11_000, broken)),
        ("many broken rules in one line", format!("{}]", in_one_line.trim_end())),
        ("many duplicates", "a: 1\n".repeat(200_000)),
        ("many documents", "---\na: 1\n".repeat(110_000)),
        ("many empty documents", "---\n".repeat(250_000)),
        ("many keys", (0..90_000).map(|index| format!("k{index}: 1\n")).collect()),
        ("many regular expressions", expressions),
        ("many globs", format!("{PACK}rules: [{{name: r, watch: vm, namespaces: [{}]}}]", globs.join(","))),
        ("many paths", paths),
        ("parameter bomb", parameter + uses.trim_start_matches(PACK)),
    ]
}

fn rules(count: usize, rule: impl Fn(usize) -> String) -> String {
    let rules: String = (0..count).map(|index| format!("- {{ {} }}\n", rule(index))).collect();
    format!("{PACK}rules:\n{rules}")
}

#[test]
fn no_input_makes_it_panic_or_print_without_end_or_write_to_the_terminal() {
    for (name, text) in [nesting_and_aliases(), long_and_strange_texts(), floods()].into_iter().flatten() {
        let mut bytes = text.into_bytes();
        bytes.truncate(1 << 20);
        let (status, text) = printed(&bytes);
        assert_eq!(status, 1, "{name}");
        assert!(text.len() < 400_000, "{name}: {} bytes", text.len());
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\0']), "{name}");
    }
}

/// A sound file with some of its bytes replaced, taken away or doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let sources: Vec<Vec<u8>> =
        ["rules/kubevirt-ui/pack.yaml", "rules/pods/pack.yaml", "tests/validate/unknown-key.yaml"]
            .map(|name| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap())
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
        let input = Input::Text { name: "mutated".to_owned(), bytes: bytes.clone() };
        let loaded = load(&[input], &LoadOptions::default());
        for diagnostic in &loaded.diagnostics {
            let Some(place) = diagnostic.place else { continue };
            let source = loaded.sources.get(place.source).unwrap();
            prop_assert!(source.text.get(place.span.start..place.span.end).is_some(), "{:?}", diagnostic);
        }
        printed(&bytes);
    }
}
