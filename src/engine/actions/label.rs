//! `label`: sets or removes labels.

use super::marks::Marks;
use crate::descriptor::{ActionDescriptor, Nature, Shape, ValueKind};

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "label",
    summary: "Sets labels on the object; `null` removes one.",
    shape: Shape::Value(ValueKind::NullableEntries),
    examples: &["label: { example.com/leaked: \"true\", example.com/owner: null }"],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: false, harmless: false },
    build: Marks::labels,
};
