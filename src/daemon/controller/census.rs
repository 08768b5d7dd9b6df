//! How a controller is: what it tracks, how its watch fares, and whether everything due has been done.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::rule::{Rule, RuleId};
use k8s_healer_engine::tracker::ObjectKey;

use super::Controller;
use crate::daemon::control::protocol::{Deadline, Health};
use crate::daemon::supervisor::WatchReport;

/// More deadlines help nobody who looks at a status.
const DEADLINES: usize = 5;

/// What a controller tells of itself.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// How many objects are tracked.
    pub objects: usize,
    /// How many of them have a timer.
    pub armed: usize,
    /// Each rule that is in force.
    pub rules: Vec<RuleCensus>,
    /// What falls due next.
    pub deadlines: Vec<Deadline>,
    /// How the watch is.
    pub health: Health,
    /// Since when, on the daemon's own clock.
    pub since: Timestamp,
    /// Why it does not follow.
    pub reason: Option<String>,
}

/// One rule of a controller.
#[derive(Clone, Debug)]
pub struct RuleCensus {
    /// Which.
    pub rule: RuleId,
    /// How many objects it selects.
    pub selected: usize,
    /// Of how many it is true, or with how many it is in the middle of its steps.
    pub matching: usize,
    /// How many evaluations of its expressions have failed, over all its kinds.
    pub unknown: u64,
}

/// Everything that was due has been tried.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Why that is not known, where it is not.
    pub incomplete: Option<String>,
    /// Objects that were due, of which nothing has come yet: they are looked at again.
    pub undecided: Vec<ObjectKey>,
    /// Objects whose deletion was asked for and that are still there.
    pub leaving: Vec<ObjectKey>,
    /// When the next step falls due of what has begun.
    pub next_step: Option<Timestamp>,
}

/// How the watch is, and since when.
#[derive(Clone, Debug)]
pub(super) struct Wellbeing {
    pub(super) health: Health,
    since: Timestamp,
    pub(super) reason: Option<String>,
}

impl Wellbeing {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { health: Health::Listing, since: now, reason: None }
    }
}

impl Controller {
    pub(super) fn fares(&mut self, health: Health, reason: Option<String>) {
        let is_absent = self.absent_since.is_some();
        if self.wellbeing.health != health {
            self.wellbeing.since = self.shared.transport.server_clock().local().now();
        }
        if self.wellbeing.health != health || is_absent {
            let (place, number) = (self.place.clone(), self.number);
            // The supervisor may have ended.
            drop(self.reports.send(WatchReport { place, number, health, is_absent }));
        }
        self.wellbeing.health = health;
        self.wellbeing.reason = reason;
    }

    pub(super) fn census(&self) -> Census {
        let counted = |(index, (rule, matching)): (usize, (&Arc<Rule>, usize))| {
            let in_force = !self.tracker.is_retired(index);
            let selected = self.tracker.selected_by(index);
            let unknown = rule.failed();
            in_force.then(|| RuleCensus { rule: rule.id.clone(), selected, matching, unknown })
        };
        let deadline = |(at, key): (Timestamp, ObjectKey)| Deadline {
            at,
            object: self.resource.object_name(key.namespace.as_deref(), &key.name),
        };
        Census {
            objects: self.tracker.len(),
            armed: self.tracker.armed(),
            rules: self
                .tracker
                .rules()
                .iter()
                .zip(self.tracker.matched())
                .enumerate()
                .filter_map(counted)
                .collect(),
            deadlines: self.tracker.deadlines(DEADLINES).into_iter().map(deadline).collect(),
            health: self.wellbeing.health,
            since: self.wellbeing.since,
            reason: self.wellbeing.reason.clone(),
        }
    }

    /// Answers those who wait until everything due has been tried, if it has.
    pub(super) fn tell_settled(&mut self) {
        if self.settling.is_empty() {
            return;
        }
        let incomplete = match self.wellbeing.health {
            Health::Forbidden => Some(self.wellbeing.reason.clone().unwrap_or_default()),
            _ if self.shared.pause.is_on() => Some("the daemon pauses".to_owned()),
            _ => None,
        };
        let unknown = || self.shared.facts.unknown(&self.others);
        // What may be due already on the server's clock is waited for.
        let latest = self.shared.transport.server_clock().latest();
        let nothing_due = self.tracker.next_due().is_none_or(|due| due > latest);
        let settled =
            self.fresh && self.successor.is_none() && self.is_idle() && nothing_due && self.knows_facts();
        if !settled && incomplete.is_none() {
            return;
        }
        let settled = Settled {
            incomplete: incomplete.or_else(unknown),
            undecided: self.tracker.undecided(latest),
            leaving: self.going.still_there(&self.tracker),
            next_step: self.tracker.next_step(),
        };
        for reply in self.settling.drain(..) {
            // Nobody may wait for the answer any more.
            drop(reply.send(settled.clone()));
        }
    }
}
