//! What wildcards stand for, and what they are kept from.

use std::sync::Arc;

use k8s_healer::cluster::discovery::{Catalogue, discover};
use k8s_healer::cluster::resolve::Resolution;
use k8s_healer::cluster::resource::Resource;
use k8s_healer_engine::rule::WatchTarget;
use serde_json::{Value, json};

use crate::support::{Stage, on_both};
use crate::wire::{self, Sent, answering, resource, transport};

on_both!(a_wildcard_stands_for_every_kind_of_a_server_once,);

fn target(text: &str) -> WatchTarget {
    if let Some(excluded) = text.strip_prefix('!') {
        return WatchTarget::Except(Box::new(target(excluded)));
    }
    let (name, group) = match text.split_once('.') {
        Some((name, group)) => (name, Some(group.to_owned())),
        None => (text, None),
    };
    if name == "*" {
        WatchTarget::Every { group }
    } else {
        WatchTarget::Resource { name: name.to_owned(), group }
    }
}

/// Of a group, all of it with all verbs, and how each is stored.
fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let all = ["get", "list", "watch", "delete"];
    for (group, kind, plural, verbs, store) in [
        ("", "Pod", "pods", &all[..], Some("pod")),
        ("", "Event", "events", &all, Some("event")),
        ("", "Binding", "bindings", &["create"], None),
        ("", "ComponentStatus", "componentstatuses", &["get", "list"], None),
        ("", "Unasked", "unasked", &all, None),
        ("events.k8s.io", "Event", "events", &all, Some("event")),
        ("metrics.k8s.io", "PodMetrics", "pods", &["get", "list"], None),
        ("a.io", "Widget", "widgets", &all, Some("")),
        ("a.io", "Gadget", "gadgets", &all, Some("")),
        ("b.a.io", "Thing", "things", &all, Some("thing")),
    ] {
        let resource = resource(group, "v1", kind, plural, true);
        let resource = Resource { verbs: verbs.iter().map(ToString::to_string).collect(), ..resource };
        catalogue.stores.extend(store.map(|store| (resource.name(), store.to_owned())));
        catalogue.resources.push(Arc::new(resource));
    }
    catalogue
}

fn watched(targets: &[&str]) -> Vec<String> {
    let targets: Vec<WatchTarget> = targets.iter().map(|text| target(text)).collect();
    let shown = |(target, resolution): (&WatchTarget, Resolution)| match resolution {
        Resolution::Found(resource) => resource.name(),
        Resolution::Absent => format!("no {target}"),
        other => format!("{other:?}"),
    };
    catalogue().watched(&targets).into_iter().map(shown).collect()
}

#[test]
fn a_wildcard_stands_for_what_can_be_listed_watched_and_deleted_once() {
    for (targets, expected) in [
        (&["*"][..], &["pods", "events", "widgets.a.io", "gadgets.a.io", "things.b.a.io"][..]),
        (&["*.a.io"], &["widgets.a.io", "gadgets.a.io"]),
        (&["*.A.io"], &["widgets.a.io", "gadgets.a.io"]),
        (&["*.io"], &["no *.io"]),
        (&["*.metrics.k8s.io"], &["no *.metrics.k8s.io"]),
        (&["*.a.io", "*.a.io"], &["widgets.a.io", "gadgets.a.io"]),
        (&["*.a.io", "widgets.a.io"], &["widgets.a.io", "gadgets.a.io"]),
        // Under the name that the rule gives it.
        (&["*", "events.events.k8s.io", "!*.a.io"], &["events.events.k8s.io", "pods", "things.b.a.io"]),
        // What a rule names is watched as it says.
        (&["pods", "po"], &["pods", "no po"]),
    ] {
        assert_eq!(watched(targets), expected, "{targets:?}");
    }
}

#[test]
fn what_is_excluded_under_any_of_its_names_is_not_watched_under_another() {
    let others = ["pods", "widgets.a.io", "gadgets.a.io", "things.b.a.io"];
    for excluded in
        ["!events", "!event", "!events.events.k8s.io", "!events.events", "!events.v1.events.k8s.io"]
    {
        assert_eq!(watched(&["*", excluded]), others, "{excluded}");
        assert_eq!(watched(&[excluded, "*"]), others, "{excluded}");
    }
    assert_eq!(watched(&["*", "!*.a.io", "!things", "!events"]), ["pods"]);
    assert_eq!(watched(&["*.a.io", "!widgets", "!gadgets.a.io"]), ["no *.a.io"]);
    assert_eq!(watched(&["pods", "!pods"]), [""; 0]);
    assert_eq!(watched(&["pods", "!pods.metrics.k8s.io"]), ["pods"]);
}

#[test]
fn who_comes_to_a_kind_by_a_wildcard_does_not_name_it() {
    let catalogue = catalogue();
    let pods = resource("", "v1", "Pod", "pods", true);
    for (targets, named) in [(&["*"][..], false), (&["*", "pods"], true), (&["*", "!pods"], false)] {
        let targets: Vec<WatchTarget> = targets.iter().map(|text| target(text)).collect();
        assert_eq!(catalogue.is_named(&targets, &pods), named, "{targets:?}");
    }
}

fn server(sent: &Sent, healthy: bool) -> wire::Reply {
    let verbs = ["list", "watch", "delete"];
    let aggregated = |plural: &str| json!({"resource": plural, "responseKind": {"kind": "Event"}, "scope": "Namespaced", "verbs": verbs});
    let list = |groups: Value| wire::json(200, json!({"kind": "APIGroupDiscoveryList", "items": groups}));
    let group = |name: &str, plurals: &[&str]| {
        let resources: Vec<Value> = plurals.iter().map(|plural| aggregated(plural)).collect();
        json!({"metadata": {"name": name}, "versions": [{"version": "v1", "freshness": "Current", "resources": resources}]})
    };
    let stored = |plural: &str, hash: Value| json!({"name": plural, "kind": "Event", "verbs": verbs, "storageVersionHash": hash});
    match &*sent.path {
        "/api" => list(json!([group("", &["events", "pods"])])),
        "/apis" => list(json!([group("events.k8s.io", &["events"])])),
        "/api/v1" => {
            wire::json(200, json!({"resources": [stored("events", json!("e")), stored("pods", Value::Null)]}))
        }
        "/apis/events.k8s.io/v1" if healthy => {
            wire::json(200, json!({"resources": [stored("events", json!("e"))]}))
        }
        "/apis/events.k8s.io/v1" => wire::text(503, "no"),
        path => panic!("{path} is not asked"),
    }
}

#[tokio::test]
async fn how_kinds_are_stored_is_asked_of_each_group_once() {
    let (transport, record) = answering(|sent| server(sent, true));
    let first = discover(&transport).await.unwrap().with_stores(&transport, &Catalogue::default()).await;
    assert_eq!(record.lines()[2..], ["GET /api/v1", "GET /apis/events.k8s.io/v1"]);
    assert_eq!((first.stores["events"].as_str(), first.stores["events.events.k8s.io"].as_str()), ("e", "e"));
    assert_eq!(first.stores["pods"], "", "a server that does not tell");
    assert!(first.knows_stores() && first.failed.is_empty());
    let second = discover(&transport).await.unwrap().with_stores(&transport, &first).await;
    assert_eq!(second.stores, first.stores);
    assert_eq!(record.lines().len(), 6, "what is known is not asked again");
}

#[tokio::test]
async fn no_wildcard_stands_for_a_group_that_does_not_say_how_it_stores() {
    let (transport, _) = answering(|sent| server(sent, false));
    let catalogue = discover(&transport).await.unwrap().with_stores(&transport, &Catalogue::default()).await;
    assert!(!catalogue.knows_stores());
    assert_eq!(catalogue.failed[0].0, "events.k8s.io");
    let every = [target("*")];
    let watched: Vec<String> = catalogue
        .watched(&every)
        .into_iter()
        .filter_map(|(_, resolution)| match resolution {
            Resolution::Found(resource) => Some(resource.name()),
            _ => None,
        })
        .collect();
    assert_eq!(watched, ["events", "pods"]);
}

async fn a_wildcard_stands_for_every_kind_of_a_server_once(stage: Stage) {
    let Some(cluster) = stage.cluster().await else { return };
    let transport = transport(cluster.client().await);
    let catalogue = discover(&transport).await.unwrap().with_stores(&transport, &Catalogue::default()).await;
    assert!(catalogue.knows_stores());
    let every = [target("*")];
    let watched = catalogue.watched(&every);
    let names: Vec<String> = watched
        .iter()
        .map(|(_, resolution)| match resolution {
            Resolution::Found(resource) => resource.name(),
            other => panic!("{other:?}"),
        })
        .collect();
    let count = |name: &str| names.iter().filter(|known| *known == name).count();
    for name in
        ["pods", "events", "nodes", "namespaces", "secrets", "deployments.apps", "leases.coordination.k8s.io"]
    {
        assert_eq!(count(name), 1, "{name}");
    }
    assert_eq!(count("events.events.k8s.io"), 0, "the same events once more");
    assert_eq!(count("tokenreviews.authentication.k8s.io"), 0, "nothing to watch");
    if stage == Stage::Real {
        assert!(catalogue.resources.iter().any(|resource| resource.name() == "events.events.k8s.io"));
    }
}
