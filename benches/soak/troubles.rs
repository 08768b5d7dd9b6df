//! What happens to the connection: watches are cut, and the API server goes away and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::harness::Proxy;
use crate::support::report::Report;
use crate::support::server::Server;

const CUT_EVERY: Duration = Duration::from_secs(20);
const AWAY_EVERY: Duration = Duration::from_secs(300);

/// The sandbox cannot be killed, since its data would go with it: it refuses every connection for so long.
const REFUSING: Duration = Duration::from_secs(4);

/// What was answered so shortly before a kill may lack its line in the audit log.
const UNWRITTEN: SignedDuration = SignedDuration::from_secs(1);

#[derive(Debug, Default)]
pub struct Troubles {
    cuts: u32,
    refusals: u32,
    /// Of the API server, from the signal until it was ready again.
    kills: Vec<(Timestamp, Timestamp)>,
}

pub async fn run(server: &Arc<Server>, proxy: &Proxy, end: Instant) -> Troubles {
    let began = Instant::now();
    let length = end.saturating_duration_since(began);
    // In a short run once, in the middle.
    let away_every = AWAY_EVERY.min(length / 2);
    let mut troubles = Troubles::default();
    let (mut cut_at, mut away_at) = (began + CUT_EVERY.min(length / 4), began + away_every);
    while cut_at.min(away_at) < end {
        tokio::time::sleep_until(cut_at.min(away_at).into()).await;
        if away_at <= cut_at {
            troubles.take_away(server, proxy).await;
            away_at += away_every;
            if away_at + away_every / 2 > end {
                // Time to recover before the end.
                away_at = end;
            }
        } else {
            proxy.cut_watches();
            troubles.cuts += 1;
            cut_at += CUT_EVERY;
        }
    }
    troubles
}

impl Troubles {
    async fn take_away(&mut self, server: &Arc<Server>, proxy: &Proxy) {
        let (killed, server) = (Timestamp::now(), Arc::clone(server));
        if tokio::task::spawn_blocking(move || server.restart()).await.unwrap() {
            self.kills.push((killed, Timestamp::now()));
        } else {
            proxy.refuse_connections(true);
            tokio::time::sleep(REFUSING).await;
            proxy.refuse_connections(false);
            self.refusals += 1;
        }
    }

    /// Whether what happened at this moment may lack its line in the audit log.
    pub fn may_be_unwritten(&self, moment: Timestamp) -> bool {
        self.kills.iter().any(|(killed, ready)| *killed - UNWRITTEN <= moment && moment <= *ready)
    }

    /// Whether the server was killed between the two.
    pub fn killed_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.kills.iter().any(|(killed, _)| from - UNWRITTEN <= *killed && *killed <= to + UNWRITTEN)
    }

    pub fn tell(&self, report: &mut Report) {
        report.tell("times that all watches were cut", f64::from(self.cuts), "");
        if self.refusals > 0 {
            report.tell("times that the server refused connections", f64::from(self.refusals), "");
        } else {
            report.tell("times that the server was killed", self.kills.len() as f64, "");
        }
    }
}
