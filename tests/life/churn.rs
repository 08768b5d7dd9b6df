//! Objects come, fall ill and are cured while the rules change again and again: each ill one is acted on once, no
//! other is touched.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::json;

use crate::healer::{Healer, rule};
use crate::support::scene::*;
use crate::support::{Stage, on_both, wait_until};

on_both!(through_ten_reloads_every_ill_object_is_acted_on_once_and_no_cured_one,);

const OBJECTS: usize = 240;
/// Requests of the test under way at once.
const AT_ONCE: usize = 6;

fn labelled(state: &str) -> serde_json::Value {
    json!({"metadata": {"labels": {"state": state}}})
}

async fn live(scene: &Scene, number: usize) {
    let name = format!("map-{number}");
    let create = async |state: &str| {
        let map = json!({"metadata": {"name": name, "labels": {"state": state}}});
        scene.create("configmaps", &map).await;
    };
    let turn = async |state: &str| {
        scene.objects.patch("configmaps", &scene.namespace, &name, &labelled(state)).await;
    };
    match number % 4 {
        0 => create("bad").await,
        1 => {
            create("good").await;
            turn("bad").await;
        }
        // Long before it is due.
        2 => {
            create("bad").await;
            turn("good").await;
        }
        // At once.
        _ => create("gone").await,
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
}

async fn through_ten_reloads_every_ill_object_is_acted_on_once_and_no_cured_one(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = |hours: usize| {
        let mark = rule("mark", "configmaps", "for: 3s\nactions: [ { label: { healed: \"yes\" } } ]");
        let remove = rule("remove", "configmaps", "actions: [ { delete: {} } ]");
        let other = format!(
            "- name: other\n  watch: configmaps\n  match: [ {{ age: {{ over: {hours}h }} }} ]\n  \
             actions: [ {{ delete: {{}} }} ]\n"
        );
        format!("{mark}{}{other}", remove.replace("state: bad", "state: gone"))
    };
    let mut healer = Healer::start(&scene, &rules(100), &[]).await;
    let living = stream::iter(0..OBJECTS).for_each_concurrent(AT_ONCE, |number| live(&scene, number));
    let reloading = async {
        for round in 1..=10 {
            healer.change(&rules(100 + round)).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::join!(living, reloading);
    let expected = OBJECTS / 4 * 3;
    let done = || async { scene.writes().await.len() >= expected };
    wait_until("all are acted on", 2 * SOON, done).await;
    a_while().await;
    let writes = scene.writes().await;
    let mut acted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for write in writes.iter() {
        acted.entry(&write.name).or_default().push(&write.verb);
    }
    for number in 0..OBJECTS {
        let name = format!("map-{number}");
        let expected: &[&str] = match number % 4 {
            0 | 1 => &["patch"],
            2 => &[],
            _ => &["delete"],
        };
        assert_eq!(acted.get(&*name).map_or(&[][..], Vec::as_slice), expected, "{name}");
    }
}
