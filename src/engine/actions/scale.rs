//! `scale`: how many replicas there are to be, by the scale subresource.

use serde_json::json;

use crate::action::Action;
use crate::change::Change;
use crate::descriptor::{
    ActionDescriptor, CUSTOM_RESOURCES, Fault, FaultKind, Key, Nature, Shape, ValueKind,
};
use crate::effect::{Effect, Inapplicable};
use crate::matcher::Context;
use crate::projection::Projection;
use crate::value_from::Sourced;

pub(super) static DESCRIPTOR: ActionDescriptor = ActionDescriptor {
    name: "scale",
    summary: "Sets the number of replicas, by the scale subresource.",
    shape: Shape::Keys(&[Key::required(
        "replicas",
        ValueKind::Sourced(&ValueKind::Natural),
        "How many there are to be.",
        "0",
    )]),
    examples: &[
        "scale: { replicas: 0 }",
        "scale: { replicas: { valueFrom: \"$.metadata.annotations['example.com/replicas']\" } }",
    ],
    kinds: &[
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "replicationcontrollers",
        "virtualmachineinstancereplicasets.kubevirt.io",
        "virtualmachinepools.pool.kubevirt.io",
        CUSTOM_RESOURCES,
    ],
    nature: Nature { removes: false, needs_terminating: false, harmless: false },
    build: |mut arguments| {
        let replicas = arguments.sourced_integer("replicas").unwrap_or(Sourced::Literal(0));
        match replicas.literal().filter(|replicas| possible(**replicas).is_none()) {
            None => Ok(Box::new(Scale { replicas })),
            Some(replicas) => {
                let message = format!("there cannot be {replicas} replicas");
                let help = "write a whole number from 0 to 2147483647";
                Err(Fault::new(FaultKind::BadOperand, message, help).under("replicas"))
            }
        }
    },
};

#[derive(Debug)]
struct Scale {
    replicas: Sourced<i64>,
}

/// The number, if there can be so many.
fn possible(replicas: i64) -> Option<i32> {
    i32::try_from(replicas).ok().filter(|replicas| *replicas >= 0)
}

impl Action for Scale {
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable> {
        if context.object.is_terminating() {
            return Err(Inapplicable::AlreadyTerminating { since: context.object.deletion_asked() });
        }
        let wanted = self.replicas.read(context.object.object()).and_then(possible);
        let wanted = wanted.ok_or_else(|| Inapplicable::unreadable("scale", &self.replicas))?;
        // Where a custom resource keeps the number elsewhere, the server finds it there.
        let now = context.object.object().pointer("/spec/replicas");
        if now.is_some_and(|now| *now == wanted) {
            return Err(Inapplicable::NothingToDo);
        }
        Ok(Effect::Patch {
            change: Change::Merge(json!({"spec": {"replicas": wanted}})),
            part: self.part(),
            told: format!("scaled to {wanted}"),
        })
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["spec", "replicas"]);
        self.replicas.reads(projection);
    }

    fn part(&self) -> Option<&'static str> {
        Some("scale")
    }

    fn describe(&self) -> String {
        match &self.replicas {
            Sourced::Literal(replicas) => format!("scale to {replicas}"),
            Sourced::From(from) => format!("scale to what {} says", from.path()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::descriptor::FaultKind;
    use crate::effect::{Effect, Inapplicable};
    use crate::testing::{action, effect};
    use serde_json::{Value, json};

    #[test]
    fn what_has_another_number_of_replicas_is_scaled_and_nothing_else() {
        for (object, scaled) in [
            (json!({"spec": {"replicas": 3}}), true),
            (json!({"spec": {"replicas": 0}}), false),
            (json!({"spec": {"replicas": "0"}}), true),
            (json!({"spec": {"replicas": null}}), true),
            (json!({"spec": {"instances": 2}}), true),
            (
                json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"replicas": 3}}),
                false,
            ),
        ] {
            match effect("scale", json!({"replicas": 0}), &object) {
                Ok(Effect::Patch { change, part, .. }) => {
                    assert_eq!(part, Some("scale"));
                    assert_eq!(change.applied(&json!({})), Ok(json!({"spec": {"replicas": 0}})));
                    assert!(scaled, "{object}");
                }
                other => assert!(!scaled && other.is_err(), "{object}: {other:?}"),
            }
        }
        let same = effect("scale", json!({"replicas": 3}), &json!({"spec": {"replicas": 3}}));
        assert_eq!(same, Err(Inapplicable::NothingToDo));
    }

    #[test]
    fn a_number_that_the_object_carries_is_read_and_one_that_cannot_be_is_not_guessed() {
        let annotated =
            |value: Value| json!({"metadata": {"annotations": {"n": value}}, "spec": {"replicas": 0}});
        let from = json!({"replicas": {"valueFrom": "$.metadata.annotations.n"}});
        for (value, wanted) in [
            (json!("3"), Some(3)),
            (json!(3), Some(3)),
            (json!("2147483647"), Some(2_147_483_647)),
            (json!("2147483648"), None),
            (json!("-1"), None),
            (json!("1.5"), None),
            (json!(1.5), None),
            (json!("many"), None),
            (json!(""), None),
            (json!(null), None),
            (json!([3]), None),
            (json!({}), None),
        ] {
            match (effect("scale", from.clone(), &annotated(value.clone())), wanted) {
                (Ok(Effect::Patch { change, .. }), Some(wanted)) => {
                    let scaled = json!({"spec": {"replicas": wanted}});
                    assert_eq!(change.applied(&json!({})), Ok(scaled), "{value}");
                }
                (other, _) => {
                    let unreadable = matches!(other, Err(Inapplicable::Unreadable { .. }));
                    assert!(unreadable && wanted.is_none(), "{value}: {other:?}");
                }
            }
        }
        assert_eq!(effect("scale", from.clone(), &annotated(json!("0"))), Err(Inapplicable::NothingToDo));
        let missing = effect("scale", from, &json!({"spec": {"replicas": 0}}));
        assert!(matches!(missing, Err(Inapplicable::Unreadable { .. })), "{missing:?}");
    }

    #[test]
    fn a_number_that_no_kind_can_have_is_a_fault() {
        for replicas in [-1, 2_147_483_648, i64::MIN, i64::MAX] {
            let fault = action("scale", json!({ "replicas": replicas })).map(|_| ()).unwrap_err();
            assert_eq!((fault.kind, fault.at), (FaultKind::BadOperand, vec!["replicas".to_owned()]));
        }
        assert!(action("scale", json!({"replicas": 2_147_483_647})).is_ok());
    }
}
