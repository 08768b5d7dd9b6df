//! `VirtualMachines`: an instance for each that is to run, and the status that people look at.
//!
//! The annotation `simulate` of a machine: `hold`: it is left alone; `stuck`: it is not let go when it is
//! deleted; `unschedulable`: its pod asks for more than any node has.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds::Resource;
use super::super::kubevirt::{GROUP, INSTANCES, MACHINES};
use super::super::store::Key;
use super::actor::{Actor, Outcome};
use super::world::Change;
use super::{Controller, Round, fields, instances};

pub(super) const CONTROLLER: &str = "system:serviceaccount:kubevirt:kubevirt-controller";
pub(super) const FINALIZER: &str = "kubevirt.io/virtualMachineControllerFinalize";

pub(super) struct Machines {
    actor: Actor,
    doubtful: BTreeSet<Key>,
}

impl Machines {
    pub(super) fn new() -> Self {
        Self { actor: Actor::new(CONTROLLER), doubtful: BTreeSet::new() }
    }
}

impl Controller for Machines {
    fn observe(&mut self, change: &Change) {
        if change.is(GROUP, MACHINES) {
            self.doubtful.insert(change.key.clone());
        } else if change.is(GROUP, INSTANCES) {
            self.doubtful.extend(change.controllers(GROUP, "VirtualMachine"));
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        let (machines, instances) = (Resource::new(GROUP, MACHINES), Resource::new(GROUP, INSTANCES));
        for key in std::mem::take(&mut self.doubtful) {
            let Some(machine) = round.get(&machines, &key) else { continue };
            if simulate(&machine) == "hold" {
                continue;
            }
            let uid = fields::text(&machine, "/metadata/uid");
            let owns = |instance: &Value| {
                fields::list(instance, "/metadata/ownerReferences").iter().any(|owner| owner["uid"] == uid)
            };
            let instance = round.get(&instances, &key).filter(owns);
            let outcome = self.look_after(round, &machine, instance.as_ref());
            if outcome.is_outdated() {
                self.doubtful.insert(key);
            }
        }
        None
    }
}

fn simulate(machine: &Value) -> &str {
    machine["metadata"]["annotations"]["simulate"].as_str().unwrap_or_default()
}

/// What a machine without a strategy of its own has in the old field `running`.
fn strategy(machine: &Value) -> &str {
    match (machine["spec"]["runStrategy"].as_str(), &machine["spec"]["running"]) {
        (Some(strategy), _) => strategy,
        (None, Value::Bool(true)) => "Always",
        (None, _) => "Halted",
    }
}

impl Machines {
    fn look_after(&self, round: &Round<'_>, machine: &Value, instance: Option<&Value>) -> Outcome {
        let (machines, instances) = (Resource::new(GROUP, MACHINES), Resource::new(GROUP, INSTANCES));
        let is_ending = fields::is_ending(machine);
        let holds = fields::has_finalizer(machine, FINALIZER);
        let wants = !is_ending && ["Always", "RerunOnFailure", "Once"].contains(&strategy(machine));
        if !is_ending && !holds {
            let mut new = machine.clone();
            let mut finalizers = fields::list(machine, "/metadata/finalizers").to_vec();
            finalizers.push(FINALIZER.into());
            new["metadata"]["finalizers"] = finalizers.into();
            // The change brings the next look.
            return self.actor.update(round, &machines, "", &new);
        }
        if let Some(instance) = instance {
            let phase = fields::text(instance, "/status/phase");
            let is_over = phase == "Failed" || (phase == "Succeeded" && strategy(machine) != "Once");
            if (!wants || is_over) && !fields::is_ending(instance) {
                let uid = fields::text(instance, "/metadata/uid");
                let outcome = self.actor.delete(round, &instances, &fields::key(instance), uid, json!({}));
                if outcome.is_outdated() {
                    return outcome;
                }
            }
        } else if wants {
            let outcome =
                self.actor.create(round, &instances, &instances::instance_of(machine, &round.time()));
            if outcome.is_outdated() {
                return outcome;
            }
        } else if is_ending && holds && simulate(machine) != "stuck" {
            let mut new = machine.clone();
            fields::remove_finalizer(&mut new, FINALIZER);
            return self.actor.update(round, &machines, "", &new);
        }
        self.actor.update_status(round, &machines, machine, status(round, machine, instance))
    }
}

fn status(round: &Round<'_>, machine: &Value, instance: Option<&Value>) -> Value {
    let is_ready = |one: &Value| fields::condition(one, "Ready").is_some_and(|one| one["status"] == "True");
    let unscheduled = instance.and_then(|instance| fields::condition(instance, "PodScheduled"));
    let strategy = strategy(machine);
    let shown = match instance {
        _ if fields::is_ending(machine) => "Terminating",
        None if strategy == "Halted" || strategy == "Manual" => "Stopped",
        None => "Starting",
        Some(instance) if fields::is_ending(instance) => "Stopping",
        Some(instance) => match fields::text(instance, "/status/phase") {
            "Running" => "Running",
            "Succeeded" | "Failed" => "Stopped",
            _ if unscheduled.is_some() => "ErrorUnschedulable",
            _ => "Starting",
        },
    };
    let mut status = machine["status"].clone();
    if !status.is_object() {
        status = json!({});
    }
    status["printableStatus"] = shown.into();
    status["runStrategy"] = strategy.into();
    status["desiredGeneration"] = machine["metadata"]["generation"].clone();
    status["observedGeneration"] = machine["metadata"]["generation"].clone();
    let ready = instance.is_some_and(is_ready);
    for (member, is_so) in [("created", instance.is_some()), ("ready", ready)] {
        if is_so {
            status[member] = true.into();
        } else if let Some(status) = status.as_object_mut() {
            status.remove(member);
        }
    }
    let own = instance.and_then(|instance| fields::condition(instance, "Ready"));
    let condition = match own {
        Some(one) => {
            let of = |member: &str| one[member].as_str().unwrap_or_default();
            ["Ready", of("status"), of("reason"), of("message")]
        }
        None if instance.is_some() => {
            ["Ready", "False", "GuestNotRunning", "Guest VM is not reported as running"]
        }
        None => ["Ready", "False", "VMINotExists", "VMI does not exist"],
    };
    fields::set_condition(&mut status, condition, &round.time(), &json!({"lastProbeTime": null}));
    if let Some(conditions) = status["conditions"].as_array_mut() {
        conditions.retain(|one| one["type"] != "PodScheduled");
        conditions.extend(unscheduled.cloned());
    }
    status
}
