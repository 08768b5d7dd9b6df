//! Many objects that fall due at once are read by one list, through a projection: protections must see
//! there what they see in a whole object.

use std::collections::BTreeSet;

use k8s_healer_engine::rule::Mode;
use serde_json::{Value, json};

use crate::world::World;

const RULE: &str =
    "- name: failed\n  watch: pods\n  match: [ { phase: Failed } ]\n  actions: [ { delete: {} } ]\n";

#[tokio::test(start_paused = true)]
async fn in_a_crowd_every_protection_holds() {
    let daemon_set =
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "uid": "d", "controller": true});
    let protected: [(&str, Value); 7] = [
        ("labelled", json!({"metadata": {"labels": {"k8s-healer.io/protect": "false"}}})),
        ("annotated", json!({"metadata": {"annotations": {"k8s-healer.io/protect": ""}}})),
        ("kept", json!({"metadata": {"annotations": {"k8s-healer.io/keep-until": "2027-01-01T00:00:00Z"}}})),
        ("kept-somehow", json!({"metadata": {"annotations": {"k8s-healer.io/keep-until": "tomorrow"}}})),
        ("mirror", json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}})),
        ("critical", json!({"spec": {"priority": 1_000_000_000}})),
        ("of-a-daemon-set", json!({"metadata": {"ownerReferences": [daemon_set]}})),
    ];
    let world = World::good();
    protected.iter().for_each(|(name, members)| world.put(name, members));
    (0..100).for_each(|index| world.put(&format!("pod-{index}"), &json!({})));
    world.heal(Mode::Enforce, RULE, 600).await;
    let lists =
        world.sent().iter().filter(|sent| sent.path.starts_with("/api/v1/namespaces/test-a/pods?")).count();
    assert!((1..=10).contains(&lists), "read by {lists} lists");
    let deleted: BTreeSet<String> =
        world.writes().iter().map(|write| write.path.rsplit('/').next().unwrap().to_owned()).collect();
    let expected: BTreeSet<String> = (0..100).map(|index| format!("pod-{index}")).collect();
    assert_eq!(deleted, expected);
    assert_eq!(world.writes().len(), 100, "each once");
}
