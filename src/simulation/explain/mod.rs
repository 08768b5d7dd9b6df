//! Why a rule would act on an object, or why not, and when that changes: the tree of its matchers with what each has
//! seen, what protects the object, and what the rule comes to if nothing but time passes. The truth, the values and
//! the moments are the engine's own. No I/O: what stands around the object is handed in.

mod around;
mod beside;
mod course;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::{Fact, Facts};
use k8s_healer_engine::guard::{Held, LookAgain, Subject, protections};
use k8s_healer_engine::moment::after;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Mode, Rule, RuleId};
use k8s_healer_engine::truth::Truth;

pub use self::around::{Around, Budgets};
pub use self::course::{Course, Due, Hold};
pub use self::tree::{Change, Part};
use super::Guard;
use crate::rules::effective::EffectiveRule;

/// An object at a moment, with what is known of what stands around it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The whole object.
    pub object: &'a Observation,
    /// `virtualmachines.kubevirt.io`.
    pub resource: &'a str,
    /// What else its kind is called.
    pub names: &'a [&'a str],
    /// What is known of the other objects that rules ask about.
    pub facts: &'a Facts,
    /// What of that is not known, and why.
    pub unknown: &'a [(Fact, String)],
    /// Its namespace, as far as it is known.
    pub namespace: Option<&'a Observation>,
    /// What controls it, the nearest first, with what to call them.
    pub ancestors: &'a [(String, Observation)],
    /// Why it is not known what protects it; each of these holds every write back.
    pub unknown_above: &'a [String],
    /// What could protect it, and was not to be had where it was looked for.
    pub missing: &'a [String],
    /// What an eviction of it asks.
    pub budgets: &'a Budgets,
    /// What was seen of it before.
    pub seen: &'a Seen,
    /// What holds rules back, whatever they say.
    pub guard: &'a Guard,
    /// When.
    pub now: Timestamp,
}

/// What was seen of an object by whoever has followed it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Since when rules have been true of it without a break.
    pub true_since: BTreeMap<RuleId, Timestamp>,
    /// Since when steps of theirs, from 0, have had nothing to do: the next one counts from there.
    pub passed_since: BTreeMap<(RuleId, usize), Timestamp>,
}

/// A rule that watches the object's kind.
#[derive(Clone, Copy, Debug)]
pub struct Watcher<'a> {
    /// The rule.
    pub rule: &'a Arc<Rule>,
    /// Whether it names the kind, and does not come to it by a wildcard alone.
    pub is_named: bool,
    /// As it is written.
    pub written: Option<&'a EffectiveRule>,
}

/// What is to be told of an object.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Every protection of it that holds for rules which name its kind.
    pub protections: Vec<Held>,
    /// Why it is not known whether more protects it.
    pub unknown_above: Vec<String>,
    /// What could protect it, and was not to be had where it was looked for.
    pub missing: Vec<String>,
    /// Each rule, in the order given.
    pub rules: Vec<Explained>,
}

/// What a rule makes of an object.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The rule.
    pub rule: Arc<Rule>,
    /// How far it goes, where the daemon goes as far as was asked.
    pub mode: Mode,
    /// Where it looks.
    pub place: Place,
    /// Its truth, `for` and schedule aside.
    pub truth: Truth,
    /// Since when that has been so, as far as the object tells.
    pub holds_since: Option<Timestamp>,
    /// When that can change by time alone; the object is looked at again then.
    pub looks_at: Option<Timestamp>,
    /// Its matchers.
    pub matches: Vec<Part>,
    /// Its exceptions: one that is true or unknown spares the object.
    pub unless: Vec<Part>,
    /// Its `for`.
    pub hold: Option<Wait>,
    /// Its window.
    pub window: Option<Opening>,
    /// Its limits, as they are written.
    pub limits: Option<String>,
    /// Its breaker, as it is written.
    pub breaker: Option<String>,
    /// What it comes to by time alone.
    pub course: Course,
}

/// Where a rule looks, and whether that is where the object lies.
#[derive(Clone, Debug)]
pub struct Place {
    /// Whether it selects the object.
    pub selects: bool,
    /// By what, or why not: `namespace test-a is selected by test-*`.
    pub why: String,
    /// Its `namespaceSelector`.
    pub selector: Option<Part>,
}

/// How long a rule has to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// So long.
    pub length: Duration,
    /// From when it counts; `None`: the rule is not true.
    pub from: Option<Timestamp>,
    /// The object tells that it has been true since then; else it counts from when that was seen first.
    pub is_told: bool,
    /// When it is over.
    pub over: Option<Timestamp>,
}

/// When a rule may act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// `0 20 * * * UTC for 11h`.
    pub written: String,
    /// Until when it is open now; `None`: it is closed.
    pub open_until: Option<Timestamp>,
    /// When it opens next, where it is closed; `None`: never again.
    pub opens: Option<Timestamp>,
}

/// Explains an object by all rules that watch its kind.
#[must_use]
pub fn explain(question: &Question<'_>, watchers: &[Watcher<'_>]) -> Explanation {
    let Guard { itself, guardrails, .. } = question.guard;
    Explanation {
        protections: protections(&question.subject(true), itself, guardrails, question.now),
        unknown_above: question.unknown_above.to_vec(),
        missing: question.missing.to_vec(),
        rules: watchers.iter().map(|watcher| explained(question, watcher)).collect(),
    }
}

impl<'a> Question<'a> {
    fn subject(&self, is_named: bool) -> Subject<'a> {
        let Self { object, resource, names, namespace, ancestors, .. } = *self;
        Subject { resource, is_named, names, object, namespace, ancestors }
    }

    /// From when a rule that is true counts, where the object does not tell.
    fn seen_since(&self, rule: &Rule) -> Timestamp {
        self.seen.true_since.get(&rule.id).copied().unwrap_or(self.now).min(self.now)
    }

    /// From when a step counts as done that has nothing to do at a moment.
    fn passed_since(&self, rule: &Rule, step: usize, moment: Timestamp) -> Timestamp {
        self.seen.passed_since.get(&(rule.id.clone(), step)).copied().unwrap_or(moment).min(moment)
    }
}

/// When something that holds back ends by time alone.
fn until(end: LookAgain) -> Option<Timestamp> {
    match end {
        LookAgain::At(end) => Some(end),
        LookAgain::Later(end) => end,
        LookAgain::WhenItChanges => None,
    }
}

impl Explanation {
    /// All that may protect it, and is not known.
    #[must_use]
    pub fn not_known(&self) -> Vec<String> {
        let missing = self.missing.iter().map(|missing| format!("{missing}, and could protect it"));
        self.unknown_above.iter().cloned().chain(missing).collect()
    }

    /// The next moment at which anything told may be otherwise by time alone.
    #[must_use]
    pub fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let of_rule = |rule: &Explained| {
            let Explained { looks_at, hold, window, course, matches, unless, .. } = rule;
            let window = window.as_ref().and_then(|window| window.open_until.or(window.opens));
            let holds = course.holds.iter().flat_map(|hold| [Some(hold.at), hold.until]);
            let due = course.due.as_ref().or(course.tells.as_ref()).map(|due| due.at);
            let parts = matches.iter().chain(unless).flat_map(Part::moments).map(Some);
            let others = [*looks_at, hold.and_then(|hold| hold.over), window, due];
            others.into_iter().chain(holds).chain(parts).flatten().filter(|at| *at > now).min()
        };
        let ends = self.protections.iter().filter_map(|held| until(held.until)).filter(|end| *end > now);
        self.rules.iter().filter_map(of_rule).chain(ends).min()
    }
}

fn explained(question: &Question<'_>, watcher: &Watcher<'_>) -> Explained {
    let Question { object, facts, now, .. } = *question;
    let rule = watcher.rule;
    let verdict = evaluate(rule, object, facts, now);
    let written = tree::Written::of(watcher.written);
    // What stands behind the matchers that are written is the selector, which asks the same of the namespace.
    let own = written.count().unwrap_or(rule.matches.len()).min(rule.matches.len());
    let matches = rule.matches[..own].iter().enumerate();
    let matches = matches.map(|(at, matcher)| tree::part(question, matcher.as_ref(), written.matcher(at)));
    let unless = rule.unless.iter().enumerate();
    let unless = unless.map(|(at, matcher)| tree::part(question, matcher.as_ref(), written.exception(at)));
    let selector = rule.matches.get(own).map(|selector| {
        let part = tree::part(question, selector.as_ref(), None);
        Part { asked: written.of_key("namespaceSelector"), ..part }
    });
    Explained {
        rule: Arc::clone(rule),
        mode: rule.mode.min(question.guard.mode),
        place: place(question, rule, selector),
        truth: verdict.truth,
        holds_since: verdict.holds_since,
        looks_at: verdict.changes_at,
        matches: matches.collect(),
        unless: unless.collect(),
        hold: (!rule.hold.is_zero()).then(|| wait(question, rule, verdict.truth, verdict.holds_since)),
        window: rule.schedule.as_ref().map(|window| Opening {
            written: window.to_string(),
            open_until: window.open_until(now),
            opens: window.opening(now).filter(|opening| *opening > now),
        }),
        limits: written.of_key("limits"),
        breaker: rule
            .limits
            .as_ref()
            .and_then(|limits| limits.breaker)
            .and_then(|_| written.of_key("breaker")),
        course: course::of(question, watcher),
    }
}

fn place(question: &Question<'_>, rule: &Rule, selector: Option<Part>) -> Place {
    let namespace = question.object.namespace();
    let reach = &question.guard.itself.reach;
    let left_out = match namespace {
        Some(namespace) if reach.leaves_out(namespace) => {
            Some(format!("namespace {namespace} is left out by the flags"))
        }
        None if reach.leaves_out_the_cluster() => {
            Some("it lies in none of the namespaces that the flags name".to_owned())
        }
        _ => None,
    };
    let patterns = || rule.scope.patterns().unwrap_or_default().join(", ");
    let (selects, why) = match (left_out, rule.scope.selecting(namespace), namespace) {
        (Some(why), ..) => (false, why),
        (None, Some(by), Some(namespace)) => (true, format!("namespace {namespace} is selected by {by}")),
        (None, Some(by), None) => (true, format!("selected by {by}")),
        (None, None, Some(namespace)) => {
            (false, format!("namespace {namespace} is not one of {}", patterns()))
        }
        (None, None, None) => {
            (false, format!("it lies in no namespace, and the rule looks into {}", patterns()))
        }
    };
    Place { selects, why, selector }
}

fn wait(question: &Question<'_>, rule: &Rule, truth: Truth, since: Option<Timestamp>) -> Wait {
    let from = truth.is_true().then(|| since.unwrap_or_else(|| question.seen_since(rule)));
    let over = from.map(|from| after(from, rule.hold));
    Wait { length: rule.hold, from, is_told: since.is_some() && truth.is_true(), over }
}
