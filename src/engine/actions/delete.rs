//! `delete`: DELETE with uid and resourceVersion preconditions.

use super::grace_period::GracePeriod;
use crate::action::Action;
use crate::descriptor::{ActionDescriptor, Key, Nature, Shape, ValueKind};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "delete",
    summary: "Deletes the object, if it is still the one that was judged.",
    shape: Shape::Keys(&[
        Key::optional(
            "propagation",
            ValueKind::Choice(&["background", "foreground", "orphan"]),
            "What becomes of the objects that it owns.",
            "background",
        )
        .or("the kind's own"),
        Key::optional(
            "gracePeriod",
            ValueKind::Sourced(&ValueKind::Duration),
            "Time to end in, in whole seconds.",
            "30s",
        )
        .or("the object's own"),
    ]),
    examples: &["delete: {}", "delete: { propagation: foreground }"],
    kinds: &[],
    nature: Nature { removes: true, needs_terminating: false, harmless: false },
    build: |mut arguments| {
        let propagation = arguments.text("propagation").map(|word| match word.as_str() {
            "foreground" => "Foreground",
            "orphan" => "Orphan",
            _ => "Background",
        });
        Ok(Box::new(Delete { propagation, grace: GracePeriod::take("delete", &mut arguments)? }))
    },
};

#[derive(Debug)]
struct Delete {
    propagation: Option<&'static str>,
    grace: GracePeriod,
}

impl Action for Delete {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        if context.object.is_terminating() {
            return Err(Inapplicable::AlreadyTerminating { since: context.object.deletion_asked() });
        }
        Ok(Effect::Delete { propagation: self.propagation, grace: self.grace.read(context)? })
    }

    fn reads(&self, projection: &mut Projection) {
        self.grace.reads(projection);
    }

    fn describe(&self) -> String {
        "delete".to_owned()
    }
}
