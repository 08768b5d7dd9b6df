//! A daemon whose rules are a file that a story changes, and that is asked by the commands of the executable.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::scene::SOON;
use crate::support::{Daemon, Requests, Scene, wait_until};

/// In the log, once for each reload that came into force.
pub(crate) const APPLIED: &str = "reloaded: the new rules are in force";

pub(crate) struct Healer {
    daemon: Daemon,
    head: String,
    kubeconfig: PathBuf,
    flags: Vec<String>,
    // Dropped after the daemon.
    folder: TempDir,
}

impl Deref for Healer {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl DerefMut for Healer {
    fn deref_mut(&mut self) -> &mut Daemon {
        &mut self.daemon
    }
}

impl Healer {
    /// Returns when everything that the rules watch has been listed.
    pub(crate) async fn start(scene: &Scene, rules: &str, flags: &[&str]) -> Self {
        Self::start_at(scene, scene.account().kubeconfig(), rules, flags).await
    }

    /// The same on another way to the server.
    pub(crate) async fn start_at(scene: &Scene, kubeconfig: &Path, rules: &str, flags: &[&str]) -> Self {
        let healer = Self::starting_at(scene, kubeconfig, rules, flags);
        healer.until_ready().await;
        healer
    }

    /// Until every kind has been listed, as far as it may be.
    pub(crate) async fn until_ready(&self) {
        wait_until("it is ready", SOON, || async {
            let (_, text) = self.command(&["status", "--format", "json"]).await;
            serde_json::from_str(&text).is_ok_and(|status: Value| status["ready"] == true)
        })
        .await;
    }

    /// Returns at once.
    pub(crate) fn starting_at(scene: &Scene, kubeconfig: &Path, rules: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let head = format!(
            "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: test }}\n\
             defaults: {{ namespaces: [{}] }}\nrules:\n",
            scene.namespace
        );
        fs::write(folder.path().join("rules.yaml"), format!("{head}{rules}")).unwrap();
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let kubeconfig = kubeconfig.to_owned();
        let daemon = spawn(folder.path(), &kubeconfig, &flags);
        Self { daemon, head, kubeconfig, flags, folder }
    }

    /// As `kill -9` and a start do. Returns at once.
    pub(crate) fn kill_and_start(&mut self) {
        self.daemon.signal(rustix::process::Signal::KILL);
        while self.daemon.has_ended().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.daemon = spawn(self.folder.path(), &self.kubeconfig, &self.flags);
    }

    pub(crate) fn rules_file(&self) -> PathBuf {
        self.folder.path().join("rules.yaml")
    }

    /// Other rules, of the scene's namespace by default; the file is renamed over the old one, as editors do.
    pub(crate) fn write(&self, rules: &str) {
        self.write_text(&self.text(rules));
    }

    pub(crate) fn text(&self, rules: &str) -> String {
        format!("{}{rules}", self.head)
    }

    pub(crate) fn write_text(&self, text: &str) {
        let fresh = self.folder.path().join("rules.yaml~");
        fs::write(&fresh, text).unwrap();
        fs::rename(&fresh, self.rules_file()).unwrap();
    }

    /// Writes other rules and waits until they are in force.
    pub(crate) async fn change(&mut self, rules: &str) {
        let before = self.lines_with(APPLIED).len();
        self.write(rules);
        self.wait_for_lines(APPLIED, before + 1, SOON).await;
    }

    /// `daemon …` for this daemon: the exit code and what it says.
    pub(crate) async fn command(&self, words: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        command.arg("daemon").args(words).arg("--pid-file").arg(self.folder.path().join("daemon.pid"));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    /// `daemon status --format json`.
    pub(crate) async fn status(&self) -> Value {
        let (_, text) = self.command(&["status", "--format", "json"]).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The last reload, once its outcome is this one.
    pub(crate) async fn reload_report(&self, outcome: &str) -> Value {
        let start = std::time::Instant::now();
        loop {
            let report = self.status().await["reload"].clone();
            if report["outcome"] == outcome {
                return report;
            }
            assert!(start.elapsed() < SOON, "no reload that is {outcome}: {report}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn spawn(folder: &Path, kubeconfig: &Path, flags: &[String]) -> Daemon {
    let place = folder.join("daemon.pid");
    let own = ["--log-level", "debug", "--log-format", "json", "--pid-file", place.to_str().unwrap()];
    let flags: Vec<&str> = own.into_iter().chain(flags.iter().map(String::as_str)).collect();
    Daemon::start_with(kubeconfig, &[&folder.join("rules.yaml")], &flags)
}

/// A rule on a kind by this name, that holds for objects labelled `state: bad`, with these lines more.
pub(crate) fn rule(name: &str, kind: &str, more: &str) -> String {
    format!(
        "- name: {name}\n  watch: {kind}\n  match: {}\n  {}\n",
        crate::support::scene::BAD,
        more.replace('\n', "\n  ")
    )
}

/// What only lists tell of: requests for the whole of a kind, pages and streams, not watches that go on.
pub(crate) fn lists(sent: Requests, resource: &str) -> Requests {
    sent.of(resource).only(|request| {
        request.verb == "list" || (request.verb == "watch" && request.uri.contains("sendInitialEvents=true"))
    })
}

/// One line of the log.
pub(crate) fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}
