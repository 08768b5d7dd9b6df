//! `plan` as a process: of dumps, and of the sandbox and a real API server, where the server's own record shows that
//! nothing was written.
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

mod becoming;
mod dumps;
mod live;

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a command said, and its exit status.
struct Told {
    status: Option<i32>,
    text: String,
    errors: String,
}

impl Told {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.text, self.errors))
    }

    /// Its lines, each with one blank between the cells.
    fn lines(&self) -> Vec<String> {
        self.text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// The totals stand before what is next.
    #[track_caller]
    fn assert(&self, status: i32, totals: &str) {
        let lines = self.lines();
        let last = lines.len().checked_sub(2).map_or("", |index| lines[index].as_str());
        assert_eq!((self.status, last), (Some(status), totals), "{}{}", self.text, self.errors);
    }
}

/// `plan` in the folder of the project, without what is set up for whoever runs the tests.
fn plan_of(stdin: &[u8], arguments: &[&str]) -> Told {
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text == "KUBECONFIG" || text == "RUST_LOG" || text.starts_with("K8S_HEALER_") {
            command.env_remove(&name);
        }
    }
    command.env("LC_ALL", "C.UTF-8").current_dir(env!("CARGO_MANIFEST_DIR")).arg("plan").args(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Whoever fails at once does not read it.
    child.stdin.take().unwrap().write_all(stdin).ok();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Told { status: output.status.code(), text: text(output.stdout), errors: text(output.stderr) }
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
