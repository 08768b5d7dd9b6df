//! Which guardrails are in force. While rules are being replaced, those before and those after both are: an old
//! rule that runs until its successor is ready keeps all that held it back.

use std::sync::Arc;

use k8s_healer_engine::guardrails::Guardrails;
use tokio::sync::watch;

/// The guardrails in force; each of them holds back by itself.
#[derive(Debug, Default)]
pub(super) struct InForce(watch::Sender<Vec<Arc<Guardrails>>>);

impl InForce {
    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<Guardrails>> {
        self.0.borrow().clone()
    }

    /// These too.
    pub(super) fn add(&self, guardrails: Arc<Guardrails>) {
        self.0.send_modify(|all| all.push(guardrails));
    }

    /// None of those that were in force before these.
    pub(super) fn retire_before(&self, guardrails: &Arc<Guardrails>) {
        self.0.send_if_modified(|all| {
            let place = all.iter().position(|one| Arc::ptr_eq(one, guardrails)).unwrap_or(0);
            all.drain(..place);
            place > 0
        });
    }

    /// Wakes whoever was held back.
    pub(super) fn changes(&self) -> watch::Receiver<Vec<Arc<Guardrails>>> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_force_before_stays_so_until_it_is_retired() {
        let in_force = InForce::default();
        let [first, second, third] = [(); 3].map(|()| Arc::new(Guardrails::default()));
        let known = |all: &[Arc<Guardrails>]| {
            let in_force = in_force.all();
            in_force.len() == all.len() && in_force.iter().zip(all).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        in_force.add(Arc::clone(&first));
        in_force.add(Arc::clone(&second));
        let mut changes = in_force.changes();
        in_force.add(Arc::clone(&third));
        assert!(known(&[Arc::clone(&first), Arc::clone(&second), Arc::clone(&third)]));
        in_force.retire_before(&second);
        assert!(known(&[Arc::clone(&second), Arc::clone(&third)]));
        in_force.retire_before(&third);
        assert!(known(&[Arc::clone(&third)]) && changes.has_changed().unwrap());
        changes.mark_unchanged();
        // Those that went before came late.
        in_force.retire_before(&second);
        assert!(known(&[third]) && !changes.has_changed().unwrap());
    }
}
