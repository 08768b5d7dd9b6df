//! On a real API server: a write that means another object, or an older version of it, changes nothing,
//! and does not cost the disruption budget anything.

use k8s_healer::cluster::execute::{Outcome, execute};
use k8s_healer::cluster::read::read_object;
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::observation::Observation;
use serde_json::json;

use crate::support::{self, Stage, on_both, shapes};
use crate::wire::{pods, resource, transport};
use crate::writes::{DELETE, evict, label, strip};

on_both!(
    a_write_that_means_another_object_or_an_older_one_changes_nothing,
    the_same_holds_for_custom_resources,
    a_failed_test_of_any_finalizer_removes_none,
    an_eviction_out_of_date_does_not_take_from_the_budget,
    an_eviction_that_the_budget_forbids_is_refused_and_does_nothing,
);

const BUDGETS: &str = "poddisruptionbudgets.policy";

/// The object, as if it had been read of another one, or before its last change.
fn stale(live: &Observation, field: &str) -> Observation {
    let mut object = live.object().clone();
    object["metadata"][field] =
        if field == "uid" { "00000000-0000-4000-8000-000000000000" } else { "1" }.into();
    Observation::new(object)
}

fn every_write() -> [Effect; 4] {
    [DELETE, evict(), strip(&["test.io/a"], &["test.io/a", "test.io/b"]), label("touched", "yes")]
}

async fn a_write_that_means_another_object_or_an_older_one_changes_nothing(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    let pod = shapes::with_finalizers(shapes::pod("web"), &["test.io/a", "test.io/b"]);
    objects.create("pods", &namespace, &pod).await;
    let before = objects.get("pods", &namespace, "web").await.unwrap();
    let live = read_object(&transport, &pods(), Some(&namespace), "web").await.unwrap().unwrap();
    for effect in every_write() {
        for field in ["uid", "resourceVersion"] {
            for dry_run in [false, true] {
                let outcome = execute(&transport, &pods(), &stale(&live, field), &effect, dry_run).await;
                assert!(matches!(outcome, Outcome::Changed { .. }), "{effect:?} {field}: {outcome:?}");
            }
        }
    }
    assert_eq!(objects.get("pods", &namespace, "web").await.unwrap(), before);
}

async fn the_same_holds_for_custom_resources(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let name = "virtualmachines.kubevirt.io";
    support::install_crd(&objects, name).await;
    let namespace = objects.namespace("test").await;
    let machine =
        shapes::with_finalizers(shapes::virtual_machine("vm", "Stopped"), &["test.io/a", "test.io/b"]);
    objects.create(name, &namespace, &machine).await;
    let before = objects.get(name, &namespace, "vm").await.unwrap();
    let machines = resource("kubevirt.io", "v1", "VirtualMachine", "virtualmachines", true);
    let live = read_object(&transport, &machines, Some(&namespace), "vm").await.unwrap().unwrap();
    for effect in every_write().into_iter().filter(|effect| !matches!(effect, Effect::Evict { .. })) {
        for field in ["uid", "resourceVersion"] {
            let outcome = execute(&transport, &machines, &stale(&live, field), &effect, false).await;
            assert!(matches!(outcome, Outcome::Changed { .. }), "{effect:?} {field}: {outcome:?}");
        }
        // With dry run the server checks it all, and does nothing.
        let outcome = execute(&transport, &machines, &live, &effect, true).await;
        let Outcome::Done { detail, .. } = &outcome else { panic!("{effect:?}: {outcome:?}") };
        assert!(detail.starts_with("dry run accepted: "), "{detail}");
    }
    assert_eq!(objects.get(name, &namespace, "vm").await.unwrap(), before);
    let outcome = execute(&transport, &machines, &live, &evict(), false).await;
    assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
}

async fn a_failed_test_of_any_finalizer_removes_none(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    let map = resource("", "v1", "ConfigMap", "configmaps", true);
    let object = shapes::with_finalizers(json!({"metadata": {"name": "map"}}), &["test.io/a", "test.io/b"]);
    objects.create("configmaps", &namespace, &object).await;
    let live = read_object(&transport, &map, Some(&namespace), "map").await.unwrap().unwrap();
    for seen in [["test.io/b", "test.io/a"], ["test.io/a", "test.io/c"]] {
        let outcome = execute(&transport, &map, &live, &strip(&seen, &seen), false).await;
        assert!(matches!(outcome, Outcome::Changed { .. }), "{outcome:?}");
    }
    let outcome = execute(&transport, &map, &live, &strip(&["x/9"], &["", "", "", "x/9"]), false).await;
    assert!(matches!(outcome, Outcome::Changed { .. }), "{outcome:?}");
    assert_eq!(objects.get("configmaps", &namespace, "map").await.unwrap(), *live.object());
}

async fn an_eviction_out_of_date_does_not_take_from_the_budget(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    objects.create("pods", &namespace, &shapes::pod("web")).await;
    objects.create(BUDGETS, &namespace, &shapes::budget("budget", "web")).await;
    objects.set_disruptions_allowed(&namespace, "budget", 1).await;
    let before = objects.get(BUDGETS, &namespace, "budget").await.unwrap();
    let live = read_object(&transport, &pods(), Some(&namespace), "web").await.unwrap().unwrap();
    for field in ["uid", "resourceVersion"] {
        let outcome = execute(&transport, &pods(), &stale(&live, field), &evict(), false).await;
        assert!(matches!(outcome, Outcome::Changed { .. }), "{outcome:?}");
    }
    assert_eq!(objects.get(BUDGETS, &namespace, "budget").await.unwrap(), before);
    assert!(objects.get("pods", &namespace, "web").await.is_some());

    let outcome = execute(&transport, &pods(), &live, &evict(), false).await;
    assert_eq!(outcome, Outcome::Done { detail: "evicted".to_owned(), object: None });
    assert!(objects.gone("pods", &namespace, "web").await);
    let after = objects.get(BUDGETS, &namespace, "budget").await.unwrap();
    assert_eq!(after["status"]["disruptionsAllowed"], 0);
}

async fn an_eviction_that_the_budget_forbids_is_refused_and_does_nothing(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let (transport, objects) = (transport(cluster.client().await), cluster.objects().await);
    let namespace = objects.namespace("test").await;
    objects.create("pods", &namespace, &shapes::pod("web")).await;
    objects.create(BUDGETS, &namespace, &shapes::budget("budget", "web")).await;
    objects.set_disruptions_allowed(&namespace, "budget", 0).await;
    let live = read_object(&transport, &pods(), Some(&namespace), "web").await.unwrap().unwrap();
    let audit = cluster.audit();
    let mark = audit.mark().await;
    let outcome = execute(&transport, &pods(), &live, &evict(), false).await;
    let Outcome::Refused { reason, by_budget: true, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("The disruption budget budget needs 1 healthy pods"), "{reason}");
    let writes = audit.since(mark).await.in_namespace(&namespace).writes();
    assert!(writes.len() == 1 && writes[0].is_dry_run(), "{:?}", writes.summary());
    assert_eq!(objects.get("pods", &namespace, "web").await.unwrap(), *live.object());
    // A second budget over the same pod: the server will never evict it.
    objects.create(BUDGETS, &namespace, &shapes::budget("second", "web")).await;
    let outcome = execute(&transport, &pods(), &live, &evict(), false).await;
    assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
}
