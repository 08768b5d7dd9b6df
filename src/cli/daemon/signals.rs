//! The signals of a daemon: those that end it, and those by which scripts and process managers ask it something.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::daemon::control::Call;
use crate::daemon::control::protocol::{ReloadOutcome, ReloadReport, Request, Response, Summary};
use crate::daemon::systemd::Notifier;
use crate::report::log::SUMMARY;
use crate::report::log_file::LogFile;

/// The first SIGINT or SIGTERM ends the daemon in order, the second at once.
pub(super) fn end(stop: CancellationToken) -> impl Future<Output = ()> {
    // Caught from this call on.
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            warn!("signals cannot be caught: the daemon ends without its last words");
            return;
        };
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => 130,
                _ = terminate.recv() => 143,
            }
        };
        next().await;
        stop.cancel();
        info!("ending: what was begun is finished, nothing new is started");
        let code = next().await;
        std::process::exit(code);
    }
}

/// SIGHUP: the rules are read again, and the log is opened anew. SIGUSR1: a sweep. SIGUSR2: a summary in the log.
pub(super) fn pass_on(
    calls: mpsc::Sender<Call>,
    log_file: Option<LogFile>,
    stop: CancellationToken,
    notifier: Arc<Notifier>,
) -> impl Future<Output = ()> {
    let signals =
        [SignalKind::hangup(), SignalKind::user_defined1(), SignalKind::user_defined2()].map(signal);
    let has_terminal = stderr().is_terminal();
    async move {
        let [Ok(mut hangup), Ok(mut first), Ok(mut second)] = signals else {
            warn!("SIGHUP, SIGUSR1 and SIGUSR2 cannot be caught");
            return;
        };
        loop {
            let request = tokio::select! {
                _ = hangup.recv() => {
                    if has_terminal && !stderr().is_terminal() {
                        info!("the terminal has gone");
                        return stop.cancel();
                    }
                    if let Some(log_file) = &log_file {
                        log_file.reopen();
                    }
                    Request::Reload { accept_removals: false, by_signal: true }
                }
                _ = first.recv() => Request::Sweep { wait_seconds: None },
                _ = second.recv() => Request::Summary,
            };
            // A sweep takes a while, and the next signal does not wait for it.
            tokio::spawn(ask(calls.clone(), request, Arc::clone(&notifier)));
        }
    }
}

async fn ask(calls: mpsc::Sender<Call>, request: Request, notifier: Arc<Notifier>) {
    let is_reload = matches!(request, Request::Reload { .. });
    let (reply, replied) = oneshot::channel();
    if is_reload {
        notifier.reloading();
    }
    if calls.send(Call { request, reply }).await.is_err() {
        return;
    }
    let answer = replied.await;
    if is_reload {
        // Whatever came of it, the daemon works.
        notifier.ready(state_after_reload(answer.as_ref().ok()));
    }
    match answer {
        Ok(Response::Summary(summary)) => tell(&summary),
        Ok(Response::Error { message }) => warn!("asked by a signal: {message}"),
        // What came of a reload is in the log.
        _ => {}
    }
}

/// For the service manager, in a line.
fn state_after_reload(answer: Option<&Response>) -> &'static str {
    match answer {
        Some(Response::Reload(ReloadReport { outcome: ReloadOutcome::Applied, .. })) => "works, by new rules",
        Some(Response::Reload(ReloadReport { outcome: ReloadOutcome::Unchanged, .. })) => {
            "works, by the same rules"
        }
        _ => "works, by the rules before: the log says what is wrong with the new ones",
    }
}

fn tell(summary: &Summary) {
    let Summary { since, until, rows, remaining, incomplete } = summary;
    let [acted, would, held, failed] = [
        rows.iter().map(|row| row.acted).sum::<u64>(),
        rows.iter().map(|row| row.would).sum(),
        rows.iter().map(|row| row.held).sum(),
        rows.iter().map(|row| row.failed).sum(),
    ];
    info!(
        target: SUMMARY, %since, %until, acted, would, held, failed,
        "from {since} to {until}: {acted} done, {would} would be, {held} held back, {failed} failed"
    );
    for row in rows {
        let namespace = row.namespace.as_deref().unwrap_or("(cluster)");
        info!(
            target: SUMMARY, rule = row.rule, kind = row.kind, namespace, action = row.action,
            acted = row.acted, would = row.would, held = row.held, failed = row.failed,
            "  {} · {} · {namespace} · {}: {} done, {} would be, {} held back, {} failed",
            row.rule, row.kind, row.action, row.acted, row.would, row.held, row.failed
        );
    }
    for (object, reason) in remaining {
        info!(target: SUMMARY, object, reason, "  still there: {object}: {reason}");
    }
    for reason in incomplete {
        warn!(target: SUMMARY, reason, "  not complete: {reason}");
    }
}
