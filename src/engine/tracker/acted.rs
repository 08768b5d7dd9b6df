//! What rules with a breaker have acted on of late: it counts for a while, also where it is gone.

use jiff::Timestamp;

use super::due::DueStep;
use super::sequence::StepResult;
use super::{Ticket, Tracker};
use crate::limits::breaker::{Acted, COUNTS_FOR, Fate};
use crate::moment::after;
use crate::rule::Rule;

/// An object that a rule has acted on.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    rule: usize,
    object: Ticket,
    at: Timestamp,
}

fn has_breaker(rule: &Rule) -> bool {
    rule.limits.as_ref().is_some_and(|limits| limits.breaker.is_some())
}

impl Tracker {
    /// Notes that something was done, tried dry or told of a step, or may have been done.
    pub(super) fn note_deed(&mut self, due: &DueStep, result: StepResult, now: Timestamp) {
        let rule = &self.rules[due.rule];
        let is_done = matches!(
            result,
            StepResult::Done { .. }
                | StepResult::Assumed { .. }
                | StepResult::Unknown { .. }
                | StepResult::Finished
        );
        if !is_done || due.effect.is_err() || rule.steps[due.step].nature.harmless || !has_breaker(rule) {
            return;
        }
        let is_other = |deed: &Deed| deed.rule != due.rule || deed.object.uid != due.ticket.uid;
        self.deeds.retain(|deed| is_other(deed) && after(deed.at, COUNTS_FOR) > now);
        self.deeds.push(Deed { rule: due.rule, object: due.ticket.clone(), at: now });
        self.it_is(now);
        self.publish();
    }

    /// What counts of it at this moment, with what has become of it.
    pub(super) fn acted_of(&self, rule: usize) -> Vec<Acted> {
        let counts = |deed: &&Deed| deed.rule == rule && after(deed.at, COUNTS_FOR) > self.clock;
        let fate = |deed: &Deed| match self.find(&deed.object) {
            None => Fate::Gone,
            Some(slot) if self.slots.get(slot).progress.of(rule).is_some() => Fate::Matches,
            Some(_) => Fate::Watched,
        };
        let deeds = self.deeds.iter().filter(counts);
        deeds.map(|deed| Acted { at: deed.at, fate: fate(deed) }).collect()
    }

    /// Takes over what the tracker before has done by rules of the same name.
    pub(super) fn adopt_deeds(&mut self, old: &Self) {
        for deed in &old.deeds {
            let id = &old.rules[deed.rule].id;
            if let Some(rule) = self.rules.iter().position(|rule| rule.id == *id && has_breaker(rule)) {
                self.deeds.push(Deed { rule, ..deed.clone() });
            }
        }
    }
}
