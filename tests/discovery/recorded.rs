//! Discovery from recorded answers, shortened: both forms, and servers that fail in part.

use std::sync::Arc;

use k8s_healer::cluster::discovery::{Catalogue, discover};
use k8s_healer::cluster::resource::Resource;
use serde_json::{Value, json};

use crate::wire::{self, Record, Reply, Sent, answering};

const VERBS: [&str; 5] = ["delete", "get", "list", "patch", "watch"];

fn aggregated(group: &str, version: &str, plural: &str, kind: &str) -> Value {
    json!({
        "resource": plural, "responseKind": {"group": group, "version": version, "kind": kind},
        "scope": if kind == "Node" { "Cluster" } else { "Namespaced" },
        "singularResource": kind.to_lowercase(), "verbs": VERBS,
        "subresources": [{"subresource": "status", "responseKind": null, "verbs": ["get"]}],
    })
}

fn listed(plural: &str, kind: &str) -> Value {
    json!({
        "name": plural, "singularName": kind.to_lowercase(), "namespaced": kind != "Node", "kind": kind,
        "verbs": VERBS,
    })
}

fn new_form(sent: &Sent) -> Reply {
    assert!(
        sent.header("accept")
            .starts_with("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,")
    );
    let items = match &*sent.path {
        "/api" => json!([{"metadata": {"creationTimestamp": null}, "versions": [{
            "version": "v1", "freshness": "Current",
            "resources": [aggregated("", "v1", "pods", "Pod"), aggregated("", "v1", "nodes", "Node")],
        }]}]),
        "/apis" => json!([
            {"metadata": {"name": "k.io"}, "versions": [
                {"version": "v1", "freshness": "Current", "resources": [aggregated("k.io", "v1", "vms", "VM")]},
                {"version": "v1alpha1", "freshness": "Current", "resources": [
                    aggregated("k.io", "v1alpha1", "vms", "VM"), aggregated("k.io", "v1alpha1", "drafts", "Draft"),
                ]},
            ]},
            {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale", "resources": null}]},
        ]),
        path => panic!("{path} is not asked"),
    };
    wire::json(
        200,
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}),
    )
}

fn old_form(sent: &Sent) -> Reply {
    let resources =
        |resources: Value| wire::json(200, json!({"kind": "APIResourceList", "resources": resources}));
    match &*sent.path {
        "/api" => wire::json(
            200,
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ),
        "/api/v1" => {
            resources(json!([listed("pods", "Pod"), listed("pods/status", "Pod"), listed("nodes", "Node")]))
        }
        "/apis" => wire::json(
            200,
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": "k.io", "versions": [{"groupVersion": "k.io/v1alpha1", "version": "v1alpha1"}, {"groupVersion": "k.io/v1", "version": "v1"}],
                    "preferredVersion": {"groupVersion": "k.io/v1", "version": "v1"}},
                {"name": "metrics.k8s.io", "versions": [{"groupVersion": "metrics.k8s.io/v1beta1", "version": "v1beta1"}]},
                {"name": "empty.io", "versions": [{"groupVersion": "empty.io/v1", "version": "v1"}]},
            ]}),
        ),
        "/apis/k.io/v1" => resources(json!([listed("vms", "VM"), listed("vms/restart", "VM")])),
        "/apis/k.io/v1alpha1" => resources(json!([listed("vms", "VM"), listed("drafts", "Draft")])),
        "/apis/empty.io/v1" => resources(Value::Null),
        "/apis/metrics.k8s.io/v1beta1" => wire::text(503, "service unavailable\n"),
        path => panic!("{path} is not asked"),
    }
}

fn names(resources: &[Arc<Resource>]) -> Vec<String> {
    resources.iter().map(|one| format!("{}/{} {}", one.api_version(), one.kind, one.plural)).collect()
}

async fn discovered(answer: impl Fn(&Sent) -> Reply + Send + Sync + 'static) -> (Catalogue, Record) {
    let (transport, record) = answering(answer);
    (discover(&transport).await.unwrap(), record)
}

#[tokio::test]
async fn both_forms_tell_the_same() {
    let (new, record) = discovered(new_form).await;
    assert_eq!(record.lines(), ["GET /api", "GET /apis"]);
    let (old, _) = discovered(old_form).await;
    for catalogue in [&new, &old] {
        let expected = ["v1/Pod pods", "v1/Node nodes", "k.io/v1/VM vms", "k.io/v1alpha1/Draft drafts"];
        assert_eq!(names(&catalogue.resources), expected);
        assert_eq!(names(&catalogue.other_versions), ["k.io/v1alpha1/VM vms"]);
    }
    for (one, other) in new.all_versions().zip(old.all_versions()) {
        assert_eq!(one, other);
    }
    let namespaced: Vec<bool> = new.resources.iter().map(|resource| resource.namespaced).collect();
    assert_eq!(namespaced, [true, false, true, true]);
}

#[tokio::test]
async fn a_group_that_does_not_answer_is_noted_and_fails_nothing_else() {
    let (new, _) = discovered(new_form).await;
    let expected = ("metrics.k8s.io".to_owned(), "v1beta1: the server behind it does not answer".to_owned());
    assert_eq!(new.failed, [expected]);
    let (old, _) = discovered(old_form).await;
    let reason = "v1beta1: the server answered 503: service unavailable";
    assert_eq!(old.failed, [("metrics.k8s.io".to_owned(), reason.to_owned())]);
}

#[tokio::test]
async fn a_root_that_does_not_answer_is_an_error_not_an_empty_catalogue() {
    for path in ["/api", "/apis"] {
        for (code, cause) in [
            (
                403,
                "not permitted: grant get on the URLs /api, /api/* and /apis, /apis/* (the ClusterRole system:discovery)",
            ),
            (503, "the server answered 503: no"),
            (200, "the answer cannot be read"),
        ] {
            let (transport, _) =
                answering(
                    move |sent| if sent.path == path { wire::text(code, "no") } else { new_form(sent) },
                );
            let error = discover(&transport).await.unwrap_err();
            assert_eq!(error.to_string(), format!("what the server serves cannot be read from {path}"));
            assert_eq!(std::error::Error::source(&error).unwrap().to_string(), cause);
        }
    }
}

#[tokio::test]
async fn what_was_known_of_a_group_outlives_its_failure() {
    let (transport, _) = answering(|sent| match &*sent.path {
        "/apis/metrics.k8s.io/v1beta1" => {
            wire::json(200, json!({"kind": "APIResourceList", "resources": [listed("nodes", "NodeMetrics")]}))
        }
        _ => old_form(sent),
    });
    let before = discover(&transport).await.unwrap();
    assert!(before.failed.is_empty());
    let (after, _) = discovered(old_form).await;
    let kept = after.clone().keeping(&before);
    assert_eq!(kept.resources.len(), after.resources.len() + 1);
    assert!(kept.of_kind("metrics.k8s.io", "v1beta1", "NodeMetrics").is_some());
    assert_eq!(kept.other_versions, after.other_versions);
    // What is gone without a failure is gone.
    assert_eq!(before.clone().keeping(&kept).resources.len(), before.resources.len());
    assert!(Catalogue::default().keeping(&before).resources.is_empty());
}
