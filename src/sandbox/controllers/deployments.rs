//! Deployments: a `ReplicaSet` for each state of the template, the newest growing as the others shrink.

mod rollout;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds::Resource;
use super::super::store::Key;
use super::actor::{Actor, CONTROLLER_MANAGER, Outcome};
use super::replicasets::set_counts;
use super::world::Change;
use super::{Controller, Round, fields};

const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

pub(super) struct Deployments {
    actor: Actor,
    doubtful: BTreeSet<Key>,
}

impl Deployments {
    pub(super) fn new() -> Self {
        Self { actor: Actor::new(CONTROLLER_MANAGER), doubtful: BTreeSet::new() }
    }
}

impl Controller for Deployments {
    fn observe(&mut self, change: &Change) {
        if change.is("apps", "deployments") {
            self.doubtful.insert(change.key.clone());
        } else if change.is("apps", "replicasets") {
            self.doubtful.extend(change.controllers("apps", "Deployment"));
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        for key in std::mem::take(&mut self.doubtful) {
            if self.roll(round, &key).is_err() {
                self.doubtful.insert(key);
            }
        }
        None
    }
}

/// Somebody was faster.
struct Outdated;

fn checked(outcome: Outcome) -> Result<Option<Value>, Outdated> {
    match outcome {
        Outcome::Done(object) => Ok(Some(object)),
        Outcome::Outdated => Err(Outdated),
        Outcome::Refused => Ok(None),
    }
}

impl Deployments {
    fn roll(&self, round: &Round<'_>, key: &Key) -> Result<(), Outdated> {
        let (deployments, sets) =
            (Resource::new("apps", "deployments"), Resource::new("apps", "replicasets"));
        let Some(mut deployment) = round.get(&deployments, key) else { return Ok(()) };
        let all = owned(round, &sets, &deployment);
        let hash = rollout::hash(&deployment["spec"]["template"]);
        let (newest, old): (Vec<Value>, Vec<Value>) =
            all.into_iter().partition(|set| set["metadata"]["labels"][HASH] == hash.as_str());
        let mut newest = newest.into_iter().next();
        let acts = !fields::is_ending(&deployment) && deployment["spec"]["paused"] != true;
        if acts {
            let sizes = rollout::sizes(&deployment, newest.as_ref(), &old);
            let number = revision(newest.as_ref(), &old);
            newest = match newest {
                Some(set) => self.bring(round, &sets, set, Some(sizes.newest), Some(&number))?,
                None => {
                    let set = replica_set(&deployment, &hash, sizes.newest, &number);
                    checked(self.actor.create(round, &sets, &set))?
                }
            };
            for (set, size) in old.iter().zip(sizes.old) {
                self.bring(round, &sets, set.clone(), Some(size), None)?;
            }
            if deployment["metadata"]["annotations"][REVISION] != number.as_str() {
                annotate(&mut deployment, &number);
                let updated = checked(self.actor.update(round, &deployments, "", &deployment))?;
                let Some(updated) = updated else { return Ok(()) };
                deployment = updated;
            }
        }
        let status = status(round, &deployment, newest.as_ref(), &old);
        checked(self.actor.update_status(round, &deployments, &deployment, status)).map(drop)
    }

    /// To this size and revision.
    fn bring(
        &self,
        round: &Round<'_>,
        sets: &Resource,
        mut set: Value,
        size: Option<i64>,
        revision: Option<&str>,
    ) -> Result<Option<Value>, Outdated> {
        let before = set.clone();
        if let Some(size) = size {
            set["spec"]["replicas"] = size.into();
        }
        if let Some(revision) = revision {
            annotate(&mut set, revision);
        }
        if set == before { Ok(Some(set)) } else { checked(self.actor.update(round, sets, "", &set)) }
    }
}

fn annotate(object: &mut Value, revision: &str) {
    if !object["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = json!({});
    }
    object["metadata"]["annotations"][REVISION] = revision.into();
}

/// The `ReplicaSets` that it manages.
fn owned(round: &Round<'_>, sets: &Resource, deployment: &Value) -> Vec<Value> {
    let uid = fields::text(deployment, "/metadata/uid");
    let all = round.world.within(sets, fields::text(deployment, "/metadata/namespace"));
    all.filter(|(_, outline)| outline.metadata.is_controlled_by(uid) && !outline.metadata.is_ending())
        .filter_map(|(key, _)| round.get(sets, key))
        .collect()
}

/// A template that is used again gets a new number.
fn revision(newest: Option<&Value>, old: &[Value]) -> String {
    let of = |set: &Value| {
        set["metadata"]["annotations"][REVISION].as_str().and_then(|text| text.parse::<u64>().ok())
    };
    let last = old.iter().filter_map(of).max().unwrap_or_default();
    newest.and_then(of).filter(|own| *own > last).unwrap_or(last + 1).to_string()
}

fn replica_set(deployment: &Value, hash: &str, size: i64, revision: &str) -> Value {
    let mut template = deployment["spec"]["template"].clone();
    let mut selector = deployment["spec"]["selector"].clone();
    for labels in [&mut template["metadata"]["labels"], &mut selector["matchLabels"]] {
        if !labels.is_object() {
            *labels = json!({});
        }
        labels[HASH] = hash.into();
    }
    let labels = template["metadata"]["labels"].clone();
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", fields::text(deployment, "/metadata/name")),
            "namespace": deployment["metadata"]["namespace"], "labels": labels,
            "annotations": {REVISION: revision},
            "ownerReferences": fields::controlled_by("apps/v1", "Deployment", deployment),
        },
        "spec": {"replicas": size, "selector": selector, "template": template},
    })
}

fn status(round: &Round<'_>, deployment: &Value, newest: Option<&Value>, old: &[Value]) -> Value {
    let count = |set: &Value, member: &str| usize::try_from(fields::number(set, member)).unwrap_or_default();
    let sum = |member: &str| newest.into_iter().chain(old).map(|set| count(set, member)).sum::<usize>();
    let (all, available) = (sum("/status/replicas"), sum("/status/availableReplicas"));
    let updated = newest.map_or(0, |set| count(set, "/status/replicas"));
    let wanted = usize::try_from(fields::number(deployment, "/spec/replicas")).unwrap_or_default();
    let mut status = deployment["status"].clone();
    status["observedGeneration"] = deployment["metadata"]["generation"].clone();
    set_counts(
        &mut status,
        &[
            ("replicas", all),
            ("updatedReplicas", updated),
            ("readyReplicas", sum("/status/readyReplicas")),
            ("availableReplicas", available),
            ("unavailableReplicas", wanted.max(all).saturating_sub(available)),
        ],
    );
    let (_, unavailable) = rollout::limits(deployment);
    let has_enough = available >= wanted.saturating_sub(usize::try_from(unavailable).unwrap_or_default());
    let enough = if has_enough {
        ["Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."]
    } else {
        ["Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."]
    };
    let name = newest.map_or("", |set| fields::text(set, "/metadata/name"));
    let is_complete = updated == wanted && all == wanted && available == wanted;
    let (reason, message) = if is_complete {
        ("NewReplicaSetAvailable", format!("ReplicaSet {name:?} has successfully progressed."))
    } else {
        ("ReplicaSetUpdated", format!("ReplicaSet {name:?} is progressing."))
    };
    let progress = ["Progressing", "True", reason, &message];
    // Once complete, it stays so, however its pods fare, until there is another template.
    let was = fields::condition(deployment, "Progressing");
    let stays = was.is_some_and(|was| {
        was["reason"] == "NewReplicaSetAvailable"
            && fields::text(was, "/message").contains(&format!("{name:?}"))
    });
    for condition in
        [Some(enough), Some(progress).filter(|_| !stays && !name.is_empty())].into_iter().flatten()
    {
        let old = fields::condition(deployment, condition[0]);
        let same = old.filter(|old| old["reason"] == condition[2] && old["status"] == condition[1]);
        let time = same.map_or_else(|| round.time(), |old| fields::text(old, "/lastUpdateTime").to_owned());
        fields::set_condition(&mut status, condition, &round.time(), &json!({"lastUpdateTime": time}));
    }
    status
}
