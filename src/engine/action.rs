//! What an action is: it does nothing itself, but yields an [`Effect`], which the cluster side carries out.

use std::fmt;

use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::observation::Observation;
use crate::projection::Projection;

/// A compiled action.
pub trait Action: fmt::Debug + Send + Sync {
    /// What is to be done to this object now, or why there is nothing to do.
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable>;

    /// Adds every field that [`effect`](Self::effect) reads.
    fn reads(&self, _projection: &mut Projection) {}

    /// The subresource that it writes to; `None`: the object itself.
    fn part(&self) -> Option<&'static str> {
        None
    }

    /// Whether it would be senseless for objects of this resource, though it could be done.
    fn is_senseless_for(&self, _resource: &str) -> bool {
        false
    }

    /// Why it can do nothing to any object, and what to do about it; `None`: it can.
    fn idle(&self) -> Option<(String, &'static str)> {
        None
    }

    /// Why it leaves an object alone to which it has nothing to do; `None`: the object is as it would leave it.
    fn spares(&self, _object: &Observation) -> Option<String> {
        None
    }

    /// What it does, for plans and logs: `delete`, `evict, then delete`.
    fn describe(&self) -> String;
}
