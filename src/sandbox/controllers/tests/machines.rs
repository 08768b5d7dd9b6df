//! KubeVirt's machines, as far as they are simulated.

use serde_json::{Value, json};

use super::super::fields::text;
use super::{POD, Stage, condition};

const MACHINES: &str = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines";
const INSTANCES: &str = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances";
const FINALIZER: &str = "kubevirt.io/virtualMachineControllerFinalize";

pub(super) fn machine(name: &str, simulate: &str) -> Value {
    json!({
        "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
        "metadata": {"name": name, "annotations": {"simulate": simulate}},
        "spec": {"runStrategy": "Always", "template": {"spec": {"domain": {"memory": {"guest": "2Gi"}}}}},
    })
}

fn shown(stage: &Stage, name: &str) -> String {
    text(&stage.get(&format!("{MACHINES}/{name}")), "/status/printableStatus").to_owned()
}

#[test]
fn a_machine_starts_runs_and_stops() {
    let mut stage = Stage::ready(1);
    stage.create(MACHINES, machine("vm", ""));
    stage.settle();
    assert_eq!(shown(&stage, "vm"), "Starting");
    stage.pass(2);
    assert_eq!(shown(&stage, "vm"), "Running");
    let vm = stage.get(&format!("{MACHINES}/vm"));
    assert_eq!((&vm["status"]["ready"], &vm["status"]["created"]), (&json!(true), &json!(true)));
    assert_eq!(condition(&vm, "Ready")["status"], "True");
    assert_eq!(vm["metadata"]["finalizers"], json!([FINALIZER]));
    let vmi = stage.get(&format!("{INSTANCES}/vm"));
    assert_eq!(vmi["status"]["phase"], "Running");
    assert_eq!(
        (&vmi["status"]["nodeName"], &vmi["metadata"]["ownerReferences"][0]["uid"]),
        (&json!("node-0"), &vm["metadata"]["uid"])
    );
    let pods = stage.list(POD);
    assert_eq!(pods.len(), 1);
    assert!(text(&pods[0], "/metadata/name").starts_with("virt-launcher-vm-"));
    assert_eq!(vmi["status"]["interfaces"][0]["ipAddress"], pods[0]["status"]["podIP"]);

    stage.patch(&format!("{MACHINES}/vm"), json!({"spec": {"runStrategy": "Halted"}}));
    stage.pass(3);
    assert_eq!(shown(&stage, "vm"), "Stopped");
    assert_eq!((stage.list(INSTANCES).len(), stage.list(POD).len()), (0, 0));
}

#[test]
fn a_machine_whose_instance_or_pod_is_deleted_starts_again() {
    let mut stage = Stage::ready(1);
    stage.create(MACHINES, machine("vm", ""));
    stage.pass(3);
    let uid = stage.get(&format!("{INSTANCES}/vm"))["metadata"]["uid"].clone();
    stage.delete(&format!("{INSTANCES}/vm"), json!({}));
    stage.settle();
    assert_eq!(shown(&stage, "vm"), "Stopping");
    stage.pass(4);
    assert_eq!(shown(&stage, "vm"), "Running");
    let second = stage.get(&format!("{INSTANCES}/vm"))["metadata"]["uid"].clone();
    assert_ne!(second, uid);
    let pod = text(&stage.list(POD)[0], "/metadata/name").to_owned();
    stage.delete(&format!("{POD}/{pod}"), json!({}));
    stage.pass(6);
    assert_eq!(shown(&stage, "vm"), "Running");
    assert_ne!(stage.get(&format!("{INSTANCES}/vm"))["metadata"]["uid"], second);
}

#[test]
fn a_deleted_machine_goes_unless_it_is_stuck() {
    let mut stage = Stage::ready(1);
    for (name, simulate) in [("vm", ""), ("stuck", "stuck")] {
        stage.create(MACHINES, machine(name, simulate));
    }
    stage.pass(3);
    for name in ["vm", "stuck"] {
        stage.delete(&format!("{MACHINES}/{name}"), json!({}));
    }
    stage.settle();
    assert_eq!(shown(&stage, "vm"), "Terminating");
    stage.pass(100);
    assert!(!stage.exists(&format!("{MACHINES}/vm")));
    assert_eq!(shown(&stage, "stuck"), "Terminating");
    assert_eq!((stage.list(INSTANCES).len(), stage.list(POD).len()), (0, 0));
    stage.patch(&format!("{MACHINES}/stuck"), json!({"metadata": {"finalizers": null}}));
    stage.settle();
    assert!(!stage.exists(&format!("{MACHINES}/stuck")));
}

#[test]
fn a_machine_that_no_node_can_take_says_so() {
    let mut stage = Stage::ready(1);
    stage.create(MACHINES, machine("vm", "unschedulable"));
    stage.pass(10);
    assert_eq!(shown(&stage, "vm"), "ErrorUnschedulable");
    let vm = stage.get(&format!("{MACHINES}/vm"));
    let scheduled = condition(&vm, "PodScheduled");
    assert_eq!((&scheduled["status"], &scheduled["reason"]), (&json!("False"), &json!("Unschedulable")));
    assert!(text(scheduled, "/message").starts_with("0/1 nodes are available: 1 Insufficient memory."));
    assert_eq!(condition(&vm, "Ready")["reason"], "GuestNotRunning");
}

#[test]
fn a_machine_on_hold_is_left_alone() {
    let mut stage = Stage::ready(1);
    let created = stage.create(MACHINES, machine("vm", "hold"));
    stage.pass(10);
    assert_eq!(stage.get(&format!("{MACHINES}/vm")), created);
}
