//! Objects whose deletion was asked for and that are still there: a sweep waits for them, whatever the rules are
//! of them meanwhile.

use k8s_healer_engine::tracker::{ObjectKey, StepResult, Ticket, Tracker};

/// Up to so many those that are gone are not looked for.
const FEW: usize = 1024;

#[derive(Debug)]
pub(super) struct Going {
    tickets: Vec<Ticket>,
    /// When there are so many, those that are gone are forgotten.
    many: usize,
}

impl Default for Going {
    fn default() -> Self {
        Self { tickets: Vec::new(), many: FEW }
    }
}

impl Going {
    /// Takes in what became of a step.
    pub(super) fn note(&mut self, ticket: &Ticket, result: StepResult, tracker: &Tracker) {
        // Skipped: somebody else has asked for it.
        let goes = matches!(result, StepResult::Done { removed: true } | StepResult::Skipped { .. });
        if !goes {
            return;
        }
        if self.tickets.len() >= self.many {
            self.tickets.retain(|ticket| tracker.has(ticket));
            self.many = FEW.max(2 * self.tickets.len());
        }
        self.tickets.push(ticket.clone());
    }

    /// Those that are still there, each once.
    pub(super) fn still_there(&mut self, tracker: &Tracker) -> Vec<ObjectKey> {
        self.tickets.retain(|ticket| tracker.has(ticket));
        let mut keys: Vec<ObjectKey> = self.tickets.iter().map(|ticket| ticket.key.clone()).collect();
        keys.sort();
        keys.dedup();
        keys
    }
}
