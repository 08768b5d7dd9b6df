//! KubeVirt's machines: custom resources that are applied, described and run as on a cluster that has them.

use crate::person::Person;

fn machine(strategy: &str) -> String {
    format!(
        "apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {{ name: fedora, labels: {{ tier: front }} }}
spec:
  runStrategy: {strategy}
  template: {{ spec: {{ domain: {{ devices: {{}} }} }} }}
"
    )
}

#[test]
fn apply_creates_leaves_and_changes_a_machine_which_starts_and_stops() {
    let Some(person) = Person::new("machine") else { return };
    person.file("vm.yaml", &machine("Always"));
    let apply = "kubectl apply -f vm.yaml";
    assert_eq!(person.reads(apply), "virtualmachine.kubevirt.io/fedora created\n");
    assert_eq!(person.reads(apply), "virtualmachine.kubevirt.io/fedora unchanged\n");
    person.reads("kubectl wait --for=condition=Ready vm/fedora --timeout=20s");
    let table = person.reads("kubectl get vm,vmi");
    assert!(
        table.contains("Running") && table.contains("virtualmachineinstance.kubevirt.io/fedora"),
        "{table}"
    );
    let described = person.reads("kubectl describe vm fedora");
    for wanted in ["Printable Status:", "Run Strategy:", "Running", "API Version:  kubevirt.io/v1"] {
        assert!(described.contains(wanted), "{wanted}: {described}");
    }
    person.file("vm.yaml", &machine("Halted").replace("tier: front", "other: label"));
    let changes = person.types("kubectl diff -f vm.yaml");
    assert!(changes.code == Some(1) && changes.out.contains("+  runStrategy: Halted"), "{changes:?}");
    assert_eq!(person.reads(apply), "virtualmachine.kubevirt.io/fedora configured\n");
    person.waits_to_read("kubectl get vm fedora -o jsonpath='{.status.printableStatus}'", "Stopped");
    assert_eq!(person.reads("kubectl get vmi -o name"), "");
    // What was applied before and no longer is, is taken off.
    let labels = person.reads("kubectl get vm fedora -o jsonpath='{.metadata.labels}'");
    assert_eq!(labels, r#"{"other":"label"}"#);
    person.reads("kubectl delete -f vm.yaml");
    assert!(person.is_refused("kubectl get vm fedora").contains("NotFound"));
}

#[test]
fn machines_are_patched_labelled_and_watched_like_all_else() {
    let Some(person) = Person::new("patched") else { return };
    person.file("vm.yaml", &machine("Halted"));
    person.reads("kubectl create -f vm.yaml");
    let steps = "[{\"op\":\"test\",\"path\":\"/spec/runStrategy\",\"value\":\"Halted\"},\
                 {\"op\":\"replace\",\"path\":\"/spec/runStrategy\",\"value\":\"Always\"}]";
    let patch = format!("kubectl patch vm fedora --type json -p '{steps}'");
    assert_eq!(person.reads(&patch), "virtualmachine.kubevirt.io/fedora patched\n");
    person.is_refused(&patch);
    let merge = "kubectl patch vm fedora --type merge -p '{\"metadata\":{\"labels\":{\"tier\":null}}}'";
    assert_eq!(person.reads(merge), "virtualmachine.kubevirt.io/fedora patched\n");
    let strategic = person.is_refused("kubectl patch vm fedora -p '{\"metadata\":{}}'");
    assert!(strategic.contains("strategic-merge-patch+json is not supported"), "{strategic}");
    person.reads("kubectl label vm fedora a=b");
    person.reads("kubectl annotate vm fedora k8s-healer.io/protect=yes");
    assert_eq!(person.reads("kubectl get vm -l a=b -o name"), "virtualmachine.kubevirt.io/fedora\n");
    assert_eq!(person.reads("EDITOR='sed -i s/Always/Halted/' kubectl edit vm fedora").lines().count(), 1);
    let refused = "kubectl patch vm fedora --type merge -p '{\"spec\":{\"template\":5}}'";
    assert!(person.is_refused(refused).contains("spec.template"), "{}", person.is_refused(refused));
    person.reads("kubectl delete vm --all");
}
