//! Keys of labels and annotations, and values of labels, where a rule names them: one that Kubernetes cannot have
//! is found when the rule is read.

use crate::descriptor::{Fault, FaultKind};
use crate::values::{check_label_key, check_label_value};

/// The key of a label or an annotation.
///
/// # Errors
/// No object can have it.
pub(crate) fn check_key(key: &str) -> Result<(), Fault> {
    check_label_key(key)
        .map_err(|error| Fault::new(FaultKind::BadLabelKey, format!("`{key}` {}", error.problem), error.help))
}

/// The value of a label.
///
/// # Errors
/// No object can have it.
pub(crate) fn check_value(value: &str) -> Result<(), Fault> {
    check_label_value(value).map_err(|error| {
        Fault::new(FaultKind::BadLabelValue, format!("`{value}` {}", error.problem), error.help)
    })
}
