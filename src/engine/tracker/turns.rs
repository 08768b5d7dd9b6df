//! Whose turn it is: the objects of a rule with `inFlight` or `order` tell the ledger where they stand, those that are
//! held back are called when there is room, and what is due at once is taken in the order that rules ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::Tracker;
use super::flights::State;
use crate::limits::crowd::{Standing, Turn};

impl Tracker {
    /// Tells where an object stands now, and calls those who may begin by that.
    pub(super) fn call_next(&mut self, slot: u32) {
        if !self.flights.is_empty() {
            self.enlist(slot);
            self.call();
        }
    }

    /// Calls whoever may begin, wherever one waits.
    pub(super) fn call_all(&mut self) {
        for rule in &self.flights.rules {
            let groups = self.page.held_back(&self.rules[*rule].id);
            self.flights.stirred.extend(groups.into_iter().map(|group| (*rule, group)));
        }
        self.call();
    }

    /// Whether its watch follows the server; until it is said otherwise, it does. While it does not, nothing is
    /// acted on, and what waits takes no room from what is watched elsewhere.
    pub fn set_following(&mut self, follows: bool) {
        self.follows = follows;
        self.take_part();
    }

    /// Tells whether anything may be acted on; calls those who waited for that.
    pub(super) fn take_part(&mut self) {
        if !self.flights.is_empty() {
            let acts = self.follows && !self.listing;
            if self.page.set_acting(acts) && acts {
                self.call_all();
            }
        }
    }

    /// All objects tell anew where they stand, in another ledger.
    pub(super) fn seat_again(&mut self) {
        let slots: BTreeSet<u32> = self.flights.seats.keys().map(|(slot, _)| *slot).collect();
        self.flights.seats.values_mut().for_each(|seat| seat.listed = None);
        slots.into_iter().for_each(|slot| self.enlist(slot));
        self.call();
    }

    fn enlist(&mut self, slot: u32) {
        for rule in self.flights.rules.clone() {
            if self.is_retired(rule) {
                self.leave_seat(slot, rule);
                continue;
            }
            let Some(most) = self.in_flight(rule).map(|in_flight| in_flight.most) else { continue };
            let standing = self.standing(slot, rule);
            let Some(seat) = self.flights.seats.get_mut(&(slot, rule)) else { continue };
            let id = &self.rules[rule].id;
            if let Some(former) = seat.listed.take_if(|former| Some(&*former) != seat.group.as_ref()) {
                self.page.stand(id, (&former, most), slot, None);
                self.flights.stirred.insert((rule, former));
            }
            let Some(group) = seat.group.clone() else { continue };
            seat.listed = standing.map(|_| Arc::clone(&group));
            if self.page.stand(id, (&group, most), slot, standing) {
                self.flights.stirred.insert((rule, group));
            }
        }
    }

    fn standing(&self, slot: u32, rule: usize) -> Option<Standing> {
        let seat = self.flights.seats.get(&(slot, rule))?;
        let State::Waiting { asleep } = seat.state else { return Some(Standing::InFlight) };
        let entry = self.slots.get(slot);
        let sequence = entry.progress.of(rule)?;
        let rule = &self.rules[rule];
        let is_harmless = rule.steps[sequence.step()].nature.harmless;
        if sequence.is_done() || is_harmless || !sequence.may_begin(rule, self.last_begin) {
            return None;
        }
        let is_ordered = rule.limits.as_ref().is_some_and(|limits| limits.order.is_some());
        let rank = if is_ordered { seat.turn } else { sequence.fell_due(rule).as_millisecond() };
        let due = if asleep {
            None
        } else if entry.busy {
            Some(sequence.due_at(rule)?)
        } else {
            // After a read that failed it is not looked at before the next one.
            Some(sequence.due_at(rule)?.max(self.schedule.deadline(slot)?))
        };
        Some(Standing::Waiting(Turn { rank, due }))
    }

    pub(super) fn call(&mut self) {
        while let Some((rule, group)) = self.flights.stirred.pop_first() {
            let Some(most) = self.in_flight(rule).map(|in_flight| in_flight.most) else { continue };
            let called = self.page.called(&self.rules[rule].id, most, &group, self.clock);
            // Each before all that has been taken up already: room is empty until it comes.
            self.flights.batch.extend(called.iter().rev());
            for slot in called {
                if let Some(seat) = self.flights.seats.get_mut(&(slot, rule)) {
                    seat.state = State::Waiting { asleep: false };
                }
                let entry = self.slots.get_mut(slot);
                entry.progress.wait_until(rule, Some(Timestamp::MIN));
                if !entry.busy {
                    self.set_timer(slot);
                }
                self.enlist(slot);
            }
        }
    }

    /// Takes the next that is due out of the schedule: of what is due at once, in the order that rules ask for.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<u32> {
        if self.flights.is_empty() {
            return self.schedule.pop_due(now).map(|(_, slot)| slot);
        }
        loop {
            while let Some(slot) = self.flights.batch.pop() {
                if self.schedule.deadline(slot).is_some_and(|deadline| deadline <= now) {
                    self.schedule.set(slot, None);
                    return Some(slot);
                }
            }
            let mut due = self.in_turn(self.schedule.due(now).collect());
            if due.is_empty() {
                return None;
            }
            due.reverse();
            self.flights.batch = due;
        }
    }

    /// The same slots in the order that rules ask for.
    pub(super) fn in_turn(&self, mut slots: Vec<u32>) -> Vec<u32> {
        if !self.flights.is_empty() {
            let turn = |slot: u32| {
                let seats =
                    self.flights.rules.iter().filter_map(|rule| self.flights.seats.get(&(slot, *rule)));
                seats.map(|seat| seat.turn).min()
            };
            slots.sort_by_cached_key(|slot| turn(*slot));
        }
        slots
    }
}
