//! `sweep`: what is due now is done once, by this process with rules of its own, or by the daemon that runs.

mod pass;
pub(in crate::cli) mod progress;
pub(super) mod show;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use self::show::{Account, Told};
use super::flags::{Instance, Level, ModeArgument, duration, glob};
use super::{arguments, fail};
use crate::cli::cluster::Cluster;
use crate::daemon::control::protocol::{Request, Response, Summary};

/// Longer than the daemon itself takes before it says that it cannot answer.
const TO_SWEEP: Duration = Duration::from_secs(930);
/// What the daemon goes by is its own affair.
const OF_OWN_PASS: [&str; 6] = ["namespace", "exclude-namespaces", "mode", "set", "kubeconfig", "context"];

/// Do what is due now, once, and end: after a test run, or on a schedule
///
/// With rules it lists what they watch by itself and needs no daemon; without any, it asks the one that runs. What
/// falls due later is left alone, but for the later steps of what was begun, with --wait. A rule's `for` counts from
/// now, unless the object itself tells since when the rule is true of it (a condition's lastTransitionTime, a
/// container's finishedAt, its own creation and deletion): such a rule may be due at once, the others are not.
///
/// Exit status: 0 all that was due is done, or is protected or held back, which is shown; 1 something failed, could
/// not be looked at, or was still there after --wait; 2 nothing could be begun; 130 it was interrupted.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Rule files, or folders of them; may be repeated; without any, the daemon that runs does it
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Rules")]
    rules: Vec<PathBuf>,
    /// Set a parameter of a pack, or of every pack that has it; may be repeated
    #[arg(long, value_name = "[PACK.]NAME=VALUE", help_heading = "Rules")]
    set: Vec<String>,
    /// How far rules may go; a rule's own mode can only weaken it
    #[arg(long, value_enum, default_value_t, help_heading = "Rules")]
    mode: ModeArgument,
    /// Only in these namespaces, of those that rules select: globs; nothing is touched that is in none
    #[arg(long, value_name = "GLOB", value_parser = glob, num_args = 1.., help_heading = "Rules")]
    namespace: Vec<String>,
    /// Namespaces that no rule selects, whatever it says: globs; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = glob, help_heading = "Rules")]
    exclude_namespaces: Vec<String>,
    /// Wait until what was deleted is gone and what was begun is done, as long as this at the most
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "5m", value_parser = duration)]
    wait: Option<Duration>,
    /// Let the daemon that runs do it, also where a variable or the config file names rules
    #[arg(long, conflicts_with = "rules")]
    daemon: bool,
    #[command(flatten)]
    cluster: Cluster,
    /// Log what is less or more important too, to standard error
    #[arg(long, value_enum, default_value_t = Level::Warn, value_name = "LEVEL", help_heading = "Log")]
    log_level: Level,
    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    instance: Instance,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table for people
    #[default]
    Table,
    /// One JSON document for programs
    Json,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> u8 {
    let of_its_own = !arguments.daemon && !arguments.rules.is_empty();
    let passed =
        if of_its_own { pass::pass(arguments) } else { ask(arguments).map(|summary| (summary, None)) };
    match passed {
        Ok((summary, interrupted)) => {
            show::show(&Account { summary: &summary, told: Told::Sweep }, arguments.format);
            interrupted.unwrap_or_else(|| exit_code(&summary, arguments.wait.is_some()))
        }
        Err(exit_code) => exit_code,
    }
}

/// The daemon does it, by its own rules and flags. I/O.
fn ask(arguments: &Arguments) -> Result<Summary, u8> {
    let given = arguments::given(&arguments::own()).map_err(fail)?;
    if let Some(flag) = OF_OWN_PASS.iter().find(|flag| given.contains_key(**flag)) {
        return Err(fail(format!(
            "--{flag} is for a sweep by rules of its own: name them with --rules, or leave it out; the daemon that runs sweeps as it was started"
        )));
    }
    // Parts of a second count as a whole one.
    let wait_seconds = arguments.wait.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    let patience = TO_SWEEP.saturating_add(arguments.wait.unwrap_or_default());
    match arguments.instance.ask(Request::Sweep { wait_seconds }, patience)? {
        Response::Summary(summary) => Ok(summary),
        _ => Err(fail("the daemon answered something else than what it did")),
    }
}

/// What is protected is as it should be; what failed, or is not known, is not.
fn exit_code(summary: &Summary, waited: bool) -> u8 {
    let failed = summary.rows.iter().any(|row| row.failed > 0);
    let remains = waited && !summary.remaining.is_empty();
    u8::from(failed || remains || !summary.incomplete.is_empty())
}
