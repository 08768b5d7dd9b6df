//! `metadata.ownerReferences`.

use serde_json::Value;

use super::super::failure::Cause;

/// The members of a reference, in the order in which a real server shows them.
const MEMBERS: [&str; 6] = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];

/// What is wrong with them.
pub(super) fn check(metadata: &Value) -> Vec<Cause> {
    let owners = metadata["ownerReferences"].as_array().map_or(&[][..], Vec::as_slice);
    let mut causes: Vec<Cause> = owners
        .iter()
        .enumerate()
        .flat_map(|(at, owner)| check_one(owner, &format!("metadata.ownerReferences[{at}]")))
        .collect();
    let controllers: Vec<&Value> = owners.iter().filter(|owner| owner["controller"] == true).collect();
    if let [one, other, ..] = controllers[..] {
        let shown: Vec<String> = owners.iter().map(shown).collect();
        let named = |owner: &Value| format!("{}/{}", text(owner, "kind"), text(owner, "name"));
        let message = format!(
            "Invalid value: [{}]: Only one reference can have Controller set to true. Found \"true\" in references \
             for {} and {}",
            shown.join(","),
            named(one),
            named(other)
        );
        causes.push(Cause::new("FieldValueInvalid", "metadata.ownerReferences", message));
    }
    causes
}

fn check_one(owner: &Value, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    let version = text(owner, "apiVersion");
    if version.matches('/').count() > 1 {
        let message = format!("Invalid value: {version:?}: must be <group>/<version> or <version>");
        causes.push(Cause::new("FieldValueInvalid", format!("{path}.apiVersion"), message));
    }
    for member in &MEMBERS[..4] {
        if text(owner, member).is_empty() {
            let message = "Required value: must not be empty";
            causes.push(Cause::new("FieldValueRequired", format!("{path}.{member}"), message));
        }
    }
    if version == "v1" && text(owner, "kind") == "Event" {
        let message =
            format!("Invalid value: {}: /v1, Kind=Event is disallowed from being an owner", shown(owner));
        causes.push(Cause::new("FieldValueInvalid", path, message));
    }
    causes
}

fn text<'a>(owner: &'a Value, member: &str) -> &'a str {
    owner[member].as_str().unwrap_or_default()
}

fn shown(owner: &Value) -> String {
    let told = MEMBERS.iter().filter(|member| !owner[**member].is_null());
    let told: Vec<String> = told.map(|member| format!("{member:?}:{}", owner[*member])).collect();
    format!("{{{}}}", told.join(","))
}
