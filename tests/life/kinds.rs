//! Kinds of custom resources that come, go, come anew and are served by other versions while they are watched.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::healer::{Healer, rule};
use crate::support::scene::*;
use crate::support::{Fault, Proxy, Scene, Seen, Stage, on_both, unique, wait_until};

on_both!(
    a_kind_that_comes_goes_and_comes_anew_wakes_its_rules_and_lays_them_to_sleep,
    another_preferred_version_changes_nothing_for_objects_that_wait,
    a_version_that_is_served_no_more_begins_no_time_anew,
    a_version_whose_watch_ends_before_discovery_tells_the_other_begins_no_time_anew,
);

const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// A kind that no other test has.
pub(crate) struct Widgets {
    group: String,
    scope: &'static str,
}

impl Widgets {
    /// `Namespaced` or `Cluster`.
    pub(crate) fn new(scope: &'static str) -> Self {
        Self { group: unique("life") + ".example", scope }
    }

    pub(crate) fn kind(&self) -> String {
        format!("widgets.{}", self.group)
    }

    /// Each version, and whether it is served; the first one is stored.
    fn definition(&self, versions: &[(&str, bool)]) -> Value {
        let versions: Vec<Value> = versions
            .iter()
            .enumerate()
            .map(|(index, (name, served))| {
                json!({
                    "name": name, "served": served, "storage": index == 0,
                    "schema": {"openAPIV3Schema": {
                        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                    }},
                })
            })
            .collect();
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": self.kind()},
            "spec": {
                "group": self.group, "scope": self.scope, "versions": versions,
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            },
        })
    }

    pub(crate) async fn install(&self, scene: &Scene, versions: &[(&str, bool)]) {
        scene.objects.create(DEFINITIONS, "", &self.definition(versions)).await;
        self.until_served(scene, versions[0].0, true).await;
    }

    async fn change(&self, scene: &Scene, versions: &[(&str, bool)]) {
        let definition = self.definition(versions);
        scene
            .objects
            .patch(
                DEFINITIONS,
                "",
                &self.kind(),
                &json!({"spec": {"versions": definition["spec"]["versions"]}}),
            )
            .await;
    }

    pub(crate) async fn remove(&self, scene: &Scene) {
        scene.objects.delete(DEFINITIONS, "", &self.kind()).await;
        scene.objects.wait_until_gone(DEFINITIONS, "", &self.kind(), SOON).await;
    }

    async fn until_served(&self, scene: &Scene, version: &str, served: bool) {
        let path = format!("/apis/{}/{version}/widgets?limit=1", self.group);
        wait_until(format!("{version} is served: {served}"), SOON, || async {
            (scene.objects.send(Method::GET, &path, None).await.0 == 200) == served
        })
        .await;
    }

    fn path(&self, scene: &Scene, version: &str, name: &str) -> String {
        let path = format!("/apis/{}/{version}/namespaces/{}/widgets", self.group, scene.namespace);
        if name.is_empty() { path } else { format!("{path}/{name}") }
    }

    /// A bad one; when the server received it.
    async fn bad(&self, scene: &Scene, version: &str, name: &str) -> Timestamp {
        let mut widget = bad(name);
        widget["apiVersion"] = format!("{}/{version}", self.group).into();
        widget["kind"] = "Widget".into();
        let path = self.path(scene, version, "");
        // The first list is answered a moment before the first write.
        wait_until(format!("{name} is made"), SOON, || async {
            scene.objects.send(Method::POST, &path, Some(&widget)).await.0 == 201
        })
        .await;
        scene.done_by_test("create", "widgets", name).await
    }

    async fn until_gone(&self, scene: &Scene, version: &str, name: &str) {
        let path = self.path(scene, version, name);
        wait_until(format!("{name} is gone"), SOON, || async {
            scene.objects.send(Method::GET, &path, None).await.0 == 404
        })
        .await;
    }
}

async fn a_kind_that_comes_goes_and_comes_anew_wakes_its_rules_and_lays_them_to_sleep(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let widgets = Widgets::new("Namespaced");
    let delete = "actions: [ { delete: {} } ]";
    let rules = format!("{}{}", rule("widgets", &widgets.kind(), delete), rule("maps", "configmaps", delete));
    let mut healer = Healer::start(&scene, &rules, &[]).await;
    let state = async |healer: &Healer| {
        let rules = healer.status().await["rules"].clone();
        let row = rules.as_array().unwrap().iter().find(|row| row["rule"] == "test/widgets").cloned();
        row.map(|row| row["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state(&healer).await.as_deref(), Some("dormant"));
    for round in 1..=2 {
        widgets.install(&scene, &[("v1", true)]).await;
        healer.wait_for_lines("the server serves this kind now", round, SOON).await;
        let name = format!("round-{round}");
        widgets.bad(&scene, "v1", &name).await;
        widgets.until_gone(&scene, "v1", &name).await;
        assert_eq!(state(&healer).await.as_deref(), Some("active"));
        widgets.remove(&scene).await;
        healer.wait_for_lines("the server does not serve this kind any more", round, SOON).await;
        wait_until("its rule is dormant", SOON, || async {
            state(&healer).await.as_deref() == Some("dormant")
        })
        .await;
        scene.bad(&name).await;
        scene.wait_until_gone("configmaps", &name).await;
    }
    // Taken away and made anew at once.
    widgets.install(&scene, &[("v1", true)]).await;
    widgets.bad(&scene, "v1", "before").await;
    widgets.until_gone(&scene, "v1", "before").await;
    widgets.remove(&scene).await;
    widgets.install(&scene, &[("v1", true)]).await;
    widgets.bad(&scene, "v1", "after").await;
    widgets.until_gone(&scene, "v1", "after").await;
    widgets.remove(&scene).await;
}

/// The time of one that waits for 10 s goes on while the definition is changed to this.
async fn assert_time_goes_on(stage: Stage, versions: &[(&str, bool)], discovery_takes: Duration) {
    let Some(scene) = stage.scene().await else { return };
    let proxy = Proxy::start(scene.account());
    let widgets = Widgets::new("Namespaced");
    widgets.install(&scene, &[("v1beta1", true)]).await;
    let steps = "for: 10s\nactions: [ { delete: {} } ]";
    let done = "actions: [ { log: { message: seen } } ]";
    let rules = format!("{}{}", rule("slow", &widgets.kind(), steps), rule("told", &widgets.kind(), done));
    let mut healer = Healer::start_at(&scene, &proxy.kubeconfig(), &rules, &[]).await;
    let made = widgets.bad(&scene, "v1beta1", "one").await;
    healer.wait_for_line("log widgets", SOON).await;
    if !discovery_takes.is_zero() {
        let is_discovery = |seen: &Seen| matches!(seen.path.as_str(), "/api" | "/apis");
        proxy.inject(is_discovery, Fault::Delay(discovery_takes), usize::MAX);
    }
    widgets.change(&scene, versions).await;
    for (name, served) in versions {
        widgets.until_served(&scene, name, *served).await;
    }
    // What is made by the new version is healed, too.
    widgets.bad(&scene, "v1", "two").await;
    widgets.until_gone(&scene, "v1", "one").await;
    let writes = scene.writes().await.only(|write| write.name == "one");
    assert_eq!(writes.len(), 1, "{:?}", writes.summary());
    let waited = writes[0].received.duration_since(made);
    let (least, most) = (Duration::from_secs(10), Duration::from_secs(18));
    assert!((least..most).contains(&Duration::try_from(waited).unwrap()), "{waited:?}");
    widgets.until_gone(&scene, "v1", "two").await;
    assert!(writes[0].uri.contains("/v1/"), "{}", writes[0].uri);
    for name in ["one", "two"] {
        let told = healer.lines_with(&format!("log {} ", scene.called(&widgets.kind(), name)));
        assert_eq!(told.len(), 1, "{told:?}");
    }
    widgets.remove(&scene).await;
}

async fn another_preferred_version_changes_nothing_for_objects_that_wait(stage: Stage) {
    assert_time_goes_on(stage, &[("v1", true), ("v1beta1", true)], Duration::ZERO).await;
}

async fn a_version_that_is_served_no_more_begins_no_time_anew(stage: Stage) {
    assert_time_goes_on(stage, &[("v1", true), ("v1beta1", false)], Duration::ZERO).await;
}

async fn a_version_whose_watch_ends_before_discovery_tells_the_other_begins_no_time_anew(stage: Stage) {
    assert_time_goes_on(stage, &[("v1", true), ("v1beta1", false)], Duration::from_millis(700)).await;
}
