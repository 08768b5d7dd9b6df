//! `sweep` and `summary` as processes, against the sandbox and against a real API server; judged by the server's
//! own record of what was sent.
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

mod namespaces;
mod passes;
mod rights;
mod running;
mod waiting;

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use support::Scene;

const DELETE: &str = "actions: [ { delete: {} } ]";

/// What a command said, and its exit status.
struct Told {
    status: Option<i32>,
    text: String,
    errors: String,
}

impl Told {
    /// Its lines, each with one blank between the cells.
    fn lines(&self) -> Vec<String> {
        self.text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[track_caller]
    fn assert(&self, status: i32, last_line: &str) {
        let last = self.lines().pop().unwrap_or_default();
        assert_eq!((self.status, &*last), (Some(status), last_line), "{}{}", self.text, self.errors);
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.text, self.errors))
    }
}

/// The program, without what is set up for whoever runs the tests.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text == "KUBECONFIG" || text == "RUST_LOG" || text.starts_with("K8S_HEALER_") {
            command.env_remove(&name);
        }
    }
    command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).args(arguments);
    command
}

async fn run(arguments: &[&str]) -> Told {
    let mut command = program(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Told { status: output.status.code(), text: text(output.stdout), errors: text(output.stderr) }
}

/// `sweep` by these rules, as the scene's account.
async fn sweep(scene: &Scene, rules: &str, flags: &[&str]) -> Told {
    sweep_by(scene, &scene.rules_file(rules), flags).await
}

async fn sweep_by(scene: &Scene, rules: &Path, flags: &[&str]) -> Told {
    let kubeconfig = scene.account().kubeconfig().to_str().unwrap();
    let own = ["sweep", "--rules", rules.to_str().unwrap(), "--kubeconfig", kubeconfig];
    run(&[&own, flags].concat()).await
}
