//! Which objects of a collection a request is about: label selectors and field selectors.

mod fields;
mod labels;

use serde_json::Value;

use super::failure::Failure;
use super::kinds::{Kind, Version};
use super::object::Object;
use super::request::Query;

pub use fields::FieldSelector;
pub use labels::LabelSelector;

/// Both selectors of a request.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// By labels.
    pub labels: LabelSelector,
    /// By fields.
    pub fields: FieldSelector,
}

impl Selection {
    /// From `labelSelector` and `fieldSelector`.
    pub fn parse(query: &Query, kind: &Kind, version: &Version) -> Result<Self, Failure> {
        Ok(Self {
            labels: LabelSelector::parse(query.text("labelSelector"))?,
            fields: FieldSelector::parse(query.text("fieldSelector"), kind, version)?,
        })
    }

    /// The same, of one object alone.
    #[must_use]
    pub fn of_name(mut self, name: &str) -> Self {
        self.fields = self.fields.and_name(name);
        self
    }

    /// Whether nothing is asked.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    /// The same, with as little reading as it takes.
    #[must_use]
    pub fn selects(&self, object: &Object) -> bool {
        if self.is_everything() {
            true
        } else if self.fields.is_of_metadata() {
            self.matches(&object.outline())
        } else {
            self.matches(&object.value())
        }
    }

    /// Whether the object is one of those.
    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        self.labels.matches(&object["metadata"]["labels"]) && self.fields.matches(object)
    }
}
