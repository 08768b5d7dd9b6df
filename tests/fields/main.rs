//! The fields that kinds are known to have: Kubernetes' own as a real API server tells them, those of real
//! CustomResourceDefinitions, and what `validate-rules --schemas` and `--cluster` say of the paths of rules.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod cluster;
mod command;
mod generated;
mod real;

use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Small definitions with some of the real ones' fields.
fn own_definitions() -> String {
    path("tests/fields/definitions").display().to_string()
}

/// A pack with one rule on these kinds, with these matchers.
fn pack(watch: &str, matchers: &str) -> String {
    format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: my-tests }}\nrules:\n  - name: vm-x\n    \
         watch: {watch}\n    namespaces: [test-*]\n    match:\n{matchers}    for: 1m\n    actions: [ label: {{ seen: \"1\" }} ]\n"
    )
}

fn field(path: &str) -> String {
    format!("      - field: {{ path: {path}, equals: ErrorUnschedulable }}\n")
}

/// What `validate-rules` prints of a text, its standard error behind it, and its exit status.
fn validate(arguments: &[&str], text: &str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["validate-rules", "-"]).args(arguments);
    command.env("KUBECONFIG", "/nonexistent").env("LC_ALL", "C.UTF-8");
    let output = command.write_stdin(text).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}
