//! One state of one object: its JSON, as it goes out to readers and watches, parsed again where somebody
//! looks into it. Kept as bytes it costs what it weighs, and a list is little more than copying.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::synthetic::Template;

/// A state that never changes.
#[derive(Clone, Debug)]
pub struct Object {
    body: Body,
    revision: u64,
}

#[derive(Clone, Debug)]
enum Body {
    /// With the length of what says which kind it is: lists leave that out, without a look at the rest.
    Json(Bytes, usize),
    /// Made whenever somebody looks.
    Synthetic(Arc<Template>, u32),
}

#[derive(Deserialize)]
struct Outline {
    metadata: Metadata,
}

#[derive(Deserialize, Serialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: Value,
}

impl Object {
    /// With this version as its `metadata.resourceVersion`.
    #[must_use]
    pub fn new(mut value: Value, revision: u64) -> Self {
        value["metadata"]["resourceVersion"] = revision.to_string().into();
        let head = head(&value);
        let length = head.len();
        Self { body: Body::Json(Bytes::from(head + &rest(&mut value)), length), revision }
    }

    /// The object of this number, which is never kept but always made.
    #[must_use]
    pub fn synthetic(template: Arc<Template>, number: u32, revision: u64) -> Self {
        Self { body: Body::Synthetic(template, number), revision }
    }

    /// Its version.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// As it goes out, in the version it was stored in.
    pub fn json(&self) -> Bytes {
        match &self.body {
            Body::Json(json, _) => json.clone(),
            Body::Synthetic(template, number) => template.make(*number, self.revision).into(),
        }
    }

    /// As it goes out in a list whose items do not say what they are: what follows the opening brace.
    pub fn members(&self) -> Bytes {
        match &self.body {
            Body::Json(json, head) => json.slice(*head..),
            Body::Synthetic(template, number) => {
                Bytes::from(template.make(*number, self.revision)).slice(template.head()..)
            }
        }
    }

    /// To be looked into.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.json()).unwrap_or_default()
    }

    /// What most selectors look at, alone: the rest is skipped, which costs a fraction.
    #[must_use]
    pub fn outline(&self) -> Value {
        serde_json::from_slice(&self.json())
            .map(|Outline { metadata }| json!({"metadata": metadata}))
            .unwrap_or_default()
    }

    /// How many bytes it takes in memory.
    pub fn weight(&self) -> usize {
        match &self.body {
            Body::Json(json, _) => json.len(),
            Body::Synthetic(..) => size_of::<Self>(),
        }
    }
}

/// `{"apiVersion":"v1","kind":"Pod",`; less where that is not told.
pub(super) fn head(object: &Value) -> String {
    let mut head = String::from("{");
    for member in ["apiVersion", "kind"] {
        if !object[member].is_null() {
            head.push_str(&format!("{member:?}:{},", object[member]));
        }
    }
    head
}

/// All other members, with the closing brace.
pub(super) fn rest(object: &mut Value) -> String {
    if let Some(members) = object.as_object_mut() {
        members.remove("apiVersion");
        members.remove("kind");
    }
    object.to_string().split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_has_what_selectors_look_at() {
        let metadata = json!({"name": "a", "namespace": "n", "labels": {"x": "y"}});
        let mut more = metadata.clone();
        more["managedFields"] = json!([{"manager": "z"}]);
        assert_eq!(
            Object::new(json!({"metadata": more, "data": {}}), 7).outline(),
            json!({"metadata": metadata})
        );
    }

    #[test]
    fn what_a_list_leaves_out_stands_in_front() {
        let value = json!({"data": {"a": "}"}, "kind": "ConfigMap", "apiVersion": "v1", "metadata": {}});
        let object = Object::new(value.clone(), 7);
        let members = r#""data":{"a":"}"},"metadata":{"resourceVersion":"7"}}"#;
        assert_eq!(object.members(), members);
        assert_eq!(object.json(), format!(r#"{{"apiVersion":"v1","kind":"ConfigMap",{members}"#));
        assert_eq!(object.value()["data"], value["data"]);
    }
}
