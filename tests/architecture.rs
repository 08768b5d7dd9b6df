//! The arrows of the house: which module of the main crate may import which. A wrong arrow fails here,
//! naming file and line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// Each module, and the modules of the crate that it may import. `cli` may use all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("rules", &[]),
    ("cluster", &[]),
    ("store", &[]),
    ("report", &[]),
    ("sandbox", &["cluster"]),
    ("simulation", &["rules"]),
    ("dump", &["rules"]),
    ("daemon", &["rules", "cluster", "store", "report"]),
    ("cli", &["rules", "cluster", "store", "report", "daemon", "sandbox", "simulation", "dump"]),
];

/// Crates that only some modules may name: `cluster` never sees YAML, `rules` never a cluster.
const CRATES: &[(&str, &[&str])] = &[
    ("granit_parser", &["rules", "dump"]),
    ("kube", &["cluster"]),
    ("k8s_openapi", &["cluster"]),
    ("miette", &["cli"]),
    ("clap", &["cli", "report", "main"]),
];

#[derive(Debug, PartialEq, Eq)]
struct Import {
    name: String,
    line: usize,
}

#[test]
fn dependencies_point_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let files = rust_files(&root);
    assert!(files.len() > 30, "the sources were not found");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let place = file.strip_prefix(&root).unwrap();
        wrong.extend(violations(place, &text));
    }
    assert!(wrong.is_empty(), "arrows against the layout (CONTRIBUTING.md):\n{}", wrong.join("\n"));
}

#[test]
fn an_arrow_the_wrong_way_is_found_with_file_and_line() {
    for (file, text, expected) in [
        (
            "cluster/watch.rs",
            "use std::fmt;\nuse crate::daemon::Shared;\n",
            "src/cluster/watch.rs:2: cluster → daemon",
        ),
        ("rules/mod.rs", "use crate::{cluster::read, rules::code};", "src/rules/mod.rs:1: rules → cluster"),
        ("report/log.rs", "fn a() {\n    crate::rules::load();\n}", "src/report/log.rs:2: report → rules"),
        (
            "report/log.rs",
            "fn a() { println!(\"{}\", crate::cli::run()) }",
            "src/report/log.rs:1: report → cli",
        ),
        ("cluster/a/b.rs", "use super::super::super::rules::load;", "src/cluster/a/b.rs:1: cluster → rules"),
        (
            "cluster/a.rs",
            "mod tests {\n use super::super::super::rules;\n}",
            "src/cluster/a.rs:2: cluster → rules",
        ),
        ("cluster/read.rs", "use granit_parser::Parser;", "src/cluster/read.rs:1: cluster → granit_parser"),
        ("daemon/mod.rs", "use kube::Client;", "src/daemon/mod.rs:1: daemon → kube"),
        ("daemon/mod.rs", "use crate::sandbox::Server;", "src/daemon/mod.rs:1: daemon → sandbox"),
    ] {
        assert_eq!(violations(Path::new(file), text), [expected], "{text}");
    }
    assert!(
        violations(Path::new("cluster/a.rs"), "use super::read; use crate::cluster::b; use super::a::kube;")
            .is_empty()
    );
}

#[test]
fn the_engine_names_no_runtime_no_client_and_no_other_part() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for banned in ["tokio", "kube", "hyper", "k8s-healer\"", "futures", "async"] {
        let names =
            manifest.lines().filter(|line| !line.starts_with("name") && !line.starts_with("description"));
        assert!(!names.into_iter().any(|line| line.contains(banned)), "src/engine/Cargo.toml names {banned}");
    }
    let lints = fs::read_to_string(folder.join("clippy.toml")).unwrap();
    for banned in [
        "std::time::Instant",
        "std::time::SystemTime",
        "std::thread::spawn",
        "std::fs::File",
        "std::net::TcpStream",
    ] {
        assert!(lints.contains(banned), "src/engine/clippy.toml does not forbid {banned}");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The engine is a crate of its own: the compiler keeps its arrows.
        if path.is_dir() && !path.ends_with("src/engine") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn violations(file: &Path, text: &str) -> Vec<String> {
    let mut modules: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if modules.last().is_some_and(|last| last == "mod") {
        modules.pop();
    }
    let module = modules[0].clone();
    let mut imports = Vec::new();
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    collect(tokens, modules.len(), &mut imports);
    let allowed = ALLOWED.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
    let known = |name: &str| ALLOWED.iter().any(|(module, _)| *module == name);
    let wrong = |import: &Import| {
        let arrow = allowed.is_some_and(|allowed| {
            import
                .name
                .strip_prefix("crate::")
                .is_some_and(|name| known(name) && name != module && !allowed.contains(&name))
        });
        let foreign =
            CRATES.iter().any(|(name, modules)| import.name == *name && !modules.contains(&module.as_str()));
        arrow || foreign
    };
    let told = |import: Import| {
        let name = import.name.trim_start_matches("crate::");
        format!("src/{}:{}: {module} → {name}", file.display(), import.line)
    };
    imports.into_iter().filter(wrong).map(told).collect()
}

/// Collects the first module behind every `crate::` (or as many `super::` as lead there), and every path
/// that begins with the name of a crate. `depth` is the number of modules that the tokens lie in.
fn collect(tokens: TokenStream, depth: usize, imports: &mut Vec<Import>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        let word = word(&tokens, at);
        let starts_path = at < 1 || !is_colon(&tokens, at - 1);
        if word.as_deref() == Some("mod")
            && let Some(TokenTree::Group(body)) = tokens.get(at + 2)
        {
            collect(body.stream(), depth + 1, imports);
            at += 3;
            continue;
        }
        if let Some(name) = word.filter(|_| starts_path && is_colon(&tokens, at + 1)) {
            let supers = count_supers(&tokens, at);
            if name == "crate" {
                behind(&tokens, at + 3, imports);
            } else if supers > 0 && supers == depth {
                behind(&tokens, at + 3 * supers, imports);
            } else if supers == 0 {
                imports.push(Import { name, line: tokens[at].span().start().line });
            }
        }
        if let TokenTree::Group(group) = &tokens[at] {
            collect(group.stream(), depth, imports);
        }
        at += 1;
    }
}

/// The module names that stand at `at`: one, or each first one of a group.
fn behind(tokens: &[TokenTree], at: usize, imports: &mut Vec<Import>) {
    match tokens.get(at) {
        Some(TokenTree::Ident(name)) => {
            imports.push(Import { name: format!("crate::{name}"), line: name.span().start().line });
        }
        Some(TokenTree::Group(group)) => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            for index in 0..inner.len() {
                let first = index == 0
                    || matches!(&inner[index - 1], TokenTree::Punct(comma) if comma.as_char() == ',');
                if first {
                    behind(&inner, index, imports);
                }
            }
        }
        _ => {}
    }
}

fn count_supers(tokens: &[TokenTree], at: usize) -> usize {
    (0..tokens.len()).take_while(|index| word(tokens, at + 3 * index).as_deref() == Some("super")).count()
}

fn word(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at) {
        Some(TokenTree::Ident(name)) => Some(name.to_string()),
        _ => None,
    }
}

/// Whether `::` begins or ends at this token.
fn is_colon(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(at) && (colon(at + 1) || at > 0 && colon(at - 1))
}
