//! The servers that the cases run on. This is the one place that knows which there are.

use std::pin::Pin;
use std::sync::Arc;

use crate::support::stage::{InMemory, Stage};
use crate::support::{Cluster, EnvTest, Options, shared_cluster};

/// A server, and what is expected of it.
pub(crate) struct Target {
    pub(crate) cluster: Cluster,
    /// Its answers are the truth: `K8S_HEALER_REWRITE` records them.
    pub(crate) is_truth: bool,
    /// `area/case` and why: what it is known not to model. Such a case must differ, so that the list
    /// shrinks when the server learns.
    pub(crate) differs: &'static [(&'static str, &'static str)],
    /// Makes it forget all versions but the newest; needed in the area `expiry` alone.
    pub(crate) compact: Option<Compact>,
}

pub(crate) type Compact = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What the sandbox does not model, each with its reason.
const SANDBOX_DIFFERS: &[(&str, &str)] = &[
    ("create/as_yaml", "it reads JSON, and protobuf as far as kubectl writes it"),
    ("create/with_unknown_fields", "the fields of built-in kinds are not known to it"),
    (
        "discovery/aggregated",
        "its pods have no logs, and nobody can attach to them, run things in them or resize them",
    ),
    ("discovery/without_credentials", "whoever comes without credentials is its administrator"),
    ("formats/yaml", "it answers in JSON alone"),
];

/// etcd and kube-apiserver, where `KUBEBUILDER_ASSETS` names them.
pub(crate) async fn real(area: &str) -> Option<Target> {
    if area != "expiry" {
        return Some(Target {
            cluster: shared_cluster().await?,
            is_truth: true,
            differs: &[],
            compact: None,
        });
    }
    // The watch cache remembers what etcd forgets.
    let flags = vec!["--watch-cache=false".to_owned()];
    let plane = EnvTest::start(Options { apiserver_flags: flags, ..Options::default() }).await?;
    let plane = Arc::new(plane);
    let cluster = plane.cluster();
    let compact: Compact = Box::new(move || {
        let plane = Arc::clone(&plane);
        Box::pin(async move { plane.compact_etcd().await })
    });
    Some(Target { cluster, is_truth: true, differs: &[], compact: Some(compact) })
}

/// The in-memory server.
pub(crate) async fn sandbox(area: &str) -> Option<Target> {
    let target = |cluster, compact| Target { cluster, is_truth: false, differs: SANDBOX_DIFFERS, compact };
    if area != "expiry" {
        return Some(target(Stage::Sandbox.cluster().await?, None));
    }
    let plane = Arc::new(InMemory::start());
    let cluster = plane.cluster();
    let compact: Compact = Box::new(move || {
        plane.sandbox.server().compact();
        Box::pin(std::future::ready(()))
    });
    Some(target(cluster, Some(compact)))
}
