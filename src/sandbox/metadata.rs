//! `metadata`: what it must hold, what may not change, and names that are generated. In the words of a real server,
//! which says what is wrong with a changed custom resource up to three times; here it is said once.

pub(super) mod names;
mod owners;

use serde_json::Value;

use super::failure::Cause;
use super::kinds::Kind;

/// As Kubernetes' `validation.TotalAnnotationSizeLimitB`.
const LARGEST_ANNOTATIONS: usize = 256 << 10;
/// Finalizers that need no domain in front of them.
const STANDARD_FINALIZERS: &[&str] = &["kubernetes", "orphan", "foregroundDeletion"];

/// What is wrong with the metadata of a new object.
#[must_use]
pub fn check_new(kind: &Kind, metadata: &Value) -> Vec<Cause> {
    let mut causes = check_generate_name(kind, metadata);
    let name = metadata["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        let message = "Required value: name or generateName is required";
        causes.push(Cause::new("FieldValueRequired", "metadata.name", message));
    } else {
        causes.extend(names::wrong_name(kind, name).iter().map(|told| invalid("name", name, told)));
    }
    if let Some(generation) = metadata["generation"].as_i64().filter(|generation| *generation < 0) {
        let message = format!("Invalid value: {generation}: must be greater than or equal to 0");
        causes.push(Cause::new("FieldValueInvalid", "metadata.generation", message));
    }
    causes.extend(check_members(metadata));
    causes.extend(check_standard_finalizers(kind, metadata));
    causes
}

/// What is wrong with changed metadata.
#[must_use]
pub fn check_change(kind: &Kind, old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = if kind.is_custom() { Vec::new() } else { check_generate_name(kind, new) };
    causes.extend(check_members(new));
    causes.extend(check_new_finalizers(old, new));
    for member in ["name", "namespace", "uid", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        let (before, after) = (&old[member], &new[member]);
        // The server puts its own back without a word, as it does with the time of creation.
        let kept = after.is_null() || after == "" || (member == "deletionTimestamp" && !before.is_null());
        if !kept && before != after {
            let message = format!("Invalid value: {after}: field is immutable");
            causes.push(Cause::new("FieldValueInvalid", format!("metadata.{member}"), message));
        }
    }
    causes.extend(check_standard_finalizers(kind, new));
    causes
}

fn invalid(member: &str, value: &str, message: &str) -> Cause {
    let message = format!("Invalid value: {value:?}: {message}");
    Cause::new("FieldValueInvalid", format!("metadata.{member}"), message)
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn check_generate_name(kind: &Kind, metadata: &Value) -> Vec<Cause> {
    let base = metadata["generateName"].as_str().unwrap_or_default();
    // Something comes behind the dash.
    let told = match base.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => names::wrong_name(kind, &format!("{rest}a")),
        _ if base.is_empty() => Vec::new(),
        _ => names::wrong_name(kind, base),
    };
    told.iter().map(|told| invalid("generateName", base, told)).collect()
}

/// What is checked at first and whenever it changes.
fn check_members(metadata: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut check = |member: &str, value: &str, told: Vec<String>| {
        causes.extend(told.iter().map(|told| invalid(member, value, told)));
    };
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        check("labels", key, names::wrong_key(key));
        let value = value.as_str().unwrap_or_default();
        check("labels", value, names::wrong_label(value));
    }
    let mut size = 0;
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten() {
        check("annotations", key, names::wrong_key(&key.to_lowercase()));
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > LARGEST_ANNOTATIONS {
        let message = format!("Too long: may not be more than {LARGEST_ANNOTATIONS} bytes");
        causes.push(Cause::new("FieldValueTooLong", "metadata.annotations", message));
    }
    causes.extend(owners::check(metadata));
    let finalizers = texts(&metadata["finalizers"]);
    for &finalizer in &finalizers {
        let told = names::wrong_key(finalizer);
        causes.extend(told.iter().map(|told| invalid("finalizers", finalizer, told)));
    }
    if finalizers.contains(&"orphan") && finalizers.contains(&"foregroundDeletion") {
        let message = format!(
            "Invalid value: {}: finalizer orphan and foregroundDeletion cannot be both set",
            metadata["finalizers"]
        );
        causes.push(Cause::new("FieldValueInvalid", "metadata.finalizers", message));
    }
    causes
}

/// An object that is going away is held by no more finalizers than before.
fn check_new_finalizers(old: &Value, new: &Value) -> Option<Cause> {
    let known = texts(&old["finalizers"]);
    let mut added = texts(&new["finalizers"]);
    added.retain(|finalizer| !known.contains(finalizer));
    added.sort_unstable();
    added.dedup();
    if old["deletionTimestamp"].is_null() || added.is_empty() {
        return None;
    }
    let added = added.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let message = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \
         []string{{{added}}}"
    );
    Some(Cause::new("FieldValueForbidden", "metadata.finalizers", message))
}

/// Of Kubernetes' own kinds, a finalizer has a domain in front of it or is one of a few.
fn check_standard_finalizers(kind: &Kind, metadata: &Value) -> Vec<Cause> {
    if kind.is_custom() || kind.resource.group == "apiextensions.k8s.io" {
        return Vec::new();
    }
    let is_odd = |name: &str| !name.contains('/') && !STANDARD_FINALIZERS.contains(&name);
    let finalizers = texts(&metadata["finalizers"]).into_iter().enumerate();
    finalizers
        .filter(|(_, finalizer)| is_odd(finalizer))
        .map(|(at, finalizer)| {
            let told = "name is neither a standard finalizer name nor is it fully qualified";
            invalid(&format!("finalizers[{at}]"), finalizer, told)
        })
        .collect()
}

/// The base and five letters, as Kubernetes' `names.SimpleNameGenerator` has it.
pub fn generated_name(base: &str, mut random: impl FnMut() -> u32) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    const LONGEST_BASE: usize = 58;
    let mut name: String = base.chars().take(LONGEST_BASE).collect();
    for _ in 0..5 {
        let at = usize::try_from(random()).unwrap_or_default() % LETTERS.len();
        name.push(char::from(LETTERS[at]));
    }
    name
}

#[cfg(test)]
mod tests;
