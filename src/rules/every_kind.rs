//! A rule on `"*"` reads metadata alone: that is all that every kind has in common, and all that is watched of kinds
//! that nobody names. What reads more is an error at its own characters.

use std::sync::Arc;

use k8s_healer_engine::limits::Limits;
use k8s_healer_engine::matcher::Matcher;
use k8s_healer_engine::projection::Projection;

use super::code::Code;
use super::diagnostic::{Diagnostic, Place, quoted};
use super::lowering::Lowering;
use super::node::{Data, Entry, Node};
use super::steps::LoweredStep;

/// A list of matchers as it is written, and what it was lowered to.
type MatcherList<'a> = (Option<&'a Entry>, Option<&'a [Arc<dyn Matcher>]>);

impl Lowering<'_> {
    /// Reports the matchers, limits and steps that read more than metadata. `watched` is the rule's `watch`.
    pub(super) fn check_metadata(
        &mut self,
        watched: &Entry,
        lists: [MatcherList<'_>; 2],
        (entry, limits): (Option<&Entry>, Option<&Limits>),
        steps: &[LoweredStep<'_>],
    ) {
        for (entry, matchers) in lists {
            let (Some(entry), Some(matchers)) = (entry, matchers) else { continue };
            let Data::List(items) = &entry.value.data else { continue };
            for (item, matcher) in items.iter().zip(matchers) {
                let mut projection = Projection::default();
                matcher.reads(&mut projection);
                if !projection.is_metadata_only() {
                    let key = item.entries().and_then(<[Entry]>::first).map(|entry| &entry.key);
                    let (name, place) = key.map_or(("", item.place), |key| (key.text.as_str(), key.place));
                    let diagnostic = beyond(watched, name, place);
                    self.report_at(item, diagnostic);
                }
            }
        }
        let mut projection = Projection::default();
        limits.iter().for_each(|limits| limits.reads(&mut projection));
        if let Some(entry) = entry.filter(|_| !projection.is_metadata_only()) {
            self.report(beyond(watched, &entry.key.text, entry.key.place));
        }
        for step in steps {
            let mut projection = Projection::default();
            step.step.iter().for_each(|step| step.action.reads(&mut projection));
            if !projection.is_metadata_only() {
                self.report(beyond(watched, &step.key.text, step.key.place));
            }
        }
    }
}

fn beyond(watched: &Entry, name: &str, place: Place) -> Diagnostic {
    let message = format!("{} reads more than metadata, and a rule on every kind may not", quoted(name));
    let help = "watch kinds by name, or all of a group: `\"*.kubevirt.io\"`";
    Diagnostic::new(Code::BeyondMetadata, place, message)
        .help(help)
        .related(star(&watched.value).place, "all kinds are watched here")
}

/// The `*` itself, where it stands in a list.
fn star(node: &Node) -> &Node {
    let is_star = |item: &&Node| item.scalar().is_some_and(|scalar| scalar.text == "*");
    match &node.data {
        Data::List(items) => items.iter().find(is_star).unwrap_or(node),
        _ => node,
    }
}
