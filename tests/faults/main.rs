//! What the daemon does when the server, or the way to it, fails: it does nothing that it cannot be sure of,
//! and afterwards it goes on, with nothing missed, nothing invented, nothing sent twice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod answers;
mod hostile;
mod outages;
mod silence;
#[path = "../support/mod.rs"]
mod support;
mod watches;
