//! An account that may not read a kind in the whole cluster: it is healed in the namespaces where it may be, as they
//! come and go.

use serde_json::json;

use crate::healer::{Healer, rule};
use crate::rights::{following, healing, on_namespaces, until_allowed};
use crate::support::scene::*;
use crate::support::{Grant, Proxy, Scene, Stage, on_both, unique, wait_until};

on_both!(
    a_kind_is_healed_in_each_namespace_that_may_be_read_and_in_those_that_join,
    namespaces_that_are_excluded_never_join_and_nothing_is_done_there,
    where_namespaces_may_be_listed_only_they_are_polled,
    where_namespaces_may_not_be_read_those_that_rules_name_are_healed,
    a_namespace_without_rights_does_not_hold_back_what_is_limited_in_the_others,
);

const DELETE: &str = "actions: [ { delete: {} } ]";

fn in_namespaces(patterns: &str) -> String {
    rule("bad", "configmaps", &format!("namespaces: [{patterns}]\n{DELETE}"))
}

async fn namespace(scene: &Scene, name: &str) {
    scene.objects.create("namespaces", "", &json!({"metadata": {"name": name}})).await;
}

async fn assert_heals(scene: &Scene, namespace: &str) {
    let name = unique("map");
    scene.objects.create("configmaps", namespace, &bad(&name)).await;
    scene.objects.wait_until_gone("configmaps", namespace, &name, SOON).await;
}

async fn until_followed(healer: &Healer, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    wait_until(format!("{names:?} are watched"), SOON, || async {
        following(healer, "configmaps").await == names
    })
    .await;
}

async fn a_kind_is_healed_in_each_namespace_that_may_be_read_and_in_those_that_join(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene.grant(&on_namespaces(&["list", "watch"])).await;
    let word = unique("team");
    let [one, two, three, refused] = ["1", "2", "3", "4"].map(|tail| format!("{word}-{tail}"));
    let mut grants = Vec::new();
    for name in [&one, &two] {
        namespace(&scene, name).await;
        grants.push(Grant::to(&scene, name, &healing(&["configmaps"])).await);
    }
    let start = std::time::Instant::now();
    let mut healer = Healer::start(&scene, &in_namespaces(&format!("\"{word}-*\"")), &[]).await;
    assert!(start.elapsed().as_secs() < 12, "a kind that is refused keeps nobody waiting");
    healer.wait_for_line("it is watched in each of 2 namespaces", SOON).await;
    until_followed(&healer, &[&one, &two]).await;
    assert_heals(&scene, &one).await;
    assert_heals(&scene, &two).await;
    namespace(&scene, &refused).await;
    namespace(&scene, &three).await;
    grants.push(Grant::to(&scene, &three, &healing(&["configmaps"])).await);
    let line = healer.wait_for_line(&three, SOON).await;
    assert!(line.contains("a namespace joins") && line.contains(&format!("{word}-*")), "{line}");
    until_followed(&healer, &[&one, &two, &three]).await;
    assert_heals(&scene, &three).await;
    assert_heals(&scene, &one).await;
    let sent = scene.sent().await;
    let permitted = sent
        .of("configmaps")
        .only(|request| (request.verb == "watch" || request.verb == "list") && request.code == 200);
    assert!(permitted.iter().all(|request| [&one, &two, &three].contains(&&request.namespace)));
    let rules = healer.status().await["rules"].clone();
    assert_eq!((rules.as_array().unwrap().len(), &rules[0]["state"]), (1, &"active".into()), "{rules}");
    // One that goes: its watch ends.
    scene.objects.delete("namespaces", "", &refused).await;
    let path = format!("/api/v1/namespaces/{refused}/finalize");
    let body = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": refused}, "spec": {"finalizers": []},
    });
    scene.objects.send(http::Method::PUT, &path, Some(&body)).await;
    healer.wait_for_line("a namespace is gone", SOON).await;
    wait_until("its watch has ended", SOON, || async {
        let status = healer.status().await;
        status["watches"].as_array().unwrap().iter().all(|watch| watch["namespace"] != *refused)
    })
    .await;
}

async fn namespaces_that_are_excluded_never_join_and_nothing_is_done_there(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene.grant(&on_namespaces(&["list", "watch"])).await;
    let word = unique("team");
    let [one, never, out, late] = ["1", "never", "out", "out-2"].map(|tail| format!("{word}-{tail}"));
    let mut grants = Vec::new();
    for name in [&one, &never, &out] {
        namespace(&scene, name).await;
        grants.push(Grant::to(&scene, name, &healing(&["configmaps"])).await);
        scene.objects.create("configmaps", name, &bad("map")).await;
    }
    let patterns = format!("\"{word}-*\", \"!{never}\"");
    let excluded = format!("{word}-out*");
    let flags = ["--exclude-namespaces", &*excluded];
    let mut healer = Healer::start(&scene, &in_namespaces(&patterns), &flags).await;
    scene.objects.wait_until_gone("configmaps", &one, "map", SOON).await;
    namespace(&scene, &late).await;
    grants.push(Grant::to(&scene, &late, &healing(&["configmaps"])).await);
    scene.objects.create("configmaps", &late, &bad("map")).await;
    let joins = format!("{word}-2");
    namespace(&scene, &joins).await;
    healer.wait_for_line("a namespace joins", SOON).await;
    // The same where the whole kind may be read.
    scene.grant(&healing(&["configmaps"])).await;
    healer.wait_for_line("reading this kind is permitted now", SOON).await;
    assert_heals(&scene, &one).await;
    for name in [&never, &out, &late] {
        scene.objects.create("configmaps", name, &bad("another")).await;
    }
    a_while().await;
    for name in [&never, &out, &late] {
        assert_eq!(
            scene
                .objects
                .list("configmaps", name)
                .await
                .iter()
                .filter(|map| map["metadata"]["labels"]["state"] == "bad")
                .count(),
            2
        );
        let sent = scene.sent().await.in_namespace(name);
        assert!(sent.is_empty(), "{:?}", sent.summary());
        assert!(healer.lines_with("joins").iter().all(|line| !line.contains(&format!("{name}\""))));
        assert!(healer.lines_with("new object").iter().all(|line| !line.contains(&format!("{name}/"))));
    }
}

async fn where_namespaces_may_be_listed_only_they_are_polled(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene.grant(&on_namespaces(&["list"])).await;
    let word = unique("team");
    let [one, two] = ["1", "2"].map(|tail| format!("{word}-{tail}"));
    namespace(&scene, &one).await;
    let _one = Grant::to(&scene, &one, &healing(&["configmaps"])).await;
    let flags = ["--namespace-poll-interval", "1s"];
    let mut healer = Healer::start(&scene, &in_namespaces(&format!("\"{word}-*\"")), &flags).await;
    assert_heals(&scene, &one).await;
    healer.wait_for_line("they are listed every 1s instead", SOON).await;
    namespace(&scene, &two).await;
    let _two = Grant::to(&scene, &two, &healing(&["configmaps"])).await;
    assert_heals(&scene, &two).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let lists = scene.sent().await.of("namespaces").verb("list").len();
    assert!((3..=60).contains(&lists), "{lists} lists");
}

async fn where_namespaces_may_not_be_read_those_that_rules_name_are_healed(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let word = unique("team");
    let [one, two, three] = ["1", "2", "3"].map(|tail| format!("{word}-{tail}"));
    let mut grants = Vec::new();
    for name in [&one, &two, &three] {
        namespace(&scene, name).await;
        grants.push(Grant::to(&scene, name, &healing(&["configmaps"])).await);
        scene.objects.create("configmaps", name, &bad("map")).await;
    }
    let flags = ["--namespace-poll-interval", "1s"];
    let mut healer = Healer::start(&scene, &in_namespaces(&format!("{one}, \"{word}-2*\"")), &flags).await;
    healer.wait_for_line("namespaces cannot be read", SOON).await;
    scene.objects.wait_until_gone("configmaps", &one, "map", SOON).await;
    // One more by its name, by a reload.
    healer.change(&in_namespaces(&format!("{one}, {three}"))).await;
    scene.objects.wait_until_gone("configmaps", &three, "map", SOON).await;
    a_while().await;
    assert!(!scene.objects.gone("configmaps", &two, "map").await, "a pattern tells no name");
    assert_eq!(scene.writes().await.len(), 2);
    // Once namespaces may be read, patterns count.
    scene.grant(&on_namespaces(&["list", "watch"])).await;
    healer.change(&in_namespaces(&format!("\"{word}-*\""))).await;
    scene.objects.wait_until_gone("configmaps", &two, "map", SOON).await;
}

async fn a_namespace_without_rights_does_not_hold_back_what_is_limited_in_the_others(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let proxy = Proxy::start(scene.account());
    scene.grant(&on_namespaces(&["list", "watch"])).await;
    let word = unique("team");
    let [one, two, refused] = ["1", "2", "3"].map(|tail| format!("{word}-{tail}"));
    let mut grants = Vec::new();
    for name in [&one, &two] {
        namespace(&scene, name).await;
        grants.push(Grant::to(&scene, name, &healing(&["configmaps"])).await);
    }
    namespace(&scene, &refused).await;
    let keys =
        format!("namespaces: [\"{word}-*\"]\nlimits: {{ inFlight: {{ max: 1 }}, order: oldest }}\n{DELETE}");
    let rules = rule("bad", "configmaps", &keys);
    let mut healer = Healer::start_at(&scene, &proxy.kubeconfig(), &rules, &[]).await;
    until_followed(&healer, &[&one, &two]).await;
    // Of the one that never was listed, nothing is waited for.
    let mut first = bad("first");
    first["metadata"]["finalizers"] = json!(["test.example.com/held"]);
    scene.objects.create("configmaps", &one, &first).await;
    healer.wait_for_line(&format!("{one}/first"), SOON).await;
    wait_until("it is terminating", SOON, || async {
        let first = scene.objects.get("configmaps", &one, "first").await;
        first.is_some_and(|first| first["metadata"]["deletionTimestamp"].is_string())
    })
    .await;
    // Neither for what waits where the right is withdrawn.
    scene.objects.create("configmaps", &two, &bad("waiting")).await;
    healer.wait_for_line(&format!("{two}/waiting"), SOON).await;
    grants.pop().unwrap().withdraw().await;
    until_allowed(&scene, "configmaps", &two, false).await;
    proxy.end_watches();
    until_followed(&healer, &[&one]).await;
    scene.objects.create("configmaps", &one, &bad("next")).await;
    healer.wait_for_line(&format!("{one}/next"), SOON).await;
    scene.objects.patch("configmaps", &one, "first", &json!({"metadata": {"finalizers": null}})).await;
    scene.objects.wait_until_gone("configmaps", &one, "next", SOON).await;
    assert!(!scene.objects.gone("configmaps", &two, "waiting").await);
}
