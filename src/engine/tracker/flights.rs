//! What of a rule is in flight, and what waits for its turn: an object has a seat for each rule with `inFlight` or
//! `order` that is true of it or has begun with it. What is held back is not looked at again until it is called.
//!
//! In flight is what a step that writes has been begun on, until it is gone; where it is not being removed, until
//! the rule is not true of it any more. What is terminating and was not begun on here (by whom, a daemon that has
//! just started does not know) is in flight too, if the rule removes and would be true of it otherwise.

use std::collections::BTreeSet;
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};
use jiff::Timestamp;

use super::entry::Entry;
use super::{DueStep, StepResult, Tracker};
use crate::effect::Inapplicable;
use crate::evaluate::evaluate;
use crate::limits::InFlight;
use crate::limits::ledger::{NoRoom, Standing, Turn};
use crate::matcher::Context;
use crate::moment::Now;
use crate::observation::Observation;
use crate::rule::Rule;

/// How far an object has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was done to it yet.
    Waiting {
        /// It was held back, and is looked at when it is called.
        asleep: bool,
    },
    /// A step is being done to it.
    Beginning,
    /// Something has been done to it.
    Begun,
    /// It is terminating, and nobody knows by whom.
    Going,
}

#[derive(Clone, Debug)]
struct Seat {
    /// Its group; `None`: the object does not tell.
    group: Option<Arc<str>>,
    /// By `order`; 0 where the rule has none.
    turn: i64,
    state: State,
    /// The group under which the ledger has it.
    listed: Option<Arc<str>>,
}

/// The seats of all objects. It holds nothing for rules without `inFlight` and `order`.
#[derive(Debug, Default)]
pub(super) struct Flights {
    /// The rules with one of the two.
    rules: Vec<usize>,
    /// By slot and rule.
    seats: AHashMap<(u32, usize), Seat>,
    terminating: AHashSet<u32>,
    /// Where somebody may have to be called.
    stirred: BTreeSet<(usize, Arc<str>)>,
    /// What is due, the last first, so far as it has not been taken yet.
    batch: Vec<u32>,
}

impl Flights {
    pub(super) fn of(rules: &[Arc<Rule>]) -> Self {
        let has_seats = |rule: &usize| {
            let limits = rules[*rule].limits.as_ref();
            limits.is_some_and(|limits| limits.in_flight.is_some() || limits.order.is_some())
        };
        Self { rules: (0..rules.len()).filter(has_seats).collect(), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl Tracker {
    fn in_flight(&self, rule: usize) -> Option<&InFlight> {
        self.rules[rule].limits.as_ref().and_then(|limits| limits.in_flight.as_ref())
    }

    /// Takes in what an object tells of its groups and turns; `known` says of a rule whether it is true, and
    /// whether that cannot be told at the moment.
    pub(super) fn take_seats(
        &mut self,
        slot: u32,
        context: &Context<'_>,
        known: impl Fn(usize) -> (bool, bool),
    ) {
        if context.object.is_terminating() {
            self.flights.terminating.insert(slot);
        } else {
            self.flights.terminating.remove(&slot);
        }
        for rule in self.flights.rules.clone() {
            if !self.is_retired(rule) {
                self.take_seat(slot, rule, context, known(rule));
            }
        }
    }

    fn take_seat(
        &mut self,
        slot: u32,
        rule: usize,
        context: &Context<'_>,
        (is_true, is_out_of_sight): (bool, bool),
    ) {
        let before = self.flights.seats.get(&(slot, rule));
        let state = before.map_or(State::Waiting { asleep: false }, |seat| seat.state);
        let goes_on = self.slots.get(slot).progress.of(rule).is_some();
        let is_terminating = context.object.is_terminating();
        let state = match state {
            State::Beginning => state,
            State::Begun if goes_on || is_terminating || is_out_of_sight => state,
            // A rule that removes nothing begins with what is terminating like with anything else.
            _ if is_terminating
                && self.rules[rule].removes()
                && (is_true || is_going(&self.rules[rule], context)) =>
            {
                State::Going
            }
            State::Waiting { .. } if goes_on => state,
            _ if goes_on => State::Waiting { asleep: false },
            _ => return self.leave_seat(slot, rule),
        };
        let limits = self.rules[rule].limits.as_ref();
        let group_by = limits.and_then(|limits| limits.in_flight.as_ref()?.group_by.as_ref());
        // What has begun counts where it began.
        let group = match before.filter(|_| matches!(state, State::Beginning | State::Begun)) {
            Some(seat) => seat.group.clone(),
            None => group_by.map_or_else(|| Some(Arc::default()), |group_by| group_by.group(context.object)),
        };
        let turn = limits.and_then(|limits| limits.order).map_or(0, |order| order.turn(context.object));
        let listed = before.and_then(|seat| seat.listed.clone());
        if state == (State::Waiting { asleep: true }) {
            // Its own changes do not call it.
            self.slots.get_mut(slot).progress.wait_until(rule, None);
        }
        self.flights.seats.insert((slot, rule), Seat { group, turn, state, listed });
    }

    fn leave_seat(&mut self, slot: u32, rule: usize) {
        let Some(seat) = self.flights.seats.remove(&(slot, rule)) else { return };
        if let (Some(group), Some(in_flight)) = (seat.listed, self.in_flight(rule)) {
            let most = in_flight.most;
            self.page.stand(&self.rules[rule].id, (&group, most), slot, None);
            self.flights.stirred.insert((rule, group));
        }
    }

    /// The object is gone.
    pub(super) fn leave_seats(&mut self, slot: u32) {
        if self.flights.is_empty() {
            return;
        }
        self.flights.terminating.remove(&slot);
        for rule in self.flights.rules.clone() {
            self.leave_seat(slot, rule);
        }
        self.call();
    }

    /// Whether a step that writes may begin: there is room, and it is its turn. Then the room is taken.
    pub(super) fn room_for(&self, slot: u32, rule: usize, now: Timestamp) -> Result<(), Inapplicable> {
        let Some(in_flight) = self.in_flight(rule) else { return Ok(()) };
        let seat = self.flights.seats.get(&(slot, rule));
        let by = in_flight.group_by.as_ref();
        let Some(group) = seat.and_then(|seat| seat.group.as_ref()) else {
            let by = by.map(ToString::to_string).unwrap_or_default();
            return Err(Inapplicable::Unreadable { what: format!("the group of `groupBy: {by}`") });
        };
        let Err(why) = self.page.begin(&self.rules[rule].id, in_flight, group, slot, now) else {
            return Ok(());
        };
        let most = in_flight.most;
        let of = by.map(|by| format!(" for each {by}")).unwrap_or_default();
        Err(Inapplicable::HeldBack {
            by: match why {
                NoRoom::Full(count) => format!("{count} in flight, and inFlight is {most}{of}"),
                NoRoom::NotItsTurn => format!("others go first, and inFlight is {most}{of}"),
            },
        })
    }

    /// An object was judged: it begins, or waits until it is called.
    pub(super) fn take_room(&mut self, slot: u32, due: &DueStep) {
        let is_harmless = self.rules[due.rule].steps[due.step].nature.harmless;
        let begins = due.effect.is_ok() && !is_harmless;
        let Some(seat) = self.flights.seats.get_mut(&(slot, due.rule)) else { return };
        match seat.state {
            State::Waiting { .. } if begins => seat.state = State::Beginning,
            State::Waiting { .. } => seat.state = State::Waiting { asleep: due.waits },
            _ => return,
        }
        self.call_next(slot);
    }

    /// What a result means for the seat, and what a hold is while it waits to be called.
    pub(super) fn room_after(
        &mut self,
        slot: u32,
        due: &DueStep,
        result: StepResult,
        now: Now,
    ) -> StepResult {
        let goes_on = self.slots.get(slot).progress.of(due.rule).is_some();
        let Some(seat) = self.flights.seats.get_mut(&(slot, due.rule)) else { return result };
        if seat.state == State::Beginning {
            let removes = matches!(
                result,
                StepResult::Done { removed: true }
                    | StepResult::Assumed { removed: true }
                    | StepResult::Unknown { removes: true }
            );
            let has_begun = removes
                || matches!(
                    result,
                    StepResult::Done { .. }
                        | StepResult::Assumed { .. }
                        | StepResult::Unknown { .. }
                        | StepResult::Finished
                );
            seat.state = if has_begun && (goes_on || removes) {
                State::Begun
            } else {
                State::Waiting { asleep: false }
            };
        }
        match seat.state {
            State::Waiting { asleep: true } if due.waits => StepResult::Postponed { until: None },
            // It has been called meanwhile.
            State::Waiting { asleep: false } if due.waits => {
                StepResult::Postponed { until: Some(now.earliest) }
            }
            _ => result,
        }
    }

    /// Nothing came of a step that was to be done.
    pub(super) fn give_room_back(&mut self, slot: u32) {
        for rule in &self.flights.rules {
            if let Some(seat) = self.flights.seats.get_mut(&(slot, *rule))
                && seat.state == State::Beginning
            {
                seat.state = State::Waiting { asleep: false };
            }
        }
    }

    /// Tells where an object stands now, and calls those who may begin by that.
    pub(super) fn call_next(&mut self, slot: u32) {
        if !self.flights.is_empty() {
            self.enlist(slot);
            self.call();
        }
    }

    /// Calls whoever may begin, wherever one waits.
    pub(super) fn call_all(&mut self) {
        for ((_, rule), seat) in &self.flights.seats {
            if let (State::Waiting { asleep: true }, Some(group)) = (seat.state, &seat.listed) {
                self.flights.stirred.insert((*rule, Arc::clone(group)));
            }
        }
        self.call();
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

    fn call(&mut self) {
        while let Some((rule, group)) = self.flights.stirred.pop_first() {
            let Some(most) = self.in_flight(rule).map(|in_flight| in_flight.most) else { continue };
            for slot in self.page.called(&self.rules[rule].id, most, &group, self.clock) {
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

    /// Takes over the seats of an object from the tracker that followed it until now.
    pub(super) fn adopt_seats(&mut self, slot: u32, old: &Self, known: &Entry, kept: &[Option<usize>]) {
        if self.flights.is_empty() {
            return;
        }
        let Some(former) = old.slots.find(known.namespace.as_deref(), &known.name) else { return };
        for (index, rule) in kept.iter().enumerate().filter_map(|(index, rule)| Some((index, (*rule)?))) {
            let Some(seat) = old.flights.seats.get(&(former, index)) else { continue };
            let goes_on = self.slots.get(slot).progress.of(rule).is_some();
            match seat.state {
                State::Begun | State::Beginning if goes_on || self.flights.terminating.contains(&slot) => {
                    let seat = Seat { state: State::Begun, listed: None, ..seat.clone() };
                    self.flights.seats.insert((slot, rule), seat);
                }
                State::Waiting { asleep: true } => match self.flights.seats.get_mut(&(slot, rule)) {
                    Some(mine) if matches!(mine.state, State::Waiting { .. }) => {
                        mine.state = State::Waiting { asleep: true };
                    }
                    // Nobody would call it.
                    _ => self.slots.get_mut(slot).progress.wait_until(rule, Some(Timestamp::MIN)),
                },
                _ => {}
            }
        }
    }
}

/// Whether a rule is true of an object but for its being terminated.
fn is_going(rule: &Rule, context: &Context<'_>) -> bool {
    if !rule.scope.selects(context.object.namespace()) {
        return false;
    }
    let mut value = context.object.object().clone();
    if let Some(metadata) = value.get_mut("metadata").and_then(serde_json::Value::as_object_mut) {
        metadata.remove("deletionTimestamp");
    }
    evaluate(rule, &Observation::new(value), context.facts, context.now).truth.is_true()
}
