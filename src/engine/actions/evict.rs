//! `evict`: a policy/v1 eviction, which honours PodDisruptionBudgets.

use std::time::Duration;

use super::grace_period::GracePeriod;
use crate::action::Action;
use crate::descriptor::{ActionDescriptor, Key, Nature, Shape, ValueKind};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;
use crate::value_from::Sourced;

/// How long refusals are waited for where the rule says nothing (LANGUAGE, "Actions").
const GIVE_UP: Duration = Duration::from_secs(10 * 60);

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "evict",
    summary: "Evicts the pod as PodDisruptionBudgets allow; a refusal is waited for.",
    shape: Shape::Keys(&[
        Key::optional(
            "gracePeriod",
            ValueKind::Sourced(&ValueKind::Duration),
            "Time to end in, in whole seconds.",
            "30s",
        )
        .or("the pod's own"),
        Key::optional(
            "fallback",
            ValueKind::Choice(&["none", "delete"]),
            "What is done once `giveUp` has passed in refusals.",
            "delete",
        )
        .or("none"),
        Key::optional(
            "giveUp",
            ValueKind::Sourced(&ValueKind::Duration),
            "How long refusals are waited for.",
            "10m",
        )
        .or("10m"),
    ]),
    examples: &["evict: {}", "evict: { fallback: delete, giveUp: 5m }"],
    kinds: &["pods"],
    nature: Nature { removes: true, needs_terminating: false, harmless: false },
    build: |mut arguments| {
        Ok(Box::new(Evict {
            grace: GracePeriod::take("evict", &mut arguments)?,
            fallback_to_delete: arguments.text("fallback").is_some_and(|word| word == "delete"),
            give_up: arguments.sourced_duration("giveUp").unwrap_or(Sourced::Literal(GIVE_UP)),
        }))
    },
};

#[derive(Debug)]
struct Evict {
    grace: GracePeriod,
    fallback_to_delete: bool,
    give_up: Sourced<Duration>,
}

impl Action for Evict {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        if context.object.is_terminating() {
            return Err(Inapplicable::AlreadyTerminating { since: context.object.deletion_asked() });
        }
        let give_up = self.give_up.read(context.object.object());
        Ok(Effect::Evict {
            grace: self.grace.read(context)?,
            fallback_to_delete: self.fallback_to_delete,
            give_up: give_up.ok_or_else(|| Inapplicable::unreadable("evict", &self.give_up))?,
        })
    }

    fn reads(&self, projection: &mut Projection) {
        self.grace.reads(projection);
        self.give_up.reads(projection);
    }

    fn describe(&self) -> String {
        if self.fallback_to_delete { "evict, or else delete" } else { "evict" }.to_owned()
    }
}
