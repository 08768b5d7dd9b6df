//! What stands around an object in a world that is only a part of one: a dump. What is not there may exist all the
//! same, and says so.

use std::sync::Arc;

use k8s_healer_engine::facts::{Fact, Facts, Others};
use k8s_healer_engine::observation::Observation;

use crate::simulation::knowledge::Named;
use crate::simulation::world::{ObjectId, World};

/// What is known of what stands around an object.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Of the objects that rules ask about.
    pub facts: Facts,
    /// What of that is not known, and why.
    pub unknown: Vec<(Fact, String)>,
    /// Its namespace.
    pub namespace: Option<Arc<Observation>>,
    /// What controls it, the nearest first, with what to call them.
    pub ancestors: Vec<(String, Observation)>,
    /// Why it is not known what protects it, where the daemon would hold back.
    pub unknown_above: Vec<String>,
    /// What could protect it, and is not there: `namespace test-a is not in the dump`.
    pub missing: Vec<String>,
    /// What an eviction of it asks.
    pub budgets: Budgets,
}

/// The PodDisruptionBudgets of an object's namespace.
#[derive(Clone, Debug, Default)]
pub struct Budgets {
    /// Those that there are.
    pub objects: Vec<Arc<Observation>>,
    /// Why it is not known whether there are more.
    pub unknown: Option<String>,
}

impl World {
    /// What is known of what stands around an object of it.
    #[must_use]
    pub fn around(&self, id: &ObjectId, object: &Observation, others: &Others) -> Around {
        let facts = self.facts_of(object, others);
        let is_absent = |named: &Named| format!("{named} is not in the dump");
        let unknown = others.of(object).into_iter().filter(|fact| facts.get(fact).is_none());
        let unknown = unknown.filter_map(|fact| {
            let named = Named::telling(&fact, object)?;
            Some((fact, is_absent(&named)))
        });
        let unknown = unknown.collect();
        let above = self.above(id, object);
        Around {
            facts,
            unknown,
            missing: above.missing.iter().map(is_absent).collect(),
            unknown_above: above.unreadable.into_iter().collect(),
            budgets: self.budgets_around(object),
            namespace: above.namespace,
            ancestors: above.controllers,
        }
    }

    fn budgets_around(&self, object: &Observation) -> Budgets {
        let Some(namespace) = object.namespace() else { return Budgets::default() };
        let objects = self.budgets_in(namespace);
        let unknown = if self.knowledge.has_budgets_of(namespace) {
            None
        } else if objects.is_empty() {
            Some(format!("those of namespace {namespace} are not in the dump"))
        } else {
            Some(format!("the dump may not have all of namespace {namespace}"))
        };
        Budgets { objects, unknown }
    }
}
