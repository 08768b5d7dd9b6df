//! What a tracker counts for rules with limits: how many objects each is true of, and how many it selects. What
//! a limit has held back is looked at again once it does not any more.

use jiff::Timestamp;

use super::Tracker;
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
            let asks_how_much =
                self.rules[rule].limits.as_ref().is_some_and(|limits| limits.unhealthy.is_some());
            let is_listed = !self.listing || (self.is_forbidden && !asks_how_much);
            let watched = if self.listing { Some(0) } else { self.watched_by(rule) };
            let count = Count {
                matching: self.matching[rule],
                watched: watched.unwrap_or_default(),
                // A rule that has changed is counted anew by the tracker that follows.
                is_known: is_listed && watched.is_some() && !self.is_retired(rule),
            };
            self.page.set(&self.rules[rule].id, count, asks_how_much);
            let limit = self.page.limit_of(&self.rules[rule]);
            let was_over = self.over.contains(&rule);
            match limit.is_some_and(|limit| limit.held_by().is_some()) {
                true if !was_over => self.over.push(rule),
                false if was_over => {
                    self.over.retain(|over| *over != rule);
                    self.look_again(rule);
                }
                _ => {}
            }
        }
    }

    /// A step was held back: if it was by how much matches, it is looked at again once less does.
    pub(super) fn note_hold(&mut self, rule: usize, limit: Option<&Limit>) {
        if limit.is_some_and(|limit| limit.held_by().is_some()) && !self.over.contains(&rule) {
            self.over.push(rule);
        }
    }

    /// What was held back of a rule may be done now.
    fn look_again(&mut self, rule: usize) {
        for slot in self.slots.slots() {
            let entry = self.slots.get_mut(slot);
            if entry.progress.of(rule).is_some_and(super::Sequence::was_held) {
                entry.progress.wait_until(rule, Some(Timestamp::MIN));
                if !entry.busy {
                    self.arm(slot);
                }
            }
        }
    }
}
