//! What a rule comes to on an object, if nothing but time passes: the first thing that it would do, and what holds
//! it back on the way. The same tracker tells it by which the daemon acts, with this one rule and this one object.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::effect::{Effect, Inapplicable};
use k8s_healer_engine::guard::{LookAgain, protection};
use k8s_healer_engine::matcher::Context;
use k8s_healer_engine::tracker::{DueStep, Origin, StepResult, Tracker};

use super::{Question, Watcher};
use crate::simulation::{Guard, HeldBy, JUDGE_PAUSE};

/// More moments than any rule has at which it could begin; what comes to nothing by then comes to nothing.
const MOMENTS: usize = 1000;

/// What a rule comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// The first thing that it does to the object; `None`: nothing, unless something changes.
    pub due: Option<Due>,
    /// What it tells before: a line of the log, an event.
    pub tells: Option<Due>,
    /// What holds it back before, in order.
    pub holds: Vec<Hold>,
}

/// Something that would be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// Which of its steps, from 0.
    pub step: usize,
    /// `delete`.
    pub action: String,
}

/// Something that would be done, and is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// From when.
    pub at: Timestamp,
    /// Which of its steps, from 0.
    pub step: usize,
    /// `delete`.
    pub action: String,
    /// By what sort of thing.
    pub held: HeldBy,
    /// By what: `protected by the label k8s-healer.io/protect`.
    pub by: String,
    /// Until when; `None`: until something changes.
    pub until: Option<Timestamp>,
}

pub(super) fn of(question: &Question<'_>, watcher: &Watcher<'_>) -> Course {
    let Question { object, facts, guard, now, .. } = *question;
    let mut tracker = Tracker::new(vec![Arc::clone(watcher.rule)]).within(guard.itself.reach.clone());
    tracker.list_started();
    tracker.observe_with(object, facts, Origin::Listed, question.seen_since(watcher.rule));
    tracker.list_completed();
    let mut course = Course::default();
    for _ in 0..MOMENTS {
        let Some(moment) = tracker.next_due().map(|due| due.max(now)) else { break };
        let Some(ticket) = tracker.take_due(moment) else { break };
        let Some(due) = tracker.judge_with(&ticket, object, facts, moment, moment) else {
            tracker.release(&ticket, moment, JUDGE_PAUSE);
            continue;
        };
        let action = || watcher.rule.steps[due.step].action.describe();
        match next(question, watcher, &due, moment) {
            Next::Acts => {
                course.due = Some(Due { at: moment, step: due.step, action: action() });
                break;
            }
            Next::Held(held, by, until) => {
                let result = StepResult::Postponed { until };
                course.holds.push(Hold { at: moment, step: due.step, action: action(), held, by, until });
                tracker.step_ended(&due, result, moment);
            }
            Next::Tells => {
                let told = Due { at: moment, step: due.step, action: action() };
                course.tells.get_or_insert(told);
                tracker.step_ended(&due, StepResult::Done { removed: false }, moment);
            }
            Next::Passes(result) => tracker.step_ended(&due, result, moment),
        }
        tracker.release(&ticket, moment, Duration::ZERO);
    }
    course
}

/// What becomes of a step that is due.
enum Next {
    Acts,
    Tells,
    Held(HeldBy, String, Option<Timestamp>),
    /// There is nothing to do, now or at all.
    Passes(StepResult),
}

fn next(question: &Question<'_>, watcher: &Watcher<'_>, due: &DueStep, moment: Timestamp) -> Next {
    let effect = match &due.effect {
        // One object does not tell how many match: that is another question.
        Err(Inapplicable::HeldBack { .. }) => {
            let Question { object, facts, .. } = *question;
            let context = Context { object, facts, now: moment };
            watcher.rule.steps[due.step].action.effect(&context)
        }
        effect => effect.clone(),
    };
    match effect {
        Ok(effect) => guarded(question, watcher, &effect, moment),
        Err(Inapplicable::AlreadyTerminating { since }) => Next::Passes(StepResult::Skipped { since }),
        Err(Inapplicable::NotYet { at }) => Next::Passes(StepResult::Postponed { until: at }),
        Err(Inapplicable::Unreadable { what }) => {
            Next::Held(HeldBy::Unreadable, format!("{what} cannot be read"), None)
        }
        Err(Inapplicable::NothingToDo | Inapplicable::HeldBack { .. }) => {
            Next::Passes(StepResult::Done { removed: false })
        }
    }
}

/// What does not touch the object passes every protection.
fn guarded(question: &Question<'_>, watcher: &Watcher<'_>, effect: &Effect, moment: Timestamp) -> Next {
    if !effect.writes() {
        return Next::Tells;
    }
    let Guard { itself, guardrails, .. } = question.guard;
    match protection(&question.subject(watcher.is_named), itself, guardrails, moment) {
        Some(held) => {
            let until = match held.until {
                LookAgain::At(until) => Some(until),
                LookAgain::WhenItChanges | LookAgain::Later => None,
            };
            Next::Held(HeldBy::Protection, format!("protected by {}", held.by), until)
        }
        None => match question.unknown_above.first() {
            Some(why) => Next::Held(HeldBy::Protection, why.clone(), None),
            None => Next::Acts,
        },
    }
}
