//! What a server serves, in both forms of discovery, and what a name in a rule means there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "the tests run in real time against real servers")]

#[path = "../support/mod.rs"]
mod support;
#[path = "../wire/mod.rs"]
mod wire;

mod names;
mod real;
mod recorded;
mod wide;
