//! Looking at an object: what its rules are of it, how far they have come by that, and when it is to be looked at again.

use std::sync::Arc;

use super::entry::Origin;
use super::flights::Sight;
use super::progress::Holding;
use super::waits::AT_ONCE;
use super::{Tracker, earlier};
use crate::facts::{Fact, Facts};
use crate::matcher::Context;
use crate::moment::Now;
use crate::observation::Observation;
use crate::truth::Truth;
use crate::verdict::Verdict;

impl Tracker {
    /// Evaluates the rules that select the object, and arms its timer.
    pub(super) fn update(
        &mut self,
        slot: u32,
        object: &Observation,
        facts: &Facts,
        origin: Origin,
        now: Now,
    ) {
        let context = Context::new(object, facts, now.earliest);
        let selection = Arc::clone(&self.home(object.namespace()).selection);
        let before = self.limited_of(slot);
        let mut found = self.index.survey(&selection, &context);
        found.retain(|(rule, _)| !self.is_retired(*rule));
        let going = self.but_for_its_end(&context);
        let selected = self.selected(&context);
        let entry = self.slots.get_mut(slot);
        let changed = !entry.has_version_of(object);
        // After a gap only an unchanged resourceVersion proves that nothing happened meanwhile.
        let gap = origin == Origin::Listed && changed;
        let untrue_at = (changed && !gap && !entry.is_new()).then(|| entry.looked_at()).flatten();
        let is_true =
            |rule: usize| found.iter().any(|(index, verdict)| *index == rule && verdict.truth.is_true());
        // Where another object is not known at the moment, nobody can tell whether the rule has ceased to be true.
        let is_unseen = |verdict: &Verdict| {
            verdict.truth == Truth::Unknown && verdict.waits_for.iter().any(|fact| facts.get(fact).is_none())
        };
        let is_out_of_sight =
            |rule: usize| found.iter().any(|(index, verdict)| *index == rule && is_unseen(verdict));
        for rule in entry.progress.rules().into_iter().filter(|rule| !is_true(*rule)) {
            if is_out_of_sight(rule) {
                entry.progress.out_of_sight(rule);
            } else {
                entry.progress.broken(rule, &self.rules[rule]);
            }
        }
        let begins = self.begins(slot, now);
        let entry = self.slots.get_mut(slot);
        for (rule, verdict) in found.iter().filter(|(_, verdict)| verdict.truth.is_true()) {
            let sight = Holding { since: verdict.holds_since, gap, changed, untrue_at };
            entry.progress.holds(*rule, &self.rules[*rule], sight, begins);
        }
        let all = found.iter().chain(&going).map(|(_, verdict)| verdict).chain(&selected);
        let mut awaited: Vec<Fact> = all.flat_map(|verdict| verdict.waits_for.iter().cloned()).collect();
        awaited.sort();
        awaited.dedup();
        self.waits.set(slot, awaited, facts);
        if origin != Origin::LiveRead {
            // By what is known of the facts at this moment.
            self.waits.looked_at(slot);
        }
        let next_change = found.iter().filter_map(|(_, verdict)| verdict.changes_at).min();
        entry.seen(object, self.list, next_change, now.latest);
        let busy = entry.busy;
        self.note_doubts(slot, object.namespace(), &selected, is_out_of_sight);
        if !self.flights.is_empty() {
            let may_be_going = |rule: usize| {
                let mut verdicts = going.iter().filter(|(index, _)| *index == rule);
                verdicts.any(|(_, verdict)| verdict.truth.is_true() || is_unseen(verdict))
            };
            self.take_seats(slot, &context, |rule| Sight {
                is_true: is_true(rule),
                is_lost: is_out_of_sight(rule),
                may_be_going: may_be_going(rule),
            });
        }
        if busy {
            self.call_next(slot);
        } else {
            self.arm(slot);
        }
        let after = self.limited_of(slot);
        self.count(Some(&before), Some(&after));
    }

    /// Sets its timer, and tells the others of its rules where it stands.
    pub(super) fn arm(&mut self, slot: u32) {
        self.set_timer(slot);
        self.call_next(slot);
    }

    pub(super) fn set_timer(&mut self, slot: u32) {
        let entry = self.slots.get(slot);
        let due = entry.progress.next_due(&self.rules, self.last_begin);
        let change = entry.next_change().filter(|change| self.last_begin.is_none_or(|last| *change <= last));
        let woken = (self.waits.is_woken(slot) || self.waits.is_unread(slot)).then_some(AT_ONCE);
        self.schedule.set(slot, earlier(earlier(due, change), woken));
    }
}
