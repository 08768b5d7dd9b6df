//! What the daemon does on a real API server, story by story, as its users would tell it; judged by the
//! server's own record of what was sent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod changes;
mod cooldowns;
mod crash_loops;
mod deadlines;
mod endings;
mod evictions;
mod facts;
mod finalizers;
mod guardrails;
mod identities;
mod kinds;
mod limits;
mod modes;
mod multitude;
mod packs;
mod paths;
mod protections;
mod schedules;
mod steps;
#[path = "../support/mod.rs"]
mod support;
mod wide;
