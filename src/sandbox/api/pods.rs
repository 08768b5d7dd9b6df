//! What is particular about changes of pods: most of what a pod should be is said once and for all.

use serde_json::{Value, json};

use super::super::failure::Cause;
use super::admission;

const FORBIDDEN: &str = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,\
                         `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only \
                         additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to \
                         be set to 1 if it was previously negative)";

/// What is wrong with a change of a pod's spec.
pub(super) fn check_change(old: &Value, new: &Value) -> Vec<Cause> {
    let [old, mut new] = [old, new].map(|pod| {
        let mut pod = json!({"spec": pod["spec"]});
        admission::default_pod(&mut pod);
        pod["spec"].take()
    });
    for list in ["containers", "initContainers"] {
        let known = old[list].as_array().map_or(&[][..], Vec::as_slice);
        let Some(asked) = new.get_mut(list).and_then(Value::as_array_mut) else { continue };
        if asked.len() != known.len() {
            let message = "Forbidden: pod updates may not add or remove containers";
            return vec![Cause::new("FieldValueForbidden", format!("spec.{list}"), message)];
        }
        for (asked, known) in asked.iter_mut().zip(known) {
            asked["image"] = known["image"].clone();
        }
    }
    let asked = new["tolerations"].as_array().map_or(&[][..], Vec::as_slice);
    let known = old["tolerations"].as_array().map_or(&[][..], Vec::as_slice);
    if known.iter().all(|toleration| asked.contains(toleration)) {
        restore(&old, &mut new, "tolerations");
    }
    if old["terminationGracePeriodSeconds"].as_i64().is_some_and(|grace| grace < 0)
        && new["terminationGracePeriodSeconds"] == 1
    {
        restore(&old, &mut new, "terminationGracePeriodSeconds");
    }
    restore(&old, &mut new, "activeDeadlineSeconds");
    if new == old {
        return Vec::new();
    }
    vec![Cause::new("FieldValueForbidden", "spec", FORBIDDEN)]
}

fn restore(old: &Value, new: &mut Value, member: &str) {
    let Some(spec) = new.as_object_mut() else { return };
    match old.get(member) {
        Some(known) => drop(spec.insert(member.to_owned(), known.clone())),
        None => drop(spec.remove(member)),
    }
}

/// Puts a condition in the place of the one of its type; false: it says so already.
pub(super) fn set_condition(object: &mut Value, mut condition: Value, now: &str) -> bool {
    condition["lastTransitionTime"] = now.into();
    if !object["status"]["conditions"].is_array() {
        object["status"]["conditions"] = json!([]);
    }
    let Some(all) = object["status"]["conditions"].as_array_mut() else { return false };
    let Some(known) = all.iter_mut().find(|known| known["type"] == condition["type"]) else {
        all.push(condition);
        return true;
    };
    if known["status"] == condition["status"] {
        condition["lastTransitionTime"] = known["lastTransitionTime"].clone();
    }
    let differs = *known != condition;
    *known = condition;
    differs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_deadlines_and_further_tolerations_change_and_nothing_else_does() {
        let old = json!({"spec": {
            "nodeName": "n", "containers": [{"name": "a", "image": "x"}], "tolerations": [{"key": "a"}],
        }});
        for (pointer, value, is_refused) in [
            ("/spec/containers/0/image", json!("y"), false),
            ("/spec/tolerations", json!([{"key": "b"}, {"key": "a"}]), false),
            ("/spec/tolerations", json!([{"key": "b"}]), true),
            ("/spec/nodeName", json!("m"), true),
            ("/spec/containers/0/name", json!("b"), true),
            ("/spec/containers", json!([]), true),
        ] {
            let mut new = old.clone();
            *new.pointer_mut(pointer).unwrap() = value;
            assert_eq!(check_change(&old, &new).len(), usize::from(is_refused), "{pointer}");
        }
        let mut new = old.clone();
        new["spec"]["activeDeadlineSeconds"] = 5.into();
        assert_eq!(check_change(&old, &new), []);
    }
}
