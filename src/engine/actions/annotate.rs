//! `annotate`: sets or removes annotations.

use super::marks::Marks;
use crate::descriptor::{ActionDescriptor, Nature, Shape, ValueKind};

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "annotate",
    summary: "Sets annotations on the object; `null` removes one.",
    shape: Shape::Value(ValueKind::NullableEntries),
    examples: &["annotate: { example.com/leaked: \"true\", example.com/owner: null }"],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: false, harmless: false },
    build: Marks::annotations,
};
