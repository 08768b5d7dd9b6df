//! How a daemon is told to end, from outside: SIGTERM to the process that holds the pid file and to no other,
//! then a wait until it has let go of the file and has gone.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
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
    let process = Process::hold(pid_file, daemon)?;
    process.send(Signal::TERM)?;
    if process.wait(patience, &mut waiting)? {
        return Ok(Ended::InOrder(daemon));
    }
    if !force {
        return Err(EndError::Wait { pid: daemon.pid, after: patience });
    }
    process.send(Signal::KILL)?;
    if process.wait(TO_DIE, &mut |_, _| {})? {
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

/// A daemon's process, held fast where the kernel can do that: another one to which it gives the same pid later is
/// not meant.
struct Process<'f> {
    pid_file: &'f Path,
    daemon: Holder,
    pid: Pid,
    /// An old kernel, or a container's filter, may not have it.
    held_fast: Option<OwnedFd>,
}

impl<'f> Process<'f> {
    fn hold(pid_file: &'f Path, daemon: Holder) -> Result<Self, EndError> {
        let Some(pid) = i32::try_from(daemon.pid).ok().and_then(Pid::from_raw) else {
            return Err(EndError::Believe(daemon));
        };
        #[cfg(target_os = "linux")]
        let held_fast = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok();
        #[cfg(not(target_os = "linux"))]
        let held_fast = None;
        let mut process = Self { pid_file, daemon, pid, held_fast };
        // It is known to be the holder after it was held fast; what is not the holder is nobody's affair.
        if !process.holds_the_file()? {
            process.held_fast = None;
        }
        Ok(process)
    }

    fn holds_the_file(&self) -> Result<bool, EndError> {
        Ok(holder(self.pid_file)?.is_some_and(|now| now == self.daemon))
    }

    /// Between letting go of the file and its end a process closes what it has open, and may hang in that.
    fn runs(&self) -> Result<bool, EndError> {
        let Some(process) = &self.held_fast else { return self.holds_the_file() };
        let mut ended = [PollFd::new(process, PollFlags::IN)];
        match poll(&mut ended, Some(&Timespec::default())) {
            Ok(ended) => Ok(ended == 0),
            Err(_) => self.holds_the_file(),
        }
    }

    fn send(&self, signal: Signal) -> Result<(), EndError> {
        let sent = match &self.held_fast {
            #[cfg(target_os = "linux")]
            Some(process) => rustix::process::pidfd_send_signal(process, signal),
            _ if !self.holds_the_file()? => Ok(()),
            _ => kill_process(self.pid, signal),
        };
        match sent {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(EndError::Signal { pid: self.daemon.pid, reason: reason(&error.into()) }),
        }
    }

    /// Whether it has gone within this time.
    fn wait(
        &self,
        patience: Duration,
        waiting: &mut impl FnMut(&Holder, Duration),
    ) -> Result<bool, EndError> {
        let mut waited = Duration::ZERO;
        while self.runs()? {
            if waited >= patience {
                return Ok(false);
            }
            std::thread::sleep(BETWEEN);
            waited += BETWEEN;
            waiting(&self.daemon, waited);
        }
        Ok(true)
    }
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
