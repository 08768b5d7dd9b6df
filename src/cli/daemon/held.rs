//! What a daemon holds while it runs, and another one cannot have: its pid file and its control socket.

use crate::daemon::control::server::{ControlSocket, SocketError};
use crate::daemon::process::pid_file::{PidFile, PidFileError};
use crate::daemon::process::place::{Place, PlaceError};

/// What is held.
pub(super) struct Held {
    pub(super) socket: Option<ControlSocket>,
    /// Let go last.
    pub(super) pid_file: Option<PidFile>,
    /// Why there is none of it.
    pub(super) missing: Option<HoldError>,
}

/// Why it cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum HoldError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    PidFile(#[from] PidFileError),
    #[error(transparent)]
    Socket(#[from] SocketError),
}

/// Takes all of it, in this order: who holds the pid file may replace the socket. In the foreground, and where
/// nobody asked for a place, a daemon runs without where there is none to be had: a container whose files cannot
/// be written, or a second daemon, maybe on another cluster, of somebody who just tries a rule. I/O.
pub(super) fn hold(place: &Place, detached: bool) -> Result<Held, HoldError> {
    match take(place) {
        Ok((pid_file, socket)) => Ok(Held { socket: Some(socket), pid_file: Some(pid_file), missing: None }),
        Err(error) if place.named || detached => Err(error),
        Err(error) => Ok(Held { socket: None, pid_file: None, missing: Some(error) }),
    }
}

fn take(place: &Place) -> Result<(PidFile, ControlSocket), HoldError> {
    place.prepare()?;
    let pid_file = PidFile::acquire(&place.pid_file)?;
    let socket = ControlSocket::open(&place.socket, &pid_file)?;
    Ok((pid_file, socket))
}
