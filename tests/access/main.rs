//! What we may do, as the server says, and which namespaces there are as rights to see them come and go.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod namespaces;
mod rights;

use std::sync::Arc;
use std::time::Duration;

use k8s_healer::cluster::client::{ConnectOptions, connect};
use k8s_healer::cluster::clock::SystemClock;
use k8s_healer::cluster::resource::Resource;
use k8s_healer::cluster::server_clock::ServerClock;
use k8s_healer::cluster::transport::Transport;

use support::Cluster;

async fn transport(cluster: &Cluster) -> Transport {
    let options = ConnectOptions { kubeconfig: Some(cluster.kubeconfig().into()), context: None };
    let connection = connect(options).await.unwrap();
    let clock = Arc::new(ServerClock::new(Arc::new(SystemClock)));
    Transport::new(connection.client, clock, Duration::from_secs(20))
}

fn core(plural: &str, kind: &str, namespaced: bool) -> Arc<Resource> {
    Arc::new(Resource {
        group: String::new(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        singular: String::new(),
        short_names: Vec::new(),
        namespaced,
        verbs: Vec::new(),
    })
}
