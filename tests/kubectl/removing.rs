//! Taking away: delete, which waits until the object is gone, and what becomes of what it owned.

use std::time::{Duration, Instant};

use crate::person::Person;

#[test]
fn delete_waits_until_the_pod_is_gone_and_force_does_not() {
    let Some(person) = Person::new("delete") else { return };
    for name in ["one", "two", "three"] {
        person.reads(&format!("kubectl run {name} --image=nginx --labels=part=of"));
    }
    person.reads("kubectl wait --for=condition=Ready pods --all --timeout=20s");
    let gone = person.reads("kubectl delete pod one");
    assert!(gone.starts_with("pod \"one\" deleted"), "{gone}");
    assert!(person.is_refused("kubectl get pod one").contains("NotFound"));
    let forced = person.types("kubectl delete pod two --grace-period=0 --force");
    assert_eq!(forced.code, Some(0));
    assert!(forced.err.contains("Immediate deletion does not wait"), "{}", forced.err);
    assert!(person.is_refused("kubectl get pod two").contains("NotFound"));
    person.reads("kubectl delete pods -l part=of");
    assert_eq!(person.reads("kubectl get pods -o name"), "");
    assert!(person.is_refused("kubectl delete pod one").contains("pods \"one\" not found"));
    person.reads("kubectl delete pod one --ignore-not-found");
}

#[test]
fn a_finalizer_holds_an_object_until_it_is_taken_off() {
    let Some(person) = Person::new("held") else { return };
    person.reads("kubectl create configmap one --from-literal=a=b");
    let finalizers = |list: &str| {
        let patch = format!("{{\"metadata\":{{\"finalizers\":{list}}}}}");
        person.reads(&format!("kubectl patch configmap one --type merge -p '{patch}'"));
    };
    finalizers("[\"example.com/held\"]");
    let start = Instant::now();
    person.is_refused("kubectl delete configmap one --timeout=1s");
    assert!(start.elapsed() >= Duration::from_secs(1));
    let since = "kubectl get configmap one -o jsonpath='{.metadata.deletionTimestamp}'";
    assert!(person.reads(since).starts_with("20"));
    finalizers("null");
    assert!(person.is_refused("kubectl get configmap one").contains("NotFound"));
}

#[test]
fn what_a_deployment_owned_goes_with_it_or_stays_as_asked() {
    let Some(person) = Person::new("cascade") else { return };
    let owned = "kubectl get rs,pods -o name | sed 's/-.*//' | sort";
    for name in ["orphan", "foreground", "background"] {
        person.reads(&format!("kubectl create deployment {name} --image=nginx"));
    }
    for name in ["orphan", "foreground", "background"] {
        person.reads(&format!("kubectl rollout status deployment/{name} --timeout=20s"));
    }
    // Gone only when all that it owned is.
    person.reads("kubectl delete deployment foreground --cascade=foreground");
    let rest = "pod/background\npod/orphan\nreplicaset.apps/background\nreplicaset.apps/orphan\n";
    assert_eq!(person.reads(owned), rest);
    person.reads("kubectl delete deployment background");
    let rest = "pod/orphan\nreplicaset.apps/orphan\n";
    person.waits_to_read(owned, rest);
    person.reads("kubectl delete deployment orphan --cascade=orphan");
    let owners = "kubectl get rs -o jsonpath='{.items[0].metadata.ownerReferences}.'";
    person.waits_to_read(owners, ".");
    assert_eq!(person.reads(owned), rest);
    assert_eq!(person.reads(owners), ".");
    person.reads("kubectl delete rs --all");
    person.waits_to_read(owned, "");
}

#[test]
fn a_namespace_goes_with_all_that_is_in_it() {
    let Some(person) = Person::new("whole") else { return };
    person.reads("kubectl create deployment web --image=nginx");
    person.reads("kubectl create configmap one --from-literal=a=b");
    person.reads("kubectl rollout status deployment/web --timeout=20s");
    person.reads(&format!("kubectl delete namespace {}", person.namespace));
    assert!(person.is_refused(&format!("kubectl get ns {}", person.namespace)).contains("NotFound"));
    assert_eq!(person.reads("kubectl get all,cm,sa -o name"), "");
    let late = person.is_refused("kubectl create configmap two --from-literal=a=b");
    assert!(late.contains(&format!("namespaces \"{}\" not found", person.namespace)), "{late}");
}
