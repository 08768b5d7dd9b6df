//! `k8s-healer sandbox` as whoever sits before it with kubectl knows it: the lines that they type, what they
//! read, and the exit status. Where there is a real API server, the same lines are typed there too, and what
//! is read must be the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod accounts;
mod machines;
mod nodes;
mod normal;
mod person;
mod reading;
mod removing;
#[path = "../support/mod.rs"]
mod support;
mod twins;
mod watching;
mod workloads;
mod writing;
