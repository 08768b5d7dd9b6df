//! The built executable as a daemon in the foreground: started with rules written on the spot, listened
//! to line by line, ended by SIGTERM as a process manager does it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs};

use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

use super::process::{Leash, kill_group, pid_of};

const RULES: &str = "rules.yaml";

/// After SIGTERM, SIGKILL.
const TIME_TO_END: Duration = Duration::from_secs(3);

/// A running daemon; ended when dropped.
pub struct Daemon {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
    rules: Option<TempDir>,
    // Its pid file and its control socket: daemons of other tests run at the same time.
    place: Option<TempDir>,
    // Dropped after the child has been ended and reaped.
    _leash: Leash,
}

/// How a daemon ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// From the signal to the end; SIGKILL came first if it is `TIME_TO_END` or more.
    pub took: Duration,
    pub lines: Vec<String>,
}

impl Daemon {
    /// `daemon run` with this text as its rules file, and more flags.
    pub fn start(kubeconfig: &Path, rules: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(RULES);
        fs::write(&file, rules).unwrap();
        let mut daemon = Self::start_with(kubeconfig, &[&file], flags);
        daemon.rules = Some(folder);
        daemon
    }

    /// `daemon run` with these rule files or folders, and more flags.
    pub fn start_with(kubeconfig: &Path, rules: &[&Path], flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        command.args(["daemon", "run"]);
        for file in rules {
            command.arg("--rules").arg(file);
        }
        command.arg("--kubeconfig").arg(kubeconfig).args(flags);
        // What the person who runs the tests has set up for daily work is none of the tests' business.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text == "KUBECONFIG" || text == "RUST_LOG" || text.starts_with("K8S_HEALER_") {
                command.env_remove(&name);
            }
        }
        let place = tempfile::tempdir().unwrap();
        // A variable: a test may name another place by the flag.
        command.env("K8S_HEALER_PID_FILE", place.path().join("daemon.pid"));
        let mut daemon = Self::spawn(command);
        daemon.place = Some(place);
        daemon
    }

    /// Any command, treated as the daemon is.
    pub fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("starting {command:?}: {error}"));
        let leash = Leash::on_group(child.id());
        let lines = Arc::default();
        let readers = vec![
            read_lines(child.stdout.take().unwrap(), Arc::clone(&lines)),
            read_lines(child.stderr.take().unwrap(), Arc::clone(&lines)),
        ];
        Self { child, lines, readers, rules: None, place: None, _leash: leash }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file that [`Self::start`] wrote, to be changed under the daemon.
    pub fn rules_file(&self) -> PathBuf {
        self.rules.as_ref().expect("a daemon that was started with a text").path().join(RULES)
    }

    /// What it wrote so far to standard output and standard error, as it came.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    pub fn lines_with(&self, text: &str) -> Vec<String> {
        self.lines().into_iter().filter(|line| line.contains(text)).collect()
    }

    /// The first line that contains the text, as soon as there is one. Panics, with all that the daemon
    /// said, when the time is over or the daemon has ended without it.
    pub async fn wait_for_line(&mut self, text: &str, timeout: Duration) -> String {
        self.wait_for_lines(text, 1, timeout).await.remove(0)
    }

    /// As soon as there are so many lines that contain the text: all of those.
    pub async fn wait_for_lines(&mut self, text: &str, count: usize, timeout: Duration) -> Vec<String> {
        let start = Instant::now();
        loop {
            // Asked before the lines: what an ended daemon said is complete but for the pipes' last bytes.
            let ended = self.child.try_wait().unwrap();
            let found = self.lines_with(text);
            if found.len() >= count {
                return found;
            }
            let over = start.elapsed() >= timeout;
            if over || (ended.is_some() && self.readers.iter().all(JoinHandle::is_finished)) {
                let state = ended.map_or("runs".into(), |status| format!("ended with {status}"));
                let said = self.lines().join("\n");
                let after = start.elapsed();
                panic!(
                    "{} of {count} lines with {text:?} after {after:?}; the daemon {state} and said:\n{said}",
                    found.len()
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = pid_of(self.child.id()) {
            // It may have ended by itself.
            kill_process(pid, signal).ok();
        }
    }

    /// SIGTERM, and SIGKILL if that does not help in time.
    pub fn terminate(mut self) -> Ended {
        let (status, took) = self.end();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        Ended { status, took, lines: self.lines() }
    }

    fn end(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        if let Some(status) = self.child.try_wait().unwrap() {
            return (status, start.elapsed());
        }
        self.signal(Signal::TERM);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let took = start.elapsed();
                // What it may have started and left behind holds its pipes open.
                kill_group(self.child.id());
                return (status, took);
            }
            if start.elapsed() >= TIME_TO_END {
                kill_group(self.child.id());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
        if thread::panicking() {
            // Shown by the test runner with the failure.
            println!("the daemon said:\n{}", self.lines().join("\n"));
        }
    }
}

fn read_lines(pipe: impl Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            lines.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
        }
    })
}
