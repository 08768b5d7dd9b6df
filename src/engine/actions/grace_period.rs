//! `gracePeriod`, which `delete` and `evict` take.

use std::time::Duration;

use crate::descriptor::{Arguments, Fault, FaultKind};

/// Takes `gracePeriod`, which Kubernetes counts in whole seconds: 0 ends at once, so nothing is cut off.
pub(super) fn grace_period(arguments: &mut Arguments) -> Result<Option<Duration>, Fault> {
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
