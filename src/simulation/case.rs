//! One case of a RuleTest: prepared (which object is of which kind, which rule watches it), then played.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::evaluate::evaluate;
use k8s_healer_engine::guardrails::Guardrails;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::rule::{RuleId, RuleSet};
use serde_json::Value;

use super::comparison::{Mismatch, compare, is_rule};
use super::coverage::Coverage;
use super::hints::hint;
use super::prepare::Prepared;
use super::world::{ObjectId, WorldKind};
use super::{Endless, Guard, Idle, Outcome, Record, Simulation};
use crate::rules::Diagnostic;
use crate::rules::ruletest::{Case, Event, Expected, Object, What};

/// What came of a case.
#[derive(Debug)]
pub struct Played {
    /// All that was done, told and held back, in order.
    pub records: Vec<Record>,
    /// The steps that had nothing to do, in order.
    pub idle: Vec<Idle>,
    /// How often the expressions of each rule failed, and were unknown; without those of which none did.
    pub failures: BTreeMap<RuleId, u64>,
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
            one.hint = hint(&simulation, &one, case.now);
            awaited.push(one);
        }
    }
    simulation.advance_to(after(case.now, case.until));
    let kinds = simulation.world().kinds().to_vec();
    let (idle, failures) = (simulation.idle().to_vec(), simulation.failures().clone());
    let endless: Vec<Endless> = simulation.endless().cloned().collect();
    let (coverage, records) = simulation.into_parts();
    let mut mismatches: Vec<Mismatch> =
        missing.into_iter().map(|(at, object, removed)| Mismatch::NotThere { at, object, removed }).collect();
    mismatches.extend(endless.into_iter().map(Mismatch::Endless));
    mismatches.extend(compare(&records, &idle, awaited, case.now));
    Ok(Played { records, idle, failures, mismatches, kinds, coverage })
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
            let object = simulation.world().get(id);
            let was_held = object.is_some_and(|object| simulation.world().is_held(id, &object));
            let is_there = simulation.patch(id, merge);
            if was_held && simulation.is_over(id) {
                simulation.remove(id);
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
