//! `event`: an Event about the object, as `kubectl describe` shows it. The object itself is not touched.

use super::template::{MESSAGE, Template};
use crate::action::Action;
use crate::descriptor::{ActionDescriptor, Nature, Shape};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "event",
    summary: "Creates an Event about the object, which `kubectl describe` and `kubectl events` show; its reason is \
              the rule's name.",
    shape: Shape::Keys(&[MESSAGE]),
    examples: &["event: { message: \"{{name}} is stuck: {{reason}}\" }"],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: false, harmless: true },
    build: |mut arguments| Ok(Box::new(Event { message: Template::take(&mut arguments)? })),
};

#[derive(Debug)]
struct Event {
    message: Template,
}

impl Action for Event {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        // Whose rule it is, is filled in with the message.
        Ok(Effect::Event {
            rule: String::new(),
            message: self.message.filled("event", context)?,
            at: context.now,
        })
    }

    fn reads(&self, projection: &mut Projection) {
        self.message.reads(projection);
    }

    /// An Event about an Event would be told of itself, without end.
    fn is_senseless_for(&self, resource: &str) -> bool {
        matches!(resource, "events" | "events.events.k8s.io")
    }

    fn describe(&self) -> String {
        "tell by an event".to_owned()
    }
}
