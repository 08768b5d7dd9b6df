//! `docs/diagnostics.md` is what the codes and their pages yield, and what it shows is what is printed.

use std::fs;

use k8s_healer::cli::diagnostics::Format;
use k8s_healer::cli::diagnostics::manual::manual;
use k8s_healer::rules::Code;

use super::{loaded, root, shown};

#[test]
fn the_checked_in_manual_is_the_one_that_the_codes_yield() {
    let path = root().join("docs/diagnostics.md");
    if std::env::var_os("K8S_HEALER_REWRITE").is_some() {
        fs::write(&path, manual()).unwrap();
    }
    let again = "docs/diagnostics.md is not what the codes yield: \
                 `K8S_HEALER_REWRITE=1 cargo test --test diagnostics` rewrites it";
    assert!(fs::read_to_string(path).is_ok_and(|text| text == manual()), "{again}");
}

#[test]
fn every_code_has_a_line_in_the_table_and_a_chapter() {
    let manual = manual();
    for code in Code::ALL {
        assert!(manual.contains(&format!("\n| [{code}](#{code}) | ")), "{code}");
        assert!(manual.contains(&format!("\n### {code}\n")), "{code}");
    }
}

/// The blocks of the formats' chapters, by their language.
fn block(language: &str, number: usize) -> String {
    let (manual, fence) = (manual(), format!("```{language}\n"));
    let blocks = manual.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(str::to_owned).nth(number).unwrap()
}

#[test]
fn the_examples_of_the_formats_are_what_is_printed() {
    let loaded = loaded("rules.yaml", block("yaml", 0).as_bytes());
    let hint = "for more: k8s-healer validate-rules --explain bad-duration\n";
    assert_eq!(shown(&loaded, Format::Text) + hint, block("text", 0));
    assert_eq!(shown(&loaded, Format::Json), block("json", 0));
    assert_eq!(shown(&loaded, Format::Github), block("text", 1));
}
