//! `--wait`: examines again and again, until all is there or the time is over.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use k8s_healer_engine::moment::after;
use k8s_healer_engine::values::format_duration;

use super::finding::Report;
use super::{Arguments, REQUEST_TIME_OUT, examine};
use crate::cluster::clock::{Clock, SystemClock};
use crate::rules::Loaded;

/// Between two examinations: what comes is seen within a second, and the server hardly notices.
const PAUSE: Duration = Duration::from_secs(1);

/// Client required: one report, or the last of several.
pub(super) async fn examine_until_well(arguments: &Arguments, loaded: Option<&Loaded>) -> Report {
    let Some(wait) = arguments.wait else {
        return examine(&arguments.cluster, loaded, REQUEST_TIME_OUT).await;
    };
    let clock = SystemClock;
    let began = clock.now();
    let left = || Duration::try_from(after(began, wait).duration_since(clock.now())).unwrap_or_default();
    let mut progress = Progress::new(wait);
    loop {
        // A server that does not answer does not take longer than what is left.
        let time_out = REQUEST_TIME_OUT.min(left()).max(PAUSE);
        let report = examine(&arguments.cluster, loaded, time_out).await;
        if left().is_zero() || !report.is_worth_waiting_for() {
            progress.end();
            return report.after_waiting(wait);
        }
        progress.show(&report, wait.saturating_sub(left()));
        clock.sleep(PAUSE.min(left())).await;
    }
}

/// One line on standard error that is written over and over, where that is a terminal.
struct Progress {
    wait: Duration,
    is_shown: bool,
}

impl Progress {
    fn new(wait: Duration) -> Self {
        let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        Self { wait, is_shown: io::stderr().is_terminal() && !is_dumb }
    }

    fn show(&mut self, report: &Report, waited: Duration) {
        let awaited = report.awaited();
        let Some(first) = awaited.first() else { return };
        let more =
            if awaited.len() > 1 { format!(" (and {} more)", awaited.len() - 1) } else { String::new() };
        let whole = |duration: Duration| format_duration(Duration::from_secs(duration.as_secs()));
        let line = format!("waiting, {} of {}: {}{more}", whole(waited), whole(self.wait), first.what);
        let line: String = line.chars().filter(|c| !c.is_control()).take(100).collect();
        self.write(&line);
    }

    fn end(&mut self) {
        self.write("");
    }

    fn write(&self, line: &str) {
        if self.is_shown {
            // Whether anybody sees it changes nothing.
            drop(write!(io::stderr(), "\r{line}\u{1b}[K"));
        }
    }
}
