//! What is changed without being removed: patched, scaled, restarted, cordoned, told of by an Event. Each once,
//! to the object that was judged, and nothing to what is protected, going, or as it should be.

use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Stage, on_both, shapes, unique, wait_until};

on_both!(
    a_patch_changes_what_it_names_once_and_what_is_so_already_is_not_sent,
    a_patch_whose_test_fails_waits_for_the_object_to_change,
    a_deployment_is_scaled_and_one_that_is_protected_or_going_is_not,
    a_restart_is_noted_once_and_not_while_the_roll_out_is_paused,
    a_node_is_cordoned_and_uncordoned_where_it_is_not_so_already,
    an_event_tells_of_an_object_that_nobody_may_touch,
    in_dry_run_mode_changes_are_only_asked_about,
    in_observe_mode_not_even_an_event_is_made,
);

fn rule(watch: &str, actions: &str) -> String {
    format!("- name: bad\n  watch: {watch}\n  match: {BAD}\n  actions: {actions}\n")
}

fn bad_deployment(name: &str) -> Value {
    shapes::with_labels(shapes::replica_set(name, 3), &[("state", "bad")])
}

fn identity(object: &Value) -> (Value, Value) {
    (object["metadata"]["uid"].clone(), object["metadata"]["resourceVersion"].clone())
}

async fn a_patch_changes_what_it_names_once_and_what_is_so_already_is_not_sent(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let patch = "[ { patch: { merge: { data: { leaked: \"yes\", old: null } } } } ]";
    let mut so_already = bad("so-already");
    so_already["data"] = json!({"leaked": "yes", "kept": "1"});
    scene.create("configmaps", &so_already).await;
    let mut map = bad("map");
    map["data"] = json!({"old": "1", "kept": "1"});
    let made = scene.create("configmaps", &map).await;
    let mut daemon = scene.daemon(&rule("configmaps", patch), &[]).await;
    daemon.wait_for_line(&format!("patch {}", scene.called("configmaps", "map")), SOON).await;
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.summary(), [format!("patch configmaps {}/map 200", scene.namespace)]);
    let (uid, version) = identity(&made);
    let body =
        json!({"metadata": {"uid": uid, "resourceVersion": version}, "data": {"leaked": "yes", "old": null}});
    assert_eq!(writes[0].body, body);
    let now = scene.objects.get("configmaps", &scene.namespace, "map").await.unwrap();
    assert_eq!(now["data"], json!({"leaked": "yes", "kept": "1"}));
}

async fn a_patch_whose_test_fails_waits_for_the_object_to_change(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let patch = "[ { patch: { json: [ { op: test, path: /data/ready, value: \"yes\" }, \
                 { op: remove, path: /data/ready } ] } } ]";
    let mut map = bad("map");
    map["data"] = json!({"ready": "no"});
    scene.create("configmaps", &map).await;
    let _daemon = scene.daemon(&rule("configmaps", patch), &[]).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
    scene.objects.patch("configmaps", &scene.namespace, "map", &json!({"data": {"ready": "yes"}})).await;
    wait_until("it is patched", SOON, || async {
        scene.objects.get("configmaps", &scene.namespace, "map").await.unwrap()["data"]["ready"].is_null()
    })
    .await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [format!("patch configmaps {}/map 200", scene.namespace)]);
}

async fn a_deployment_is_scaled_and_one_that_is_protected_or_going_is_not(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let made = scene.create("deployments.apps", &bad_deployment("web")).await;
    let mut protected = bad_deployment("kept");
    protected["metadata"]["annotations"] = json!({"k8s-healer.io/protect": ""});
    scene.create("deployments.apps", &protected).await;
    let going = shapes::with_finalizers(bad_deployment("going"), &["test.io/a"]);
    scene.create("deployments.apps", &going).await;
    scene.objects.delete("deployments.apps", &scene.namespace, "going").await;
    let mut none = bad_deployment("none");
    none["spec"]["replicas"] = 0.into();
    scene.create("deployments.apps", &none).await;
    let mut daemon = scene.daemon(&rule("deployments", "[ { scale: { replicas: 0 } } ]"), &[]).await;
    let held = format!("held back: scale {}", scene.called("deployments.apps", "kept"));
    daemon.wait_for_line(&held, SOON).await;
    wait_until("it is scaled", SOON, || async {
        let now = scene.objects.get("deployments.apps", &scene.namespace, "web").await.unwrap();
        now["spec"]["replicas"] == 0
    })
    .await;
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.summary(), [format!("patch deployments/scale {}/web 200", scene.namespace)]);
    let (uid, version) = identity(&made);
    let body = json!({"metadata": {"uid": uid, "resourceVersion": version}, "spec": {"replicas": 0}});
    assert_eq!(writes[0].body, body);
    let free = json!({"metadata": {"finalizers": null}});
    scene.objects.patch("deployments.apps", &scene.namespace, "going", &free).await;
}

async fn a_restart_is_noted_once_and_not_while_the_roll_out_is_paused(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let restarted = |name: &'static str| {
        let scene = &scene;
        async move {
            let now = scene.objects.get("deployments.apps", &scene.namespace, name).await.unwrap();
            now["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"]
                .is_string()
        }
    };
    scene.create("deployments.apps", &bad_deployment("web")).await;
    let mut paused = bad_deployment("paused");
    paused["spec"]["paused"] = true.into();
    scene.create("deployments.apps", &paused).await;
    let _daemon = scene.daemon(&rule("deployments", "[ { restart: {} } ]"), &[]).await;
    wait_until("it is restarted", SOON, || restarted("web")).await;
    a_while().await;
    let patched = |name: &str| format!("patch deployments {}/{name} 200", scene.namespace);
    assert_eq!(scene.writes().await.summary(), [patched("web")], "once, and not the paused one");
    let resume = json!({"spec": {"paused": false}});
    scene.objects.patch("deployments.apps", &scene.namespace, "paused", &resume).await;
    wait_until("it is restarted", SOON, || restarted("paused")).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [patched("web"), patched("paused")]);
}

async fn a_node_is_cordoned_and_uncordoned_where_it_is_not_so_already(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let word = unique("node");
    let node = |name: &str, cordoned: bool, wanted: &str| {
        let name = format!("{word}-{name}");
        let mut node =
            json!({"metadata": {"name": name, "labels": {"wanted": wanted, "word": word}}, "spec": {}});
        if cordoned {
            node["spec"]["unschedulable"] = true.into();
        }
        node
    };
    for node in [
        node("free", false, "cordoned"),
        node("closed", true, "cordoned"),
        node("open", false, "uncordoned"),
        node("back", true, "uncordoned"),
    ] {
        scene.objects.create("nodes", "", &node).await;
    }
    let rule = |name: &str| {
        format!(
            "- name: {name}
  watch: nodes
  scope: cluster
  match: [ {{ labels: {{ matchLabels: {{ word: {word}, wanted: {name}ed }} }} }} ]
  actions: [ {{ {name}: {{}} }} ]
"
        )
    };
    let _daemon = scene.daemon(&[rule("cordon"), rule("uncordon")].concat(), &[]).await;
    for (name, expected) in [("free", json!(true)), ("back", Value::Null)] {
        wait_until("the node is as it should be", SOON, || async {
            let node = scene.objects.get("nodes", "", &format!("{word}-{name}")).await.unwrap();
            node["spec"]["unschedulable"] == expected
        })
        .await;
    }
    a_while().await;
    let mut writes = scene.writes().await.summary();
    writes.sort();
    assert_eq!(writes, ["back", "free"].map(|name| format!("patch nodes /{word}-{name} 200")));
    for name in ["free", "closed", "open", "back"] {
        scene.objects.delete("nodes", "", &format!("{word}-{name}")).await;
    }
}

async fn an_event_tells_of_an_object_that_nobody_may_touch(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let mut map = bad("map");
    map["metadata"]["annotations"] = json!({"k8s-healer.io/protect": ""});
    let made = scene.create("configmaps", &map).await;
    let event =
        "[ { event: { message: \"{{namespace}}/{{name}} of {{rule}}: {{reason}}\" } }, { delete: {} } ]";
    let mut daemon = scene.daemon(&rule("configmaps", event), &[]).await;
    daemon.wait_for_line("held back: delete", SOON).await;
    a_while().await;
    let events = scene.objects.list("events", &scene.namespace).await;
    let ours: Vec<&Value> =
        events.iter().filter(|event| event["reportingComponent"] == "k8s-healer").collect();
    assert_eq!(ours.len(), 1, "{events:?}");
    assert_eq!(ours[0]["involvedObject"]["uid"], made["metadata"]["uid"]);
    assert_eq!((&ours[0]["type"], &ours[0]["reason"]), (&json!("Warning"), &json!("Bad")));
    let message = format!("{}/map of test/bad: label state=bad", scene.namespace);
    assert_eq!(ours[0]["message"], message);
    assert_eq!(scene.writes().await.summary().len(), 1, "the event alone");
    assert_eq!(scene.objects.get("configmaps", &scene.namespace, "map").await.unwrap(), made);
}

async fn in_dry_run_mode_changes_are_only_asked_about(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let made = scene.create("deployments.apps", &bad_deployment("web")).await;
    let rules = [
        "scale: { replicas: 0 }",
        "restart: {}",
        "event: {}",
        "patch: { merge: { spec: { paused: true } } }",
    ];
    let rules: String = rules
        .iter()
        .map(|action| {
            let name = action.split(':').next().unwrap();
            rule("deployments", &format!("[ {{ {action} }} ]")).replace("name: bad", &format!("name: {name}"))
        })
        .collect();
    let mut daemon = scene.daemon(&rules, &["--mode", "dry-run"]).await;
    for action in ["scale", "restart", "event", "patch"] {
        daemon.wait_for_line(&format!("dry run: {action} "), SOON).await;
    }
    a_while().await;
    let writes = scene.writes().await;
    assert_eq!(writes.len(), 4, "{:?}", writes.summary());
    assert!(writes.iter().all(|write| write.is_dry_run() && write.code < 300), "{:?}", writes.summary());
    assert_eq!(
        scene.objects.get("deployments.apps", &scene.namespace, "web").await.unwrap()["spec"],
        made["spec"]
    );
    assert!(scene.objects.list("events", &scene.namespace).await.is_empty());
}

async fn in_observe_mode_not_even_an_event_is_made(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    scene.bad("map").await;
    let mut daemon = scene.daemon(&rule("configmaps", "[ { event: {} } ]"), &["--mode", "observe"]).await;
    daemon.wait_for_line("would do: event", SOON).await;
    a_while().await;
    assert_eq!(scene.writes().await.summary(), [""; 0]);
}
