//! The file that says that the daemon pauses: while it is there, nothing is done, also after a restart. One
//! that cannot be read counts as a pause: somebody wanted one.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Since when and why the daemon does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseRecord {
    /// Since when.
    pub since: Timestamp,
    /// Why, if somebody said.
    pub reason: Option<String>,
}

/// Where a pause is kept.
#[derive(Clone, Debug)]
pub struct PauseFile(PathBuf);

impl PauseFile {
    /// At this path; its folder is made when it is needed.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What it says; `None`: there is no pause. I/O.
    #[must_use]
    pub fn read(&self, now: Timestamp) -> Option<PauseRecord> {
        let unreadable = |reason: String| {
            let path = self.0.display();
            PauseRecord { since: now, reason: Some(format!("what {path} says cannot be read: {reason}")) }
        };
        match fs::read(&self.0) {
            Ok(bytes) => {
                Some(serde_json::from_slice(&bytes).unwrap_or_else(|error| unreadable(error.to_string())))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => Some(unreadable(error.to_string())),
        }
    }

    /// Keeps a pause, or takes it away. A crash leaves the one or the other, never half of it. I/O.
    pub fn write(&self, record: Option<&PauseRecord>) -> io::Result<()> {
        let Some(record) = record else {
            return match fs::remove_file(&self.0) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        };
        if let Some(folder) = self.0.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let beside = self.0.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        file.sync_all()?;
        fs::rename(&beside, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_kept_until_it_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let file = PauseFile::at(folder.path().join("state/pause.json"));
        assert_eq!(file.read(Timestamp::UNIX_EPOCH), None);
        let record = PauseRecord { since: Timestamp::UNIX_EPOCH, reason: Some("an upgrade".to_owned()) };
        file.write(Some(&record)).unwrap();
        assert_eq!(file.read(Timestamp::MAX), Some(record));
        file.write(None).unwrap();
        file.write(None).unwrap();
        assert_eq!(file.read(Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_pause() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pause.json");
        fs::write(&path, "{").unwrap();
        let paused = PauseFile::at(path).read(Timestamp::UNIX_EPOCH).unwrap();
        assert!(paused.reason.unwrap().contains("cannot be read"));
    }
}
