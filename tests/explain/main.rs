//! `explain` as a process: on dumps, on the sandbox and on a real API server; nothing is ever written.
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

#[allow(dead_code, reason = "the proof three ways uses more of it")]
#[path = "../three_ways/cases.rs"]
mod cases;
mod dumps;
mod live;
mod page;
mod same;
mod watching;

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use support::Scene;

/// What a command said, and its exit status.
struct Told {
    status: Option<i32>,
    text: String,
    errors: String,
}

impl Told {
    fn verdict(&self) -> &str {
        assert_eq!(self.status, Some(0), "{}", self.errors);
        self.text.lines().next().unwrap_or_default()
    }

    #[track_caller]
    fn refused(&self) -> &str {
        assert_eq!((self.status, &*self.text), (Some(2), ""), "{}", self.errors);
        self.errors.trim_end()
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
        let is_ours = text == "KUBECONFIG" || text == "NO_COLOR" || text.starts_with("K8S_HEALER_");
        if is_ours || text.starts_with("CLICOLOR") {
            command.env_remove(&name);
        }
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).arg("explain").args(arguments);
    command
}

fn told(mut command: Command, input: &[u8]) -> Told {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that is refused before it is read breaks the pipe.
    child.stdin.take().unwrap().write_all(input).ok();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Told { status: output.status.code(), text: text(output.stdout), errors: text(output.stderr) }
}

/// What the scene's account is told of an object of the scene's namespace, by these rules.
async fn explain(scene: &Scene, object: &[&str], rules: &str, flags: &[&str]) -> Told {
    let rules = scene.rules_file(rules);
    let own = ["-n", &scene.namespace, "--kubeconfig", scene.account().kubeconfig().to_str().unwrap()];
    let command = program(&[object, &["--rules", rules.to_str().unwrap()], &own, flags].concat());
    tokio::task::spawn_blocking(move || told(command, b"")).await.unwrap()
}
