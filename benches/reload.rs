//! How long a reload takes from the files to the difference: reading them, compiling the rules, holding them
//! against those that run, and putting those that did not change in their place.
//!
//! `cargo bench --bench reload`; docs/benchmarks.md says how it measures.

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
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use input::{Shape, pack};
use k8s_healer::daemon::reload::{InForce, prepare};
use k8s_healer::rules::comparison::Written;
use k8s_healer::rules::{Input, LoadOptions, Texts};
use support::numbers::{MIB, median, milliseconds};
use support::report::{Common, Report};

const FILES: usize = 10;
const ROUNDS: usize = 21;

/// A reload, up to the difference
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let Arguments { common } = Arguments::parse();
    let mut report = Report::new("reload");
    for (rules, most) in [(1_000, Some(100.0)), (10_000, None)] {
        let folder = tempfile::tempdir().unwrap();
        measure(&mut report, folder.path(), rules, most);
    }
    report.finish(&common)
}

fn measure(report: &mut Report, folder: &Path, rules: usize, most: Option<f64>) {
    let inputs = [Input::Path(folder.to_owned())];
    let options = LoadOptions::default();
    write(folder, rules, 0);
    let (mut running, _) =
        prepare(Texts::read(&inputs), &options, &InForce::default()).sound.expect("sound rules");
    let kept: usize = running
        .written
        .values()
        .flat_map(Written::values)
        .map(|(path, value)| path.len() + value.len() + 2)
        .sum();
    let mut all = Vec::new();
    let mut reading = Vec::new();
    for round in 1..=ROUNDS {
        write(folder, rules, round);
        let start = Instant::now();
        let texts = Texts::read(&inputs);
        reading.push(milliseconds(start.elapsed()));
        let (next, difference) = prepare(texts, &options, &running).sound.expect("sound rules");
        let lines = difference.lines();
        all.push(milliseconds(start.elapsed()));
        assert_eq!((lines.len(), difference.changed.len()), (FILES, FILES), "{lines:?}");
        running = next;
    }
    let what = format!("reload of {rules} rules in {FILES} files, one changed in each");
    match most {
        Some(most) => report.at_most(&what, median(&all), most, "ms"),
        None => report.tell(&what, median(&all), "ms"),
    }
    report.tell("  of it reading and hashing", median(&reading), "ms");
    report.tell("  kept of what they say", kept as f64 / MIB, "MiB");
}

/// The same rules, but for the first of each file.
fn write(folder: &Path, rules: usize, round: usize) {
    for file in 0..FILES {
        let text = pack(Shape::Teams, rules / FILES)
            .replace("{ name: bench }", &format!("{{ name: bench-{file} }}"))
            .replacen("for: 1m", &format!("for: {}s", 100 + round), 1);
        std::fs::write(folder.join(format!("{file}.yaml")), text).unwrap();
    }
}
