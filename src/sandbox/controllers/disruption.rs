//! PodDisruptionBudgets: how many of their pods may be disrupted, as the real controller reckons.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::super::kinds::Resource;
use super::super::selection::LabelSelector;
use super::super::store::Key;
use super::actor::{Actor, CONTROLLER_MANAGER};
use super::outline::Outline;
use super::world::Change;
use super::{Controller, Round, fields, quantity};

/// A pod whose eviction was let through, and which is still there after so long, will not go: as the real one.
const DISRUPTION: SignedDuration = SignedDuration::from_mins(2);

pub(super) struct Disruption {
    actor: Actor,
    budgets: BTreeSet<Key>,
    doubtful: BTreeSet<Key>,
    /// When to look again.
    due: BTreeMap<Key, Timestamp>,
}

impl Disruption {
    pub(super) fn new() -> Self {
        let actor = Actor::new(CONTROLLER_MANAGER);
        Self { actor, budgets: BTreeSet::new(), doubtful: BTreeSet::new(), due: BTreeMap::new() }
    }

    fn of_namespace(&self, namespace: &str) -> Vec<Key> {
        let all = self.budgets.range(Key::new(namespace, "")..);
        all.take_while(|key| key.namespace() == namespace).cloned().collect()
    }
}

impl Controller for Disruption {
    fn observe(&mut self, change: &Change) {
        if change.is("policy", "poddisruptionbudgets") {
            if change.after.is_some() {
                self.budgets.insert(change.key.clone());
                self.doubtful.insert(change.key.clone());
            } else {
                self.budgets.remove(&change.key);
                self.due.remove(&change.key);
            }
        } else if change.is("", "pods")
            || change.is("apps", "replicasets")
            || change.is("apps", "deployments")
        {
            self.doubtful.extend(self.of_namespace(change.key.namespace()));
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        let due = self.due.iter().filter(|(_, due)| **due <= round.now).map(|(key, _)| key.clone());
        let mut all: BTreeSet<Key> = due.collect();
        all.append(&mut self.doubtful);
        for key in all {
            self.due.remove(&key);
            let resource = Resource::new("policy", "poddisruptionbudgets");
            let Some(budget) = round.get(&resource, &key) else { continue };
            let (status, due) = status(round, &budget);
            self.due.extend(due.map(|due| (key.clone(), due)));
            if self.actor.update_status(round, &resource, &budget, status).is_outdated() {
                self.doubtful.insert(key);
            }
        }
        self.due.values().min().copied()
    }
}

type Found<'a> = (&'a str, &'a Outline);

/// The status, and when to look again.
fn status(round: &Round<'_>, budget: &Value) -> (Value, Option<Timestamp>) {
    let pods = selected(round, budget);
    let (disrupted, due) = disrupted(round, budget, &pods);
    let mut status = budget["status"].clone();
    status["observedGeneration"] = budget["metadata"]["generation"].clone();
    let generation = json!({"observedGeneration": budget["metadata"]["generation"]});
    let (expected, desired) = match expected_and_desired(round, budget, &pods) {
        Ok(counts) => counts,
        Err(message) => {
            status["disruptionsAllowed"] = 0.into();
            let condition = ["DisruptionAllowed", "False", "SyncFailed", &message];
            fields::set_condition(&mut status, condition, &round.time(), &generation);
            return (status, due);
        }
    };
    let healthy = pods
        .iter()
        .filter(|(name, pod)| !pod.metadata.is_ending() && !disrupted.contains_key(*name))
        .filter(|(_, pod)| pod.pod.as_ref().is_some_and(|pod| pod.is_ready))
        .count();
    let healthy = i64::try_from(healthy).unwrap_or(i64::MAX);
    let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 };
    for (member, count) in [
        ("disruptionsAllowed", allowed),
        ("currentHealthy", healthy),
        ("desiredHealthy", desired),
        ("expectedPods", expected),
    ] {
        status[member] = count.into();
    }
    if disrupted.is_empty() {
        status.as_object_mut().map(|status| status.remove("disruptedPods"));
    } else {
        status["disruptedPods"] = disrupted.into();
    }
    let condition = match allowed {
        0 => ["DisruptionAllowed", "False", "InsufficientPods", ""],
        _ => ["DisruptionAllowed", "True", "SufficientPods", ""],
    };
    // The real one's conditions have a message, if an empty one.
    let mut others = generation;
    others["message"] = "".into();
    fields::set_condition(&mut status, condition, &round.time(), &others);
    (status, due)
}

fn selected<'a>(round: &Round<'a>, budget: &'a Value) -> Vec<Found<'a>> {
    let selector = &budget["spec"]["selector"];
    // Without a selector it selects nothing, with an empty one everything.
    let Some(selector) = (!selector.is_null()).then(|| LabelSelector::from_json(selector).ok()).flatten()
    else {
        return Vec::new();
    };
    let pods = round.world.within(&Resource::core("pods"), fields::text(budget, "/metadata/namespace"));
    pods.filter(|(_, outline)| selector.matches(&outline.metadata.labels()))
        .map(|(key, outline)| (key.name(), &**outline))
        .collect()
}

/// Pods whose eviction was let through and that are about to go: no longer than it takes.
fn disrupted(
    round: &Round<'_>,
    budget: &Value,
    pods: &[Found<'_>],
) -> (Map<String, Value>, Option<Timestamp>) {
    let mut kept = Map::new();
    let mut due = None;
    for (name, moment) in budget["status"]["disruptedPods"].as_object().into_iter().flatten() {
        let lives = pods.iter().any(|(pod, outline)| pod == name && !outline.metadata.is_ending());
        let end =
            moment.as_str().and_then(|text| text.parse::<Timestamp>().ok()).map(|moment| moment + DISRUPTION);
        if let Some(end) = end.filter(|end| lives && *end > round.now) {
            kept.insert(name.clone(), moment.clone());
            due = due.into_iter().chain([end]).min();
        }
    }
    (kept, due)
}

/// How many pods there should be, and how many of them healthy.
fn expected_and_desired(round: &Round<'_>, budget: &Value, pods: &[Found<'_>]) -> Result<(i64, i64), String> {
    let count = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    let namespace = fields::text(budget, "/metadata/namespace");
    let (least, most) = (&budget["spec"]["minAvailable"], &budget["spec"]["maxUnavailable"]);
    let invalid = |value: &Value| format!("invalid value {value}: neither a number nor a percentage");
    if !most.is_null() {
        let expected = scale(round, namespace, pods)?;
        let most = quantity::share(most, expected, true).ok_or_else(|| invalid(most))?;
        return Ok((expected, (expected - most).max(0)));
    }
    match least.as_i64() {
        Some(least) => Ok((count, least)),
        None if least.is_null() => Ok((count, 0)),
        None => {
            let expected = scale(round, namespace, pods)?;
            let least = quantity::share(least, expected, true).ok_or_else(|| invalid(least))?;
            Ok((expected, least))
        }
    }
}

/// How many pods the controllers of these want, all together. Pods without a controller count for nothing.
fn scale(round: &Round<'_>, namespace: &str, pods: &[Found<'_>]) -> Result<i64, String> {
    let mut sizes: BTreeMap<String, i64> = BTreeMap::new();
    for (name, pod) in pods {
        let Some(owner) = pod.metadata.controller() else { continue };
        if sizes.contains_key(&owner.uid) {
            continue;
        }
        let kind = round.server.read(|state| state.kinds.of_object(&owner.api_version, &owner.kind).cloned());
        let path = kind.as_ref().and_then(|kind| {
            kind.versions.iter().find_map(|version| version.scale["specReplicasPath"].as_str())
        });
        let (Some(kind), Some(path)) = (&kind, path) else {
            return Err(format!("{} does not implement the scale subresource", owner.kind));
        };
        let owning = round.get(&kind.resource, &Key::new(namespace, &owner.name));
        let Some(owning) = owning.filter(|owning| fields::text(owning, "/metadata/uid") == owner.uid) else {
            return Err(format!("found no controllers for pod {name:?}"));
        };
        // The deployment's size counts, not that of its ReplicaSet.
        let above =
            fields::list(&owning, "/metadata/ownerReferences").iter().find(|one| one["kind"] == "Deployment");
        let deployment = above.and_then(|above| {
            round.get(
                &Resource::new("apps", "deployments"),
                &Key::new(namespace, fields::text(above, "/name")),
            )
        });
        let top = deployment.as_ref().unwrap_or(&owning);
        let size = fields::number(top, &path.replace('.', "/"));
        // Known, and counted once, by the uid of whoever is on top.
        sizes.insert(owner.uid.clone(), 0);
        sizes.insert(fields::text(top, "/metadata/uid").to_owned(), size);
    }
    Ok(sizes.values().sum())
}
