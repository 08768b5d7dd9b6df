//! The daemon's end of the control socket: who may ask, how much and how long, and that nothing which comes in
//! there harms anything.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener as Blocking;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::geteuid;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::Call;
use super::protocol::{Envelope, LONGEST_REQUEST, Request, Response, VERSION};
use crate::daemon::process::pid_file::PidFile;
use crate::daemon::process::reason;

/// At most so many connections at once: each may hold a request of [`LONGEST_REQUEST`].
const CONNECTIONS: usize = 16;
/// A request is one short line: who takes longer for it does not mean to ask.
const TO_ASK: Duration = Duration::from_secs(5);
/// An answer that nobody reads is not held for longer.
const TO_READ: Duration = Duration::from_secs(10);
/// The daemon answers at once; what waits for the cluster takes longer.
const TO_ANSWER: Duration = Duration::from_secs(30);
const TO_RELOAD: Duration = Duration::from_secs(120);
const TO_SWEEP: Duration = Duration::from_secs(900);
/// When there is no room, or no file descriptor, for another connection: a flood gets no more of the processor.
const BREATH: Duration = Duration::from_millis(10);
/// What is quoted of what was sent.
const LONGEST_QUOTE: usize = 300;

/// The open socket; the file goes when this does.
#[derive(Debug)]
pub struct ControlSocket {
    listener: Blocking,
    file: SocketFile,
}

/// Why there can be no socket there.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The kernel's limit.
    #[error("the path of the control socket is too long for the system ({} bytes, about 100 are possible): name a shorter --pid-file than {}", .path.as_os_str().len(), .path.display())]
    Shorten {
        /// The socket.
        path: PathBuf,
    },
    /// A file of another kind is in its place.
    #[error("{} is in the place of the control socket and is none: take it away, or name another --pid-file", .path.display())]
    Replace {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be opened.
    #[error("the control socket {} cannot be opened: {reason}", .path.display())]
    Open {
        /// The socket.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl ControlSocket {
    /// Opens it, in place of what a daemon left behind that was killed. Whoever holds the pid file may: no other
    /// daemon answers there. Needs no runtime. I/O.
    pub fn open(path: &Path, _held: &PidFile) -> Result<Self, SocketError> {
        let failed = |error: io::Error| match error.kind() {
            // What std says of a path that does not fit `sun_path`.
            ErrorKind::InvalidInput => SocketError::Shorten { path: path.to_owned() },
            _ => SocketError::Open { path: path.to_owned(), reason: reason(&error) },
        };
        match fs::symlink_metadata(path) {
            Ok(left) if left.file_type().is_socket() => fs::remove_file(path).map_err(failed)?,
            Ok(_) => return Err(SocketError::Replace { path: path.to_owned() }),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let listener = Blocking::bind(path).map_err(failed)?;
        let file = SocketFile(path.to_owned());
        // Who connects before this is done is asked who they are all the same.
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self { listener, file })
    }

    /// Passes on what is asked, until this is dropped. Needs a runtime.
    pub async fn serve(self, calls: mpsc::Sender<Call>) -> io::Result<()> {
        let Self { listener, file: _file } = self;
        let listener = UnixListener::from_std(listener)?;
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut answering = JoinSet::new();
        let (mut refused, mut unheard) = (Seldom::default(), Seldom::default());
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = answering.join_next() => continue,
            };
            match stream {
                Ok((stream, _)) => match (stranger(&stream), Arc::clone(&room).try_acquire_owned()) {
                    (Some(who), _) => {
                        if let Some(times) = refused.again() {
                            warn!(
                                user = who,
                                times, "another user asked at the control socket, and was refused"
                            );
                        }
                        turn_away(&stream, &not_for(&who));
                    }
                    (None, Ok(room)) => {
                        let calls = calls.clone();
                        answering.spawn(async move {
                            converse(stream, &calls).await;
                            drop(room);
                        });
                    }
                    (None, Err(_)) => {
                        turn_away(&stream, &format!("{CONNECTIONS} others are asking already: ask again"));
                        sleep(BREATH).await;
                    }
                },
                Err(error) => {
                    if let Some(times) = unheard.again() {
                        warn!(reason = %error, times, "a connection to the control socket cannot be taken");
                    }
                    sleep(BREATH).await;
                }
            }
        }
    }
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The pid file is still held: it is ours. One that stays is replaced by the next daemon.
        fs::remove_file(&self.0).ok();
    }
}

/// Says something the first, second, fourth, eighth … time: what others cause does not fill the log.
#[derive(Debug, Default)]
struct Seldom(u64);

impl Seldom {
    fn again(&mut self) -> Option<u64> {
        self.0 += 1;
        self.0.is_power_of_two().then_some(self.0)
    }
}

/// Whoever is neither the daemon's own user nor root: the kernel says who connected.
fn stranger(stream: &UnixStream) -> Option<String> {
    match stream.peer_cred() {
        Ok(peer) if is_trusted(peer.uid()) => None,
        Ok(peer) => Some(peer.uid().to_string()),
        Err(error) => Some(format!("(unknown: {error})")),
    }
}

fn is_trusted(user: u32) -> bool {
    user == 0 || user == geteuid().as_raw()
}

fn not_for(who: &str) -> String {
    let own = geteuid().as_raw();
    format!("the user {who} may not ask: this daemon answers the user {own} and root alone")
}

/// A word to someone who is not listened to, if it can be said without waiting.
fn turn_away(stream: &UnixStream, message: &str) {
    stream.try_write(&line_of(&Response::Error { message: message.to_owned() })).ok();
}

/// One line in, one line out.
async fn converse(mut stream: UnixStream, calls: &mpsc::Sender<Call>) {
    let response = match timeout(TO_ASK, read_line(&mut stream)).await {
        Ok(Ok(line)) if line.is_empty() => return,
        Ok(Ok(line)) => match understand(&line) {
            Ok(request) => answer(request, calls).await,
            Err(message) => Response::Error { message },
        },
        // Gone, or no stream any more.
        Ok(Err(_)) => return,
        Err(_) => Response::Error { message: format!("no line came within {} s", TO_ASK.as_secs()) },
    };
    let line = line_of(&response);
    let said = async {
        stream.write_all(&line).await?;
        stream.shutdown().await
    };
    // Whether the answer was read changes nothing here.
    timeout(TO_READ, said).await.ok();
}

/// One byte more than a request may have tells that it is too long.
async fn read_line(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(stream).take(LONGEST_REQUEST as u64 + 1).read_until(b'\n', &mut line).await?;
    Ok(line)
}

fn understand(line: &[u8]) -> Result<Request, String> {
    #[derive(Deserialize)]
    struct Spoken {
        version: u32,
    }
    if line.len() > LONGEST_REQUEST {
        return Err(format!("the request is longer than {LONGEST_REQUEST} bytes"));
    }
    let not_understood = |error: serde_json::Error| {
        let reason: String = error.to_string().chars().take(LONGEST_QUOTE).collect();
        format!("the request is not understood: {reason}; it is one line, such as {}", example())
    };
    let Spoken { version } = serde_json::from_slice(line).map_err(not_understood)?;
    if version != VERSION {
        let asked = format!("version {version} of the control protocol was spoken");
        return Err(format!(
            "{asked}, and this daemon speaks version {VERSION}: use the k8s-healer that it was started with, or restart it"
        ));
    }
    let envelope: Envelope = serde_json::from_slice(line).map_err(not_understood)?;
    Ok(envelope.request)
}

fn example() -> String {
    format!("{{\"version\":{VERSION},\"command\":\"status\"}}")
}

async fn answer(request: Request, calls: &mpsc::Sender<Call>) -> Response {
    let patience = match &request {
        Request::Reload { .. } => TO_RELOAD,
        Request::Sweep { wait_seconds } => {
            TO_SWEEP.saturating_add(Duration::from_secs(wait_seconds.unwrap_or(0)))
        }
        _ => TO_ANSWER,
    };
    let (reply, replied) = oneshot::channel();
    let asked = async {
        calls.send(Call { request, reply }).await.ok()?;
        replied.await.ok()
    };
    let message = match timeout(patience, asked).await {
        Ok(Some(response)) => return response,
        Ok(None) => "the daemon is ending".to_owned(),
        Err(_) => {
            format!("the daemon has not answered within {} s; its log says what it does", patience.as_secs())
        }
    };
    Response::Error { message }
}

fn line_of(response: &Response) -> Vec<u8> {
    let mut line = serde_json::to_vec(response).unwrap_or_else(|error| {
        let message = format!("the answer cannot be written: {error}");
        serde_json::json!({"answer": "error", "message": message}).to_string().into_bytes()
    });
    line.push(b'\n');
    line
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
