//! The files beside the log: `NAME.1` is what was set aside last, and the oldest goes.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Whoever collects logs may be of the group.
const MODE: u32 = 0o640;

/// When a log is set aside, and how many of those are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Before it becomes larger than so many bytes; `None`: whatever its size.
    pub max_size: Option<u64>,
    /// With the first line after this time; `None`: however old.
    pub max_age: Option<Duration>,
    /// So many, `NAME.1` to `NAME.N`, beside the current one.
    pub keep: u32,
}

/// Opens a log to append to it.
pub(super) fn open(path: &Path) -> io::Result<File> {
    // To open a pipe would wait for its reader.
    if fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe"));
    }
    OpenOptions::new().append(true).create(true).mode(MODE).open(path)
}

/// Moves a log and those before it by one number; with none to keep, it is taken away.
pub(super) fn set_aside(path: &Path, keep: u32) -> io::Result<()> {
    // Of a link, the file that it leads to.
    let path = fs::canonicalize(path)?;
    if keep == 0 {
        return fs::remove_file(path);
    }
    for number in (1..keep).rev() {
        match fs::rename(numbered(&path, number), numbered(&path, number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(&path, numbered(&path, 1))
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}
