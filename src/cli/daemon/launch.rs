//! Starts `daemon run` in the background and waits until it is ready. Whatever comes of it is told, and where it
//! is not ready in time, nothing is left running.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use k8s_healer_engine::values::format_duration;
use rustix::process::{Pid, Signal, kill_process};

use super::{fail, tell};
use crate::daemon::control::client::ask;
use crate::daemon::control::protocol::{Request, Response, Status};
use crate::daemon::process::place::Place;
use crate::daemon::process::starter::Report;

/// One that is not ready in time is told to end, and killed after this.
const TO_END: Duration = Duration::from_secs(3);
/// A daemon that is ready answers at once.
const TO_ANSWER: Duration = Duration::from_secs(5);

/// A daemon to be.
pub(super) struct Launch<'a> {
    /// The flags of `daemon run`.
    pub(super) flags: Vec<OsString>,
    /// Where it is to run; `None`: here.
    pub(super) folder: Option<PathBuf>,
    /// What it is to have instead of this process's environment.
    pub(super) environment: Option<Vec<(OsString, OsString)>>,
    /// How long it may take to be ready.
    pub(super) timeout: Duration,
    pub(super) place: &'a Place,
    /// Where its log goes.
    pub(super) log_file: PathBuf,
}

enum Event {
    Told(Report),
    /// It has ended, or lost its voice.
    Silent,
    TimeIsOver,
}

impl Launch<'_> {
    /// What would be wrong with its rules: the exit code, after that has been shown. I/O.
    pub(super) fn check(&self) -> Result<(), u8> {
        let checked = self.command(&["--check"]).and_then(|mut command| command.status());
        match checked {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(exit_code(status)),
            Err(error) => Err(fail(format!("{}: {error}", self.failure()))),
        }
    }

    /// Starts it; the result is the exit code. I/O.
    pub(super) fn start(&self) -> u8 {
        let started =
            self.command(&["--detached"]).and_then(|mut command| command.stdout(Stdio::piped()).spawn());
        match started {
            Ok(child) => self.wait(child),
            Err(error) => fail(format!("{}: {error}", self.failure())),
        }
    }

    fn failure(&self) -> String {
        match &self.folder {
            Some(folder) => format!("the daemon cannot be started in {}", folder.display()),
            None => "the daemon cannot be started".to_owned(),
        }
    }

    fn command(&self, hidden: &[&str]) -> io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["daemon", "run"]).args(hidden).args(&self.flags).stdin(Stdio::null());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        if let Some(environment) = &self.environment {
            command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
        }
        Ok(command)
    }

    /// Until it is ready, has ended, or the time is over.
    fn wait(&self, mut child: Child) -> u8 {
        let (sender, events) = mpsc::channel();
        let timer = (sender.clone(), self.timeout);
        thread::spawn(move || {
            thread::sleep(timer.1);
            timer.0.send(Event::TimeIsOver).ok();
        });
        if let Some(reports) = child.stdout.take() {
            thread::spawn(move || listen(reports, &sender));
        }
        let mut awaited = "its rules".to_owned();
        let looks = io::stderr().is_terminal();
        for event in events {
            match event {
                Event::Told(Report::Waits { what }) => {
                    if looks {
                        tell(format!("waiting for {what}"));
                    }
                    awaited = what;
                }
                Event::Told(Report::Ready) => return self.ready(&child),
                Event::Silent => break,
                Event::TimeIsOver => {
                    end(&mut child);
                    return fail(format!(
                        "the daemon was not ready after {}: it waited for {awaited}, and was ended; its log: {}; wait longer with --timeout",
                        format_duration(self.timeout),
                        self.log_file.display()
                    ));
                }
            }
        }
        match child.wait() {
            // It has said why.
            Ok(status) if status.code().is_some_and(|code| code != 0) => exit_code(status),
            Ok(status) => fail(format!(
                "the daemon ended before it was ready ({status}); its log: {}",
                self.log_file.display()
            )),
            Err(error) => fail(format!("the daemon cannot be waited for: {error}")),
        }
    }

    fn ready(&self, child: &Child) -> u8 {
        let pid = child.id();
        let status = match ask(&self.place.socket, Request::Status, TO_ANSWER) {
            Ok(Response::Status(status)) => told(&status),
            _ => format!("its log: {}", self.log_file.display()),
        };
        // Whether anybody reads it changes nothing.
        drop(writeln!(io::stdout(), "the daemon runs (pid {pid}): {status}"));
        0
    }
}

fn listen(reports: impl io::Read, events: &Sender<Event>) {
    for line in BufReader::new(reports).lines().map_while(Result::ok) {
        // What is no report is none of ours.
        if let Ok(report) = serde_json::from_str(&line)
            && events.send(Event::Told(report)).is_err()
        {
            return;
        }
    }
    events.send(Event::Silent).ok();
}

/// In order, and for good.
fn end(child: &mut Child) {
    kill_process(Pid::from_child(child), Signal::TERM).ok();
    let mut waited = Duration::ZERO;
    while waited < TO_END && matches!(child.try_wait(), Ok(None)) {
        let step = Duration::from_millis(20);
        thread::sleep(step);
        waited += step;
    }
    child.kill().ok();
    child.wait().ok();
}

fn exit_code(status: ExitStatus) -> u8 {
    if let Some(signal) = status.signal() {
        return fail(format!("the daemon was killed by signal {signal} before it was ready"));
    }
    status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(2)
}

/// What a person wants to know at once.
fn told(status: &Status) -> String {
    let context =
        status.cluster.context.as_deref().map(|name| format!(" (context {name})")).unwrap_or_default();
    let rules = status.rules.iter().map(|row| &row.rule).collect::<std::collections::BTreeSet<_>>().len();
    let rules = if rules == 1 { "1 rule".to_owned() } else { format!("{rules} rules") };
    let log = status.log_file.as_ref().map(|path| format!(", log {}", path.display())).unwrap_or_default();
    let paused = if status.paused.is_some() { ", PAUSED" } else { "" };
    format!("{}{context}, mode {}{paused}, {rules}{log}", status.cluster.url, status.mode)
}
