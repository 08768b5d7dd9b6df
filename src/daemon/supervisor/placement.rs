//! Where a kind is watched: in the whole cluster by one watch where that is permitted, else in each namespace
//! that its rules select. The watch of the whole cluster goes on asking, and takes over once it may read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_healer_engine::rule::Rule;
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::Supervisor;
use crate::cluster::resource::Resource;
use crate::daemon::control::protocol::Health;
use crate::daemon::controller::Order;
use crate::daemon::namespaces::{NamespaceEvent, named_in_full, selected};
use crate::daemon::summary::{tell_forbidden, tell_namespaces};

/// A kind, and where it is watched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// `pods`, `virtualmachines.kubevirt.io`.
    pub(crate) kind: String,
    /// `None`: in the whole cluster.
    pub(crate) namespace: Option<String>,
}

/// How a controller's watch fares now.
#[derive(Debug)]
pub(crate) struct WatchReport {
    pub(crate) place: Place,
    /// The controller's number.
    pub(crate) number: u64,
    pub(crate) health: Health,
    /// The server does not serve the kind in this version any more.
    pub(crate) is_absent: bool,
}

impl Supervisor {
    /// Where each kind is to be watched, with its rules.
    pub(super) fn places(&self) -> BTreeMap<Place, (Arc<Resource>, Vec<Arc<Rule>>)> {
        let mut places = BTreeMap::new();
        for (kind, (resource, rules)) in &self.told.watched {
            if !resource.namespaced && self.shared.itself.reach.leaves_out_the_cluster() {
                continue;
            }
            if self.refused.contains(kind) && resource.namespaced {
                for namespace in self.selected_by(rules) {
                    let rules = rules.iter().filter(|rule| rule.scope.selects(Some(&namespace))).cloned();
                    let place = Place { kind: kind.clone(), namespace: Some(namespace.to_string()) };
                    places.insert(place, (Arc::clone(resource), rules.collect()));
                }
            }
            let place = Place { kind: kind.clone(), namespace: None };
            places.insert(place, (Arc::clone(resource), rules.clone()));
        }
        places
    }

    /// Reading a whole kind was refused, or is permitted.
    pub(super) fn take_report(&mut self, report: WatchReport) {
        let WatchReport { place, number, health, .. } = report;
        let same = self.running.get(&place).is_some_and(|running| running.number == number);
        if !same || place.namespace.is_some() {
            return;
        }
        let kind = place.kind;
        let Some((_, rules)) = self.told.watched.get(&kind) else { return };
        match health {
            Health::Forbidden if !self.refused.contains(&kind) => {
                // Where it is watched instead is not known before the namespaces are.
                if self.namespaces.is_some() {
                    self.tell_refused(&kind);
                }
                self.refused.insert(kind);
            }
            Health::Following => {
                let was_refused = self.refused.remove(&kind);
                if was_refused {
                    let rules = super::named(rules);
                    info!(kind, rules, "reading this kind is permitted now: its rules are on");
                }
                self.hand_over(&kind);
                if !was_refused {
                    return;
                }
            }
            _ => return,
        }
        self.arrange();
    }

    /// The watch of the whole cluster follows: it takes over from those of the namespaces, which end.
    fn hand_over(&mut self, kind: &str) {
        let whole = Place { kind: kind.to_owned(), namespace: None };
        let mut trackers = Vec::new();
        if !self.one_pass {
            self.running.retain(|place, running| {
                let ends = place.kind == kind && place.namespace.is_some();
                if ends {
                    let (heir, tracker) = oneshot::channel();
                    // One that has ended has nothing to hand over.
                    trackers.extend(running.orders.send(Order::HandOver(heir)).ok().map(|()| tracker));
                }
                !ends
            });
        }
        if let Some(running) = self.running.get(&whole) {
            // One that is ending tells so by itself.
            drop(running.orders.send(Order::Inherit(trackers)));
        }
    }

    fn tell_refused(&self, kind: &str) {
        let Some((resource, rules)) = self.told.watched.get(kind) else { return };
        let namespaces = if resource.namespaced { self.selected_by(rules) } else { BTreeSet::new() };
        tell_forbidden(resource, rules, &namespaces);
    }

    /// A namespace came or went.
    pub(super) fn take_namespace(&mut self, event: NamespaceEvent) {
        match event {
            NamespaceEvent::Known(names) => {
                let all = names.len();
                self.namespaces = Some(names);
                tell_namespaces(&self.selected(), all);
                self.refused.iter().for_each(|kind| self.tell_refused(kind));
            }
            NamespaceEvent::Joined(name) => {
                let mut rules = self.rules.rules.iter();
                let pattern = rules.find_map(|rule| rule.scope.selecting(Some(&name)));
                if let Some(pattern) = pattern.filter(|_| !self.shared.itself.reach.leaves_out(&name)) {
                    info!(namespace = %name, pattern, "a namespace joins");
                }
                self.namespaces.get_or_insert_default().insert(name);
            }
            NamespaceEvent::Left(name) => {
                if self.selected().contains(&name) {
                    info!(namespace = %name, "a namespace is gone");
                }
                self.namespaces.get_or_insert_default().remove(&name);
            }
            NamespaceEvent::Unreadable { reason } => {
                let unread = "namespaces cannot be read: where a kind may not be read in the whole cluster, it \
                              is only in namespaces that rules write in full";
                warn!(reason, "{unread}");
            }
        }
        if !self.refused.is_empty() {
            self.arrange();
        }
    }

    /// Tells who follows namespaces which of them rules write in full.
    pub(super) fn name_namespaces(&self) {
        let named = named_in_full(&self.rules.rules, &self.shared.itself.reach);
        self.named.send_if_modified(|before| {
            let modified = *before != named;
            *before = named;
            modified
        });
    }

    /// How many namespaces some rule selects, where they may be read.
    pub(super) fn selected_namespaces(&self) -> Option<usize> {
        self.namespaces.as_ref().map(|_| self.selected().len())
    }

    /// By the rules that watch something in namespaces, or name namespaces: `scope: cluster` of those that watch what
    /// lies in none selects none.
    fn selected(&self) -> BTreeSet<Arc<str>> {
        let watched = self.told.watched.values().filter(|(resource, _)| resource.namespaced);
        let watching = watched.flat_map(|(_, rules)| rules);
        let naming = self.rules.rules.iter().filter(|rule| rule.scope.patterns().is_some());
        let rules: Vec<Arc<Rule>> = watching.chain(naming).cloned().collect();
        self.selected_by(&rules)
    }

    fn selected_by(&self, rules: &[Arc<Rule>]) -> BTreeSet<Arc<str>> {
        let reach = &self.shared.itself.reach;
        let scopes: BTreeMap<Option<Vec<String>>, &Arc<Rule>> =
            rules.iter().map(|rule| (rule.scope.patterns(), rule)).collect();
        let known = || self.namespaces.iter().flatten();
        scopes.values().flat_map(|rule| selected(&rule.scope, reach, known())).collect()
    }
}
