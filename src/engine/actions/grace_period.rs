//! `gracePeriod`, which `delete` and `evict` take.

use std::time::Duration;

use crate::descriptor::{Arguments, Fault, FaultKind};
use crate::effect::Inapplicable;
use crate::matcher::Context;
use crate::projection::Projection;
use crate::value_from::{ENDLESS, Sourced};

/// What an object may ask for at most: longer is no grace but a way not to be removed.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The grace that a rule gives, or leaves to the object.
#[derive(Debug)]
pub(super) struct GracePeriod {
    action: &'static str,
    given: Option<Sourced<Duration>>,
}

impl GracePeriod {
    /// Takes `gracePeriod`, which Kubernetes counts in whole seconds: 0 ends at once, so nothing is cut off.
    pub(super) fn take(action: &'static str, arguments: &mut Arguments) -> Result<Self, Fault> {
        let given = arguments.sourced_duration("gracePeriod");
        match &given {
            Some(Sourced::Literal(grace)) if grace.subsec_nanos() > 0 => {
                let message = "`gracePeriod` is counted in whole seconds";
                let help = format!("write `{}s`", grace.as_secs() + 1);
                Err(Fault::new(FaultKind::BadOperand, message, help).under("gracePeriod"))
            }
            Some(Sourced::From(from)) if from.has_never() => {
                let message = "`never` is for what a rule asks: a grace has an end";
                let fault = Fault::new(FaultKind::BadOperand, message, "leave `never` out");
                Err(fault.under("never").under("gracePeriod"))
            }
            _ => Ok(Self { action, given }),
        }
    }

    /// The grace on this object, in whole seconds, rounded up; `None`: the object's own.
    pub(super) fn read(&self, context: &Context<'_>) -> Result<Option<Duration>, Inapplicable> {
        let Some(given) = &self.given else { return Ok(None) };
        let read = given.read(context.object.object()).filter(|grace| *grace != ENDLESS);
        let grace = read.ok_or_else(|| Inapplicable::unreadable(self.action, given))?;
        if given.from().is_some() && grace > LONGEST {
            return Err(Inapplicable::unreadable(self.action, given));
        }
        let seconds = grace.as_secs() + u64::from(grace.subsec_nanos() > 0);
        Ok(Some(Duration::from_secs(seconds)))
    }

    pub(super) fn reads(&self, projection: &mut Projection) {
        self.given.iter().for_each(|given| given.reads(projection));
    }
}
