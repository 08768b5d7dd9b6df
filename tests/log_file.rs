//! The log of the built executable in a file: set aside by size, left on request, and a full disk survived.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use support::scene::{SOON, bad_rule};
use support::{Daemon, Scene, Stage, wait_until};

/// Ignores the signal that comes with the limit, as a full disk has none. Blocks of 512 bytes, or of 1024.
const LIMITED: &str = "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"";

struct Logging {
    daemon: Daemon,
    scene: Scene,
    folder: tempfile::TempDir,
}

impl Logging {
    /// A daemon that writes much to `log`; started by this script of the shell.
    async fn start(script: &str, flags: &[&str]) -> Self {
        let scene = Stage::Sandbox.scene().await.unwrap();
        let rules = scene.rules_file(&bad_rule("actions: [ log: { message: bad } ]"));
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            script,
            env!("CARGO_BIN_EXE_k8s-healer"),
            "daemon",
            "run",
            "--log-level",
            "debug",
        ]);
        command.arg("--rules").arg(rules).arg("--kubeconfig").arg(scene.account().kubeconfig()).args(flags);
        command.args(["--pid-file", "daemon.pid", "--log-file", "log"]).current_dir(folder.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("K8S_HEALER_") {
                command.env_remove(name);
            }
        }
        Self { daemon: Daemon::spawn(command), scene, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// One more line, and more.
    async fn write(&self) {
        let name = support::unique("map");
        self.scene.bad(&name).await;
    }
}

/// Each line whole, and an object.
fn messages(text: &str) -> Vec<String> {
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    let read =
        |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(|line| read(line)["message"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_full_disk_costs_lines_and_neither_the_daemon_nor_half_a_line() {
    let mut logging = Logging::start(LIMITED, &[]).await;
    wait_until("the log is full", SOON, || async {
        logging.write().await;
        logging.text("log").len() > 512
    })
    .await;
    for _ in 0..10 {
        logging.write().await;
    }
    support::scene::a_while().await;
    assert!(logging.daemon.has_ended().is_none(), "{:?}", logging.daemon.lines());
    let kept = messages(&logging.text("log"));
    assert!(!kept.is_empty() && logging.text("log").len() <= 2048, "{kept:?}");
    fs::rename(logging.path("log"), logging.path("old")).unwrap();
    logging.daemon.signal(Signal::HUP);
    wait_until("the loss is told", SOON, || async {
        logging.write().await;
        logging.text("log").contains("of the log were lost")
    })
    .await;
    let first = messages(&logging.text("log")).remove(0);
    let lost = first.strip_suffix(" lines of the log were lost: file too large").expect(&first);
    assert!(lost.parse::<u32>().unwrap() >= 10, "{first}");
    assert_eq!(logging.daemon.terminate().status.code(), Some(0));
}

#[tokio::test]
async fn files_are_set_aside_by_size_each_of_whole_lines_and_the_oldest_goes() {
    let flags = ["--log-max-size", "1500", "--log-keep", "2"];
    let logging = Logging::start("exec \"$0\" \"$@\"", &flags).await;
    wait_until("the second is set aside", SOON, || async {
        logging.write().await;
        logging.path("log.2").exists()
    })
    .await;
    for _ in 0..10 {
        logging.write().await;
    }
    let Logging { daemon, folder, .. } = logging;
    assert_eq!(daemon.terminate().status.code(), Some(0));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("log") {
            let lines = messages(&fs::read_to_string(entry.path()).unwrap());
            assert!(lines.len() == 1 || entry.metadata().unwrap().len() <= 1500, "{name}: {lines:?}");
            names.push(name);
        }
    }
    names.sort();
    assert_eq!(names, ["log", "log.1", "log.2"]);
}
