//! `k8s-healer.toml` and `.yaml` on the built executable: which value wins, and how mistakes are told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const RULES: &str = "apiVersion: k8s-healer/v1
kind: RulePack
metadata: { name: a }
rules:
- { name: a, watch: vm, namespaces: t-*, match: [ age: { over: 1h } ], actions: [ delete: {} ] }
";

/// Enough to get as far as the kubeconfig, which is not there.
const SETTINGS: &str = "rules = ['rules.yaml']\nkubeconfig = 'nowhere'\npid-file = 'daemon.pid'\n";

struct Folder(TempDir);

/// What a command said to standard error, and how it ended.
struct Said {
    code: Option<i32>,
    text: String,
    output: String,
}

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
        run(self.path(), variables, arguments)
    }
}

fn run(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("K8S_HEALER_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).args(arguments).envs(variables.iter().copied()).env("LANG", "C.UTF-8");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), text: text(output.stderr), output: text(output.stdout) }
}

/// How the daemon writes the line that it ends with: what `log-format` came to.
fn format_of(said: &Said) -> &'static str {
    assert_eq!(said.code, Some(2), "{}", said.text);
    let line = said.text.lines().find(|line| line.contains("nowhere")).expect(&said.text);
    if line.starts_with('{') { "json" } else { "text" }
}

const RUN: [&str; 2] = ["daemon", "run"];

#[test]
fn a_flag_wins_over_a_variable_a_variable_over_the_file_and_the_file_over_the_default() {
    let variable = [("K8S_HEALER_LOG_FORMAT", "json")];
    let flag = ["daemon", "run", "--log-format", "text"];
    let without = Folder::with(&[("k8s-healer.toml", SETTINGS)]);
    assert_eq!(format_of(&without.run(&[], &RUN)), "json", "the default, where nobody looks");
    let with = Folder::with(&[("k8s-healer.toml", &format!("{SETTINGS}log-format = 'text'\n"))]);
    assert_eq!(format_of(&with.run(&[], &RUN)), "text");
    assert_eq!(format_of(&with.run(&variable, &RUN)), "json");
    assert_eq!(format_of(&with.run(&variable, &flag)), "text");
    assert_eq!(format_of(&with.run(&[("K8S_HEALER_LOG_FORMAT", "")], &RUN)), "text", "an empty one is none");
}

#[test]
fn yaml_is_read_as_toml_is() {
    let yaml = "rules: [rules.yaml]\nkubeconfig: nowhere\npid-file: daemon.pid\nlog-format: text\n";
    for name in ["k8s-healer.yaml", "k8s-healer.yml"] {
        let folder = Folder::with(&[(name, yaml)]);
        assert_eq!(format_of(&folder.run(&[], &RUN)), "text", "{name}");
    }
}

#[test]
fn help_shows_what_is_in_force() {
    let folder = Folder::with(&[("k8s-healer.toml", "log-level = 'debug'\nlog-keep = 7\n")]);
    let said = folder.run(&[], &["daemon", "run", "--help"]);
    assert_eq!(said.code, Some(0));
    for expected in ["[default: debug]", "[default: 7]", "k8s-healer.toml is in force"] {
        assert!(said.output.contains(expected), "{expected}: {}", said.output);
    }
}

#[test]
fn paths_are_relative_to_the_file_that_is_named() {
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = Folder::with(&[("healer.toml", SETTINGS)]);
    let file = folder.path().join("healer.toml");
    let file = file.to_str().unwrap();
    let named = format!("--config={file}");
    for (variables, arguments) in [
        (vec![], vec!["daemon", "run", "--config", file]),
        (vec![], vec![named.as_str(), "daemon", "run"]),
        (vec![("K8S_HEALER_CONFIG", file)], vec!["daemon", "run"]),
    ] {
        let said = run(elsewhere.path(), &variables, &arguments);
        let nowhere = folder.path().join("nowhere");
        assert!(said.text.contains(nowhere.to_str().unwrap()), "{arguments:?}: {}", said.text);
        assert_eq!(said.code, Some(2));
    }
}

#[test]
fn a_named_file_is_read_instead_of_the_one_that_lies_there_and_none_is_if_nobody_wants_it() {
    let folder = Folder::with(&[("k8s-healer.toml", "nonsense = 1\n"), ("healer.toml", "")]);
    let check = |more: &[&str]| folder.run(&[], &[more, &["validate-rules", "rules.yaml"]].concat());
    assert_eq!(check(&[]).code, Some(2));
    for more in [&["--config", "healer.toml"][..], &["--no-config"]] {
        let said = check(more);
        assert_eq!((said.code, said.output.as_str()), (Some(0), "ok: 1 file, 1 rule\n"), "{}", said.text);
    }
}

#[test]
fn lists_are_separated_by_commas_in_a_variable() {
    let folder = Folder::with(&[("k8s-healer.toml", SETTINGS)]);
    let said = folder.run(&[("K8S_HEALER_RULES", "rules.yaml,missing.yaml")], &RUN);
    assert!(said.text.contains("missing.yaml"), "{}", said.text);
}

#[test]
fn two_commas_in_a_variable_are_one_of_the_value_itself() {
    let folder = Folder::with(&[]);
    let show = |rules: &str| folder.run(&[("K8S_HEALER_RULES", rules)], &["show-rules", "--no-config"]);
    let said = show("rules.yaml=test-*,,!test-x,,e2e-*");
    assert!(said.code == Some(0) && said.output.contains("within test-*, e2e-*, !test-x"), "{}", said.text);
    let said = show("rules.yaml=test-*,!test-x");
    assert!(said.code == Some(2) && said.text.contains("!test-x"), "{}", said.text);
}

#[test]
fn mistakes_are_underlined_where_they_stand() {
    for (name, text) in [
        ("k8s-healer.toml", "# what is no rule\nlog-levle = 'debug'\nlog-format = 'picture'\n"),
        ("k8s-healer.yaml", "# what is no rule\nlog-levle: debug\nlog-format: picture\n"),
    ] {
        let said = Folder::with(&[(name, text)]).run(&[], &RUN);
        assert_eq!(said.code, Some(2));
        for expected in [
            &format!("{name}:2:1"),
            "nothing is called `log-levle`",
            "no flag of `daemon run` has this name",
            "did you mean `log-level`?",
            &format!("{name}:3:1"),
            "`picture` is no value of `log-format`",
            "expected `auto`, `text` or `json`",
            "k8s-healer: the configuration has errors; nothing was done",
        ] {
            assert!(said.text.contains(expected), "{expected}:\n{}", said.text);
        }
        assert!(!said.text.contains("unknown-key"), "a code is for rules:\n{}", said.text);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_the_reason() {
    let folder = Folder::with(&[("broken.toml", "log-level =\n"), ("a.json", "{}")]);
    fs::create_dir(folder.path().join("folder.toml")).unwrap();
    for (file, told) in [
        ("missing.toml", "k8s-healer: cannot read missing.toml: there is no such file or folder"),
        ("folder.toml", "k8s-healer: cannot read folder.toml: it is no regular file"),
        ("a.json", "k8s-healer: a.json: a configuration file ends in .toml or .yaml"),
        ("broken.toml", "broken.toml:1:12"),
    ] {
        let said = folder.run(&[], &["daemon", "run", "--config", file]);
        assert_eq!(said.code, Some(2), "{file}");
        assert!(said.text.contains(told), "{file}: {}", said.text);
    }
}

#[test]
fn two_files_in_the_folder_are_one_too_many() {
    let folder = Folder::with(&[("k8s-healer.toml", ""), ("k8s-healer.yaml", "")]);
    let said = folder.run(&[], &["validate-rules", "rules.yaml"]);
    assert_eq!(said.code, Some(2));
    let told = "k8s-healer: k8s-healer.toml and k8s-healer.yaml are both here: keep one of them, or name one with \
                --config\n";
    assert_eq!(said.text, told);
    assert_eq!(
        folder.run(&[], &["validate-rules", "rules.yaml", "--config", "k8s-healer.toml"]).code,
        Some(0)
    );
}

#[test]
fn there_is_help_whatever_the_file_says() {
    let folder = Folder::with(&[("k8s-healer.toml", "?")]);
    for arguments in [&["--help"][..], &["daemon", "run", "--help"], &["--version"], &["help", "daemon"]] {
        let said = folder.run(&[], arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.text);
        assert!(said.output.contains("k8s-healer"), "{arguments:?}");
    }
}

#[test]
fn the_example_is_sound_and_so_is_every_line_that_it_leaves_out() {
    let example = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/k8s-healer.toml"));
    let example = example.unwrap();
    let setting = |line: &str| {
        let line = line.strip_prefix("# ")?;
        let (key, _) = line.split_once(" = ")?;
        key.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()).then(|| line.to_owned())
    };
    let all: String =
        example.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned()) + "\n").collect();
    assert!(all.matches("\nlog-max-size = ").count() == 1 && !example.contains("\nlog-max-size = "));
    for text in [&example, &all] {
        let said =
            Folder::with(&[("k8s-healer.toml", text)]).run(&[], &["validate-rules", "--explain", "no-rules"]);
        assert_eq!(said.code, Some(0), "{}", said.text);
    }
}

#[test]
fn a_broken_file_stops_no_command_of_which_it_says_nothing_and_every_other() {
    let folder = Folder::with(&[("k8s-healer.toml", "log-level =\n")]);
    for arguments in [&["completions", "bash"][..], &["man"], &["init", "new"]] {
        let said = folder.run(&[], arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.text);
    }
    let said = folder.run(&[], &["plan", "--rules", "rules.yaml"]);
    assert!(said.code == Some(2) && said.text.contains("k8s-healer.toml:1:12"), "{}", said.text);
}

#[test]
fn the_usage_of_explain_names_the_object_where_a_flag_does_not_take_it() {
    let said = Folder::with(&[]).run(&[], &["explain", "--rules", "rules.yaml", "vm/a"]);
    let usage = "explain <OBJECT>... [OPTIONS] --rules <PATH>...";
    assert!(said.code == Some(2) && said.text.contains(usage), "{}", said.text);
}
