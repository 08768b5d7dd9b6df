//! Rights that are missing, and the RBAC that grants them.

use http::Method;
use serde_json::{Value, json};

use crate::support::scene::SOON;
use crate::support::{Scene, Stage, on_both, wait_until};
use crate::{doctor, doctor_json};

on_both!(
    what_is_missing_is_told_with_a_role_that_mends_it_when_it_is_applied,
    rights_in_the_namespaces_of_the_rules_are_enough,
    what_is_missing_in_one_of_two_namespaces_is_told_of_that_one,
);

const RULES: &str = "
- name: crash-loop
  watch: pods
  match: [ containers: { waiting: [CrashLoopBackOff] }, owner: { exists: true } ]
  for: 5m
  actions: [ { evict: {} }, { stripFinalizers: { after: 2m, only: [a/b] } } ]
";

async fn what_is_missing_is_told_with_a_role_that_mends_it_when_it_is_applied(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene
        .grant(&json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch", "get"]}]))
        .await;
    let rules = scene.rules_file(RULES).display().to_string();
    let kubeconfig = scene.account().kubeconfig();
    let told = doctor_json(kubeconfig, &["--rules", &rules]).await;
    assert_eq!(told.status, 1, "{:?}", told.findings());
    told.assert_has("permissions ok", "list, watch, get on pods, in the whole cluster");
    let place = format!("is not permitted in {}; needed by test/crash-loop", scene.namespace);
    told.assert_has("permissions fail create on pods/eviction, patch on pods", &place);
    told.assert_has("permissions fail get on namespaces", &scene.namespace);
    told.assert_has("permissions warn", "replicasets.apps");
    let found = told.json();
    let of_pods = found["findings"].as_array().unwrap().iter().find(|finding| {
        finding["result"] == "fail"
            && finding["what"].as_str().unwrap().starts_with("create on pods/eviction")
    });
    let missing = json!([
        {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["patch"]},
    ]);
    assert_eq!(of_pods.unwrap()["missing"], missing);

    let table = doctor(kubeconfig, &["--rules", &rules]).await;
    assert_eq!(table.status, 1);
    let manifest = found["rbac"]["manifest"].as_str().unwrap();
    assert!(table.text.contains(manifest), "{}", table.text);
    for document in manifest.split("---\n") {
        let object: Value = serde_saphyr::from_str(document).unwrap();
        let plural = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
        let path = format!("/apis/rbac.authorization.k8s.io/v1/{plural}");
        let (status, answer) = scene.objects.send(Method::POST, &path, Some(&object)).await;
        assert_eq!(status, 201, "{answer}");
    }
    let is_mended = || async {
        let told = doctor_json(kubeconfig, &["--rules", &rules]).await;
        told.status == 0 && told.json()["summary"]["warnings"] == 0
    };
    wait_until("the role mends all", SOON, is_mended).await;
}

async fn grant_here(scene: &Scene, namespace: &str, rules: &Value) {
    let (roles, bindings) = ("roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io");
    scene.objects.create(roles, namespace, &json!({"metadata": {"name": "healer"}, "rules": rules})).await;
    let binding = json!({
        "metadata": {"name": "healer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "healer"},
        "subjects": [{"kind": "ServiceAccount", "name": "healer", "namespace": scene.namespace}],
    });
    scene.objects.create(bindings, namespace, &binding).await;
}

fn enough() -> Value {
    json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch", "get", "patch"]},
        {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    ])
}

async fn rights_in_the_namespaces_of_the_rules_are_enough(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    grant_here(&scene, &scene.namespace, &enough()).await;
    let rules = scene.rules_file(RULES).display().to_string();
    let told = doctor_json(scene.account().kubeconfig(), &["--rules", &rules, "--wait", "30s"]).await;
    assert_eq!(told.status, 0, "{:#?}", told.findings());
    let here = format!("create on pods/eviction, in {}", scene.namespace);
    told.assert_has("permissions ok list, watch, get, patch on pods", &here);
    told.assert_has("permissions warn list, watch on namespaces", "only those that rules name in full");
    told.assert_has("permissions warn list, watch on customresourcedefinitions", "half a minute");
}

async fn what_is_missing_in_one_of_two_namespaces_is_told_of_that_one(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let other = scene.objects.namespace("other").await;
    scene.grant(&json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}])).await;
    grant_here(&scene, &scene.namespace, &enough()).await;
    let rules =
        RULES.replace("match:", &format!("namespaces: [{}, \"{other}*\"]\n  match:", scene.namespace));
    let rules = scene.rules_file(&rules).display().to_string();
    let told = doctor_json(scene.account().kubeconfig(), &["--rules", &rules]).await;
    assert_eq!(told.status, 1, "{:#?}", told.findings());
    told.assert_has(
        "permissions fail list, watch, get, patch on pods",
        &format!(" is not permitted in {other}; needed by"),
    );
    told.assert_has("permissions warn watch on namespaces", "by a list every few seconds");
}
