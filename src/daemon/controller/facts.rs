//! What a controller does as facts of other objects change: what hangs on them falls due. Where that is a multitude,
//! one list of the kind replaces the single reads.

use std::sync::Arc;

use k8s_healer_engine::facts::Fact;
use k8s_healer_engine::tracker::Tracker;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;
use tracing::debug;

use super::{Controller, Replacement, SURVEYED};
use crate::daemon::facts::Change;

impl Controller {
    /// Facts have changed, or are known since now. An error: there were more changes than could be taken.
    pub(super) fn take_facts(&mut self, change: Result<Arc<Change>, RecvError>) {
        self.tracker.it_is(self.now().earliest);
        let mut concerned = wake(&mut self.tracker, &change);
        if let Some(successor) = &mut self.successor {
            concerned = concerned.max(wake(successor.tracker(), &change));
        }
        if !self.one_pass && concerned > SURVEYED && self.successor.is_none() {
            debug!(kind = %self.resource, objects = concerned, "facts of many objects have changed: they are listed");
            self.tracker.leave_to_list();
            self.list_again();
        }
    }

    /// Lists the kind beside what goes on, for the rules that are in force.
    fn list_again(&mut self) {
        let in_force =
            self.tracker.rules().iter().enumerate().filter(|(index, _)| !self.tracker.is_retired(*index));
        let rules = in_force.map(|(_, rule)| Arc::clone(rule)).collect();
        // Nobody waits for it.
        let (done, _) = oneshot::channel();
        self.replace(Replacement { rules, watch: self.watch.clone(), done });
    }

    /// Whether what its rules ask of other objects is known and taken in, or cannot be known.
    pub(super) fn knows_facts(&self) -> bool {
        self.others.is_nothing()
            || (self.shared.facts.is_settled(&self.others) && self.fact_changes.is_empty())
    }
}

/// How many objects fall due by it.
fn wake(tracker: &mut Tracker, change: &Result<Arc<Change>, RecvError>) -> usize {
    match change {
        Ok(change) => {
            let (flipped, known) = change.concerning(tracker.awaited());
            tracker.facts_known(&known) + tracker.facts_changed(&flipped, change.is_unbroken())
        }
        Err(RecvError::Lagged(_)) => {
            let all: Vec<Fact> = tracker.awaited().cloned().collect();
            tracker.facts_changed(&all, false)
        }
        Err(RecvError::Closed) => 0,
    }
}
