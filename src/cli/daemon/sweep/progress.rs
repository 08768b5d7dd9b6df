//! One line on standard error that says how long it takes, where that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use k8s_healer_engine::moment::elapsed;
use k8s_healer_engine::values::format_duration;

use crate::cluster::clock::{Clock, SystemClock};

const TICK: Duration = Duration::from_secs(1);

/// Shows the line until this is dropped.
pub(in crate::cli) struct Progress(Option<tokio::task::JoinHandle<()>>);

impl Progress {
    /// Within a runtime.
    pub(in crate::cli) fn start(what: String) -> Self {
        Self::telling(move || what.clone())
    }

    /// The same of what changes meanwhile.
    pub(in crate::cli) fn telling(what: impl Fn() -> String + Send + 'static) -> Self {
        let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        if !io::stderr().is_terminal() || is_dumb {
            return Self(None);
        }
        Self(Some(tokio::spawn(async move {
            let began = SystemClock.now();
            loop {
                let taken = Duration::from_secs(elapsed(began, SystemClock.now()).as_secs());
                write(&format!("{}, {}", what(), format_duration(taken)));
                SystemClock.sleep(TICK).await;
            }
        })))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
            write("");
        }
    }
}

/// The cursor stays at the beginning: a line of the log takes its place. Whether anybody sees it changes nothing.
fn write(line: &str) {
    let line: String = line.chars().filter(|c| !c.is_control()).take(100).collect();
    drop(write!(io::stderr(), "\r{line}\u{1b}[K\r"));
}
