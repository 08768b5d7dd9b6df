//! On the sandbox and on a real API server: each effect does what it says, and nothing else.

use k8s_healer::cluster::client::{ConnectOptions, connect, count_nodes, server_version};
use k8s_healer::cluster::execute::{Outcome, execute};
use k8s_healer::cluster::read::{ReadError, read_metadata, read_object};
use k8s_healer::cluster::resource::Resource;
use k8s_healer_engine::effect::Effect;
use serde_json::json;

use crate::support::{Objects, Stage, on_both, shapes};
use crate::wire::{pods, resource, transport};
use crate::writes::{DELETE, label, strip};

on_both!(
    a_deletion_tells_what_holds_the_object_and_a_strip_takes_the_named_finalizer_alone,
    a_pod_is_deleted_in_the_grace_that_the_rule_gives_it,
    a_patch_touches_the_named_labels_alone_and_is_ours_by_name,
    an_object_with_an_odd_name_is_reached_by_its_name,
    a_missing_right_is_named_on_reads_and_writes,
    a_connection_tells_the_server_its_version_and_its_nodes,
);

fn maps() -> Resource {
    resource("", "v1", "ConfigMap", "configmaps", true)
}

fn detail(outcome: &Outcome) -> &str {
    let Outcome::Done { detail, .. } = outcome else { panic!("{outcome:?}") };
    detail
}

async fn create_map(objects: &Objects, namespace: &str, name: &str, finalizers: &[&str]) {
    let map = json!({"metadata": {"name": name, "labels": {"old": "1"}}, "data": {"kept": "yes"}});
    objects.create("configmaps", namespace, &shapes::with_finalizers(map, finalizers)).await;
}

async fn a_deletion_tells_what_holds_the_object_and_a_strip_takes_the_named_finalizer_alone(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    let finalizers = ["test.io/a", "test.io/b", "test.io/c"];
    create_map(&objects, &namespace, "map", &finalizers).await;
    let read = || async { read_object(&transport, &maps(), Some(&namespace), "map").await.unwrap().unwrap() };

    let foreground = Effect::Delete { propagation: Some("Background"), grace: None };
    let outcome = execute(&transport, &maps(), &read().await, &foreground, false).await;
    assert_eq!(detail(&outcome), "deletion asked; the finalizers test.io/a, test.io/b, test.io/c hold it");
    let Outcome::Done { object: Some(object), .. } = outcome else { panic!("the object is returned") };
    assert!(object.is_terminating());

    let live = read().await;
    let outcome =
        execute(&transport, &maps(), &live, &strip(&["test.io/a", "test.io/c"], &finalizers), false).await;
    assert_eq!(detail(&outcome), "finalizers removed: test.io/a, test.io/c; left: test.io/b");
    let live = read().await;
    assert_eq!((live.finalizers(), &live.object()["data"]["kept"]), (vec!["test.io/b"], &json!("yes")));
    let outcome = execute(&transport, &maps(), &live, &strip(&["test.io/b"], &["test.io/b"]), false).await;
    assert_eq!(detail(&outcome), "finalizers removed: test.io/b; none is left");
    assert!(objects.gone("configmaps", &namespace, "map").await);
    assert_eq!(execute(&transport, &maps(), &live, &DELETE, false).await, Outcome::Gone);
    assert_eq!(execute(&transport, &maps(), &live, &label("a", "b"), false).await, Outcome::Gone);
    assert_eq!(
        execute(&transport, &maps(), &live, &strip(&["test.io/b"], &["test.io/b"]), false).await,
        Outcome::Gone
    );
}

async fn a_pod_is_deleted_in_the_grace_that_the_rule_gives_it(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    // Bound to a node, it waits for the kubelet; unbound, it goes at once.
    let mut bound = shapes::pod("bound");
    bound["spec"]["nodeName"] = "node".into();
    objects.create("pods", &namespace, &bound).await;
    objects.create("pods", &namespace, &shapes::pod("unbound")).await;
    for (name, seconds, expected) in
        [("bound", 7, "deletion asked; it has 7 s to end"), ("unbound", 7, "deleted")]
    {
        let live = read_object(&transport, &pods(), Some(&namespace), name).await.unwrap().unwrap();
        let grace = Some(std::time::Duration::from_secs(seconds));
        let effect = Effect::Delete { propagation: None, grace };
        let outcome = execute(&transport, &pods(), &live, &effect, false).await;
        assert_eq!(detail(&outcome), expected);
    }
    assert!(objects.gone("pods", &namespace, "unbound").await);
}

async fn a_patch_touches_the_named_labels_alone_and_is_ours_by_name(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    create_map(&objects, &namespace, "map", &[]).await;
    let live = read_object(&transport, &maps(), Some(&namespace), "map").await.unwrap().unwrap();
    let entries = vec![("new.io/key".to_owned(), Some("2".to_owned())), ("old".to_owned(), None)];
    let effect = Effect::PatchMetadata { field: "labels", entries };
    assert_eq!(
        detail(&execute(&transport, &maps(), &live, &effect, false).await),
        "labels changed: new.io/key, old"
    );
    let after = objects.get("configmaps", &namespace, "map").await.unwrap();
    assert_eq!(after["metadata"]["labels"], json!({"new.io/key": "2"}));
    assert_eq!(after["data"], json!({"kept": "yes"}));
    // The sandbox keeps no record of who set which field.
    if stage == Stage::Real {
        let managers = after["metadata"]["managedFields"].as_array().unwrap();
        assert!(managers.iter().any(|manager| manager["manager"] == "k8s-healer"));
    }

    let live = read_object(&transport, &maps(), Some(&namespace), "map").await.unwrap().unwrap();
    for effect in [label("key", "not a label value"), label("not/a/key", "x")] {
        let outcome = execute(&transport, &maps(), &live, &effect, false).await;
        assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
    }
}

async fn an_object_with_an_odd_name_is_reached_by_its_name(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    let roles = resource("rbac.authorization.k8s.io", "v1", "Role", "roles", true);
    for name in ["system:odd", "a b?c#d+e&f", "größe"] {
        let role = json!({"metadata": {"name": name}, "rules": []});
        objects.create("roles.rbac.authorization.k8s.io", &namespace, &role).await;
        let live = read_metadata(&transport, &roles, Some(&namespace), name).await.unwrap().unwrap();
        assert_eq!(live.name(), name);
        assert_eq!(detail(&execute(&transport, &roles, &live, &DELETE, false).await), "deleted");
        assert!(read_metadata(&transport, &roles, Some(&namespace), name).await.unwrap().is_none());
    }
}

async fn a_missing_right_is_named_on_reads_and_writes(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let objects = cluster.objects().await;
    let namespace = objects.namespace("test").await;
    create_map(&objects, &namespace, "map", &[]).await;
    let folder = tempfile::TempDir::new().unwrap();
    let powerless = cluster.as_service_account(&namespace, "powerless", folder.path()).await;
    let powerless = transport(powerless.client().await);
    let error = read_object(&powerless, &maps(), Some(&namespace), "map").await.unwrap_err();
    let ReadError::Forbidden { grant } = &error else { panic!("{error}") };
    assert_eq!(*grant, format!("get on configmaps in {namespace}"));
    assert_eq!(count_nodes(&powerless).await, None);

    let live = read_object(&transport(cluster.client().await), &maps(), Some(&namespace), "map").await;
    let outcome = execute(&powerless, &maps(), &live.unwrap().unwrap(), &DELETE, false).await;
    let Outcome::Forbidden { reason } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.starts_with(&format!("grant delete on configmaps in {namespace}: ")), "{reason}");
    assert!(!objects.gone("configmaps", &namespace, "map").await);
}

async fn a_connection_tells_the_server_its_version_and_its_nodes(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let options = ConnectOptions { kubeconfig: Some(cluster.kubeconfig().to_owned()), context: None };
    let connection = connect(options).await.unwrap();
    let scheme = if stage == Stage::Real { "https" } else { "http" };
    let url = &connection.server_url;
    assert!(url.starts_with(&format!("{scheme}://127.0.0.1:")), "{url}");
    let transport = transport(connection.client);
    assert!(server_version(&transport).await.unwrap().starts_with("v1."));
    assert_eq!(count_nodes(&transport).await, Some(0));
    let objects = cluster.objects().await;
    for name in ["node-1", "node-2", "node-3"] {
        objects.create("nodes", "", &json!({"metadata": {"name": name}})).await;
    }
    assert_eq!(count_nodes(&transport).await, Some(3));
}
