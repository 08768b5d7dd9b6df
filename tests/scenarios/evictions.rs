//! Evictions: what a PodDisruptionBudget refuses is waited for, and costs the budget nothing.

use serde_json::{Value, json};

use crate::support::scene::*;
use crate::support::{Request, Stage, on_both, shapes, wait_until};

on_both!(
    an_eviction_that_a_budget_refuses_waits_then_succeeds_and_never_spoils_the_budget,
    an_eviction_is_given_up_after_its_time_or_becomes_a_delete_where_the_rule_says_so,
    on_a_whole_cluster_an_eviction_honours_its_budget_and_the_replacement_is_left_alone,
);

const BUDGETS: &str = "poddisruptionbudgets.policy";

const EVICT: &str = "
- name: evict
  watch: pods
  match: [ { labels: { matchLabels: { move: away } } } ]
  actions: [ { evict: {} } ]
";

async fn budget(scene: &Scene) -> Value {
    scene.objects.get(BUDGETS, &scene.namespace, "budget").await.expect("the budget")
}

fn is_real(request: &Request) -> bool {
    !request.is_dry_run()
}

async fn an_eviction_that_a_budget_refuses_waits_then_succeeds_and_never_spoils_the_budget(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let pod = shapes::with_labels(shapes::pod("app"), &[("move", "away")]);
    let pod = scene.create("pods", &pod).await;
    scene.create(BUDGETS, &shapes::budget("budget", "app")).await;
    scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 0).await;
    let before = budget(&scene).await;
    let mut daemon = scene.daemon(EVICT, &[]).await;
    wait_until("it was refused three times", SOON, || async { scene.writes().await.len() >= 3 }).await;
    let refused = scene.writes().await;
    assert!(
        refused.iter().all(|request| request.code == 429 && request.is_dry_run()),
        "{:?}",
        refused.summary()
    );
    assert_eq!(budget(&scene).await, before, "not touched");
    let told = format!("refused: evict {}", scene.called("pods", "app"));
    let line = daemon.wait_for_line(&told, SOON).await;
    assert!(line.contains("budget"), "{line}");
    assert_eq!(daemon.lines_with(&told).len(), 1, "told once, not at every try");

    scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 1).await;
    scene.wait_until_gone("pods", "app").await;
    a_while().await;
    let writes = scene.writes().await;
    assert!(
        writes
            .iter()
            .all(|request| (request.resource.as_str(), request.subresource.as_str()) == ("pods", "eviction"))
    );
    let last = &writes[writes.len() - 2..];
    assert!(last[0].is_dry_run() && last[0].code == 201, "asked first: {:?}", writes.summary());
    assert_eq!(writes.iter().filter(|request| is_real(request)).count(), 1, "{:?}", writes.summary());
    assert!(is_real(&last[1]) && last[1].code == 201);
    last.iter().for_each(|request| assert_preconditions(request, &pod));
    // Each pause is twice the one before.
    let pauses: Vec<f64> = refused
        .windows(2)
        .map(|pair| pair[1].received.duration_since(pair[0].received).as_secs_f64())
        .collect();
    assert!(pauses[0] >= 1.0 && pauses[1] >= 2.0, "{pauses:?}");
    let after = budget(&scene).await;
    assert_eq!(after["status"]["disruptionsAllowed"], 0, "one was taken, once");
    assert_eq!(after["status"]["disruptedPods"].as_object().map(serde_json::Map::len), Some(1));
}

async fn an_eviction_is_given_up_after_its_time_or_becomes_a_delete_where_the_rule_says_so(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    for name in ["kept", "fallen"] {
        let pod = shapes::with_labels(shapes::pod(name), &[("app", "app"), ("move", name)]);
        scene.create("pods", &pod).await;
    }
    scene.create(BUDGETS, &shapes::budget("budget", "app")).await;
    scene.objects.set_disruptions_allowed(&scene.namespace, "budget", 0).await;
    let before = budget(&scene).await;
    let rules = ["kept", "fallen"].map(|name| {
        let fallback = if name == "fallen" { "fallback: delete, " } else { "" };
        EVICT
            .replace("move: away", &format!("move: {name}"))
            .replace("name: evict", &format!("name: {name}"))
            .replace("evict: {}", &format!("evict: {{ {fallback}giveUp: 2s }}"))
    });
    let mut daemon = scene.daemon(&rules.concat(), &[]).await;
    scene.wait_until_gone("pods", "fallen").await;
    daemon.wait_for_line(&format!("given up: evict {}", scene.called("pods", "kept")), SOON).await;
    a_while().await;
    let real = scene.writes().await.only(is_real);
    assert_eq!(real.summary(), [format!("delete pods {}/fallen 200", scene.namespace)]);
    assert_eq!(budget(&scene).await, before, "not touched");
    let tries = scene.writes().await.only(|request| request.name == "kept");
    let first = tries.first().unwrap().received;
    assert!(real[0].received.duration_since(first) >= jiff::SignedDuration::from_secs(2));
}

async fn on_a_whole_cluster_an_eviction_honours_its_budget_and_the_replacement_is_left_alone(stage: Stage) {
    let Some(cluster) = stage.whole_cluster() else { return };
    if cluster.try_audit().is_none() {
        return crate::support::skip("K8S_HEALER_TEST_AUDIT is not set");
    }
    let scene = Scene::on(&cluster).await;
    let labels = json!({"app": "app"});
    let deployment = json!({
        "metadata": {"name": "app"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": shapes::pod("app")["spec"]},
        },
    });
    scene.create("deployments.apps", &deployment).await;
    let mut two = shapes::budget("budget", "app");
    two["spec"]["minAvailable"] = 2.into();
    scene.create(BUDGETS, &two).await;
    let ready = || async {
        let status = budget(&scene).await["status"].clone();
        status["currentHealthy"] == 2 && status["desiredHealthy"] == 2
    };
    wait_until("two pods run", 2 * SOON, ready).await;
    // What was there at the first action is no replacement: the second of its creation must be over.
    a_while().await;
    let names = || async {
        let pods = scene.objects.list("pods", &scene.namespace).await;
        pods.iter().map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = names().await;
    let mut daemon = scene.daemon(EVICT, &[]).await;
    let away = json!({"metadata": {"labels": {"move": "away"}}});
    scene.objects.patch("pods", &scene.namespace, &before[0], &away).await;
    daemon.wait_for_line(&format!("refused: evict {}", scene.called("pods", &before[0])), SOON).await;
    assert_eq!(budget(&scene).await["status"]["disruptedPods"], Value::Null);
    assert!(scene.exists("pods", &before[0]).await);

    scene.objects.patch(BUDGETS, &scene.namespace, "budget", &json!({"spec": {"minAvailable": 1}})).await;
    scene.wait_until_gone("pods", &before[0]).await;
    let replaced = || async { names().await.iter().any(|name| !before.contains(name)) };
    wait_until("it is replaced", SOON, replaced).await;
    let now = names().await;
    let replacement = now.iter().find(|name| !before.contains(name)).unwrap();
    let sent = scene.writes().await.len();
    scene.objects.patch("pods", &scene.namespace, replacement, &away).await;
    let held = format!("held back: evict {}", scene.called("pods", replacement));
    let line = daemon.wait_for_line(&held, SOON).await;
    assert!(line.contains("it replaces what the rule acted on"), "{line}");
    a_while().await;
    assert_eq!(scene.writes().await.len(), sent, "{:?}", scene.writes().await.summary());
    let real = scene.writes().await.only(is_real);
    assert_eq!(real.summary(), [format!("create pods/eviction {}/{} 201", scene.namespace, before[0])]);
    scene.objects.delete("namespaces", "", &scene.namespace).await;
}
