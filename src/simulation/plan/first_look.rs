//! What rules make of the objects at the first moment, beside what is done: of what it is not known whether they are
//! true, and whose `for` can only count from now.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::Fact;
use k8s_healer_engine::matcher::{Context, Matcher};
use k8s_healer_engine::moment::after;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Rule, RuleId};
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::values::{Path, format_duration};

use super::FromNow;
use crate::simulation::Simulation;
use crate::simulation::knowledge::{Missing, Named};

/// So many are named; the others are counted.
const EXAMPLES: usize = 3;
/// Different reasons of one rule; what comes beyond is put together.
const REASONS: usize = 20;

/// A rule of which it is not known whether it is true of some objects.
#[derive(Clone, Debug)]
pub struct Unknown {
    /// The rule.
    pub rule: Arc<Rule>,
    /// What is not known: `$.status.phase is missing`.
    pub reason: String,
    /// The rule would be true of them, were it not for its `unless`, of which it is not known whether it is.
    pub spares: bool,
    /// Of how many objects.
    pub count: usize,
    /// The first few of them: `pods/test-a/web-1`.
    pub examples: Vec<String>,
}

/// A rule that is true of some objects, and does nothing to them in the time that was asked.
#[derive(Clone, Debug)]
pub struct Later {
    /// The rule.
    pub rule: Arc<Rule>,
    /// What it waits for: "`for: 30m` counts from now".
    pub waits_for: String,
    /// When the first of them falls due; `None`: at no time that is known.
    pub due: Option<Timestamp>,
    /// Of how many objects.
    pub count: usize,
    /// The first few of them: `pods/test-a/web-1`.
    pub examples: Vec<String>,
}

/// What was seen.
pub(super) struct FirstLook {
    pub(super) objects: usize,
    pub(super) unknown: Vec<Unknown>,
    pub(super) later: Vec<Later>,
    pub(super) from_now: FromNow,
}

/// By the rule's place, whether it spares, and the reason.
type Found = BTreeMap<(String, bool, String), Unknown>;

impl FirstLook {
    /// Looks at each object with each rule that selects it; what falls due after `until` is not played.
    pub(super) fn at(simulation: &Simulation, until: Timestamp) -> Self {
        let now = simulation.now();
        let mut later = BTreeMap::new();
        let (mut objects, mut from_now, mut found) = (0, FromNow::new(), Found::new());
        for id in simulation.world().ids() {
            let rules = simulation.rules_of(id.kind);
            // Of most kinds of a dump no rule asks anything.
            let Some(object) = simulation.world().get(id).filter(|_| !rules.is_empty()) else { continue };
            let reach = &simulation.guard.itself.reach;
            let is_out_of_reach = match object.namespace() {
                Some(namespace) => reach.leaves_out(namespace),
                None => reach.leaves_out_the_cluster(),
            };
            let selecting = rules.iter().filter(|rule| rule.scope.selects(object.namespace()));
            let mut selecting = selecting.filter(|_| !is_out_of_reach).peekable();
            if selecting.peek().is_none() {
                continue;
            }
            objects += 1;
            let facts = simulation.facts_of(id.kind, &object);
            let looking = Looking { simulation, context: Context::new(&object, &facts, now) };
            for rule in selecting {
                let verdict = evaluate(rule, &object, &facts, now);
                if verdict.truth.is_true() && verdict.holds_since.is_none() && waits(rule) {
                    from_now.insert((id.clone(), rule.id.clone()));
                }
                if verdict.truth.is_true() && !does_nothing_to(rule, &object) {
                    let due = due(rule, verdict.holds_since.unwrap_or(now), now);
                    let lasts = |due: Timestamp| verdict.changes_at.is_none_or(|change| change > due);
                    if due.is_none_or(|due| due > until && lasts(due)) {
                        let is_told = verdict.holds_since.is_some();
                        note_later(&mut later, rule, is_told, due, simulation.world().name_of(id));
                    }
                }
                if let Some((spares, reasons)) = looking.unknown(rule, verdict.truth) {
                    let name = simulation.world().name_of(id);
                    note(&mut found, rule, spares, &reasons, name);
                }
            }
        }
        // In the order of the rules, which is that of their names in a map; the most frequent reason first.
        let mut unknown: Vec<Unknown> = found.into_values().collect();
        unknown.sort_by(|one, other| {
            one.rule
                .id
                .cmp(&other.rule.id)
                .then(one.spares.cmp(&other.spares))
                .then(other.count.cmp(&one.count))
        });
        Self { objects, unknown, later: later.into_values().collect(), from_now }
    }
}

/// Whether anything counts from since when the rule is true.
fn waits(rule: &Rule) -> bool {
    let first = rule.steps.first().and_then(|step| step.after).unwrap_or_default();
    !rule.hold.is_zero() || !first.is_zero()
}

/// What is terminating is not removed again.
fn does_nothing_to(rule: &Rule, object: &Observation) -> bool {
    object.is_terminating() && rule.steps.first().is_some_and(|step| step.nature.removes)
}

/// When its first step falls due that has been true since then; `None`: its schedule does not open any more.
fn due(rule: &Rule, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let first = rule.steps.first().and_then(|step| step.after).unwrap_or_default();
    rule.opening(after(after(since, rule.hold), first).max(now))
}

fn note_later(
    later: &mut BTreeMap<(RuleId, String), Later>,
    rule: &Arc<Rule>,
    is_told: bool,
    due: Option<Timestamp>,
    name: String,
) {
    let first = rule.steps.first().and_then(|step| step.after).unwrap_or_default();
    let waits = [("for", rule.hold), ("after", first)].into_iter().filter(|(_, length)| !length.is_zero());
    let waits: Vec<String> =
        waits.map(|(key, length)| format!("`{key}: {}`", format_duration(length))).collect();
    let from = match waits.len() {
        0 => "",
        _ if is_told => "",
        1 => " counts from now",
        _ => " count from now",
    };
    let schedule = match (&rule.schedule, waits.is_empty()) {
        (None, _) => "",
        (Some(_), true) => "its schedule",
        (Some(_), false) => ", then its schedule",
    };
    let waits_for = waits.join(" and ") + from + schedule;
    let known = later.entry((rule.id.clone(), waits_for.clone())).or_insert_with(|| Later {
        rule: Arc::clone(rule),
        waits_for,
        due,
        count: 0,
        examples: Vec::new(),
    });
    known.count += 1;
    known.due = known.due.into_iter().chain(due).min();
    if known.examples.len() < EXAMPLES {
        known.examples.push(name);
    }
}

fn note(found: &mut Found, rule: &Arc<Rule>, spares: bool, reasons: &[String], name: String) {
    let id = rule.id.to_string();
    let mut reason = reasons.join("; ");
    let of_rule = |(known, _, _): &&(String, bool, String)| *known == id;
    if !found.contains_key(&(id.clone(), spares, reason.clone()))
        && found.keys().filter(of_rule).count() >= REASONS
    {
        "and for other reasons".clone_into(&mut reason);
    }
    let entry = found.entry((id, spares, reason.clone())).or_insert_with(|| Unknown {
        rule: Arc::clone(rule),
        reason,
        spares,
        count: 0,
        examples: Vec::new(),
    });
    entry.count += 1;
    if entry.examples.len() < EXAMPLES {
        entry.examples.push(name);
    }
}

struct Looking<'a> {
    simulation: &'a Simulation,
    context: Context<'a>,
}

impl Looking<'_> {
    /// What is not known of a rule, where that decides; and whether it is its `unless`.
    fn unknown(&self, rule: &Rule, truth: Truth) -> Option<(bool, Vec<String>)> {
        if truth.is_true() {
            return None;
        }
        let of = |matcher: &Arc<dyn Matcher>| matcher.evaluate(&self.context).truth;
        let (list, spares) = if truth == Truth::Unknown {
            (&rule.matches, false)
        } else if !rule.unless.is_empty() && rule.matches.iter().all(|matcher| of(matcher).is_true()) {
            // One that is true spares by what is known.
            let is_known = rule.unless.iter().any(|matcher| of(matcher).is_true());
            (&rule.unless, !is_known)
        } else {
            return None;
        };
        let mut reasons = Vec::new();
        list.iter().for_each(|matcher| self.reasons(matcher.as_ref(), &mut reasons));
        (truth == Truth::Unknown || (spares && !reasons.is_empty())).then_some((spares, reasons))
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
        let why = missing.and_then(|missing| {
            self.simulation.world().knowledge.why_not(&missing).map(|why| format!(": {why}"))
        });
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
