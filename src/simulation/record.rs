//! What goes into a simulation beside its objects, and what it tells of each step.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::guard::Itself;
use k8s_healer_engine::guardrails::Guardrails;
use k8s_healer_engine::rule::{Mode, Rule, RuleId};

use super::guarding::HeldBy;
use super::world::ObjectId;

/// What became of one step of a rule.
#[derive(Clone, Debug)]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// The object.
    pub object: ObjectId,
    /// The rule.
    pub rule: RuleId,
    /// Which of its steps, from 0.
    pub step: usize,
    /// `delete`.
    pub action: &'static str,
    /// The matchers' values.
    pub reason: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What could have held it back, and is not known: `namespace test-a`.
    pub not_known: Vec<String>,
    /// The rule's `inFlight` lets it begin once this one is gone.
    pub after: Option<ObjectId>,
    /// What is done in the place of its action: `delete`, where an eviction was refused for too long.
    pub instead: Option<&'static str>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// The rule goes no further than this mode: it is told, and not done.
    Told(Mode),
    /// It is held back, by what and why.
    Held(HeldBy, String),
    /// The rule leaves the object's owner alone from here on.
    GivenUp,
}

/// A step whose turn came and that had nothing to do: the daemon tells it, and sends nothing.
#[derive(Clone, Debug)]
pub struct Idle {
    /// When.
    pub at: Timestamp,
    /// The object.
    pub object: ObjectId,
    /// The rule.
    pub rule: RuleId,
    /// Which of its steps, from 0.
    pub step: usize,
    /// `label`.
    pub action: &'static str,
    /// Why, in the words of the daemon.
    pub why: &'static str,
    /// How many records came before it.
    pub behind: usize,
}

/// A rule that watches a kind.
#[derive(Clone, Debug)]
pub struct Watching {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Whether it names the kind, and does not come to it by a wildcard alone.
    pub is_named: bool,
}

/// What holds rules back, whatever they say.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Where the daemon runs, and the namespaces that it was told to work in.
    pub itself: Itself,
    /// What people protect, and what they lift.
    pub guardrails: Arc<Guardrails>,
    /// How far any rule goes.
    pub mode: Mode,
}
