//! The daemon's control socket, asked by the commands that a person has for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::harness::Daemon;
use crate::support::report::Report;

/// Lines of the log that tell why a daemon ended.
const LAST_WORDS: usize = 40;

/// A daemon's files, and how often it was asked.
pub struct Control {
    pub rules: PathBuf,
    pub pid_file: PathBuf,
    pub log: PathBuf,
    asked: AtomicU32,
    unanswered: AtomicU32,
}

impl Control {
    pub fn new(folder: &Path) -> Self {
        let path = |name: &str| folder.join(name);
        fs::create_dir(path("rules")).unwrap();
        Self {
            rules: path("rules/rules.yaml"),
            pid_file: path("healer.pid"),
            log: path("healer.log"),
            asked: AtomicU32::default(),
            unanswered: AtomicU32::default(),
        }
    }

    /// `daemon status --format json`, counted.
    pub async fn status(&self) -> Option<Value> {
        let status = self.look().await;
        self.asked.fetch_add(1, Ordering::Relaxed);
        if status.is_none() {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        status
    }

    /// The same of a daemon that may not listen yet.
    pub async fn look(&self) -> Option<Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        command.args(["daemon", "status", "--format", "json", "--pid-file"]).arg(&self.pid_file);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let status: Value = serde_json::from_slice(&output.stdout).ok()?;
        // It says so too, and with the same exit code as of a watch that is interrupted, where none runs.
        (status["running"] == true).then_some(status)
    }

    pub fn tell(&self, report: &mut Report) {
        report.tell("times asked for its status", f64::from(self.asked.load(Ordering::Relaxed)), "");
        let unanswered = self.unanswered.load(Ordering::Relaxed);
        report.at_most("of them without an answer", f64::from(unanswered), 0.0, "");
    }

    /// All lines of the log that contain the text, those of the files that were set aside too.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.log.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("healer.log"))
            .collect();
        files.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
        let texts = files.iter().map(|file| fs::read_to_string(file).unwrap_or_default());
        texts
            .flat_map(|log| log.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| line.contains(text))
            .collect()
    }

    pub fn last_words(&self, daemon: &Daemon) -> String {
        let mut lines = self.lines_with("");
        lines.drain(..lines.len().saturating_sub(LAST_WORDS));
        lines.extend(daemon.lines());
        lines.join("\n")
    }
}
