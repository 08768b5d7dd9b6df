//! Gives pods their node: the emptiest one that has what they ask for, or the reason why there is none.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds::Resource;
use super::super::store::Key;
use super::actor::Actor;
use super::outline::{Outline, Pod};
use super::world::Change;
use super::{Controller, Round, fields, quantity};

pub(super) struct Scheduler {
    actor: Actor,
    /// Pods without a node, and whether there is a reason to try again.
    waiting: BTreeMap<Key, bool>,
    /// By node and resource, in thousandths.
    used: BTreeMap<String, Used>,
}

#[derive(Clone, Debug, Default)]
struct Used {
    pods: i64,
    resources: BTreeMap<String, i128>,
}

impl Used {
    fn count(&mut self, pod: &Pod, sign: i8) {
        self.pods += i64::from(sign);
        for (name, amount) in &pod.requests {
            *self.resources.entry(name.clone()).or_default() += amount * i128::from(sign);
        }
    }
}

impl Scheduler {
    pub(super) fn new() -> Self {
        let actor = Actor::new("system:kube-scheduler");
        Self { actor, waiting: BTreeMap::new(), used: BTreeMap::new() }
    }

    fn count(&mut self, outline: Option<&Outline>, sign: i8) -> bool {
        let pod = outline.and_then(|outline| outline.pod.as_ref());
        let Some(pod) = pod.filter(|pod| !pod.node.is_empty() && !pod.has_ended()) else { return false };
        self.used.entry(pod.node.clone()).or_default().count(pod, sign);
        true
    }

    fn try_again(&mut self) {
        self.waiting.values_mut().for_each(|is_due| *is_due = true);
    }
}

impl Controller for Scheduler {
    fn observe(&mut self, change: &Change) {
        if change.is("", "nodes") {
            return self.try_again();
        }
        if !change.is("", "pods") {
            return;
        }
        let took = self.count(change.after.as_deref(), 1);
        if self.count(change.before.as_deref(), -1) && !took {
            self.try_again();
        }
        let pod = change.after.as_ref().filter(|outline| !outline.metadata.is_ending());
        match pod.and_then(|outline| outline.pod.as_ref()) {
            // What is its own doing is no reason to try again.
            Some(pod) if pod.node.is_empty() && !pod.has_ended() => {
                self.waiting.entry(change.key.clone()).or_insert(true);
            }
            _ => drop(self.waiting.remove(&change.key)),
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        let due: Vec<Key> =
            self.waiting.iter().filter(|(_, due)| **due).map(|(key, _)| key.clone()).collect();
        if due.is_empty() {
            return None;
        }
        let resource = Resource::core("nodes");
        let nodes: Vec<Value> =
            round.world.all(&resource).filter_map(|(key, _)| round.get(&resource, key)).collect();
        let mut used = self.used.clone();
        for key in due {
            let is_settled = self.schedule(round, &key, &nodes, &mut used);
            self.waiting.insert(key, !is_settled);
        }
        None
    }
}

impl Scheduler {
    /// Whether there is nothing to be done again at once.
    fn schedule(
        &self,
        round: &Round<'_>,
        key: &Key,
        nodes: &[Value],
        used: &mut BTreeMap<String, Used>,
    ) -> bool {
        let pods = Resource::core("pods");
        let Some(pod) = round.get(&pods, key) else { return true };
        let asks = round.world.get(&pods, key).and_then(|outline| outline.pod.as_ref());
        let (Some(asks), "default-scheduler") = (asks, fields::text(&pod, "/spec/schedulerName")) else {
            return true;
        };
        match choose(&pod, asks, nodes, used) {
            Ok(node) => {
                let binding = json!({
                    "apiVersion": "v1", "kind": "Binding",
                    "metadata": {"name": key.name(), "namespace": key.namespace(), "uid": pod["metadata"]["uid"]},
                    "target": {"apiVersion": "v1", "kind": "Node", "name": node},
                });
                let outcome = self.actor.post_to(round, key, "binding", &binding);
                if outcome.is_done() {
                    used.entry(node).or_default().count(asks, 1);
                }
                !outcome.is_outdated()
            }
            Err(message) => self.tell(round, key, ["PodScheduled", "False", "Unschedulable", &message]),
        }
    }

    fn tell(&self, round: &Round<'_>, key: &Key, condition: [&str; 4]) -> bool {
        let pods = Resource::core("pods");
        let Some(pod) = round.get(&pods, key) else { return true };
        let mut status = pod["status"].clone();
        fields::set_condition(&mut status, condition, &round.time(), &json!({"lastProbeTime": null}));
        !self.actor.update_status(round, &pods, &pod, status).is_outdated()
    }
}

/// The node, or why there is none, in the scheduler's words.
fn choose(pod: &Value, asks: &Pod, nodes: &[Value], used: &BTreeMap<String, Used>) -> Result<String, String> {
    if nodes.is_empty() {
        return Err("no nodes available to schedule pods".to_owned());
    }
    let mut fitting = Vec::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut full = 0;
    for node in nodes {
        let name = fields::text(node, "/metadata/name");
        let used = used.get(name).cloned().unwrap_or_default();
        if let Some(obstacle) = obstacle(pod, node) {
            *reasons.entry(obstacle.to_owned()).or_default() += 1;
            continue;
        }
        let lacking = lacking(asks, node, &used);
        if lacking.is_empty() {
            fitting.push((used.pods, name));
            continue;
        }
        full += 1;
        for resource in lacking {
            *reasons.entry(format!("Insufficient {resource}")).or_default() += 1;
        }
    }
    if let Some((_, name)) = fitting.into_iter().min() {
        return Ok(name.to_owned());
    }
    let reasons: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let all = nodes.len();
    let preemption: Vec<String> = [
        (full, "No preemption victims found for incoming pod"),
        (all - full, "Preemption is not helpful for scheduling"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{count} {words}"))
    .collect();
    Err(format!(
        "0/{all} nodes are available: {}. no new claims to deallocate, preemption: 0/{all} nodes are available: {}.",
        reasons.join(", "),
        preemption.join(", ")
    ))
}

/// Why the pod may not be on this node, whatever is free there.
fn obstacle(pod: &Value, node: &Value) -> Option<&'static str> {
    let tolerates = |taint: &Value| {
        fields::list(pod, "/spec/tolerations").iter().any(|toleration| {
            let (key, effect) = (fields::text(toleration, "/key"), fields::text(toleration, "/effect"));
            let exists = toleration["operator"] == "Exists";
            let value = exists || fields::text(toleration, "/value") == fields::text(taint, "/value");
            (taint["key"] == key || (key.is_empty() && exists))
                && (effect.is_empty() || taint["effect"] == effect)
                && value
        })
    };
    let repels = |taint: &Value| taint["effect"] == "NoSchedule" || taint["effect"] == "NoExecute";
    let labels = &node["metadata"]["labels"];
    let mut wanted = pod["spec"]["nodeSelector"].as_object().into_iter().flatten();
    if node["spec"]["unschedulable"] == true {
        Some("node(s) were unschedulable")
    } else if fields::list(node, "/spec/taints").iter().any(|taint| repels(taint) && !tolerates(taint)) {
        Some("node(s) had untolerated taint(s)")
    } else if wanted.any(|(key, value)| labels[key.as_str()] != *value) {
        Some("node(s) didn't match Pod's node affinity/selector")
    } else {
        None
    }
}

/// The resources that the node has too little of. How many pods it runs does not count: synthetic ones
/// are many, and all on one.
fn lacking<'a>(asks: &'a Pod, node: &Value, used: &Used) -> Vec<&'a str> {
    let lacks = |(name, amount): &&(String, i128)| {
        let all = quantity::thousandths(&node["status"]["allocatable"][name]);
        *amount > 0 && all - used.resources.get(name).copied().unwrap_or_default() < *amount
    };
    asks.requests.iter().filter(lacks).map(|(name, _)| name.as_str()).collect()
}
