//! Our own list-and-watch against an API server that is played from a script, on a virtual clock; and
//! a few of the same on a real one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "the virtual clock is tokio's")]

mod endings;
mod expiry;
mod lists;
mod real;
mod script;
mod server;
mod streaming;
#[path = "../support/mod.rs"]
mod support;
