//! `annotate`: sets or removes annotations.

use super::{Action, entries};
use crate::descriptor::{ActionDescriptor, Nature, Shape, ValueKind};
use crate::effect::{Effect, Inapplicable};
use crate::matchers::Context;
use crate::projection::Projection;

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "annotate",
    summary: "Sets annotations on the object; `null` removes one.",
    shape: Shape::Value(ValueKind::NullableEntries),
    examples: &["annotate: { example.com/leaked: \"true\", example.com/owner: null }"],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: false, harmless: false },
    build: |mut arguments| Ok(Box::new(Annotate { entries: entries(&mut arguments, false)? })),
};

#[derive(Debug)]
struct Annotate {
    entries: Vec<(String, Option<String>)>,
}

impl Action for Annotate {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        let done =
            |(key, value): &(String, Option<String>)| context.object.annotation(key) == value.as_deref();
        if self.entries.iter().all(done) {
            return Err(Inapplicable::NothingToDo);
        }
        Ok(Effect::PatchMetadata { field: "annotations", entries: self.entries.clone() })
    }

    fn reads(&self, projection: &mut Projection) {
        self.entries.iter().for_each(|(key, _)| projection.read_members(&["metadata", "annotations", key]));
    }

    fn describe(&self) -> String {
        let entry = |(key, value): &(String, Option<String>)| match value {
            Some(value) => format!("{key}={value}"),
            None => format!("{key}-"),
        };
        format!("annotate {}", self.entries.iter().map(entry).collect::<Vec<_>>().join(" "))
    }
}
