//! One state of one object: its JSON, as it goes out to readers and watches, parsed again where somebody
//! looks into it. Kept as bytes it costs what it weighs, and a list is little more than copying.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::synthetic::Template;

/// A state that never changes.
#[derive(Clone, Debug)]
pub struct Object {
    body: Body,
    revision: u64,
}

#[derive(Clone, Debug)]
enum Body {
    Json(Bytes),
    /// Made whenever somebody looks.
    Synthetic(Arc<Template>, u32),
}

impl Object {
    /// With this version as its `metadata.resourceVersion`.
    pub fn new(mut value: Value, revision: u64) -> Self {
        value["metadata"]["resourceVersion"] = revision.to_string().into();
        Self { body: Body::Json(Bytes::from(value.to_string())), revision }
    }

    /// The object of this number, which is never kept but always made.
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
            Body::Json(json) => json.clone(),
            Body::Synthetic(template, number) => template.make(*number, self.revision).into(),
        }
    }

    /// To be looked into.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.json()).unwrap_or_default()
    }

    /// How many bytes it takes in memory.
    pub fn weight(&self) -> usize {
        match &self.body {
            Body::Json(json) => json.len(),
            Body::Synthetic(..) => size_of::<Self>(),
        }
    }
}
