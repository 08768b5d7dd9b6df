//! What a controller does with objects that it has read live: the first step that is due on them starts, and its
//! result goes back into the tracker.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::tracker::{DueStep, StepResult, Ticket};
use tracing::{debug, warn};

use super::Controller;
use crate::cluster::in_full;
use crate::cluster::read::ReadError;
use crate::cluster::survey::Survey;
use crate::daemon::worker::{Looked, Reading, Work, look_up};

/// A live read that failed is repeated after this, or later if the server says so or others fail too.
const READ_PAUSE: Duration = Duration::from_secs(5);
/// A verdict that is between two truths is looked at again after this.
const JUDGE_PAUSE: Duration = Duration::from_secs(1);

impl Controller {
    pub(super) fn judge(&mut self, reading: Reading) {
        let Reading { ticket, result, permit, facts: looked } = reading;
        let clock = self.shared.transport.server_clock();
        let (now, latest) = (clock.earliest(), clock.latest());
        if result.is_ok() && looked.failed.is_none() {
            self.failed_reads = (0, String::new());
        }
        let live = match result {
            Ok(Some(live)) if live.uid() == &*ticket.uid => live,
            // It is gone, or another of its name is there, which the watch will tell of.
            Ok(_) => return self.tracker.gone(&ticket.key, &ticket.uid),
            Err(error) => return self.read_failed(&ticket, &error),
        };
        if !self.fresh {
            return self.tracker.release(&ticket, now, JUDGE_PAUSE);
        }
        if !self.others.is_nothing() {
            let mut asked = self.tracker.asks(&live, &looked.facts, now);
            asked.retain(|fact| !looked.asked.contains(fact));
            if !asked.is_empty() {
                let shared = Arc::clone(&self.shared);
                self.readings.spawn(look_up(shared, ticket, live, asked, looked, permit));
                return;
            }
        }
        let due = self.tracker.judge_with(&ticket, &live, &looked.facts, now, latest);
        let pause = match &looked.failed {
            Some(error) => {
                self.tracker.wake_again(&ticket);
                self.tell_failed(&ticket, error)
            }
            None => JUDGE_PAUSE,
        };
        let Some(due) = due else { return self.tracker.release(&ticket, now, pause) };
        let rule = Arc::clone(&self.tracker.rules()[due.rule]);
        let (shared, resource) = (Arc::clone(&self.shared), Arc::clone(&self.resource));
        let stop = self.while_fresh.clone();
        self.works.spawn(Work { shared, resource, rule, due, live, stop }.run(permit));
    }

    pub(super) fn judge_all(&mut self, tickets: Vec<Ticket>, result: Result<Survey, String>) {
        let survey = result.unwrap_or_else(|reason| {
            warn!(kind = %self.resource, objects = tickets.len(), reason, "many fell due and cannot be listed; looking again");
            Survey::default()
        });
        let mut found: HashMap<Box<str>, Observation> =
            survey.found.into_iter().map(|object| (object.name().into(), object)).collect();
        for ticket in tickets {
            let object = found.remove(&ticket.key.name);
            if object.is_some() || survey.complete {
                self.judge(Reading { ticket, result: Ok(object), permit: None, facts: Looked::default() });
            } else {
                let now = self.shared.transport.server_clock().earliest();
                self.tracker.release(&ticket, now, READ_PAUSE);
            }
        }
    }

    fn read_failed(&mut self, ticket: &Ticket, error: &ReadError) {
        let pause = self.tell_failed(ticket, error);
        let now = self.shared.transport.server_clock().earliest();
        self.tracker.release(ticket, now, pause);
    }

    /// How long to wait before the next try.
    fn tell_failed(&mut self, ticket: &Ticket, error: &ReadError) -> Duration {
        let object = self.resource.object_name(ticket.key.namespace.as_deref(), &ticket.key.name);
        let asked = match error {
            ReadError::Throttled { retry_after } => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let reason = in_full(error);
        let (failures, told) = &mut self.failed_reads;
        let pause = READ_PAUSE.saturating_mul(1 << (*failures / 16).min(4)).max(asked);
        *failures += 1;
        // A missing right fails every read of the kind: it is told once, not for each object.
        if *told == reason {
            debug!(object, reason, "it fell due and cannot be read; looking again in {pause:?}");
        } else {
            warn!(object, reason, "it fell due and cannot be read; looking again in {pause:?}");
            *told = reason;
        }
        pause
    }

    pub(super) fn conclude(&mut self, due: &DueStep, result: Option<StepResult>) {
        let now = self.now();
        if let Some(result) = result {
            self.going.note(&due.ticket, result, &self.tracker);
            self.tracker.step_ended(due, result, now);
        }
        self.tracker.release(&due.ticket, now.earliest, Duration::ZERO);
    }
}
