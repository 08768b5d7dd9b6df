//! One object as the engine sees it: the part of its JSON that the rules read, with accessors for the
//! metadata that matchers, protections and preconditions share. Go leaves zeros and empty lists out
//! of what it sends, so absence of a mark is knowledge, absence of a field is not.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::values::parse_time;

/// The projected (or whole) JSON of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    object: Value,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerReference<'a> {
    /// `apps/v1`, or `v1` for the core group.
    pub api_version: &'a str,
    /// `ReplicaSet`.
    pub kind: &'a str,
    /// The owner's name, in the object's namespace or cluster-scoped.
    pub name: &'a str,
    /// The owner's uid.
    pub uid: &'a str,
    /// Whether it is the managing controller; at most one owner is.
    pub controller: bool,
}

impl Observation {
    /// Takes the JSON of an object, whole or projected.
    #[must_use]
    pub fn new(object: Value) -> Self {
        Self { object }
    }

    /// The JSON.
    #[must_use]
    pub fn object(&self) -> &Value {
        &self.object
    }

    /// The JSON alone.
    #[must_use]
    pub fn into_object(self) -> Value {
        self.object
    }

    /// `metadata.namespace`; `None` for cluster-scoped objects.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.text("namespace").filter(|namespace| !namespace.is_empty())
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// `metadata.uid`.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.text("uid").unwrap_or_default()
    }

    /// `metadata.resourceVersion`.
    #[must_use]
    pub fn resource_version(&self) -> &str {
        self.text("resourceVersion").unwrap_or_default()
    }

    /// `metadata.creationTimestamp`, one-second grain; `None`: missing or unreadable.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        self.text("creationTimestamp").and_then(|text| parse_time(text, &[]))
    }

    /// Whether its deletion was asked for (`metadata.deletionTimestamp` is set).
    #[must_use]
    pub fn is_terminating(&self) -> bool {
        self.metadata()
            .is_some_and(|metadata| metadata.get("deletionTimestamp").is_some_and(|v| !v.is_null()))
    }

    /// When its deletion was asked for: deletionTimestamp − deletionGracePeriodSeconds, since the API
    /// server writes the *end* of the grace. Where the grace was cut to 0 it is that last request.
    #[must_use]
    pub fn deletion_asked(&self) -> Option<Timestamp> {
        let deadline = self.text("deletionTimestamp").and_then(|text| parse_time(text, &[]))?;
        let grace = self.metadata()?.get("deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0);
        deadline.checked_sub(jiff::SignedDuration::from_secs(grace.max(0))).ok()
    }

    /// One label's value.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.entry("labels", key)
    }

    /// One annotation's value.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.entry("annotations", key)
    }

    /// `metadata.finalizers`, in order.
    #[must_use]
    pub fn finalizers(&self) -> Vec<&str> {
        self.list("finalizers").iter().filter_map(Value::as_str).collect()
    }

    /// Whether finalizers keep it once its deletion was asked for, where it is one of these `resource`s: a Namespace
    /// has some in its spec, on every cluster `kubernetes`, which its controller takes away once nothing is left in it.
    #[must_use]
    pub fn is_held(&self, resource: &str) -> bool {
        let of_spec = || self.object.pointer("/spec/finalizers").and_then(Value::as_array);
        !self.finalizers().is_empty()
            || (resource == "namespaces" && of_spec().is_some_and(|finalizers| !finalizers.is_empty()))
    }

    /// `metadata.ownerReferences`, in order.
    #[must_use]
    pub fn owners(&self) -> Vec<OwnerReference<'_>> {
        self.list("ownerReferences").iter().map(owner_reference).collect()
    }

    /// The managing controller, if it has one.
    #[must_use]
    pub fn controller(&self) -> Option<OwnerReference<'_>> {
        self.owners().into_iter().find(|owner| owner.controller)
    }

    fn metadata(&self) -> Option<&Map<String, Value>> {
        self.object.get("metadata").and_then(Value::as_object)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.metadata()?.get(key)?.as_str()
    }

    fn entry(&self, map: &str, key: &str) -> Option<&str> {
        self.metadata()?.get(map)?.get(key)?.as_str()
    }

    fn list(&self, key: &str) -> &[Value] {
        self.metadata()
            .and_then(|metadata| metadata.get(key))
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

fn owner_reference(owner: &Value) -> OwnerReference<'_> {
    let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
    OwnerReference {
        api_version: text("apiVersion"),
        kind: text("kind"),
        name: text("name"),
        uid: text("uid"),
        controller: owner.get("controller").and_then(Value::as_bool).unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_grace_is_taken_off_the_deletion_timestamp() {
        let object = Observation::new(json!({"metadata": {
            "deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30 }}));
        assert_eq!(object.deletion_asked(), "2026-01-01T00:00:00Z".parse().ok());
    }

    #[test]
    fn finalizers_hold_and_those_of_the_spec_hold_a_namespace_alone() {
        let of = |finalizers: Value, spec: Value| {
            Observation::new(json!({"metadata": {"finalizers": finalizers}, "spec": {"finalizers": spec}}))
        };
        let plain = of(json!(["a.io/b"]), json!(null));
        assert!(plain.is_held("pods") && plain.is_held("namespaces"));
        let of_spec = of(json!([]), json!(["kubernetes"]));
        assert!(!of_spec.is_held("pods") && of_spec.is_held("namespaces"));
        for spec in [json!([]), json!(null), json!("kubernetes")] {
            assert!(!of(json!(null), spec).is_held("namespaces"));
        }
    }

    #[test]
    fn odd_metadata_is_read_as_absent_and_never_panics() {
        for metadata in [
            json!(null),
            json!([]),
            json!({"labels": [1], "ownerReferences": {"a": 1}, "finalizers": "x", "deletionTimestamp": 7}),
        ] {
            let object = Observation::new(json!({ "metadata": metadata }));
            assert_eq!((object.label("a"), object.finalizers(), object.owners()), (None, vec![], vec![]));
            assert_eq!((object.deletion_asked(), object.created(), object.name()), (None, None, ""));
        }
    }
}
