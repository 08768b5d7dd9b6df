//! Many objects that come and go: each one that the rule names is acted on, once, and no other.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use http::Method;
use serde_json::json;

use crate::support::scene::*;
use crate::support::{Stage, on_both, shapes, wait_until};

on_both!(of_5000_objects_that_come_and_go_none_that_is_ill_is_missed_and_no_other_is_touched,);

/// How many requests of the test are under way at once.
const AT_ONCE: usize = 32;

const OBJECTS: usize = 5000;

fn is_ill(number: usize) -> bool {
    number % 40 == 7
}

/// A third are ill from the start, a third fall ill, a third are ill and are gone again at once.
async fn live(scene: &Scene, number: usize) {
    let name = format!("map-{number}");
    let state = if is_ill(number) && number % 3 != 1 { "bad" } else { "good" };
    let map = json!({"metadata": {"name": name, "labels": {"state": state}}});
    scene.create("configmaps", &map).await;
    if is_ill(number) && number % 3 == 1 {
        let ill = json!({"metadata": {"labels": {"state": "bad"}}});
        scene.objects.patch("configmaps", &scene.namespace, &name, &ill).await;
    }
    // One in five is gone while the others still come.
    if !is_ill(number) && number.is_multiple_of(5) {
        scene.objects.delete("configmaps", &scene.namespace, &name).await;
    }
}

async fn of_5000_objects_that_come_and_go_none_that_is_ill_is_missed_and_no_other_is_touched(stage: Stage) {
    let Some(scene) = stage.scene().await else { return };
    let rules = format!(
        "{}
- name: old
  watch: configmaps
  match: [ {{ age: {{ over: 1h }} }} ]
  actions: [ {{ delete: {{}} }} ]
",
        bad_rule("actions: [ { label: { healed: \"yes\" } } ]")
    );
    // Half are there when it starts.
    stream::iter(0..OBJECTS / 2).for_each_concurrent(AT_ONCE, |number| live(&scene, number)).await;
    let daemon = scene.daemon(&rules, &[]).await;
    stream::iter(OBJECTS / 2..OBJECTS).for_each_concurrent(AT_ONCE, |number| live(&scene, number)).await;

    let expected: BTreeSet<String> =
        (0..OBJECTS).filter(|number| is_ill(*number)).map(|number| format!("map-{number}")).collect();
    let all_healed = || async { scene.writes().await.len() >= expected.len() };
    wait_until("all are healed", 2 * SOON, all_healed).await;
    a_while().await;
    let writes = scene.writes().await;
    let acted: BTreeSet<String> = writes.iter().map(|write| write.name.clone()).collect();
    let (missed, invented) = (expected.difference(&acted), acted.difference(&expected));
    assert_eq!((missed.count(), invented.count()), (0, 0));
    assert_eq!(writes.len(), expected.len(), "each once");
    assert!(writes.iter().all(|write| write.code == 200), "{:?}", writes.summary());

    let all = shapes::path("configmaps", &scene.namespace, "");
    assert_eq!(scene.objects.send(Method::DELETE, &all, None).await.0, 200);
    a_while().await;
    assert!(scene.objects.list("configmaps", &scene.namespace).await.is_empty());
    assert_eq!(scene.writes().await.len(), expected.len(), "nothing is done to what is gone");
    let reads = scene.sent().await.verb("get").of("configmaps").len();
    assert!(reads <= expected.len() + 10, "{reads} reads: only what is due is read");
    assert_eq!(daemon.terminate().status.code(), Some(0));
}
