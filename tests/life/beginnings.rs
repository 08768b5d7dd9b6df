//! What the log says of the cluster at the start, and of the objects that appear.

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::healer::{Healer, parsed, rule};
use crate::rights::healing;
use crate::support::scene::*;
use crate::support::{Scene, Stage, on_both, wait_until};

on_both!(
    on_connecting_the_log_says_all_that_matters,
    each_new_object_has_a_line_with_the_pattern_that_selected_it_and_a_flood_a_few_and_a_count,
);

const DELETE: &str = "actions: [ { delete: {} } ]";

fn field(line: &str, name: &str) -> Value {
    parsed(line)[name].clone()
}

async fn on_connecting_the_log_says_all_that_matters(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene.grant(&healing(&["configmaps"])).await;
    let rights =
        json!([{"apiGroups": [""], "resources": ["namespaces", "nodes"], "verbs": ["list", "watch"]}]);
    scene.grant(&rights).await;
    scene.bad("map").await;
    let rules = [
        rule("maps", "configmaps", DELETE),
        rule("secrets", "secrets", DELETE),
        // It selects no namespace: it looks into none.
        rule("nodes", "nodes", &format!("scope: cluster\n{DELETE}")),
        rule("widgets", "widgets.nowhere.example", DELETE),
    ];
    let flags = ["--mode", "observe", "--exclude-namespaces", "prod-*"];
    let mut healer = Healer::start(&scene, &rules.concat(), &flags).await;
    let connected = healer.wait_for_line("connected to ", SOON).await;
    let server = field(&connected, "server");
    assert!(server.as_str().unwrap().contains("127.0.0.1"), "{connected}");
    assert!(field(&connected, "version").as_str().unwrap().starts_with('v'), "{connected}");
    assert!(field(&connected, "nodes").is_u64(), "{connected}");
    assert_eq!((field(&connected, "mode"), field(&connected, "rules")), ("observe".into(), 4.into()));
    let protected = healer.wait_for_line("  protected: ", SOON).await;
    for word in ["kube-*", "openshift-*", "prod-*", "k8s-healer.io/protect", "k8s-healer.io/keep-until"] {
        assert!(protected.contains(word), "{word} in {protected}");
    }
    let dormant = healer.wait_for_line("dormant", SOON).await;
    assert!(dormant.contains("widgets.nowhere.example") && dormant.contains("test/widgets"), "{dormant}");
    let forbidden = healer.wait_for_line("is not permitted", SOON).await;
    assert!(forbidden.contains("secrets"), "{forbidden}");
    let selected = healer.wait_for_line("  namespaces: 1 of ", SOON).await;
    assert!(selected.contains(&scene.namespace), "{selected}");
    let row = healer.wait_for_line("\"test/maps\",\"objects\"", SOON).await;
    let (selects, true_now) = (field(&row, "selects"), field(&row, "true_now"));
    assert!(selects.as_u64() >= Some(1) && true_now == 1, "{row}");
    let status = healer.status().await;
    assert_eq!((&status["mode"], &status["cluster"]["url"]), (&"observe".into(), &server));
    // Where the whole cluster may not be read, the namespace is asked next, and that takes a moment.
    wait_until("every rule has its state", SOON, || async {
        let status = healer.status().await;
        let states: Vec<&Value> =
            status["rules"].as_array().unwrap().iter().map(|row| &row["state"]).collect();
        states == ["active", "active", "forbidden", "dormant"]
    })
    .await;
}

async fn each_new_object_has_a_line_with_the_pattern_that_selected_it_and_a_flood_a_few_and_a_count(
    stage: Stage,
) {
    let Some(scene) = stage.scene().await else { return };
    let pattern = format!("{}*", &scene.namespace[..scene.namespace.len() - 1]);
    let rules = rule("bad", "configmaps", &format!("namespaces: [\"{pattern}\"]\nfor: 1h\n{DELETE}"));
    scene.bad("before").await;
    let mut healer = Healer::start(&scene, &rules, &[]).await;
    let elsewhere = scene.objects.namespace("elsewhere").await;
    scene.objects.create("configmaps", &elsewhere, &bad("map")).await;
    scene.create("configmaps", &json!({"metadata": {"name": "well"}})).await;
    let line = healer.wait_for_line("new object", SOON).await;
    let object = field(&line, "object");
    assert_eq!(object, scene.called("configmaps", "well"), "{line}");
    assert_eq!((field(&line, "pattern"), field(&line, "rule")), (pattern.into(), "test/bad".into()));
    scene.bad("ill").await;
    // One that changes is not new.
    scene.cure("before").await;
    healer.wait_for_lines("new object", 2, SOON).await;
    a_while().await;
    assert_eq!(healer.lines_with("new object").len(), 2);
    stream::iter(0..500)
        .for_each_concurrent(16, |number| {
            let scene = &scene;
            async move { drop(scene.bad(&format!("map-{number}")).await) }
        })
        .await;
    // The windows are 10 s; a slow machine needs more than one for them.
    let mut untold = 0;
    let start = std::time::Instant::now();
    let mut told = 0;
    while told + untold < 502 && start.elapsed() < SOON {
        let counts = healer.lines_with(" more new configmaps within ");
        untold = counts.iter().map(|line| field(line, "count").as_u64().unwrap()).sum();
        told = healer.lines_with("new object").len() as u64;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(told + untold, 502);
    let windows = healer.lines_with(" more new configmaps within ").len();
    assert!(
        told <= 20 * windows as u64 + 5 || windows <= 3 && told <= 65,
        "{told} lines in {windows} windows"
    );
}
