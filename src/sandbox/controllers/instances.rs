//! `VirtualMachineInstances`, as far as KubeVirt's own controller shows: a virt-launcher pod for each, and a
//! phase that follows the pod's.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds::Resource;
use super::super::kubevirt::{GROUP, INSTANCES};
use super::super::store::Key;
use super::actor::{Actor, Outcome};
use super::machines::{CONTROLLER, FINALIZER};
use super::world::Change;
use super::{Controller, Round, fields};

const FOREGROUND: &str = "kubevirt.io/foregroundDeleteVirtualMachine";
/// More than any of the sandbox's nodes has.
const TOO_MUCH: &str = "66430Gi";

pub(super) struct Instances {
    actor: Actor,
    doubtful: BTreeSet<Key>,
}

impl Instances {
    pub(super) fn new() -> Self {
        Self { actor: Actor::new(CONTROLLER), doubtful: BTreeSet::new() }
    }
}

impl Controller for Instances {
    fn observe(&mut self, change: &Change) {
        if change.is(GROUP, INSTANCES) {
            self.doubtful.insert(change.key.clone());
        } else if change.is("", "pods") {
            self.doubtful.extend(change.controllers(GROUP, "VirtualMachineInstance"));
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        let resource = Resource::new(GROUP, INSTANCES);
        for key in std::mem::take(&mut self.doubtful) {
            let simulate = round.world.get(&resource, &key).map(|outline| outline.metadata.simulate());
            let Some(instance) = round.get(&resource, &key).filter(|_| simulate != Some("hold")) else {
                continue;
            };
            if self.look_after(round, &resource, &instance).is_outdated() {
                self.doubtful.insert(key);
            }
        }
        None
    }
}

/// The pod of an instance, as it was at the beginning of the round.
pub(super) fn launcher(round: &Round<'_>, instance: &Value) -> Option<Value> {
    let uid = fields::text(instance, "/metadata/uid");
    let pods = Resource::core("pods");
    let mut all = round.world.within(&pods, fields::text(instance, "/metadata/namespace"));
    let key = all.find(|(_, outline)| outline.metadata.is_controlled_by(uid)).map(|(key, _)| key)?;
    round.get(&pods, key)
}

impl Instances {
    fn look_after(&self, round: &Round<'_>, resource: &Resource, instance: &Value) -> Outcome {
        let pod = launcher(round, instance);
        if fields::is_ending(instance) {
            return self.end(round, resource, instance, pod.as_ref());
        }
        let phase = fields::text(instance, "/status/phase");
        let has_ended = phase == "Failed" || phase == "Succeeded";
        let Some(pod) = pod else {
            return match phase {
                "" | "Pending" => self.actor.create(round, &Resource::core("pods"), &pod_of(instance)),
                _ if has_ended => Outcome::Done(Value::Null),
                _ => self.become_phase(round, resource, instance, "Failed", None),
            };
        };
        let next = match fields::text(&pod, "/status/phase") {
            _ if has_ended => return Outcome::Done(Value::Null),
            "Succeeded" => "Succeeded",
            "Failed" => "Failed",
            "Running" => "Running",
            _ => "Scheduling",
        };
        self.become_phase(round, resource, instance, next, Some(&pod))
    }

    fn become_phase(
        &self,
        round: &Round<'_>,
        resource: &Resource,
        instance: &Value,
        phase: &str,
        pod: Option<&Value>,
    ) -> Outcome {
        let mut new = instance.clone();
        let time = round.time();
        if !new["status"].is_object() {
            new["status"] = json!({});
        }
        let mut status = new["status"].take();
        if status["phase"] != phase {
            status["phase"] = phase.into();
            let mut passed = fields::list(instance, "/status/phaseTransitionTimestamps").to_vec();
            passed.push(json!({"phase": phase, "phaseTransitionTimestamp": time}));
            status["phaseTransitionTimestamps"] = passed.into();
        }
        let ready = pod.is_some_and(|pod| {
            !fields::is_ending(pod)
                && fields::condition(pod, "Ready").is_some_and(|one| one["status"] == "True")
        });
        let condition = if phase == "Running" && ready {
            ["Ready", "True", "", ""]
        } else if pod.is_some_and(fields::is_ending) {
            ["Ready", "False", "PodTerminating", "virt-launcher pod is terminating"]
        } else if pod.is_none() {
            ["Ready", "False", "PodNotExists", "virt-launcher pod has not yet been scheduled"]
        } else {
            ["Ready", "False", "GuestNotRunning", "Guest VM is not reported as running"]
        };
        fields::set_condition(&mut status, condition, &time, &json!({"lastProbeTime": null}));
        if let Some(pod) = pod {
            follow(&mut status, pod);
        }
        if phase == "Running"
            && let Some(pod) = pod
        {
            let address = &pod["status"]["podIP"];
            status["nodeName"] = pod["spec"]["nodeName"].clone();
            status["interfaces"] = json!([{
                "name": "default", "ipAddress": address, "ipAddresses": [address], "infoSource": "domain",
            }]);
            if !new["metadata"]["labels"].is_object() {
                new["metadata"]["labels"] = json!({});
            }
            new["metadata"]["labels"]["kubevirt.io/nodeName"] = pod["spec"]["nodeName"].clone();
        }
        new["status"] = status;
        if new == *instance {
            return Outcome::Done(new);
        }
        self.actor.update(round, resource, "", &new)
    }

    /// The pod first, then the instance.
    fn end(&self, round: &Round<'_>, resource: &Resource, instance: &Value, pod: Option<&Value>) -> Outcome {
        if let Some(pod) = pod {
            if fields::is_ending(pod) {
                let phase = fields::text(instance, "/status/phase").to_owned();
                return self.become_phase(round, resource, instance, &phase, Some(pod));
            }
            let uid = fields::text(pod, "/metadata/uid");
            return self.actor.delete(round, &Resource::core("pods"), &fields::key(pod), uid, json!({}));
        }
        let mut new = instance.clone();
        fields::remove_finalizer(&mut new, FINALIZER);
        fields::remove_finalizer(&mut new, FOREGROUND);
        if new == *instance { Outcome::Done(new) } else { self.actor.update(round, resource, "", &new) }
    }
}

/// What the scheduler says of the pod is said of the instance, as long as there is no node.
fn follow(status: &mut Value, pod: &Value) {
    let failed = fields::condition(pod, "PodScheduled").filter(|one| one["status"] == "False");
    let Some(conditions) = status["conditions"].as_array_mut() else { return };
    conditions.retain(|one| one["type"] != "PodScheduled");
    conditions.extend(failed.cloned());
}

/// A new one, of a machine.
pub(super) fn instance_of(machine: &Value, time: &str) -> Value {
    let template = &machine["spec"]["template"];
    let mut instance = json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "VirtualMachineInstance",
        "metadata": {
            "name": machine["metadata"]["name"], "namespace": machine["metadata"]["namespace"],
            "finalizers": [FINALIZER, FOREGROUND],
            "annotations": template["metadata"]["annotations"], "labels": template["metadata"]["labels"],
            "ownerReferences": fields::controlled_by(&format!("{GROUP}/v1"), "VirtualMachine", machine),
        },
        "spec": template["spec"],
        "status": {
            "phase": "Pending",
            "phaseTransitionTimestamps": [{"phase": "Pending", "phaseTransitionTimestamp": time}],
        },
    });
    for member in ["annotations", "labels"] {
        if !instance["metadata"][member].is_object() {
            instance["metadata"][member] = json!({});
        }
    }
    let generation = fields::number(machine, "/metadata/generation").to_string();
    instance["metadata"]["annotations"]["kubevirt.io/vm-generation"] = generation.into();
    if machine["metadata"]["annotations"]["simulate"] == "unschedulable" {
        instance["metadata"]["annotations"]["simulate"] = "unschedulable".into();
    }
    instance
}

fn pod_of(instance: &Value) -> Value {
    let name = fields::text(instance, "/metadata/name");
    let asked = [
        &instance["spec"]["domain"]["resources"]["requests"]["memory"],
        &instance["spec"]["domain"]["memory"]["guest"],
    ];
    let memory = match instance["metadata"]["annotations"]["simulate"].as_str() {
        Some("unschedulable") => Value::from(TOO_MUCH),
        _ => asked.into_iter().find(|one| !one.is_null()).cloned().unwrap_or_else(|| "256Mi".into()),
    };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "generateName": format!("virt-launcher-{name}-"), "namespace": instance["metadata"]["namespace"],
            "labels": {
                "kubevirt.io": "virt-launcher", "kubevirt.io/created-by": instance["metadata"]["uid"],
                "vm.kubevirt.io/name": name,
            },
            "annotations": {"kubevirt.io/domain": name, "kubectl.kubernetes.io/default-container": "compute"},
            "ownerReferences": fields::controlled_by(&format!("{GROUP}/v1"), "VirtualMachineInstance", instance),
        },
        "spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 30,
            "nodeSelector": {"kubernetes.io/arch": "amd64", "kubevirt.io/schedulable": "true"},
            "containers": [{
                "name": "compute", "image": "images.example.com/kubevirt/virt-launcher:v1.9.0",
                "command": ["/usr/bin/virt-launcher-monitor"],
                "resources": {"requests": {"cpu": "100m", "memory": memory, "devices.kubevirt.io/kvm": "1"}},
            }],
        },
    })
}
