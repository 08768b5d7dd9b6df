//! What the README and CONTRIBUTING show is alive: their rules are valid, their commands parse, the files
//! that they name exist.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use clap::Parser;
use k8s_healer::cli::Arguments;
use k8s_healer::rules::{Input, LoadOptions, load};

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The fenced blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    // Between fences, every second piece is a block; its first line is its language.
    let pieces = page.split("```").skip(1).step_by(2);
    pieces
        .filter_map(|piece| piece.split_once('\n'))
        .filter(|(name, _)| *name == language)
        .map(|(_, text)| text.to_owned())
        .collect()
}

#[test]
fn the_rules_of_the_readme_are_valid_and_about_ten_lines_long() {
    let rules = blocks(&page("README.md"), "yaml");
    assert!(!rules.is_empty() && rules[0].lines().count() <= 12);
    for text in rules {
        let input = Input::Text { name: "README.md".to_owned(), bytes: text.into_bytes() };
        let loaded = load(&[input], &LoadOptions::default());
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        assert!(loaded.rule_set.is_some_and(|rules| !rules.rules.is_empty()));
    }
}

#[test]
fn the_commands_of_the_readme_parse() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for line in blocks(&page("README.md"), "sh").iter().flat_map(|block| block.lines()) {
        let command = line.split(" # ").next().unwrap().trim().trim_end_matches(" &");
        let own = command.strip_prefix("target/release/").unwrap_or(command).strip_prefix("k8s-healer ");
        let Some(arguments) = own else {
            let program = command.split_whitespace().next().unwrap_or_default();
            let known = match program {
                "" | "cargo" | "kubectl" | "shellcheck" => true,
                "./run-healer.sh" => root.join(program).is_file(),
                _ => program.starts_with("scripts/") && root.join(program).is_file(),
            };
            assert!(known, "what is {command}?");
            continue;
        };
        let words = std::iter::once("k8s-healer").chain(arguments.split_whitespace());
        Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{command}: {error}"));
        seen += 1;
    }
    assert!(seen >= 3);
}

#[test]
fn the_commands_of_the_page_on_plans_parse() {
    let commands = blocks(&page("docs/plan.md"), "sh");
    let commands: Vec<&str> = commands.iter().flat_map(|block| block.lines()).collect();
    assert!(commands.len() >= 5);
    for line in commands {
        let command = line.split(" # ").next().and_then(|line| line.rsplit(" | ").next()).unwrap();
        Arguments::try_parse_from(command.split_whitespace())
            .unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}

#[test]
fn the_documents_of_the_page_on_packs_fit_the_shipped_packs_and_its_commands_parse() {
    let page = page("docs/packs.md");
    let pages = blocks(&page, "yaml").into_iter().enumerate();
    let mut inputs: Vec<Input> = pages
        .map(|(index, text)| Input::Text { name: format!("docs/packs.md {index}"), bytes: text.into_bytes() })
        .collect();
    assert_eq!(inputs.len(), 2);
    inputs.push(Input::Path(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")));
    let loaded = load(&inputs, &LoadOptions::default());
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let rules = loaded.rule_set.unwrap();
    assert_eq!(rules.guardrails.documents.len(), 1);
    assert!(rules.rules.iter().all(|rule| rule.id.to_string() != "pods/pod-crash-loop"));
    for command in blocks(&page, "sh").iter().flat_map(|block| block.lines()) {
        Arguments::try_parse_from(command.split_whitespace())
            .unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}

#[test]
fn the_files_that_the_pages_link_to_and_map_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["README.md", "CONTRIBUTING.md"] {
        for link in page(name).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(link.starts_with("http") || root.join(link).exists(), "{name} links to {link}");
        }
    }
    let map = page("CONTRIBUTING.md");
    for line in blocks(&map, "").first().unwrap().lines() {
        let path = line.split_whitespace().next().unwrap();
        assert!(root.join(path).exists(), "CONTRIBUTING.md maps {path}");
    }
}

#[test]
fn the_pages_of_the_packs_name_every_rule_and_every_parameter_with_its_value() {
    let packs = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap();
    for pack in packs.map(|entry| entry.unwrap().path()) {
        let page = fs::read_to_string(pack.join("README.md")).unwrap();
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        let text = fs::read_to_string(pack.join("pack.yaml")).unwrap();
        let document: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let shown = |value: &serde_json::Value| match value {
            serde_json::Value::Array(items) => {
                let items: Vec<&str> = items.iter().map(|item| item.as_str().unwrap()).collect();
                format!("[{}]", items.join(", "))
            }
            other => other.as_str().unwrap().to_owned(),
        };
        let rules = document["rules"].as_array().unwrap().iter();
        let rules = rules.map(|rule| format!("| `{}` |", rule["name"].as_str().unwrap()));
        let parameters = document["parameters"].as_object().unwrap().iter();
        let parameters = parameters.map(|(name, value)| format!("| `{name}` | `{}` |", shown(value)));
        let wanted: Vec<String> = rules.chain(parameters).collect();
        for row in &wanted {
            assert!(rows.iter().any(|line| line.starts_with(row)), "{}: no row {row}", pack.display());
        }
        assert_eq!(rows.len(), wanted.len(), "{}", pack.display());
    }
}
