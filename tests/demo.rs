//! `demo` as a person runs it: what it shows, how it ends, what it leaves behind.

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
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use support::process::{Leash, kill_group, pid_of};
use support::{Objects, cluster};

fn demo(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    command.arg("demo").args(flags).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Played to its end: what it showed.
fn shown(flags: &[&str]) -> String {
    let output = demo(flags).output().unwrap();
    let (shown, said) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{said}\n{shown}");
    assert_eq!(said, "");
    shown
}

/// The rows of the table at its end: object, found, outcome, why.
fn table(shown: &str) -> Vec<Vec<&str>> {
    let rows = shown.lines().skip_while(|line| !line.starts_with("OBJECT ")).skip(1);
    rows.take_while(|line| !line.is_empty())
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect()
}

/// The suite's own objects: when a controller names a pod is a matter of milliseconds.
fn machines(shown: &str) -> Vec<&str> {
    table(shown).iter().map(|row| row[0]).filter(|object| object.starts_with("VM ")).collect()
}

#[test]
fn all_comes_to_the_end_that_the_story_says_whatever_the_seed() {
    let [first, again, other] = std::thread::scope(|scope| {
        [1, 1, 2]
            .map(|seed: u32| scope.spawn(move || shown(&["--speed", "30", "--seed", &seed.to_string()])))
            .map(|run| run.join().unwrap())
    });
    for shown in [&first, &again, &other] {
        assert!(!shown.contains('\u{1b}'), "no colours where there is no terminal");
        let rows = table(shown);
        assert!(rows.len() >= 8, "{shown}");
        let healed = rows.iter().filter(|row| row[2].contains("healed at")).count();
        let spared = rows.iter().filter(|row| row[2].contains("spared")).count();
        assert!(healed > 3 && spared > 3 && healed + spared == rows.len(), "{shown}");
        let sum = format!("{} found, {healed} healed, {spared} spared, each as it must be.", rows.len());
        assert!(shown.contains(&sum), "{shown}");
    }
    assert_eq!(machines(&first), machines(&again), "the same seed, the same names");
    assert_ne!(machines(&first), machines(&other));
}

/// One that is under way.
struct Running {
    child: Child,
    /// What it shows; `None`: nobody reads it any more.
    lines: Option<BufReader<ChildStdout>>,
    _leash: Leash,
}

impl Running {
    fn start(flags: &[&str]) -> Self {
        let mut child = demo(flags).process_group(0).spawn().unwrap();
        let leash = Leash::on_group(child.id());
        let lines = child.stdout.take().map(BufReader::new);
        Self { child, lines, _leash: leash }
    }

    /// All lines until one that contains this.
    fn until(&mut self, text: &str) -> String {
        let mut read = String::new();
        loop {
            let start = read.len();
            assert!(self.lines.as_mut().unwrap().read_line(&mut read).unwrap() > 0, "it ended: {read}");
            if read[start..].contains(text) {
                return read;
            }
        }
    }

    fn interrupted(&mut self) -> Option<i32> {
        let start = Instant::now();
        kill_process(pid_of(self.child.id()).unwrap(), Signal::INT).unwrap();
        let code = self.child.wait().unwrap().code();
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        code
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_group(self.child.id());
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn with_keep_the_server_goes_on_without_the_daemon_until_it_is_interrupted() {
    let mut running = Running::start(&["--speed", "30", "--keep"]);
    let shown = running.until("Its kubeconfig:");
    assert!(shown.contains("each as it must be"), "{shown}");
    let kubeconfig = running.until("current-context");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), kubeconfig).unwrap();
    let objects = Objects::new(cluster::client(file.path()).await);
    let namespaces = objects.list("namespaces", "").await;
    assert!(namespaces.iter().any(|namespace| namespace["metadata"]["name"] == "k8s-healer"));
    assert_eq!(running.interrupted(), Some(0));
}

#[test]
fn interrupted_on_its_way_it_ends_at_once_and_says_so_by_its_status() {
    let mut running = Running::start(&[]);
    running.until("k8s-healer demo");
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(running.interrupted(), Some(130));
}

#[test]
fn nobody_to_read_it_is_no_reason_to_panic() {
    let mut running = Running::start(&["--speed", "60"]);
    running.until("k8s-healer demo");
    running.lines = None;
    let status = running.child.wait().unwrap();
    let mut said = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.code().is_some(), "{status}: {said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_speed_that_is_none_is_told() {
    for speed in ["0", "61", "abc", "-1"] {
        let output = demo(&[&format!("--speed={speed}")]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("--speed") && said.contains("write a number"), "{said}");
    }
}
