//! Questions about rights, and their answers.

use std::sync::Arc;

use k8s_healer::cluster::access::{Question, may, may_all, who_am_i};
use k8s_healer::cluster::read::ReadError;
use serde_json::json;

use crate::support::cluster::write_kubeconfig;
use crate::support::scene::SOON;
use crate::support::{Cluster, Grant, Scene, Stage, on_both, wait_until};
use crate::{core, transport};

on_both!(
    rights_are_told_apart_by_verb_part_and_place,
    many_questions_are_answered_in_their_order_and_each_is_asked_once,
    the_server_tells_whom_it_takes_us_for,
    wrong_credentials_are_no_answer,
);

async fn rights_are_told_apart_by_verb_part_and_place(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let transport = transport(scene.account()).await;
    let (pods, namespaces) = (core("pods", "Pod", true), core("namespaces", "Namespace", false));
    let (here, there): (Arc<str>, Arc<str>) = (scene.namespace.as_str().into(), "default".into());
    Grant::to(&scene, "", &json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}]))
        .await;
    let rules = json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]},
        {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    ]);
    Grant::to(&scene, &scene.namespace, &rules).await;
    let to = |verb| Question::new(verb, &pods);
    let last = to("delete").within(Arc::clone(&here));
    wait_until("the grants are known", SOON, || async {
        may(&transport, &to("list")).await.unwrap().allowed && may(&transport, &last).await.unwrap().allowed
    })
    .await;
    let get_namespace = Question::new("get", &namespaces);
    for (question, allowed) in [
        (to("list"), true),
        (to("watch"), true),
        (to("list").within(Arc::clone(&there)), true),
        (to("get"), false),
        (to("delete"), false),
        (to("delete").within(Arc::clone(&here)), true),
        (to("delete").within(Arc::clone(&there)), false),
        (to("create").of_part(Some("eviction")).within(Arc::clone(&here)), true),
        (to("create").of_part(Some("eviction")), false),
        (to("create").within(Arc::clone(&here)), false),
        (get_namespace.clone(), false),
        (get_namespace.clone().within(Arc::clone(&here)), true),
        (get_namespace.within(there), false),
    ] {
        assert_eq!(may(&transport, &question).await.unwrap().allowed, allowed, "{question}");
    }
    assert_eq!(scene.writes().await.summary(), [""; 0], "to ask is to write nothing");
}

async fn many_questions_are_answered_in_their_order_and_each_is_asked_once(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene.grant(&json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])).await;
    let transport = transport(scene.account()).await;
    let pods = core("pods", "Pod", true);
    let questions: Vec<Question> =
        (0..40).map(|index| Question::new(if index % 3 == 0 { "get" } else { "delete" }, &pods)).collect();
    let answers = may_all(&transport, &questions).await;
    let allowed: Vec<bool> = answers.into_iter().map(|answer| answer.unwrap().allowed).collect();
    assert_eq!(allowed, (0..40).map(|index| index % 3 == 0).collect::<Vec<_>>());
    assert_eq!(scene.sent().await.of("selfsubjectaccessreviews").len(), 40);
}

async fn the_server_tells_whom_it_takes_us_for(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let identity = who_am_i(&transport(scene.account()).await).await.unwrap().unwrap();
    assert_eq!(identity.username, format!("system:serviceaccount:{}:healer", scene.namespace));
    assert!(identity.groups.iter().any(|group| group == "system:authenticated"), "{identity:?}");
}

async fn wrong_credentials_are_no_answer(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kubeconfig");
    let config = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
    let config: serde_json::Value = serde_saphyr::from_str(&config).unwrap();
    write_kubeconfig(&file, &config["clusters"][0]["cluster"], &json!({"token": "nobody's"}));
    let transport = transport(&Cluster::new(file, None)).await;
    let question = Question::new("list", &core("pods", "Pod", true));
    let error = may(&transport, &question).await.unwrap_err();
    assert!(matches!(error, ReadError::Unauthorized { .. }), "{error:?}");
    assert!(who_am_i(&transport).await.is_err());
}
