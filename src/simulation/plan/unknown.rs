//! Of which objects it is not known whether a rule is true of them, from when on, and what it is that is not known: put
//! together by that, and counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::facts::{Fact, Facts};
use k8s_healer_engine::matcher::{Context, Matcher};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::values::Path;
use k8s_healer_engine::verdict::Verdict;

use super::EXAMPLES;
use crate::simulation::knowledge::{Missing, Named};
use crate::simulation::world::World;

/// Different reasons of one rule; what comes beyond is put together.
const REASONS: usize = 20;
/// More moments than any rule has at which its truth changes by time alone.
const MOMENTS: usize = 64;

/// A rule of which it is not known whether it is true of some objects.
#[derive(Clone, Debug)]
pub struct Unknown {
    /// The rule.
    pub rule: Arc<Rule>,
    /// What is not known: `$.status.phase is missing`.
    pub reason: String,
    /// The rule would be true of them, were it not for its `unless`, of which it is not known whether it is.
    pub spares: bool,
    /// From when on that is so of the first of them.
    pub at: Timestamp,
    /// Of how many objects.
    pub count: usize,
    /// The first few of them: `pods/test-a/web-1`.
    pub examples: Vec<String>,
}

/// That it is not known whether a rule is true of an object.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    pub(super) at: Timestamp,
    /// It is the rule's `unless` that is not known.
    pub(super) spares: bool,
    pub(super) reason: String,
}

/// All that is unknown.
#[derive(Debug)]
pub(super) struct Unknowns {
    now: Timestamp,
    /// By the rule's name, whether it becomes so later, whether it spares, and the reason.
    found: BTreeMap<(String, bool, bool, String), Unknown>,
}

impl Unknowns {
    pub(super) fn from(now: Timestamp) -> Self {
        Self { now, found: BTreeMap::new() }
    }

    pub(super) fn note(&mut self, rule: &Arc<Rule>, doubt: Doubt, name: String) {
        let Doubt { at, spares, mut reason } = doubt;
        let (id, is_later) = (rule.id.to_string(), at > self.now);
        let alike = |(known, later, ..): &&(String, bool, bool, String)| *known == id && *later == is_later;
        if !self.found.contains_key(&(id.clone(), is_later, spares, reason.clone()))
            && self.found.keys().filter(alike).count() >= REASONS
        {
            "and for other reasons".clone_into(&mut reason);
        }
        let entry = self.found.entry((id, is_later, spares, reason.clone())).or_insert_with(|| Unknown {
            rule: Arc::clone(rule),
            reason,
            spares,
            at,
            count: 0,
            examples: Vec::new(),
        });
        entry.count += 1;
        entry.at = entry.at.min(at);
        if entry.examples.len() < EXAMPLES {
            entry.examples.push(name);
        }
    }

    /// In the order of the rules, which is that of their names in a map; the earliest first, then the most frequent
    /// reason.
    pub(super) fn all(self) -> Vec<Unknown> {
        let mut unknown: Vec<Unknown> = self.found.into_values().collect();
        unknown.sort_by(|one, other| {
            (&one.rule.id, one.at, one.spares, other.count).cmp(&(
                &other.rule.id,
                other.at,
                other.spares,
                one.count,
            ))
        });
        unknown
    }
}

/// An object as rules look at it.
pub(super) struct Look<'a> {
    pub(super) world: &'a World,
    pub(super) object: &'a Observation,
    pub(super) facts: &'a Facts,
}

impl Look<'_> {
    /// The first moment, from one to another, both included, at which what is not known decides of a rule, if nothing but
    /// time passes.
    pub(super) fn doubt(&self, rule: &Rule, from: Timestamp, until: Timestamp) -> Option<Doubt> {
        let mut at = from;
        for _ in 0..MOMENTS {
            let seen = Seen { world: self.world, context: Context::new(self.object, self.facts, at) };
            let (spares, next) = seen.decides(rule);
            if let Some(spares) = spares {
                let reason = seen.reason(if spares { &rule.unless } else { &rule.matches });
                return Some(Doubt { at, spares, reason });
            }
            at = next.filter(|next| *next > at && *next <= until)?;
        }
        None
    }
}

/// An object at a moment.
struct Seen<'a> {
    world: &'a World,
    context: Context<'a>,
}

impl Seen<'_> {
    /// Whether what is not known decides, and then whether it is of the rule's `unless`; and when that can change.
    fn decides(&self, rule: &Rule) -> (Option<bool>, Option<Timestamp>) {
        let of = |matcher: &Arc<dyn Matcher>| matcher.evaluate(&self.context);
        let matches = Verdict::all(rule.matches.iter().map(of));
        // As long as it is false, nothing else counts.
        if matches.truth == Truth::False {
            return (None, matches.changes_at);
        }
        let unless: Vec<Verdict> = rule.unless.iter().map(of).collect();
        let spares = |truth: Truth| unless.iter().any(|entry| entry.truth == truth);
        let decides = match matches.truth {
            // One that is true spares by what is known.
            _ if spares(Truth::True) => None,
            Truth::True => spares(Truth::Unknown).then_some(true),
            Truth::Unknown | Truth::False => (!spares(Truth::Unknown)).then_some(false),
        };
        (decides, unless.iter().chain([&matches]).filter_map(|verdict| verdict.changes_at).min())
    }

    fn reason(&self, matchers: &[Arc<dyn Matcher>]) -> String {
        let mut reasons = Vec::new();
        matchers.iter().for_each(|matcher| self.reasons(matcher.as_ref(), &mut reasons));
        reasons.join("; ")
    }

    /// What makes a matcher unknown: its parts, down to those that look at the object.
    fn reasons(&self, matcher: &dyn Matcher, reasons: &mut Vec<String>) {
        let verdict = matcher.evaluate(&self.context);
        if verdict.truth != Truth::Unknown {
            return;
        }
        let before = reasons.len();
        matcher.parts().into_iter().for_each(|part| self.reasons(part, reasons));
        if reasons.len() > before {
            return;
        }
        let reason = verdict.waits_for.iter().find_map(|fact| self.of_fact(fact));
        let reason = reason.or_else(|| self.of_path(matcher));
        let reason = reason.unwrap_or_else(|| matcher.explain(&self.context));
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }

    fn of_fact(&self, fact: &Fact) -> Option<String> {
        if self.context.facts.get(fact).is_some() {
            return None;
        }
        let what = match fact {
            Fact::Namespace(_) => "its namespace is not known",
            Fact::Node(_) => "its node is not known",
            Fact::Owner(_) => "it is not known whether its owner exists",
            Fact::Strained => "it is not known whether the cluster is under strain",
        };
        let missing = Named::telling(fact, self.context.object).map(Missing::Object);
        let why =
            missing.and_then(|missing| self.world.knowledge.why_not(&missing).map(|why| format!(": {why}")));
        Some(what.to_owned() + &why.unwrap_or_default())
    }

    /// Where it looks, and nothing is.
    fn of_path(&self, matcher: &dyn Matcher) -> Option<String> {
        let object = self.context.object.object();
        let is_there = |path: &Path| path.nodes(object).iter().any(|node| !node.is_null());
        let asked = matcher.asks();
        let missing = asked.iter().find(|asked| asked.needed && !asked.paths.iter().any(is_there))?;
        let paths: Vec<String> = missing.paths.iter().map(ToString::to_string).collect();
        let verb = if paths.len() > 1 { "are" } else { "is" };
        Some(format!("{} {verb} missing", paths.join(" and ")))
    }
}
