//! How a daemon is told to end, from outside: SIGTERM to the process that holds the pid file and to no other,
//! then a wait until the kernel has taken the lock from it.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::pid_file::{Holder, PidFileError, holder};
use super::reason;

/// How often it is looked whether the daemon has gone.
const BETWEEN: Duration = Duration::from_millis(20);
/// After SIGKILL nothing but a process that hangs in the kernel stays.
const TO_DIE: Duration = Duration::from_secs(5);

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There was none.
    NothingRan,
    /// It ended in order.
    InOrder(Holder),
    /// It was killed: what it had begun on the cluster may be half told.
    Killed(Holder),
}

/// Why it runs on, as far as is known.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// Who runs cannot be told.
    #[error(transparent)]
    Find(#[from] PidFileError),
    /// The pid file is another user's, who may have written any pid there.
    #[error("the daemon (pid {}) belongs to the user {}: only that user and root may end it", .0.pid, .0.user)]
    Trust(Holder),
    /// The pid that is written in the file is not the process of the file's owner.
    #[error("the pid file names the process {}, which is no process of its owner: nothing was ended", .0.pid)]
    Believe(Holder),
    /// The signal cannot be sent.
    #[error("the daemon (pid {pid}) cannot be told to end: {reason}")]
    Signal {
        /// Its process.
        pid: u32,
        /// Why.
        reason: String,
    },
    /// It did not end in time.
    #[error("the daemon (pid {pid}) has not ended after {}s: it runs on; wait longer with --timeout, or kill it with --force", .after.as_secs())]
    Wait {
        /// Its process.
        pid: u32,
        /// So long was waited.
        after: Duration,
    },
}

/// Ends the daemon that holds the pid file, and waits until it has gone; `waiting` is called meanwhile with how
/// long that is. Only with `force` is it killed when the time is over. I/O.
pub fn end(
    pid_file: &Path,
    patience: Duration,
    force: bool,
    mut waiting: impl FnMut(&Holder, Duration),
) -> Result<Ended, EndError> {
    let Some(daemon) = holder(pid_file)? else { return Ok(Ended::NothingRan) };
    check(&daemon)?;
    send(pid_file, &daemon, Signal::TERM)?;
    if wait(pid_file, &daemon, patience, &mut waiting)? {
        return Ok(Ended::InOrder(daemon));
    }
    if !force {
        return Err(EndError::Wait { pid: daemon.pid, after: patience });
    }
    send(pid_file, &daemon, Signal::KILL)?;
    if wait(pid_file, &daemon, TO_DIE, &mut |_, _| {})? {
        return Ok(Ended::Killed(daemon));
    }
    Err(EndError::Wait { pid: daemon.pid, after: patience + TO_DIE })
}

fn check(daemon: &Holder) -> Result<(), EndError> {
    let user = geteuid().as_raw();
    if user != 0 && daemon.user != user {
        return Err(EndError::Trust(*daemon));
    }
    // Root may kill anything: a user's file must not choose what.
    #[cfg(target_os = "linux")]
    if std::fs::metadata(format!("/proc/{}", daemon.pid))
        .is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) != daemon.user)
    {
        return Err(EndError::Believe(*daemon));
    }
    Ok(())
}

/// The signal goes to a process that is held fast first, and known to be the holder after that: a pid that the
/// kernel has given to another one meanwhile is none.
fn send(pid_file: &Path, daemon: &Holder, signal: Signal) -> Result<(), EndError> {
    let failed =
        |error: rustix::io::Errno| EndError::Signal { pid: daemon.pid, reason: reason(&error.into()) };
    let Some(pid) = i32::try_from(daemon.pid).ok().and_then(Pid::from_raw) else {
        return Err(EndError::Believe(*daemon));
    };
    #[cfg(target_os = "linux")]
    let held_fast = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty());
    if !still_runs(pid_file, daemon)? {
        return Ok(());
    }
    #[cfg(target_os = "linux")]
    // An old kernel, or a container's filter, may not have it.
    if let Ok(process) = held_fast {
        return gone_is_well(rustix::process::pidfd_send_signal(process, signal)).map_err(failed);
    }
    gone_is_well(kill_process(pid, signal)).map_err(failed)
}

fn gone_is_well(sent: rustix::io::Result<()>) -> rustix::io::Result<()> {
    if sent == Err(rustix::io::Errno::SRCH) { Ok(()) } else { sent }
}

fn still_runs(pid_file: &Path, daemon: &Holder) -> Result<bool, EndError> {
    Ok(holder(pid_file)?.is_some_and(|now| now == *daemon))
}

/// Whether it has gone within this time.
fn wait(
    pid_file: &Path,
    daemon: &Holder,
    patience: Duration,
    waiting: &mut impl FnMut(&Holder, Duration),
) -> Result<bool, EndError> {
    let mut waited = Duration::ZERO;
    while still_runs(pid_file, daemon)? {
        if waited >= patience {
            return Ok(false);
        }
        std::thread::sleep(BETWEEN);
        waited += BETWEEN;
        waiting(daemon, waited);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn where_nobody_holds_the_file_nobody_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pid");
        assert_eq!(end(&path, Duration::ZERO, true, |_, _| {}).unwrap(), Ended::NothingRan);
        // Ourselves: were the file believed, the test would end here.
        fs::write(&path, format!("{}\n", std::process::id())).unwrap();
        assert_eq!(end(&path, Duration::ZERO, true, |_, _| {}).unwrap(), Ended::NothingRan);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_names_another_users_process_ends_nobody() {
        let daemon = Holder { pid: std::process::id(), since: jiff::Timestamp::UNIX_EPOCH, user: 4_000_000 };
        assert!(matches!(check(&daemon), Err(EndError::Trust(_) | EndError::Believe(_))));
    }
}
