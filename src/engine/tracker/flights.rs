//! What of a rule is in flight, and what waits for its turn: an object has a seat for each rule with `inFlight` or
//! `order` that is true of it or has begun with it. What is held back is not looked at again until it is called.
//!
//! In flight is what a step that writes has been begun on, until it is gone; where it is not being removed, until
//! the rule is not true of it any more. What is terminating and was not begun on here (by whom, a daemon that has
//! just started does not know) is in flight too, if the rule removes and would be true of it otherwise; so it is
//! where that hangs on another object that is not known. Who is called when, [`turns`](super::turns) says.

use std::collections::BTreeSet;
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};
use jiff::Timestamp;

use super::entry::Entry;
use super::{DueStep, StepResult, Tracker};
use crate::effect::Inapplicable;
use crate::evaluate::evaluate;
use crate::limits::crowd::NoRoom;
use crate::limits::{Bound, InFlight};
use crate::matcher::Context;
use crate::moment::Now;
use crate::observation::Observation;
use crate::rule::Rule;
use crate::verdict::Verdict;

/// How far an object has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was done to it yet.
    Waiting {
        /// It was held back, and is looked at when it is called.
        asleep: bool,
    },
    /// A step is being done to it.
    Beginning,
    /// Something may have been done to it: the server's answer is not known.
    Perhaps,
    /// Something has been done to it.
    Begun,
    /// It is terminating, and nobody knows by whom.
    Going,
}

/// What is known of a rule and an object at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    /// The rule is true of it.
    pub(super) is_true: bool,
    /// Whether it is hangs on another object that is not known.
    pub(super) is_lost: bool,
    /// But for its being terminated the rule would be true of it, as far as that is known.
    pub(super) may_be_going: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Seat {
    /// Its group; `None`: the object does not tell.
    pub(super) group: Option<Arc<str>>,
    /// By `order`; 0 where the rule has none.
    pub(super) turn: i64,
    pub(super) state: State,
    /// The group under which the ledger has it.
    pub(super) listed: Option<Arc<str>>,
}

/// The seats of all objects. It holds nothing for rules without `inFlight` and `order`.
#[derive(Debug, Default)]
pub(super) struct Flights {
    /// The rules with one of the two.
    pub(super) rules: Vec<usize>,
    /// By slot and rule.
    pub(super) seats: AHashMap<(u32, usize), Seat>,
    terminating: AHashSet<u32>,
    /// Where somebody may have to be called.
    pub(super) stirred: BTreeSet<(usize, Arc<str>)>,
    /// What is due, the last first, so far as it has not been taken yet.
    pub(super) batch: Vec<u32>,
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
    pub(super) fn in_flight(&self, rule: usize) -> Option<&InFlight> {
        self.rules[rule].limits.as_ref().and_then(|limits| limits.in_flight.as_ref())
    }

    /// What rules with `inFlight` would be of an object that is terminating if it were not; nothing of others.
    pub(super) fn but_for_its_end(&self, context: &Context<'_>) -> Vec<(usize, Verdict)> {
        if self.flights.is_empty() || !context.object.is_terminating() {
            return Vec::new();
        }
        let concerns = |rule: &usize| {
            let scope = &self.rules[*rule].scope;
            !self.is_retired(*rule)
                && self.rules[*rule].removes()
                && self.in_flight(*rule).is_some()
                && scope.selects(context.object.namespace())
        };
        let mut value = context.object.object().clone();
        if let Some(metadata) = value.get_mut("metadata").and_then(serde_json::Value::as_object_mut) {
            metadata.remove("deletionTimestamp");
        }
        let object = Observation::new(value);
        let verdict = |rule: usize| (rule, evaluate(&self.rules[rule], &object, context.facts, context.now));
        self.flights.rules.iter().copied().filter(concerns).map(verdict).collect()
    }

    /// Takes in what an object tells of its groups and turns, and what is known of its rules.
    pub(super) fn take_seats(&mut self, slot: u32, context: &Context<'_>, sight: impl Fn(usize) -> Sight) {
        if context.object.is_terminating() {
            self.flights.terminating.insert(slot);
        } else {
            self.flights.terminating.remove(&slot);
        }
        for rule in self.flights.rules.clone() {
            if !self.is_retired(rule) {
                self.take_seat(slot, rule, context, sight(rule));
            }
        }
    }

    fn take_seat(&mut self, slot: u32, rule: usize, context: &Context<'_>, sight: Sight) {
        let before = self.flights.seats.get(&(slot, rule));
        let state = before.map_or(State::Waiting { asleep: false }, |seat| seat.state);
        let goes_on = self.slots.get(slot).progress.of(rule).is_some();
        let is_terminating = context.object.is_terminating();
        let state = match state {
            State::Beginning => state,
            State::Begun | State::Perhaps if goes_on || is_terminating || sight.is_lost => state,
            // A rule that removes nothing begins with what is terminating like with anything else.
            _ if is_terminating && self.rules[rule].removes() && (sight.is_true || sight.may_be_going) => {
                State::Going
            }
            // Its own later steps wait for nobody.
            State::Waiting { .. } | State::Going if goes_on => state,
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

    pub(super) fn leave_seat(&mut self, slot: u32, rule: usize) {
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
            bound: Bound::Limits,
            until: None,
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
        let is_terminating = self.flights.terminating.contains(&slot);
        seat.state = match (seat.state, result) {
            (
                State::Beginning | State::Perhaps,
                StepResult::Done { removed } | StepResult::Assumed { removed },
            ) if goes_on || removed => State::Begun,
            (State::Beginning | State::Perhaps, StepResult::Finished) if goes_on => State::Begun,
            (State::Beginning | State::Perhaps, StepResult::Unknown { removes }) if goes_on || removes => {
                State::Perhaps
            }
            (State::Perhaps, _) if is_terminating => State::Begun,
            // It may have changed by what was sent before: the next look tells.
            (State::Perhaps, StepResult::Changed) => State::Perhaps,
            (State::Beginning | State::Perhaps, _) => State::Waiting { asleep: false },
            (state, _) => state,
        };
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
                State::Begun | State::Perhaps | State::Beginning
                    if goes_on || self.flights.terminating.contains(&slot) =>
                {
                    let state = if seat.state == State::Beginning { State::Begun } else { seat.state };
                    let seat = Seat { state, listed: None, ..seat.clone() };
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
