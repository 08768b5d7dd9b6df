//! `--wait`: the warm-up of a test suite.

use std::time::{Duration, Instant};

use crate::support::scene::bad_rule;
use crate::support::{Options, Scene, Stage, on_both};
use crate::{define, doctor, doctor_json, new_kind};

on_both!(
    it_waits_for_a_kind_that_comes,
    it_waits_for_a_right_that_comes,
    it_waits_for_a_server_that_comes,
    what_is_not_there_in_time_fails,
);

fn rule(kind: &str) -> String {
    format!(
        "- name: a-rule\n  watch: {kind}.test.example.com\n  match: [ age: {{ over: 1h }} ]\n  actions: [ delete: {{}} ]\n"
    )
}

async fn it_waits_for_a_kind_that_comes(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let kind = new_kind();
    let rules = scene.rules_file(&rule(&kind)).display().to_string();
    let arguments = ["--rules", &rules, "--wait", "60s"];
    let waiting = doctor_json(scene.account().kubeconfig(), &arguments);
    let coming = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        define(&scene.objects, &kind, "test.example.com").await;
    };
    let began = Instant::now();
    let (told, ()) = tokio::join!(waiting, coming);
    assert_eq!(told.status, 0, "{:?}", told.findings());
    told.assert_has("kinds ok", &kind);
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(55), "{took:?}");
}

async fn it_waits_for_a_right_that_comes(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let rules = scene.rules_file(&bad_rule("actions: [ { delete: {} } ]")).display().to_string();
    let arguments = ["--rules", &rules, "--wait"];
    let waiting = doctor_json(scene.account().kubeconfig(), &arguments);
    let coming = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let all = serde_json::json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
        scene.grant(&all).await;
    };
    let (told, ()) = tokio::join!(waiting, coming);
    assert_eq!(told.status, 0, "{:?}", told.findings());
}

async fn it_waits_for_a_server_that_comes(stage: Stage) {
    let Some(plane) = stage.own(Options::default()).await else { return };
    let scene = Scene::on(&plane.cluster()).await;
    let kubeconfig = scene.account().kubeconfig();
    plane.stop_apiserver();
    let waiting = doctor_json(kubeconfig, &["--wait", "60s"]);
    let coming = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        // A real one takes some seconds, in which nothing else of this thread runs.
        plane.start_apiserver();
    };
    let (told, ()) = tokio::join!(waiting, coming);
    assert_eq!(told.status, 0, "{:?}", told.findings());
    told.assert_has("connection ok", "answers in");
}

async fn what_is_not_there_in_time_fails(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let kind = new_kind();
    let rules = scene.rules_file(&rule(&kind)).display().to_string();
    let told = doctor_json(scene.account().kubeconfig(), &["--rules", &rules, "--wait", "2s"]).await;
    assert_eq!(told.status, 1);
    told.assert_has("kinds fail", &format!("{kind}.test.example.com is not served"));
    let table = doctor(scene.account().kubeconfig(), &["--rules", &rules, "--wait", "1s"]).await;
    assert!(table.status == 1 && table.text.contains("not there after 1s"), "{}", table.text);
    assert_eq!(table.errors, "", "progress is for terminals");
}
