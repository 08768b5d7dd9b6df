//! The packs that are shipped, as a user runs them: by folder, with parameters of their own.

use std::path::Path;

use crate::support::scene::*;
use crate::support::{Daemon, Stage, install_crd, on_both, shapes};

on_both!(the_shipped_packs_heal_the_namespaces_that_they_are_set_to_and_no_other,);

const MACHINES: &str = "virtualmachines.kubevirt.io";

async fn the_shipped_packs_heal_the_namespaces_that_they_are_set_to_and_no_other(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    install_crd(&scene.objects, MACHINES).await;
    let elsewhere = scene.objects.namespace("elsewhere").await;
    let set = replica_set(&scene, "set").await;
    for namespace in [&scene.namespace, &elsewhere] {
        let stuck = shapes::virtual_machine("stuck", "ErrorUnschedulable");
        scene.objects.create(MACHINES, namespace, &stuck).await;
        let pod = shapes::owned(shapes::waiting_pod("pod", "ImagePullBackOff", 0), &set);
        scene.objects.create("pods", namespace, &pod).await;
    }
    let held = ["kubevirt.io/controller", "example.com/keep"];
    let leaked = shapes::with_finalizers(shapes::virtual_machine("leaked", "Running"), &held);
    scene.create(MACHINES, &leaked).await;

    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let namespaces = format!("namespaces=[{}]", scene.namespace);
    let set = ["kubevirt-ui.unschedulableFor=1s", "staleAge=3s", "finalizersAfter=2s", "pods.imageFor=1s"];
    let flags: Vec<&str> =
        set.into_iter().chain([namespaces.as_str()]).flat_map(|set| ["--set", set]).collect();
    let folders = [rules.join("kubevirt-ui"), rules.join("pods")];
    let mut daemon = Daemon::start_with(
        scene.account().kubeconfig(),
        &folders.each_ref().map(std::path::PathBuf::as_path),
        &flags,
    );
    daemon.wait_for_line("true_now", SOON).await;
    scene.wait_until_gone(MACHINES, "stuck").await;
    scene.wait_until_gone("pods", "pod").await;
    daemon.wait_for_line("finalizers removed: kubevirt.io/controller", SOON).await;
    a_while().await;

    let mut writes = scene.writes().await.summary();
    writes.sort();
    let called = |what: &str, name: &str| format!("{what} {}/{name} 200", scene.namespace);
    let expected = [
        called("delete pods", "pod"),
        called("delete virtualmachines", "leaked"),
        called("delete virtualmachines", "stuck"),
        called("patch virtualmachines", "leaked"),
    ];
    assert_eq!(writes, expected);
    let free = serde_json::json!({"metadata": {"finalizers": null}});
    scene.objects.patch(MACHINES, &scene.namespace, "leaked", &free).await;
}
