//! What rules ask of other objects, answered from the world itself: its namespaces, its nodes, and whether an owner
//! is there. Of what the world does not have it is known whether it exists, or not even that.

use k8s_healer_engine::facts::{Fact, Facts, Others};
use k8s_healer_engine::observation::Observation;
use serde_json::Value;

use super::knowledge::{Found, Named};
use super::world::{World, has_given_uid};
use crate::rules::is_well_known;

impl World {
    /// What rules can ask of others about an object.
    pub(super) fn facts_of(&self, object: &Observation, others: &Others) -> Facts {
        if others.is_nothing() {
            return Facts::none();
        }
        others.of(object).into_iter().fold(Facts::none(), |facts, fact| match self.fact(&fact, object) {
            Some(value) => facts.with(fact, value),
            None => facts,
        })
    }

    /// `None`: it is not known.
    fn fact(&self, fact: &Fact, object: &Observation) -> Option<Value> {
        if let Fact::Owner(uid) = fact
            && self.has_uid(uid)
        {
            return Some(true.into());
        }
        let named = Named::telling(fact, object)?;
        let is_owner = matches!(fact, Fact::Owner(_));
        match self.find(&named) {
            Found::Here(found) if is_owner && has_given_uid(&found) && self.knowledge.is_partial() => None,
            // Another object has its name: the owner is gone.
            Found::Here(_) if is_owner => Some(false.into()),
            Found::Here(found) => Some(found.object().clone()),
            // Nobody serves its kind: it cannot be looked up.
            Found::Absent if is_owner && !self.is_served(&named) => None,
            Found::Absent | Found::Gone => Some(if is_owner { false.into() } else { Value::Null }),
            Found::Unreadable(_) | Found::Unknown => None,
        }
    }

    /// Whether its kind is one of the world's, or one that is known without a cluster.
    fn is_served(&self, named: &Named) -> bool {
        self.kind(&named.group, &named.kind).is_some() || is_well_known(&named.group, &named.kind)
    }

    /// What may be another fact once this object came, changed or went.
    pub(super) fn facts_about(&self, kind: usize, object: &Observation) -> Vec<Fact> {
        let kind = &self.kinds()[kind];
        let named = match (kind.group.as_str(), kind.kind.as_str()) {
            ("", "Namespace") => Some(Fact::Namespace(object.name().to_owned())),
            ("", "Node") => Some(Fact::Node(object.name().to_owned())),
            _ => None,
        };
        named.into_iter().chain([Fact::Owner(object.uid().to_owned())]).collect()
    }
}
