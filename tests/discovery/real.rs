//! Both forms of discovery on an API server.

use std::collections::HashSet;
use std::time::Duration;

use k8s_healer::cluster::discovery::{Catalogue, discover, discover_unaggregated};
use k8s_healer::cluster::resolve::Resolution;
use k8s_healer_engine::rule::WatchTarget;
use serde_json::json;

use crate::support::{self, EnvTest, Options, Stage, on_both, wait_until};
use crate::wire::transport;

on_both!(both_forms_tell_the_same,);

fn named(catalogue: &Catalogue, text: &str) -> String {
    let (name, group) =
        text.split_once('.').map_or((text, None), |(name, group)| (name, Some(group.to_owned())));
    match catalogue.resolve(&WatchTarget::Resource { name: name.to_owned(), group }) {
        Resolution::Found(resource) => format!("{} {}", resource.name(), resource.version),
        other => format!("{other:?}"),
    }
}

async fn both_forms_tell_the_same(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    support::install_crd(&cluster.objects().await, "virtualmachines.kubevirt.io").await;
    let transport = transport(cluster.client().await);
    // The aggregated document follows a new definition a moment later.
    wait_until("the definition is discovered", Duration::from_secs(20), || async {
        discover(&transport).await.unwrap().of_kind("kubevirt.io", "v1", "VirtualMachine").is_some()
    })
    .await;
    let (new, old) = (discover(&transport).await.unwrap(), discover_unaggregated(&transport).await.unwrap());
    let all = |catalogue: &Catalogue| -> HashSet<String> {
        catalogue
            .all_versions()
            .map(|resource| format!("{resource:?}").replace(&format!("{:?}", resource.verbs), ""))
            .collect()
    };
    assert_eq!(all(&new), all(&old));
    assert!(new.failed.is_empty() && old.failed.is_empty());
    for catalogue in [&new, &old] {
        for (text, expected) in [
            ("po", "pods v1"),
            ("events", "events v1"),
            ("deploy", "deployments.apps v1"),
            ("vm", "virtualmachines.kubevirt.io v1"),
            ("pdb.policy", "poddisruptionbudgets.policy v1"),
            ("storageclass.storage", "storageclasses.storage.k8s.io v1"),
            ("hpa", "horizontalpodautoscalers.autoscaling v2"),
            ("hpa.v1.autoscaling", "horizontalpodautoscalers.autoscaling v1"),
            ("pods.v1.", "pods v1"),
        ] {
            // The sandbox serves its own kinds in one version each.
            if stage == Stage::Real || text != "hpa.v1.autoscaling" {
                assert_eq!(named(catalogue, text), expected, "{text}");
            }
        }
        assert!(named(catalogue, "tokenreviews").starts_with("NotWatchable"));
        assert_eq!(named(catalogue, "no-such-thing"), "Absent");
    }
}

/// The sandbox has no servers behind it.
#[tokio::test]
async fn a_dead_server_behind_the_api_server_fails_its_own_group_alone() {
    let Some(plane) = EnvTest::start(Options::default()).await else { return };
    let objects = plane.cluster().objects().await;
    let service = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "insecureSkipTLSVerify": true, "service": {"name": "nobody", "namespace": "default"}},
    });
    let path = "/apis/apiregistration.k8s.io/v1/apiservices";
    let (status, answer) = objects.send(http::Method::POST, path, Some(&service)).await;
    assert_eq!(status, 201, "{answer}");
    let transport = transport(plane.cluster().client().await);
    wait_until("the group is listed", Duration::from_secs(20), || async {
        !discover(&transport).await.unwrap().failed.is_empty()
            && !discover_unaggregated(&transport).await.unwrap().failed.is_empty()
    })
    .await;
    for catalogue in [discover(&transport).await.unwrap(), discover_unaggregated(&transport).await.unwrap()] {
        let [(group, reason)] = &catalogue.failed[..] else { panic!("{:?}", catalogue.failed) };
        assert!(group == "metrics.k8s.io" && reason.starts_with("v1beta1: "), "{group} {reason}");
        assert_eq!(named(&catalogue, "pods"), "pods v1");
    }
}
