//! What the daemon takes: memory, and the time and CPU of its first list beside a raw download of the same
//! pods. On a real API server, filled by the bench, and on the sandbox's hundred thousand synthetic pods.
//!
//! `cargo bench --bench footprint`; docs/benchmarks.md says how it measures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench"
)]
#![allow(unreachable_pub, reason = "the parts are one bench's own")]

#[path = "../../tests/support/mod.rs"]
mod harness;
mod memories;
mod pairs;
mod rules;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use memories::Memories;
use pairs::Pairs;
use rules::RULES;
use support::audit::{self, Record};
use support::daemon::{Synced, pack, start};
use support::download;
use support::numbers::MIB;
use support::proc::Reading;
use support::report::{Common, Report};
use support::server::Server;
use support::{block_on, load};

/// Memory, and the first list beside a raw download
#[derive(Debug, Parser)]
struct Arguments {
    /// Pods on the real API server: some sizes, the smallest first
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 20_000])]
    real: Vec<u32>,
    /// Synthetic pods on the sandbox: some sizes, the smallest first
    #[arg(long, value_delimiter = ',', default_values_t = [50_000, 100_000])]
    sandbox: Vec<u32>,
    /// Leave one of the two servers out
    #[arg(long, value_parser = ["real", "sandbox"])]
    only: Option<String>,
    /// Bytes of JSON of each pod
    #[arg(long, default_value_t = 13_000)]
    pod_size: usize,
    /// How often the first list and the raw download are made, in turns
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// How many daemons each memory is the median of
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// How long the daemon is watched while nothing happens
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    idle: u64,
    #[command(flatten)]
    common: Common,
}

/// Allocations settle, and what the first list left behind is given back.
const SETTLE: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    if download::was_asked_for() {
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::parse();
    let mut report = Report::new("footprint");
    block_on(async {
        let left_out = |server: &str| arguments.only.as_deref().is_some_and(|only| only != server);
        if !left_out("real") {
            on_a_real_server(&arguments, &mut report).await;
        }
        if !left_out("sandbox") {
            on_the_sandbox(&arguments, &mut report).await;
        }
    });
    report.finish(&arguments.common)
}

async fn on_a_real_server(arguments: &Arguments, report: &mut Report) {
    let Some(server) = Server::real().await else {
        return report.skip("a real API server", "KUBEBUILDER_ASSETS is not set");
    };
    let objects = server.objects().await;
    load::create_namespaces(&objects).await;
    let variables = load::variables_for(&objects, arguments.pod_size).await;
    let mut memories = Memories::default();
    let mut there = 0;
    for size in &arguments.real {
        load::create_pods(&objects, there..*size, move |_, name| load::pod(name, variables)).await;
        there = *size;
        measure((&server, "real"), *size, arguments, report, &mut memories).await;
    }
    memories.tell_slopes(report, "real", &arguments.real);
}

async fn on_the_sandbox(arguments: &Arguments, report: &mut Report) {
    let mut memories = Memories::default();
    for size in &arguments.sandbox {
        let (pods, bytes) = (size.to_string(), arguments.pod_size.to_string());
        let server = Server::sandbox(&["--pods", &pods, "--pod-size", &bytes]);
        measure((&server, "sandbox"), *size, arguments, report, &mut memories).await;
    }
    memories.tell_slopes(report, "sandbox", &arguments.sandbox);
}

/// One size on one server: the pairs with the idle rules, then the memory with each of the others.
async fn measure(
    (server, called): (&Server, &str),
    pods: u32,
    arguments: &Arguments,
    report: &mut Report,
    memories: &mut Memories,
) {
    let name = server.name().await;
    let pairs = Pairs::measure(server, arguments).await;
    let Some(first) = pairs.downloads.first() else { return };
    let each = first.bytes as f64 / f64::from(pods) / 1e3;
    println!("\n{pods} pods of {each:.1} KB on {name}, by {}", pairs.way.shown());
    pairs.show();
    let what = format!("{called}, {pods} pods");
    pairs.tell(called, pods, report);
    idle_for(&pairs.last, &what, server, arguments, report).await;
    memories.add("idle", pairs.settled.iter().map(|reading| reading.resident));
    drop(pairs);
    for (armed, rules) in &RULES[1..] {
        let mut resident = Vec::new();
        for _ in 0..arguments.runs {
            let synced = start(server, &pack(rules), &["--mode", "observe"]).await;
            tokio::time::sleep(SETTLE).await;
            resident.push(Reading::of(synced.daemon.id()).resident);
        }
        let shown: Vec<String> = resident.iter().map(|bytes| format!("{:.1}", *bytes as f64 / MIB)).collect();
        println!("  {armed}: resident {} MiB", shown.join(", "));
        let bytes = memories.add(armed, resident);
        report.tell(&format!("{what}, {armed}: resident"), bytes / MIB, "MiB");
    }
}

/// Nothing happens, and nothing is done.
async fn idle_for(
    synced: &Synced,
    prefix: &str,
    server: &Server,
    arguments: &Arguments,
    report: &mut Report,
) {
    let (id, from) = (synced.daemon.id(), audit::end(&server.audit_file()));
    let before = Reading::of(id);
    tokio::time::sleep(Duration::from_secs(arguments.idle)).await;
    let after = Reading::of(id);
    let requests = audit::since(&server.audit_file(), from)
        .iter()
        .filter(|record| Record::is_the_daemons(record))
        .count();
    let share = after.share_of_a_core(&before, Duration::from_secs(arguments.idle));
    let what = |part: &str| format!("{prefix}, {} s idle: {part}", arguments.idle);
    report.tell(&what("resident"), after.resident as f64 / MIB, "MiB");
    report.tell(&what("CPU"), share, "% of a core");
    report.tell(&what("requests"), requests as f64, "");
}
