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
use serde_json::{Value, json};

use support::{Cluster, Objects, Scene, unique};

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

/// Rights that can be taken away again.
struct Grant {
    objects: Objects,
    name: String,
    /// Empty: the whole cluster.
    namespace: String,
}

impl Grant {
    async fn to(scene: &Scene, namespace: &str, rules: &Value) -> Self {
        let (name, objects) = (unique("grant"), scene.objects.clone());
        let (roles, bindings, kind) = Self::kinds(namespace);
        objects.create(roles, namespace, &json!({"metadata": {"name": name}, "rules": rules})).await;
        let binding = json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "healer", "namespace": scene.namespace}],
        });
        objects.create(bindings, namespace, &binding).await;
        Self { objects, name, namespace: namespace.to_owned() }
    }

    async fn withdraw(self) {
        let (roles, bindings, _) = Self::kinds(&self.namespace);
        self.objects.delete(bindings, &self.namespace, &self.name).await;
        self.objects.delete(roles, &self.namespace, &self.name).await;
    }

    fn kinds(namespace: &str) -> (&'static str, &'static str, &'static str) {
        if namespace.is_empty() {
            let (roles, bindings) =
                ("clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io");
            (roles, bindings, "ClusterRole")
        } else {
            ("roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io", "Role")
        }
    }
}
