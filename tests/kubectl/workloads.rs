//! What controllers do for those who create deployments: pods that run, that are replaced, that become more
//! and fewer.

use crate::person::Person;

const READY: &str = "kubectl get deployment web -o jsonpath='{.status.readyReplicas}'";

#[test]
fn a_deployments_pods_run_and_it_grows_and_shrinks() {
    let Some(person) = Person::new("scale") else { return };
    person.reads("kubectl create deployment web --image=nginx");
    let status = person.reads("kubectl rollout status deployment/web --timeout=20s");
    assert!(status.ends_with("deployment \"web\" successfully rolled out\n"), "{status}");
    assert_eq!(person.reads("kubectl scale deployment web --replicas=3"), "deployment.apps/web scaled\n");
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    assert_eq!(person.reads(READY), "3");
    assert_eq!(person.reads("kubectl get pods -o name").lines().count(), 3);
    person.reads("kubectl scale deployment web --replicas=0");
    person.reads("kubectl wait --for=delete pods -l app=web --timeout=20s");
    assert_eq!(person.reads("kubectl get pods -o name"), "");
    assert_eq!(person.reads(READY), "");
}

#[test]
fn a_deleted_pod_of_a_deployment_is_replaced() {
    let Some(person) = Person::new("replaced") else { return };
    person.reads("kubectl create deployment web --image=nginx --replicas=2");
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    let before = person.reads("kubectl get pods -o name");
    let victim = before.lines().next().unwrap();
    person.reads(&format!("kubectl delete {victim}"));
    assert!(person.is_refused(&format!("kubectl get {victim}")).contains("NotFound"));
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    let after = person.reads("kubectl get pods -o name");
    assert!(after.lines().count() == 2 && !after.contains(victim), "{before} and then {after}");
}

#[test]
fn a_new_image_rolls_out_in_a_new_replica_set() {
    let Some(person) = Person::new("rollout") else { return };
    person.reads("kubectl create deployment web --image=nginx:1 --replicas=2");
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    person.reads("kubectl set image deployment/web nginx=nginx:2");
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    person.waits_to_read(
        "kubectl get rs -o jsonpath='{range .items[*]}{.spec.replicas}{\"\\n\"}{end}' | sort",
        "0\n2\n",
    );
    let images = "kubectl get pods -o jsonpath='{.items[*].spec.containers[0].image}'";
    person.waits_to_read(images, "nginx:2 nginx:2");
    let before = person.reads("kubectl get pods -o name");
    assert_eq!(person.reads("kubectl rollout restart deployment/web"), "deployment.apps/web restarted\n");
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    person.waits_to_read("kubectl get pods -o name | wc -l", "2\n");
    let after = person.reads("kubectl get pods -o name");
    assert!(after.lines().all(|pod| !before.contains(pod)), "{before} and then {after}");
}
