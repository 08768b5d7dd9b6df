//! Reads and writes of single objects: what stands on the wire, what becomes of it, and both on a real
//! API server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "the tests run in real time against real servers")]

#[path = "../support/mod.rs"]
mod support;
#[path = "../wire/mod.rs"]
mod wire;

mod ancestors;
mod changes;
mod connection;
mod outcomes;
mod reads;
mod real_changes;
mod real_preconditions;
mod real_writes;
mod surroundings;
mod writes;
