//! What a rule comes to on an object, if nothing but time passes: the first thing that it would do, and what holds
//! it back on the way. The same tracker tells it by which the daemon acts, with this one rule and this one object.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::effect::{Effect, Inapplicable};
use k8s_healer_engine::guard::protection;
use k8s_healer_engine::matcher::Context;
use k8s_healer_engine::rule::Mode;
use k8s_healer_engine::tracker::{DueStep, Origin, StepResult, Tracker};

use super::{Budgets, Question, Watcher, until};
use crate::simulation::disruptions::{Answer, answer, asks_budgets};
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
    /// Why a step was left out before: it is done already.
    pub passes: Option<String>,
    /// The steps, from 0, of which that is so now.
    pub passed: Vec<usize>,
    /// What else there is has been played along: limits have counted it.
    pub is_counted: bool,
    /// It comes to that only since others change before what the rule asks.
    pub by_others: bool,
    /// What it would do if others did not change before what the rule asks, or protect the object.
    pub overtaken: Option<Due>,
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
    /// On what it hangs that is not known: `nothing protects it: namespace test-a is not in the dump`.
    pub provided: Vec<String>,
    /// The rule's `inFlight` lets it begin once this one is gone: `pods/test-a/web-1`.
    pub turn: Option<String>,
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
            Next::Acts(provided) => {
                course.due = Some(Due { at: moment, step: due.step, action: action(), provided, turn: None });
                break;
            }
            Next::Held(held, by, result) => {
                let until = match result {
                    StepResult::Postponed { until } => until,
                    _ => None,
                };
                // What is refused again is told once.
                if due.refused_since.is_none() {
                    course.holds.push(Hold { at: moment, step: due.step, action: action(), held, by, until });
                }
                tracker.step_ended(&due, result, moment);
            }
            Next::Tells => {
                let told =
                    Due { at: moment, step: due.step, action: action(), provided: Vec::new(), turn: None };
                course.tells.get_or_insert(told);
                tracker.step_ended(&due, StepResult::Done { removed: false }, moment);
            }
            Next::Passes(result, why) => {
                course.passes = course.passes.take().or(why);
                let since = if matches!(result, StepResult::Done { .. }) {
                    course.passed.extend((moment == now).then_some(due.step));
                    question.passed_since(watcher.rule, due.step, moment)
                } else {
                    moment
                };
                tracker.step_ended(&due, result, since);
            }
        }
        tracker.release(&ticket, moment, Duration::ZERO);
    }
    course
}

/// What becomes of a step that is due.
enum Next {
    /// If this is so.
    Acts(Vec<String>),
    Tells,
    Held(HeldBy, String, StepResult),
    /// There is nothing to do, now or at all; why, where it is done already.
    Passes(StepResult, Option<String>),
}

/// Held back until this moment; `None`: until something changes.
fn held(by: HeldBy, why: String, until: Option<Timestamp>) -> Next {
    Next::Held(by, why, StepResult::Postponed { until })
}

fn next(question: &Question<'_>, watcher: &Watcher<'_>, due: &DueStep, moment: Timestamp) -> Next {
    let effect = match &due.effect {
        // One object does not tell how many match: that is another question.
        Err(Inapplicable::HeldBack { .. }) => {
            let Question { object, facts, .. } = *question;
            let context = Context::new(object, facts, moment);
            watcher.rule.steps[due.step].action.effect(&context)
        }
        effect => effect.clone(),
    };
    match effect {
        Ok(effect) => guarded(question, watcher, due, &effect, moment),
        Err(Inapplicable::AlreadyTerminating { since }) => {
            Next::Passes(StepResult::Skipped { since }, Some("it is terminating already".to_owned()))
        }
        Err(Inapplicable::NotYet { at }) => Next::Passes(StepResult::Postponed { until: at }, None),
        Err(Inapplicable::Unfit { why }) => held(HeldBy::Unfit, why, None),
        Err(Inapplicable::Unreadable { what }) => {
            held(HeldBy::Unreadable, format!("{what} cannot be read"), None)
        }
        Err(Inapplicable::NothingToDo) => {
            let spared = watcher.rule.steps[due.step].action.spares(question.object);
            let why = spared.unwrap_or_else(|| "it is already as it would be then".to_owned());
            Next::Passes(StepResult::Done { removed: false }, Some(why))
        }
        Err(Inapplicable::HeldBack { .. }) => Next::Passes(StepResult::Done { removed: false }, None),
    }
}

/// What does not touch the object passes every protection.
fn guarded(
    question: &Question<'_>,
    watcher: &Watcher<'_>,
    due: &DueStep,
    effect: &Effect,
    moment: Timestamp,
) -> Next {
    if !effect.writes() {
        return Next::Tells;
    }
    let Guard { itself, guardrails, .. } = question.guard;
    let protected = protection(&question.subject(watcher.is_named), itself, guardrails, moment);
    if let Some(by) = protected {
        return held(HeldBy::Protection, format!("protected by {}", by.by), until(by.until));
    }
    if let Some(why) = question.unknown_above.first() {
        return held(HeldBy::Protection, why.clone(), None);
    }
    let mut provided = Vec::new();
    if !question.missing.is_empty() {
        provided.push(format!("nothing protects it: {}", question.missing.join(", ")));
    }
    let mode = watcher.rule.mode.min(question.guard.mode);
    // Of what is only told nothing is sent, not even to be refused.
    if mode != Mode::Observe && asks_budgets(effect, question.object) {
        let Budgets { objects, unknown } = question.budgets;
        if let Answer::Refused(hold, _) = answer(objects, due, question.object, effect, moment) {
            return Next::Held(hold.by, hold.reason, hold.result);
        }
        provided.extend(unknown.iter().map(|why| format!("no PodDisruptionBudget refuses it: {why}")));
    }
    Next::Acts(provided)
}
