//! Where a scenario plays: each one on the sandbox, which is always there, and on a real API server, where
//! there is one. The same story, and the same record of what was sent.

use std::sync::{Arc, OnceLock};

use k8s_healer::cluster::clock::{SeededRandom, SystemClock};
use k8s_healer::sandbox::audit::Audit;
use k8s_healer::sandbox::server::{Behaviour, Server};
use k8s_healer::sandbox::{Sandbox, controllers};
use tempfile::TempDir;

use super::cluster::{Cluster, full_cluster, shared_cluster};
use super::control_plane::{EnvTest, Options};
use super::scene::Scene;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Sandbox,
    Real,
}

impl Stage {
    /// The server that the tests of this binary share.
    pub async fn cluster(self) -> Option<Cluster> {
        static SHARED: OnceLock<InMemory> = OnceLock::new();
        match self {
            Self::Sandbox => Some(SHARED.get_or_init(InMemory::start).cluster()),
            Self::Real => shared_cluster().await,
        }
    }

    /// A scene on it; the daemon may do everything.
    pub async fn scene(self) -> Option<Scene> {
        Some(Scene::on(&self.cluster().await?).await)
    }

    /// A server of the test's own.
    pub async fn own(self, options: Options) -> Option<Plane> {
        Some(match self {
            Self::Sandbox => Plane::Sandbox(InMemory::start()),
            Self::Real => Plane::Real(EnvTest::start(options).await?),
        })
    }

    /// A cluster with controllers, a scheduler and nodes.
    pub fn whole_cluster(self) -> Option<Cluster> {
        static WHOLE: OnceLock<(InMemory, controllers::Controllers)> = OnceLock::new();
        match self {
            Self::Sandbox => {
                let start = || {
                    let plane = InMemory::start();
                    let controllers = controllers::start(plane.sandbox.server(), 2);
                    (plane, controllers)
                };
                Some(WHOLE.get_or_init(start).0.cluster())
            }
            Self::Real => full_cluster(),
        }
    }
}

/// A sandbox with its audit file.
#[derive(Debug)]
pub struct InMemory {
    pub sandbox: Sandbox,
    folder: TempDir,
}

impl InMemory {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::to_file(&folder.path().join("audit.jsonl")).unwrap();
        let random = Arc::new(SeededRandom::new(fastrand::u64(..)));
        let server = Server::new(Arc::new(SystemClock), random, audit, Behaviour::default());
        let sandbox = Sandbox::start(server, 0).unwrap();
        std::fs::write(folder.path().join("kubeconfig"), sandbox.kubeconfig()).unwrap();
        Self { sandbox, folder }
    }

    pub fn cluster(&self) -> Cluster {
        Cluster::new(self.folder.path().join("kubeconfig"), Some(self.folder.path().join("audit.jsonl")))
    }
}

/// A server that a test may stop and start.
pub enum Plane {
    Sandbox(InMemory),
    Real(EnvTest),
}

impl Plane {
    pub fn cluster(&self) -> Cluster {
        match self {
            Self::Sandbox(plane) => plane.cluster(),
            Self::Real(plane) => plane.cluster(),
        }
    }

    /// As `kill -9` does; the objects stay.
    pub fn stop_apiserver(&self) {
        match self {
            Self::Sandbox(plane) => plane.sandbox.go_away(),
            Self::Real(plane) => plane.stop_apiserver(),
        }
    }

    pub fn start_apiserver(&self) {
        match self {
            Self::Sandbox(plane) => plane.sandbox.come_back(),
            Self::Real(plane) => plane.start_apiserver(),
        }
    }

    /// Forget all past versions.
    pub async fn compact(&self) {
        match self {
            Self::Sandbox(plane) => plane.sandbox.server().compact(),
            Self::Real(plane) => plane.compact_etcd().await,
        }
    }
}

/// Each of these scenarios as two tests: on the sandbox, and on a real API server.
#[allow(unused_macros, reason = "each test binary uses a part")]
macro_rules! on_both {
    ($($scenario:ident),* $(,)?) => {
        mod on_the_sandbox {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::support::Stage::Sandbox).await;
            })*
        }

        mod on_a_real_api_server {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::support::Stage::Real).await;
            })*
        }
    };
}
#[allow(unused_imports, reason = "each test binary uses a part")]
pub(crate) use on_both;
