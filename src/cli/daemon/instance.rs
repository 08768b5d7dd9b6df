//! Which daemon of this machine is meant, and what it answers.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::fail;
use crate::daemon::control::client::ask;
use crate::daemon::control::protocol::{Request, Response};
use crate::daemon::process::place::Place;
use crate::daemon::process::reason;

/// Which daemon of this machine is meant.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Process")]
pub(in crate::cli) struct Instance {
    /// Which daemon is meant: its pid file, beside which it keeps its control socket and its log
    ///
    /// Without it, each user has one: in $XDG_RUNTIME_DIR/k8s-healer, else in /run/k8s-healer (root) or
    /// /tmp/k8s-healer-UID.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) pid_file: Option<PathBuf>,
}

impl Instance {
    /// Where it keeps its files.
    pub(super) fn place(&self) -> Result<Place, String> {
        let unknown = |error| format!("the current folder is not known: {}", reason(&error));
        Place::of(self.pid_file.as_deref()).map_err(unknown)
    }

    /// What the daemon answers; what keeps it from answering is told, and the result is the exit code then. I/O.
    pub(in crate::cli) fn ask(&self, request: Request, patience: Duration) -> Result<Response, u8> {
        let place = self.place().map_err(fail)?;
        match ask(&place.socket, request, patience) {
            Ok(Response::Error { message }) => Err(fail(message)),
            Ok(response) => Ok(response),
            Err(error) => Err(fail(error)),
        }
    }
}
