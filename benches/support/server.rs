//! The servers that daemons are measured on, each in a process of its own: a real API server where
//! `KUBEBUILDER_ASSETS` names one, and the sandbox.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::process::Process;
use crate::harness::{EnvTest, Objects, Options, cluster};

/// Requests without their bodies: twenty thousand pods would be in it twice.
const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
";

/// Making a hundred thousand synthetic pods takes a moment.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server; ended when dropped.
pub struct Server {
    kind: Kind,
    folder: TempDir,
}

enum Kind {
    Real(EnvTest),
    Sandbox(Process),
}

impl Server {
    /// None where there is none to start.
    pub async fn real() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("audit-policy.yaml");
        fs::write(&policy, AUDIT_POLICY).unwrap();
        let flags = vec![format!("--audit-policy-file={}", policy.display())];
        let plane = EnvTest::start(Options { apiserver_flags: flags, ..Options::default() }).await?;
        Some(Self { kind: Kind::Real(plane), folder })
    }

    /// `k8s-healer sandbox` without nodes and controllers, and with these flags more.
    pub fn sandbox(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
        command.args(["sandbox", "--nodes", "0"]).args(flags);
        command.arg("--write-kubeconfig").arg(path("kubeconfig")).arg("--audit").arg(path("audit.jsonl"));
        command.stdin(Stdio::null());
        let log = path("log");
        File::create(&log).unwrap();
        let mut process = Process::spawn(command, &log);
        let start = Instant::now();
        let said = || fs::read_to_string(&log).unwrap();
        while !said().contains("Ctrl-C ends it") {
            let waits = start.elapsed() < START_TIMEOUT && !process.has_ended();
            assert!(waits, "the sandbox does not start; it says {:?}", said());
            thread::sleep(Duration::from_millis(5));
        }
        Self { kind: Kind::Sandbox(process), folder }
    }

    pub fn kubeconfig(&self) -> PathBuf {
        match &self.kind {
            Kind::Real(plane) => plane.kubeconfig(),
            Kind::Sandbox(_) => self.folder.path().join("kubeconfig"),
        }
    }

    pub fn audit_file(&self) -> PathBuf {
        match &self.kind {
            Kind::Real(plane) => plane.audit_file(),
            Kind::Sandbox(_) => self.folder.path().join("audit.jsonl"),
        }
    }

    /// A folder that goes with the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills the API server and starts it again on the same data, port and certificate; blocks its thread until
    /// it is ready. False: it has its data in memory, and would lose them.
    pub fn restart(&self) -> bool {
        match &self.kind {
            Kind::Real(plane) => plane.restart_apiserver(),
            Kind::Sandbox(_) => return false,
        }
        true
    }

    pub async fn objects(&self) -> Objects {
        Objects::new(cluster::client(&self.kubeconfig()).await)
    }

    /// `kube-apiserver v1.37.2`, or the sandbox.
    pub async fn name(&self) -> String {
        let (_, version) = self.objects().await.send(http::Method::GET, "/version", None).await;
        let version = version["gitVersion"].as_str().unwrap_or("of an unknown version");
        match self.kind {
            Kind::Real(_) => format!("kube-apiserver {version}"),
            Kind::Sandbox(_) => format!("sandbox (as {version})"),
        }
    }
}
