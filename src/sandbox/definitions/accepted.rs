//! Whether a definition gets the names that it asks for, and what its status says of that.

use serde_json::{Value, json};

use super::super::kinds::{Kind, Kinds};
use super::{kind_of, storage_versions, text, texts};

/// The annotation by which a definition may be of one of Kubernetes' own groups.
pub(super) const APPROVAL: &str = "api-approved.kubernetes.io";

/// Whether the group is Kubernetes' own.
pub(super) fn is_protected(group: &str) -> bool {
    let owned = |domain: &str| group == domain || group.ends_with(&format!(".{domain}"));
    owned("k8s.io") || owned("kubernetes.io")
}

/// Accepts the names that no other definition of the group has, and says so in the status; whether that changed.
/// A definition is established by all its names being accepted once, and stays so.
pub fn establish(definition: &mut Value, kinds: &Kinds, now: &str) -> bool {
    let kind = kind_of(definition);
    let before = definition["status"].clone();
    let old = before["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    let condition = |kind: &str, status: bool, reason: &str, message: &str| {
        let status = if status { "True" } else { "False" };
        let known = old.iter().find(|one| one["type"] == kind && one["status"] == status);
        let time = known.map_or_else(|| now.into(), |one| one["lastTransitionTime"].clone());
        json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": time})
    };
    let mut conditions = Vec::new();
    let approval = text(&definition["metadata"]["annotations"][APPROVAL]);
    if is_protected(&kind.resource.group) && approval.starts_with("http") {
        let message = format!("approved in {approval}");
        conditions.push(condition(
            "KubernetesAPIApprovalPolicyConformant",
            true,
            "ApprovedAnnotation",
            &message,
        ));
    }
    let names = &definition["spec"]["names"];
    let (accepted, clash) = accepted(names, &before["acceptedNames"], &kind, kinds);
    let was_established = old.iter().find(|one| one["type"] == "Established" && one["status"] == "True");
    conditions.push(match &clash {
        None => condition("NamesAccepted", true, "NoConflicts", "no conflicts found"),
        Some((reason, message)) => condition("NamesAccepted", false, reason, message),
    });
    conditions.push(match (was_established, &clash) {
        (Some(condition), _) => condition.clone(),
        (None, None) => {
            condition("Established", true, "InitialNamesAccepted", "the initial names have been accepted")
        }
        (None, Some(_)) => condition("Established", false, "NotAccepted", "not all names are accepted"),
    });
    definition["status"]["conditions"] = conditions.into();
    definition["status"]["acceptedNames"] = accepted;
    let mut stored = before["storedVersions"].as_array().cloned().unwrap_or_default();
    for version in storage_versions(definition) {
        if !stored.contains(&version) {
            stored.push(version);
        }
    }
    definition["status"]["storedVersions"] = stored.into();
    definition["status"] != before
}

/// The names that it may have, and why not all, if so: the last one counts.
fn accepted(
    names: &Value,
    had: &Value,
    kind: &Kind,
    kinds: &Kinds,
) -> (Value, Option<(&'static str, String)>) {
    let others = || {
        kinds
            .iter()
            .filter(|one| one.resource.group == kind.resource.group && one.definition != kind.definition)
    };
    let is_resource = |name: &str| {
        others().any(|one| {
            one.resource.plural == name
                || one.singular == name
                || one.short_names.iter().any(|short| short == name)
        })
    };
    let is_kind = |name: &str| others().any(|one| one.kind == name || one.list_kind == name);
    let mut accepted = json!({"plural": had["plural"].as_str().unwrap_or_default(), "kind": had["kind"].as_str().unwrap_or_default()});
    let mut clash = None;
    for (member, reason) in [
        ("plural", "PluralConflict"),
        ("singular", "SingularConflict"),
        ("shortNames", "ShortNamesConflict"),
        ("kind", "KindConflict"),
        ("listKind", "ListKindConflict"),
    ] {
        let asked = if member == "shortNames" { texts(&names[member]) } else { vec![text(&names[member])] };
        let is_taken = |name: &&String| {
            let taken =
                if member.to_lowercase().ends_with("kind") { is_kind(name) } else { is_resource(name) };
            taken && had[member] != **name && !texts(&had[member]).contains(name)
        };
        let taken: Vec<String> =
            asked.iter().filter(is_taken).map(|name| format!("{name:?} is already in use")).collect();
        match &taken[..] {
            [] if names[member].is_null() => {}
            [] => accepted[member] = names[member].clone(),
            [one] => clash = Some((reason, one.clone())),
            all => clash = Some((reason, format!("[{}]", all.join(", ")))),
        }
    }
    if !names["categories"].is_null() {
        accepted["categories"] = names["categories"].clone();
    }
    (accepted, clash)
}
