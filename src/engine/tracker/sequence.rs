//! How far one rule has come with one object: which step comes next, from when it counts, and what has become of
//! those before.

use std::time::Duration;

use jiff::Timestamp;

use crate::moment::{Now, SmallMoment, after};
use crate::rule::{Rule, StepWhile};
use crate::truth::Truth;

/// A step that failed is tried again after this, doubled each time (DESIGN 2, "Episodes").
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// Stands for no moment at all: the object's next change.
pub(super) const WHEN_IT_CHANGES: SmallMoment = SmallMoment::NEVER;
/// Another object's protection is looked at again after at most this.
const LONGEST_HOLD: Duration = Duration::from_secs(300);

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
        /// So long after it was refused first it is decided what comes instead, whatever the server asked.
        give_up: Duration,
    },
    /// Not before this moment, which is no failure (a cooldown, `keep-until`); `None`: when the object
    /// changes.
    Postponed {
        /// When.
        until: Option<Timestamp>,
    },
    /// A protection holds it back that ends at this moment, or before.
    Kept {
        /// When it ends by itself.
        until: Timestamp,
        /// It ends before only by a change that is seen; else it is looked at again, ever more rarely.
        is_seen: bool,
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
    /// Since when the rule has been true, `for` not yet counted; of one whose episode is [over](Self::over), since when
    /// it has been true again, never: it is not.
    pub(super) since: SmallMoment,
    /// From when `after` of the current step counts: the moment the rule was due, then that of the
    /// step before.
    pub(super) base: SmallMoment,
    /// Not before this moment, whatever the rule says.
    pub(super) not_before: SmallMoment,
    /// Since when an eviction has been refused; never: it was not.
    pub(super) refused_since: SmallMoment,
    pub(super) step: u32,
    pub(super) attempts: u8,
    /// The rule itself has deleted the object.
    pub(super) removed: bool,
    /// A deletion was sent whose outcome is not known.
    pub(super) asked: bool,
    /// The last attempt has decided nothing.
    pub(super) undecided: bool,
    pub(super) assumed: bool,
    pub(super) held: bool,
    /// It waits for a moment, or for a change of the object before.
    pub(super) kept: bool,
    pub(super) done: bool,
    /// What came of its step is not known yet.
    pub(super) acting: bool,
    /// Meanwhile the rule has ceased to be true.
    pub(super) ended: bool,
    /// And has become true again.
    pub(super) again: bool,
    /// The rule has ceased to be true, and the steps go on all the same: what is true from then on is another episode,
    /// which begins after them.
    pub(super) over: bool,
}

impl Sequence {
    pub(super) fn new(since: Timestamp, rule: &Rule) -> Self {
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
            kept: false,
            done: false,
            acting: false,
            ended: false,
            again: false,
            over: false,
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

    /// Its steps go on, though the rule is not true at this moment.
    pub(super) fn outlives_its_episode(&mut self) {
        (self.over, self.since) = (true, SmallMoment::NEVER);
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

    /// Something has changed: what waits for that waits no longer.
    pub(super) fn look_again(&mut self) {
        if self.kept || self.not_before == WHEN_IT_CHANGES {
            self.not_before = SmallMoment::FIRST;
        }
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
        (self.held, self.kept) = (false, false);
        if self.step() + 1 < rule.steps.len() {
            self.step += 1;
        } else {
            self.done = true;
        }
    }

    /// Takes in what became of its step.
    pub(super) fn step_ended(&mut self, rule: &Rule, result: StepResult, now: Now) {
        self.kept = false;
        self.undecided = matches!(result, StepResult::Changed | StepResult::Unknown { .. });
        match result {
            StepResult::Done { removed } => {
                self.removed |= removed;
                self.advance(rule, None, now);
            }
            StepResult::Skipped { since } => {
                self.removed |= self.asked;
                self.advance(rule, since, now);
            }
            StepResult::Unknown { removes } => {
                self.asked |= removes;
                self.back_off(LONGEST_RETRY, None, now);
            }
            StepResult::Assumed { removed } => {
                self.assumed = true;
                self.removed |= removed;
                self.advance(rule, None, now);
            }
            StepResult::Changed => self.back_off(LONGEST_RETRY, None, now),
            StepResult::Failed { retry_after } => self.back_off(LONGEST_RETRY, retry_after, now),
            StepResult::Refused { retry_after, give_up } => {
                self.refused_since = self.refused_since.min(now.latest.into());
                self.back_off(LONGEST_RETRY, retry_after, now);
                let end = after(self.refused_since.timestamp(), give_up);
                if end > now.latest {
                    self.not_before = self.not_before.min(end.into());
                }
            }
            StepResult::Postponed { until } => {
                self.held = true;
                self.not_before = until.map_or(WHEN_IT_CHANGES, SmallMoment::from);
            }
            StepResult::Kept { until, is_seen } => {
                (self.held, self.kept) = (true, true);
                if is_seen {
                    self.not_before = until.into();
                } else {
                    self.back_off(LONGEST_HOLD, None, now);
                    self.not_before = self.not_before.min(until.into());
                }
            }
            StepResult::Held => {
                self.held = true;
                self.back_off(LONGEST_HOLD, None, now);
            }
            StepResult::Abandoned | StepResult::Finished => self.done = true,
        }
    }
}
