//! Deployments, `ReplicaSets` and the budgets of their pods.

use http::Method;
use serde_json::{Value, json};

use super::super::fields::{number, text};
use super::{POD, Stage, condition, pod};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const SETS: &str = "/apis/apps/v1/namespaces/default/replicasets";
const BUDGETS: &str = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

pub(super) fn deployment(replicas: i64) -> Value {
    let labels = json!({"app": "app"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod("app", "")["spec"]},
        },
    })
}

pub(super) fn budget(limit: Value) -> Value {
    let mut budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "app"},
        "spec": {"selector": {"matchLabels": {"app": "app"}}},
    });
    for (member, value) in limit.as_object().unwrap() {
        budget["spec"][member] = value.clone();
    }
    budget
}

#[test]
fn a_deployment_runs_its_pods_scales_and_replaces_them() {
    let mut stage = Stage::ready(1);
    stage.create(DEPLOYMENTS, deployment(3));
    stage.pass(3);
    let path = format!("{DEPLOYMENTS}/app");
    let done = stage.get(&path);
    let status = &done["status"];
    for member in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        assert_eq!(status[member], 3, "{member}: {status}");
    }
    assert_eq!(status["unavailableReplicas"], Value::Null);
    assert_eq!(status["observedGeneration"], done["metadata"]["generation"]);
    assert_eq!(condition(&done, "Available")["reason"], "MinimumReplicasAvailable");
    assert_eq!(condition(&done, "Progressing")["reason"], "NewReplicaSetAvailable");
    let sets = stage.list(SETS);
    assert_eq!(sets.len(), 1);
    let hash = text(&sets[0], "/metadata/labels/pod-template-hash");
    assert_eq!(text(&sets[0], "/metadata/name"), format!("app-{hash}"));
    let pods = stage.list(POD);
    assert_eq!(pods.len(), 3);
    for pod in &pods {
        assert_eq!(pod["metadata"]["labels"], json!({"app": "app", "pod-template-hash": hash}));
        assert_eq!(pod["metadata"]["generateName"], format!("app-{hash}-"));
        let owner = &pod["metadata"]["ownerReferences"][0];
        assert_eq!(owner["uid"], sets[0]["metadata"]["uid"]);
        assert_eq!((&owner["controller"], &owner["blockOwnerDeletion"]), (&json!(true), &json!(true)));
    }

    stage.patch(&path, json!({"spec": {"replicas": 1}}));
    stage.pass(3);
    assert_eq!(stage.list(POD).len(), 1);
    let last = text(&stage.list(POD)[0], "/metadata/name").to_owned();
    stage.delete(&format!("{POD}/{last}"), json!({}));
    stage.pass(3);
    let pods = stage.list(POD);
    assert_eq!(pods.len(), 1);
    assert_ne!(text(&pods[0], "/metadata/name"), last, "it was replaced");
}

#[test]
fn a_rollout_replaces_all_pods_and_keeps_enough_of_them() {
    let mut stage = Stage::ready(1);
    stage.create(DEPLOYMENTS, deployment(4));
    stage.pass(3);
    let path = format!("{DEPLOYMENTS}/app");
    let before = stage.list(SETS).remove(0);
    let template = json!({"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}});
    stage.patch(&path, json!({"spec": {"template": template}}));
    for _ in 0..20 {
        stage.pass(1);
        assert!(number(&stage.get(&path), "/status/availableReplicas") >= 3);
        assert!(stage.list(POD).len() <= 8);
    }
    let done = stage.get(&path);
    assert_eq!(done["status"]["updatedReplicas"], 4);
    assert_eq!(done["status"]["replicas"], 4);
    assert_eq!(done["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    let sets = stage.list(SETS);
    assert_eq!(sets.len(), 2);
    for set in &sets {
        let wanted = if set["metadata"]["name"] == before["metadata"]["name"] { 0 } else { 4 };
        assert_eq!(set["spec"]["replicas"], wanted);
    }
    // Back to the first template, and to its set.
    let template = json!({"metadata": {"annotations": null}});
    stage.patch(&path, json!({"spec": {"template": template}}));
    stage.pass(20);
    assert_eq!(stage.list(SETS).len(), 2);
    assert_eq!(
        number(&stage.get(&format!("{SETS}/{}", text(&before, "/metadata/name"))), "/status/readyReplicas"),
        4
    );
    assert_eq!(stage.get(&path)["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
}

#[test]
fn a_deployment_of_pods_that_crash_is_not_available() {
    let mut stage = Stage::ready(1);
    let mut crashing = deployment(1);
    crashing["spec"]["template"]["metadata"]["annotations"] = json!({"simulate": "crash-loop"});
    stage.create(DEPLOYMENTS, crashing);
    stage.pass(8);
    let shown = stage.get(&format!("{DEPLOYMENTS}/app"));
    assert_eq!(condition(&shown, "Available")["status"], "False");
    assert_eq!(shown["status"]["unavailableReplicas"], 1);
}

#[test]
fn a_deployment_takes_its_sets_and_pods_with_it() {
    let mut stage = Stage::ready(1);
    stage.create(DEPLOYMENTS, deployment(2));
    stage.pass(3);
    stage.delete(&format!("{DEPLOYMENTS}/app"), json!({"propagationPolicy": "Background"}));
    stage.pass(3);
    assert_eq!((stage.list(SETS).len(), stage.list(POD).len()), (0, 0));
}

#[test]
fn budgets_are_reckoned_as_by_the_real_controller() {
    for (limit, expected, desired, allowed) in [
        (json!({"minAvailable": 2}), 4, 2, 2),
        (json!({"minAvailable": 4}), 4, 4, 0),
        (json!({"minAvailable": "50%"}), 4, 2, 2),
        (json!({"minAvailable": "51%"}), 4, 3, 1),
        (json!({"maxUnavailable": 1}), 4, 3, 1),
        (json!({"maxUnavailable": "30%"}), 4, 2, 2),
        (json!({"maxUnavailable": 9}), 4, 0, 4),
    ] {
        let mut stage = Stage::ready(1);
        stage.create(DEPLOYMENTS, deployment(4));
        stage.pass(3);
        stage.create(BUDGETS, budget(limit.clone()));
        stage.settle();
        let shown = stage.get(&format!("{BUDGETS}/app"));
        let status = &shown["status"];
        let told =
            ["expectedPods", "desiredHealthy", "disruptionsAllowed", "currentHealthy", "observedGeneration"];
        assert_eq!(
            told.map(|member| status[member].as_i64().unwrap()),
            [expected, desired, allowed, 4, 1],
            "{limit}"
        );
        let reason = if allowed > 0 { "SufficientPods" } else { "InsufficientPods" };
        assert_eq!(condition(&shown, "DisruptionAllowed")["reason"], reason);
    }
}

#[test]
fn an_eviction_takes_from_the_budget_until_the_pod_is_replaced() {
    let mut stage = Stage::ready(1);
    stage.create(DEPLOYMENTS, deployment(2));
    stage.create(BUDGETS, budget(json!({"minAvailable": 1})));
    stage.pass(3);
    let allowed =
        |stage: &Stage| stage.get(&format!("{BUDGETS}/app"))["status"]["disruptionsAllowed"].clone();
    assert_eq!(allowed(&stage), 1);
    let evict = |stage: &Stage, pod: &Value| {
        let name = text(pod, "/metadata/name");
        let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}});
        stage.send(Method::POST, &format!("{POD}/{name}/eviction"), Some(eviction))
    };
    let pods = stage.list(POD);
    evict(&stage, &pods[0]).unwrap();
    assert_eq!(evict(&stage, &pods[1]).unwrap_err().code, 429);
    stage.settle();
    assert_eq!(allowed(&stage), 0);
    assert_eq!(
        stage.get(&format!("{BUDGETS}/app"))["status"]["disruptedPods"],
        Value::Null,
        "it is on its way"
    );
    stage.pass(4);
    assert_eq!(allowed(&stage), 1, "the replacement runs");
}

#[test]
fn a_disruption_that_never_comes_is_forgotten_after_two_minutes() {
    let mut stage = Stage::ready(1);
    stage.create_pod("app", "");
    stage.create(BUDGETS, budget(json!({"minAvailable": 0})));
    stage.pass(2);
    let disrupted =
        json!({"status": {"disruptedPods": {"app": stage.server.time(), "gone": stage.server.time()}}});
    stage.patch(&format!("{BUDGETS}/app/status"), disrupted);
    stage.settle();
    let status = |stage: &Stage| stage.get(&format!("{BUDGETS}/app"))["status"].clone();
    assert_eq!(status(&stage)["disruptedPods"].as_object().unwrap().keys().collect::<Vec<_>>(), ["app"]);
    assert_eq!(status(&stage)["currentHealthy"], 0);
    stage.pass(121);
    assert_eq!(
        (&status(&stage)["disruptedPods"], &status(&stage)["currentHealthy"]),
        (&Value::Null, &json!(1))
    );
}
