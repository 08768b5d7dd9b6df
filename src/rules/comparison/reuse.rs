//! Puts the rules that run in the place of those that were read anew and say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_healer_engine::matcher::Matcher;
use k8s_healer_engine::rule::{Rule, RuleId, RuleSet};

use super::Difference;

/// The new rules, of which those that say the same as before are the very rules that run: whoever holds them
/// can tell by [`Arc::ptr_eq`] what has changed. What a changed or added rule has in common with them it
/// shares with them, so that the hundredth reload evaluates no matcher twice that the first did not.
#[must_use]
pub fn reuse(old: &RuleSet, new: RuleSet, difference: &Difference) -> RuleSet {
    let changed: BTreeSet<&RuleId> = difference.changed.iter().map(|changed| &changed.rule).collect();
    let old_guardrails = Arc::clone(&old.guardrails);
    let old: BTreeMap<&RuleId, &Arc<Rule>> = old.rules.iter().map(|rule| (&rule.id, rule)).collect();
    let kept = |rule: &Rule| old.get(&rule.id).copied().filter(|_| !changed.contains(&rule.id));
    let mut known: BTreeMap<usize, Arc<dyn Matcher>> = BTreeMap::new();
    for rule in &new.rules {
        if let Some(kept) = kept(rule) {
            let pairs = matchers(rule).zip(matchers(kept));
            known.extend(pairs.map(|(new, kept)| (address(new), Arc::clone(kept))));
        }
    }
    let share = |mut rule: Arc<Rule>| {
        if let Some(kept) = kept(&rule) {
            return Arc::clone(kept);
        }
        // Nobody else holds a rule that was just read; where somebody does, it stays as it is.
        if let Some(rule) = Arc::get_mut(&mut rule) {
            for matcher in rule.matches.iter_mut().chain(&mut rule.unless) {
                if let Some(kept) = known.get(&address(matcher)) {
                    *matcher = Arc::clone(kept);
                }
            }
        }
        rule
    };
    let same = difference.guardrails.is_empty();
    let guardrails = if same { old_guardrails } else { new.guardrails };
    RuleSet { rules: new.rules.into_iter().map(share).collect(), guardrails }
}

fn matchers(rule: &Rule) -> impl Iterator<Item = &Arc<dyn Matcher>> {
    rule.matches.iter().chain(&rule.unless)
}

/// Matchers that are written alike are one within a set.
fn address(matcher: &Arc<dyn Matcher>) -> usize {
    Arc::as_ptr(matcher).cast::<()>().addr()
}
