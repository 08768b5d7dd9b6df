//! The actions: one file each, and one line in [`ALL`]. An action does nothing itself: it yields an
//! [`Effect`](crate::effect::Effect), which the cluster side carries out.

mod annotate;
mod delete;
mod evict;
mod label;
mod log;
mod strip_finalizers;

use std::fmt;
use std::time::Duration;

use crate::descriptor::{ActionDescriptor, Arguments, Fault, FaultKind};
use crate::effect::{Effect, Inapplicable};
use crate::matchers::Context;
use crate::projection::Projection;
use crate::values::{check_label_key, check_label_value};

/// Every action of the language, in the order in which they are shown.
pub const ALL: &[&ActionDescriptor] = &[
    &delete::DESCRIPTOR,
    &evict::DESCRIPTOR,
    &strip_finalizers::DESCRIPTOR,
    &label::DESCRIPTOR,
    &annotate::DESCRIPTOR,
    &log::DESCRIPTOR,
];

/// A compiled action.
pub trait Action: fmt::Debug + Send + Sync {
    /// What is to be done to this object now, or why there is nothing to do.
    fn effect(&self, context: &Context<'_>) -> Result<Effect, Inapplicable>;

    /// Adds every field that [`effect`](Self::effect) reads.
    fn reads(&self, _projection: &mut Projection) {}

    /// What it does, for plans and logs: `delete`, `evict, then delete`.
    fn describe(&self) -> String;
}

/// New values of labels or annotations; `None` removes.
type Entries = Vec<(String, Option<String>)>;

/// Takes the entries of `label` (whose values have a grammar of their own) or `annotate`.
fn entries(arguments: &mut Arguments, of_labels: bool) -> Result<Entries, Fault> {
    let entries = arguments.entries("").unwrap_or_default();
    for (key, value) in &entries {
        check_label_key(key).map_err(|error| {
            let message = format!("`{key}` {}", error.problem);
            Fault::new(FaultKind::BadLabelKey, message, error.help).under(key)
        })?;
        let value = value.as_ref().filter(|_| of_labels);
        value.map_or(Ok(()), |value| {
            check_label_value(value).map_err(|error| {
                let message = format!("`{value}` {}", error.problem);
                Fault::new(FaultKind::BadLabelValue, message, error.help).under(key)
            })
        })?;
    }
    Ok(entries)
}

/// Takes `gracePeriod`, which Kubernetes counts in whole seconds: 0 ends at once, so nothing is cut off.
fn grace_period(arguments: &mut Arguments) -> Result<Option<Duration>, Fault> {
    let grace = arguments.duration("gracePeriod");
    match grace {
        Some(grace) if grace.subsec_nanos() > 0 => {
            let message = "`gracePeriod` is counted in whole seconds";
            let help = format!("write `{}s`", grace.as_secs() + 1);
            Err(Fault::new(FaultKind::BadOperand, message, help).under("gracePeriod"))
        }
        grace => Ok(grace),
    }
}

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
