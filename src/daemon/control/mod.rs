//! The control socket: how a person, a script or a pipeline speaks to the daemon that runs. [`protocol`] has the
//! words; what is asked comes to the supervisor as a [`Call`].

pub mod client;
pub mod protocol;
pub mod server;

use tokio::sync::oneshot;

use protocol::{Request, Response};

/// A question to the supervisor, and where its answer goes.
#[derive(Debug)]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Who waits for the answer; nobody may.
    pub reply: oneshot::Sender<Response>,
}
