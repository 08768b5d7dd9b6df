//! `docs/migrating`: every page shows its rules letter by letter, every rule is sound, and the tests beside them
//! show each of its parts both true and false.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use k8s_healer::rules::{Code, Input, LoadOptions, load};

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/migrating")
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The rule files of each tool, with the tool's name.
fn examples() -> Vec<(String, PathBuf)> {
    let tools = entries(&pages().join("examples"));
    let of = |tool: &PathBuf| {
        let name = tool.file_name().unwrap().to_str().unwrap().to_owned();
        entries(tool).into_iter().filter(|path| path.is_file()).map(move |path| (name.clone(), path))
    };
    tools.iter().flat_map(of).collect()
}

/// The fenced blocks that are rules of ours.
fn rules_of(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains("apiVersion: k8s-healer/"))
}

#[test]
fn each_page_shows_the_rules_of_its_tool_and_no_other() {
    let tools: BTreeSet<String> = examples().into_iter().map(|(tool, _)| tool).collect();
    assert!(tools.len() == 5 && examples().len() >= 20, "{tools:?}");
    for tool in tools {
        let page = fs::read_to_string(pages().join(format!("{tool}.md"))).unwrap();
        let shown: BTreeSet<String> = rules_of(&page).map(str::to_owned).collect();
        let own = examples().into_iter().filter(|(of, _)| *of == tool);
        let written: BTreeSet<String> = own
            .map(|(tool, path)| {
                let name = path.file_name().unwrap().to_str().unwrap();
                format!("# examples/{tool}/{name}\n{}", fs::read_to_string(&path).unwrap())
            })
            .collect();
        let first = shown.symmetric_difference(&written).next();
        assert!(first.is_none(), "{tool}.md and examples/{tool} differ in:\n{}", first.unwrap());
    }
}

#[test]
fn each_rule_is_sound() {
    for (_, path) in examples() {
        let loaded = load(&[Input::Path(path.clone())], &LoadOptions::default());
        assert!(loaded.rule_set.is_some(), "{}: {:?}", path.display(), loaded.diagnostics);
        // Those tools do not ask who recreates a pod; the pages say so.
        let is_meant = |code: Code| code == Code::NoOwnerCheck;
        let other = loaded.diagnostics.iter().find(|diagnostic| !is_meant(diagnostic.code));
        assert!(other.is_none(), "{}: {other:?}", path.display());
    }
}

#[test]
fn an_editor_has_nothing_to_say_of_the_rules_and_their_tests() {
    let validator = |name: &str| {
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
        let schema = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
        jsonschema::draft202012::new(&schema).unwrap()
    };
    let (packs, tests) = (validator("rulepack.json"), validator("ruletest.json"));
    for (_, path) in examples() {
        let test = path.parent().unwrap().join("tests").join(path.file_name().unwrap());
        for (path, validator) in [(path, &packs), (test, &tests)] {
            let document: serde_json::Value =
                serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let wrong: Vec<String> =
                validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
        }
    }
}

#[test]
fn each_rule_is_shown_whole_by_its_tests() {
    let mut tools: Vec<String> = examples().into_iter().map(|(tool, _)| tool).collect();
    tools.dedup();
    for tool in tools {
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        command.args(["test-rules", "--coverage", "--fail-under", "100"]);
        let output = command.arg(pages().join("examples").join(&tool)).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{tool}: {shown}{}", String::from_utf8_lossy(&output.stderr));
    }
    for (_, path) in examples() {
        let test = path.parent().unwrap().join("tests").join(path.file_name().unwrap());
        assert!(test.is_file(), "{} has no test", path.display());
    }
}

#[test]
fn links_lead_to_pages_and_headings_that_are_there() {
    for path in entries(&pages()).into_iter().filter(|path| path.is_file()) {
        let page = fs::read_to_string(&path).unwrap();
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let is_there = link.starts_with("http") || pages().join(file).exists();
            let is_heading = |line: &str| {
                line.strip_prefix("## ")
                    .is_some_and(|heading| heading.to_lowercase().replace(' ', "-") == anchor)
            };
            let is_found = anchor.is_empty() || page.lines().any(is_heading);
            assert!(is_there && is_found, "{} links to {link}", path.display());
        }
    }
}
