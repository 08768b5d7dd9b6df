//! Which cluster a command speaks to, and the way there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::client::{ConnectError, ConnectOptions, Connection, connect};
use crate::cluster::clock::SystemClock;
use crate::cluster::server_clock::ServerClock;
use crate::cluster::transport::Transport;

/// Which cluster.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Cluster {
    /// The kubeconfig; else KUBECONFIG, ~/.kube/config, or the pod's own account
    #[arg(long, value_name = "FILE", help_heading = "Cluster")]
    pub(super) kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; else its current one
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    pub(super) context: Option<String>,
}

/// Why there is no connection, for a command that takes a dump as well.
pub(super) fn or_a_dump(error: &ConnectError) -> String {
    match error {
        ConnectError::FindCluster { .. } => format!("{error}; or name a dump with --from"),
        _ => error.to_string(),
    }
}

impl Cluster {
    /// Makes a client whose requests take no longer than `time_out`. Nothing is sent yet.
    pub(super) async fn connect(&self, time_out: Duration) -> Result<(Connection, Transport), ConnectError> {
        let options = ConnectOptions { kubeconfig: self.kubeconfig.clone(), context: self.context.clone() };
        let connection = connect(options).await?;
        let server_clock = Arc::new(ServerClock::new(Arc::new(SystemClock)));
        let transport = Transport::new(connection.client.clone(), server_clock, time_out);
        Ok((connection, transport))
    }
}
