//! What every case has in common: the daemon that must bear it.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Daemon, Fault, Flood, Proxy, Scene, Seen, Stage, unique};

/// A quiet daemon of the tests' build has about 35 MiB.
const MOST_MEMORY: u64 = 120 << 10;

/// For so long the server does its worst.
const WHILE: Duration = Duration::from_secs(4);

/// At first once a second, then ever more rarely.
const MOST_REQUESTS: usize = 14;

/// The summary, decisions, and a few lines that tell what is wrong.
const MOST_LINES: usize = 60;

pub(crate) struct Case {
    pub(crate) scene: Scene,
    pub(crate) proxy: Proxy,
    pub(crate) daemon: Daemon,
}

/// A secret for which the hostile kind's rule is true.
pub(crate) fn bad_secret(name: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"state": "bad"}}})
}

fn rules() -> String {
    let action = "actions: [ { delete: {} } ]";
    bad_rule(action) + &format!("- name: hostile\n  watch: secrets\n  match: {BAD}\n  for: 1s\n  {action}\n")
}

impl Case {
    /// The daemon, where everything is well.
    pub(crate) async fn new() -> Self {
        let scene = Stage::Sandbox.scene().await.unwrap();
        let proxy = Proxy::start(scene.account());
        let daemon = scene.daemon_at(&proxy.kubeconfig(), &rules(), &[]).await;
        Self { scene, proxy, daemon }
    }

    /// The daemon, started while the server is hostile already.
    pub(crate) async fn under(matches: fn(&Seen) -> bool, flood: Flood) -> Self {
        let scene = Stage::Sandbox.scene().await.unwrap();
        let proxy = Proxy::start(scene.account());
        proxy.inject(matches, Fault::Flood(flood), usize::MAX);
        let daemon = scene.starting_daemon_at(&proxy.kubeconfig(), &rules(), &[]);
        Self { scene, proxy, daemon }
    }

    /// From now on.
    pub(crate) fn attack(&self, matches: fn(&Seen) -> bool, flood: Flood) {
        self.proxy.inject(matches, Fault::Flood(flood), usize::MAX);
    }

    /// It bears it: the other kind is healed, and what it costs is bounded. `told` is in its log.
    pub(crate) async fn bears(&mut self, told: &str) {
        let (start, mark) = (Instant::now(), self.proxy.mark());
        for _ in 0..2 {
            let name = unique("map");
            self.scene.bad(&name).await;
            self.scene.wait_until_gone("configmaps", &name).await;
            tokio::time::sleep(WHILE.saturating_sub(start.elapsed()) / 2).await;
        }
        tokio::time::sleep(WHILE.saturating_sub(start.elapsed())).await;
        self.daemon.wait_for_line(told, SOON).await;
        // At the level at which it is run.
        let lines: Vec<String> =
            self.daemon.lines().into_iter().filter(|line| !line.contains("DEBUG")).collect();
        assert!(!lines.iter().any(|line| line.contains("panicked")), "{lines:#?}");
        assert!(lines.len() <= MOST_LINES, "{} lines: {lines:#?}", lines.len());
        assert!(self.daemon.has_ended().is_none(), "{lines:#?}");
        let asked = self.proxy.seen()[mark..].iter().filter(|seen| seen.path.contains("/secrets")).count();
        assert!(asked <= MOST_REQUESTS, "{asked} requests in {:?}", start.elapsed());
        let memory = self.memory();
        assert!(memory <= MOST_MEMORY, "{memory} KiB at its peak");
    }

    /// And when the server is well again, the kind is too.
    pub(crate) async fn recovers(mut self) {
        self.proxy.clear_faults();
        self.proxy.cut_watches();
        self.scene.create("secrets", &bad_secret("secret")).await;
        self.scene
            .objects
            .wait_until_gone("secrets", &self.scene.namespace, "secret", Duration::from_secs(100))
            .await;
        assert!(self.daemon.has_ended().is_none());
    }

    /// The most that it has had, in KiB.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.daemon.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}
