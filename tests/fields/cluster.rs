//! `validate-rules --cluster` against a real API server.

use std::time::Duration;

use http::Method;

use crate::support::{EnvTest, Objects, install_crd, skip};
use crate::{field, pack, validate};

/// A definition with fields; the harness' own leave open which there are.
async fn define_machines(objects: &Objects) {
    let text = std::fs::read(crate::path("tests/fields/definitions/machines.example.com.yaml")).unwrap();
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let (status, answer) = objects.send_as(Method::POST, path, "application/yaml", text).await;
    assert_eq!(status, 201, "{answer}");
}

#[tokio::test]
async fn a_cluster_tells_the_fields_of_its_kinds_and_which_kinds_it_has() {
    let Some(server) = EnvTest::shared().await else { return };
    let cluster = server.cluster();
    let objects = cluster.objects().await;
    define_machines(&objects).await;
    let kubeconfig = cluster.kubeconfig().display().to_string();
    let ask = |watch: &str, matchers: &str| {
        let (status, shown) = validate(&["--cluster", "--kubeconfig", &kubeconfig], &pack(watch, matchers));
        assert_eq!(status, 0, "{shown}");
        shown
    };
    let sound = "ok: 1 file, 1 rule\n";
    // A definition takes a moment to get into the server's documents.
    let misspelt = field("$.status.printableStatsu");
    let mut shown = String::new();
    for _ in 0..40 {
        shown = ask("mach", &misspelt);
        if shown.contains("unknown-field") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert!(shown.contains("unknown-field") && shown.contains("did you mean `printableStatus`?"), "{shown}");
    assert_eq!(ask("mach", &field("$.status.printableStatus")), sound);
    for watch in ["po", "pods", "v1/Pod"] {
        assert_eq!(ask(watch, &field("$.status.reason")), sound);
        assert!(ask(watch, &field("$.status.reasn")).contains("did you mean `reason`?"));
        assert!(
            ask(watch, &field("$.metadata.creationTimestmp")).contains("did you mean `creationTimestamp`?")
        );
    }
    for (watch, meant) in [
        ("machnes.example.com", "machines.example.com"),
        ("horizontalpodautoscaler.autoscalin.k8s", "horizontalpodautoscalers.autoscaling"),
        ("example.com/v1/Machin", "example.com/v1/Machine"),
    ] {
        let shown = ask(watch, &field("$.status.printableStatsu"));
        let told = shown.contains("not-served") && shown.contains(&format!("did you mean `{meant}`?"));
        assert!(told && !shown.contains("unknown-field"), "{shown}");
    }
    let shown = ask("widgets.example.com", &misspelt);
    assert!(shown.contains("the server serves no `widgets.example.com`"), "{shown}");
}

#[tokio::test]
async fn the_shipped_packs_find_all_their_fields_on_a_cluster_with_their_kinds() {
    let Some(server) = EnvTest::shared().await else { return };
    if std::env::var_os("K8S_HEALER_TEST_CRDS").is_none() {
        return skip("K8S_HEALER_TEST_CRDS is not set");
    }
    let cluster = server.cluster();
    let objects = cluster.objects().await;
    for name in
        ["virtualmachines.kubevirt.io", "virtualmachineinstances.kubevirt.io", "datavolumes.cdi.kubevirt.io"]
    {
        install_crd(&objects, name).await;
    }
    let kubeconfig = cluster.kubeconfig().display().to_string();
    let (_, shown) = validate(&["rules", "--cluster", "--kubeconfig", &kubeconfig], "# nothing");
    assert!(!shown.contains("unknown-field") && !shown.contains("unknown-value"), "{shown}");
}

#[tokio::test]
async fn what_a_server_publishes_can_be_given_as_files() {
    let Some(server) = EnvTest::shared().await else { return };
    let objects = server.cluster().objects().await;
    for (path, watch) in [("/openapi/v2", "pods"), ("/openapi/v3/apis/apps/v1", "deployments.apps")] {
        let (status, document) = objects.send(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("openapi.json"), document.to_string()).unwrap();
        let folder = folder.path().display().to_string();
        let shown = |field: &str| {
            let matchers = format!("      - field: {{ path: {field}, exists: true }}\n");
            validate(&["--schemas", &folder], &pack(watch, &matchers))
        };
        assert_eq!(
            shown("\"$.status.conditions[*].reason\""),
            (0, "ok: 1 file, 1 rule\n".to_owned()),
            "{path}"
        );
        assert!(shown("$.status.conditons").1.contains("did you mean `conditions`?"), "{path}");
        assert!(shown("$.metadata.generaton").1.contains("did you mean `generation`?"), "{path}");
    }
}
