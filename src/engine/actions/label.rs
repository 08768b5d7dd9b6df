//! `label`: sets or removes labels.

use super::{Action, entries};
use crate::descriptor::{ActionDescriptor, Nature, Shape, ValueKind};
use crate::effect::{Effect, Inapplicable};
use crate::matchers::Context;
use crate::projection::Projection;

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "label",
    summary: "Sets labels on the object; `null` removes one.",
    shape: Shape::Value(ValueKind::NullableEntries),
    examples: &["label: { example.com/leaked: \"true\", example.com/owner: null }"],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: false, harmless: false },
    build: |mut arguments| Ok(Box::new(Label { entries: entries(&mut arguments, true)? })),
};

#[derive(Debug)]
struct Label {
    entries: Vec<(String, Option<String>)>,
}

impl Action for Label {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        let done = |(key, value): &(String, Option<String>)| context.object.label(key) == value.as_deref();
        if self.entries.iter().all(done) {
            return Err(Inapplicable::NothingToDo);
        }
        Ok(Effect::PatchMetadata { field: "labels", entries: self.entries.clone() })
    }

    fn reads(&self, projection: &mut Projection) {
        self.entries.iter().for_each(|(key, _)| projection.read_members(&["metadata", "labels", key]));
    }

    fn describe(&self) -> String {
        let entry = |(key, value): &(String, Option<String>)| match value {
            Some(value) => format!("{key}={value}"),
            None => format!("{key}-"),
        };
        format!("label {}", self.entries.iter().map(entry).collect::<Vec<_>>().join(" "))
    }
}
