//! How long a plan of a dump takes, and how much memory: 10,000 pods as kubectl writes them, in JSON and in YAML, read by
//! the release executable as it is started by hand.
//!
//! `cargo bench --bench plan`; docs/benchmarks.md says how it measures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench"
)]

#[path = "../tests/support/mod.rs"]
mod harness;
mod support;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use k8s_healer::sandbox::synthetic::{Load, Template};
use serde_json::Value;
use support::numbers::{MIB, median};
use support::report::{Common, Report};

const LOAD: Load = Load { pods: 10_000, namespaces: 20, size: 13_000, crashing_every: 50 };
const ROUNDS: usize = 5;

/// A plan of a dump
#[derive(Debug, Parser)]
struct Arguments {
    /// Pods in the dump
    #[arg(long, default_value_t = LOAD.pods)]
    pods: u32,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let Arguments { pods, common } = Arguments::parse();
    let mut report = Report::new("plan");
    let folder = tempfile::tempdir().unwrap();
    let template = Template::new(LOAD, "2026-01-01T12:00:00Z");
    let (json, yaml) = (folder.path().join("pods.json"), folder.path().join("pods.yaml"));
    let pod = |number: u32| -> Value {
        serde_json::from_str(&template.make(number, 1000 + u64::from(number))).expect("a pod")
    };
    write(
        &json,
        b"{\n\"apiVersion\": \"v1\", \"items\": [\n",
        b",\n",
        b"\n], \"kind\": \"List\"}\n",
        pods,
        |number| format!("{:#}", pod(number)),
    );
    write(&yaml, b"apiVersion: v1\nitems:\n", b"", b"kind: List\n", pods, |number| item(&pod(number)));
    for (name, dump) in [("JSON", &json), ("YAML", &yaml)] {
        let mut taken = Vec::new();
        let mut peak = 0;
        for _ in 0..ROUNDS {
            let (time, memory) = plan(dump, pods);
            taken.push(time.as_secs_f64());
            peak = peak.max(memory);
        }
        let size = fs::metadata(dump).unwrap().len() as f64 / MIB;
        report.tell(&format!("{pods} pods in {name}"), size, "MiB");
        let (planned, most) = (format!("  planned from {name}"), format!("  at the most from {name}"));
        if pods <= LOAD.pods {
            report.at_most(&planned, median(&taken), 3.0, "s");
            report.at_most(&most, peak as f64 / MIB, 100.0, "MiB");
        } else {
            report.tell(&planned, median(&taken), "s");
            report.tell(&most, peak as f64 / MIB, "MiB");
        }
    }
    report.finish(&common)
}

/// As kubectl indents the items of a list.
fn write(file: &Path, head: &[u8], between: &[u8], end: &[u8], pods: u32, pod: impl Fn(u32) -> String) {
    let mut out = BufWriter::new(File::create(file).unwrap());
    out.write_all(head).unwrap();
    for number in 0..pods {
        if number > 0 {
            out.write_all(between).unwrap();
        }
        out.write_all(pod(number).as_bytes()).unwrap();
    }
    out.write_all(end).unwrap();
    out.flush().unwrap();
}

/// `- apiVersion: v1` and on.
fn item(pod: &Value) -> String {
    let mut text = String::new();
    for (index, (key, value)) in pod.as_object().unwrap().iter().enumerate() {
        entry(&mut text, if index == 0 { "- " } else { "  " }, key, value, 2);
    }
    text
}

fn entry(text: &mut String, lead: &str, key: &str, value: &Value, indent: usize) {
    let spaces = " ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            *text += &format!("{lead}{key}:\n");
            for (key, value) in members {
                entry(text, &format!("{spaces}  "), key, value, indent + 2);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            *text += &format!("{lead}{key}:\n");
            for item in items {
                match item {
                    Value::Object(members) => {
                        for (index, (key, value)) in members.iter().enumerate() {
                            let lead = format!("{spaces}{}", if index == 0 { "- " } else { "  " });
                            entry(text, &lead, key, value, indent + 2);
                        }
                    }
                    plain => *text += &format!("{spaces}- {plain}\n"),
                }
            }
        }
        plain => *text += &format!("{lead}{key}: {plain}\n"),
    }
}

/// From the start of the process to its end, and the most that was resident.
fn plan(dump: &Path, pods: u32) -> (Duration, u64) {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_k8s-healer"))
        .args(["plan", "--format", "json", "--rules", concat!(env!("CARGO_MANIFEST_DIR"), "/rules/pods")])
        .arg("--from")
        .arg(dump)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let reading = thread::spawn(move || {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut out, &mut text).unwrap();
        text
    });
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        // The last reading before its end has it all: a peak never falls.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = kilobytes.map_or(peak, |kilobytes| kilobytes * 1024);
        thread::sleep(Duration::from_millis(5));
    };
    let taken = begin.elapsed();
    let document: Value = serde_json::from_slice(&reading.join().unwrap()).unwrap();
    assert_eq!(document["objects"], pods, "all of them were looked at");
    assert_eq!(ended.code(), Some(1), "those that crash would be deleted");
    (taken, peak)
}
