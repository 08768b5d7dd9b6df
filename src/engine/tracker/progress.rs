//! How far each rule has come with one object: waiting out its `for`, in the middle of its steps, or
//! done with this episode. Rules that are not true of the object have no state.

use jiff::Timestamp;

use super::sequence::{Sequence, StepResult, WHEN_IT_CHANGES};
use crate::moment::{Now, SmallMoment, after};
use crate::rule::Rule;
use crate::truth::Truth;

/// The state of the rules that are true of an object; usually none or one.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// In the order of the rules. Boxed: nearly all objects have none, and pay one pointer for it.
    #[expect(clippy::box_collection, reason = "a pointer instead of three words in each idle entry")]
    states: Option<Box<Vec<(u32, Sequence)>>>,
}

/// How it is known that a rule is true of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    /// Since when, as the object tells.
    pub(super) since: Option<Timestamp>,
    /// Changes before this may not have been seen.
    pub(super) gap: bool,
    /// The object is not what it was when it was looked at last.
    pub(super) changed: bool,
    /// What was not true at this moment, when it was looked at last, has become so by this change.
    pub(super) untrue_at: Option<Timestamp>,
}

impl Progress {
    /// The rules that are true of the object or in the middle of their steps, in their order.
    pub(super) fn sequences(&self) -> impl Iterator<Item = (usize, &Sequence)> {
        self.states().map(|(index, sequence)| (*index as usize, sequence))
    }

    pub(super) fn rules(&self) -> Vec<usize> {
        self.sequences().map(|(rule, _)| rule).collect()
    }

    pub(super) fn of(&self, rule: usize) -> Option<&Sequence> {
        self.states().find(|(index, _)| *index as usize == rule).map(|(_, sequence)| sequence)
    }

    fn states(&self) -> impl Iterator<Item = &(u32, Sequence)> {
        self.states.iter().flat_map(|states| states.iter())
    }

    fn of_mut(&mut self, rule: usize) -> Option<&mut Sequence> {
        let states = self.states.as_mut()?;
        states.iter_mut().find(|(index, _)| *index as usize == rule).map(|(_, sequence)| sequence)
    }

    /// With room for one alone: hardly ever is more than one rule true of an object.
    fn insert(&mut self, rule: u32, sequence: Sequence) {
        let states = self.states.get_or_insert_with(|| Box::new(Vec::with_capacity(1)));
        let place = states.partition_point(|(index, _)| *index < rule);
        states.insert(place, (rule, sequence));
    }

    /// Takes over how far rules have come with this object, `kept` naming their new indices. After a `gap`
    /// the object may have changed unseen meanwhile; `unseen`: nobody has looked at it since.
    pub(super) fn adopt(
        &mut self,
        old: &Self,
        kept: &[Option<usize>],
        rules: &[std::sync::Arc<Rule>],
        gap: bool,
        unseen: impl Fn(usize) -> bool,
    ) {
        for (index, known) in old.sequences() {
            let Some(index) = kept.get(index).copied().flatten() else { continue };
            match self.of_mut(index) {
                // Only the object itself can tell that the rule was true all the time.
                Some(mine) if gap && known.step == 0 && !known.done => {
                    mine.since = mine.since.max(known.since);
                    mine.base = after(mine.since.timestamp(), rules[index].hold).into();
                    (mine.not_before, mine.held, mine.attempts, mine.kept) =
                        (known.not_before, known.held, known.attempts, known.kept);
                    mine.look_again();
                }
                Some(mine) => {
                    let since = mine.since;
                    *mine = known.clone();
                    if gap {
                        mine.look_again();
                    }
                    // It is true again by what the new watch has seen.
                    if mine.over && mine.since == SmallMoment::NEVER {
                        mine.since = since;
                    }
                }
                // The rule is not true now: steps that go on all the same do.
                None if unseen(index)
                    || (known.step > 0 && !known.done && known.goes_on(&rules[index], Truth::Unknown)) =>
                {
                    let mut known = known.clone();
                    if !unseen(index) {
                        known.outlives_its_episode();
                    }
                    self.insert(u32::try_from(index).unwrap_or(u32::MAX), known);
                }
                None => {}
            }
        }
    }

    /// Steps that were held back are due again; returns whether there are any.
    pub(super) fn look_again_at_held(&mut self) -> bool {
        let states = self.states.iter_mut().flat_map(|states| states.iter_mut());
        let mut any = false;
        for (_, sequence) in states.filter(|(_, sequence)| sequence.held && !sequence.done) {
            sequence.not_before = SmallMoment::FIRST;
            any = true;
        }
        any
    }

    /// Rules of which nothing has been done yet count from anew: they may not have been true all the time.
    pub(super) fn restart(&mut self) {
        let waiting = self.sequences().filter(|(_, sequence)| sequence.step == 0 && !sequence.done);
        let waiting: Vec<usize> = waiting.map(|(rule, _)| rule).collect();
        waiting.into_iter().for_each(|rule| self.remove(rule));
    }

    pub(super) fn remove(&mut self, rule: usize) {
        if let Some(states) = &mut self.states {
            states.retain(|(index, _)| *index as usize != rule);
            if states.is_empty() {
                self.states = None;
            }
        }
    }

    /// Of the rules' steps, without those that are not to begin any more.
    pub(super) fn next_due(
        &self,
        rules: &[std::sync::Arc<Rule>],
        last_begin: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let due = |(index, sequence): (usize, &Sequence)| {
            let rule = &rules[index];
            sequence.due_at(rule).filter(|_| sequence.may_begin(rule, last_begin))
        };
        self.sequences().filter_map(due).min()
    }

    /// The rule is true of the object.
    pub(super) fn holds(
        &mut self,
        index: usize,
        rule: &Rule,
        Holding { since: holds_since, gap, changed, untrue_at }: Holding,
        now: Now,
    ) {
        let wait = rule.steps.first().and_then(|step| step.after).unwrap_or_default();
        let start = now.start_of(rule.hold.saturating_add(wait));
        let since = holds_since.unwrap_or(start);
        // It was seen not to be true after that: an old time in the object does not tell otherwise.
        let from_untrue = if untrue_at.is_some_and(|at| since <= at) { start } else { since };
        let Some(sequence) = self.of_mut(index) else {
            self.insert(u32::try_from(index).unwrap_or(u32::MAX), Sequence::new(from_untrue, rule));
            return;
        };
        if sequence.ended {
            sequence.again = true;
            return;
        }
        if sequence.over {
            match sequence.since.get() {
                None => sequence.since = from_untrue.into(),
                Some(before) if gap => sequence.since = since.max(before).into(),
                Some(_) => {}
            }
        }
        // The object itself may tell that another episode began while nobody looked.
        if sequence.done && gap && holds_since.is_some_and(|since| SmallMoment::from(since) > sequence.since)
        {
            *sequence = Sequence::new(since, rule);
        }
        if sequence.step == 0 && !sequence.done && gap {
            // It may have been untrue meanwhile: only the object itself can tell that it was not.
            let since = since.max(sequence.since.timestamp());
            let not_before = sequence.not_before;
            *sequence = Sequence {
                not_before,
                held: sequence.held,
                kept: sequence.kept,
                attempts: sequence.attempts,
                ..Sequence::new(since, rule)
            };
        }
        if changed {
            sequence.look_again();
        }
    }

    /// Nothing of the rule's is done to the object any more in this episode.
    pub(super) fn finish(&mut self, index: usize, rule: &Rule) {
        if let Some(sequence) = self.of_mut(index) {
            sequence.done = true;
        }
        self.follow_up(index, rule);
    }

    /// Steps that have outlived their episode and are done make room for the next one, if that has begun.
    fn follow_up(&mut self, index: usize, rule: &Rule) {
        let Some(sequence) = self.of_mut(index).filter(|sequence| sequence.done && sequence.over) else {
            return;
        };
        match sequence.since.get() {
            Some(since) => *sequence = Sequence { acting: sequence.acting, ..Sequence::new(since, rule) },
            None => self.remove(index),
        }
    }

    /// Nothing of the rule's is done to the object before this moment; `None`: until it changes.
    pub(super) fn wait_until(&mut self, index: usize, moment: Option<Timestamp>) {
        if let Some(sequence) = self.of_mut(index) {
            sequence.not_before = moment.map_or(WHEN_IT_CHANGES, SmallMoment::from);
        }
    }

    /// The rule is not true of the object: what waits is over, what began may go on.
    pub(super) fn broken(&mut self, index: usize, rule: &Rule) {
        let over = self.of(index).is_some_and(|sequence| {
            sequence.done || sequence.step == 0 || !sequence.goes_on(rule, Truth::Unknown)
        });
        if over {
            match self.of_mut(index) {
                // An event that follows from a step may come before the answer, which says whether others follow.
                Some(sequence) if sequence.acting => {
                    (sequence.ended, sequence.again) = (true, false);
                }
                _ => self.remove(index),
            }
        } else if let Some(sequence) = self.of_mut(index) {
            sequence.outlives_its_episode();
            sequence.look_again();
        }
    }

    /// It is not known whether the rule is still true: what waits counts anew, what began is not over.
    pub(super) fn out_of_sight(&mut self, index: usize) {
        if let Some(sequence) = self.of_mut(index).filter(|sequence| sequence.over) {
            sequence.since = SmallMoment::NEVER;
        }
        match self.of_mut(index).filter(|sequence| sequence.step == 0 && !sequence.done) {
            Some(sequence) if sequence.acting => (sequence.ended, sequence.again) = (true, false),
            Some(_) => self.remove(index),
            None => {}
        }
    }

    /// What waits for a change waits no longer.
    pub(super) fn look_again(&mut self) {
        let states = self.states.iter_mut().flat_map(|states| states.iter_mut());
        states.for_each(|(_, sequence)| sequence.look_again());
    }

    /// A step of the rule is about to be done.
    pub(super) fn acts(&mut self, index: usize) {
        if let Some(sequence) = self.of_mut(index) {
            sequence.acting = true;
        }
    }

    /// Nothing is being done any more: what ended meanwhile is over, unless its next step goes on all the same. Returns
    /// whether the object is to be looked at anew, since the rule has become true again.
    pub(super) fn acted(&mut self, rules: &[std::sync::Arc<Rule>]) -> bool {
        let mut over = Vec::new();
        let mut again = false;
        for (index, sequence) in self.states.iter_mut().flat_map(|states| states.iter_mut()) {
            sequence.acting = false;
            let rule = *index as usize;
            if std::mem::take(&mut sequence.ended) {
                let goes_on = sequence.step > 0 && sequence.goes_on(&rules[rule], Truth::Unknown);
                again |= sequence.again;
                if sequence.done || !goes_on {
                    over.push(rule);
                } else {
                    sequence.outlives_its_episode();
                }
            }
        }
        over.into_iter().for_each(|rule| self.remove(rule));
        again
    }

    pub(super) fn step_ended(
        &mut self,
        index: usize,
        rule: &Rule,
        step: usize,
        result: StepResult,
        now: Now,
    ) {
        let Some(sequence) = self.of_mut(index).filter(|sequence| sequence.step() == step && !sequence.done)
        else {
            return;
        };
        sequence.step_ended(rule, result, now);
        self.follow_up(index, rule);
    }
}
