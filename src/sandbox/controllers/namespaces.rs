//! Namespaces that end: what is in them is deleted, and once nothing is left they are let go.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds::Resource;
use super::super::store::Key;
use super::actor::{Actor, CONTROLLER_MANAGER};
use super::world::Change;
use super::{Controller, Round, fields};

pub(super) struct Namespaces {
    actor: Actor,
    ending: BTreeSet<String>,
    doubtful: BTreeSet<String>,
}

impl Namespaces {
    pub(super) fn new() -> Self {
        let actor = Actor::new(CONTROLLER_MANAGER);
        Self { actor, ending: BTreeSet::new(), doubtful: BTreeSet::new() }
    }
}

impl Controller for Namespaces {
    fn observe(&mut self, change: &Change) {
        if change.is("", "namespaces") {
            let name = change.key.name().to_owned();
            if change.after.as_ref().is_some_and(|outline| outline.metadata.is_ending()) {
                self.doubtful.insert(name.clone());
                self.ending.insert(name);
            } else {
                self.ending.remove(&name);
            }
        } else if self.ending.contains(change.key.namespace()) {
            self.doubtful.insert(change.key.namespace().to_owned());
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        for name in std::mem::take(&mut self.doubtful) {
            if self.empty(round, &name) {
                self.doubtful.insert(name);
            }
        }
        None
    }
}

impl Namespaces {
    /// Whether to try again.
    fn empty(&self, round: &Round<'_>, name: &str) -> bool {
        let resource = Resource::core("namespaces");
        let Some(mut namespace) = round.get(&resource, &Key::new("", name)) else { return false };
        if !fields::is_ending(&namespace) {
            return false;
        }
        let mut remaining: BTreeMap<String, usize> = BTreeMap::new();
        let mut finalizers: BTreeMap<String, usize> = BTreeMap::new();
        for one in round.world.resources() {
            let mut lives = false;
            for (_, outline) in round.world.within(one, name) {
                lives |= !outline.metadata.is_ending();
                *remaining.entry(format!("{}.{}", one.plural, one.group)).or_default() += 1;
                for finalizer in outline.metadata.finalizers() {
                    *finalizers.entry(finalizer.clone()).or_default() += 1;
                }
            }
            if lives {
                self.actor.delete_all(round, one, name);
            }
        }
        if remaining.is_empty() {
            namespace["spec"]["finalizers"] = json!([]);
            return self.actor.update(round, &resource, "finalize", &namespace).is_outdated();
        }
        let status = status(round, &namespace, &remaining, &finalizers);
        self.actor.update_status(round, &resource, &namespace, status).is_outdated()
    }
}

fn status(
    round: &Round<'_>,
    namespace: &Value,
    remaining: &BTreeMap<String, usize>,
    finalizers: &BTreeMap<String, usize>,
) -> Value {
    let told = |counts: &BTreeMap<String, usize>, verb: &str| {
        let told = counts.iter().map(|(what, count)| format!("{what} {verb} {count} resource instances"));
        told.collect::<Vec<_>>().join(", ")
    };
    let content = format!("Some resources are remaining: {}", told(remaining, "has"));
    let held = format!("Some content in the namespace has finalizers remaining: {}", told(finalizers, "in"));
    let mut status = namespace["status"].clone();
    let is_held = !finalizers.is_empty();
    let not_held = "All content-preserving finalizers finished";
    for condition in [
        [
            "NamespaceDeletionDiscoveryFailure",
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ],
        [
            "NamespaceDeletionGroupVersionParsingFailure",
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ],
        [
            "NamespaceDeletionContentFailure",
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ],
        ["NamespaceContentRemaining", "True", "SomeResourcesRemain", &content],
        if is_held {
            ["NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", &held]
        } else {
            ["NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", not_held]
        },
    ] {
        fields::set_condition(&mut status, condition, &round.time(), &Value::Null);
    }
    status
}
