//! What the daemon does while nothing happens: nothing, but that it renews its watches.
//!
//! `cargo bench --bench silence`; docs/benchmarks.md says how it measures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench"
)]

#[path = "../tests/support/mod.rs"]
mod harness;
mod support;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use support::audit::{self, Record};
use support::daemon::{pack, start};
use support::proc::Reading;
use support::report::{Common, Report};
use support::server::Server;
use support::{block_on, load};

/// Requests, wake-ups and CPU while nothing happens
#[derive(Debug, Parser)]
struct Arguments {
    /// For so long
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    #[command(flatten)]
    common: Common,
}

/// Some kinds; each pod has a timer.
const RULES: &str = "
  - { name: pods, watch: pods, match: [ { age: { over: 365d } } ], actions: [ { delete: {} } ] }
  - { name: failed, watch: pods, match: [ { phase: [Failed] } ], for: 5m, actions: [ { delete: {} } ] }
  - { name: maps, watch: configmaps, match: [ { age: { over: 365d } } ], actions: [ { delete: {} } ] }
  - { name: stuck, watch: deployments.apps, match: [ { terminating: { over: 1h } } ], actions: [ { log: { message: stuck } } ] }
  - { name: claims, watch: persistentvolumeclaims, match: [ { phase: [Lost] } ], actions: [ { log: { message: lost } } ] }
";

const PODS: u32 = 200;

/// The first lists are done, and the server's clock is known.
const SETTLE: Duration = Duration::from_secs(10);

/// Percent of a core.
const CPU: f64 = 0.1;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut report = Report::new("silence");
    block_on(measure(&arguments, &mut report));
    report.finish(&arguments.common)
}

async fn measure(arguments: &Arguments, report: &mut Report) {
    let server = match Server::real().await {
        Some(server) => server,
        None => {
            report.skip("a real API server", "KUBEBUILDER_ASSETS is not set: the sandbox stands in");
            Server::sandbox(&[])
        }
    };
    let objects = server.objects().await;
    load::create_namespaces(&objects).await;
    load::create_pods(&objects, 0..PODS, |_, name| load::pod(name, 10)).await;
    let synced = start(&server, &pack(RULES), &[]).await;
    tokio::time::sleep(SETTLE).await;

    let (id, from) = (synced.daemon.id(), audit::end(&server.audit_file()));
    let before = Reading::of(id);
    tokio::time::sleep(Duration::from_secs(arguments.seconds)).await;
    let after = Reading::of(id);
    let records = audit::since(&server.audit_file(), from);
    let (renewals, others): (Vec<&Record>, Vec<&Record>) =
        records.iter().filter(|record| record.is_the_daemons()).partition(|record| is_renewal(record));
    for other in &others {
        println!("not a renewal: {} {} ({})", other.verb, other.uri, other.code);
    }

    let share = after.share_of_a_core(&before, Duration::from_secs(arguments.seconds));
    println!("\n{} s without a change on {}", arguments.seconds, server.name().await);
    report.tell("watches renewed", renewals.len() as f64, "");
    report.at_most("other requests", others.len() as f64, 0.0, "");
    report.tell("wake-ups", (after.sleeps - before.sleeps) as f64, "");
    report.at_most("CPU", share, CPU, "% of a core");
    report.tell("resident", after.resident as f64 / support::numbers::MIB, "MiB");
}

/// It goes on from where it was: nothing is listed again.
fn is_renewal(record: &Record) -> bool {
    record.verb == "watch" && record.code == 200 && !record.uri.contains("sendInitialEvents")
}
