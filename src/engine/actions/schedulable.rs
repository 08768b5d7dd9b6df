//! What `cordon` and `uncordon` share: whether the scheduler may put pods on a node.

use serde_json::{Value, json};

use crate::action::Action;
use crate::change::Change;
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;

/// Whether a node is to take new pods.
#[derive(Debug)]
pub(super) struct Schedulable(pub(super) bool);

impl Action for Schedulable {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        if context.object.is_terminating() {
            return Err(Inapplicable::AlreadyTerminating { since: context.object.deletion_asked() });
        }
        let cordoned = context.object.object().pointer("/spec/unschedulable") == Some(&Value::Bool(true));
        if cordoned != self.0 {
            return Err(Inapplicable::NothingToDo);
        }
        let (unschedulable, told) =
            if self.0 { (Value::Null, "uncordoned") } else { (Value::Bool(true), "cordoned") };
        Ok(Effect::Patch {
            change: Change::Merge(json!({"spec": {"unschedulable": unschedulable}})),
            part: None,
            told: told.to_owned(),
        })
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["spec", "unschedulable"]);
    }

    fn describe(&self) -> String {
        if self.0 { "uncordon" } else { "cordon" }.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::effect::{Effect, Inapplicable};
    use crate::testing::effect;
    use serde_json::json;

    #[test]
    fn a_node_is_cordoned_and_uncordoned_where_it_is_not_so_already() {
        let cordoned = json!({"spec": {"unschedulable": true, "podCIDR": "10.0.0.0/24"}});
        let free = json!({"spec": {"podCIDR": "10.0.0.0/24"}});
        let said = json!({"spec": {"unschedulable": false, "podCIDR": "10.0.0.0/24"}});
        for (action, object, expected) in [
            ("cordon", &free, Some(&cordoned)),
            ("cordon", &said, Some(&cordoned)),
            ("cordon", &cordoned, None),
            ("uncordon", &cordoned, Some(&free)),
            ("uncordon", &free, None),
            ("uncordon", &said, None),
        ] {
            match (effect(action, json!({}), object), expected) {
                (Ok(Effect::Patch { change, part: None, .. }), Some(expected)) => {
                    assert_eq!(change.applied(object).as_ref(), Ok(expected));
                }
                (other, None) => assert_eq!(other, Err(Inapplicable::NothingToDo), "{action} {object}"),
                (other, _) => panic!("{action} {object}: {other:?}"),
            }
        }
        let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        for action in ["cordon", "uncordon"] {
            let skipped = effect(action, json!({}), &going);
            assert!(matches!(skipped, Err(Inapplicable::AlreadyTerminating { .. })), "{skipped:?}");
        }
    }
}
