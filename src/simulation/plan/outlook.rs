//! What becomes unknown within the time. What time alone brings is known at the first moment; where the plan itself
//! changes an object, or what rules ask of others about it, it is looked at again, and what goes becomes nothing more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::selecting;
use super::unknown::{Doubt, Look, Unknowns};
use crate::simulation::Simulation;
use crate::simulation::world::ObjectId;

/// What becomes unknown, object by object.
#[derive(Debug)]
pub(in crate::simulation) struct Outlook {
    until: Timestamp,
    of: BTreeMap<ObjectId, Vec<(usize, Told)>>,
}

/// Of a rule, by its place among those of the kind.
#[derive(Debug)]
enum Told {
    /// It is unknown at the first moment, and told with that.
    Already,
    /// It becomes so.
    Ahead(Doubt),
}

impl Outlook {
    pub(super) fn until(until: Timestamp) -> Self {
        Self { until, of: BTreeMap::new() }
    }

    /// The rule is unknown at the first moment.
    pub(super) fn is_known(&mut self, id: &ObjectId, rule: usize) {
        self.of.entry(id.clone()).or_default().push((rule, Told::Already));
    }

    /// The rule becomes unknown.
    pub(super) fn note(&mut self, id: &ObjectId, rule: usize, doubt: Doubt) {
        self.of.entry(id.clone()).or_default().push((rule, Told::Ahead(doubt)));
    }

    /// What was before this moment stays told.
    fn forget_from(&mut self, id: &ObjectId, now: Timestamp) {
        if let Some(told) = self.of.get_mut(id) {
            told.retain(|(_, told)| !matches!(told, Told::Ahead(doubt) if doubt.at >= now));
        }
    }

    fn look_again(&mut self, simulation: &Simulation, id: &ObjectId) {
        let now = simulation.now();
        self.forget_from(id, now);
        let Some(object) = simulation.world().get(id) else { return };
        let facts = simulation.facts_of(id.kind, &object);
        let look = Look { world: simulation.world(), object: &object, facts: &facts };
        for (index, rule) in selecting(simulation, id.kind, &object) {
            let is_told = |told: &Vec<(usize, Told)>| told.iter().any(|(rule, _)| *rule == index);
            if self.of.get(id).is_some_and(is_told) {
                continue;
            }
            if let Some(doubt) = look.doubt(rule, now, self.until) {
                self.note(id, index, doubt);
            }
        }
    }

    /// Beside what is unknown at the first moment.
    pub(super) fn tell(self, simulation: &Simulation, unknowns: &mut Unknowns) {
        for (id, told) in self.of {
            for (rule, told) in told {
                if let Told::Ahead(doubt) = told {
                    unknowns.note(
                        &simulation.rules_of(id.kind)[rule],
                        doubt,
                        simulation.world().name_of(&id),
                    );
                }
            }
        }
    }
}

impl Simulation {
    /// The object, or what is asked of others about it, is another one from now on.
    pub(in crate::simulation) fn look_ahead(&mut self, id: &ObjectId) {
        if let Some(mut outlook) = self.outlook.take() {
            outlook.look_again(self, id);
            self.outlook = Some(outlook);
        }
    }

    /// The object is gone from now on.
    pub(in crate::simulation) fn look_no_further(&mut self, id: &ObjectId) {
        if let Some(outlook) = &mut self.outlook {
            outlook.forget_from(id, self.now);
        }
    }
}
