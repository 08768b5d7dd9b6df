//! A place for one daemon that runs in the background, and the commands that are given to it. No daemon
//! outlives its house.

#![allow(unreachable_pub, reason = "the parts are one test binary's own")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::process::{Leash, exists, kill_group};
use crate::support::scene::{SOON, bad_rule};
use crate::support::{Proxy, Scene, Stage};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_k8s-healer");
pub const DELETE: &str = "actions: [ { delete: {} } ]";

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Ran {
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text) || self.out.contains(text), "not {text:?}: {self:#?}");
        self
    }
}

pub struct House {
    // Dropped before the folder is.
    _end: End,
    pub scene: Scene,
    pub folder: TempDir,
    /// The way to the cluster.
    pub kubeconfig: PathBuf,
}

/// The end of whatever daemon runs at this pid file, with the test or with its process.
pub struct End {
    pid_file: PathBuf,
    _leash: Leash,
}

impl End {
    pub fn of(pid_file: PathBuf) -> Self {
        let leash = Leash::on_daemon(PROGRAM, &pid_file);
        Self { pid_file, _leash: leash }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut stop = Command::new(PROGRAM);
        stop.args(["daemon", "stop", "--no-config", "--timeout", "3s", "--force", "--pid-file"]);
        stop.arg(&self.pid_file).output().unwrap();
    }
}

impl House {
    /// With a sandbox to heal, and rules for it in the house's own folder.
    pub async fn new() -> Self {
        let scene = Stage::Sandbox.scene().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let end = End::of(folder.path().join("daemon.pid"));
        let kubeconfig = scene.account().kubeconfig().to_owned();
        let house = Self { scene, folder, kubeconfig, _end: end };
        house.write_rules(&bad_rule(DELETE));
        house
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same with a proxy on the way to the sandbox.
    pub async fn behind_a_proxy() -> (Self, Proxy) {
        let mut house = Self::new().await;
        let proxy = Proxy::start(house.scene.account());
        house.kubeconfig = proxy.kubeconfig();
        (house, proxy)
    }

    pub fn write_rules(&self, rules: &str) {
        fs::copy(self.scene.rules_file(rules), self.path("rules.yaml")).unwrap();
    }

    /// `k8s-healer daemon …`, in the house's folder, with nothing of the person's own surroundings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("daemon").args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text == "KUBECONFIG" || text == "RUST_LOG" || text.starts_with("K8S_HEALER_") {
                command.env_remove(&name);
            }
        }
        command.env("K8S_HEALER_PID_FILE", self.path("daemon.pid"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments))
    }

    /// The flags of `start` on the house's rules and cluster.
    pub fn flags(&self) -> Vec<String> {
        vec!["--rules=rules.yaml".to_owned(), format!("--kubeconfig={}", self.kubeconfig.display())]
    }

    pub fn start_command(&self, more: &[&str]) -> Command {
        let flags = self.flags();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        self.command(&[&["start"], &flags[..], more].concat())
    }

    pub fn start(&self, more: &[&str]) -> Ran {
        ran(self.start_command(more))
    }

    pub fn status(&self) -> Value {
        let ran = self.run(&["status", "--format", "json"]);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
    }

    /// The process that the pid file names.
    pub fn pid(&self) -> u32 {
        self.try_pid().expect("a pid file")
    }

    pub fn try_pid(&self) -> Option<u32> {
        fs::read_to_string(self.path("daemon.pid")).ok()?.trim().parse().ok()
    }

    /// As by `kill -9`; returns when it is gone.
    pub fn kill(&self) -> u32 {
        let pid = self.pid();
        kill_group(pid);
        // Each of its threads lets go of the files by itself.
        let let_go = || fs::File::open(self.path("daemon.pid")).unwrap().try_lock_shared().is_ok();
        wait_for("the daemon is gone", || !runs(pid) && let_go());
        pid
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    pub async fn heals(&self, name: &str) {
        self.scene.bad(name).await;
        self.scene.wait_until_gone("configmaps", name).await;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Shown by the test runner with the failure.
            println!("the daemon's log:\n{}", self.log());
        }
    }
}

pub fn ran(mut command: Command) -> Ran {
    let start = Instant::now();
    let Output { status, stdout, stderr } = command.output().unwrap();
    let [out, err] = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ran { code: status.code(), out, err, took: start.elapsed() }
}

/// Whether the process exists and is more than the memory of one that has ended: nobody may have reaped it.
pub fn runs(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    exists(pid) && !state.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

#[track_caller]
pub fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < SOON, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
