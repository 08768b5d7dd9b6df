//! The same on a real API server, through a proxy that records and breaks: whatever happens, what was
//! told adds up to what the server has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_healer::cluster::clock::{SeededRandom, SystemClock};
use k8s_healer::cluster::resource::Resource;
use k8s_healer::cluster::server_clock::ServerClock;
use k8s_healer::cluster::transport::Transport;
use k8s_healer::cluster::watch::{StreamingLists, Timings, Watch, WatchEvent};
use k8s_healer_engine::projection::Projection;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};

use crate::server::{in_words, pods};
use crate::support::shapes;
use crate::support::*;

on_both!(
    a_real_server_streams_its_lists_in_one_request_whole_objects_or_metadata,
    a_list_of_250_objects_comes_in_three_pages,
    a_compacted_version_leads_to_a_fresh_list_and_nothing_is_missed,
    a_watch_that_is_cut_again_and_again_under_load_misses_and_invents_nothing,
    a_kind_that_is_removed_is_told_as_absent,
);

const SOON: Duration = Duration::from_secs(20);

/// What a follower of the events believes to exist.
struct View {
    receiver: mpsc::Receiver<WatchEvent>,
    /// Names and versions.
    objects: BTreeMap<String, String>,
    listing: bool,
    told: Vec<String>,
}

impl View {
    async fn of(cluster: &Cluster, resource: Resource, namespace: &str, streaming: StreamingLists) -> Self {
        let mut projection = Projection::of_identity();
        projection.read_members(&["data"]);
        Self::with_projection(cluster, resource, namespace, streaming, projection).await
    }

    async fn with_projection(
        cluster: &Cluster,
        resource: Resource,
        namespace: &str,
        streaming: StreamingLists,
        projection: Projection,
    ) -> Self {
        let clock = Arc::new(ServerClock::new(Arc::new(SystemClock)));
        let watch = Watch {
            transport: Transport::new(cluster.client().await, clock, Duration::from_secs(10)),
            resource: Arc::new(resource),
            namespace: Some(namespace.to_owned()),
            name: None,
            projection: Arc::new(projection),
            timings: Timings {
                back_off_first: Duration::from_millis(100),
                back_off_longest: Duration::from_millis(500),
                ..Timings::default()
            },
            random: Arc::new(SeededRandom::new(1)),
            list_permits: Arc::new(Semaphore::new(2)),
            streaming: Arc::new(streaming),
        };
        let (sender, receiver) = mpsc::channel(16);
        tokio::spawn(watch.run(sender));
        Self { receiver, objects: BTreeMap::new(), listing: false, told: Vec::new() }
    }

    async fn take(&mut self) -> bool {
        let event = tokio::time::timeout(SOON, self.receiver.recv()).await;
        let event = event.unwrap_or_else(|_| panic!("an event in time, after {:?}", self.told));
        let Some(event) = event else { return false };
        let words = in_words_of_any(&event);
        match event {
            WatchEvent::ListStarted => {
                self.objects.clear();
                self.listing = true;
            }
            WatchEvent::Listed(object) | WatchEvent::Applied(object) => {
                self.objects.insert(object.name().to_owned(), object.resource_version().to_owned());
                return true;
            }
            WatchEvent::Synced => self.listing = false,
            WatchEvent::Deleted { name, .. } => {
                self.objects.remove(&name);
                return true;
            }
            _ => {}
        }
        self.told.push(words);
        true
    }

    async fn until_told(&mut self, words: &str) {
        while !self.told.last().is_some_and(|told| told.starts_with(words)) {
            assert!(self.take().await, "the watch ended, after {:?}", self.told);
        }
    }

    /// Takes events until this is what exists, as the server has it now.
    async fn until_it_is_as_on(&mut self, objects: &Objects, namespace: &str) {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let listed = objects.list("configmaps", namespace).await;
        let expected: BTreeMap<String, String> = listed
            .iter()
            .map(|object| (text(&object["metadata"]["name"]), text(&object["metadata"]["resourceVersion"])))
            .collect();
        while self.listing || self.objects != expected {
            assert!(self.take().await, "the watch ended, after {:?}", self.told);
        }
    }
}

fn in_words_of_any(event: &WatchEvent) -> String {
    if matches!(event, WatchEvent::Deleted { .. }) { String::new() } else { in_words(event) }
}

fn config_maps() -> Resource {
    Resource { kind: "ConfigMap".to_owned(), plural: "configmaps".to_owned(), ..pods() }
}

async fn create(objects: &Objects, namespace: &str, names: impl Iterator<Item = String>) {
    for name in names {
        objects
            .create("configmaps", namespace, &json!({"metadata": {"name": name}, "data": {"a": "b"}}))
            .await;
    }
}

async fn a_real_server_streams_its_lists_in_one_request_whole_objects_or_metadata(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let objects = cluster.objects().await;
    let namespace = objects.namespace("watch").await;
    create(&objects, &namespace, (0..20).map(|at| format!("map-{at}"))).await;
    let mut data = Projection::of_identity();
    data.read_members(&["data"]);
    for projection in [data, Projection::of_identity()] {
        let proxy = Proxy::start(&cluster);
        let streaming = StreamingLists::default();
        let mut view =
            View::with_projection(&proxy.cluster(), config_maps(), &namespace, streaming, projection).await;
        view.until_told("synced").await;
        assert_eq!(
            (view.objects.len(), view.told.as_slice()),
            (20, ["list started", "synced"].map(str::to_owned).as_slice())
        );
        create(&objects, &namespace, std::iter::once(unique("more"))).await;
        view.until_it_is_as_on(&objects, &namespace).await;
        let seen = proxy.seen();
        assert!(seen.len() == 1 && seen[0].has_parameter("sendInitialEvents", "true"), "{seen:?}");
        objects.send(http::Method::DELETE, &shapes::path("configmaps", &namespace, ""), None).await;
        create(&objects, &namespace, (0..20).map(|at| format!("map-{at}"))).await;
    }
}

async fn a_list_of_250_objects_comes_in_three_pages(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let objects = cluster.objects().await;
    let namespace = objects.namespace("watch").await;
    create(&objects, &namespace, (0..250).map(|at| format!("map-{at}"))).await;
    let proxy = Proxy::start(&cluster);
    let mut view = View::of(&proxy.cluster(), config_maps(), &namespace, StreamingLists::refused()).await;
    view.until_told("synced").await;
    assert_eq!(view.objects.len(), 250);
    view.until_it_is_as_on(&objects, &namespace).await;
    assert_eq!(proxy.seen_that(|seen| seen.is_list_of("configmaps")).len(), 3);
}

async fn a_compacted_version_leads_to_a_fresh_list_and_nothing_is_missed(stage: Stage) {
    let options = Options { apiserver_flags: vec!["--watch-cache=false".to_owned()], ..Options::default() };
    let Some(plane) = stage.own(options).await else { return };
    let cluster = plane.cluster();
    let objects = cluster.objects().await;
    let namespace = objects.namespace("watch").await;
    for streaming in [StreamingLists::default(), StreamingLists::refused()] {
        create(&objects, &namespace, ["a", "b", "c"].map(unique).into_iter()).await;
        let proxy = Proxy::start(&cluster);
        let mut view = View::of(&proxy.cluster(), config_maps(), &namespace, streaming).await;
        view.until_it_is_as_on(&objects, &namespace).await;
        view.until_told("synced").await;

        proxy.refuse_connections(true);
        view.until_told("interrupted").await;
        let first = view.objects.keys().next().unwrap().clone();
        objects.delete("configmaps", &namespace, &first).await;
        create(&objects, &namespace, std::iter::once(unique("later"))).await;
        plane.compact().await;
        proxy.refuse_connections(false);

        view.until_told("interrupted: the server answered 410").await;
        view.until_told("synced").await;
        view.until_it_is_as_on(&objects, &namespace).await;
        assert!(!view.objects.contains_key(&first));
    }
}

async fn a_watch_that_is_cut_again_and_again_under_load_misses_and_invents_nothing(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let objects = cluster.objects().await;
    let namespace = objects.namespace("watch").await;
    let proxy = Proxy::start(&cluster);
    let mut view = View::of(&proxy.cluster(), config_maps(), &namespace, StreamingLists::default()).await;
    view.until_told("synced").await;
    for round in 0..10 {
        create(&objects, &namespace, (0..20).map(|at| format!("map-{round}-{at}"))).await;
        if round % 3 == 0 {
            proxy.end_watches();
        } else {
            proxy.cut_watches();
        }
        for at in 0..10 {
            objects.delete("configmaps", &namespace, &format!("map-{round}-{at}")).await;
        }
        view.until_it_is_as_on(&objects, &namespace).await;
    }
    assert_eq!(view.objects.len(), 100);
    let lists = view.told.iter().filter(|told| *told == "list started").count();
    assert_eq!(lists, 1, "it is followed from where it was cut: {:?}", view.told);
}

async fn a_kind_that_is_removed_is_told_as_absent(stage: Stage) {
    let Some(plane) = stage.own(Options::default()).await else { return };
    let objects = plane.cluster().objects().await;
    install_crd(&objects, "datavolumes.cdi.kubevirt.io").await;
    let namespace = objects.namespace("watch").await;
    objects.create("datavolumes.cdi.kubevirt.io", &namespace, &shapes::data_volume("a", "Pending")).await;
    let version = shapes::api_version("datavolumes.cdi.kubevirt.io");
    let (group, version) = version.split_once('/').unwrap();
    let resource = Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: "DataVolume".to_owned(),
        plural: "datavolumes".to_owned(),
        ..pods()
    };
    let mut view = View::of(&plane.cluster(), resource, &namespace, StreamingLists::default()).await;
    view.until_told("synced").await;
    assert_eq!(view.objects.len(), 1);
    remove_crd(&objects, "datavolumes.cdi.kubevirt.io").await;
    view.until_told("absent").await;
    assert!(!view.take().await, "absent is the last word");
}
