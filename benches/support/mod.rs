//! What the benches of whole processes stand on: servers and daemons as processes of their own, what the
//! kernel says of them, the servers' audit logs, and how the figures are shown.

#![allow(dead_code, reason = "each bench uses a part")]
#![allow(unreachable_pub, reason = "the parts are one bench's own")]
#![allow(missing_docs, clippy::missing_panics_doc, clippy::must_use_candidate, reason = "benches")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench stops where it stands")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranks and steps are small")]
#![allow(clippy::disallowed_methods, reason = "the benches run in real time")]

pub mod audit;
pub mod daemon;
pub mod download;
pub mod load;
pub mod numbers;
pub mod proc;
pub mod report;
pub mod server;

/// The runtime of the bench itself: one thread, as much as its clients need.
pub fn block_on<Work: Future>(work: Work) -> Work::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
