//! The service account `default` of each namespace.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::super::kinds::Resource;
use super::super::store::Key;
use super::actor::{Actor, CONTROLLER_MANAGER};
use super::world::Change;
use super::{Controller, Round};

pub(super) struct Accounts {
    actor: Actor,
    /// The namespaces to look into.
    doubtful: BTreeSet<String>,
}

impl Accounts {
    pub(super) fn new() -> Self {
        Self { actor: Actor::new(CONTROLLER_MANAGER), doubtful: BTreeSet::new() }
    }
}

impl Controller for Accounts {
    fn observe(&mut self, change: &Change) {
        if change.is("", "namespaces") && change.before.is_none() {
            self.doubtful.insert(change.key.name().to_owned());
        }
        if change.is("", "serviceaccounts") && change.after.is_none() && change.key.name() == "default" {
            self.doubtful.insert(change.key.namespace().to_owned());
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        let (namespaces, accounts) = (Resource::core("namespaces"), Resource::core("serviceaccounts"));
        for name in std::mem::take(&mut self.doubtful) {
            let lives = round
                .world
                .get(&namespaces, &Key::new("", &name))
                .is_some_and(|namespace| !namespace.metadata.is_ending());
            if lives && round.world.get(&accounts, &Key::new(&name, "default")).is_none() {
                let account = json!({
                    "apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": {"name": "default", "namespace": name},
                });
                self.actor.create(round, &accounts, &account);
            }
        }
        None
    }
}
