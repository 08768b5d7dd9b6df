//! The real k8s-healer by the script alone, on a sandbox: from `start` to `stop`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::checkout::{Checkout, Ran, Shell, shells};
use crate::process::{Leash, Process, kill_group, pid_of};

/// No step takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);
const HEALER: &str = env!("CARGO_BIN_EXE_k8s-healer");

/// A person with a cluster and rules.
struct Life {
    checkout: Checkout,
    shell: Shell,
    _sandbox: Process,
}

/// A daemon in the background; gone with the test, however that ends.
struct Background {
    pid: u32,
    _leash: Leash,
}

impl Drop for Background {
    fn drop(&mut self) {
        kill_group(self.pid);
    }
}

impl Life {
    fn new(shell: Shell) -> Self {
        let checkout = Checkout::new();
        let rules = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/pods/pack.yaml")).unwrap();
        fs::write(checkout.here("rules.yaml"), rules).unwrap();
        let mut command = Command::new(HEALER);
        command.args(["sandbox", "--write-kubeconfig"]).arg(checkout.here("config"));
        let sandbox = Process::spawn(command, &checkout.outside("sandbox.log"));
        until(|| read(&checkout.outside("sandbox.log")).contains("Ctrl-C ends it"));
        Self { checkout, shell, _sandbox: sandbox }
    }

    /// A call that keeps what is the daemon's beside the checkout.
    fn call(&self, arguments: &[&str]) -> Command {
        let mut command = self.checkout.call(self.shell);
        command.env("K8S_HEALER_BIN", HEALER).env("K8S_HEALER_LOG_FORMAT", "json");
        command.args(arguments).arg("--pid-file").arg(self.place("pid"));
        command
    }

    fn runs(&self, arguments: &[&str]) -> Ran {
        let none: [&OsStr; 0] = [];
        self.checkout.ends(self.call(arguments), &none)
    }

    #[track_caller]
    fn succeeds(&self, arguments: &[&str]) -> Ran {
        let ran = self.runs(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran
    }

    fn place(&self, extension: &str) -> PathBuf {
        self.checkout.outside("daemon").with_extension(extension)
    }

    /// What `status` says of the daemon, held from now on.
    #[track_caller]
    fn background(&self) -> (Value, Background) {
        let status: Value =
            serde_json::from_str(&self.succeeds(&["status", "--format", "json"]).out).unwrap();
        let pid = u32::try_from(status["pid"].as_u64().unwrap()).unwrap();
        (status, Background { pid, _leash: Leash::on_group(pid) })
    }
}

#[test]
fn a_daemon_is_started_asked_restarted_and_ended() {
    let life = Life::new(shells()[0]);
    let log = life.place("log");
    let log = log.to_str().unwrap();
    let ran = life.runs(&["status"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let start = ["start", "--source-kubeconfig", "config", "--mode", "observe", "--log-file", log];
    life.succeeds(&start);
    let (first, _first) = life.background();
    let arguments: Vec<&str> =
        first["arguments"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let folder = life.checkout.file(".kubeconfigs");
    let copies: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [copy] = &copies[..] else { panic!("{copies:?}") };
    assert!(arguments.iter().any(|word| word.contains(copy.to_str().unwrap())), "{arguments:?}");
    assert_eq!(first["mode"], "observe");

    let ran = life.runs(&start);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("runs already"), "{ran:?}");

    life.succeeds(&["restart"]);
    let (second, _second) = life.background();
    assert_ne!(second["pid"], first["pid"]);
    assert_eq!((&second["arguments"], &second["mode"]), (&first["arguments"], &first["mode"]));

    let told = life.succeeds(&["logs"]).out;
    assert!(told.matches("connected to").count() >= 2, "{told}");
    life.succeeds(&["stop"]);
    assert_eq!(life.runs(&["status"]).code, Some(1));
}

#[test]
fn in_the_foreground_a_signal_ends_it_in_order() {
    let life = Life::new(shells()[0]);
    let log = life.checkout.outside("said");
    let mut command = life.call(&["start", "--foreground", "--kubeconfig", "config"]);
    let said = fs::File::create(&log).unwrap();
    let mut child = command.stdout(Stdio::null()).stderr(said).spawn().unwrap();
    let _leash = Leash::on_group(child.id());
    until(|| {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "{ended:?}: {}", read(&log));
        read(&log).contains("connected to")
    });
    kill_process(pid_of(child.id()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{}", read(&log));
}

#[test]
fn rules_with_mistakes_are_shown_and_the_exit_code_says_so() {
    let life = Life::new(shells()[0]);
    fs::write(life.checkout.here("rules.yaml"), "apiVersion: k8s-healer/v1\nkind: RulePac\n").unwrap();
    for verb in ["start", "run"] {
        let ran = life.runs(&[verb, "--kubeconfig", "config"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains("wrong-kind"), "{ran:?}");
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

#[track_caller]
fn until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "it does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}
