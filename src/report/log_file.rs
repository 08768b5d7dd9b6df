//! A file for the log: whole lines, set aside when it is large or old, opened again when asked. It never
//! fails the daemon: a line that cannot be written is counted, and told of as soon as one can be.

mod rotation;
mod writer;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tracing_subscriber::fmt::MakeWriter;

pub use rotation::Rotation;
use writer::Writer;

/// A file for the log; clones write to the same one.
#[derive(Clone)]
pub struct LogFile {
    writer: Arc<Mutex<Writer>>,
}

impl LogFile {
    /// Opens the file to append to it, and creates it where there is none (mode 0640). `now` tells the time.
    pub fn open(
        path: &Path,
        rotation: Rotation,
        now: impl Fn() -> Timestamp + Send + 'static,
    ) -> io::Result<Self> {
        // The daemon may go to another folder.
        let path = std::path::absolute(path)?;
        let writer = Writer::open(path, rotation, Box::new(now))?;
        Ok(Self { writer: Arc::new(Mutex::new(writer)) })
    }

    /// Opens the file anew, after somebody else has moved it away (logrotate's SIGHUP). Where that is not
    /// possible, the lines go where they went before, and it is tried again later.
    pub fn reopen(&self) {
        self.writer().reopen();
    }

    /// What keeps the log from being written or set aside, if something does.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.writer().trouble()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.writer().path().to_owned()
    }

    /// Lines of its own are JSON too, or text.
    pub(super) fn speak_json(&self, json: bool) {
        self.writer().speak_json(json);
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

/// Takes a line. It is never refused: [`LogFile::trouble`] tells what became of it.
pub struct Line<'a>(&'a LogFile);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.writer().write(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
