//! What goes with what: owners and dependents, namespaces and what is in them.

use serde_json::{Value, json};

use super::super::fields::text;
use super::{POD, Stage, condition, pod};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str, owners: &[(&Value, bool)]) -> Value {
    let owner = |(owner, blocks): &(&Value, bool)| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"], "blockOwnerDeletion": blocks,
        })
    };
    let owners: Vec<Value> = owners.iter().map(owner).collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": owners}})
}

fn names(stage: &Stage) -> Vec<String> {
    stage.list(MAPS).iter().map(|map| text(map, "/metadata/name").to_owned()).collect()
}

#[test]
fn what_has_lost_all_its_owners_goes() {
    let mut stage = Stage::ready(0);
    let (a, b) = (stage.create(MAPS, map("a", &[])), stage.create(MAPS, map("b", &[])));
    stage.create(MAPS, map("of-a", &[(&a, false)]));
    let middle = stage.create(MAPS, map("of-both", &[(&a, false), (&b, false)]));
    stage.create(MAPS, map("of-both-of", &[(&middle, false)]));
    stage.settle();
    assert_eq!(names(&stage).len(), 5);
    stage.delete(&format!("{MAPS}/a"), json!({}));
    stage.settle();
    assert_eq!(names(&stage), ["b", "of-both", "of-both-of"]);
    // Another of the same name is another.
    stage.delete(&format!("{MAPS}/b"), json!({}));
    stage.create(MAPS, map("b", &[]));
    stage.settle();
    assert_eq!(names(&stage), ["b"]);
}

#[test]
fn an_owner_that_nobody_ever_saw_is_gone_and_one_of_an_unknown_kind_is_unknown() {
    let mut stage = Stage::ready(0);
    let nobody = json!({"metadata": {"name": "nobody", "uid": "1"}});
    stage.create(MAPS, map("lost", &[(&nobody, true)]));
    let mut strange = map("strange", &[(&nobody, true)]);
    strange["metadata"]["ownerReferences"][0]["kind"] = "Strange".into();
    strange["metadata"]["ownerReferences"][0]["apiVersion"] = "example.com/v1".into();
    stage.create(MAPS, strange);
    stage.settle();
    assert_eq!(names(&stage), ["strange"]);
}

#[test]
fn in_the_foreground_what_blocks_goes_first() {
    let mut stage = Stage::ready(1);
    let owner = stage.create(MAPS, map("owner", &[]));
    let mut blocking = map("blocking", &[(&owner, true)]);
    blocking["metadata"]["finalizers"] = json!(["example.com/mine"]);
    stage.create(MAPS, blocking);
    stage.create(MAPS, map("other", &[(&owner, false)]));
    stage.settle();
    stage.delete(&format!("{MAPS}/owner"), json!({"propagationPolicy": "Foreground"}));
    stage.settle();
    assert_eq!(names(&stage), ["blocking", "owner"]);
    assert_eq!(stage.get(&format!("{MAPS}/owner"))["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    stage.patch(&format!("{MAPS}/blocking"), json!({"metadata": {"finalizers": null}}));
    stage.settle();
    assert_eq!(names(&stage), Vec::<String>::new());
}

#[test]
fn orphans_stay_without_the_owner() {
    let mut stage = Stage::ready(0);
    let owner = stage.create(MAPS, map("owner", &[]));
    stage.create(MAPS, map("orphan", &[(&owner, true)]));
    stage.settle();
    stage.delete(&format!("{MAPS}/owner"), json!({"propagationPolicy": "Orphan"}));
    stage.settle();
    assert_eq!(names(&stage), ["orphan"]);
    assert_eq!(stage.get(&format!("{MAPS}/orphan"))["metadata"]["ownerReferences"], Value::Null);
}

#[test]
fn a_namespace_ends_with_all_that_is_in_it() {
    let mut stage = Stage::ready(1);
    stage.create("/api/v1/namespaces", json!({"metadata": {"name": "a"}}));
    let mut held = pod("held", "");
    held["metadata"]["finalizers"] = json!(["example.com/mine"]);
    stage.create("/api/v1/namespaces/a/pods", held);
    stage.create("/api/v1/namespaces/a/configmaps", json!({"metadata": {"name": "one"}}));
    stage.create("/apis/kubevirt.io/v1/namespaces/a/virtualmachines", super::machines::machine("vm", ""));
    stage.pass(2);
    stage.delete("/api/v1/namespaces/a", json!({}));
    stage.pass(5);
    let namespace = stage.get("/api/v1/namespaces/a");
    assert_eq!(namespace["status"]["phase"], "Terminating");
    assert_eq!(
        condition(&namespace, "NamespaceFinalizersRemaining")["message"],
        "Some content in the namespace has finalizers remaining: example.com/mine in 1 resource instances"
    );
    assert_eq!(
        condition(&namespace, "NamespaceContentRemaining")["message"],
        "Some resources are remaining: pods. has 1 resource instances"
    );
    stage.patch("/api/v1/namespaces/a/pods/held", json!({"metadata": {"finalizers": null}}));
    stage.pass(2);
    assert!(!stage.exists("/api/v1/namespaces/a"));
    assert!(stage.exists(&POD.replace("/pods", "/serviceaccounts/default")), "others are not touched");
}
