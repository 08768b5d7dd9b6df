//! The other end of the control socket: asks the daemon one thing, without a runtime, and tells a daemon that
//! does not run from one that does not answer.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::protocol::{Envelope, Request, Response, VERSION};
use crate::daemon::process::reason;

/// A status of ten thousand rules has three megabytes.
const LONGEST_ANSWER: u64 = 256 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens there.
    #[error("no daemon runs: nobody listens at {}", .socket.display())]
    FindDaemon {
        /// The socket.
        socket: PathBuf,
    },
    /// The socket is another user's.
    #[error("the daemon may not be asked at {}: {reason}; it answers its own user and root", .socket.display())]
    Enter {
        /// The socket.
        socket: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It listens, and says nothing.
    #[error("the daemon does not answer at {} within {}s: its log may say why", .socket.display(), .after.as_secs())]
    Wait {
        /// The socket.
        socket: PathBuf,
        /// So long was waited.
        after: Duration,
    },
    /// It went away in the middle.
    #[error("the daemon ended, or broke off, before it answered: {reason}")]
    Listen {
        /// How the connection ended.
        reason: String,
    },
    /// What it says is no answer.
    #[error(
        "the daemon's answer is not understood ({reason}): was it started with another version of k8s-healer?"
    )]
    Understand {
        /// Why.
        reason: String,
    },
    /// The request did not reach it.
    #[error("the control socket {} cannot be used: {reason}", .socket.display())]
    Connect {
        /// The socket.
        socket: PathBuf,
        /// Why.
        reason: String,
    },
}

impl AskError {
    /// Whether this means that no daemon is there, rather than that one is in trouble.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::FindDaemon { .. })
    }
}

/// Asks, and waits for the answer for so long. A refusal of the daemon is an answer, too. I/O.
pub fn ask(socket: &Path, request: Request, patience: Duration) -> Result<Response, AskError> {
    let (sender, answer) = mpsc::channel();
    let path = socket.to_owned();
    // A socket whose queue is full has no time-out for those who wait to connect. The thread is left behind
    // then; it has no more than a connection.
    thread::spawn(move || sender.send(converse(&path, request)).ok());
    match answer.recv_timeout(patience) {
        Ok(answer) => answer,
        Err(_) => Err(AskError::Wait { socket: socket.to_owned(), after: patience }),
    }
}

fn converse(socket: &Path, request: Request) -> Result<Response, AskError> {
    let mut stream = UnixStream::connect(socket).map_err(|error| unreachable_by(&error, socket))?;
    let mut line = serde_json::to_vec(&Envelope { version: VERSION, request })
        .map_err(|error| AskError::Understand { reason: error.to_string() })?;
    line.push(b'\n');
    // Whoever is refused is told so before their line has been read.
    let written = stream.write_all(&line).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let heard = (&mut stream).take(LONGEST_ANSWER).read_to_end(&mut answer);
    if !answer.ends_with(b"\n") {
        let broken_off = || io::Error::from(ErrorKind::UnexpectedEof);
        let error = heard.err().or(written.err()).unwrap_or_else(broken_off);
        return Err(AskError::Listen { reason: reason(&error) });
    }
    serde_json::from_slice(&answer).map_err(|error| AskError::Understand { reason: error.to_string() })
}

fn unreachable_by(error: &io::Error, socket: &Path) -> AskError {
    let (socket, reason) = (socket.to_owned(), reason(error));
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => AskError::FindDaemon { socket },
        ErrorKind::PermissionDenied => AskError::Enter { socket, reason },
        _ => AskError::Connect { socket, reason },
    }
}
