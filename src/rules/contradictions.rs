//! Entries of one rule that no object meets together: warned of, since such a rule does no harm. Each matcher by itself has been looked at when it was built.

use std::sync::Arc;

use k8s_healer_engine::matcher::{Implied, Matcher};
use k8s_healer_engine::values::format_duration;

use super::checks::Parts;
use super::code::Code;
use super::diagnostic::{Diagnostic, Place};
use super::lowering::Lowering;
use super::node::Node;

impl Lowering<'_> {
    /// Reports what leaves nothing to match.
    pub(super) fn check_contradictions(&mut self, parts: &Parts<'_>) {
        let Some(matches) = parts.matches else { return };
        for (index, later) in matches.iter().enumerate() {
            let earlier = matches.iter().take(index).map(Arc::as_ref).enumerate();
            let excluding =
                earlier.filter_map(|(at, earlier)| Some((at, excluded(earlier, later.as_ref())?)));
            if let Some((at, why)) = excluding.into_iter().next() {
                let places = (place(parts.match_items, index), place(parts.match_items, at));
                self.never(places, format!("`match` can never be true: {why}"), "the other entry");
                return;
            }
        }
        for (index, exception) in parts.unless.iter().enumerate() {
            if let Some(at) = matches.iter().position(|matcher| is_same(matcher.as_ref(), exception.as_ref()))
            {
                let places = (place(parts.unless_items, index), place(parts.match_items, at));
                let message = "the rule can never act: `unless` spares just what `match` asks for".to_owned();
                self.never(places, message, "asked for here");
                return;
            }
        }
        self.check_window(parts);
    }

    fn never(&mut self, (at, other): (Option<Place>, Option<Place>), message: String, told: &'static str) {
        let (Some(at), Some(other)) = (at, other) else { return };
        let diagnostic = Diagnostic::new(Code::Contradiction, at, message);
        let help = "leave one of the two out, or put them under `any`";
        self.report(diagnostic.help(help).related(other, told));
    }

    /// It is true from `over` to `under`: never for longer than that.
    fn check_window(&mut self, parts: &Parts<'_>) {
        let Some(matches) = parts.matches else { return };
        let implied = matches.iter().map(|matcher| matcher.implies()).reduce(Implied::and);
        let Some(implied) = implied else { return };
        let (Some(under), Some(hold), Some(place)) = (implied.under, parts.hold, parts.hold_place) else {
            return;
        };
        let window = under.saturating_sub(implied.over.unwrap_or_default());
        if !window.is_zero() && hold >= window {
            let (hold, window) = (format_duration(hold), format_duration(window));
            let message = format!(
                "the rule can never act: its ages are true for {window} at most, and `for` asks for {hold}"
            );
            let help = "write a shorter `for`, or a longer `under`";
            self.report(Diagnostic::new(Code::Contradiction, place, message).help(help));
        }
    }
}

/// Where an entry of a list begins.
fn place(items: &[Node], index: usize) -> Option<Place> {
    let node = items.get(index)?;
    Some(node.entries().and_then(|entries| entries.first()).map_or(node.place, |entry| entry.key.place))
}

/// Why nothing meets both.
fn excluded(one: &dyn Matcher, other: &dyn Matcher) -> Option<String> {
    let (ones, others) = (one.demands(), other.demands());
    let pairs = ones.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    if let Some((demand, _)) = pairs.into_iter().find(|(one, other)| one.excludes(other)) {
        return Some(format!("two entries ask of {} what excludes each other", demand.of));
    }
    let negates = |one: &dyn Matcher, other: &dyn Matcher| one.negates().is_some_and(|of| is_same(of, other));
    (negates(one, other) || negates(other, one))
        .then(|| "it asks for something and for `not` of it".to_owned())
}

/// Whether two matchers ask the same: their compiled forms are alike to the last value.
fn is_same(one: &dyn Matcher, other: &dyn Matcher) -> bool {
    format!("{one:?}") == format!("{other:?}")
}
