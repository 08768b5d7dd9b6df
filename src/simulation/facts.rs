//! What rules ask of other objects, answered from the world itself: its namespaces, its nodes, and whether an owner
//! is there. All of it is known: what the world does not have does not exist.

use k8s_healer_engine::facts::{Fact, Facts, Others};
use k8s_healer_engine::observation::Observation;
use serde_json::Value;

use super::world::World;

const NAMESPACES: &str = "namespaces";
const NODES: &str = "nodes";

impl World {
    /// What rules can ask of others about an object.
    pub(super) fn facts_of(&self, object: &Observation, others: &Others) -> Facts {
        others.of(object).into_iter().fold(Facts::none(), |facts, fact| match self.fact(&fact) {
            Some(value) => facts.with(fact, value),
            None => facts,
        })
    }

    fn fact(&self, fact: &Fact) -> Option<Value> {
        match fact {
            Fact::Namespace(name) => Some(self.of_the_cluster(NAMESPACES, name)),
            Fact::Node(name) => Some(self.of_the_cluster(NODES, name)),
            Fact::Owner(uid) => Some(self.iter().any(|(_, object)| object.uid() == uid).into()),
            Fact::Strained => None,
        }
    }

    fn of_the_cluster(&self, resource: &str, name: &str) -> Value {
        let found = self.iter().find(|(id, object)| {
            self.kinds()[id.kind].resource == resource
                && object.namespace().is_none()
                && object.name() == name
        });
        found.map_or(Value::Null, |(_, object)| object.object().clone())
    }

    /// What may be another fact once this object came, changed or went.
    pub(super) fn facts_about(&self, kind: usize, object: &Observation) -> Vec<Fact> {
        let named = match self.kinds()[kind].resource.as_str() {
            NAMESPACES => Some(Fact::Namespace(object.name().to_owned())),
            NODES => Some(Fact::Node(object.name().to_owned())),
            _ => None,
        };
        named.into_iter().chain([Fact::Owner(object.uid().to_owned())]).collect()
    }
}
