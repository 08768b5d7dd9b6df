//! What only the whole rule shows: steps that can do nothing, and what is legal and dangerous.

use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::demand::{DELETION, Demanded};
use k8s_healer_engine::matcher::{Implied, Matcher};
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::values::format_duration;

use super::code::Code;
use super::diagnostic::{Diagnostic, Place};
use super::kinds::Resolved;
use super::lowering::Lowering;
use super::node::Node;
use super::steps::LoweredStep;

/// States that Kubernetes leaves by itself (a slow image, a busy scheduler) seldom last longer.
const PATIENT: Duration = Duration::from_secs(30);

/// A rule's parts, as far as they are known.
pub(super) struct Parts<'n> {
    pub(super) matches: Option<&'n [Arc<dyn Matcher>]>,
    /// Its entries.
    pub(super) match_items: &'n [Node],
    pub(super) unless: &'n [Arc<dyn Matcher>],
    pub(super) unless_items: &'n [Node],
    /// The key `match`.
    pub(super) match_place: Option<Place>,
    pub(super) hold: Option<Duration>,
    /// The value of `for`, where it is written.
    pub(super) hold_place: Option<Place>,
    pub(super) steps: &'n [LoweredStep<'n>],
    /// Whether no step is missing because its action is unknown.
    pub(super) steps_complete: bool,
}

impl Lowering<'_> {
    /// Checks the rule as a whole; what is broken already is not judged.
    pub(super) fn check(&mut self, parts: &Parts<'_>) {
        let Some(matches) = parts.matches else { return };
        let implied = matches.iter().map(|matcher| matcher.implies()).fold(Implied::default(), Implied::and);
        if parts.steps_complete {
            self.check_terminating(parts, implied);
        }
        self.check_ages(parts, implied);
        self.check_contradictions(parts);
        if self.warn_of_idle(parts, implied) {
            return;
        }
        self.warn_of_owners(parts, implied);
        self.warn_of_haste(parts, implied);
    }

    fn check_terminating(&mut self, parts: &Parts<'_>, implied: Implied) {
        let mut asked = implied.terminating || may_find_terminating(parts);
        for step in parts.steps {
            if step.descriptor.nature.needs_terminating && !asked {
                let name = step.descriptor.name;
                let message = format!("`{name}` acts on terminating objects alone, and this rule finds none");
                let help = "put `- delete: {}` before it and `after: 2m` inside it, \
                            or match `- terminating: { over: 10m }`";
                self.report(Diagnostic::new(Code::NeedsTerminating, step.key.place, message).help(help));
            }
            asked |= step.descriptor.nature.removes;
        }
    }

    /// What can do nothing to any object that the rule finds; whether the whole rule can.
    fn warn_of_idle(&mut self, parts: &Parts<'_>, implied: Implied) -> bool {
        for step in parts.steps {
            let Some(why) = step.step.as_ref().and_then(|step| step.action.idle()) else { continue };
            let message = format!("`{}` can do nothing: {}", step.descriptor.name, why.0);
            self.report(Diagnostic::new(Code::NoEffect, step.key.place, message).help(why.1));
        }
        let removes = |step: &LoweredStep<'_>| step.descriptor.nature.removes;
        if implied.terminating && parts.steps_complete && parts.steps.iter().all(removes) {
            let Some(first) = parts.steps.first() else { return false };
            let message = format!("`{}` does nothing to what is terminating already", first.descriptor.name);
            let help = "leave `terminating` out of `match`, or write `- stripFinalizers: { only: […] }`";
            self.report(Diagnostic::new(Code::NoEffect, first.key.place, message).help(help));
            return true;
        }
        false
    }

    /// Each matcher by itself has been looked at; two of them may leave no age to be.
    fn check_ages(&mut self, parts: &Parts<'_>, implied: Implied) {
        let (Some(over), Some(under), Some(place)) = (implied.over, implied.under, parts.match_place) else {
            return;
        };
        if over >= under {
            let (over, under) = (format_duration(over), format_duration(under));
            let message = format!("`match` can never be true: nothing is over {over} and under {under}");
            let help = "make `over` smaller than `under`, or put the matchers under `any`";
            self.report(Diagnostic::new(Code::NeverTrue, place, message).help(help));
        }
    }

    fn warn_of_owners(&mut self, parts: &Parts<'_>, implied: Implied) {
        let is_pod = |watched: &Resolved| ["pods", "*"].contains(&&*watched.name());
        let Some(removal) = removal(parts) else { return };
        if implied.owner_checked || !self.kinds.iter().any(is_pod) {
            return;
        }
        let message = format!("it may `{}` pods that nothing recreates", removal.descriptor.name);
        let help = "add `- owner: { exists: true }` to `match`, or `- not: { owner: { exists: true } }` \
                    if bare pods are what you mean";
        self.report(Diagnostic::new(Code::NoOwnerCheck, removal.key.place, message).help(help));
    }

    fn warn_of_haste(&mut self, parts: &Parts<'_>, implied: Implied) {
        let (Some(removal), Some(hold)) = (removal(parts), parts.hold) else { return };
        let waits = parts
            .steps
            .first()
            .and_then(|first| first.step.as_ref())
            .and_then(|step| step.after)
            .unwrap_or_default();
        if implied.patient || hold.saturating_add(waits) >= PATIENT {
            return;
        }
        let name = removal.descriptor.name;
        let message = format!("it may `{name}` what was in this state for less than 30s");
        let place = parts.hold_place.unwrap_or(removal.key.place);
        let help = "write `for: 1m`, so that what recovers by itself is spared";
        self.report(Diagnostic::new(Code::ShortFor, place, message).help(help));
    }
}

/// Whether it looks at the deletion of its objects, in whatever way, and does not leave out those of which it was
/// asked for.
fn may_find_terminating(parts: &Parts<'_>) -> bool {
    let matches = || parts.matches.unwrap_or_default().iter();
    let mut read = Projection::default();
    matches().chain(parts.unless).for_each(|matcher| matcher.reads(&mut read));
    let looks = read.reads_members(&["metadata", "deletionTimestamp"]);
    let asks = |matcher: &Arc<dyn Matcher>, asked: &Demanded<'_>| {
        matcher.demands().iter().any(|demand| demand.of == DELETION && demand.asked == *asked)
    };
    looks
        && !matches().any(|matcher| asks(matcher, &Demanded::Absent))
        && !parts.unless.iter().any(|matcher| asks(matcher, &Demanded::There))
}

fn removal<'n>(parts: &'n Parts<'n>) -> Option<&'n LoweredStep<'n>> {
    parts.steps.iter().find(|step| step.descriptor.nature.removes)
}
