//! A sweep by this process: rules, log, cluster, one pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use k8s_healer_engine::guard::{Itself, Reach};
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::RuleSet;
use k8s_healer_engine::values::Globs;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Arguments;
use super::progress::Progress;
use crate::cli::daemon::fail;
use crate::cli::daemon::flags::RuleFlags;
use crate::cli::daemon::follow::{ask_server, own_namespace};
use crate::cli::daemon::rules::SoundRules;
use crate::cluster::clock::SeededRandom;
use crate::cluster::timings::Timings;
use crate::cluster::{in_full, unanswered};
use crate::daemon::Shared;
use crate::daemon::control::protocol::Summary;
use crate::daemon::supervisor::Supervisor;
use crate::report::log::{self, Destination, Format};

/// A single request; lists have times of their own.
const REQUEST_TIME_OUT: Duration = Duration::from_secs(15);

/// What was done, and the exit code where a signal ended it; else the exit code, after it was told why. I/O.
pub(super) fn pass(arguments: &Arguments) -> Result<(Summary, Option<u8>), u8> {
    let flags = RuleFlags {
        rules: arguments.rules.clone(),
        set: arguments.set.clone(),
        mode: arguments.mode,
        exclude_namespaces: arguments.exclude_namespaces.clone(),
        accept_removals: false,
        no_watch: true,
    };
    let rules = SoundRules::load(&flags)?;
    log::start(Destination::StandardError, Format::Text, arguments.log_level.word());
    rules.warn();
    let (rules, _) = rules.follow(&flags);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| fail(format!("the runtime cannot be started: {error}")))?;
    let stop = CancellationToken::new();
    let ended_by = Arc::new(AtomicU8::new(0));
    let swept = runtime.block_on(async {
        tokio::spawn(end(stop.clone(), Arc::clone(&ended_by)));
        sweep(arguments, rules, &stop).await
    });
    runtime.shutdown_background();
    let interrupted = Some(ended_by.load(Ordering::Relaxed)).filter(|code| *code > 0);
    match (swept, interrupted) {
        (Ok(summary), interrupted) => Ok((summary, interrupted)),
        (Err(_), Some(code)) => Err(code),
        (Err(reason), None) => Err(fail(reason)),
    }
}

/// Client required.
async fn sweep(arguments: &Arguments, rules: RuleSet, stop: &CancellationToken) -> Result<Summary, String> {
    let connected = arguments.cluster.connect(REQUEST_TIME_OUT).await;
    let (connection, transport) = connected.map_err(|error| error.to_string())?;
    let url = &connection.server_url;
    let _progress = Progress::start(format!("sweeping {url}"));
    let asked = tokio::select! {
        asked = ask_server(&transport, &connection) => asked,
        () = stop.cancelled() => return Err("it was told to end".to_owned()),
    };
    let server = asked.map_err(|error| unanswered(url, &error))?;
    tracing::info!(server = server.url, version = server.version, rules = rules.rules.len(), "connected");
    // Each of them was parsed when it was given.
    let globs = |given: &[String]| if given.is_empty() { None } else { Globs::parse(given).ok() };
    let reach = Reach { only: globs(&arguments.namespace), excluded: globs(&arguments.exclude_namespaces) };
    let itself = Itself { namespace: own_namespace(), reach };
    let now = transport.server_clock().local().now();
    let random = Arc::new(SeededRandom::new(now.as_millisecond().unsigned_abs()));
    let mode = arguments.mode.into();
    let shared = Shared::new(transport, random, mode, itself, Timings::default(), stop.clone());
    let supervisor = Supervisor::new(Arc::new(shared), rules, Registry::standard());
    let swept = supervisor.sweep(&server, arguments.wait).await;
    swept.map_err(|error| format!("{url} does not tell what it serves: {}", in_full(&error)))
}

/// The first SIGINT or SIGTERM ends the pass in order, the second at once.
async fn end(stop: CancellationToken, ended_by: Arc<AtomicU8>) {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else { return };
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        }
    };
    ended_by.store(next().await, Ordering::Relaxed);
    stop.cancel();
    std::process::exit(next().await.into());
}
