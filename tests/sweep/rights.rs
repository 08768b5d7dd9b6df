//! What may not be done, and what may be done in some namespaces alone.

use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Scene, Stage, on_both, unique};
use crate::{DELETE, sweep};

on_both!(
    a_kind_that_may_not_be_read_is_told_and_the_others_are_done,
    rights_in_one_namespace_are_enough_for_it,
    a_write_that_is_not_permitted_is_sent_once_and_told,
    an_object_that_may_not_be_read_is_told_to_be_due_still,
);

/// Deletes bad config maps, and secrets like them.
fn maps_and_secrets() -> String {
    let secrets = bad_rule(DELETE).replace("name: bad", "name: secrets").replace("configmaps", "secrets");
    bad_rule(DELETE) + &secrets
}

fn rights(resource: &str, verbs: &[&str]) -> Value {
    json!({"apiGroups": [""], "resources": [resource], "verbs": verbs})
}

async fn scene_with(stage: Stage, granted: &[Value]) -> Option<Scene> {
    let scene = Scene::without_rights(&stage.cluster().await?).await;
    for rule in granted {
        scene.grant(&json!([rule])).await;
    }
    scene.bad("map").await;
    scene.create("secrets", &bad("secret")).await;
    Some(scene)
}

async fn a_kind_that_may_not_be_read_is_told_and_the_others_are_done(stage: Stage) {
    let granted = [rights("namespaces", &["get"]), rights("configmaps", &["*"])];
    let Some(scene) = scene_with(stage, &granted).await else { return };
    let told = sweep(&scene, &maps_and_secrets(), &[]).await;
    told.assert(1, "1 deleted; not complete");
    let begins = format!("not complete: secrets in {}: it may not be read: ", scene.namespace);
    assert!(told.lines().iter().any(|line| line.starts_with(&begins)), "{}", told.text);
    let deleted = format!("delete configmaps {}/map 200", scene.namespace);
    assert_eq!(scene.writes().await.summary(), [deleted]);
}

async fn rights_in_one_namespace_are_enough_for_it(stage: Stage) {
    let granted = [rights("namespaces", &["get", "list"])];
    let Some(scene) = scene_with(stage, &granted).await else { return };
    let name = unique("role");
    let role = json!({"metadata": {"name": name}, "rules": [rights("configmaps", &["*"])]});
    scene.create("roles.rbac.authorization.k8s.io", &role).await;
    let binding = json!({
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "healer", "namespace": scene.namespace}],
    });
    scene.create("rolebindings.rbac.authorization.k8s.io", &binding).await;
    // The server learns of it a moment later.
    a_while().await;
    sweep(&scene, &bad_rule(DELETE), &[]).await.assert(0, "1 deleted");
    let deleted = format!("delete configmaps {}/map 200", scene.namespace);
    assert_eq!(scene.writes().await.summary(), [deleted]);
}

async fn a_write_that_is_not_permitted_is_sent_once_and_told(stage: Stage) {
    let granted = [rights("namespaces", &["get"]), rights("configmaps", &["get", "list", "watch"])];
    let Some(scene) = scene_with(stage, &granted).await else { return };
    let told = sweep(&scene, &bad_rule(DELETE), &["--wait"]).await;
    told.assert(1, "1 failed");
    assert!(told.lines()[1].contains("grant delete on configmaps"), "{}", told.text);
    let refused = format!("delete configmaps {}/map 403", scene.namespace);
    assert_eq!(scene.writes().await.summary(), [refused]);
}

async fn an_object_that_may_not_be_read_is_told_to_be_due_still(stage: Stage) {
    let granted = [rights("namespaces", &["get"]), rights("configmaps", &["list", "watch", "delete"])];
    let Some(scene) = scene_with(stage, &granted).await else { return };
    let told = sweep(&scene, &bad_rule(DELETE), &[]).await;
    told.assert(1, "nothing done; not complete");
    let begins = format!("not complete: {}: it is due", scene.called("configmaps", "map"));
    assert!(told.lines()[0].starts_with(&begins), "{}", told.text);
    assert!(told.errors.contains("grant get on configmaps"), "{}", told.errors);
    assert_eq!(scene.writes().await.summary(), [""; 0]);
}
