//! What a matcher is: it looks at one object at one moment, and says what it reads and what it has seen.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::asked::Asked;
use crate::demand::Demand;
use crate::facts::{Facts, Others};
use crate::observation::Observation;
use crate::projection::Projection;
use crate::values::Path;
use crate::verdict::Verdict;

/// What a matcher may look at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The object.
    pub object: &'a Observation,
    /// The object that the rule watches: what a `valueFrom` is read from, also where another one is looked at.
    pub watched: &'a Observation,
    /// What is known of the world outside it.
    pub facts: &'a Facts,
    /// The moment, on the API server's clock.
    pub now: Timestamp,
}

impl<'a> Context<'a> {
    /// The object that the rule watches.
    #[must_use]
    pub fn new(object: &'a Observation, facts: &'a Facts, now: Timestamp) -> Self {
        Self { object, watched: object, facts, now }
    }

    /// The same for another object, which that one leads to.
    #[must_use]
    pub fn at<'b>(&self, other: &'b Observation) -> Context<'b>
    where
        'a: 'b,
    {
        Context { object: other, ..*self }
    }
}

/// A compiled matcher.
pub trait Matcher: fmt::Debug + Send + Sync {
    /// Whether it holds, when that can change, since when it has held, what it hangs on.
    fn evaluate(&self, context: &Context<'_>) -> Verdict;

    /// Adds every field that [`evaluate`](Self::evaluate) and [`explain`](Self::explain) read.
    fn reads(&self, projection: &mut Projection);

    /// Adds what is asked of other objects: of a namespace, a node, the owners.
    fn reads_of_others(&self, _others: &mut Others) {}

    /// The values seen that make it what it is, for a person: `phase Failed`.
    fn explain(&self, context: &Context<'_>) -> String;

    /// The same, where it is asked that it does not hold: only what would read backwards is told otherwise.
    fn refute(&self, context: &Context<'_>) -> String {
        self.explain(context)
    }

    /// What it asks of the paths that the rule's writer chose; its parts' questions in their order.
    fn asks(&self) -> Vec<Asked<'_>> {
        self.carried()
    }

    /// What it asks of the values that the object carries for it, in the place of those that the rule gives.
    fn carried(&self) -> Vec<Asked<'_>> {
        Vec::new()
    }

    /// Texts of which one must be there for it to be true, so that an index can pass over its rule on all
    /// other objects; `None`: there is no such list.
    fn needs(&self) -> Option<Needed<'_>> {
        None
    }

    /// The matchers that it is made of, in the order in which they are written; none: it looks at the object
    /// itself.
    fn parts(&self) -> Vec<&dyn Matcher> {
        Vec::new()
    }

    /// How many evaluations have failed, of it and its parts: what failed was unknown.
    fn failed(&self) -> u64 {
        self.parts().into_iter().map(Matcher::failed).sum()
    }

    /// What must be so for it to be true, where another matcher may demand the contrary.
    fn demands(&self) -> Vec<Demand<'_>> {
        Vec::new()
    }

    /// The matcher that it is the `not` of.
    fn negates(&self) -> Option<&dyn Matcher> {
        None
    }

    /// What follows when it is true, for the checks of a whole rule.
    fn implies(&self) -> Implied {
        Implied::default()
    }
}

/// What an object must have for a matcher to be true of it, or to become true by time alone: at one of the
/// paths a string that is one of the texts.
#[derive(Clone, Debug)]
pub struct Needed<'a> {
    /// Plain ones.
    pub paths: Vec<Path>,
    /// What may stand there.
    pub texts: Vec<&'a str>,
}

/// What is certain of an object on which a matcher is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent consequences")]
pub struct Implied {
    /// Its deletion was asked for.
    pub terminating: bool,
    /// Its deletion was asked for at least this long ago.
    pub terminating_for: Option<Duration>,
    /// Its owners were looked at, so that the rule's writer thought of who recreates it.
    pub owner_checked: bool,
    /// It is old: the rule is about leaks.
    pub aged: bool,
    /// It was created at least this long ago.
    pub over: Option<Duration>,
    /// It was created less than this long ago.
    pub under: Option<Duration>,
    /// It waits for time by itself (an age, a condition's `for`), as a rule's `for` would.
    pub patient: bool,
}

impl Implied {
    /// What follows when both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            terminating: self.terminating || other.terminating,
            terminating_for: self.terminating_for.max(other.terminating_for),
            owner_checked: self.owner_checked || other.owner_checked,
            aged: self.aged || other.aged,
            over: self.over.max(other.over),
            under: self.under.into_iter().chain(other.under).min(),
            patient: self.patient || other.patient,
        }
    }

    /// What follows when at least one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            terminating: self.terminating && other.terminating,
            terminating_for: self.terminating_for.min(other.terminating_for),
            owner_checked: self.owner_checked && other.owner_checked,
            aged: self.aged && other.aged,
            over: self.over.min(other.over),
            under: self.under.zip(other.under).map(|(one, other)| one.max(other)),
            patient: self.patient && other.patient,
        }
    }
}
