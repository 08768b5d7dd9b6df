//! What an object does not say itself: facts about the cluster, a namespace, a node, an owner. The
//! caller looks them up and hands them in; a verdict names those it hangs on, so that a flip
//! re-examines just what waits for it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::observation::Observation;
use crate::projection::Projection;

/// The name of one outside fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Whether the cluster is under strain.
    Strained,
    /// The Namespace object of this name; null: there is none.
    Namespace(String),
    /// The Node object of this name; null: there is none.
    Node(String),
    /// Whether the owner with this uid exists: a boolean.
    Owner(String),
}

/// The facts known at the moment of an evaluation. What is not in it is unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    known: BTreeMap<Fact, Value>,
}

impl Facts {
    /// Nothing known of the world outside the object.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Records what is known of a fact.
    #[must_use]
    pub fn with(mut self, fact: Fact, value: Value) -> Self {
        self.known.insert(fact, value);
        self
    }

    /// What is known of a fact, if anything.
    #[must_use]
    pub fn get(&self, fact: &Fact) -> Option<&Value> {
        self.known.get(fact)
    }
}

/// What rules ask of other objects, so that these can be watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Others {
    /// What they read of namespaces; `None`: nothing.
    pub namespaces: Option<Projection>,
    /// What they read of nodes; `None`: nothing.
    pub nodes: Option<Projection>,
    /// Whether they ask if owners exist.
    pub owners: bool,
}

impl Others {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Which facts of an object can be asked for.
    #[must_use]
    pub fn of(&self, object: &Observation) -> Vec<Fact> {
        let namespace = self.namespaces.as_ref().and_then(|_| object.namespace());
        let node = self.nodes.as_ref().and_then(|_| node_name(object));
        let owners = if self.owners { object.owners() } else { Vec::new() };
        let owners = owners.into_iter().filter(|owner| !owner.uid.is_empty());
        let named = [
            namespace.map(|name| Fact::Namespace(name.to_owned())),
            node.map(|name| Fact::Node(name.to_owned())),
        ];
        named.into_iter().flatten().chain(owners.map(|owner| Fact::Owner(owner.uid.to_owned()))).collect()
    }
}

/// The node that a pod (`spec.nodeName`) or a `VirtualMachineInstance` (`status.nodeName`) is bound to.
#[must_use]
pub fn node_name(object: &Observation) -> Option<&str> {
    let of =
        |part: &str| object.object().get(part)?.get("nodeName")?.as_str().filter(|name| !name.is_empty());
    of("spec").or_else(|| of("status"))
}
