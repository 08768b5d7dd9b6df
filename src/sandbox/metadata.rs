//! `metadata`: what it must hold, what may not change, and names that are generated.

use serde_json::Value;

use super::failure::Cause;
use super::kinds::Kind;

/// As Kubernetes' `validation.TotalAnnotationSizeLimitB`.
const LARGEST_ANNOTATIONS: usize = 256 << 10;
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What is wrong with the metadata of a new object.
pub fn check_new(kind: &Kind, metadata: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let name = metadata["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        causes.push(Cause::new(
            "FieldValueRequired",
            "metadata.name",
            "Required value: name or generateName is required",
        ));
    } else if let Some(message) = wrong_name(kind, name) {
        let message = format!("Invalid value: {name:?}: {message}");
        causes.push(Cause::new("FieldValueInvalid", "metadata.name", message));
    }
    causes.extend(check_members(metadata));
    causes
}

/// What is wrong with changed metadata.
pub fn check_change(_: &Kind, old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for member in ["uid", "name", "namespace", "creationTimestamp", "deletionTimestamp"] {
        let (before, after) = (&old[member], &new[member]);
        let told = !after.is_null() && after != "";
        // The server puts its own creation time back without a word.
        if told && before != after && member != "creationTimestamp" {
            let message = format!("Invalid value: {after}: field is immutable");
            causes.push(Cause::new("FieldValueInvalid", format!("metadata.{member}"), message));
        }
    }
    if !old["deletionTimestamp"].is_null() {
        let known: Vec<&str> = texts(&old["finalizers"]);
        let added: Vec<&str> =
            texts(&new["finalizers"]).into_iter().filter(|finalizer| !known.contains(finalizer)).collect();
        if !added.is_empty() {
            let added = added.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
            let message = format!(
                "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \
                 []string{{{added}}}"
            );
            causes.push(Cause::new("FieldValueForbidden", "metadata.finalizers", message));
        }
    }
    causes.extend(check_members(new));
    causes
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn check_members(metadata: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut invalid = |field: &str, value: &str, message: &str| {
        let message = format!("Invalid value: {value:?}: {message}");
        causes.push(Cause::new("FieldValueInvalid", format!("metadata.{field}"), message));
    };
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        if !is_qualified(key) {
            invalid("labels", key, QUALIFIED);
        }
        let value = value.as_str().unwrap_or_default();
        if value.len() > LONGEST_LABEL {
            invalid("labels", value, "must be no more than 63 bytes");
        } else if !value.is_empty() && !is_name_part(value) {
            invalid("labels", value, VALUE);
        }
    }
    let mut size = 0;
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten() {
        if !is_qualified(&key.to_lowercase()) {
            invalid("annotations", key, QUALIFIED);
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > LARGEST_ANNOTATIONS {
        let message = format!("Too long: may not be more than {LARGEST_ANNOTATIONS} bytes");
        causes.push(Cause::new("FieldValueTooLong", "metadata.annotations", message));
    }
    for (at, finalizer) in texts(&metadata["finalizers"]).into_iter().enumerate() {
        if !is_qualified(finalizer) {
            let message = format!("Invalid value: {finalizer:?}: {QUALIFIED}");
            causes.push(Cause::new("FieldValueInvalid", format!("metadata.finalizers[{at}]"), message));
        }
    }
    causes.extend(check_owners(metadata));
    causes
}

fn check_owners(metadata: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let owners = metadata["ownerReferences"].as_array().map_or(&[][..], Vec::as_slice);
    for (at, owner) in owners.iter().enumerate() {
        for (member, message) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "kind must not be empty"),
            ("name", "name must not be empty"),
            ("uid", "uid must not be empty"),
        ] {
            if owner[member].as_str().unwrap_or_default().is_empty() {
                let message = format!("Invalid value: \"\": {message}");
                let field = format!("metadata.ownerReferences[{at}].{member}");
                causes.push(Cause::new("FieldValueInvalid", field, message));
            }
        }
    }
    let controllers: Vec<&Value> = owners.iter().filter(|owner| owner["controller"] == true).collect();
    if let [one, other, ..] = controllers[..] {
        let name = |owner: &Value| owner["name"].as_str().unwrap_or_default().to_owned();
        let message = format!(
            "Invalid value: {}: Only one reference can have Controller set to true. Found \"true\" in references \
             for {} and {}",
            metadata["ownerReferences"],
            name(one),
            name(other)
        );
        causes.push(Cause::new("FieldValueInvalid", "metadata.ownerReferences", message));
    }
    causes
}

fn wrong_name(kind: &Kind, name: &str) -> Option<String> {
    let group = kind.resource.group.as_str();
    if group == "rbac.authorization.k8s.io" {
        let wrong = [".", ".."].contains(&name) || name.contains('/') || name.contains('%');
        return wrong.then(|| "may not contain '/' or '%', and may not be '.' or '..'".to_owned());
    }
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = label.as_bytes();
        let ends = bytes.first().zip(bytes.last()).is_some_and(|(first, last)| plain(*first) && plain(*last));
        ends && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
    };
    if group.is_empty() && ["namespaces", "services"].contains(&&*kind.resource.plural) {
        return match () {
            () if !is_label(name) => Some(LABEL.to_owned()),
            () if name.len() > LONGEST_LABEL => Some("must be no more than 63 bytes".to_owned()),
            () => None,
        };
    }
    match () {
        () if name.len() > LONGEST_NAME => Some("must be no more than 253 bytes".to_owned()),
        () if !name.split('.').all(is_label) => Some(SUBDOMAIN.to_owned()),
        () => None,
    }
}

/// `example.com/name`, or `name`.
fn is_qualified(key: &str) -> bool {
    let (prefix, name) = key.rsplit_once('/').unwrap_or(("x", key));
    let is_prefix = !prefix.is_empty()
        && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte));
    is_prefix && name.len() <= LONGEST_LABEL && is_name_part(name)
}

fn is_name_part(name: &str) -> bool {
    let bytes = name.as_bytes();
    let ends = bytes
        .first()
        .zip(bytes.last())
        .is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric());
    ends && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
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
mod tests {
    use super::*;
    use crate::sandbox::kinds::{Kinds, Resource};
    use serde_json::json;

    fn kind(group: &str, plural: &str) -> std::sync::Arc<Kind> {
        Kinds::built_in().get(&Resource::new(group, plural)).unwrap().clone()
    }

    fn fields(causes: &[Cause]) -> Vec<&str> {
        causes.iter().map(|cause| cause.field.as_str()).collect()
    }

    #[test]
    fn names_are_checked_as_each_kind_has_it() {
        let pods = kind("", "pods");
        for (name, right) in [("a", true), ("a.b-c", true), ("A", false), ("-a", false), ("a..b", false)] {
            assert_eq!(check_new(&pods, &json!({"name": name})).is_empty(), right, "{name}");
        }
        assert!(!check_new(&kind("", "namespaces"), &json!({"name": "a.b"})).is_empty());
        assert!(check_new(&kind("rbac.authorization.k8s.io", "roles"), &json!({"name": "system:A"})).is_empty());
        assert_eq!(fields(&check_new(&pods, &json!({}))), ["metadata.name"]);
    }

    #[test]
    fn labels_finalizers_and_owners_are_checked() {
        let pods = kind("", "pods");
        let wrong = |metadata: Value| {
            let mut metadata = metadata;
            metadata["name"] = "a".into();
            fields(&check_new(&pods, &metadata)).join(" ")
        };
        assert_eq!(wrong(json!({"labels": {"a/b": "c.d", "e": ""}, "annotations": {"a.b/C": "anything"}})), "");
        assert_eq!(wrong(json!({"labels": {"a b": "c"}})), "metadata.labels");
        assert_eq!(wrong(json!({"labels": {"a": "c d"}})), "metadata.labels");
        assert_eq!(wrong(json!({"finalizers": ["a.b/c", "x y"]})), "metadata.finalizers[1]");
        let owner = json!({"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "1", "controller": true});
        assert_eq!(wrong(json!({"ownerReferences": [owner]})), "");
        assert_eq!(wrong(json!({"ownerReferences": [owner, owner]})), "metadata.ownerReferences");
        assert_eq!(wrong(json!({"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "a"}]})),
            "metadata.ownerReferences[0].uid");
    }

    #[test]
    fn what_ends_gets_no_new_finalizer_and_identity_does_not_change() {
        let pods = kind("", "pods");
        let old = json!({"name": "a", "uid": "1", "deletionTimestamp": "x", "finalizers": ["a/b"]});
        let mut new = old.clone();
        assert!(check_change(&pods, &old, &new).is_empty());
        new["finalizers"] = json!(["a/b", "a/c"]);
        new["uid"] = "2".into();
        assert_eq!(fields(&check_change(&pods, &old, &new)), ["metadata.uid", "metadata.finalizers"]);
    }

    #[test]
    fn a_generated_name_keeps_within_what_a_label_holds() {
        let name = generated_name(&"a".repeat(80), || 0);
        assert_eq!((name.len(), &name[57..]), (63, "abbbbb"));
    }
}
