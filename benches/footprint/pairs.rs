//! First lists and raw downloads in turns.

use std::time::Duration;

use super::rules::IDLE;
use super::{Arguments, SETTLE};
use crate::support::audit;
use crate::support::daemon::{Synced, pack, start};
use crate::support::download::{Download, Way, download};
use crate::support::numbers::{MIB, median};
use crate::support::proc::Reading;
use crate::support::report::Report;
use crate::support::server::Server;

/// First lists and raw downloads in turns: whatever else the machine does, it does to both.
pub struct Pairs {
    pub way: Way,
    lists: Vec<(Duration, Reading)>,
    /// Each daemon, some seconds after its first list.
    pub settled: Vec<Reading>,
    pub downloads: Vec<Download>,
    /// The last daemon still runs.
    pub last: Synced,
}

impl Pairs {
    pub async fn measure(server: &Server, arguments: &Arguments) -> Self {
        let rules = pack(IDLE);
        let (mut lists, mut settled, mut downloads) = (Vec::new(), Vec::new(), Vec::new());
        let mut way = None;
        let mut pair = 0;
        loop {
            let from = audit::end(&server.audit_file());
            let synced = start(server, &rules, &["--mode", "observe"]).await;
            tokio::time::sleep(SETTLE).await;
            lists.push((synced.took, synced.then));
            settled.push(Reading::of(synced.daemon.id()));
            let last = (pair + 1 >= arguments.pairs).then_some(synced);
            let records = || audit::since(&server.audit_file(), from);
            let way = *way.get_or_insert_with(|| Way::of(&records()));
            let kubeconfig = server.kubeconfig();
            let task = tokio::task::spawn_blocking(move || download(&kubeconfig, way));
            downloads.push(task.await.unwrap());
            if let Some(last) = last {
                return Self { way, lists, settled, downloads, last };
            }
            pair += 1;
        }
    }

    /// Every run, so that the scatter shows.
    pub fn show(&self) {
        println!("  run  sync s  CPU s   raw s  CPU s   ratio  peak MiB  resident  of it heap");
        for (at, ((took, then), download)) in self.lists.iter().zip(&self.downloads).enumerate() {
            let settled = &self.settled[at];
            println!(
                "  {:>3}  {:>6.2}  {:>5.2}  {:>6.2}  {:>5.2}  {:>6.2}  {:>8.1}  {:>8.1}  {:>10.1}",
                at + 1,
                took.as_secs_f64(),
                then.cpu.as_secs_f64(),
                download.took.as_secs_f64(),
                download.cpu.as_secs_f64(),
                took.as_secs_f64() / download.took.as_secs_f64(),
                settled.peak as f64 / MIB,
                settled.resident as f64 / MIB,
                settled.anonymous as f64 / MIB,
            );
        }
    }

    pub fn tell(&self, server: &str, pods: u32, report: &mut Report) {
        let of_lists =
            |part: fn(&(Duration, Reading)) -> f64| median(&self.lists.iter().map(part).collect::<Vec<_>>());
        let of_downloads =
            |part: fn(&Download) -> f64| median(&self.downloads.iter().map(part).collect::<Vec<_>>());
        let of_settled =
            |part: fn(&Reading) -> f64| median(&self.settled.iter().map(part).collect::<Vec<_>>());
        let ratios: Vec<f64> = self
            .lists
            .iter()
            .zip(&self.downloads)
            .map(|((took, _), download)| took.as_secs_f64() / download.took.as_secs_f64())
            .collect();
        let resident = of_settled(|reading| reading.resident as f64 / MIB);
        let what = |part: &str| format!("{server}, {pods} pods: {part}");
        match pods {
            ..=10_000 => report.at_most(&what("resident"), resident, 20.0, "MiB"),
            100_000 => report.at_most(&what("resident"), resident, 40.0, "MiB"),
            _ => report.tell(&what("resident"), resident, "MiB"),
        }
        let above = of_settled(|reading| reading.peak.saturating_sub(reading.resident) as f64 / MIB);
        report.at_most(&what("peak above resident"), above, 10.0, "MiB");
        report.tell(&what("sync"), of_lists(|(took, _)| took.as_secs_f64()), "s");
        report.tell(&what("sync, CPU"), of_lists(|(_, then)| then.cpu.as_secs_f64()), "s");
        report.tell(&what("raw download"), of_downloads(|download| download.took.as_secs_f64()), "s");
        report.tell(&what("raw download, CPU"), of_downloads(|download| download.cpu.as_secs_f64()), "s");
        let ratio = median(&ratios);
        if server == "real" {
            report.at_most(&what("sync : raw download"), ratio, 1.3, "");
        } else {
            // The sandbox sends faster than any network: there the daemon's own CPU is all that counts.
            report.tell(&what("sync : raw download"), ratio, "");
        }
    }
}
