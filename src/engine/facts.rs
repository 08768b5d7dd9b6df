//! What an object does not say itself: facts about the cluster, a namespace, a node, an owner. The
//! caller looks them up and hands them in; a verdict names those it hangs on, so that a flip
//! re-examines just what waits for it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The name of one outside fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Whether the cluster is under strain.
    Strained,
    /// The Namespace object of this name.
    Namespace(String),
    /// The Node object of this name.
    Node(String),
    /// Whether the owner with this uid exists.
    Owner(String),
}

/// The facts known at the moment of an evaluation. What is not in it is unknown.
#[derive(Clone, Debug, Default)]
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
