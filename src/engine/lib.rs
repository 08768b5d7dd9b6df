//! The rule engine: pure and synchronous. It has no clock, no client and no I/O; what it needs of the
//! world is handed in, and its lints keep it so.
//!
//! - [`values`]: the value forms of the language, [`value_from`]: those that an object carries; [`matcher`], [`action`]: what one is; [`matchers`],
//!   [`actions`]: one file each, described by [`descriptor`]s and listed in a [`registry`]; [`asked`]: which
//!   paths a rule hangs on.
//! - [`effect`]: what an action asks for; [`change`]: what a patch makes of an object.
//! - [`rule`]: a validated rule; [`observation`]: one object; [`projection`]: the part of it that is read.
//! - [`evaluate`](mod@evaluate): the heart, with [`truth`], [`verdict`] and [`facts`].
//! - [`window`]: when a rule may act; [`limits`]: what keeps it from acting at all. [`index`]: which rules an object can be true of; [`schedule`]: the timers; [`tracker`]: what is remembered of each object, and what is due; [`unseen`]:
//!   the paths that no object has had.
//! - [`expression`]: conditions in CEL, and what bounds them.
//! - [`guard`]: the protections that no rule can lift, with the [`guardrails`] that people add; [`cooldown`]: replacements are left alone for a while.

pub mod action;
pub mod actions;
mod arguments;
pub mod asked;
pub mod change;
pub mod cooldown;
pub mod demand;
pub mod descriptor;
pub mod effect;
pub mod evaluate;
pub mod expression;
pub mod facts;
pub mod guard;
pub mod guardrails;
pub mod index;
pub mod limits;
mod mark_names;
pub mod matcher;
pub mod matchers;
pub mod moment;
pub mod observation;
pub mod projection;
pub mod registry;
pub mod rule;
pub mod schedule;
pub mod tracker;
pub mod truth;
pub mod unseen;
pub mod value_from;
pub mod values;
pub mod verdict;
pub mod window;

#[cfg(test)]
mod testing;
