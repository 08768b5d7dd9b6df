//! The pid file: locked for as long as its daemon lives, by the kernel, so that it tells the truth also after
//! `kill -9`. What is written in it is for people and for `stop`; the lock alone says whether one runs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::geteuid;

use super::reason;

/// Who looks whether one runs holds the lock for a moment, and who just got it has not written its pid yet:
/// asked again so often, after so long, a second in all.
const ATTEMPTS: u32 = 100;
const BETWEEN: Duration = Duration::from_millis(10);
/// A pid, and nothing longer.
const LONGEST: u64 = 32;

/// The lock; held until this is dropped, which takes the file away.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

/// The daemon that holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// Since when it holds it.
    pub since: Timestamp,
    /// Whose it is.
    pub user: u32,
}

/// Why a pid file cannot be had, or not be believed.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    /// Another daemon has it.
    #[error("a daemon runs already (pid {}, since {}): stop it, or start another one with --pid-file", .0.pid, .0.since.strftime("%Y-%m-%d %H:%M:%SZ"))]
    Runs(Holder),
    /// Some process has it that does not say which.
    #[error("{} is locked by a process that has not written its pid there", .path.display())]
    ReadPid {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be opened, read, written or locked.
    #[error("the pid file {} cannot be used: {reason}", .path.display())]
    Use {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Somebody else wrote it.
    #[error("the pid file {} belongs to the user {owner}", .path.display())]
    Own {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
}

impl PidFile {
    /// Locks the file, which is made where it is missing, and writes this process's pid into it. I/O.
    pub fn acquire(path: &Path) -> Result<Self, PidFileError> {
        let failed = |error: io::Error| PidFileError::Use { path: path.to_owned(), reason: reason(&error) };
        for _ in 0..ATTEMPTS {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o644);
            let mut file = open(path, &mut options).map_err(failed)?;
            let owner = file.metadata().map_err(failed)?.uid();
            if owner != geteuid().as_raw() {
                return Err(PidFileError::Own { path: path.to_owned(), owner });
            }
            match file.try_lock() {
                Ok(()) if is_at(path, &file) => {
                    file.set_len(0).map_err(failed)?;
                    writeln!(file, "{}", std::process::id()).map_err(failed)?;
                    return Ok(Self { path: path.to_owned(), file });
                }
                // Its last holder took it away after we opened it: the name leads to another file, or to none.
                Ok(()) => continue,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // A look is shared, a daemon's lock is not.
            if is_held(&file).map_err(failed)?
                && let Some(pid) = read_pid(&mut file).map_err(failed)?
            {
                return Err(PidFileError::Runs(holder_of(&file, pid).map_err(failed)?));
            }
            std::thread::sleep(BETWEEN);
        }
        Err(PidFileError::ReadPid { path: path.to_owned() })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Under the lock, and only where it is still ours: nobody else's file goes. Where it stays, the lock
        // goes all the same, and a stale file is no obstacle.
        if is_at(&self.path, &self.file) {
            fs::remove_file(&self.path).ok();
        }
    }
}

/// Who holds this pid file; `None`: nobody, whatever is written in it. I/O.
pub fn holder(path: &Path) -> Result<Option<Holder>, PidFileError> {
    let failed = |error: io::Error| PidFileError::Use { path: path.to_owned(), reason: reason(&error) };
    for _ in 0..ATTEMPTS {
        let mut file = match open(path, OpenOptions::new().read(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if !is_held(&file).map_err(failed)? {
            return Ok(None);
        }
        if let Some(pid) = read_pid(&mut file).map_err(failed)? {
            return holder_of(&file, pid).map(Some).map_err(failed);
        }
        std::thread::sleep(BETWEEN);
    }
    Err(PidFileError::ReadPid { path: path.to_owned() })
}

/// No link is followed: in a folder that others may write to, it could lead anywhere.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed()).open(path)
}

/// Whether the name still leads to the open file.
fn is_at(path: &Path, file: &File) -> bool {
    let (Ok(named), Ok(open)) = (fs::symlink_metadata(path), file.metadata()) else { return false };
    (named.dev(), named.ino()) == (open.dev(), open.ino())
}

/// Whether some process holds the lock for itself.
fn is_held(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn read_pid(file: &mut File) -> io::Result<Option<u32>> {
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    // Without the end of the line it may be half of a number.
    let line = text.split_once('\n').map(|(line, _)| line.trim());
    Ok(line.and_then(|line| line.parse().ok()).filter(|pid| *pid > 0))
}

fn holder_of(file: &File, pid: u32) -> io::Result<Holder> {
    let metadata = file.metadata()?;
    // Written once, when the lock was taken.
    let since = Timestamp::try_from(metadata.modified()?).unwrap_or_default();
    Ok(Holder { pid, since, user: metadata.uid() })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn one_of_many_gets_it_and_the_others_hear_who() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pid");
        for _ in 0..20 {
            let barrier = Barrier::new(8);
            let outcomes: Vec<_> = thread::scope(|scope| {
                let acquire = || {
                    barrier.wait();
                    let outcome = PidFile::acquire(&path);
                    // Nobody lets go before all have tried.
                    barrier.wait();
                    outcome.map(drop)
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(acquire)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
            for outcome in outcomes.into_iter().filter_map(Result::err) {
                assert!(
                    matches!(outcome, PidFileError::Runs(holder) if holder.pid == std::process::id()),
                    "{outcome}"
                );
            }
            assert!(!path.exists(), "it went with its holder");
        }
    }

    #[test]
    fn a_look_neither_takes_nor_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pid");
        assert_eq!(holder(&path).unwrap(), None);
        fs::write(&path, "4194303\n").unwrap();
        assert_eq!(holder(&path).unwrap(), None, "a stale file");
        let looking = std::sync::atomic::AtomicBool::new(true);
        thread::scope(|scope| {
            scope.spawn(|| {
                while looking.load(std::sync::atomic::Ordering::Relaxed) {
                    holder(&path).unwrap();
                }
            });
            for _ in 0..200 {
                let held = PidFile::acquire(&path).unwrap();
                let seen = holder(&path).unwrap().unwrap();
                assert_eq!((seen.pid, seen.user), (std::process::id(), geteuid().as_raw()));
                drop(held);
            }
            looking.store(false, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn what_others_wrote_there_is_replaced_but_never_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pid");
        fs::write(&path, "a line that is much longer than any pid, and no number\n").unwrap();
        let held = PidFile::acquire(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        drop(held);
        assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
    }

    #[test]
    fn a_link_and_a_pipe_are_no_pid_files() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("a.pid"), folder.path().join("target"));
        fs::write(&target, "").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(matches!(PidFile::acquire(&link), Err(PidFileError::Use { .. })));
        assert!(matches!(holder(&link), Err(PidFileError::Use { .. })));
        assert!(matches!(PidFile::acquire(folder.path()), Err(PidFileError::Use { .. })));
    }
}
