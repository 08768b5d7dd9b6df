//! The heart: is this rule true of this object now, and when can that change?

use jiff::Timestamp;

use crate::facts::Facts;
use crate::matcher::Context;
use crate::observation::Observation;
use crate::rule::Rule;
use crate::verdict::Verdict;

/// Evaluates a rule's `match` and `unless` on one object. `for` is not part of it: it needs the
/// object's past, which the [`tracker`](crate::tracker) keeps.
#[must_use]
pub fn evaluate(rule: &Rule, object: &Observation, facts: &Facts, now: Timestamp) -> Verdict {
    let context = Context { object, facts, now };
    let matches = rule.matches.iter().map(|matcher| matcher.evaluate(&context));
    let unless = rule.unless.iter().map(|matcher| Verdict::spared_by(matcher.evaluate(&context)));
    Verdict::all(matches.chain(unless))
}

/// The values that make a rule what it is, for a person.
#[must_use]
pub fn explain(rule: &Rule, object: &Observation, facts: &Facts, now: Timestamp) -> String {
    let context = Context { object, facts, now };
    rule.matches.iter().map(|matcher| matcher.explain(&context)).collect::<Vec<_>>().join(", ")
}
