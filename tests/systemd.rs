//! The daemon as a service: what it tells a service manager over the protocol's socket, on the built executable,
//! and the unit file.

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
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use support::scene::{SOON, a_while, bad_rule};
use support::{Answer, Daemon, Proxy, Scene, Stage, wait_until};
use tempfile::TempDir;

/// A service manager: it listens on its socket.
struct Manager {
    folder: TempDir,
    messages: Arc<Mutex<Vec<String>>>,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        let messages = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&messages);
        // Ends with the process.
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length) = socket.recv(&mut bytes) {
                kept.lock().unwrap().push(String::from_utf8(bytes[..length].to_vec()).unwrap());
            }
        });
        Self { folder, messages }
    }

    /// Starts the daemon as a service, with these variables too.
    fn start(&self, kubeconfig: &Path, rules: &Path, variables: &[(&str, &str)]) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("K8S_HEALER_") {
                command.env_remove(name);
            }
        }
        command.args(["daemon", "run", "--rules"]).arg(rules).arg("--kubeconfig").arg(kubeconfig);
        command.arg("--pid-file").arg(self.folder.path().join("daemon.pid"));
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify")).envs(variables.iter().copied());
        Daemon::spawn(command)
    }

    /// The lines of the messages that have this line, in the order in which they came.
    fn told(&self, line: &str) -> Vec<Vec<String>> {
        let messages = self.messages.lock().unwrap();
        let lines = messages.iter().map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        lines.filter(|lines| lines.iter().any(|one| one == line)).collect()
    }

    async fn hears(&self, line: &str, times: usize) -> Vec<Vec<String>> {
        wait_until(line, SOON, || async { self.told(line).len() >= times }).await;
        self.told(line)
    }
}

const READY: &str = "READY=1";
const WATCHDOG: &str = "WATCHDOG=1";
const RELOADING: &str = "RELOADING=1";
const STOPPING: &str = "STOPPING=1";

async fn scene() -> (Scene, PathBuf) {
    let scene = Stage::Sandbox.scene().await.unwrap();
    let rules = scene.rules_file(&bad_rule("actions: [ log: { message: bad } ]"));
    (scene, rules)
}

#[tokio::test]
async fn it_is_ready_when_all_is_listed_and_not_before() {
    let (scene, rules) = scene().await;
    let proxy = Proxy::start(scene.account());
    let of_maps = |path: &str| path.ends_with("/configmaps");
    proxy.answer(move |seen| of_maps(&seen.path), Answer::status(503), usize::MAX);
    let manager = Manager::new();
    let daemon = manager.start(&proxy.kubeconfig(), &rules, &[]);
    wait_until("a list is tried", SOON, || async { !proxy.seen_that(|seen| of_maps(&seen.path)).is_empty() })
        .await;
    a_while().await;
    assert_eq!(manager.told(READY), Vec::<Vec<String>>::new());
    proxy.clear_faults();
    let ready = manager.hears(READY, 1).await.remove(0);
    let listed = proxy.seen_that(|seen| of_maps(&seen.path) && seen.status == Some(200));
    assert!(!listed.is_empty());
    assert!(ready.contains(&format!("MAINPID={}", daemon.id())), "{ready:?}");
    assert!(ready.iter().any(|line| line.starts_with("STATUS=works on http://127.0.0.1:")), "{ready:?}");
    assert_eq!(manager.told(READY).len(), 1);
}

#[tokio::test]
async fn it_gives_signs_of_life_where_they_are_asked_for_and_says_that_it_ends() {
    let (scene, rules) = scene().await;
    let manager = Manager::new();
    let daemon = manager.start(scene.account().kubeconfig(), &rules, &[("WATCHDOG_USEC", "200000")]);
    manager.hears(READY, 1).await;
    let before = manager.told(WATCHDOG).len();
    manager.hears(WATCHDOG, before + 5).await;
    assert_eq!(manager.told(STOPPING).len(), 0);
    let ended = daemon.terminate();
    assert_eq!(ended.status.code(), Some(0), "{:?}", ended.lines);
    assert_eq!(manager.hears(STOPPING, 1).await.len(), 1);
}

#[tokio::test]
async fn signs_of_life_that_another_process_is_asked_for_are_not_given() {
    let (scene, rules) = scene().await;
    let manager = Manager::new();
    let variables = [("WATCHDOG_USEC", "200000"), ("WATCHDOG_PID", "1")];
    let _daemon = manager.start(scene.account().kubeconfig(), &rules, &variables);
    manager.hears(READY, 1).await;
    a_while().await;
    assert_eq!(manager.told(WATCHDOG).len(), 0);
}

#[tokio::test]
async fn it_says_when_it_reads_its_rules_again_and_when_it_has() {
    let (scene, rules) = scene().await;
    let manager = Manager::new();
    let daemon = manager.start(scene.account().kubeconfig(), &rules, &[]);
    manager.hears(READY, 1).await;
    daemon.signal(Signal::HUP);
    let reloading = manager.hears(RELOADING, 1).await.remove(0);
    let time = reloading.iter().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
    assert!(time.parse::<u64>().unwrap() > 0);
    let ready = manager.hears(READY, 2).await;
    assert_eq!(ready.len(), 2);
    assert!(ready[1].iter().any(|line| line.starts_with("STATUS=works, by ")), "{ready:?}");
}

#[tokio::test]
async fn a_manager_that_is_gone_is_told_of_once_and_misses_nothing_else() {
    let (scene, rules) = scene().await;
    let manager = Manager::new();
    let nowhere = manager.folder.path().join("nowhere");
    let variables = [("NOTIFY_SOCKET", nowhere.to_str().unwrap()), ("WATCHDOG_USEC", "20000")];
    let mut daemon = manager.start(scene.account().kubeconfig(), &rules, &variables);
    daemon.wait_for_line("true_now", SOON).await;
    a_while().await;
    assert_eq!(daemon.lines_with("NOTIFY_SOCKET").len(), 1, "{:?}", daemon.lines());
    assert_eq!(daemon.terminate().status.code(), Some(0));
}

fn unit() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/k8s-healer.service")).unwrap()
}

/// The value of a key of the unit.
fn value(unit: &str, key: &str) -> String {
    let line = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    line.unwrap_or_else(|| panic!("there is no {key}")).to_owned()
}

#[test]
fn the_unit_s_commands_and_variables_are_the_program_s() {
    let unit = unit();
    for key in ["ExecStart", "ExecReload"] {
        let words = value(&unit, key);
        let arguments = words.strip_prefix("/usr/bin/k8s-healer ").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        let output = command.args(arguments.split(' ')).arg("--help").output().unwrap();
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        let help = String::from_utf8(output.stdout).unwrap();
        let variables =
            unit.lines().filter_map(|line| line.strip_prefix("Environment=K8S_HEALER_")?.split_once('='));
        for (variable, _) in variables {
            let flag = format!("--{}", variable.to_lowercase().replace('_', "-"));
            let is_for_the_start = flag == "--kubeconfig" && key == "ExecReload";
            assert!(is_for_the_start || help.contains(&flag), "{words} takes no {flag}");
        }
    }
    assert_eq!(value(&unit, "Type"), "notify");
    assert!(!value(&unit, "WatchdogSec").is_empty());
}

/// On systems that have systemd, by its own judgement.
#[test]
fn the_unit_is_sound_and_gives_the_daemon_little_room() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("k8s-healer.service");
    fs::write(&file, unit().replace("/usr/bin/k8s-healer", env!("CARGO_BIN_EXE_k8s-healer"))).unwrap();
    let analyze = |arguments: &[&str]| {
        let output = Command::new("systemd-analyze").args(arguments).arg(&file).output();
        let Ok(output) = output else {
            support::cluster::skip("there is no systemd-analyze");
            return;
        };
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        if said.contains("unrecognized option") || said.contains("Unknown option") {
            support::cluster::skip("systemd-analyze is too old");
            return;
        }
        assert!(output.status.success(), "{arguments:?}: {said}");
        assert!(arguments[0] != "verify" || said.is_empty(), "{said}");
    };
    analyze(&["verify", "--man=no"]);
    // Of 100; most services have more than 90.
    analyze(&["security", "--offline=true", "--no-pager", "--threshold=15"]);
}

/// Long enough that a machine which is busy gives no false alarm.
#[test]
fn the_unit_waits_longer_for_a_sign_of_life_than_a_request_may_take() {
    let seconds = value(&unit(), "WatchdogSec");
    let seconds: u64 = seconds.strip_suffix('s').unwrap().parse().unwrap();
    assert!(Duration::from_secs(seconds) >= Duration::from_secs(60));
}
