//! What falls due: entries are taken out of the schedule, judged by what was read live, and put back.

use std::sync::Arc;
use std::time::Duration;

use ahash::AHashMap;
use jiff::Timestamp;

use super::entry::{Origin, Ticket};
use super::sequence::StepResult;
use super::{Tracker, earlier};
use crate::effect::{Effect, Inapplicable};
use crate::evaluate::{evaluate, explain};
use crate::facts::Facts;
use crate::limits::{Hold, Limit};
use crate::matcher::Context;
use crate::moment::{Now, after};
use crate::observation::Observation;
use crate::rule::{Rule, Step};

/// A step of a rule that is due on an object that was just read live.
#[derive(Clone, Debug)]
pub struct DueStep {
    /// Which object, as of this reading.
    pub ticket: Ticket,
    /// Which rule, as an index into [`Tracker::rules`].
    pub rule: usize,
    /// Which of its steps.
    pub step: usize,
    /// What is to be done, or why there is nothing to do.
    pub effect: Result<Effect, Inapplicable>,
    /// The matchers' values.
    pub reason: String,
    /// Since when the step has been refused (an eviction's 429), if it was.
    pub refused_since: Option<Timestamp>,
    /// A protection held it back before, and was told then.
    pub held_before: bool,
    /// Earlier steps were assumed by a dry run: this one is told, not sent.
    pub assumed: bool,
    /// From this moment on the rule may not be true any more, or not act, by time alone: nothing is sent then.
    pub true_until: Option<Timestamp>,
    /// What may hold it back until the last moment, beside the guard.
    pub limit: Option<Limit>,
    /// It is held back until it is called, since others of its rule are in flight or come first.
    pub(super) waits: bool,
}

impl Tracker {
    /// Takes the next entry that is due; it stays out of the schedule until it is
    /// [released](Self::release) or forgotten.
    pub fn take_due(&mut self, now: Timestamp) -> Option<Ticket> {
        if self.listing {
            return None;
        }
        self.clock = now;
        while let Some(slot) = self.pop_due(now) {
            self.waits.looked_at(slot);
            let entry = self.slots.get_mut(slot);
            if !entry.busy {
                entry.busy = true;
                return Some(entry.ticket());
            }
        }
        None
    }

    /// A namespace in which more than `crowd` entries are due, if there is one among the first due: where rules ask
    /// for an order, that with the first of them.
    #[must_use]
    pub fn crowded(&self, now: Timestamp, crowd: usize) -> Option<Option<Arc<str>>> {
        if self.listing {
            return None;
        }
        // So many tell; a whole cluster that falls due at once is not counted again at each step.
        let due = self.in_turn(self.schedule.due(now).take(16 * crowd).collect());
        let namespaces = || due.iter().map(|slot| &self.slots.get(*slot).namespace);
        let mut counts: AHashMap<&Option<Arc<str>>, usize> = AHashMap::new();
        namespaces().for_each(|namespace| *counts.entry(namespace).or_default() += 1);
        namespaces().find(|namespace| counts[namespace] > crowd).cloned()
    }

    /// Takes up to `most` due entries of one namespace, like [`take_due`](Self::take_due).
    pub fn take_due_in(&mut self, namespace: Option<&str>, now: Timestamp, most: usize) -> Vec<Ticket> {
        self.clock = now;
        let here = |slot: &u32| self.slots.get(*slot).namespace.as_deref() == namespace;
        let due = self.schedule.due(now).filter(here);
        let due: Vec<u32> = if self.flights.is_empty() {
            due.take(most).collect()
        } else {
            // The first by their turns may stand anywhere.
            let mut due = self.in_turn(due.collect());
            due.truncate(most);
            due
        };
        let mut tickets = Vec::new();
        for slot in due {
            self.schedule.set(slot, None);
            self.waits.looked_at(slot);
            let entry = self.slots.get_mut(slot);
            if !entry.busy {
                entry.busy = true;
                tickets.push(entry.ticket());
            }
        }
        tickets
    }

    /// Judges an object that was read live, where nothing is known of other objects.
    pub fn judge(
        &mut self,
        ticket: &Ticket,
        object: &Observation,
        now: Timestamp,
        latest: Timestamp,
    ) -> Option<DueStep> {
        self.judge_with(ticket, object, &Facts::none(), now, latest)
    }

    /// Judges an object that was read live after it fell due, with the facts that were looked up for it: updates
    /// what is remembered, and returns the first step that is due, with what to do. `latest` is the latest that it
    /// can be on the server: a truth that may have ended by then does not act.
    pub fn judge_with(
        &mut self,
        ticket: &Ticket,
        object: &Observation,
        facts: &Facts,
        now: Timestamp,
        latest: Timestamp,
    ) -> Option<DueStep> {
        if object.uid() != &*ticket.uid || self.find(ticket).is_none() || self.listing {
            return None;
        }
        self.observe_with(object, facts, Origin::LiveRead, Now { earliest: now, latest });
        let slot = self.find(ticket)?;
        self.clock = now;
        let mut passed = Passed::default();
        let due = self.first_due(slot, ticket, object, facts, Now { earliest: now, latest }, &mut passed);
        for (rule, opening) in passed.shut {
            self.slots.get_mut(slot).progress.wait_until(rule, opening);
        }
        for rule in passed.over {
            self.slots.get_mut(slot).progress.finish(rule, &self.rules[rule]);
        }
        if let Some(due) = &due {
            self.slots.get_mut(slot).progress.acts(due.rule);
            self.take_room(slot, due);
        }
        due
    }

    /// The first step that is due and may be done now.
    fn first_due(
        &self,
        slot: u32,
        ticket: &Ticket,
        object: &Observation,
        facts: &Facts,
        Now { earliest: now, latest }: Now,
        passed: &mut Passed,
    ) -> Option<DueStep> {
        for (index, sequence) in self.slots.get(slot).progress.sequences() {
            let rule = &self.rules[index];
            if !sequence.is_due(rule, now) || !sequence.may_begin(rule, self.last_begin) {
                continue;
            }
            let closes = match open(rule, now, latest) {
                Ok(closes) => closes,
                Err(opening) => {
                    passed.shut.push((index, opening));
                    continue;
                }
            };
            let assumed = sequence.is_assumed().then(|| assumed(rule, sequence.step(), object, facts, now));
            let seen = object;
            let object = assumed.as_ref().unwrap_or(seen);
            let verdict = evaluate(rule, object, facts, now);
            let lasts = verdict.changes_at.is_none_or(|change| change > latest);
            if !sequence.goes_on(rule, verdict.truth) || (verdict.truth.is_true() && !lasts) {
                let goes_on = |object| sequence.goes_on(rule, evaluate(rule, object, facts, now).truth);
                if assumed.as_ref().is_some_and(|assumed| goes_on(seen) && !goes_on(assumed)) {
                    passed.over.push(index);
                }
                continue;
            }
            let reason = explain(rule, object, facts, now);
            let step = &rule.steps[sequence.step()];
            let limit = self.page.limit_of(rule).filter(|_| !step.nature.harmless);
            let effect = effect(rule, step, sequence.is_assumed_gone(), &Context::new(object, facts, now));
            let mut effect =
                effect.and_then(|effect| match limit.as_ref().and_then(|limit| limit.held_by(now)) {
                    Some(Hold { by, bound, until }) => Err(Inapplicable::HeldBack { by, bound, until }),
                    None => Ok(effect),
                });
            let mut waits = false;
            if effect.is_ok()
                && !step.nature.harmless
                && let Err(held) = self.room_for(slot, index, now)
            {
                waits = matches!(held, Inapplicable::HeldBack { .. });
                effect = Err(held);
            }
            return Some(DueStep {
                ticket: ticket.clone(),
                rule: index,
                step: sequence.step(),
                effect: effect.map(|effect| effect.told_by(&rule.id, &reason)),
                reason,
                refused_since: sequence.refused_since(),
                held_before: sequence.was_held(),
                assumed: sequence.is_assumed(),
                limit,
                waits,
                true_until: earlier(verdict.changes_at.filter(|_| verdict.truth.is_true()), closes),
            });
        }
        None
    }

    /// Notes what became of a step.
    pub fn step_ended(&mut self, due: &DueStep, result: StepResult, now: impl Into<Now>) {
        let now = now.into();
        self.note_deed(due, result, now.earliest);
        let Some(slot) = self.find(&due.ticket) else { return };
        let result = self.room_after(slot, due, result, now);
        let rule = &self.rules[due.rule];
        self.slots.get_mut(slot).progress.step_ended(due.rule, rule, due.step, result, now);
        if matches!(result, StepResult::Held | StepResult::Postponed { .. }) {
            self.note_hold(due.rule, due.limit.as_ref());
        }
    }

    /// What waits for the object's next change, since it was held back, is looked at again at once: something
    /// else that could have held it back has changed.
    pub fn recheck(&mut self, ticket: &Ticket) {
        if let Some(slot) = self.find(ticket) {
            let entry = self.slots.get_mut(slot);
            entry.progress.look_again();
            if !entry.busy {
                self.arm(slot);
            }
        }
    }

    /// Puts an entry back into the schedule. What is due already is looked at again after `pause`, so
    /// that an object that stays due without a step to do is not read in a loop; at once where facts of it have changed
    /// meanwhile.
    pub fn release(&mut self, ticket: &Ticket, now: Timestamp, pause: Duration) {
        if let Some(slot) = self.find(ticket) {
            self.clock = now;
            let before = self.limited_of(slot);
            let entry = self.slots.get_mut(slot);
            entry.busy = false;
            let pause = if self.waits.is_woken(slot) { Duration::ZERO } else { pause };
            if entry.progress.acted(&self.rules) {
                self.waits.look_at(slot);
            }
            let after_it = self.limited_of(slot);
            self.count(Some(&before), Some(&after_it));
            self.give_room_back(slot);
            self.arm(slot);
            if self.schedule.deadline(slot).is_some_and(|deadline| deadline <= now) {
                self.schedule.set(slot, Some(after(now, pause)));
                self.call_next(slot);
            }
        }
    }
}

/// Rules that were due and passed over.
#[derive(Default)]
struct Passed {
    /// Their window has closed before their step was done, with when it opens again.
    shut: Vec<(usize, Option<Timestamp>)>,
    /// They would not be true any more by the steps that a dry run has assumed.
    over: Vec<usize>,
}

/// An object as the steps before this one would have left it, which a dry run has assumed. That it is gone is none of
/// what it looks like.
fn assumed(rule: &Rule, step: usize, object: &Observation, facts: &Facts, now: Timestamp) -> Observation {
    rule.steps.iter().take(step).fold(object.clone(), |object, step| {
        let effect = step.action.effect(&Context::new(&object, facts, now));
        match effect.ok().and_then(|effect| effect.applied(object.object())) {
            Some(changed) => Observation::new(changed),
            None => object,
        }
    })
}

/// When a rule that may act now may not any more, if ever; else when it may again: it must be open for as long as
/// it is not known how late it is.
fn open(rule: &Rule, now: Timestamp, latest: Timestamp) -> Result<Option<Timestamp>, Option<Timestamp>> {
    let Some(window) = &rule.schedule else { return Ok(None) };
    match window.open_until(now) {
        Some(closes) if closes > latest => Ok(Some(closes)),
        Some(closes) => Err(window.opening(closes)),
        None => Err(window.opening(now)),
    }
}

/// What a step is to do to an object; one that needs it to be terminating waits until it has been for
/// long enough, unless its deletion is only `assumed`: then there is nothing to see yet, and nothing is sent.
fn effect(rule: &Rule, step: &Step, assumed: bool, context: &Context<'_>) -> Result<Effect, Inapplicable> {
    if let Some(duration) = rule.terminating_for(step).filter(|_| !assumed) {
        // An unreadable time is no proof that it has been terminating for long enough.
        let ripe = context.object.deletion_asked().map(|asked| after(asked, duration));
        if !context.object.is_terminating() || ripe.is_none_or(|ripe| context.now < ripe) {
            return Err(Inapplicable::NotYet { at: ripe });
        }
    }
    step.action.effect(context)
}
