//! `daemon run`: the daemon in the foreground, and what `daemon start` runs in the background. Step by step:
//! rules, place, log, cluster; each is sound before the next is touched.

use std::sync::Arc;

use clap::Args;

use super::flags::{Flags, LogFlags};
use super::follow::{Setup, follow};
use super::held::{Held, hold};
use super::rules::SoundRules;
use super::{arguments, fail};
use crate::cluster::clock::{Clock, SystemClock};
use crate::daemon::process::place::Place;
use crate::daemon::process::reason;
use crate::daemon::process::starter::Starter;
use crate::daemon::supervisor::Process;
use crate::report::log::{self, Destination};
use crate::report::log_file::LogFile;

/// Run in the foreground until SIGINT or SIGTERM
///
/// SIGHUP reads the rules again and opens the log file anew, SIGUSR1 does a sweep, SIGUSR2 writes a summary to the
/// log. A second SIGINT or SIGTERM ends it at once. Exit status: 0 it was told to end, 1 the rules have errors,
/// 2 it cannot run.
#[derive(Debug, Args)]
pub(in crate::cli) struct Run {
    #[command(flatten)]
    flags: Flags,
    /// In the background, told to by `start`
    #[arg(long, hide = true)]
    detached: bool,
    /// Load the rules, show what is wrong with them, and end
    #[arg(long, hide = true)]
    check: bool,
}

pub(super) fn run(arguments: Run) -> u8 {
    let Run { flags, detached, check } = arguments;
    // Before there is any other thread, and before anything can fail on the terminal that is left.
    let starter = match detached.then(Starter::detach).transpose() {
        Ok(starter) => starter.unwrap_or_else(Starter::nobody),
        Err(error) => return fail(format!("the terminal cannot be left: {error}")),
    };
    let rules = match SoundRules::load(&flags.rules) {
        Ok(rules) => rules,
        Err(exit_code) => return exit_code,
    };
    if check {
        return 0;
    }
    let place = match flags.instance.place() {
        Ok(place) => place,
        Err(reason) => return fail(reason),
    };
    let Held { socket, pid_file, missing } = match hold(&place, detached) {
        Ok(held) => held,
        Err(error) => return fail(error),
    };
    let log_file = match log_file(&flags.log, &place, detached) {
        Ok(log_file) => log_file,
        Err(message) => return fail(message),
    };
    let destination = log_file.clone().map_or(Destination::StandardError, Destination::File);
    log::start(destination, flags.log.log_format, flags.log.log_level.word());
    if detached {
        // Standard error leads nowhere soon.
        std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    }
    if let Some(missing) = missing {
        tracing::warn!("no control socket, and no pid file: {missing}");
    }
    rules.warn();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format!("the runtime cannot be started: {error}")),
    };
    let process = of_itself(log_file.as_ref());
    let log_is_elsewhere = log_file.is_some();
    let setup = Setup { flags, rules, process, place, log_file, socket, starter };
    let exit_code = match runtime.block_on(follow(setup)) {
        Ok(()) => {
            tracing::info!("ended");
            0
        }
        Err(reason) => {
            tracing::error!("{reason}");
            if log_is_elsewhere { fail(reason) } else { 2 }
        }
    };
    // Nothing that is left runs on: what was begun on the cluster has ended.
    runtime.shutdown_background();
    drop(pid_file);
    exit_code
}

/// The open log, where it goes to a file. I/O.
fn log_file(flags: &LogFlags, place: &Place, detached: bool) -> Result<Option<LogFile>, String> {
    let path = match &flags.log_file {
        Some(path) => path,
        None if detached => &place.log_file,
        None => return Ok(None),
    };
    let opened = match path.parent() {
        // By default it lies in a folder of its own.
        Some(folder) if flags.log_file.is_none() => std::fs::create_dir_all(folder),
        _ => Ok(()),
    };
    let opened = opened.and_then(|()| LogFile::open(path, flags.rotation(), || SystemClock.now()));
    let told = |error: std::io::Error| {
        format!("the log file {} cannot be opened: {}", path.display(), reason(&error))
    };
    opened.map(Some).map_err(told)
}

/// What the status tells of this process.
fn of_itself(log_file: Option<&LogFile>) -> Process {
    let trouble = log_file.cloned().map(|log_file| {
        let trouble = move || log_file.trouble();
        Arc::new(trouble) as Arc<dyn Fn() -> Option<String> + Send + Sync>
    });
    Process {
        arguments: arguments::own(),
        folder: std::env::current_dir().unwrap_or_default(),
        started: SystemClock.now(),
        log_file: log_file.map(LogFile::path),
        log_trouble: trouble,
    }
}
