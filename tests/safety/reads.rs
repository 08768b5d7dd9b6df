//! What cannot be read is not acted on, is not asked for in a loop, and does not hold up the rest.

use k8s_healer_engine::rule::Mode;
use serde_json::{Value, json};

use crate::answers::refusal;
use crate::world::World;

const NAMESPACE: &str = "/api/v1/namespaces/test-a";
const RULE: &str =
    "- name: failed\n  watch: pods\n  match: [ { phase: Failed } ]\n  actions: [ { delete: {} } ]\n";

#[tokio::test(start_paused = true)]
async fn where_the_namespace_cannot_be_read_nothing_is_written_and_reads_grow_rare() {
    for (status, body) in
        [(403, "Forbidden"), (404, "NotFound"), (401, "Unauthorized"), (500, "InternalError"), (200, "")]
    {
        let world = World::answering(move |_, sent| async move {
            let empty = (200, Value::Object(serde_json::Map::new()));
            sent.reads(NAMESPACE).then(|| if status == 200 { empty } else { refusal(status, body, "test-a") })
        });
        world.put("web", &json!({}));
        world.heal(Mode::Enforce, RULE, 3600).await;
        let asked = world.sent().iter().filter(|sent| sent.reads(NAMESPACE)).count();
        assert!((2..=30).contains(&asked), "{status}: asked {asked} times an hour");
        assert_eq!(world.writes().len(), 0, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ancestor_that_cannot_be_read_holds_back() {
    for (api_version, kind) in [("apps/v1", "ReplicaSet"), ("v1", "Pod")] {
        let world = World::answering(|_, sent| async move {
            sent.path.ends_with("/pods/owner").then(|| refusal(403, "Forbidden", "owner"))
        });
        let owner =
            json!({"apiVersion": api_version, "kind": kind, "name": "owner", "uid": "o", "controller": true});
        world.put("web", &json!({"metadata": {"ownerReferences": [owner]}}));
        world.heal(Mode::Enforce, RULE, 3600).await;
        assert_eq!(world.writes().len(), 0, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_is_not_asked_for_in_a_loop_and_others_are_healed() {
    let broken = "/api/v1/namespaces/test-a/pods/broken";
    for answer in [
        refusal(500, "InternalError", "broken"),
        (200, json!([1])),
        (200, json!({"kind": "Pod"})),
        refusal(404, "NotFound", ""),
    ] {
        let world = World::answering(move |_, sent| {
            let answer = answer.clone();
            async move { sent.reads(broken).then_some(answer) }
        });
        world.put("broken", &json!({}));
        world.put("web", &json!({}));
        world.heal(Mode::Enforce, RULE, 3600).await;
        let asked = world.sent().iter().filter(|sent| sent.reads(broken)).count();
        assert!((2..=3600 / 5 + 1).contains(&asked), "asked {asked} times an hour");
        let writes = world.writes();
        assert_eq!(writes.len(), 1, "{writes:#?}");
        assert!(writes[0].path.ends_with("/pods/web") && writes[0].at < 5.0, "{writes:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_refused_each_time_grows_rare_and_starves_no_other_rule() {
    let world = World::answering(|_, sent| async move {
        (sent.method == "DELETE").then(|| refusal(403, "Forbidden", "web"))
    });
    world.put("web", &json!({}));
    let label =
        "- name: label\n  watch: pods\n  match: [ { phase: Failed } ]\n  actions: [ { label: { a: b } } ]\n";
    world.heal(Mode::Enforce, &format!("{RULE}{label}"), 3600).await;
    let writes = world.writes();
    let deletes = writes.iter().filter(|write| write.method == "DELETE").count();
    assert!((3..=70).contains(&deletes), "{deletes} an hour");
    let labels: Vec<_> = writes.iter().filter(|write| write.method == "PATCH").collect();
    assert!(labels.len() == 1 && labels[0].at < 5.0, "{labels:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_protected_object_that_does_not_change_is_looked_at_once() {
    let world = World::good();
    world.put("web", &json!({"metadata": {"annotations": {"k8s-healer.io/protect": ""}}}));
    world.put(
        "kept",
        &json!({"metadata": {"annotations": {"k8s-healer.io/keep-until": "2026-01-01T12:30:00Z"}}}),
    );
    world.heal(Mode::Enforce, RULE, 3600).await;
    let reads = |name: &str| {
        let path = format!("{NAMESPACE}/pods/{name}");
        world.sent().iter().filter(|sent| sent.reads(&path)).count()
    };
    assert_eq!(reads("web"), 1);
    assert_eq!(reads("kept"), 2, "and when its time is over");
    let writes = world.writes();
    assert!(writes.len() == 1 && writes[0].path.ends_with("/kept"), "{writes:#?}");
    assert!(writes[0].at >= 1800.0 && writes[0].at < 1802.0, "{writes:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_up_is_unknown_to_the_rule_that_asks_for_it_and_to_no_other() {
    let missing = "- name: orphan\n  watch: pods\n  match: [ { owner: { missing: true } } ]\n  actions: [ { delete: {} } ]\n";
    let label = "- name: label\n  watch: pods\n  match: [ { phase: Failed } ]\n  for: 1m\n  actions: [ { label: { a: b } } ]\n";
    let owner = json!({"apiVersion": "v1", "kind": "Pod", "name": "owner", "uid": "o"});
    for broken in [true, false] {
        let world = World::answering(move |_, sent| async move {
            let asks_the_owner =
                sent.path.split('?').next().is_some_and(|path| path.ends_with("/pods/owner"));
            (broken && asks_the_owner).then(|| refusal(500, "InternalError", "owner"))
        });
        world.put("web", &json!({"metadata": {"ownerReferences": [owner.clone()]}}));
        world.heal(Mode::Enforce, &format!("{missing}{label}"), 600).await;
        let asked = world.sent().iter().any(|sent| sent.path.contains("/pods/owner"));
        assert!(asked, "it is looked up");
        let writes = world.writes();
        let of = |method: &str| writes.iter().filter(|write| write.method == method).count();
        if broken {
            assert_eq!((of("PATCH"), of("DELETE")), (1, 0), "{writes:#?}");
            // By then it is known that the owner's kind is followed, and the owner is asked for live.
            assert!(writes[0].at < 75.0, "{writes:#?}");
        } else {
            assert_eq!(of("DELETE"), 1, "the owner is missing: {writes:#?}");
        }
    }
}
