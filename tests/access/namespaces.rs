//! Namespaces as they come and go: by a watch, by lists where it is refused, and by name where those are too.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use k8s_healer::cluster::clock::SeededRandom;
use k8s_healer::cluster::timings::Timings;
use k8s_healer::cluster::watch::{StreamingLists, Watch};
use k8s_healer::daemon::namespaces::{NamespaceEvent, follow_namespaces, projection};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::scene::{SOON, a_while};
use crate::support::{Grant, Request, Scene, Stage, on_both, wait_until};
use crate::{core, transport};

on_both!(
    namespaces_join_and_leave_by_the_watch_and_nothing_else_is_sent,
    where_the_watch_is_refused_they_are_listed_at_the_interval,
    where_nothing_is_permitted_those_that_rules_name_are_told_until_rights_come,
    rights_that_go_take_no_namespace_along,
);

/// What is told, as it comes.
struct Followed {
    events: mpsc::Receiver<NamespaceEvent>,
    named: watch::Sender<BTreeSet<Arc<str>>>,
    task: JoinHandle<()>,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Followed {
    async fn on(scene: &Scene, interval: Duration, named: &[&str], server_time_out: Duration) -> Self {
        let watch = Watch {
            transport: transport(scene.account()).await,
            resource: core("namespaces", "Namespace", false),
            namespace: None,
            name: None,
            projection: projection(),
            timings: Timings {
                server_time_out,
                back_off_first: Duration::from_millis(100),
                back_off_longest: Duration::from_secs(1),
                ..Timings::default()
            },
            random: Arc::new(SeededRandom::new(7)),
            list_permits: Arc::new(Semaphore::new(2)),
            streaming: Arc::<StreamingLists>::default(),
        };
        let (sender, events) = mpsc::channel(16);
        let named = named.iter().map(|name| Arc::from(*name)).collect();
        let (named, names) = watch::channel(named);
        let task = tokio::spawn(follow_namespaces(watch, names, interval, sender));
        Self { events, named, task }
    }

    async fn next(&mut self) -> NamespaceEvent {
        timeout(SOON, self.events.recv()).await.expect("an event in time").expect("it follows")
    }

    async fn known(&mut self) -> BTreeSet<Arc<str>> {
        match self.next().await {
            NamespaceEvent::Known(names) => names,
            other => panic!("first it is told which are known, not {other:?}"),
        }
    }

    /// Other tests' namespaces come and go too.
    async fn until(&mut self, wanted: NamespaceEvent) -> Vec<NamespaceEvent> {
        let mut before = Vec::new();
        loop {
            match self.next().await {
                event if event == wanted => return before,
                event => before.push(event),
            }
        }
    }
}

fn joined(name: &str) -> NamespaceEvent {
    NamespaceEvent::Joined(name.into())
}

fn left(name: &str) -> NamespaceEvent {
    NamespaceEvent::Left(name.into())
}

/// There is no controller that would empty it.
async fn remove(scene: &Scene, name: &str) {
    scene.objects.delete("namespaces", "", name).await;
    let path = format!("/api/v1/namespaces/{name}/finalize");
    let finalized = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {"finalizers": []}});
    let (status, answer) = scene.objects.send(Method::PUT, &path, Some(&finalized)).await;
    assert!(status < 300, "{answer}");
    scene.objects.wait_until_gone("namespaces", "", name, SOON).await;
}

fn namespaces(verbs: &[&str]) -> serde_json::Value {
    json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": verbs}])
}

/// The follower's own lists, not those of the watch.
fn is_poll(request: &Request) -> bool {
    request.verb == "list" && request.resource == "namespaces" && request.uri.contains("limit=500")
}

async fn namespaces_join_and_leave_by_the_watch_and_nothing_else_is_sent(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene.grant(&namespaces(&["list", "watch"])).await;
    let mut followed =
        Followed::on(&scene, Duration::from_millis(200), &["named"], Duration::from_secs(290)).await;
    let known = followed.known().await;
    assert!(known.contains(&*scene.namespace) && !known.contains("named"), "{known:?}");
    let name = scene.objects.namespace("come").await;
    followed.until(joined(&name)).await;
    remove(&scene, &name).await;
    followed.until(left(&name)).await;
    // The same name again is another namespace.
    scene.objects.create("namespaces", "", &json!({"metadata": {"name": name}})).await;
    followed.until(joined(&name)).await;
    remove(&scene, &name).await;
    followed.until(left(&name)).await;
    a_while().await;
    let sent = scene.sent().await;
    let (watches, lists) = (sent.clone().verb("watch").len(), sent.clone().verb("list").len());
    assert!(watches <= 2 && lists <= 1 && watches + lists == sent.len(), "{:?}", sent.summary());
}

async fn where_the_watch_is_refused_they_are_listed_at_the_interval(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    scene.grant(&namespaces(&["list"])).await;
    let interval = Duration::from_millis(700);
    let mut followed = Followed::on(&scene, interval, &["named"], Duration::from_secs(290)).await;
    assert!(followed.known().await.contains(&*scene.namespace));
    let name = scene.objects.namespace("come").await;
    followed.until(joined(&name)).await;
    remove(&scene, &name).await;
    let told = followed.until(left(&name)).await;
    assert!(!told.contains(&joined("named")), "{told:?}");
    let polls = || async { scene.sent().await.only(is_poll) };
    wait_until("it is listed again and again", SOON, || async { polls().await.len() >= 5 }).await;
    for pair in polls().await.windows(2) {
        let apart = pair[1].received.duration_since(pair[0].received);
        // The server's clock and the sleeper's differ by a hair.
        assert!(apart.as_millis() >= 650, "lists are {apart:?} apart");
    }
}

async fn where_nothing_is_permitted_those_that_rules_name_are_told_until_rights_come(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let interval = Duration::from_millis(300);
    let mut followed = Followed::on(&scene, interval, &["named", "other"], Duration::from_secs(290)).await;
    match followed.next().await {
        NamespaceEvent::Unreadable { reason } => assert!(reason.contains("list on namespaces"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(followed.known().await, BTreeSet::from(["named".into(), "other".into()]));
    // Rules change.
    followed.named.send_replace(BTreeSet::from(["named".into(), "third".into()]));
    assert_eq!(followed.next().await, left("other"));
    assert_eq!(followed.next().await, joined("third"));
    wait_until("it goes on asking", SOON, || async { scene.sent().await.only(is_poll).len() >= 3 }).await;
    assert!(followed.events.try_recv().is_err(), "what is told once is not told again");

    scene.grant(&namespaces(&["list", "watch"])).await;
    let before = followed.until(joined(&scene.namespace)).await;
    assert!(before.contains(&left("named")) && before.contains(&left("third")), "{before:?}");
    // It goes back to the watch, and lists no more.
    let quiet = || async {
        let polls = scene.sent().await.only(is_poll).len();
        tokio::time::sleep(Duration::from_secs(2)).await;
        scene.sent().await.only(is_poll).len() == polls
    };
    wait_until("the lists end", SOON, quiet).await;
    let name = scene.objects.namespace("come").await;
    followed.until(joined(&name)).await;
}

async fn rights_that_go_take_no_namespace_along(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let scene = Scene::without_rights(&cluster).await;
    let grant = Grant::to(&scene, "", &namespaces(&["list", "watch"])).await;
    // The server asks for rights only when a watch begins.
    let mut followed =
        Followed::on(&scene, Duration::from_millis(300), &["named"], Duration::from_secs(2)).await;
    let known = loop {
        match followed.next().await {
            NamespaceEvent::Known(known) if known.contains(&*scene.namespace) => break known,
            // The grant was not known yet.
            NamespaceEvent::Unreadable { .. } | NamespaceEvent::Known(_) | NamespaceEvent::Left(_) => {}
            NamespaceEvent::Joined(name) if *name == *scene.namespace => break BTreeSet::from([name]),
            NamespaceEvent::Joined(_) => {}
        }
    };
    assert!(known.contains(&*scene.namespace));
    grant.withdraw().await;
    let mut before = Vec::new();
    loop {
        match followed.next().await {
            NamespaceEvent::Unreadable { .. } => break,
            event => before.push(event),
        }
    }
    before.extend(followed.until(joined("named")).await);
    a_while().await;
    while let Ok(event) = followed.events.try_recv() {
        before.push(event);
    }
    assert!(!before.contains(&left(&scene.namespace)), "{before:?}");
}
