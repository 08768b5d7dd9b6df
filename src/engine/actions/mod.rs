//! The actions: one file each, and one line in [`ALL`].

mod annotate;
mod cordon;
mod delete;
mod event;
mod evict;
mod filling;
mod grace_period;
mod label;
mod log;
mod marks;
mod patch;
mod restart;
mod scale;
mod schedulable;
mod strip_finalizers;
mod template;
mod uncordon;
mod untouchable;

use crate::descriptor::ActionDescriptor;

/// Every action of the language, in the order in which they are shown.
pub const ALL: &[&ActionDescriptor] = &[
    &delete::DESCRIPTOR,
    &evict::DESCRIPTOR,
    &strip_finalizers::DESCRIPTOR,
    &label::DESCRIPTOR,
    &annotate::DESCRIPTOR,
    &patch::DESCRIPTOR,
    &scale::DESCRIPTOR,
    &restart::DESCRIPTOR,
    &cordon::DESCRIPTOR,
    &uncordon::DESCRIPTOR,
    &event::DESCRIPTOR,
    &log::DESCRIPTOR,
];

#[cfg(test)]
mod tests {
    use crate::descriptor::FaultKind;
    use crate::testing::action;
    use serde_json::{Value, json};

    #[test]
    fn what_the_server_would_refuse_each_time_is_a_fault() {
        let fault = |name: &str, arguments: Value| {
            let fault = action(name, arguments).map(|_| ()).unwrap_err();
            (fault.kind, fault.at.join("."))
        };
        let (key, value) = (FaultKind::BadLabelKey, FaultKind::BadLabelValue);
        assert_eq!(fault("label", json!({"ok": "a", "not ok": "b"})), (key, "not ok".to_owned()));
        assert_eq!(fault("label", json!({"not ok": null})), (key, "not ok".to_owned()));
        assert_eq!(fault("label", json!({"ok": "a b"})), (value, "ok".to_owned()));
        assert_eq!(fault("annotate", json!({"a/b/c": "x"})), (key, "a/b/c".to_owned()));
        assert!(action("annotate", json!({"a": "free text, \n even this"})).is_ok());
        assert!(action("label", json!({"k8s-healer.io/protect": "", "old": null})).is_ok());
        for name in ["delete", "evict"] {
            let fault = fault(name, json!({"gracePeriod": "1s500ms"}));
            assert_eq!(fault, (FaultKind::BadOperand, "gracePeriod".to_owned()));
            assert!(action(name, json!({"gracePeriod": "0s"})).is_ok());
        }
    }
}
