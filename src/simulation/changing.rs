//! What changes in a world, by a test's timeline or by what rules do, and who is told of it: the trackers, as a watch
//! tells them, and whatever hangs on the object or was held back by it.

use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::tracker::Origin;
use serde_json::Value;

use super::Simulation;
use super::world::{Change, ObjectId, id_of};

impl Simulation {
    /// An object is created or replaced now.
    pub fn apply(&mut self, kind: usize, value: Value) {
        let value = self.world.as_applied(kind, value, self.now);
        let change = self.world.put(kind, value);
        self.changed(kind, change);
    }

    /// An object changes now by a merge patch. Whether it is there is told.
    pub fn patch(&mut self, id: &ObjectId, merge: &Value) -> bool {
        let Some(change) = self.world.patch(id, merge) else { return false };
        self.changed(id.kind, change);
        true
    }

    pub(super) fn replace(&mut self, id: &ObjectId, value: Value) {
        if let Some(change) = self.world.replace(id, value) {
            self.changed(id.kind, change);
        }
    }

    /// An object vanishes now. Whether it was there is told.
    pub fn remove(&mut self, id: &ObjectId) -> bool {
        let Some(object) = self.world.remove(id) else { return false };
        self.gone(id.kind, &object);
        true
    }

    /// An action has removed it.
    pub(super) fn depart(&mut self, id: &ObjectId) {
        if let Some(object) = self.world.depart(id) {
            self.gone(id.kind, &object);
        }
    }

    /// The watch tells of a change.
    fn changed(&mut self, kind: usize, change: Change) {
        let Change { object, replaced } = change;
        if let Some(replaced) = replaced {
            self.gone(kind, &replaced);
        }
        self.witness(kind, &object);
        let facts = self.facts_of(kind, &object);
        let now = self.now;
        self.counting(kind, |tracker| tracker.observe_with(&object, &facts, Origin::Event, now));
        self.tell_facts(kind, &object);
        let id = id_of(kind, &object);
        self.look_again(&id);
        self.look_ahead(&id);
    }

    pub(super) fn gone(&mut self, kind: usize, object: &Observation) {
        let key = self.trackers[kind].key(object.namespace(), object.name());
        self.trackers[kind].gone(&key, object.uid());
        self.tell_facts(kind, object);
        let id = id_of(kind, object);
        self.look_again(&id);
        self.look_no_further(&id);
    }

    /// What hangs on another object is looked at when that one changes.
    fn tell_facts(&mut self, kind: usize, object: &Observation) {
        let facts = self.world.facts_about(kind, object);
        for tracker in &mut self.trackers {
            tracker.facts_changed(&facts, true);
        }
    }

    /// What this object held back may be free now.
    fn look_again(&mut self, other: &ObjectId) {
        for (kind, ticket) in self.waiting.remove(other).unwrap_or_default() {
            self.trackers[kind].recheck(&ticket);
        }
    }
}
