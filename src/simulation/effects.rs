//! What an action does to the world. Nobody else acts in it: no controller, no kubelet, no garbage collector.

use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::observation::Observation;
use serde_json::{Map, Value, json};

use super::Simulation;
use super::world::{ObjectId, in_seconds};

impl Simulation {
    pub(super) fn play(&mut self, id: &ObjectId, effect: &Effect) {
        let Some(object) = self.world().get(id) else { return };
        match effect {
            Effect::Delete { .. } | Effect::Evict { .. } => {
                if !self.world().is_held(id, &object) {
                    self.depart(id);
                    return;
                }
                let asked = in_seconds(self.now());
                let metadata = json!({"deletionTimestamp": asked, "deletionGracePeriodSeconds": 0});
                let mut ending = json!({ "metadata": metadata });
                if self.world().kinds()[id.kind].resource == "namespaces" {
                    ending["status"] = json!({"phase": "Terminating"});
                }
                self.patch(id, &ending);
            }
            Effect::StripFinalizers { names, .. } => {
                let left = without(&object, names);
                self.patch(id, &json!({ "metadata": { "finalizers": left } }));
                self.finish(id);
            }
            Effect::PatchMetadata { field, entries } => {
                let entries: Map<String, Value> =
                    entries.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
                self.patch(id, &json!({ "metadata": { *field: entries } }));
            }
            Effect::Patch { change, .. } => {
                // What cannot be applied was told by the action already.
                if let Ok(changed) = change.applied(object.object()) {
                    self.replace(id, changed);
                    self.finish(id);
                }
            }
            Effect::Log { .. } | Effect::Event { .. } => {}
        }
    }

    fn finish(&mut self, id: &ObjectId) {
        if self.is_over(id) {
            self.depart(id);
        }
    }

    /// A terminating object whose last finalizer has gone is gone.
    pub(super) fn is_over(&self, id: &ObjectId) -> bool {
        let object = self.world().get(id).filter(|object| object.is_terminating());
        object.is_some_and(|object| !self.world().is_held(id, &object))
    }
}

fn without(object: &Observation, names: &[String]) -> Vec<String> {
    let stays = |name: &&str| !names.iter().any(|gone| gone == name);
    object.finalizers().into_iter().filter(stays).map(str::to_owned).collect()
}
