//! What a scenario needs of a cluster, however it came to be: a kubeconfig file, an administrator's
//! client, and a record of the requests the server received. Kept this small so that an in-memory
//! server can stand in for a real one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::{env, fs};

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use super::audit::AuditLog;
use super::control_plane::EnvTest;
use super::objects::Objects;

/// A cluster that a scenario runs on.
#[derive(Clone, Debug)]
pub struct Cluster {
    kubeconfig: PathBuf,
    audit: Option<PathBuf>,
}

impl Cluster {
    /// `audit` is a file of audit.k8s.io/v1 events, one a line, that the server appends to.
    pub fn new(kubeconfig: PathBuf, audit: Option<PathBuf>) -> Self {
        Self { kubeconfig, audit }
    }

    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A new client each time: a client's connections live and die with the runtime of the test that made it.
    pub async fn client(&self) -> Client {
        client(&self.kubeconfig).await
    }

    pub async fn objects(&self) -> Objects {
        Objects::new(self.client().await)
    }

    /// None where nobody said where this cluster keeps its audit file.
    pub fn try_audit(&self) -> Option<AuditLog> {
        self.audit.as_ref().map(|file| AuditLog::new(file.clone(), self.kubeconfig.clone()))
    }

    pub fn audit_file(&self) -> Option<PathBuf> {
        self.audit.clone()
    }

    pub fn audit(&self) -> AuditLog {
        self.try_audit().expect("this cluster has no audit file: set K8S_HEALER_TEST_AUDIT")
    }

    /// The same cluster as a service account sees it, with no rights but what the test binds to
    /// `system:serviceaccount:<namespace>:<name>`. Creates the account; writes a kubeconfig to `folder`.
    pub async fn as_service_account(&self, namespace: &str, name: &str, folder: &Path) -> Self {
        let objects = self.objects().await;
        objects.create("serviceaccounts", namespace, &json!({"metadata": {"name": name}})).await;
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let asked = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let (status, answer) = objects.send(http::Method::POST, &path, Some(&asked)).await;
        assert_eq!(status, 201, "a token was refused: {answer}");
        let config = serde_json::to_value(Kubeconfig::read_from(&self.kubeconfig).unwrap()).unwrap();
        let file = folder.join(format!("kubeconfig-{namespace}-{name}"));
        let user = json!({"token": answer["status"]["token"]});
        write_kubeconfig(&file, &config["clusters"][0]["cluster"], &user);
        Self { kubeconfig: file, audit: self.audit.clone() }
    }
}

/// A client that never repeats a request on its own.
pub async fn client(kubeconfig: &Path) -> Client {
    Client::try_from(config(kubeconfig).await).expect("a client of this kubeconfig")
}

pub async fn config(kubeconfig: &Path) -> Config {
    let file = Kubeconfig::read_from(kubeconfig).expect("a readable kubeconfig");
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .expect("a usable kubeconfig");
    config.default_retry = false;
    config
}

pub fn write_kubeconfig(file: &Path, cluster: &Value, user: &Value) {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "user"}}],
    });
    // JSON is YAML.
    fs::write(file, config.to_string()).unwrap();
}

/// The API server that all tests of one binary share, started when first asked for; None, and said
/// aloud, where there is none to start. Take namespaces of your own: [`super::unique`].
pub async fn shared_cluster() -> Option<Cluster> {
    Some(EnvTest::shared().await?.cluster())
}

/// A whole cluster with controllers, scheduler and nodes, started by whoever runs the tests.
pub fn full_cluster() -> Option<Cluster> {
    let Some(kubeconfig) = env::var_os("K8S_HEALER_TEST_KUBECONFIG") else {
        skip("K8S_HEALER_TEST_KUBECONFIG is not set");
        return None;
    };
    Some(Cluster::new(kubeconfig.into(), env::var_os("K8S_HEALER_TEST_AUDIT").map(PathBuf::from)))
}

/// The folder with etcd and kube-apiserver.
pub fn assets() -> Option<PathBuf> {
    env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from)
}

pub fn assets_or_skip() -> Option<PathBuf> {
    let assets = assets();
    if assets.is_none() {
        skip("KUBEBUILDER_ASSETS is not set");
    }
    assets
}

/// Say that the test of this thread did not run. Written to the stream itself: the test runner
/// swallows what the print macros write in a test that passes.
pub fn skip(because: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    writeln!(std::io::stderr(), "skipped: {test}, because {because}").ok();
}
