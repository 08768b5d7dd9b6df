//! `daemon logs`: what the daemon wrote, and what it writes.

use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::fail;
use super::flags::duration;
use super::follower::{Follower, is_there};
use super::instance::Instance;
use crate::cluster::clock::{Clock, SystemClock};
use crate::daemon::control::client::ask;
use crate::daemon::control::protocol::{Request, Response};
use crate::daemon::process::reason;

/// The file is known by default, too, where the daemon does not answer.
const TO_ANSWER: Duration = Duration::from_secs(3);
/// A person sees no difference.
const BETWEEN: Duration = Duration::from_millis(200);
/// What is shown of what was, where one looks at what comes.
const BEFORE: usize = 10;

/// Print what the daemon has written to its log file, and with -f what it writes, until Ctrl-C
#[derive(Debug, Args)]
pub(in crate::cli) struct Logs {
    /// Go on with what is written from now on, also into new files
    #[arg(short, long)]
    follow: bool,
    /// The last so many lines; else all, and with -f the last 10
    #[arg(short = 'n', long, value_name = "COUNT")]
    lines: Option<usize>,
    /// What was written in this time, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "lines")]
    since: Option<Duration>,
    /// The file, where no daemon runs to tell it
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    #[command(flatten)]
    instance: Instance,
}

pub(super) fn logs(arguments: &Logs) -> u8 {
    let path = match file(arguments) {
        Ok(path) => path,
        Err(reason) => return fail(reason),
    };
    if !is_there(&path) && !arguments.follow {
        return fail(format!("there is no log {}", path.display()));
    }
    match show(arguments, &path) {
        Ok(()) => 0,
        // A reader that has seen enough (`| head`).
        Err(error) if error.kind() == ErrorKind::BrokenPipe => 0,
        Err(error) => fail(format!("the log {} cannot be shown: {}", path.display(), reason(&error))),
    }
}

fn file(arguments: &Logs) -> Result<PathBuf, String> {
    let place = arguments.instance.place()?;
    if let Ok(Response::Status(status)) = ask(&place.socket, Request::Status, TO_ANSWER) {
        return status.log_file.ok_or_else(|| {
            let pid = status.pid;
            format!("the daemon (pid {pid}) writes to its standard error: look where it was started, or start it with --log-file")
        });
    }
    Ok(arguments.log_file.clone().unwrap_or(place.log_file))
}

fn show(arguments: &Logs, path: &Path) -> io::Result<()> {
    while !is_there(path) {
        std::thread::sleep(BETWEEN);
    }
    let mut out = io::stdout().lock();
    let mut follower = Follower::open(path)?;
    match (arguments.since, arguments.lines) {
        (Some(since), _) => {
            let since = SignedDuration::try_from(since).unwrap_or(SignedDuration::MAX);
            let from = SystemClock.now().checked_sub(since).unwrap_or(Timestamp::MIN);
            follower.skip_to(first_since(path, from)?)?;
        }
        (None, Some(lines)) => follower.skip_to_last(lines)?,
        (None, None) if arguments.follow => follower.skip_to_last(BEFORE)?,
        (None, None) => {}
    }
    follower.pass_on(&mut out)?;
    if !arguments.follow {
        return Ok(());
    }
    loop {
        std::thread::sleep(BETWEEN);
        follower.pass_on(&mut out)?;
    }
}

/// Where the first line begins that was written then or later.
fn first_since(path: &Path, from: Timestamp) -> io::Result<u64> {
    let mut reader = BufReader::new(std::fs::File::open(path)?);
    let (mut position, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if length == 0 || written(&String::from_utf8_lossy(&line)).is_some_and(|time| time >= from) {
            return Ok(position);
        }
        position += length as u64;
    }
}

/// When a line was written, in either format; the lines of a table have no time.
fn written(line: &str) -> Option<Timestamp> {
    let text = match line.split_once("\"timestamp\":\"") {
        Some((_, rest)) if line.starts_with('{') => rest.split('"').next(),
        _ => line.split(' ').next(),
    };
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_formats_tell_when_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let text = "  a table\n2026-01-01T00:00:00.5Z old\n{\"timestamp\":\"2026-01-01T00:01:00Z\",\"a\":1}\n  KIND\n";
        std::fs::write(&path, text).unwrap();
        let from = |time: &str| {
            let position = first_since(&path, time.parse().unwrap()).unwrap();
            &text[usize::try_from(position).unwrap()..]
        };
        assert!(from("2025-12-31T23:59:59Z").starts_with("2026-01-01T00:00:00.5Z old"));
        assert!(from("2026-01-01T00:00:01Z").starts_with('{'));
        assert_eq!(from("2026-01-01T01:00:00Z"), "");
    }
}
