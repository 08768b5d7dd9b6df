//! Waiting: `get -w` and `wait`, which hear of changes as they happen.

use std::time::Duration;

use crate::person::Person;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn get_w_shows_a_pod_from_its_creation_to_its_end() {
    let Some(person) = Person::new("watch") else { return };
    let mut watch = person.leaves_running("kubectl get pods -w --output-watch-events");
    let mut names = person.leaves_running("kubectl get pods --watch-only -o name");
    // A watch that begins later shows the pod too, but not how it came.
    tokio::time::sleep(Duration::from_millis(500)).await;
    person.reads("kubectl run one --image=nginx");
    watch.wait_for_line("ADDED      one    0/1     Pending", SOON).await;
    watch.wait_for_line("MODIFIED   one    1/1     Running", SOON).await;
    names.wait_for_line("pod/one", SOON).await;
    person.reads("kubectl delete pod one");
    watch.wait_for_line("DELETED    one", SOON).await;
}

#[tokio::test]
async fn get_w_of_one_object_in_json_shows_each_of_its_versions() {
    let Some(person) = Person::new("versions") else { return };
    person.reads("kubectl create configmap one --from-literal=a=1");
    person.reads("kubectl create configmap other --from-literal=a=1");
    let mut watch = person.leaves_running("kubectl get configmap one -w -o jsonpath='{.data.a}{\"\\n\"}'");
    watch.wait_for_line("1", SOON).await;
    for number in ["2", "3"] {
        for name in ["other", "one"] {
            let patch = format!("{{\"data\":{{\"a\":\"{number}\"}}}}");
            person.reads(&format!("kubectl patch configmap {name} --type merge -p '{patch}'"));
        }
        watch.wait_for_line(number, SOON).await;
    }
    assert_eq!(watch.lines(), ["1", "2", "3"]);
}

#[tokio::test]
async fn a_watch_by_label_sees_objects_come_and_go_with_their_labels() {
    let Some(person) = Person::new("labels") else { return };
    person.reads("kubectl create configmap one --from-literal=a=1");
    let mut watch = person.leaves_running("kubectl get cm -l ours=yes -w --output-watch-events --no-headers");
    tokio::time::sleep(Duration::from_millis(500)).await;
    person.reads("kubectl label configmap one ours=yes");
    watch.wait_for_line("ADDED", SOON).await;
    person.reads("kubectl label configmap one ours-");
    watch.wait_for_line("DELETED", SOON).await;
}

#[test]
fn wait_ends_when_it_is_so_and_fails_when_the_time_is_over() {
    let Some(person) = Person::new("wait") else { return };
    person.reads("kubectl run one --image=nginx");
    let met = person.reads("kubectl wait --for=condition=Ready pod/one --timeout=20s");
    assert_eq!(met, "pod/one condition met\n");
    person.reads("kubectl wait --for=jsonpath='{.status.phase}'=Running pod/one --timeout=20s");
    person.reads("kubectl wait --for=condition=Ready pods --all --timeout=20s");
    let over = person.is_refused("kubectl wait --for=condition=Ready=false pod/one --timeout=1s");
    assert!(over.contains("timed out waiting for the condition on pods/one"), "{over}");
    person.reads("kubectl delete pod one --wait=false");
    person.reads("kubectl wait --for=delete pod/one --timeout=20s");
    assert!(person.is_refused("kubectl get pod one").contains("NotFound"));
}
