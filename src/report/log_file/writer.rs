//! Writes lines to a file, whole or not at all, and knows what is in the way.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::rotation::{Rotation, open, set_aside};

/// What could not be set aside or opened is tried again after this.
const TRY_AGAIN: Duration = Duration::from_secs(60);

pub(super) struct Writer {
    path: PathBuf,
    rotation: Rotation,
    now: Box<dyn Fn() -> Timestamp + Send>,
    file: File,
    /// A device or a pipe is never set aside.
    is_regular: bool,
    size: u64,
    begun: Timestamp,
    /// It ends in a part of a line.
    is_torn: bool,
    /// Since something was written last.
    lost: Option<Lost>,
    /// It could not be set aside or opened.
    stuck: Option<Stuck>,
    json: bool,
}

struct Lost {
    lines: u64,
    why: String,
}

impl Lost {
    fn told(&self) -> String {
        match self.lines {
            1 => format!("1 line of the log was lost: {}", self.why),
            lines => format!("{lines} lines of the log were lost: {}", self.why),
        }
    }
}

struct Stuck {
    since: Timestamp,
    why: String,
}

impl Writer {
    pub(super) fn open(
        path: PathBuf,
        rotation: Rotation,
        now: Box<dyn Fn() -> Timestamp + Send>,
    ) -> io::Result<Self> {
        let (file, begun) = (open(&path)?, now());
        let (is_regular, size, is_torn, lost, stuck) = (false, 0, false, None, None);
        let mut writer =
            Self { path, rotation, now, file, is_regular, size, begun, is_torn, lost, stuck, json: true };
        writer.measure(begun);
        Ok(writer)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn speak_json(&mut self, json: bool) {
        self.json = json;
    }

    pub(super) fn trouble(&self) -> Option<String> {
        match (&self.lost, &self.stuck) {
            (Some(lost), _) => Some(lost.told()),
            (None, Some(stuck)) => Some(stuck.why.clone()),
            (None, None) => None,
        }
    }

    pub(super) fn write(&mut self, line: &[u8]) {
        let now = (self.now)();
        if self.size == 0 {
            self.begun = now;
        }
        if self.may_try(now) {
            if self.stuck.is_some() && !self.is_at_its_path() {
                self.reopen_at(now);
            } else if self.is_due(line.len() as u64, now) {
                self.rotate(now);
            }
        }
        let written = match &self.lost {
            Some(lost) => self.append(&[self.own_line(now, &lost.told()).as_bytes(), line].concat()),
            None => self.append(line),
        };
        match written {
            Ok(()) => self.lost = None,
            Err(error) => {
                let lost = self.lost.get_or_insert(Lost { lines: 0, why: String::new() });
                lost.lines += 1;
                lost.why = reason(&error);
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.file.write_all(b"\n")?;
            self.is_torn = false;
        }
        let mut written = 0;
        while written < bytes.len() {
            match self.file.write(&bytes[written..]) {
                Ok(0) => return self.take_back(written, io::ErrorKind::WriteZero.into()),
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.take_back(written, error),
            }
        }
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// A part of a line is worse than none.
    fn take_back(&mut self, written: usize, error: io::Error) -> io::Result<()> {
        let shortened = |file: &File| file.set_len(file.metadata()?.len().saturating_sub(written as u64));
        self.is_torn = written > 0 && shortened(&self.file).is_err();
        Err(error)
    }

    /// Whether nothing was in the way a moment ago.
    fn may_try(&self, now: Timestamp) -> bool {
        self.stuck.as_ref().is_none_or(|stuck| elapsed(stuck.since, now) >= TRY_AGAIN)
    }

    fn is_due(&mut self, more: u64, now: Timestamp) -> bool {
        let Rotation { max_size, max_age, .. } = self.rotation;
        let exceeds = |size: u64, begun: Timestamp| {
            size > 0
                && (max_size.is_some_and(|max_size| size + more > max_size)
                    || max_age.is_some_and(|max_age| elapsed(begun, now) >= max_age))
        };
        if !self.is_regular || !exceeds(self.size, self.begun) {
            return false;
        }
        // Somebody may have emptied it (logrotate's `copytruncate`).
        if self.file.metadata().is_ok_and(|metadata| metadata.len() < self.size) {
            self.measure(now);
        }
        exceeds(self.size, self.begun)
    }

    fn rotate(&mut self, now: Timestamp) {
        // What stands there now may be the file of somebody who has set ours aside already.
        let moved = if self.is_at_its_path() { set_aside(&self.path, self.rotation.keep) } else { Ok(()) };
        match moved {
            Ok(()) => self.reopen_at(now),
            Err(error) => self.get_stuck(now, "set aside", &error),
        }
    }

    pub(super) fn reopen(&mut self) {
        self.reopen_at((self.now)());
    }

    fn reopen_at(&mut self, now: Timestamp) {
        match open(&self.path) {
            Ok(file) => {
                let is_same = is_same(file.metadata(), self.file.metadata());
                self.file = file;
                self.stuck = None;
                if !is_same {
                    self.is_torn = false;
                    self.measure(now);
                }
            }
            Err(error) => self.get_stuck(now, "opened", &error),
        }
    }

    fn get_stuck(&mut self, now: Timestamp, what: &str, error: &io::Error) {
        let why = format!("the log {} cannot be {what}: {}", self.path.display(), reason(error));
        let line = self.own_line(now, &why);
        // Said once, and by the status as long as it is so.
        if self.stuck.replace(Stuck { since: now, why }).is_none() {
            drop(self.append(line.as_bytes()));
        }
    }

    /// How large the open file is, and since when lines go to it.
    fn measure(&mut self, now: Timestamp) {
        let Ok(metadata) = self.file.metadata() else { return };
        self.is_regular = metadata.is_file();
        self.size = if self.is_regular { metadata.len() } else { 0 };
        let created = metadata.created().or_else(|_| metadata.modified()).ok();
        let created = created.filter(|_| self.size > 0).and_then(|time| Timestamp::try_from(time).ok());
        self.begun = created.unwrap_or(now);
    }

    fn is_at_its_path(&self) -> bool {
        is_same(fs::metadata(&self.path), self.file.metadata())
    }

    fn own_line(&self, now: Timestamp, text: &str) -> String {
        if self.json {
            let target = module_path!();
            let timestamp = format!("{now:.6}");
            let line = serde_json::json!({
                "timestamp": timestamp, "level": "WARN", "message": text, "target": target,
            });
            format!("{line}\n")
        } else {
            format!("{now:.6} warn {text}\n")
        }
    }
}

fn is_same(a: io::Result<Metadata>, b: io::Result<Metadata>) -> bool {
    a.and_then(|a| Ok((a.dev(), a.ino()) == b.map(|b| (b.dev(), b.ino()))?)).unwrap_or(false)
}

/// Nothing where the clock was set back.
fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(since).try_into().unwrap_or_default()
}

/// `no space left on device`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}
