//! `restart`: a new roll-out of the same pods, asked for as `kubectl rollout restart` does: by an annotation on
//! the pod template.

use serde_json::{Value, json};

use crate::action::Action;
use crate::change::Change;
use crate::descriptor::{ActionDescriptor, Nature, Shape};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;

/// kubectl's own, so that a restart looks the same whoever asked for it.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "restart",
    summary: "Rolls its pods out anew, as `kubectl rollout restart` does; not while the roll-out is paused.",
    shape: Shape::Keys(&[]),
    examples: &["restart: {}"],
    kinds: &["deployments.apps", "statefulsets.apps", "daemonsets.apps"],
    nature: Nature { removes: false, needs_terminating: false, harmless: false },
    build: |_| Ok(Box::new(Restart)),
};

#[derive(Debug)]
struct Restart;

impl Action for Restart {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        let object = context.object;
        if object.is_terminating() {
            return Err(Inapplicable::AlreadyTerminating { since: object.deletion_asked() });
        }
        if object.object().pointer("/spec/paused") == Some(&Value::Bool(true)) {
            return Err(Inapplicable::Unfit { why: "its rollout is paused".to_owned() });
        }
        let now = context.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let template = json!({"metadata": {"annotations": {RESTARTED_AT: now}}});
        Ok(Effect::Patch {
            change: Change::Once(json!({"spec": {"template": template}})),
            part: None,
            told: "restarted".to_owned(),
        })
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["spec", "paused"]);
    }

    fn describe(&self) -> String {
        "restart".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::effect::{Effect, Inapplicable};
    use crate::testing::effect;
    use serde_json::json;

    #[test]
    fn the_moment_is_noted_on_the_pod_template_unless_the_roll_out_is_paused() {
        for object in [json!({}), json!({"spec": {"paused": false}}), json!({"spec": null})] {
            let Ok(Effect::Patch { change, part: None, .. }) = effect("restart", json!({}), &object) else {
                panic!("{object}");
            };
            let annotations = json!({"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"});
            let spec = json!({"template": {"metadata": {"annotations": annotations}}});
            assert_eq!(change.applied(&json!({})).unwrap()["spec"], spec);
            assert!(!change.may_be_repeated(), "it would roll out twice");
        }
        let paused = effect("restart", json!({}), &json!({"spec": {"paused": true}}));
        assert_eq!(paused, Err(Inapplicable::Unfit { why: "its rollout is paused".to_owned() }));
        let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let skipped = effect("restart", json!({}), &going);
        assert!(matches!(skipped, Err(Inapplicable::AlreadyTerminating { .. })), "{skipped:?}");
    }
}
