//! What the scheduler and the simulated kubelet do with pods.

use serde_json::json;

use super::super::fields::text;
use super::{POD, Stage, condition, pod};

#[test]
fn a_pod_gets_a_node_runs_a_second_later_and_goes_when_it_is_deleted() {
    let mut stage = Stage::ready(2);
    let events = stage.server.audit.events().len();
    stage.create_pod("one", "");
    stage.settle();
    let bound = stage.pod("one");
    assert_eq!((text(&bound, "/spec/nodeName"), text(&bound, "/status/phase")), ("node-0", "Pending"));
    assert_eq!(condition(&bound, "PodScheduled")["status"], "True");
    stage.pass(1);
    let runs = stage.pod("one");
    assert_eq!(runs["status"]["phase"], "Running");
    for kind in ["Initialized", "Ready", "ContainersReady", "PodScheduled"] {
        assert_eq!(condition(&runs, kind)["status"], "True", "{kind}");
    }
    let container = &runs["status"]["containerStatuses"][0];
    assert_eq!((&container["ready"], &container["restartCount"]), (&json!(true), &json!(0)));
    assert_eq!(container["state"]["running"]["startedAt"], "2026-01-01T00:00:01Z");
    assert!(!text(&runs, "/status/podIP").is_empty() && !text(&runs, "/status/hostIP").is_empty());
    stage.create_pod("two", "");
    stage.settle();
    assert_eq!(stage.pod("two")["spec"]["nodeName"], "node-1", "the emptier one");

    stage.delete(&format!("{POD}/one"), json!({}));
    stage.settle();
    assert!(stage.exists(&format!("{POD}/one")), "it ends");
    stage.pass(1);
    assert!(!stage.exists(&format!("{POD}/one")));
    let writes = stage.writes_since(events);
    assert_eq!(
        writes[..2],
        ["system:kube-scheduler create pods binding", "system:node:node-0 update pods status"]
    );
    assert!(writes.contains(&"system:node:node-0 delete pods".to_owned()), "{writes:?}");
}

#[test]
fn a_pod_on_hold_gets_its_node_and_is_left_alone_until_it_ends() {
    let mut stage = Stage::ready(1);
    stage.create_pod("held", "hold");
    stage.pass(100);
    let held = stage.pod("held");
    assert_eq!((text(&held, "/spec/nodeName"), text(&held, "/status/phase")), ("node-0", "Pending"));
    assert!(held["status"]["containerStatuses"].is_null());
    stage.patch(&format!("{POD}/held"), json!({"metadata": {"finalizers": ["example.com/mine"]}}));
    stage.delete(&format!("{POD}/held"), json!({}));
    stage.pass(100);
    assert!(stage.exists(&format!("{POD}/held")), "a finalizer holds it");
    stage.patch(&format!("{POD}/held"), json!({"metadata": {"finalizers": null}}));
    stage.pass(1);
    assert!(!stage.exists(&format!("{POD}/held")));
}

#[test]
fn a_status_that_somebody_set_by_hand_stays() {
    let mut stage = Stage::ready(1);
    stage.create_pod("one", "");
    stage.pass(2);
    let waiting =
        json!([{"name": "main", "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]);
    let set = stage.patch(&format!("{POD}/one/status"), json!({"status": {"containerStatuses": waiting}}));
    stage.pass(1000);
    assert_eq!(stage.pod("one"), set);
}

#[test]
fn a_pod_that_asks_too_much_waits_until_there_is_room() {
    let mut stage = Stage::ready(2);
    let asking = |name: &str, cpu: &str| {
        let mut pod = pod(name, "");
        pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": cpu}});
        pod
    };
    stage.create(POD, asking("a", "10"));
    stage.settle();
    stage.create(POD, asking("b", "10"));
    stage.settle();
    stage.create(POD, asking("c", "10"));
    stage.pass(5);
    let waits = stage.pod("c");
    assert_eq!((text(&waits, "/spec/nodeName"), text(&waits, "/status/phase")), ("", "Pending"));
    let condition = condition(&waits, "PodScheduled");
    assert_eq!((&condition["status"], &condition["reason"]), (&json!("False"), &json!("Unschedulable")));
    assert_eq!(
        condition["message"],
        "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are \
         available: 2 No preemption victims found for incoming pod."
    );
    stage.delete(&format!("{POD}/b"), json!({}));
    stage.pass(3);
    let runs = stage.pod("c");
    assert_eq!((text(&runs, "/spec/nodeName"), text(&runs, "/status/phase")), ("node-1", "Running"));
}

#[test]
fn a_cordoned_node_gets_no_pods() {
    let mut stage = Stage::ready(2);
    stage.patch("/api/v1/nodes/node-0", json!({"spec": {"unschedulable": true}}));
    stage.create_pod("one", "");
    stage.settle();
    assert_eq!(stage.pod("one")["spec"]["nodeName"], "node-1");
    stage.patch("/api/v1/nodes/node-1", json!({"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}));
    stage.create_pod("two", "");
    stage.settle();
    let message = condition(&stage.pod("two"), "PodScheduled")["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with(
            "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable."
        ),
        "{message}"
    );
    stage.patch("/api/v1/nodes/node-0", json!({"spec": {"unschedulable": null}}));
    stage.settle();
    assert_eq!(stage.pod("two")["spec"]["nodeName"], "node-0");
}

#[test]
fn a_crash_loop_waits_longer_and_longer() {
    let mut stage = Stage::ready(1);
    let uid = stage.create_pod("one", "crash-loop")["metadata"]["uid"].as_str().unwrap().to_owned();
    stage.pass(2);
    let container = |stage: &Stage| stage.pod("one")["status"]["containerStatuses"][0].clone();
    assert_eq!(
        container(&stage)["state"]["terminated"]["reason"],
        "Error",
        "the first restart comes at once"
    );
    stage.pass(3);
    for (restarts, pause, seconds) in [(1, "10s", 10), (2, "20s", 20), (3, "40s", 40), (4, "1m20s", 80)] {
        let one = container(&stage);
        assert_eq!(one["restartCount"], restarts);
        let waiting = &one["state"]["waiting"];
        assert_eq!(waiting["reason"], "CrashLoopBackOff");
        let told = format!("back-off {pause} restarting failed container=main pod=one_default({uid})");
        assert_eq!(waiting["message"], told.as_str());
        assert_eq!(one["lastState"]["terminated"]["exitCode"], 1);
        assert_eq!(
            (&one["ready"], &one["lastState"]["terminated"]["reason"]),
            (&json!(false), &json!("Error"))
        );
        assert_eq!(condition(&stage.pod("one"), "Ready")["reason"], "ContainersNotReady");
        // A second of running each time.
        stage.pass(seconds + 1);
    }
    assert_eq!(stage.pod("one")["status"]["phase"], "Running");
}

#[test]
fn an_image_that_is_not_found_is_pulled_again_and_again() {
    let mut stage = Stage::ready(1);
    stage.create_pod("one", "image-pull");
    stage.pass(1);
    let mut seen = Vec::new();
    for _ in 0..60 {
        let pod = stage.pod("one");
        assert_eq!(
            (&pod["status"]["phase"], &pod["status"]["containerStatuses"][0]["restartCount"]),
            (&json!("Pending"), &json!(0))
        );
        let reason = text(&pod, "/status/containerStatuses/0/state/waiting/reason").to_owned();
        if seen.last() != Some(&reason) {
            seen.push(reason);
        }
        stage.pass(1);
    }
    assert_eq!(seen[..4], ["ErrImagePull", "ImagePullBackOff", "ErrImagePull", "ImagePullBackOff"]);
    let message = text(&stage.pod("one"), "/status/containerStatuses/0/state/waiting/message").to_owned();
    assert_eq!(message, "Back-off pulling image \"registry.example/main:1\": ErrImagePull: manifest unknown");
}

#[test]
fn a_pod_completes() {
    let mut stage = Stage::ready(1);
    stage.create_pod("one", "complete");
    stage.pass(3);
    let pod = stage.pod("one");
    assert_eq!(pod["status"]["phase"], "Succeeded");
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["terminated"]["reason"], "Completed");
    assert_eq!(condition(&pod, "Ready")["reason"], "PodCompleted");
    assert_eq!(stage.settle(), None, "nothing is to come");
}
