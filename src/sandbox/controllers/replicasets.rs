//! `ReplicaSets`: as many pods as they ask for, and what became of these in their status.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds::Resource;
use super::super::store::Key;
use super::actor::{Actor, CONTROLLER_MANAGER, Outcome};
use super::outline::Outline;
use super::world::Change;
use super::{Controller, Round, fields};

pub(super) struct ReplicaSets {
    actor: Actor,
    doubtful: BTreeSet<Key>,
}

/// A pod that counts.
type Found<'a> = (&'a Key, &'a Arc<Outline>);

impl ReplicaSets {
    pub(super) fn new() -> Self {
        Self { actor: Actor::new(CONTROLLER_MANAGER), doubtful: BTreeSet::new() }
    }
}

impl Controller for ReplicaSets {
    fn observe(&mut self, change: &Change) {
        if change.is("apps", "replicasets") {
            self.doubtful.insert(change.key.clone());
        } else if change.is("", "pods") {
            self.doubtful.extend(change.controllers("apps", "ReplicaSet"));
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        let sets = Resource::new("apps", "replicasets");
        for key in std::mem::take(&mut self.doubtful) {
            let Some(set) = round.get(&sets, &key) else { continue };
            let pods = pods_of(round, &set);
            let outcome = self.update_status(round, &sets, &set, &pods);
            if outcome.is_outdated() || (!fields::is_ending(&set) && self.scale(round, &set, pods)) {
                self.doubtful.insert(key);
            }
        }
        None
    }
}

/// Those that it manages and that neither end nor have ended.
fn pods_of<'a>(round: &Round<'a>, set: &'a Value) -> Vec<Found<'a>> {
    let uid = fields::text(set, "/metadata/uid");
    let pods = Resource::core("pods");
    let lives = |outline: &Outline| {
        !outline.metadata.is_ending() && outline.pod.as_ref().is_some_and(|pod| !pod.has_ended())
    };
    let namespace = fields::text(set, "/metadata/namespace");
    let all = round.world.within(&pods, namespace);
    all.filter(|(_, outline)| outline.metadata.is_controlled_by(uid) && lives(outline)).collect()
}

fn is_ready((_, outline): &Found<'_>) -> bool {
    outline.pod.as_ref().is_some_and(|pod| pod.is_ready)
}

impl ReplicaSets {
    /// Whether to look again.
    fn scale(&self, round: &Round<'_>, set: &Value, mut pods: Vec<Found<'_>>) -> bool {
        let resource = Resource::core("pods");
        let wanted = usize::try_from(fields::number(set, "/spec/replicas")).unwrap_or_default();
        for _ in pods.len()..wanted {
            match self.actor.create(round, &resource, &pod(set)) {
                Outcome::Done(_) => {}
                Outcome::Outdated => return true,
                Outcome::Refused => return false,
            }
        }
        // Those first that are of the least use: without a node, not ready, the newest.
        let use_of = |(_, outline): &Found<'_>| {
            let pod = outline.pod.as_ref();
            let runs = pod.is_some_and(|pod| !pod.node.is_empty());
            (runs, pod.is_some_and(|pod| pod.is_ready), std::cmp::Reverse(outline.revision))
        };
        pods.sort_by_key(use_of);
        let surplus = pods.len().saturating_sub(wanted);
        let mut outcomes = pods
            .iter()
            .take(surplus)
            .map(|(key, outline)| self.actor.delete(round, &resource, key, &outline.metadata.uid, json!({})));
        outcomes.any(|outcome| outcome.is_outdated())
    }

    fn update_status(&self, round: &Round<'_>, sets: &Resource, set: &Value, pods: &[Found<'_>]) -> Outcome {
        let ready = pods.iter().filter(|found| is_ready(found)).count();
        let labels = &set["spec"]["template"]["metadata"]["labels"];
        let labelled = |(_, outline): &&Found<'_>| {
            let own = outline.metadata.labels();
            labels.as_object().into_iter().flatten().all(|(key, value)| own[key.as_str()] == *value)
        };
        let mut status = set["status"].clone();
        status["replicas"] = pods.len().into();
        status["observedGeneration"] = set["metadata"]["generation"].clone();
        let labelled = pods.iter().filter(labelled).count();
        set_counts(
            &mut status,
            &[("fullyLabeledReplicas", labelled), ("readyReplicas", ready), ("availableReplicas", ready)],
        );
        self.actor.update_status(round, sets, set, status)
    }
}

/// As Go writes them: what is 0 is left out.
pub(super) fn set_counts(status: &mut Value, counts: &[(&str, usize)]) {
    let Some(status) = status.as_object_mut() else { return };
    for (member, count) in counts {
        match count {
            0 => drop(status.remove(*member)),
            count => drop(status.insert((*member).to_owned(), (*count).into())),
        }
    }
}

fn pod(set: &Value) -> Value {
    let template = &set["spec"]["template"];
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "generateName": format!("{}-", fields::text(set, "/metadata/name")),
            "namespace": set["metadata"]["namespace"],
            "ownerReferences": fields::controlled_by("apps/v1", "ReplicaSet", set),
        },
        "spec": template["spec"],
    });
    for member in ["labels", "annotations", "finalizers"] {
        if !template["metadata"][member].is_null() {
            pod["metadata"][member] = template["metadata"][member].clone();
        }
    }
    pod
}
