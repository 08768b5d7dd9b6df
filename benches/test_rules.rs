//! A thousand tests of rules: the shipped packs with their tests, so many times over, and how long `test-rules` takes
//! for all of them.
//!
//! `cargo bench --bench test_rules`; docs/benchmarks.md says how it measures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench"
)]

#[path = "../tests/support/mod.rs"]
mod harness;
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;
use support::numbers::median;
use support::report::{Common, Report};

/// Tests of rules
#[derive(Debug, Parser)]
struct Arguments {
    /// So many cases at least
    #[arg(long, default_value_t = 1_000)]
    cases: usize,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let Arguments { cases, common } = Arguments::parse();
    let mut report = Report::new("test_rules");
    let folder = tempfile::tempdir().unwrap();
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut copies = 0;
    let mut played = 0;
    while played < cases {
        copy(&packs, &folder.path().join(copies.to_string()));
        copies += 1;
        // All copies have as many.
        played = if copies == 1 { run(folder.path()).0 } else { played / (copies - 1) * copies };
    }
    let runs: Vec<(usize, f64)> = (0..5).map(|_| run(folder.path())).collect();
    assert!(runs.iter().all(|(played, _)| *played >= cases), "{runs:?}");
    let seconds = median(&runs.iter().map(|(_, seconds)| *seconds).collect::<Vec<_>>());
    report.figure("cases", runs[0].0);
    report.at_most(&format!("test-rules on {} cases of the shipped packs", runs[0].0), seconds, 2.0, "s");
    report.finish(&common)
}

/// How many cases were played, and how long that took, in seconds.
fn run(folder: &Path) -> (usize, f64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    let start = Instant::now();
    let output = command.arg("test-rules").arg(folder).output().unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let before = |word: &str| text.lines().find_map(|line| line.split_once(word).map(|(before, _)| before));
    let cases = before(" cases in ").and_then(|before| before.split_whitespace().last()).unwrap();
    (cases.parse().unwrap(), seconds)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
