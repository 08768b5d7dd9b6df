//! Ten thousand rules in ten files: how long `validate-rules` takes, how long until they are loaded, and until
//! the daemon has them in force on ten thousand pods.
//!
//! `cargo bench --bench rules`; docs/benchmarks.md says how it measures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench"
)]

#[path = "../tests/support/mod.rs"]
mod harness;
mod input;
mod support;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::Parser;
use harness::Daemon;
use input::{Shape, pack};
use k8s_healer::rules::{Input, LoadOptions, load};
use support::numbers::median;
use support::report::{Common, Report};
use support::server::Server;

const FILES: usize = 10;
const PODS: &str = "10000";

/// Ten thousand rules
#[derive(Debug, Parser)]
struct Arguments {
    /// So many of them
    #[arg(long, default_value_t = 10_000)]
    rules: usize,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let Arguments { rules, common } = Arguments::parse();
    let mut report = Report::new("rules");
    let folder = tempfile::tempdir().unwrap();
    for file in 0..FILES {
        let text = pack(Shape::Teams, rules / FILES)
            .replace("{ name: bench }", &format!("{{ name: bench-{file} }}"));
        std::fs::write(folder.path().join(format!("{file}.yaml")), text).unwrap();
    }
    let validated = median_of_five(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        let output = command.arg("validate-rules").arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    });
    report.at_most(&format!("validate-rules on {rules} rules in {FILES} files"), validated, 1.0, "s");
    let loaded = median_of_five(|| {
        let loaded = load(&[Input::Path(folder.path().to_owned())], &LoadOptions::default());
        assert_eq!(loaded.rule_set.unwrap().rules.len(), rules / FILES * FILES);
    });
    report.at_most("load, within the process", loaded, 2.0, "s");
    let server = Server::sandbox(&["--pods", PODS]);
    let in_force = median_of_five(|| in_force(&server, folder.path()));
    report.at_most(
        &format!("from the daemon's start until they are in force on {PODS} pods"),
        in_force,
        2.0,
        "s",
    );
    report.finish(&common)
}

/// Seconds.
fn median_of_five(work: impl Fn()) -> f64 {
    let times = (0..5).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    median(&times.collect::<Vec<_>>())
}

fn in_force(server: &Server, rules: &Path) {
    let flags = ["--log-format", "json", "--log-level", "debug", "--mode", "observe"];
    let daemon = Daemon::start_with(&server.kubeconfig(), &[rules], &flags);
    let start = Instant::now();
    while daemon.lines_with("\"message\":\"listed\"").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", daemon.lines());
        std::thread::sleep(Duration::from_millis(2));
    }
}
