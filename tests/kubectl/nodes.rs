//! Taking a node out of service, on a sandbox of one's own: others' pods would leave it too.

use crate::person::{Person, Served, kubectl_or_skip};

#[test]
fn a_node_is_cordoned_drained_as_budgets_allow_and_taken_back() {
    if kubectl_or_skip().is_none() {
        return;
    }
    let served = Served::start(&["--nodes", "2", "--seed", "1"]);
    let Some(person) = Person::at(&served.kubeconfig, "drained") else { return };
    let nodes = || person.reads("kubectl get nodes --no-headers | awk '{print $1, $2}'");
    assert_eq!(person.reads("kubectl cordon node-1"), "node/node-1 cordoned\n");
    assert_eq!(nodes(), "node-0 Ready\nnode-1 Ready,SchedulingDisabled\n");
    person.reads("kubectl create deployment web --image=nginx --replicas=2");
    person.reads("kubectl run alone --image=nginx");
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    person.reads("kubectl wait --for=condition=Ready pod/alone --timeout=20s");
    let places = "kubectl get pods -o jsonpath='{.items[*].spec.nodeName}.'";
    assert_eq!(person.reads(places), "node-0 node-0 node-0.");
    person.reads("kubectl uncordon node-1");
    let refused = person.is_refused("kubectl drain node-0 --timeout=5s");
    assert!(refused.contains("cannot delete"), "{refused}");
    person.reads("kubectl create poddisruptionbudget web --selector=app=web --min-available=2");
    person.waits_to_read("kubectl get pdb web -o jsonpath='{.status.currentHealthy}'", "2");
    let held = person.is_refused("kubectl drain node-0 --force --timeout=2s");
    assert!(held.contains("Cannot evict pod as it would violate the pod's disruption budget"), "{held}");
    person.reads("kubectl patch pdb web --type merge -p '{\"spec\":{\"minAvailable\":0}}'");
    person.waits_to_read("kubectl get pdb web -o jsonpath='{.status.disruptionsAllowed}'", "2");
    let drained = person.reads("kubectl drain node-0 --force --timeout=20s");
    assert!(drained.ends_with("node/node-0 drained\n"), "{drained}");
    assert_eq!(nodes(), "node-0 Ready,SchedulingDisabled\nnode-1 Ready\n");
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    // The lone pod had nobody to make it anew.
    assert_eq!(person.reads(places), "node-1 node-1.");
    person.reads("kubectl uncordon node-0");
    person.reads("kubectl taint node node-0 dedicated=tests:NoSchedule");
    assert!(person.reads("kubectl describe node node-0").contains("dedicated=tests:NoSchedule"));
}
