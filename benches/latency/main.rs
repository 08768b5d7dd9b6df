//! How long it takes from what happens to what the daemon does: from an event to the write request, under
//! five hundred events a second, and from a deadline to the write request, among a hundred thousand timers.
//! Read off the server's audit log: the daemon is not asked.
//!
//! `cargo bench --bench latency`; docs/benchmarks.md says how it measures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench"
)]
#![allow(unreachable_pub, reason = "the parts are one bench's own")]

mod deadlines;
mod events;
#[path = "../../tests/support/mod.rs"]
mod harness;
#[path = "../support/mod.rs"]
mod support;
mod traces;

use std::process::ExitCode;

use clap::Parser;
use support::block_on;
use support::report::{Common, Report};
use support::server::Server;

/// From events and deadlines to the write requests
#[derive(Debug, Parser)]
struct Arguments {
    /// Measure events on a real API server, which takes a part of the same cores
    #[arg(long)]
    real: bool,
    /// Leave one of the two parts out
    #[arg(long, value_parser = ["events", "deadlines"])]
    only: Option<String>,
    #[command(flatten)]
    events: events::Events,
    #[command(flatten)]
    deadlines: deadlines::Deadlines,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut report = Report::new("latency");
    let left_out = |part: &str| arguments.only.as_deref().is_some_and(|only| only != part);
    block_on(async {
        if !left_out("events") {
            let server = if arguments.real { Server::real().await } else { Some(Server::sandbox(&[])) };
            match server {
                Some(server) => events::measure(&server, &arguments.events, &mut report).await,
                None => report.skip("events on a real API server", "KUBEBUILDER_ASSETS is not set"),
            }
        }
        if !left_out("deadlines") {
            deadlines::measure(&arguments.deadlines, &mut report).await;
        }
    });
    report.finish(&arguments.common)
}
