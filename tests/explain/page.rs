//! The page on `explain` shows what the command writes, its commands parse, and it names every key of the document.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::Parser;
use k8s_healer::cli::Arguments;
use serde_json::Value;

use crate::{program, told};

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/explain.md")).unwrap()
}

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let page = page();
    let pieces = page.split("```").skip(1).step_by(2).filter_map(|piece| piece.split_once('\n'));
    pieces.filter(|(name, _)| *name == language).map(|(_, text)| text.to_owned()).collect()
}

#[test]
fn its_commands_parse() {
    let commands: Vec<String> =
        blocks("sh").iter().flat_map(|block| block.lines()).map(str::to_owned).collect();
    assert!(commands.len() >= 5);
    for command in commands {
        Arguments::try_parse_from(command.split_whitespace())
            .unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}

#[test]
fn its_example_is_what_the_command_writes() {
    let arguments = ["vm/vm-1", "--rules", "tests/explain/rules.yaml", "--from", "tests/explain/dump.yaml"];
    assert_eq!(blocks(""), [told(program(&arguments), b"").text]);
}

#[test]
fn every_key_of_the_document_is_described() {
    let arguments = ["vm/vm-1", "--rules", "tests/explain/rules.yaml", "--from", "tests/explain/dump.yaml"];
    let document = told(program(&[&arguments[..], &["--format", "json"]].concat()), b"").json();
    let mut keys = BTreeSet::new();
    collect(&document, &mut keys);
    assert!(keys.len() > 40, "{keys:?}");
    let page = page();
    for key in keys {
        assert!(page.contains(&format!("`{key}`")), "docs/explain.md says nothing of {key}");
    }
}

fn collect(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            keys.insert(key.clone());
            collect(value, keys);
        }),
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        _ => {}
    }
}
