//! The matchers: one file each, and one line in [`ALL`].

mod age;
mod all;
mod annotations;
mod any;
mod cel;
mod condition;
mod containers;
mod contradictions;
mod expected;
mod field;
mod finalizers;
mod labels;
mod name;
mod namespace;
mod node;
mod not;
mod operand;
mod operators;
mod others;
mod owner;
mod phase;
mod priority;
mod term;
mod terminating;

use crate::descriptor::MatcherDescriptor;

pub use namespace::{SELECTOR_KEYS, selector as namespace_selector};

/// Every matcher of the language, in the order in which they are shown.
pub const ALL: &[&MatcherDescriptor] = &[
    &age::DESCRIPTOR,
    &field::DESCRIPTOR,
    &phase::DESCRIPTOR,
    &condition::DESCRIPTOR,
    &containers::DESCRIPTOR,
    &terminating::DESCRIPTOR,
    &labels::DESCRIPTOR,
    &annotations::DESCRIPTOR,
    &name::DESCRIPTOR,
    &owner::DESCRIPTOR,
    &node::DESCRIPTOR,
    &namespace::DESCRIPTOR,
    &finalizers::DESCRIPTOR,
    &priority::DESCRIPTOR,
    &cel::DESCRIPTOR,
    &all::DESCRIPTOR,
    &any::DESCRIPTOR,
    &not::DESCRIPTOR,
];
