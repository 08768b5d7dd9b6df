//! The garbage collector: what has lost all its owners is deleted, and what is deleted takes its dependents
//! with it first, or leaves them behind, as its finalizers say.
//!
//! Owners of a kind that is not served are unknown: what they own is left alone. So is what was there before
//! the controllers and names owners that nobody ever saw: synthetic pods do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds::Resource;
use super::super::store::Key;
use super::actor::{Actor, CONTROLLER_MANAGER};
use super::outline::{Metadata, Outline, Owner};
use super::world::Change;
use super::{Controller, Round, fields};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

type Place = (Arc<Resource>, Key);

pub(super) struct Garbage {
    actor: Actor,
    /// By the owner's uid.
    dependents: BTreeMap<String, BTreeSet<Place>>,
    /// Whose owners are to be looked up.
    owned: BTreeSet<Place>,
    /// Those that wait for the collector, and whether something happened to them or their dependents.
    ending: BTreeMap<Place, bool>,
}

#[derive(PartialEq)]
enum State {
    Lives,
    /// It goes once what it owns is gone.
    Waits,
    Gone,
    Unknown,
}

impl Garbage {
    pub(super) fn new() -> Self {
        Self {
            actor: Actor::new(CONTROLLER_MANAGER),
            dependents: BTreeMap::new(),
            owned: BTreeSet::new(),
            ending: BTreeMap::new(),
        }
    }

    /// Those that wait look again when anything owned changed: few wait at any time, and looking is cheap.
    fn wake_owners(&mut self, metadata: &Metadata) {
        if !metadata.owners().is_empty() {
            self.ending.values_mut().for_each(|is_due| *is_due = true);
        }
    }
}

impl Controller for Garbage {
    fn observe(&mut self, change: &Change) {
        let place = (Arc::clone(&change.resource), change.key.clone());
        let owners = |outline: &Option<Arc<Outline>>| {
            outline.as_ref().map(|outline| outline.metadata.owners().to_vec()).unwrap_or_default()
        };
        let (before, after) = (owners(&change.before), owners(&change.after));
        if before != after || (change.before.is_none() && !after.is_empty()) {
            for owner in before.iter().filter(|owner| !after.contains(owner)) {
                if let Some(dependents) = self.dependents.get_mut(&owner.uid) {
                    dependents.remove(&place);
                    if dependents.is_empty() {
                        self.dependents.remove(&owner.uid);
                    }
                }
            }
            if after.is_empty() {
                self.owned.remove(&place);
            } else {
                self.owned.insert(place.clone());
            }
        }
        for outline in change.both() {
            self.wake_owners(&outline.metadata);
        }
        match &change.after {
            None => {
                self.ending.remove(&place);
                let uid = change.before.as_ref().map(|outline| outline.metadata.uid.clone());
                let left = uid.and_then(|uid| self.dependents.remove(&uid));
                self.owned.extend(left.into_iter().flatten());
            }
            Some(outline) => {
                let metadata = &outline.metadata;
                if metadata.is_ending()
                    && (metadata.has_finalizer(FOREGROUND) || metadata.has_finalizer(ORPHAN))
                {
                    // What it owns has now to go, or to stay, whoever else owns it.
                    self.owned.extend(self.dependents.get(&metadata.uid).into_iter().flatten().cloned());
                    self.ending.insert(place, true);
                } else {
                    self.ending.remove(&place);
                }
            }
        }
    }

    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp> {
        for place in std::mem::take(&mut self.owned) {
            if self.look_after(round, &place) {
                self.owned.insert(place);
            }
        }
        let due: Vec<Place> =
            self.ending.iter().filter(|(_, is_due)| **is_due).map(|(place, _)| place.clone()).collect();
        for place in due {
            let again = self.end(round, &place);
            self.ending.entry(place).and_modify(|is_due| *is_due = again);
        }
        None
    }
}

impl Garbage {
    /// Whether to try again.
    fn look_after(&mut self, round: &Round<'_>, place: &Place) -> bool {
        let Some(outline) = round.world.get(&place.0, &place.1) else { return false };
        let owners = outline.metadata.owners();
        let states: Vec<State> = owners.iter().map(|owner| state(round, &place.1, owner)).collect();
        for (owner, state) in owners.iter().zip(&states) {
            if *state == State::Lives || *state == State::Waits {
                self.dependents.entry(owner.uid.clone()).or_default().insert(place.clone());
            }
        }
        let is_wanted = states.iter().any(|state| *state == State::Lives || *state == State::Unknown);
        if states.is_empty() || is_wanted || outline.metadata.is_ending() {
            return false;
        }
        let waits = states.contains(&State::Waits);
        if round.is_first && !waits {
            return false;
        }
        let owns = self.dependents.contains_key(&outline.metadata.uid);
        let policy = if waits && owns { "Foreground" } else { "Background" };
        let options = json!({"propagationPolicy": policy});
        self.actor.delete(round, &place.0, &place.1, &outline.metadata.uid, options).is_outdated()
    }

    /// Whether to try again.
    fn end(&self, round: &Round<'_>, place: &Place) -> bool {
        let (resource, key) = (&place.0, &place.1);
        let Some(mut object) = round.get(resource, key) else { return false };
        let uid = fields::text(&object, "/metadata/uid").to_owned();
        let dependents: Vec<&Place> = self.dependents.get(&uid).into_iter().flatten().collect();
        let finalizer = if fields::has_finalizer(&object, ORPHAN) { ORPHAN } else { FOREGROUND };
        if !fields::is_ending(&object) || !fields::has_finalizer(&object, finalizer) {
            return false;
        }
        if finalizer == ORPHAN {
            let left = dependents.iter().filter(|dependent| !self.orphan(round, dependent, &uid)).count();
            if left > 0 {
                return true;
            }
        } else if dependents.iter().any(|dependent| blocks(round, dependent, &uid)) {
            return false;
        }
        fields::remove_finalizer(&mut object, finalizer);
        self.actor.update(round, resource, "", &object).is_outdated()
    }

    /// Takes this owner away; whether it is one no more.
    fn orphan(&self, round: &Round<'_>, (resource, key): &Place, uid: &str) -> bool {
        let Some(mut dependent) = round.get(resource, key) else { return true };
        let is_owner = |owner: &Value| owner["uid"] == uid;
        match dependent["metadata"]["ownerReferences"].as_array_mut() {
            Some(owners) if owners.iter().any(is_owner) => owners.retain(|owner| !is_owner(owner)),
            _ => return true,
        }
        // A refusal would be one again: better without than stuck.
        !self.actor.update(round, resource, "", &dependent).is_outdated()
    }
}

fn state(round: &Round<'_>, dependent: &Key, owner: &Owner) -> State {
    let kind = round.server.read(|state| state.kinds.of_object(&owner.api_version, &owner.kind).cloned());
    let Some(kind) = kind else { return State::Unknown };
    let namespace = if kind.namespaced { dependent.namespace() } else { "" };
    let found = round.world.get(&kind.resource, &Key::new(namespace, &owner.name));
    match found.map(|found| &found.metadata).filter(|metadata| metadata.uid == owner.uid) {
        None => State::Gone,
        Some(metadata) if metadata.is_ending() && metadata.has_finalizer(FOREGROUND) => State::Waits,
        Some(_) => State::Lives,
    }
}

/// Whether the owner has to wait for it.
fn blocks(round: &Round<'_>, (resource, key): &Place, uid: &str) -> bool {
    let outline = round.world.get(resource, key);
    outline.is_some_and(|outline| {
        outline.metadata.owners().iter().any(|owner| owner.uid == uid && owner.blocks())
    })
}
