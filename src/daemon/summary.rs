//! What the daemon says of itself when it starts: where it is connected to, which rules watch what, and
//! which wait. Lines on a terminal, events with fields in JSON.

use std::collections::BTreeMap;

use tracing::{info, warn};

use super::assignment::Assignment;
use super::controller::Census;
use crate::report::log::SUMMARY;

/// Where the daemon is connected to.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// `https://127.0.0.1:6443`.
    pub url: String,
    /// The kubeconfig's context; `None`: the pod's own account.
    pub context: Option<String>,
    /// `v1.37.2`.
    pub version: String,
    /// `None`: it may not be known.
    pub nodes: Option<usize>,
}

pub(super) fn tell_server(server: &Server, mode: &str, rules: usize) {
    let context = server.context.as_deref().map(|name| format!(" (context {name})")).unwrap_or_default();
    let nodes = match server.nodes {
        Some(1) => "1 node".to_owned(),
        Some(nodes) => format!("{nodes} nodes"),
        None => "nodes not permitted to be counted".to_owned(),
    };
    info!(
        target: SUMMARY,
        server = server.url,
        version = server.version,
        nodes = server.nodes,
        mode,
        rules,
        "connected to {}{context} · Kubernetes {} · {nodes} · mode {mode} · {rules} {}",
        server.url,
        server.version,
        if rules == 1 { "rule" } else { "rules" },
    );
}

/// The rules by kind, as a table whose columns fit.
pub(super) fn tell_watched(censuses: &BTreeMap<String, Option<Census>>) {
    let mut rows = vec![["KIND", "OBJECTS", "RULE", "SELECTS", "TRUE NOW"].map(str::to_owned)];
    for (kind, census) in censuses {
        let Some(census) = census else {
            rows.push([kind.as_str(), "?", "(not listed yet)", "", ""].map(str::to_owned));
            continue;
        };
        for (index, (rule, selects, matches)) in census.rules.iter().enumerate() {
            let first = index == 0;
            rows.push([
                if first { kind.clone() } else { String::new() },
                if first { census.objects.to_string() } else { String::new() },
                rule.clone(),
                selects.to_string(),
                matches.to_string(),
            ]);
        }
    }
    let widths: Vec<usize> =
        (0..5).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        info!(target: SUMMARY, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

pub(super) fn tell_left_out(assignment: &Assignment) {
    let mut waiting: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for dormant in &assignment.dormant {
        waiting.entry(&dormant.target).or_default().push(dormant.rule.to_string());
    }
    for (kind, rules) in waiting {
        let rules = rules.join(", ");
        info!(target: SUMMARY, kind, rules, "  dormant: {kind} is not served; it wakes {rules} when it appears");
    }
    for refused in &assignment.refused {
        let (rule, reason) = (refused.rule.to_string(), &refused.reason);
        warn!(target: SUMMARY, rule, reason, "  left out: rule {rule}: {reason}");
    }
}
