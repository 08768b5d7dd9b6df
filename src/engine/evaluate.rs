//! The heart: is this rule true of this object now, and when can that change?

use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::Facts;
use crate::matcher::{Context, Matcher};
use crate::observation::Observation;
use crate::rule::Rule;
use crate::verdict::Verdict;

/// Evaluates a rule's `match` and `unless` on one object. `for` is not part of it: it needs the
/// object's past, which the [`tracker`](crate::tracker) keeps.
#[must_use]
pub fn evaluate(rule: &Rule, object: &Observation, facts: &Facts, now: Timestamp) -> Verdict {
    let context = Context::new(object, facts, now);
    let verdict = |matcher: &Arc<dyn Matcher>| matcher.evaluate(&context);
    of_parts(rule.matches.iter().map(verdict), rule.unless.iter().map(verdict))
}

/// The verdict of a rule from those of its `match` and `unless`.
pub(crate) fn of_parts(
    matches: impl IntoIterator<Item = Verdict>,
    unless: impl IntoIterator<Item = Verdict>,
) -> Verdict {
    Verdict::all(matches.into_iter().chain(unless.into_iter().map(Verdict::spared_by)))
}

/// The values that make a rule what it is, for a person.
#[must_use]
pub fn explain(rule: &Rule, object: &Observation, facts: &Facts, now: Timestamp) -> String {
    let context = Context::new(object, facts, now);
    rule.matches.iter().map(|matcher| matcher.explain(&context)).collect::<Vec<_>>().join(", ")
}
