//! `daemon stop`: ends the daemon that holds the pid file, in order.

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;

use super::flags::duration;
use super::instance::Instance;
use super::{fail, tell};
use crate::daemon::process::end::{Ended, end};
use crate::daemon::process::pid_file::Holder;

/// After so long a person is told what is waited for.
const TO_WONDER: Duration = Duration::from_secs(1);

/// End the daemon; what it has begun on the cluster is finished first
///
/// Exit status: 0 none runs any more (none may have run before), 2 it runs on.
#[derive(Debug, Args)]
pub(in crate::cli) struct Stop {
    /// How long it may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// Kill it when the time is over
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    instance: Instance,
}

pub(super) fn stop(arguments: &Stop) -> u8 {
    let place = match arguments.instance.place() {
        Ok(place) => place,
        Err(reason) => return fail(reason),
    };
    match end(&place.pid_file, arguments.timeout, arguments.force, wonder()) {
        Ok(Ended::NothingRan) => {
            tell(format!("no daemon runs: nobody holds {}", place.pid_file.display()));
            0
        }
        Ok(Ended::InOrder(daemon)) => {
            tell(format!("the daemon has ended (pid {})", daemon.pid));
            0
        }
        Ok(Ended::Killed(daemon)) => {
            tell(format!("the daemon was killed (pid {}): it did not end by itself", daemon.pid));
            0
        }
        Err(error) => fail(error),
    }
}

/// On a terminal, says once what is waited for.
pub(super) fn wonder() -> impl FnMut(&Holder, Duration) {
    let mut quiet = !io::stderr().is_terminal();
    move |daemon, waited| {
        if waited >= TO_WONDER && !quiet {
            quiet = true;
            tell(format!("waiting for the daemon to end (pid {})", daemon.pid));
        }
    }
}
