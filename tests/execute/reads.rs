//! Live reads: a whole object, its metadata, and every way in which neither comes.

use std::time::Duration;

use k8s_healer::cluster::client::count_nodes;
use k8s_healer::cluster::read::{ReadError, read_metadata, read_object};
use serde_json::json;

use crate::wire::{self, Reply, answering, pods, resource};

#[tokio::test]
async fn an_object_is_read_whole_and_an_owner_by_its_metadata() {
    let body = json!({"kind": "Pod", "metadata": {"name": "web", "uid": "uid-1"}, "spec": {"nodeName": "n"}});
    let (transport, record) = answering(move |_| wire::json(200, body.clone()));
    let object = read_object(&transport, &pods(), Some("test-a"), "web").await.unwrap().unwrap();
    assert_eq!(object.object()["spec"]["nodeName"], "n");
    let sets = resource("apps", "v1", "ReplicaSet", "replicasets", true);
    read_metadata(&transport, &sets, Some("test-a"), "web").await.unwrap().unwrap();
    let nodes = resource("", "v1", "Node", "nodes", false);
    read_metadata(&transport, &nodes, Some("test-a"), "n:1").await.unwrap().unwrap();
    let lines = [
        "GET /api/v1/namespaces/test-a/pods/web",
        "GET /apis/apps/v1/namespaces/test-a/replicasets/web",
        "GET /api/v1/nodes/n:1",
    ];
    assert_eq!(record.lines(), lines);
    let accepted = record.sent().iter().map(|sent| sent.header("accept").to_owned()).collect::<Vec<_>>();
    let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
    assert_eq!(accepted, ["application/json", metadata, metadata]);
}

#[tokio::test]
async fn only_a_404_that_names_the_object_says_that_it_is_gone() {
    let gone = json!({"kind": "Status", "message": "pods \"web\" not found", "details": {"name": "web", "kind": "pods"}});
    let (transport, _) = answering(move |_| wire::json(404, gone.clone()));
    assert!(read_object(&transport, &pods(), Some("test-a"), "web").await.unwrap().is_none());
    for body in ["404 page not found\n", r#"{"kind":"Status","details":{}}"#, ""] {
        let (transport, _) = answering(move |_| wire::text(404, body));
        let error = read_object(&transport, &pods(), Some("test-a"), "web").await.unwrap_err();
        assert_eq!(error.to_string(), "/api/v1/namespaces/test-a/pods/web is not served");
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let sets = resource("apps", "v1", "ReplicaSet", "replicasets", true);
    for (code, expected) in [
        (401, "the server does not accept the credentials (no): check the kubeconfig, or log in again"),
        (403, "not permitted: grant get on replicasets.apps in test-a"),
        (429, "the server asks for fewer requests"),
        (500, "the server answered 500: no"),
        (410, "the server answered 410: no"),
    ] {
        let (transport, record) = answering(move |_| Reply::Answer {
            status: code,
            retry_after: (code == 429).then_some(3),
            body: "no".to_owned(),
        });
        let error = read_object(&transport, &sets, Some("test-a"), "web").await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        if let ReadError::Throttled { retry_after } = error {
            assert_eq!(retry_after, Some(Duration::from_secs(3)));
        }
        assert_eq!(record.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_ends_in_time_whatever_the_server_does() {
    let (transport, _) = answering(|_| Reply::Silence);
    let start = tokio::time::Instant::now();
    let error = read_object(&transport, &pods(), Some("test-a"), "web").await.unwrap_err();
    assert!(matches!(error, ReadError::Transport(_)), "{error}");
    assert_eq!(start.elapsed(), wire::TIME_OUT);
}

#[tokio::test]
async fn what_is_no_object_is_an_error_not_an_object_without_marks() {
    for body in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"metadata":{"name":"web"}}"#,
        r#"{"kind":"PodList","metadata":{},"items":[]}"#,
    ] {
        let (transport, _) = answering(move |_| wire::text(200, body));
        let read = read_object(&transport, &pods(), Some("test-a"), "web").await;
        assert!(matches!(read, Err(ReadError::Undecodable(_) | ReadError::NoObject)), "{body}: {read:?}");
    }
}

#[tokio::test]
async fn nodes_are_counted_without_reading_them() {
    for (code, body, expected) in [
        (200, json!({"metadata": {"continue": "x", "remainingItemCount": 41}, "items": [{}]}), Some(42)),
        (200, json!({"metadata": {}, "items": [{}]}), Some(1)),
        (200, json!({"metadata": {}, "items": null}), Some(0)),
        (200, json!({"metadata": {"continue": "x"}, "items": [{}]}), None),
        (403, json!({"kind": "Status"}), None),
    ] {
        let (transport, record) = answering(move |_| wire::json(code, body.clone()));
        assert_eq!(count_nodes(&transport).await, expected);
        assert_eq!(record.lines(), ["GET /api/v1/nodes?limit=1"]);
        assert!(record.sent()[0].header("accept").contains("PartialObjectMetadataList"));
    }
}
