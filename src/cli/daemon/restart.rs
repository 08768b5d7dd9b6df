//! `daemon restart`: what runs is started again with the flags, in the folder and in the environment that it has,
//! but for the flags that are given now. What would not start is found before anything is ended.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use clap::Args;

use super::arguments::{self, Given, anchored, given, replaced};
use super::flags::{Flags, duration};
use super::launch::Launch;
use super::stop::wonder;
use super::{fail, tell};
use crate::daemon::control::client::ask;
use crate::daemon::control::protocol::{Request, Response, Status};
use crate::daemon::process::end::{Ended, end};
use crate::daemon::process::pid_file::{Holder, holder};
use crate::daemon::process::place::Place;
use crate::daemon::process::reason;

const TO_ANSWER: Duration = Duration::from_secs(10);
/// The daemon itself needs a second.
const TO_END: Duration = Duration::from_secs(30);
/// By these a daemon says that it runs in the background, and is told what is not for it.
const BACKGROUND: &str = "detached";
const OWN: [&str; 3] = [BACKGROUND, "check", "timeout"];

/// End the daemon and start it again, with the flags that it has but for those given now
///
/// A flag given now takes the place of all of the same name. Folder and environment stay those of the running
/// one; variables set now play no part. Its rules are checked first: with mistakes in them the old one runs on.
/// Where none runs, this is `start`. Exit status: as of `start`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Restart {
    #[command(flatten)]
    flags: Flags,
    /// How long it may take until it is ready; then it is ended again
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    timeout: Duration,
}

pub(super) fn restart(arguments: &Restart) -> u8 {
    match again(arguments) {
        Ok(exit_code) => exit_code,
        Err(reason) => fail(reason),
    }
}

fn again(arguments: &Restart) -> Result<u8, String> {
    let place = arguments.flags.instance.place()?;
    let mut new = given(&arguments::own())?;
    OWN.iter().for_each(|own| drop(new.remove(*own)));
    let running = holder(&place.pid_file).map_err(|error| error.to_string())?;
    let mut launch = Launch {
        flags: arguments::line(&new),
        folder: None,
        environment: None,
        timeout: arguments.timeout,
        place: &place,
        log_file: arguments.flags.log.log_file.clone().unwrap_or_else(|| place.log_file.clone()),
    };
    let Some(running) = running else {
        tell("no daemon runs: one is started");
        return Ok(launch.start());
    };
    let status = status(&place, &running)?;
    let here = std::env::current_dir()
        .map_err(|error| format!("the current folder is not known: {}", reason(&error)))?;
    let flags = replaced(flags_of(&running, &status)?, anchored(new, &here));
    launch.flags = arguments::line(&flags);
    launch.log_file = match flags.get("log-file").and_then(|values| values.last()) {
        Some(path) => status.folder.join(path),
        None => status.log_file.unwrap_or(launch.log_file),
    };
    launch.folder = Some(status.folder);
    launch.environment = environment_of(running.pid);
    if let Err(exit_code) = launch.check() {
        tell(format!("the daemon runs on as it was (pid {})", running.pid));
        return Ok(exit_code);
    }
    match end(&place.pid_file, TO_END, false, wonder()).map_err(|error| error.to_string())? {
        Ended::InOrder(daemon) | Ended::Killed(daemon) => {
            tell(format!(
                "the daemon has ended (pid {}); starting it again: {}",
                daemon.pid,
                shown(&launch.flags)
            ));
        }
        Ended::NothingRan => {}
    }
    let exit_code = launch.start();
    if exit_code != 0 {
        tell("no daemon runs now");
    }
    Ok(exit_code)
}

fn status(place: &Place, running: &Holder) -> Result<Status, String> {
    let advice = format!("stop the daemon (pid {}) and start one with the flags that you want", running.pid);
    match ask(&place.socket, Request::Status, TO_ANSWER) {
        Ok(Response::Status(status)) => Ok(*status),
        Ok(Response::Error { message }) => Err(format!("{message}; to restart it, ask again, or {advice}")),
        Ok(_) => Err(format!("the daemon does not tell its flags; {advice}")),
        Err(error) => Err(format!("{error}; {advice}")),
    }
}

/// Who runs it in the foreground would see it end, and perhaps start it again by themselves.
fn flags_of(running: &Holder, status: &Status) -> Result<Given, String> {
    let pid = running.pid;
    let mut flags = given(&status.arguments).map_err(|reason| {
        format!("the flags of the daemon (pid {pid}) are not known here: {reason}; stop it, and start one")
    })?;
    if flags.remove(BACKGROUND).is_none() {
        return Err(format!(
            "the daemon (pid {pid}) runs in the foreground: restart it where it was started, or stop it and start one"
        ));
    }
    OWN.iter().for_each(|own| drop(flags.remove(*own)));
    Ok(flags)
}

/// What the process was started with; `None` where the system does not tell.
fn environment_of(pid: u32) -> Option<Vec<(OsString, OsString)>> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let variables = environment.split(|byte| *byte == 0).filter_map(|variable| {
        let at = variable.iter().position(|byte| *byte == b'=')?;
        let [name, value] =
            [&variable[..at], &variable[at + 1..]].map(|part| OsStr::from_bytes(part).to_owned());
        Some((name, value))
    });
    Some(variables.filter(|(name, _)| !name.is_empty()).collect())
}

fn shown(flags: &[OsString]) -> String {
    flags.iter().map(|flag| flag.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
