//! What the daemon answers when it is asked: how it is, what it has done, to pause and to go on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::{Place, Supervisor};
use crate::daemon::control::Call;
use crate::daemon::control::protocol::{
    Cluster, Paused, Request, Response, RuleState, RuleStatus, Status, Summary, SummaryRow, WatchStatus,
};
use crate::daemon::controller::{Census, Order};
use crate::daemon::reload::decision::AskedBy;
use crate::report::tally::Tally;

/// A controller answers at once; one that is ending never does.
const CENSUS: Duration = Duration::from_secs(2);
/// More deadlines help nobody.
const DEADLINES: usize = 10;

/// What the status tells of the process that the supervisor runs in.
#[derive(Clone, Default)]
pub struct Process {
    /// The arguments that it was started with, without the program.
    pub arguments: Vec<String>,
    /// The folder that it was started in.
    pub folder: PathBuf,
    /// Since when it runs.
    pub started: Timestamp,
    /// Where its log goes; `None`: to standard error.
    pub log_file: Option<PathBuf>,
    /// What keeps the log from being written.
    pub log_trouble: Option<Arc<dyn Fn() -> Option<String> + Send + Sync>>,
}

impl Supervisor {
    /// Answers a call, or has it answered by a task of its own where that takes a while.
    pub(super) async fn answer(&mut self, call: Call) {
        let Call { request, reply } = call;
        match request {
            Request::Status => {
                let status = self.status();
                tokio::spawn(async move { respond(reply, Response::Status(Box::new(status.await))) });
            }
            Request::Summary => {
                let now = self.shared.transport.server_clock().local().now();
                let tally = self.shared.with_tally(|tally| tally.clone());
                respond(reply, Response::Summary(summary_of(&tally, self.process.started, now)));
            }
            Request::Pause { reason } => respond(reply, self.pause(reason)),
            Request::Resume { rule: Some(rule) } => respond(reply, self.close_breaker(&rule)),
            Request::Resume { rule: None } => respond(reply, self.resume()),
            Request::Reload { by_signal: true, .. } => self.reload(AskedBy::Signal, reply).await,
            Request::Reload { accept_removals, .. } => {
                self.reload(AskedBy::Command { accept_removals }, reply).await;
            }
            Request::Sweep { wait_seconds } => {
                let sweep = self.sweep_again(wait_seconds.map(Duration::from_secs));
                tokio::spawn(async move { respond(reply, Response::Summary(sweep.await)) });
            }
        }
    }

    fn pause(&self, reason: Option<String>) -> Response {
        let now = self.shared.transport.server_clock().local().now();
        let kept = self.shared.pause.start(now, reason);
        let told = self.shared.pause.record().and_then(|record| record.reason).unwrap_or_default();
        info!(reason = told, "paused: nothing is done until `resume`");
        match kept {
            Ok(()) => Response::Pause { paused: self.paused() },
            Err(error) => {
                warn!(%error, "the pause cannot be kept on disk: a restart would end it");
                Response::Error { message: format!("it pauses, but a restart would end that: {error}") }
            }
        }
    }

    fn resume(&self) -> Response {
        match self.shared.pause.end() {
            Ok(()) => {
                info!("resumed");
                Response::Pause { paused: None }
            }
            Err(error) => {
                Response::Error { message: format!("it still pauses: the pause on disk stays: {error}") }
            }
        }
    }

    fn paused(&self) -> Option<Paused> {
        let record = self.shared.pause.record()?;
        Some(Paused { since: record.since, reason: record.reason })
    }

    /// Asks every controller how it is. Nothing of it waits for the cluster.
    pub(super) fn censuses(&self) -> impl Future<Output = BTreeMap<Place, Option<Census>>> + use<> {
        let asked = self.running.iter().map(|(place, running)| {
            let (sender, receiver) = oneshot::channel();
            // One that is ending does not answer.
            drop(running.orders.send(Order::Census(sender)));
            (place.clone(), receiver)
        });
        let asked: Vec<_> = asked.collect();
        let answer = |(place, receiver)| async move {
            let census = tokio::time::timeout(CENSUS, receiver).await;
            (place, census.ok().and_then(Result::ok))
        };
        async move { join_all(asked.into_iter().map(answer)).await.into_iter().collect() }
    }

    pub(super) fn status(&self) -> impl Future<Output = Status> + use<> {
        let tally = self.shared.with_tally(|tally| tally.clone());
        let Process { arguments, folder, started, log_file, log_trouble } = self.process.clone();
        let mut status = Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started,
            ready: self.ready,
            arguments,
            folder,
            cluster: Cluster {
                url: self.server.url.clone(),
                context: self.server.context.clone(),
                version: self.server.version.clone(),
                nodes: self.server.nodes,
            },
            mode: self.shared.mode.to_string(),
            paused: self.paused(),
            memory: resident(),
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
            log_file,
            log_trouble: log_trouble.and_then(|trouble| trouble()),
            namespaces: self.selected_namespaces(),
            rules: self.resting_rules(),
            breakers: self.open_breakers(),
            watches: Vec::new(),
            deadlines: Vec::new(),
            reload: self.reloaded.clone(),
        };
        let censuses = self.censuses();
        async move {
            add_censuses(&mut status, censuses.await);
            add_counts(&mut status, &tally);
            status
        }
    }

    /// Rules that do not run, and why.
    fn resting_rules(&self) -> Vec<RuleStatus> {
        let dormant = self.told.dormant.iter().map(|dormant| RuleStatus {
            rule: dormant.rule.to_string(),
            kind: dormant.target.clone(),
            state: RuleState::Dormant,
            reason: Some("the server does not serve this kind".to_owned()),
            ..RuleStatus::default()
        });
        let refused = self.told.refused.iter().map(|refused| RuleStatus {
            rule: refused.rule.to_string(),
            state: RuleState::Refused,
            reason: Some(refused.reason.clone()),
            ..RuleStatus::default()
        });
        dormant.chain(refused).collect()
    }
}

fn respond(reply: oneshot::Sender<Response>, response: Response) {
    // Nobody may wait for the answer any more.
    drop(reply.send(response));
}

/// A kind that is watched in many namespaces is one row for each of its rules.
fn add_censuses(status: &mut Status, censuses: BTreeMap<Place, Option<Census>>) {
    let mut rules: BTreeMap<(String, String), RuleStatus> = BTreeMap::new();
    for (Place { kind, namespace }, census) in censuses {
        let Some(census) = census else { continue };
        for counted in &census.rules {
            let rule = counted.rule.to_string();
            let row = rules.entry((rule.clone(), kind.clone())).or_insert_with(|| RuleStatus {
                rule,
                kind: kind.clone(),
                state: RuleState::Forbidden,
                reason: census.reason.clone(),
                ..RuleStatus::default()
            });
            if census.health != crate::daemon::control::protocol::Health::Forbidden {
                (row.state, row.reason) = (RuleState::Active, None);
            }
            row.selected += counted.selected;
            row.matching += counted.matching;
            // All places count the same rule.
            row.unknown = row.unknown.max(counted.unknown);
        }
        status.deadlines.extend(census.deadlines);
        status.watches.push(WatchStatus {
            kind,
            namespace,
            health: census.health,
            since: census.since,
            reason: census.reason,
            objects: census.objects,
            armed: census.armed,
        });
    }
    status.rules.extend(rules.into_values());
    status.rules.sort_by(|a, b| (&a.kind, &a.rule).cmp(&(&b.kind, &b.rule)));
    status.deadlines.sort_by_key(|deadline| deadline.at);
    status.deadlines.truncate(DEADLINES);
}

fn add_counts(status: &mut Status, tally: &Tally) {
    for row in &mut status.rules {
        let theirs = tally.rows().filter(|(heading, _)| heading.rule == row.rule && heading.kind == row.kind);
        for (_, counts) in theirs {
            row.acted += counts.acted;
            row.held += counts.held;
            row.failed += counts.failed;
        }
    }
}

pub(super) fn summary_of(tally: &Tally, since: Timestamp, until: Timestamp) -> Summary {
    let rows = tally.rows().map(|(heading, counts)| SummaryRow {
        rule: heading.rule.clone(),
        kind: heading.kind.clone(),
        namespace: heading.namespace.clone(),
        action: heading.action.clone(),
        acted: counts.acted,
        would: counts.would,
        held: counts.held,
        failed: counts.failed,
        reason: counts.reason.clone(),
        last: counts.last,
    });
    Summary { since, until, rows: rows.collect(), ..Summary::default() }
}

/// Bytes of the resident set; `None` where the system has no `/proc`.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}
