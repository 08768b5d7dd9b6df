//! The daemon's side of `daemon start`: it leaves the terminal before there is any runtime or thread, says over
//! its standard output what it waits for until it is ready, and then lets go of what it inherited. What goes
//! wrong until then it says on standard error, which is still that of who started it.

use std::fs::OpenOptions;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

/// One line of JSON each, from the daemon to who started it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "starting", rename_all = "kebab-case")]
pub enum Report {
    /// What it waits for now.
    Waits {
        /// `https://127.0.0.1:6443 to answer`.
        what: String,
    },
    /// All kinds are listed: it works.
    Ready,
}

/// Who waits for the daemon to be ready, if somebody does.
#[derive(Debug)]
pub struct Starter {
    waits: bool,
}

impl Starter {
    /// Nobody: the daemon runs in the foreground.
    #[must_use]
    pub fn nobody() -> Self {
        Self { waits: false }
    }

    /// A `daemon start` at the other end of standard output. Leaves its session, and so its terminal: must be
    /// called before anything else.
    pub fn detach() -> io::Result<Self> {
        rustix::process::setsid()?;
        Ok(Self { waits: true })
    }

    /// Says what is waited for.
    pub fn tell_wait(&self, what: impl Into<String>) {
        // That nobody listens any more is found when the daemon is ready.
        self.tell(&Report::Waits { what: what.into() }).ok();
    }

    /// Says that the daemon is ready and lets go of the streams. Fails where who started it has gone: then
    /// nobody knows of the daemon, and it should end.
    pub fn tell_ready(&mut self) -> io::Result<()> {
        if !self.waits {
            return Ok(());
        }
        self.tell(&Report::Ready)?;
        self.waits = false;
        let nowhere = OpenOptions::new().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdout(&nowhere)?;
        rustix::stdio::dup2_stderr(&nowhere)?;
        Ok(())
    }

    fn tell(&self, report: &Report) -> io::Result<()> {
        if !self.waits {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(report)?)?;
        out.flush()
    }
}
