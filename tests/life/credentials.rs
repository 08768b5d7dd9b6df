//! Credentials that change while the daemon runs: those after the change are used, and nothing stops.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::healer::{Healer, rule};
use crate::support::scene::*;
use crate::support::{Scene, Stage, on_both, wait_until};

on_both!(
    a_token_file_that_is_replaced_is_read_again,
    a_plugin_that_gives_another_token_is_asked_again_when_the_first_has_run_out,
);

/// A second account with the rights of the first.
async fn successor(scene: &Scene) -> String {
    scene.create("serviceaccounts", &json!({"metadata": {"name": "successor"}})).await;
    let name = crate::support::unique("successor");
    let rules = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    let (roles, bindings) =
        ("clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io");
    scene.objects.create(roles, "", &json!({"metadata": {"name": name}, "rules": rules})).await;
    let binding = json!({
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "successor", "namespace": scene.namespace}],
    });
    scene.objects.create(bindings, "", &binding).await;
    let path = format!("/api/v1/namespaces/{}/serviceaccounts/successor/token", scene.namespace);
    let asked = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let (status, answer) = scene.objects.send(Method::POST, &path, Some(&asked)).await;
    assert_eq!(status, 201, "{answer}");
    answer["status"]["token"].as_str().unwrap().to_owned()
}

/// The account's kubeconfig with this user instead of its token, and the token.
fn kubeconfig(scene: &Scene, folder: &Path, user: &Value) -> (PathBuf, String) {
    let text = fs::read_to_string(scene.account().kubeconfig()).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    let token = config["users"][0]["user"]["token"].as_str().unwrap().to_owned();
    config["users"][0]["user"] = user.clone();
    let file = folder.join("kubeconfig");
    fs::write(&file, config.to_string()).unwrap();
    (file, token)
}

/// As whom configmap `name` was deleted.
async fn deleted_by(scene: &Scene, name: &str) -> String {
    scene.wait_until_gone("configmaps", name).await;
    let all = scene.all().await.verb("delete").of("configmaps").only(|request| request.name == name);
    assert_eq!(all.len(), 1, "{:?}", all.summary());
    all[0].user.rsplit(':').next().unwrap().to_owned()
}

/// Bad ones are made until one is healed by the successor.
async fn until_the_successor_heals(scene: &Scene, within: Duration) {
    let start = std::time::Instant::now();
    for number in 0.. {
        let name = format!("map-{number}");
        scene.bad(&name).await;
        if deleted_by(scene, &name).await == "successor" {
            return;
        }
        assert!(start.elapsed() < within, "the old credentials are used after {within:?}");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

const RULE: &str = "cooldown: 1s\nactions: [ { delete: {} } ]";

async fn a_token_file_that_is_replaced_is_read_again(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let token = successor(&scene).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let (kubeconfig, first) = kubeconfig(&scene, folder.path(), &json!({"tokenFile": file}));
    fs::write(&file, first).unwrap();
    let mut healer = Healer::start_at(&scene, &kubeconfig, &rule("bad", "configmaps", RULE), &[]).await;
    scene.bad("first").await;
    assert_eq!(deleted_by(&scene, "first").await, "healer");
    // As the kubelet does it.
    fs::write(folder.path().join("fresh"), token).unwrap();
    fs::rename(folder.path().join("fresh"), &file).unwrap();
    // The client reads it again after a minute at the latest.
    until_the_successor_heals(&scene, Duration::from_secs(75)).await;
    assert!(healer.lines_with("the watch was interrupted").is_empty());
    assert!(healer.has_ended().is_none());
}

async fn a_plugin_that_gives_another_token_is_asked_again_when_the_first_has_run_out(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let token = successor(&scene).await;
    let folder = tempfile::tempdir().unwrap();
    let (answer, plugin) = (folder.path().join("answer"), folder.path().join("plugin"));
    fs::write(&plugin, format!("#!/bin/sh\ncat '{}'\n", answer.display())).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    let exec = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": plugin, "interactiveMode": "Never",
    }});
    let (kubeconfig, first) = kubeconfig(&scene, folder.path(), &exec);
    let credential = |token: &str, seconds: i64| {
        let until = Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap();
        let answer_to_client = json!({
            "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
            "status": {"token": token, "expirationTimestamp": until.to_string()},
        });
        fs::write(&answer, answer_to_client.to_string()).unwrap();
    };
    credential(&first, 70);
    let mut healer = Healer::start_at(&scene, &kubeconfig, &rule("bad", "configmaps", RULE), &[]).await;
    scene.bad("first").await;
    assert_eq!(deleted_by(&scene, "first").await, "healer");
    credential(&token, 3600);
    until_the_successor_heals(&scene, Duration::from_secs(75)).await;
    assert!(healer.has_ended().is_none());
    wait_until("it stays so", SOON, || async {
        scene.bad("last").await;
        deleted_by(&scene, "last").await == "successor"
    })
    .await;
}
