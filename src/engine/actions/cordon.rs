//! `cordon`: no new pods on a node, as `kubectl cordon` does.

use super::schedulable::Schedulable;
use crate::descriptor::{ActionDescriptor, Nature, Shape};

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "cordon",
    summary: "Lets no new pods onto the node.",
    shape: Shape::Keys(&[]),
    examples: &["cordon: {}"],
    kinds: &["nodes"],
    nature: Nature { removes: false, needs_terminating: false, harmless: false },
    build: |_| Ok(Box::new(Schedulable(false))),
};
