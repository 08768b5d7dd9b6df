//! The daemon for a long time, while everything around it moves: pods that are left bad and others that recover,
//! rules that are rewritten, watches that are cut, an API server that goes away. At the end: whether it did all
//! that it should and nothing else, and whether it takes as much as at the beginning.
//!
//! `cargo bench --bench soak`; docs/benchmarks.md says how it measures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench"
)]
#![allow(unreachable_pub, reason = "the parts are one bench's own")]

mod churn;
mod control;
#[path = "../../tests/support/mod.rs"]
mod harness;
mod judge;
mod rewrites;
mod samples;
mod stories;
#[path = "../support/mod.rs"]
mod support;
mod troubles;
mod verdict;
mod wire;

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use control::Control;
use harness::{Cluster, Daemon, Proxy};
use judge::Judge;
use support::report::{Common, Report};
use support::server::Server;
use support::{block_on, load};
use wire::Wire;

/// Right in what it does and steady in what it takes, whatever happens
#[derive(Debug, Parser)]
struct Arguments {
    /// For so long
    #[arg(long, default_value_t = 30)]
    minutes: u32,
    /// Pods that are there all the time
    #[arg(long, default_value_t = 2000)]
    pods: u32,
    /// Status updates a second that make no difference
    #[arg(long, default_value_t = 100)]
    rate: u32,
    #[command(flatten)]
    common: Common,
}

/// The first list, on a machine that builds something meanwhile.
const READY_TIMEOUT: Duration = Duration::from_secs(180);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut report = Report::new("soak");
    block_on(soak(&arguments, &mut report));
    report.finish(&arguments.common)
}

async fn soak(arguments: &Arguments, report: &mut Report) {
    let server = match Server::real().await {
        Some(server) => Arc::new(server),
        None => {
            report.skip("a real API server", "KUBEBUILDER_ASSETS is not set: the sandbox stands in");
            Arc::new(Server::sandbox(&[]))
        }
    };
    let objects = server.objects().await;
    load::create_namespaces(&objects).await;
    load::create_pods(&objects, 0..arguments.pods, |_, name| stories::pod(name)).await;
    let proxy = Proxy::start(&Cluster::new(server.kubeconfig(), Some(server.audit_file())));
    let mut judge = Judge::new(server.audit_file());
    let (mut daemon, control) = start(&server, &proxy).await;

    let began = Instant::now();
    let end = began + Duration::from_secs(u64::from(arguments.minutes) * 60);
    let churn = churn::Churn::new(Wire::new(objects), arguments.pods, arguments.rate);
    let progress = Progress { began, end, churn: &churn };
    let (stories, troubles, rewrites, samples, ()) = tokio::join!(
        churn.run(end),
        troubles::run(&server, &proxy, end),
        rewrites::run(&control, end),
        samples::run(&mut daemon, &control, end),
        progress.run(&mut judge),
    );
    judge.follow();
    let ended = daemon.terminate();

    println!("\n{} min on {}", arguments.minutes, server.name().await);
    report.tell("status updates that make no difference", f64::from(churn.updates()), "");
    troubles.tell(report);
    verdict::tell(&stories, &judge, &troubles, &control, report);
    rewrites.tell(report);
    control.tell(report);
    samples::tell(&samples, report);
    let code = ended.status.code().unwrap_or(-1);
    report.at_most("exit code after SIGTERM", f64::from(code.abs()), 0.0, "");
}

/// As a person starts it, through a proxy that cuts its watches.
async fn start(server: &Server, proxy: &Proxy) -> (Daemon, Control) {
    let control = Control::new(server.folder());
    rewrites::write(&control.rules, 0);
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    command.args(["daemon", "run", "--log-format", "json", "--log-max-size", "1MiB", "--log-keep", "500"]);
    command.arg("--rules").arg(&control.rules).arg("--kubeconfig").arg(proxy.kubeconfig());
    command.arg("--pid-file").arg(&control.pid_file).arg("--log-file").arg(&control.log);
    for (name, _) in std::env::vars_os() {
        // What the person who runs it has set up for daily work.
        if name.to_string_lossy().starts_with("K8S_HEALER_") {
            command.env_remove(&name);
        }
    }
    let mut daemon = Daemon::spawn(command);
    let began = Instant::now();
    while control.look().await.is_none_or(|status| status["ready"] != true) {
        let waits = began.elapsed() < READY_TIMEOUT && daemon.has_ended().is_none();
        assert!(waits, "the daemon is not ready; it says:\n{}", control.last_words(&daemon));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    (daemon, control)
}

/// What is told meanwhile.
struct Progress<'a> {
    began: Instant,
    end: Instant,
    churn: &'a churn::Churn,
}

impl Progress<'_> {
    /// A line a minute; on a terminal also one that is written over and over.
    async fn run(&self, judge: &mut Judge) {
        let mut minutes = 0;
        let mut ticks = tokio::time::interval(Duration::from_secs(2));
        while Instant::now() < self.end {
            ticks.tick().await;
            let elapsed = self.began.elapsed();
            let line = |writes| {
                format!(
                    "{:>3}:{:02}  {} updates, {} stories begun, {writes} steps of the daemon",
                    elapsed.as_secs() / 60,
                    elapsed.as_secs() % 60,
                    self.churn.updates(),
                    self.churn.stories(),
                )
            };
            load::tell(&line(judge.writes()));
            if elapsed.as_secs() / 60 > minutes {
                minutes = elapsed.as_secs() / 60;
                // Read in parts: the whole log would not fit in memory comfortably.
                judge.follow();
                load::tell("");
                println!("{}", line(judge.writes()));
            }
        }
        load::tell("");
    }
}
