//! A real control plane, etcd and kube-apiserver without controllers, from the executables that
//! `KUBEBUILDER_ASSETS` names (the convention of envtest). One is shared by all tests of a binary;
//! a test that restarts, compacts or needs other flags starts its own.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};
use std::{fs, thread};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::cluster::{self, Cluster, assets, assets_or_skip};
use super::process::{Leash, Process, free_port};

/// Writes with their bodies: what a client under test really sent. All else by its metadata.
const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Request
    verbs: [create, update, patch, delete, deletecollection]
  - level: Metadata
";

/// A loaded machine of two cores starts one in four seconds.
const START_TIMEOUT: Duration = Duration::from_secs(90);

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// More flags of kube-apiserver, such as `--watch-cache=false`.
    pub apiserver_flags: Vec<String>,
    /// More users than the administrator, with no rights of their own: name and groups.
    pub users: Vec<(String, Vec<String>)>,
}

/// A running control plane; ended when dropped.
pub struct EnvTest {
    apiserver: Mutex<Option<Process>>,
    etcd: Process,
    apiserver_port: u16,
    etcd_port: u16,
    options: Options,
    // The folder goes last.
    _leash: Leash,
    folder: TempDir,
}

impl EnvTest {
    /// Whether there is anything to start.
    pub fn available() -> bool {
        assets().is_some()
    }

    /// The one that all tests of this binary share.
    pub async fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<EnvTest> = OnceLock::new();
        let assets = assets_or_skip()?;
        let start = move || SHARED.get_or_init(|| Self::start_in(&assets, &Options::default()));
        Some(tokio::task::spawn_blocking(start).await.unwrap())
    }

    /// One of the test's own; None, and said aloud, where there is nothing to start.
    pub async fn start(options: Options) -> Option<Self> {
        let assets = assets_or_skip()?;
        Some(tokio::task::spawn_blocking(move || Self::start_in(&assets, &options)).await.unwrap())
    }

    fn start_in(assets: &Path, options: &Options) -> Self {
        let folder = tempfile::Builder::new().prefix("k8s-healer-test-").tempdir().unwrap();
        let leash = Leash::on_folder(folder.path());
        let dir = folder.path();
        let (etcd_port, peer, apiserver_port) = (free_port(), free_port(), free_port());
        fs::write(dir.join("audit-policy.yaml"), AUDIT_POLICY).unwrap();
        let mut tokens = "token-admin,admin,admin,\"system:masters\"\n".to_owned();
        write_kubeconfig(dir, "admin", apiserver_port);
        for (name, groups) in &options.users {
            let groups = groups.join(",");
            writeln!(tokens, "token-{name},{name},{name},\"{groups}\"").unwrap();
            write_kubeconfig(dir, name, apiserver_port);
        }
        fs::write(dir.join("tokens.csv"), tokens).unwrap();

        let client_url = format!("http://127.0.0.1:{etcd_port}");
        let peer_url = format!("http://127.0.0.1:{peer}");
        let mut etcd = Command::new(assets.join("etcd"));
        etcd.arg("--data-dir").arg(dir.join("etcd"));
        etcd.args(["--name", "default", "--unsafe-no-fsync", "--logger", "zap", "--log-level", "warn"]);
        etcd.args(["--listen-client-urls", &client_url, "--advertise-client-urls", &client_url]);
        etcd.args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url]);
        etcd.args(["--initial-cluster", &format!("default={peer_url}")]);
        let etcd = Process::spawn(etcd, &dir.join("etcd.log"));

        let plane = Self {
            apiserver: Mutex::new(None),
            etcd,
            apiserver_port,
            etcd_port,
            options: options.clone(),
            _leash: leash,
            folder,
        };
        plane.start_apiserver_in(assets);
        plane
    }

    fn start_apiserver_in(&self, assets: &Path) {
        let dir = self.folder.path();
        // The server makes its certificate before it reads this: no key to generate or to check in.
        let key = dir.join("certs/apiserver.key");
        let mut command = Command::new(assets.join("kube-apiserver"));
        command.args(["--etcd-servers", &format!("http://127.0.0.1:{}", self.etcd_port)]);
        command.args(["--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1"]);
        command.args(["--secure-port", &self.apiserver_port.to_string()]);
        command.arg("--cert-dir").arg(dir.join("certs"));
        command.arg("--token-auth-file").arg(dir.join("tokens.csv"));
        command.args(["--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24"]);
        command.args(["--endpoint-reconciler-type", "none", "--allow-privileged"]);
        command.args(["--service-account-issuer", "https://kubernetes.default.svc"]);
        command.arg("--service-account-key-file").arg(&key);
        command.arg("--service-account-signing-key-file").arg(&key);
        // No controller makes the default service account that this plug-in asks of every pod.
        command.args(["--disable-admission-plugins", "ServiceAccount"]);
        command.arg("--audit-policy-file").arg(dir.join("audit-policy.yaml"));
        command.arg("--audit-log-path").arg(self.audit_file());
        // In MiB: by default the file is moved away at 100, under the reader.
        command.args(["--audit-log-maxsize", "10000"]);
        command.args(["--max-requests-inflight", "2000", "--max-mutating-requests-inflight", "1000"]);
        command.args(&self.options.apiserver_flags);
        let mut process = Process::spawn(command, &dir.join("kube-apiserver.log"));
        self.wait_until_ready(&mut process);
        *self.apiserver.lock().unwrap() = Some(process);
    }

    fn wait_until_ready(&self, process: &mut Process) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let deadline = Instant::now() + START_TIMEOUT;
        let certificate = self.folder.path().join("certs/apiserver.crt");
        loop {
            if fs::metadata(&certificate).is_ok_and(|file| file.len() > 0)
                && runtime.block_on(is_ready(&self.kubeconfig()))
            {
                return;
            }
            let late = Instant::now() > deadline;
            if late || process.has_ended() {
                let state = if late { "is not ready in time" } else { "ended" };
                panic!("kube-apiserver {state}; its last words:\n{}", self.last_words());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn last_words(&self) -> String {
        let log = |name: &str| {
            let text = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(10)..].join("\n")
        };
        format!("{}\nand etcd's:\n{}", log("kube-apiserver.log"), log("etcd.log"))
    }

    pub fn cluster(&self) -> Cluster {
        Cluster::new(self.kubeconfig(), Some(self.audit_file()))
    }

    /// The cluster as one of the users of [`Options`] sees it.
    pub fn cluster_as(&self, user: &str) -> Cluster {
        Cluster::new(self.folder.path().join(format!("kubeconfig-{user}")), Some(self.audit_file()))
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig-admin")
    }

    pub fn audit_file(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The processes that run now: etcd's, then the API server's.
    pub fn process_ids(&self) -> Vec<u32> {
        let apiserver = self.apiserver.lock().unwrap().as_ref().map(Process::id);
        [self.etcd.id()].into_iter().chain(apiserver).collect()
    }

    /// Kill the API server as `kill -9` does; etcd, and so the data, stay.
    pub fn stop_apiserver(&self) {
        drop(self.apiserver.lock().unwrap().take());
    }

    /// Start it again: same port, certificate, tokens and data. Blocks its thread until it is ready.
    pub fn start_apiserver(&self) {
        let assets = assets().expect("it was there at the start");
        thread::scope(|scope| scope.spawn(|| self.start_apiserver_in(&assets)).join()).unwrap();
    }

    pub fn restart_apiserver(&self) {
        self.stop_apiserver();
        self.start_apiserver();
    }

    /// Forget all revisions before this one. The API server's watch cache still remembers them: start
    /// with `--watch-cache=false` to see old watches and continue tokens expire.
    pub async fn compact_etcd(&self) {
        // Any read tells the revision; the key is one zero byte.
        let answer = self.etcd_request("/v3/kv/range", json!({"key": "AA=="})).await;
        let revision = answer["header"]["revision"].as_str().expect("a revision").to_owned();
        self.etcd_request("/v3/kv/compaction", json!({"revision": revision, "physical": true})).await;
    }

    async fn etcd_request(&self, path: &str, body: Value) -> Value {
        let client = legacy::Client::builder(TokioExecutor::new()).build_http();
        let request = http::Request::post(format!("http://127.0.0.1:{}{path}", self.etcd_port))
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        let answer = client.request(request).await.expect("etcd answers");
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "etcd: {path}: {status}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }
}

async fn is_ready(kubeconfig: &Path) -> bool {
    let client = cluster::client(kubeconfig).await;
    let request = http::Request::get("/readyz").body(Vec::new()).unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(2), client.request_text(request));
    asked.await.is_ok_and(|answer| answer.is_ok())
}

fn write_kubeconfig(dir: &Path, user: &str, port: u16) {
    cluster::write_kubeconfig(
        &dir.join(format!("kubeconfig-{user}")),
        &json!({"server": format!("https://127.0.0.1:{port}"), "certificate-authority": dir.join("certs/apiserver.crt")}),
        &json!({"token": format!("token-{user}")}),
    );
}
