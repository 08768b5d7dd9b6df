//! What the scenario tests stand on: real API servers that a test starts and ends, a proxy that breaks
//! the wire on purpose, the server's own record of what was sent, objects to heal, and the daemon.
//!
//! A test that has no server to run on says so on standard error, past the capture of the test
//! runner, and passes.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part")]
#![allow(unreachable_pub, reason = "the parts are one test binary's own")]
#![allow(missing_docs, clippy::missing_panics_doc, clippy::must_use_candidate, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]
#![allow(clippy::disallowed_methods, reason = "the tests run in real time against real servers")]

pub mod audit;
pub mod cluster;
pub mod control_plane;
pub mod crds;
pub mod daemon;
pub mod faults;
pub mod flood;
pub mod forward;
pub mod grant;
pub mod objects;
pub mod process;
pub mod proxy;
pub mod relay;
pub mod scene;
pub mod shapes;
pub mod stage;

pub use audit::{AuditLog, Mark, Request, Requests};
pub use cluster::{Cluster, full_cluster, shared_cluster, skip};
pub use control_plane::{EnvTest, Options};
pub use crds::{install_crd, remove_crd};
pub use daemon::{Daemon, Ended};
pub use faults::{Answer, Fault, Seen};
pub use flood::Flood;
pub use grant::Grant;
pub use objects::{Objects, unique, wait_until};
pub use proxy::Proxy;
pub use scene::Scene;
pub(crate) use stage::on_both;
pub use stage::{Plane, Stage};
