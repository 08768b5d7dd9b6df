//! The first user's first rules: pods that crash in a loop, in the namespaces of the tests and nowhere else.

use crate::support::scene::*;
use crate::support::{Stage, on_both, shapes, unique};

on_both!(
    a_crash_looping_owned_pod_is_deleted_an_unowned_one_is_not,
    a_rule_for_test_namespaces_sends_nothing_to_prod,
);

const CRASH_LOOP: &str = r#"
- name: crash-loop
  watch: pods
  match:
    - containers: { waiting: [CrashLoopBackOff], restarts: ">= 3" }
    - owner: { exists: true }
  actions: [ { delete: {} } ]
"#;

async fn a_crash_looping_owned_pod_is_deleted_an_unowned_one_is_not(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let (one, other) = (replica_set(&scene, "one").await, replica_set(&scene, "other").await);
    let owned = shapes::owned(shapes::crash_looping_pod("owned"), &one);
    let owned = scene.create("pods", &owned).await;
    scene.create("pods", &shapes::crash_looping_pod("unowned")).await;
    let few = shapes::owned(shapes::waiting_pod("few", "CrashLoopBackOff", 2), &other);
    scene.create("pods", &few).await;
    let _daemon = scene.daemon(CRASH_LOOP, &[]).await;
    scene.wait_until_gone("pods", "owned").await;
    let later = shapes::owned(shapes::crash_looping_pod("later"), &other);
    let later = scene.create("pods", &later).await;
    scene.wait_until_gone("pods", "later").await;
    scene.create("pods", &shapes::crash_looping_pod("later-and-unowned")).await;
    a_while().await;

    let writes = scene.writes().await;
    let deleted = |name: &str| format!("delete pods {}/{name} 200", scene.namespace);
    assert_eq!(writes.summary(), [deleted("owned"), deleted("later")]);
    assert_preconditions(&writes[0], &owned);
    assert_preconditions(&writes[1], &later);
    assert!(writes[0].user_agent.starts_with("k8s-healer/"), "{:?}", writes[0]);
    let reads = scene.sent().await.verb("get").of("pods");
    assert!(reads.iter().all(|read| !read.name.contains("unowned")), "{:?}", reads.summary());
}

async fn a_rule_for_test_namespaces_sends_nothing_to_prod(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let team = unique("team");
    let spaces = [format!("{team}-test"), format!("{team}-test-keep"), format!("{team}-prod")];
    let mut pods = Vec::new();
    for word in &spaces {
        let namespace = scene.objects.namespace(word).await;
        let set = scene.objects.create("replicasets.apps", &namespace, &shapes::replica_set("set", 1)).await;
        let pod = shapes::owned(shapes::crash_looping_pod("pod"), &set);
        scene.objects.create("pods", &namespace, &pod).await;
        pods.push(namespace);
    }
    let scope = format!("namespaces: [\"!{team}-test-keep-*\", {team}-test-*]\n  watch: pods");
    let _daemon = scene.daemon(&CRASH_LOOP.replace("watch: pods", &scope), &[]).await;
    scene.objects.wait_until_gone("pods", &pods[0], "pod", SOON).await;
    for namespace in &pods[1..] {
        scene
            .objects
            .create(
                "pods",
                namespace,
                &shapes::owned(shapes::crash_looping_pod("more"), &shapes::invented_owner()),
            )
            .await;
    }
    a_while().await;

    assert_eq!(scene.writes().await.summary(), [format!("delete pods {}/pod 200", pods[0])]);
    for namespace in &pods[1..] {
        let there = scene.sent().await.only(|request| request.uri.contains(namespace.as_str()));
        assert!(there.is_empty(), "not even read: {:?}", there.summary());
        assert_eq!(scene.objects.list("pods", namespace).await.len(), 2);
    }
}
