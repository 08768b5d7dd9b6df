//! Other rules while the daemon runs: read, checked and compared first, then swapped in; any error keeps the
//! rules that run.

use super::Supervisor;
use crate::daemon::control::protocol::Response;

impl Supervisor {
    /// Client required.
    pub(super) async fn reload(&mut self, _asked_by: &str, _accept_removals: bool) -> Response {
        Response::Error { message: "this daemon was not started from files".to_owned() }
    }
}
