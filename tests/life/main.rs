//! The daemon's life on a cluster, story by story: other rules while it runs, pauses, namespaces and rights and
//! kinds that come and go, credentials that change. Judged by the server's own record of what was sent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod beginnings;
mod breakers;
mod churn;
mod credentials;
mod guardrails;
mod healer;
mod kinds;
mod namespaces;
mod pauses;
mod refusals;
mod reloads;
mod rights;
#[path = "../support/mod.rs"]
mod support;
