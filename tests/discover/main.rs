//! `discover` as a process, against the sandbox and against a real API server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use support::scene::{SOON, bad_rule};
use support::{Objects, Scene, Stage, on_both, shapes, unique, wait_until};

on_both!(
    a_kind_is_told_with_its_names_its_objects_and_the_rules_that_watch_it,
    what_may_not_be_listed_has_no_count_and_what_cannot_be_watched_is_told,
    a_pattern_chooses_kinds_and_one_that_matches_nothing_is_a_finding,
    counts_cost_one_small_list_for_each_kind_and_none_where_they_are_not_wanted,
);

async fn discover(kubeconfig: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    command.arg("discover").arg("--kubeconfig").arg(kubeconfig).args(arguments);
    // What the person who runs the tests has set up for daily work is none of the tests' business.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("K8S_HEALER_")) {
        command.env_remove(name);
    }
    command.env_remove("KUBECONFIG").env("LC_ALL", "C.UTF-8").stdin(std::process::Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

async fn kinds(kubeconfig: &Path, arguments: &[&str]) -> Vec<Value> {
    let (_, text, errors) = discover(kubeconfig, &[&["--format", "json"], arguments].concat()).await;
    let mut document: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{errors}"));
    serde_json::from_value(document["kinds"].take()).unwrap()
}

/// A kind that nothing else knows, with a short name; its plural.
async fn define(objects: &Objects) -> String {
    let plural = unique("gadgets");
    let kind = format!("Gadget{}", &plural[8..]);
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let version = |name: &str, storage: bool| json!({"name": name, "served": true, "storage": storage, "schema": schema});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.test.example.com")},
        "spec": {
            "group": "test.example.com", "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "shortNames": [short(&plural)]},
            "versions": [version("v1", true), version("v1alpha1", false)],
        },
    });
    let path = shapes::path("customresourcedefinitions.apiextensions.k8s.io", "", "");
    let (status, answer) = objects.send(Method::POST, &path, Some(&definition)).await;
    assert_eq!(status, 201, "{answer}");
    plural
}

fn short(plural: &str) -> String {
    plural.replace("adgets-", "")
}

async fn a_kind_is_told_with_its_names_its_objects_and_the_rules_that_watch_it(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let plural = define(&scene.objects).await;
    let collection = format!("/apis/test.example.com/v1/namespaces/{}/{plural}", scene.namespace);
    wait_until("the kind is served", SOON, || async {
        scene.objects.send(Method::GET, &collection, None).await.0 == 200
    })
    .await;
    for index in 0..3 {
        let object = json!({
            "apiVersion": "test.example.com/v1", "kind": format!("Gadget{}", &plural[8..]),
            "metadata": {"name": format!("gadget-{index}")},
        });
        let (status, answer) = scene.objects.send(Method::POST, &collection, Some(&object)).await;
        assert_eq!(status, 201, "{answer}");
    }
    let rules = scene.rules_file(&format!(
        "- name: old\n  watch: [{}, absent.test.example.com]\n  match: [ age: {{ over: 1h }} ]\n  actions: [ delete: {{}} ]\n",
        short(&plural)
    ));
    let rules = rules.display().to_string();
    let kubeconfig = scene.account().kubeconfig();
    let named = [plural.as_str(), "--rules", &rules];
    // Discovery is a moment behind the first list.
    wait_until("it is discovered", SOON, || async { discover(kubeconfig, &named).await.0 == 0 }).await;
    let (_, table, _) = discover(kubeconfig, &named).await;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["NAME", "SHORT", "KIND", "VERSION", "SCOPE", "VERBS", "OBJECTS", "RULES"]
    );
    let (name, kind) = (format!("{plural}.test.example.com"), format!("Gadget{}", &plural[8..]));
    let short = short(&plural);
    let expected = [&*name, &*short, &*kind, "v1", "namespaced", "all", "3", "test/old"];
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), expected);
    assert_eq!(lines[2..], ["not served: absent.test.example.com, for which test/old waits"]);

    let found = kinds(kubeconfig, &named).await;
    assert_eq!(found.len(), 1);
    let expected = json!({
        "name": name, "plural": plural, "singular": kind.to_lowercase(), "shortNames": [short], "kind": kind,
        "group": "test.example.com", "version": "v1", "otherVersions": ["v1alpha1"], "namespaced": true,
        "watchable": true, "objects": 3, "why": null, "rules": ["test/old"],
    });
    let mut told = found[0].clone();
    let verbs = told.as_object_mut().unwrap().remove("verbs").unwrap();
    assert_eq!(told, expected);
    assert!(verbs.as_array().unwrap().contains(&"watch".into()), "{verbs}");
}

async fn what_may_not_be_listed_has_no_count_and_what_cannot_be_watched_is_told(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene.grant(&json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])).await;
    let kubeconfig = scene.account().kubeconfig();
    let found = kinds(kubeconfig, &[]).await;
    let of = |name: &str| found.iter().find(|kind| kind["name"] == name).unwrap_or_else(|| panic!("{name}"));
    assert!(of("pods")["objects"].is_u64() && of("pods")["why"].is_null());
    let secrets = of("secrets");
    assert_eq!((&secrets["objects"], &secrets["why"]), (&Value::Null, &"listing is not permitted".into()));
    let reviews = of("selfsubjectaccessreviews.authorization.k8s.io");
    assert_eq!((&reviews["watchable"], &reviews["why"]), (&false.into(), &"it cannot be listed".into()));
    let names: Vec<(&str, &str)> = found
        .iter()
        .map(|kind| (kind["group"].as_str().unwrap(), kind["plural"].as_str().unwrap()))
        .collect();
    assert!(names.is_sorted(), "{names:?}");

    let (status, table, _) = discover(kubeconfig, &["se*"]).await;
    assert_eq!(status, 0);
    let line = |name: &str| {
        let found = table.lines().find(|line| line.split_whitespace().next() == Some(name));
        found.unwrap_or_else(|| panic!("{name}: {table}")).to_owned()
    };
    assert!(line("secrets").ends_with(" -"), "{table}");
    assert!(line("selfsubjectaccessreviews.authorization.k8s.io").contains("create (no watch)"), "{table}");
}

async fn a_pattern_chooses_kinds_and_one_that_matches_nothing_is_a_finding(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let kubeconfig = scene.account().kubeconfig();
    let names = async |arguments: &[&str]| -> Vec<String> {
        let found = kinds(kubeconfig, &[arguments, &["--no-counts"]].concat()).await;
        found.iter().map(|kind| kind["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["cm"]).await, ["configmaps"]);
    assert_eq!(names(&["ConfigM*"]).await, ["configmaps"]);
    let core = names(&["n?*s"]).await;
    assert!(core.contains(&"nodes".into()) && core.contains(&"namespaces".into()), "{core:?}");
    let namespaced = names(&["n?*s", "--namespaced"]).await;
    assert!(!namespaced.contains(&"nodes".into()) && !namespaced.is_empty(), "{namespaced:?}");
    let apps = names(&["apps"]).await;
    assert!(apps.contains(&"deployments.apps".into()) && !apps.contains(&"pods".into()), "{apps:?}");

    let (status, table, errors) = discover(kubeconfig, &["no-such-kind"]).await;
    assert!(
        status == 1 && table.is_empty() && errors.contains("no kind matches no-such-kind"),
        "{table}{errors}"
    );
    let rules = scene.rules_file(&bad_rule("for: 6 min\n  actions: [ { delete: {} } ]"));
    let (status, table, errors) = discover(kubeconfig, &["--rules", &rules.display().to_string()]).await;
    assert!(status == 1 && table.is_empty() && errors.contains("bad-duration"), "{table}{errors}");
    let (status, _, errors) = discover(Path::new("/nonexistent"), &[]).await;
    assert!(status == 2 && errors.contains("there is no kubeconfig"), "{errors}");
}

async fn counts_cost_one_small_list_for_each_kind_and_none_where_they_are_not_wanted(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let kubeconfig = scene.account().kubeconfig();
    assert_eq!(discover(kubeconfig, &["configmaps", "--no-counts"]).await.0, 0);
    let lists = scene.sent().await.verb("list");
    assert_eq!(lists.summary(), [""; 0]);
    assert_eq!(discover(kubeconfig, &["configmaps"]).await.0, 0);
    let lists = scene.sent().await.verb("list");
    assert_eq!(lists.summary(), ["list configmaps / 200"]);
    assert!(lists[0].uri.ends_with("/configmaps?limit=1"), "{}", lists[0].uri);
}
