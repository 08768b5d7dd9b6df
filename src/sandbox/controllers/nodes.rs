//! The nodes: there from the start, ready, and never looked after again.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds::Resource;
use super::super::store::Key;
use super::actor::{Actor, Outcome};
use super::world::Change;
use super::{Controller, Round};

pub(super) struct Nodes {
    missing: Vec<u32>,
}

impl Nodes {
    pub(super) fn new(number: u32) -> Self {
        Self { missing: (0..number).collect() }
    }
}

impl Controller for Nodes {
    fn observe(&mut self, _: &Change) {}

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        let resource = Resource::core("nodes");
        for number in std::mem::take(&mut self.missing) {
            let name = format!("node-{number}");
            if round.get(&resource, &Key::new("", &name)).is_some() {
                continue;
            }
            let kubelet = Actor::new(&format!("system:node:{name}"));
            if let Outcome::Done(created) = kubelet.create(round, &resource, &node(&name)) {
                let status = status(&name, number, &round.time());
                kubelet.update_status(round, &resource, &created, status);
            }
        }
        None
    }
}

/// The address of the node of this number.
pub(super) fn address(number: u32) -> String {
    format!("172.18.{}.{}", number / 250, number % 250 + 2)
}

fn node(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name,
            "kubevirt.io/schedulable": "true",
        }},
        "spec": {},
    })
}

fn status(name: &str, number: u32, time: &str) -> Value {
    let condition = |(kind, state, reason, message): (&str, &str, &str, &str)| {
        json!({
            "type": kind, "status": state, "reason": reason, "message": message,
            "lastHeartbeatTime": time, "lastTransitionTime": time,
        })
    };
    let conditions = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ];
    // A middling machine that can run virtual ones.
    let resources = json!({
        "cpu": "16", "memory": "64Gi", "ephemeral-storage": "400Gi", "pods": "250",
        "devices.kubevirt.io/kvm": "1k", "devices.kubevirt.io/tun": "1k",
    });
    json!({
        "capacity": resources, "allocatable": resources,
        "conditions": conditions.map(condition),
        "addresses": [
            {"type": "InternalIP", "address": address(number)}, {"type": "Hostname", "address": name},
        ],
        "nodeInfo": {
            "architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": "v1.37.2-sandbox",
            "containerRuntimeVersion": "sandbox://1", "kernelVersion": "sandbox", "osImage": "sandbox",
            "bootID": "", "machineID": "", "systemUUID": "", "kubeProxyVersion": "",
        },
    })
}
