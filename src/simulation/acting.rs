//! One step that is due: held back, told or done, as the daemon's worker goes about it, and recorded.

use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::effect::{Effect, Inapplicable};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Mode, Rule};
use k8s_healer_engine::tracker::{DueStep, StepResult};

use super::disruptions::{self, Budgeted};
use super::guarding::{HeldBy, Hold, Passed};
use super::world::ObjectId;
use super::{Idle, Outcome, Record, Simulation};

impl Simulation {
    pub(super) fn act(&mut self, id: &ObjectId, due: &DueStep, live: &Arc<Observation>) {
        let rule = Arc::clone(&self.trackers[id.kind].rules()[due.rule]);
        let (result, effect) = match &due.effect {
            Ok(effect) => self.carry_out(id, due, &rule, live, effect),
            Err(Inapplicable::AlreadyTerminating { since }) => {
                self.note_idle(id, due, &rule, "its deletion was asked for already");
                (StepResult::Skipped { since: *since }, None)
            }
            Err(Inapplicable::NotYet { at }) => (StepResult::Postponed { until: *at }, None),
            Err(Inapplicable::Unfit { why }) => {
                self.hold(id, due, &rule, HeldBy::Unfit, why.clone());
                (StepResult::Postponed { until: None }, None)
            }
            Err(Inapplicable::Unreadable { what }) => {
                self.hold(id, due, &rule, HeldBy::Unreadable, format!("{what} cannot be read"));
                (StepResult::Postponed { until: None }, None)
            }
            Err(Inapplicable::HeldBack { by, bound, until }) => {
                self.hold(id, due, &rule, HeldBy::bound(*bound), by.clone());
                // The daemon looks again after a while too; here what frees it is seen.
                (StepResult::Postponed { until: *until }, None)
            }
            Err(Inapplicable::NothingToDo) => {
                self.note_idle(id, due, &rule, "the object is as the step would leave it");
                (StepResult::Done { removed: false }, None)
            }
        };
        // As an answer comes before the event that follows from it.
        self.trackers[id.kind].step_ended(due, result, self.now);
        if let Some(effect) = effect {
            self.play(id, &effect);
        }
        self.trackers[id.kind].release(&due.ticket, self.now, Duration::ZERO);
    }

    /// What comes of a step, and what is to be played of it.
    fn carry_out(
        &mut self,
        id: &ObjectId,
        due: &DueStep,
        rule: &Rule,
        live: &Observation,
        effect: &Effect,
    ) -> (StepResult, Option<Effect>) {
        let removed = effect.removes();
        if let Effect::Log { .. } = effect {
            if self.has_no_end(id, due.rule, due.step) {
                return (StepResult::Finished, None);
            }
            self.tell(id, due, rule, Outcome::Done, Vec::new());
            return (StepResult::Done { removed }, None);
        }
        // What does not touch the object passes every protection.
        let guarded = effect.writes().then(|| self.guarded(id, due, live, effect)).transpose();
        let (lineage, mut not_known) = match guarded {
            Ok(None) => (None, Vec::new()),
            Ok(Some(Passed { lineage, not_known })) => (Some(lineage), not_known),
            Err(hold) => return (self.held(id, due, rule, hold), None),
        };
        let mode = rule.mode.min(self.guard.mode);
        let mut instead = None;
        // Of what is only told nothing is sent, not even to be refused.
        if mode != Mode::Observe && !due.assumed {
            match self.ask_budget(due, live, effect) {
                Budgeted::Free => {}
                Budgeted::FallsBack => instead = Some("delete"),
                Budgeted::Taken(budget, left) => {
                    if mode == Mode::Enforce {
                        self.patch(&budget, &left);
                        self.taken_from.insert(budget);
                    }
                }
                Budgeted::Unknown(missing) => {
                    not_known.push(disruptions::WHAT.to_owned());
                    self.missing.insert(missing);
                }
                Budgeted::Refused(hold) => return (self.held(id, due, rule, hold), None),
            }
        }
        if self.has_no_end(id, due.rule, due.step) {
            return (StepResult::Finished, None);
        }
        match mode {
            Mode::Observe => {
                self.tell(id, due, rule, Outcome::Told(Mode::Observe), not_known);
                (StepResult::Finished, None)
            }
            Mode::DryRun => {
                self.tell(id, due, rule, Outcome::Told(Mode::DryRun), not_known);
                // As in the daemon: where no finalizer holds it, no later step would find it.
                let ends = removed && !due.assumed && !self.world().is_held(id, live);
                (if ends { StepResult::Finished } else { StepResult::Assumed { removed } }, None)
            }
            Mode::Enforce => {
                let turn = if removed { self.turn(id, rule, live) } else { None };
                self.tell(id, due, rule, Outcome::Done, not_known);
                if let Some(record) = self.records.last_mut() {
                    (record.after, record.instead) = (turn, instead);
                }
                if let Some(lineage) = lineage.filter(|_| removed) {
                    self.cooldowns.acted(&rule.id, &lineage, live.uid(), live.created(), self.now);
                }
                (StepResult::Done { removed }, effect.writes().then(|| effect.clone()))
            }
        }
    }

    /// Whose place it takes, where it cannot begin before another one is gone. Here that goes at once; nobody knows how
    /// long it takes.
    fn turn(&mut self, id: &ObjectId, rule: &Rule, live: &Observation) -> Option<ObjectId> {
        let in_flight = rule.limits.as_ref()?.in_flight.as_ref();
        let in_flight = in_flight.filter(|_| !self.world().is_held(id, live))?;
        let group = in_flight.group_by.as_ref().map_or_else(|| Some(Arc::default()), |by| by.group(live))?;
        let gone = self.flown.entry((rule.id.clone(), group)).or_default();
        gone.push(id.clone());
        gone.len().checked_sub(in_flight.most + 1).map(|before| gone[before].clone())
    }

    fn held(&mut self, id: &ObjectId, due: &DueStep, rule: &Rule, hold: Hold) -> StepResult {
        let Hold { by, reason, result, elsewhere } = hold;
        self.hold(id, due, rule, by, reason);
        for other in elsewhere {
            self.waiting.entry(other).or_default().push((id.kind, due.ticket.clone()));
        }
        result
    }

    /// Held back: told once in an episode.
    fn hold(&mut self, id: &ObjectId, due: &DueStep, rule: &Rule, by: HeldBy, reason: String) {
        let outcome = if by == HeldBy::GivenUp { Outcome::GivenUp } else { Outcome::Held(by, reason) };
        let is_new = due.refused_since.is_none() || outcome == Outcome::GivenUp;
        if is_new && !due.held_before {
            self.tell(id, due, rule, outcome, Vec::new());
        }
    }

    /// A plan and a question have no use for it.
    fn note_idle(&mut self, id: &ObjectId, due: &DueStep, rule: &Rule, why: &'static str) {
        if self.coverage.is_none() {
            return;
        }
        self.idle.push(Idle {
            at: self.now,
            object: id.clone(),
            rule: rule.id.clone(),
            step: due.step,
            action: rule.steps[due.step].name,
            why,
            behind: self.records.len(),
        });
    }

    fn tell(&mut self, id: &ObjectId, due: &DueStep, rule: &Rule, outcome: Outcome, not_known: Vec<String>) {
        if let Some(coverage) = &mut self.coverage
            && matches!(outcome, Outcome::Done | Outcome::Told(_))
        {
            coverage.ran(&rule.id, due.step);
        }
        self.records.push(Record {
            at: self.now,
            object: id.clone(),
            rule: rule.id.clone(),
            step: due.step,
            action: rule.steps[due.step].name,
            reason: due.reason.clone(),
            outcome,
            not_known,
            after: None,
            instead: None,
        });
    }
}
