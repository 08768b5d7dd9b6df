//! `stripFinalizers`: frees an object that stays terminating because nobody removes its finalizers.

use std::time::Duration;

use super::Action;
use crate::descriptor::{ActionDescriptor, Key, Nature, Shape, ValueKind};
use crate::effect::{Effect, Inapplicable};
use crate::matchers::Context;
use crate::moment::after;
use crate::projection::Projection;
use crate::values::Globs;

/// How long an object must have been terminating where the rule asks for no time: controllers need a
/// while for their own clean-up (DESIGN 5.8).
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "stripFinalizers",
    summary: "Removes the named finalizers, and no other, from an object that is terminating.",
    shape: Shape::Keys(&[Key::required(
        "only",
        ValueKind::Globs,
        "The finalizers to remove. `foregroundDeletion`, `orphan` and `*.kubernetes.io/*` count only if \
         spelled out, never by a glob.",
        "[kubevirt.io/*]",
    )]),
    examples: &["stripFinalizers: { only: [kubevirt.io/*, foregroundDeleteVirtualMachine] }"],
    kinds: &[],
    nature: Nature { removes: false, needs_terminating: true, harmless: false },
    build: |mut arguments| {
        Ok(Box::new(StripFinalizers { only: arguments.globs("only").unwrap_or_default() }))
    },
};

#[derive(Debug)]
struct StripFinalizers {
    only: Globs,
}

impl StripFinalizers {
    fn names(&self, finalizer: &str) -> bool {
        if belongs_to_kubernetes(finalizer) {
            self.only.spells_out(finalizer)
        } else {
            self.only.matches(finalizer)
        }
    }
}

/// The finalizers of Kubernetes itself: removing one leaks what it guards (a volume in use, dependents).
fn belongs_to_kubernetes(finalizer: &str) -> bool {
    let domain = finalizer.split_once('/').map_or("", |(domain, _)| domain);
    matches!(finalizer, "foregroundDeletion" | "orphan" | "kubernetes")
        || domain == "kubernetes.io"
        || domain.ends_with(".kubernetes.io")
}

impl Action for StripFinalizers {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        if !context.object.is_terminating() {
            return Err(Inapplicable::NotYet { at: None });
        }
        // An unreadable time is no proof that the object has been terminating for long enough.
        let Some(asked) = context.object.deletion_asked() else {
            return Err(Inapplicable::NotYet { at: None });
        };
        let ripe = after(asked, PATIENCE);
        if context.now < ripe {
            return Err(Inapplicable::NotYet { at: Some(ripe) });
        }
        let seen = context.object.finalizers();
        let names: Vec<String> =
            seen.iter().filter(|name| self.names(name)).map(ToString::to_string).collect();
        if names.is_empty() {
            return Err(Inapplicable::NothingToDo);
        }
        Ok(Effect::StripFinalizers { names, seen: seen.into_iter().map(str::to_owned).collect() })
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["metadata", "finalizers"]);
    }

    fn describe(&self) -> String {
        format!("strip the finalizers {}", self.only)
    }
}
