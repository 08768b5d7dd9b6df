//! What a tracker counts for rules with limits: how many objects each is true of, and how many it selects. What
//! a limit has held back is looked at again once it does not any more.

use jiff::Timestamp;

use super::Tracker;
use super::waits::AT_ONCE;
use crate::limits::Limits;
use crate::limits::ledger::{Count, Ledger, Limit};

impl Tracker {
    /// Counts together with the other trackers of its rules.
    #[must_use]
    pub fn counted_in(mut self, ledger: &Ledger) -> Self {
        self.count_in(ledger);
        self
    }

    /// See [`counted_in`](Self::counted_in); what it has counted so far goes with it.
    pub fn count_in(&mut self, ledger: &Ledger) {
        self.page = ledger.page();
        self.take_part();
        self.recount();
        self.seat_again();
    }

    /// Tells the time, where nothing else does: what comes and goes next counts as of then.
    pub fn it_is(&mut self, now: Timestamp) {
        self.clock = self.clock.max(now);
    }

    /// Something that another tracker of the same ledger has come to may let go on what is held back here.
    pub fn look_at_limits(&mut self) {
        if !self.limited.is_empty() {
            self.publish();
            self.call_all();
        }
    }

    /// Whether what it watches may not be read; until it is said otherwise, it may. Nothing is begun there, and a
    /// rule that does not ask how much matches does not wait for its list.
    pub fn set_forbidden(&mut self, is_forbidden: bool) {
        if self.is_forbidden != is_forbidden {
            self.is_forbidden = is_forbidden;
            self.publish();
        }
    }

    /// The rules with limits that are true of an entry, or in the middle of their steps with it, or may be true of it.
    pub(super) fn limited_of(&self, slot: u32) -> Vec<usize> {
        if self.limited.is_empty() {
            return Vec::new();
        }
        let rules = self.slots.get(slot).progress.sequences().map(|(rule, _)| rule);
        rules.filter(|rule| self.limited.contains(rule)).chain(self.doubts.of_slot(slot)).collect()
    }

    /// Counts an entry that was true of the rules `before`; `None`: it was not there.
    pub(super) fn count(&mut self, before: Option<&[usize]>, after: Option<&[usize]>) {
        if self.limited.is_empty() || before == after {
            return;
        }
        before.unwrap_or_default().iter().for_each(|rule| self.matching[*rule] -= 1);
        after.unwrap_or_default().iter().for_each(|rule| self.matching[*rule] += 1);
        self.publish();
    }

    /// From nothing, where entries were taken over or rules retired.
    pub(super) fn recount(&mut self) {
        if self.limited.is_empty() {
            return;
        }
        self.matching = self.matched();
        for rule in self.doubts.all() {
            self.matching[rule] += 1;
        }
        self.publish();
    }

    /// While the first list is under way, nothing is known; during a later one, what was known before.
    pub(super) fn publish(&mut self) {
        if self.listing && self.has_listed {
            return;
        }
        for rule in self.limited.clone() {
            let asks_how_much = self.rules[rule].limits.as_ref().is_some_and(Limits::asks_how_much);
            let is_listed = !self.listing || (self.is_forbidden && !asks_how_much);
            let watched = if self.listing { Some(0) } else { self.watched_by(rule) };
            let count = Count {
                matching: self.matching[rule],
                doubtful: self.doubts.of_rule(rule),
                watched: watched.unwrap_or_default(),
                // A rule that has changed is counted anew by the tracker that follows.
                is_known: is_listed && watched.is_some() && !self.is_retired(rule),
                acted: self.acted_of(rule),
            };
            self.page.set(&self.rules[rule], count, self.clock);
            let limit = self.page.limit_of(&self.rules[rule]);
            let hold = limit.and_then(|limit| limit.held_by(self.clock));
            let was_over = self.over.get(&rule).copied();
            match hold.map(|hold| hold.until) {
                Some(until) if was_over != Some(until) => {
                    self.over.insert(rule, until);
                    // What was held back before knows another time, or none.
                    if was_over.is_some() && until.is_some() {
                        self.look_again(rule, until);
                    }
                }
                None if was_over.is_some() => {
                    self.over.remove(&rule);
                    self.look_again(rule, None);
                }
                _ => {}
            }
        }
    }

    /// A step was held back: if it was by how much matches, it is looked at again once less does.
    pub(super) fn note_hold(&mut self, rule: usize, limit: Option<&Limit>) {
        if let Some(hold) = limit.and_then(|limit| limit.held_by(self.clock)) {
            self.over.entry(rule).or_insert(hold.until);
        }
    }

    /// What was held back of a rule may be done at this moment; `None`: now.
    fn look_again(&mut self, rule: usize, moment: Option<Timestamp>) {
        let moment = moment.unwrap_or(AT_ONCE);
        for slot in self.slots.slots() {
            let entry = self.slots.get_mut(slot);
            if entry.progress.of(rule).is_some_and(super::Sequence::was_held) {
                entry.progress.wait_until(rule, Some(moment));
                if !entry.busy {
                    self.arm(slot);
                }
            }
        }
    }
}
