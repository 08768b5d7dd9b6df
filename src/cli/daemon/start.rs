//! `daemon start`: the daemon in the background, and nothing said of success before it is ready.

use std::time::Duration;

use clap::Args;

use super::arguments::{self, given};
use super::fail;
use super::flags::{Flags, duration};
use super::launch::Launch;
use crate::daemon::process::pid_file::{PidFileError, holder};

/// Run in the background; returns once everything that the rules watch has been listed
///
/// Exit status: 0 it runs, 1 the rules have errors (shown as by validate-rules), 2 it does not run for another
/// reason, which is shown. Where the status is not 0, nothing was left running.
#[derive(Debug, Args)]
pub(in crate::cli) struct Start {
    #[command(flatten)]
    flags: Flags,
    /// How long it may take until it is ready; then it is ended again
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    timeout: Duration,
}

pub(super) fn start(arguments: &Start) -> u8 {
    let place = match arguments.flags.instance.place() {
        Ok(place) => place,
        Err(reason) => return fail(reason),
    };
    if let Ok(Some(holder)) = holder(&place.pid_file) {
        return fail(PidFileError::Runs(holder));
    }
    let mut given = match given(&arguments::own()) {
        Ok(given) => given,
        Err(reason) => return fail(reason),
    };
    given.remove("timeout");
    let log_file = arguments.flags.log.log_file.clone().unwrap_or_else(|| place.log_file.clone());
    let launch = Launch {
        flags: arguments::line(&given),
        folder: None,
        environment: None,
        timeout: arguments.timeout,
        place: &place,
        log_file,
    };
    launch.start()
}
