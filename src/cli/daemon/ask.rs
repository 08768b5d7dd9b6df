//! `daemon reload`, `pause` and `resume`: one question each to the daemon that runs, and its answer as it is.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;

use super::instance::Instance;
use super::{fail, tell};
use crate::daemon::control::protocol::{ReloadOutcome, ReloadReport, Request, Response};

/// Longer than the daemon itself takes before it says that it cannot answer.
const TO_ANSWER: Duration = Duration::from_secs(40);
const TO_RELOAD: Duration = Duration::from_secs(130);

/// Read the rules again; they come into force if they are sound
///
/// The difference is shown, or the mistakes. Exit status: 0 they are in force, 1 they are not, 2 no daemon could be
/// asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct Reload {
    /// Also where more than half of the rules would go
    #[arg(long)]
    accept_removals: bool,
    #[command(flatten)]
    instance: Instance,
}

/// Do nothing more, until `resume`; a restart does not end it
#[derive(Debug, Args)]
pub(in crate::cli) struct Pause {
    /// Why, for whoever looks at the status
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    instance: Instance,
}

/// Go on after `pause`; or with a rule whose breaker has opened
#[derive(Debug, Args)]
pub(in crate::cli) struct Resume {
    /// Close the breaker of this rule; it opens again once less has matched and too much does anew
    #[arg(value_name = "PACK/RULE")]
    rule: Option<String>,
    #[command(flatten)]
    instance: Instance,
}

pub(super) fn reload(arguments: &Reload) -> u8 {
    let request = Request::Reload { accept_removals: arguments.accept_removals, by_signal: false };
    match arguments.instance.ask(request, TO_RELOAD) {
        Ok(Response::Reload(report)) => show(&report),
        Ok(other) => unexpected(&other),
        Err(exit_code) => exit_code,
    }
}

fn show(report: &ReloadReport) -> u8 {
    let mut text = String::new();
    for line in report.diff.iter().chain(&report.problems) {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let (line, exit_code) = match report.outcome {
        ReloadOutcome::Applied => ("the new rules are in force", 0),
        ReloadOutcome::Unchanged => ("the rules say the same as before", 0),
        ReloadOutcome::Invalid => ("the rules have errors: those before stay in force", 1),
        ReloadOutcome::Unconfirmed => (
            "more than half of the rules would go: those before stay in force; if that is meant, say it again, or with --accept-removals",
            1,
        ),
        ReloadOutcome::Failed => ("the cluster cannot be asked: the rules before stay in force", 1),
    };
    // Whether anybody reads it changes nothing.
    drop(io::stdout().write_all(text.as_bytes()));
    tell(line);
    exit_code
}

pub(super) fn pause(arguments: &Pause) -> u8 {
    let request = Request::Pause { reason: arguments.reason.clone() };
    match arguments.instance.ask(request, TO_ANSWER) {
        Ok(Response::Pause { paused: Some(paused) }) => {
            let since = paused.since.strftime("%Y-%m-%d %H:%M:%SZ");
            tell(format!("paused since {since}: nothing is done until `k8s-healer daemon resume`"));
            0
        }
        Ok(other) => unexpected(&other),
        Err(exit_code) => exit_code,
    }
}

pub(super) fn resume(arguments: &Resume) -> u8 {
    match arguments.instance.ask(Request::Resume { rule: arguments.rule.clone() }, TO_ANSWER) {
        Ok(Response::Breaker { rule, was_open: true }) => {
            tell(format!("the breaker of {rule} is closed: what is due is done now"));
            0
        }
        Ok(Response::Breaker { rule, was_open: false }) => {
            tell(format!("the breaker of {rule} is not open"));
            0
        }
        Ok(Response::Pause { paused: None }) => {
            tell("it goes on: what is due is done now");
            0
        }
        Ok(other) => unexpected(&other),
        Err(exit_code) => exit_code,
    }
}

fn unexpected(response: &Response) -> u8 {
    fail(format!("the daemon answered something else: {response:?}"))
}
