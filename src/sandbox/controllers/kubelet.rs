//! The simulated kubelet of all nodes: a pod that has a node runs, one that is deleted goes, and what the
//! annotation `simulate` asks for happens to it (see [`super::lifecycle`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::kinds::Resource;
use super::super::store::Key;
use super::actor::Actor;
use super::lifecycle::{self, Next};
use super::outline::Outline;
use super::world::Change;
use super::{Controller, Round, nodes};

/// A container takes so long to start, and to stop.
const MOMENT: Duration = Duration::from_secs(1);

pub(super) struct Kubelet {
    /// The pods with which something is to happen, sooner or later.
    pods: BTreeSet<Key>,
    /// Since when they are as they are.
    since: BTreeMap<Key, Since>,
    addresses: u32,
}

struct Since {
    uid: String,
    is_ending: bool,
    moment: Timestamp,
}

impl Kubelet {
    pub(super) fn new() -> Self {
        Self { pods: BTreeSet::new(), since: BTreeMap::new(), addresses: 0 }
    }
}

/// Whether anything will happen to it without anybody else's doing.
fn is_concerning(outline: &Outline) -> bool {
    let Some(pod) = &outline.pod else { return false };
    if pod.node.is_empty() {
        return false;
    }
    if outline.metadata.is_ending() {
        return outline.metadata.finalizers().is_empty();
    }
    match outline.metadata.simulate() {
        "hold" => false,
        "crash-loop" | "complete" => !pod.has_ended(),
        _ => pod.phase == "Pending",
    }
}

impl Controller for Kubelet {
    fn observe(&mut self, change: &Change) {
        if !change.is("", "pods") {
            return;
        }
        if change.after.as_deref().is_some_and(is_concerning) {
            self.pods.insert(change.key.clone());
        } else {
            self.pods.remove(&change.key);
            self.since.remove(&change.key);
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        let keys: Vec<Key> = self.pods.iter().cloned().collect();
        keys.iter().filter_map(|key| self.look_after(round, key)).min()
    }
}

impl Kubelet {
    /// The result is when to look again.
    fn look_after(&mut self, round: &Round<'_>, key: &Key) -> Option<Timestamp> {
        let resource = Resource::core("pods");
        let outline = round.world.get(&resource, key)?;
        let node = &outline.pod.as_ref()?.node;
        // A pod on a node that is not there has nobody who looks after it.
        round.world.get(&Resource::core("nodes"), &Key::new("", node))?;
        let (uid, is_ending) = (&outline.metadata.uid, outline.metadata.is_ending());
        let fresh = || Since { uid: uid.clone(), is_ending, moment: round.now };
        let since = self.since.entry(key.clone()).or_insert_with(fresh);
        if since.uid != *uid || since.is_ending != is_ending {
            *since = fresh();
        }
        let since = since.moment;
        let kubelet = Actor::new(&format!("system:node:{node}"));
        if is_ending {
            let grace = outline.metadata.deletion_grace_period_seconds.unwrap_or_default().max(0);
            let due = since + SignedDuration::from_secs(grace).min(MOMENT.try_into().unwrap_or_default());
            if due > round.now {
                return Some(due);
            }
            kubelet.delete(round, &resource, key, uid, json!({"gracePeriodSeconds": 0}));
            return None;
        }
        let pod = round.get(&resource, key)?;
        match lifecycle::next(&pod, outline.metadata.simulate(), since + MOMENT, round.now) {
            Next::Never => None,
            Next::At(due) => Some(due),
            Next::Become(mut status) => {
                self.give_addresses(&mut status, node);
                // The change brings the next look.
                kubelet.update_status(round, &resource, &pod, status);
                None
            }
        }
    }

    fn give_addresses(&mut self, status: &mut Value, node: &str) {
        if !status["podIP"].is_null() {
            return;
        }
        let number = node.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
        let host = nodes::address(number);
        let address = format!("10.244.{}.{}", self.addresses / 250 % 250, self.addresses % 250 + 2);
        self.addresses += 1;
        status["hostIP"] = host.as_str().into();
        status["hostIPs"] = json!([{"ip": host}]);
        status["podIP"] = address.as_str().into();
        status["podIPs"] = json!([{"ip": address}]);
    }
}
