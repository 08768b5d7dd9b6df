//! A daemon under measurement.

use std::fs;
use std::time::{Duration, Instant};

use super::proc::Reading;
use super::server::Server;
use crate::harness::Daemon;

/// A hundred thousand pods from a loaded server.
const SYNC_TIMEOUT: Duration = Duration::from_secs(180);

/// How it logs that the first list of pods is complete.
const LISTED: [&str; 2] = ["\"message\":\"listed\"", "\"kind\":\"pods\""];

/// A daemon that has listed all pods.
pub struct Synced {
    pub daemon: Daemon,
    /// From the start of the process.
    pub took: Duration,
    /// At that moment.
    pub then: Reading,
}

/// Starts `daemon run` on a rules text and waits until it has listed all pods. At `debug` it logs when that
/// is so; else it logs no more than at `info`, but for pods that are new.
pub async fn start(server: &Server, rules: &str, flags: &[&str]) -> Synced {
    let file = server.folder().join("rules.yaml");
    fs::write(&file, rules).unwrap();
    let mut all = vec!["--log-format", "json", "--log-level", "debug"];
    all.extend(flags);
    let began = Instant::now();
    let mut daemon = Daemon::start_with(&server.kubeconfig(), &[&file], &all);
    loop {
        let listed = |line: &String| LISTED.iter().all(|part| line.contains(part));
        if daemon.lines().iter().any(listed) {
            let then = Reading::of(daemon.id());
            return Synced { took: began.elapsed(), then, daemon };
        }
        let waits = began.elapsed() < SYNC_TIMEOUT && daemon.has_ended().is_none();
        assert!(waits, "the daemon does not sync; it says:\n{}", daemon.lines().join("\n"));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A pack of these rules, on the namespaces that the benches use.
pub fn pack(rules: &str) -> String {
    format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: bench }}\n\
         defaults: {{ namespaces: [test-*] }}\nrules:\n{rules}"
    )
}
