//! How far each rule has come with one object: waiting out its `for`, in the middle of its steps, or
//! done with this episode. Rules that are not true of the object have no state.

use std::time::Duration;

use jiff::Timestamp;

use crate::moment::{Now, SmallMoment, after};
use crate::rule::{Rule, StepWhile};
use crate::truth::Truth;

/// A step that failed is tried again after this, doubled each time (DESIGN 2, "Episodes").
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// Stands for no moment at all: the object's next change.
const WHEN_IT_CHANGES: SmallMoment = SmallMoment::NEVER;
/// Another object's protection is looked at again after at most this.
const LONGEST_HOLD: Duration = Duration::from_secs(300);

/// The state of the rules that are true of an object; usually none or one.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// In the order of the rules. Boxed: nearly all objects have none, and pay one pointer for it.
    #[expect(clippy::box_collection, reason = "a pointer instead of three words in each idle entry")]
    states: Option<Box<Vec<(u32, Sequence)>>>,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// It was done, or there was nothing to do; the next one counts from now.
    Done {
        /// The rule itself has asked for the object's deletion.
        removed: bool,
    },
    /// The object was terminating already; the next step counts from when its deletion was asked for.
    Skipped {
        /// When that was, as far as it is known.
        since: Option<Timestamp>,
    },
    /// The server's dry run accepted it: it is assumed, later steps are told and not sent.
    Assumed {
        /// Its deletion is assumed.
        removed: bool,
    },
    /// It failed: again, with back-off.
    Failed {
        /// The server asked to wait so long.
        retry_after: Option<Duration>,
    },
    /// It has changed, or time may have ended the truth: looked at again, with back-off. Nothing failed.
    Changed,
    /// The server may have done it: look again. If the object is then seen terminating, it was the rule.
    Unknown {
        /// It would have asked for the object's deletion.
        removes: bool,
    },
    /// An eviction was refused: again, and it is remembered since when.
    Refused {
        /// The server asked to wait so long.
        retry_after: Option<Duration>,
    },
    /// Not before this moment, which is no failure (a cooldown, `keep-until`); `None`: when the object
    /// changes.
    Postponed {
        /// When.
        until: Option<Timestamp>,
    },
    /// A protection holds it back that may end unseen: looked at again, ever more rarely.
    Held,
    /// This episode is over without it.
    Abandoned,
    /// This episode is over as if it had been done: it was told, tried dry, or may have been done once and must not
    /// be done twice.
    Finished,
}

/// How far one rule has come with one object.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of one sequence")]
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Since when the rule has been true, `for` not yet counted.
    since: SmallMoment,
    /// From when `after` of the current step counts: the moment the rule was due, then that of the
    /// step before.
    base: SmallMoment,
    /// Not before this moment, whatever the rule says.
    not_before: SmallMoment,
    /// Since when an eviction has been refused; never: it was not.
    refused_since: SmallMoment,
    step: u32,
    attempts: u8,
    /// The rule itself has deleted the object.
    removed: bool,
    /// A deletion was sent whose outcome is not known.
    asked: bool,
    /// The last attempt has decided nothing.
    undecided: bool,
    assumed: bool,
    held: bool,
    done: bool,
    /// What came of its step is not known yet.
    acting: bool,
    /// Meanwhile the rule has ceased to be true.
    ended: bool,
    /// And has become true again.
    again: bool,
}

impl Sequence {
    fn new(since: Timestamp, rule: &Rule) -> Self {
        Self {
            since: since.into(),
            base: after(since, rule.hold).into(),
            not_before: SmallMoment::FIRST,
            refused_since: SmallMoment::NEVER,
            step: 0,
            attempts: 0,
            removed: false,
            asked: false,
            undecided: false,
            assumed: false,
            held: false,
            done: false,
            acting: false,
            ended: false,
            again: false,
        }
    }

    /// The index of the step that comes next.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step as usize
    }

    pub(super) fn refused_since(&self) -> Option<Timestamp> {
        self.refused_since.get()
    }

    pub(super) fn was_held(&self) -> bool {
        self.held
    }

    pub(super) fn is_assumed(&self) -> bool {
        self.assumed
    }

    /// It is past its first step, or that was refused, and it goes on.
    pub(super) fn goes_on_later(&self) -> bool {
        (self.step > 0 || self.refused_since != SmallMoment::NEVER) && !self.done
    }

    /// When the first step is due by itself, whatever came of it so far; never after its last window.
    pub(super) fn begins_at(&self, rule: &Rule) -> Timestamp {
        let wait = rule.steps.first().and_then(|step| step.after).unwrap_or_default();
        rule.opening(after(self.base.timestamp(), wait)).unwrap_or(Timestamp::MAX)
    }

    /// It has done all its steps, or will do none.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// When its step fell due by the rule, whatever came between.
    pub(super) fn fell_due(&self, rule: &Rule) -> Timestamp {
        after(self.base.timestamp(), rule.steps[self.step()].after.unwrap_or_default())
    }

    /// Its step was due by then, and nothing has come of it: no result, or one that decides nothing.
    pub(super) fn is_undecided(&self, rule: &Rule, by: Timestamp) -> bool {
        let wait = rule.steps[self.step()].after.unwrap_or_default();
        let was_due = after(self.base.timestamp(), wait) <= by && rule.opening(by) == Some(by);
        was_due && !self.done && !self.held && (self.attempts == 0 || self.undecided)
    }

    /// A dry run's deletion is taken for done: what comes after it is told as if the object were going.
    pub(super) fn is_assumed_gone(&self) -> bool {
        self.assumed && self.removed
    }

    pub(super) fn due_at(&self, rule: &Rule) -> Option<Timestamp> {
        if self.done || self.not_before == WHEN_IT_CHANGES {
            return None;
        }
        let due = after(self.base.timestamp(), rule.steps[self.step()].after.unwrap_or_default());
        rule.opening(due.max(self.not_before.timestamp()))
    }

    /// Whether it has begun, or falls due by then.
    pub(super) fn may_begin(&self, rule: &Rule, last_begin: Option<Timestamp>) -> bool {
        self.step > 0 || last_begin.is_none_or(|last| self.begins_at(rule) <= last)
    }

    pub(super) fn is_due(&self, rule: &Rule, now: Timestamp) -> bool {
        self.due_at(rule).is_some_and(|due| due <= now)
    }

    /// Whether the next step still applies where the rule is `truth`.
    pub(super) fn goes_on(&self, rule: &Rule, truth: Truth) -> bool {
        if self.step == 0 {
            return truth.is_true();
        }
        let default = if self.removed { StepWhile::Present } else { StepWhile::Match };
        match rule.steps[self.step()].while_.unwrap_or(default) {
            StepWhile::Match => truth.is_true(),
            StepWhile::Present => true,
        }
    }

    /// The next look after a failure: doubled each time, at least what the server asked for.
    fn back_off(&mut self, longest: Duration, retry_after: Option<Duration>, now: Now) {
        let wait = FIRST_RETRY.saturating_mul(1 << self.attempts.min(10)).min(longest);
        self.attempts = self.attempts.saturating_add(1);
        self.not_before = after(now.latest, wait.max(retry_after.unwrap_or_default())).into();
    }

    /// To the next step; it counts from `since`, where that is known, else from now.
    fn advance(&mut self, rule: &Rule, since: Option<Timestamp>, now: Now) {
        let wait = rule.steps.get(self.step() + 1).and_then(|step| step.after).unwrap_or_default();
        self.base = since.unwrap_or(now.start_of(wait)).into();
        self.attempts = 0;
        self.not_before = SmallMoment::FIRST;
        self.refused_since = SmallMoment::NEVER;
        self.held = false;
        if self.step() + 1 < rule.steps.len() {
            self.step += 1;
        } else {
            self.done = true;
        }
    }
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
                    (mine.not_before, mine.held, mine.attempts) =
                        (known.not_before, known.held, known.attempts);
                }
                Some(mine) => *mine = known.clone(),
                // The rule is not true now: steps that go on all the same do.
                None if unseen(index)
                    || (known.step > 0 && !known.done && known.goes_on(&rules[index], Truth::Unknown)) =>
                {
                    self.insert(u32::try_from(index).unwrap_or(u32::MAX), known.clone());
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
        holds_since: Option<Timestamp>,
        gap: bool,
        changed: bool,
        now: Now,
    ) {
        let wait = rule.steps.first().and_then(|step| step.after).unwrap_or_default();
        let since = holds_since.unwrap_or(now.start_of(rule.hold.saturating_add(wait)));
        let Some(sequence) = self.of_mut(index) else {
            self.insert(u32::try_from(index).unwrap_or(u32::MAX), Sequence::new(since, rule));
            return;
        };
        if sequence.ended {
            sequence.again = true;
            return;
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
                attempts: sequence.attempts,
                ..Sequence::new(since, rule)
            };
        }
        if changed && sequence.not_before == WHEN_IT_CHANGES {
            sequence.not_before = SmallMoment::FIRST;
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
        } else if let Some(sequence) = self.of_mut(index)
            && sequence.not_before == WHEN_IT_CHANGES
        {
            sequence.not_before = SmallMoment::FIRST;
        }
    }

    /// It is not known whether the rule is still true: what waits counts anew, what began is not over.
    pub(super) fn out_of_sight(&mut self, index: usize) {
        match self.of_mut(index).filter(|sequence| sequence.step == 0 && !sequence.done) {
            Some(sequence) if sequence.acting => (sequence.ended, sequence.again) = (true, false),
            Some(_) => self.remove(index),
            None => {}
        }
    }

    /// What waits for a change waits no longer.
    pub(super) fn look_again(&mut self) {
        for (_, sequence) in self.states.iter_mut().flat_map(|states| states.iter_mut()) {
            if sequence.not_before == WHEN_IT_CHANGES {
                sequence.not_before = SmallMoment::FIRST;
            }
        }
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
                if sequence.done || !goes_on {
                    again |= sequence.again;
                    over.push(rule);
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
        sequence.undecided = matches!(result, StepResult::Changed | StepResult::Unknown { .. });
        match result {
            StepResult::Done { removed } => {
                sequence.removed |= removed;
                sequence.advance(rule, None, now);
            }
            StepResult::Skipped { since } => {
                sequence.removed |= sequence.asked;
                sequence.advance(rule, since, now);
            }
            StepResult::Unknown { removes } => {
                sequence.asked |= removes;
                sequence.back_off(LONGEST_RETRY, None, now);
            }
            StepResult::Assumed { removed } => {
                sequence.assumed = true;
                sequence.removed |= removed;
                sequence.advance(rule, None, now);
            }
            StepResult::Changed => sequence.back_off(LONGEST_RETRY, None, now),
            StepResult::Failed { retry_after } => sequence.back_off(LONGEST_RETRY, retry_after, now),
            StepResult::Refused { retry_after } => {
                sequence.refused_since = sequence.refused_since.min(now.latest.into());
                sequence.back_off(LONGEST_RETRY, retry_after, now);
            }
            StepResult::Postponed { until } => {
                sequence.held = true;
                sequence.not_before = until.map_or(WHEN_IT_CHANGES, SmallMoment::from);
            }
            StepResult::Held => {
                sequence.held = true;
                sequence.back_off(LONGEST_HOLD, None, now);
            }
            StepResult::Abandoned | StepResult::Finished => sequence.done = true,
        }
    }
}
