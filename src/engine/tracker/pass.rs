//! A single pass over what is due at one moment, as a sweep makes it: nothing that falls due later begins, what
//! has begun goes on, and it is told what of it is left.

use jiff::Timestamp;

use super::entry::Entry;
use super::{ObjectKey, Ticket, Tracker};
use crate::moment::Now;

impl Tracker {
    /// From here on nothing begins that falls due after this moment. Later steps of what began go on.
    pub fn begin_nothing_after(&mut self, moment: Timestamp) {
        self.last_begin = Some(moment);
        for slot in self.slots.slots() {
            if !self.slots.get(slot).busy {
                self.arm(slot);
            }
        }
    }

    /// When that begins which is found to be true now: what could not be judged until now, since something of another
    /// object was not known, could not begin before, and is a part of the pass.
    pub(super) fn begins(&self, slot: u32, now: Now) -> Now {
        match self.last_begin {
            Some(last) if self.waits.is_blind(slot) => {
                Now { earliest: now.earliest.min(last), latest: now.latest.min(last) }
            }
            _ => now,
        }
    }

    /// Whether this very object is still there.
    #[must_use]
    pub fn has(&self, ticket: &Ticket) -> bool {
        self.find(ticket).is_some()
    }

    /// Objects that were due by then, and of which nothing has come yet: they are looked at again after a pause,
    /// since they could not be read, have changed meanwhile, or were given no answer.
    #[must_use]
    pub fn undecided(&self, by: Timestamp) -> Vec<ObjectKey> {
        let first = self.last_begin.map_or(by, |last| last.min(by));
        let is_undecided = |entry: &&Entry| {
            entry.next_change().is_some_and(|change| change <= first)
                || entry.progress.sequences().any(|(rule, sequence)| {
                    let rule = &self.rules[rule];
                    sequence.may_begin(rule, Some(first)) && sequence.is_undecided(rule, by)
                })
        };
        let undecided = self.slots.entries().filter(is_undecided).map(Entry::key);
        let unread = self.waits.unread().map(|slot| self.slots.get(slot).key());
        let mut all: Vec<ObjectKey> = undecided.chain(unread).collect();
        all.sort();
        all.dedup();
        all
    }

    /// When the next step falls due of what has begun; an eviction that was refused has.
    #[must_use]
    pub fn next_step(&self) -> Option<Timestamp> {
        let entries = self.slots.entries();
        let begun =
            entries.flat_map(|entry| entry.progress.sequences()).filter(|(_, one)| one.goes_on_later());
        begun.filter_map(|(rule, sequence)| sequence.due_at(&self.rules[rule])).min()
    }
}
