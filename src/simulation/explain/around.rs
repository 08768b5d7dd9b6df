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
    /// What could protect it, and is not there: `namespace test-a is not in the dump`.
    pub missing: Vec<String>,
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
            missing: above
                .missing
                .iter()
                .map(|named| format!("{}, and could protect it", is_absent(named)))
                .chain(above.unreadable)
                .collect(),
            namespace: above.namespace,
            ancestors: above.controllers,
        }
    }
}
