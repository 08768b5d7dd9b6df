//! `uncordon`: new pods on a node again, as `kubectl uncordon` does.

use super::schedulable::Schedulable;
use crate::descriptor::{ActionDescriptor, Nature, Shape};

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "uncordon",
    summary: "Lets new pods onto the node again.",
    shape: Shape::Keys(&[]),
    examples: &["uncordon: {}"],
    kinds: &["nodes"],
    nature: Nature { removes: false, needs_terminating: false, harmless: false },
    build: |_| Ok(Box::new(Schedulable(true))),
};
