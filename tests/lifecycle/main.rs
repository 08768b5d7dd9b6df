//! The daemon's life on the built executable, by its commands alone: started, asked, started again and ended, by
//! many at once, by strangers, and after it was killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod asking;
mod house;
mod logging;
mod restarting;
mod starting;
mod stopping;
mod strangers;
#[path = "../support/mod.rs"]
mod support;
