//! One case of a RuleTest: prepared (which object is of which kind, which rule watches it), then played.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::facts::Facts;
use k8s_healer_engine::guardrails::Guardrails;
use k8s_healer_engine::matcher::Context;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Rule, RuleSet};
use k8s_healer_engine::values::format_duration;
use serde_json::Value;

use super::comparison::{Mismatch, compare, is_rule};
use super::coverage::Coverage;
use super::prepare::Prepared;
use super::world::{ObjectId, WorldKind};
use super::{Guard, Outcome, Record, Simulation};
use crate::rules::Diagnostic;
use crate::rules::ruletest::{Case, Event, Expected, Object, What};

/// What came of a case.
#[derive(Debug)]
pub struct Played {
    /// All that was done, told and held back, in order.
    pub records: Vec<Record>,
    /// What differs from what was expected; empty: the case holds.
    pub mismatches: Vec<Mismatch>,
    /// How objects are called.
    pub kinds: Vec<WorldKind>,
    /// What was shown of the rules.
    pub coverage: Coverage,
}

impl Played {
    /// Whether all is as expected.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// An expectation whose object is known.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    pub(super) at: Timestamp,
    pub(super) object: ObjectId,
    pub(super) expected: Expected,
    /// Whether something was held back as expected, at that moment.
    pub(super) is_held: bool,
    /// Why nothing was done, as far as the object tells at that moment.
    pub(super) hint: String,
}

/// What is wrong with a case about these rules, as far as that can be told without playing it.
#[must_use]
pub fn check(case: &Case, rules: &RuleSet) -> Vec<Diagnostic> {
    Prepared::of(case, rules).err().unwrap_or_default()
}

/// Plays a case with these rules; or tells what is wrong with the case.
pub fn play(case: &Case, rules: &RuleSet) -> Result<Played, Vec<Diagnostic>> {
    let prepared = Prepared::of(case, rules)?;
    let guard = Guard { guardrails: guardrails(case, rules), ..Guard::default() };
    let mut simulation = Simulation::new(prepared.kinds.clone(), case.now, guard);
    simulation.list(prepared.listed.iter().map(|(kind, value)| (*kind, Value::clone(value))));
    let mut awaited = Vec::new();
    let mut missing = Vec::new();
    for (moment, steps) in case.moments.iter().zip(&prepared.moments) {
        let at = after(case.now, moment.at);
        simulation.advance_before(at);
        for (event, id) in moment.events.iter().zip(&steps.events) {
            if !happen(&mut simulation, event, id) {
                missing.push((at, simulation.world().name_of(id), matches!(event, Event::Remove(_))));
            }
        }
        simulation.advance_to(at);
        for (expected, object) in moment.expected.iter().zip(&steps.expected) {
            let mut one = Awaited {
                at,
                object: object.clone(),
                expected: expected.clone(),
                is_held: false,
                hint: String::new(),
            };
            one.is_held = is_held(&simulation, &one);
            one.hint = hint(&simulation, &one);
            awaited.push(one);
        }
    }
    simulation.advance_to(after(case.now, case.until));
    let kinds = simulation.world().kinds().to_vec();
    let (coverage, records) = simulation.into_parts();
    let mut mismatches: Vec<Mismatch> =
        missing.into_iter().map(|(at, object, removed)| Mismatch::NotThere { at, object, removed }).collect();
    mismatches.extend(compare(&records, awaited));
    Ok(Played { records, mismatches, kinds, coverage })
}

/// Those of the packs, and the case's own: together they are as strict as the strictest.
fn guardrails(case: &Case, rules: &RuleSet) -> Arc<Guardrails> {
    let Some(own) = &case.guardrails else { return Arc::clone(&rules.guardrails) };
    let documents = rules.guardrails.documents.iter().chain([own]).map(Arc::clone).collect();
    Arc::new(Guardrails { documents })
}

/// Whether there was something to happen to.
fn happen(simulation: &mut Simulation, event: &Event, id: &ObjectId) -> bool {
    match event {
        Event::Apply(Object { value, .. }) => {
            simulation.apply(id.kind, Value::clone(value));
            true
        }
        Event::Patch(_, merge) => {
            let was_held = simulation.world().get(id).is_some_and(|object| !object.finalizers().is_empty());
            let is_there = simulation.patch(id, merge);
            if was_held {
                simulation.finish(id);
            }
            is_there
        }
        Event::Remove(_) => simulation.remove(id),
        Event::Set(object, merge) => {
            if simulation.world().get(id).is_some() {
                simulation.patch(id, merge)
            } else {
                simulation.apply(id.kind, Value::clone(&object.value));
                true
            }
        }
    }
}

/// Whether a hold of this kind is on: it began, nothing was done since, and the rule is still true.
fn is_held(simulation: &Simulation, awaited: &Awaited) -> bool {
    let What::Held(by) = &awaited.expected.what else { return false };
    let Some(object) = simulation.world().get(&awaited.object) else { return false };
    let rules = simulation.rules_of(awaited.object.kind);
    let facts = simulation.facts_of(awaited.object.kind, &object);
    rules.iter().filter(|rule| is_rule(&awaited.expected, &rule.id)).any(|rule| {
        let of_rule = |record: &&Record| record.object == awaited.object && record.rule == rule.id;
        let last = simulation.records().iter().rfind(of_rule);
        let is_by = |word: &str, reason: &str| {
            by.as_deref().is_none_or(|by| by == word || reason.contains(by))
                && awaited.expected.reason.as_deref().is_none_or(|part| reason.contains(part))
        };
        let is_on = last.is_some_and(|record| match &record.outcome {
            Outcome::Held(held, reason) => is_by(held.word(), reason),
            Outcome::GivenUp => is_by("given up", ""),
            Outcome::Done | Outcome::Told(_) => false,
        });
        let of_step = last.is_some_and(|last| {
            let step = awaited.expected.step.is_none_or(|step| step == last.step + 1);
            let later = last.step > 0;
            step && (later || evaluate(rule, &object, &facts, simulation.now()).truth.is_true())
        });
        is_on && of_step
    })
}

/// Why a rule does nothing to an object at this moment.
fn hint(simulation: &Simulation, awaited: &Awaited) -> String {
    let now = simulation.now();
    let Some(object) = simulation.world().get(&awaited.object) else {
        return gone(simulation, awaited);
    };
    let rules = simulation.rules_of(awaited.object.kind);
    let named: Vec<&Arc<Rule>> = rules.iter().filter(|rule| is_rule(&awaited.expected, &rule.id)).collect();
    let selecting: Vec<&&Arc<Rule>> =
        named.iter().filter(|rule| rule.scope.selects(object.namespace())).collect();
    match (named.as_slice(), selecting.as_slice()) {
        ([], _) => "no rule under test watches its kind".to_owned(),
        (_, []) => match object.namespace() {
            Some(namespace) => format!("no such rule looks into namespace {namespace}"),
            None => "no such rule looks at objects without a namespace".to_owned(),
        },
        (_, selecting) => {
            let facts = simulation.facts_of(awaited.object.kind, &object);
            selecting.iter().map(|rule| state(rule, &object, &facts, now)).collect::<Vec<_>>().join("; ")
        }
    }
}

/// Why an object is not there at this moment.
fn gone(simulation: &Simulation, awaited: &Awaited) -> String {
    let removed = simulation.records().iter().rev().find(|record| {
        let is_removal = matches!(record.action, "delete" | "evict");
        record.object == awaited.object && record.outcome == Outcome::Done && is_removal
    });
    let Some(Record { rule, action, at, .. }) = removed else {
        return "it is not there at that moment".to_owned();
    };
    let what = format!("{rule} has done its {action}");
    match (&awaited.expected.what, *at == simulation.now()) {
        (What::Held(_), true) => format!("nothing holds it back: {what} at that moment"),
        (_, true) => format!("it is not there any more: {what} at that moment"),
        (_, false) => format!("it is not there any more: {what} before"),
    }
}

/// What a rule makes of an object now.
fn state(rule: &Rule, object: &Observation, facts: &Facts, now: Timestamp) -> String {
    let verdict = evaluate(rule, object, facts, now);
    if verdict.truth.is_true() {
        let held = verdict.holds_since.filter(|_| !rule.hold.is_zero());
        let since = held.map(|since| format!(" since {since}")).unwrap_or_default();
        let hold = if rule.hold.is_zero() {
            String::new()
        } else {
            format!(", and waits for {}", format_duration(rule.hold))
        };
        return format!("{} is true of it{since}{hold}", rule.id.name);
    }
    let context = Context::new(object, facts, now);
    let blocking = rule.matches.iter().find(|matcher| !matcher.evaluate(&context).truth.is_true());
    let sparing = || {
        let spares = |matcher: &&Arc<dyn k8s_healer_engine::matcher::Matcher>| {
            matcher.evaluate(&context).truth != k8s_healer_engine::truth::Truth::False
        };
        rule.unless.iter().find(spares)
    };
    let why = match (blocking, sparing()) {
        (Some(matcher), _) => matcher.explain(&context),
        (None, Some(matcher)) => format!("spared by `unless`: {}", matcher.explain(&context)),
        (None, None) => String::new(),
    };
    format!("{} is {} of it: {why}", rule.id.name, verdict.truth)
}
