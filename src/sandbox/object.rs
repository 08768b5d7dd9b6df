//! One state of one object: its JSON, as it goes out to readers and watches, parsed again where somebody
//! looks into it. Kept as bytes it costs what it weighs, and a list is little more than copying.

use bytes::Bytes;
use serde_json::Value;

/// A state that never changes.
#[derive(Clone, Debug)]
pub struct Object {
    json: Bytes,
    revision: u64,
}

impl Object {
    /// With this version as its `metadata.resourceVersion`.
    pub fn new(mut value: Value, revision: u64) -> Self {
        value["metadata"]["resourceVersion"] = revision.to_string().into();
        Self { json: Bytes::from(value.to_string()), revision }
    }

    /// Its version.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// As it goes out, in the version it was stored in.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// To be looked into.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap_or_default()
    }

    /// How many bytes it takes.
    pub fn weight(&self) -> usize {
        self.json.len()
    }
}
