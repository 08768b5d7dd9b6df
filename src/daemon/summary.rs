//! What the daemon says of itself when it starts: where it is connected to, which rules watch what, and
//! which wait. Lines on a terminal, events with fields in JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use k8s_healer_engine::guard::{Itself, KEEP_UNTIL, PROTECT, SYSTEM_NAMESPACES};
use k8s_healer_engine::guardrails::Guardrails;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::values::{Globs, Path};
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::assignment::Assignment;
use super::control::protocol::Health;
use super::controller::{Census, RuleCensus};
use super::supervisor::Place;
use crate::cluster::clock::Clock;
use crate::cluster::resource::Resource;
use crate::report::log::{HEADER, SUMMARY};

/// The first lists are waited for so long before the summary is printed without them.
const FIRST_LISTS: Duration = Duration::from_secs(15);

/// More names help nobody.
const NAMES: usize = 10;

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

/// Waits for the first lists, then tells what is watched.
pub(super) async fn summarize(clock: Arc<dyn Clock>, first_lists: Vec<(Place, oneshot::Receiver<Census>)>) {
    let deadline = futures::FutureExt::shared(clock.sleep(FIRST_LISTS));
    let wait = |(place, receiver): (Place, oneshot::Receiver<Census>)| {
        let deadline = deadline.clone();
        async move {
            tokio::select! {
                census = receiver => (place.kind, census.ok()),
                () = deadline => (place.kind, None),
            }
        }
    };
    let censuses: BTreeMap<String, Option<Census>> =
        join_all(first_lists.into_iter().map(wait)).await.into_iter().collect();
    tell_watched(&censuses);
}

/// What no rule reaches.
pub(super) fn tell_protections(itself: &Itself, guardrails: &Guardrails) {
    let own = itself.namespace.iter().cloned();
    let excluded = itself.reach.excluded.iter().flat_map(Globs::sources);
    let system = SYSTEM_NAMESPACES.iter().filter(|name| !guardrails.lift_namespace(name));
    let namespaces: Vec<String> = system.map(|&name| name.to_owned()).chain(own).chain(excluded).collect();
    let namespaces = namespaces.join(", ");
    info!(
        target: SUMMARY,
        namespaces,
        "  protected: the namespaces {namespaces}; system-critical, mirror and DaemonSet pods; whatever has \
         {PROTECT}, or {KEEP_UNTIL} in the future"
    );
    tell_guardrails(guardrails);
}

/// What guardrails add to that, and what they take away: that is warned of whenever it comes into force.
pub(super) fn tell_guardrails(guardrails: &Guardrails) {
    for document in &guardrails.documents {
        let (name, within) = (&document.name, document.within.as_ref());
        let within = within.map(|globs| format!(", in {globs}")).unwrap_or_default();
        let protect = document.protect.shown().join("; ");
        if !protect.is_empty() {
            info!(target: SUMMARY, guardrails = name, protect, "  protected by guardrails {name}{within}: {protect}");
        }
        let lifted = document.unprotect.shown().join("; ");
        if !lifted.is_empty() {
            warn!(
                target: SUMMARY,
                guardrails = name,
                lifted,
                "  lifted by guardrails {name}: the protection of {lifted}, where no other document protects"
            );
        }
    }
}

/// Which namespaces rules select, of so many.
pub(super) fn tell_namespaces(selected: &BTreeSet<Arc<str>>, all: usize) {
    let names: Vec<&str> = selected.iter().take(NAMES).map(|name| &**name).collect();
    let more = selected.len() - names.len();
    let names = names.join(", ");
    let which = match (selected.len(), more) {
        (0, _) => String::new(),
        (_, 0) => format!(": {names}"),
        _ => format!(": {names} and {more} more"),
    };
    let count = selected.len();
    info!(target: SUMMARY, selected = count, all, "  namespaces: {count} of {all} selected{which}");
}

/// A kind may not be read in the whole cluster.
pub(super) fn tell_forbidden(resource: &Resource, rules: &[Arc<Rule>], namespaces: &BTreeSet<Arc<str>>) {
    let kind = resource.name();
    let rules = rules.iter().map(|rule| rule.id.to_string()).collect::<Vec<_>>().join(", ");
    if namespaces.is_empty() {
        warn!(
            kind,
            rules, "reading this kind is not permitted: its rules are off; grant list and watch on {kind}"
        );
    } else {
        let count = namespaces.len();
        info!(
            kind,
            rules,
            namespaces = count,
            "this kind is not to be read in the whole cluster: it is watched in each of {count} namespaces"
        );
    }
}

/// The rules by kind, as a table whose columns fit; in JSON one event for each rule and kind.
fn tell_watched(censuses: &BTreeMap<String, Option<Census>>) {
    let mut rows: Vec<Row> = Vec::new();
    for (kind, census) in censuses {
        match census {
            None => rows.push(Row { kind, rule: "(not listed yet)".to_owned(), ..Row::default() }),
            Some(census) => {
                let forbidden = census.health == Health::Forbidden;
                rows.extend(census.rules.iter().map(|RuleCensus { rule, selected, matching, .. }| Row {
                    kind,
                    rule: rule.to_string(),
                    forbidden,
                    counts: (!forbidden).then_some([census.objects, *selected, *matching]),
                }));
            }
        }
    }
    let cells: Vec<[String; 5]> =
        rows.iter().enumerate().map(|(at, row)| row.cells(at > 0 && rows[at - 1].kind == row.kind)).collect();
    let header = ["KIND", "OBJECTS", "RULE", "SELECTS", "TRUE NOW"].map(str::to_owned);
    let width = |column: usize| {
        cells.iter().chain([&header]).map(|cells| cells[column].chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |cells: &[String; 5]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("  {}", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    info!(target: HEADER, "{}", line(&header));
    for (row, cells) in rows.iter().zip(&cells) {
        let [objects, selects, matches] = row.counts.map_or([None; 3], |counts| counts.map(Some));
        info!(target: SUMMARY, kind = row.kind, rule = row.rule, objects, selects, true_now = matches, "{}", line(cells));
    }
}

/// One rule on one kind.
#[derive(Default)]
struct Row<'a> {
    kind: &'a str,
    rule: String,
    /// The kind may not be read in the whole cluster.
    forbidden: bool,
    /// Objects of the kind, those that the rule selects, those of which it is true.
    counts: Option<[usize; 3]>,
}

impl Row<'_> {
    fn cells(&self, same_kind: bool) -> [String; 5] {
        let [objects, selects, matches] =
            self.counts.map_or_else(Default::default, |counts| counts.map(|n| n.to_string()));
        let first = |text: String| if same_kind { String::new() } else { text };
        let note = if self.forbidden { " (not permitted in the whole cluster)" } else { "" };
        [first(self.kind.to_owned()), first(objects), format!("{}{note}", self.rule), selects, matches]
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

/// A path that may be misspelt.
pub(super) fn tell_never_seen(kind: &str, rule: &str, paths: &[Path], objects: usize) {
    let path = paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let asked = "if it is misspelt, what asks for it is never true; `validate-rules --cluster` tells";
    info!(kind, rule, path, objects, "path never seen on any object so far: {asked}");
}
