//! The actions: one file each, and one line in [`ALL`]. An action does nothing itself: it yields an
//! [`Effect`](crate::effect::Effect), which the cluster side carries out.

mod annotate;
mod delete;
mod evict;
mod label;
mod log;
mod strip_finalizers;

use std::fmt;

use crate::descriptor::ActionDescriptor;
use crate::effect::{Effect, Inapplicable};
use crate::matchers::Context;
use crate::projection::Projection;

/// Every action of the language, in the order in which they are shown.
pub const ALL: &[&ActionDescriptor] = &[
    &delete::DESCRIPTOR,
    &evict::DESCRIPTOR,
    &strip_finalizers::DESCRIPTOR,
    &label::DESCRIPTOR,
    &annotate::DESCRIPTOR,
    &log::DESCRIPTOR,
];

/// A compiled action.
pub trait Action: fmt::Debug + Send + Sync {
    /// What is to be done to this object now, or why there is nothing to do.
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable>;

    /// Adds every field that [`effect`](Self::effect) reads.
    fn reads(&self, _projection: &mut Projection) {}

    /// What it does, for plans and logs: `delete`, `evict, then delete`.
    fn describe(&self) -> String;
}
