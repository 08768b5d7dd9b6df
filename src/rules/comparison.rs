//! Holds the rules that run against those that were read anew, value by value: which were added, removed
//! and changed, and what in them. What did not change keeps its rule, and with it whatever is remembered
//! of its objects ([`reuse`]).

mod matchers;
mod reuse;
mod told;
mod values;
mod written;

use std::collections::BTreeMap;

use k8s_healer_engine::rule::RuleId;

pub use reuse::reuse;
pub use written::Written;
pub(super) use written::{below, shown};

/// What differs between two sets of rules. A rule of another name is another rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Rules that were not there before.
    pub added: Vec<RuleId>,
    /// Rules that are not there any more.
    pub removed: Vec<RuleId>,
    /// Rules that say something else.
    pub changed: Vec<Changed>,
    /// How many say the same.
    pub unchanged: usize,
    /// What differs in the guardrails.
    pub guardrails: GuardrailsDifference,
    /// Whether those of both sets stand in another order: of two rules that are due at the same instant on
    /// the same object, the first one's step is done.
    pub reordered: bool,
}

/// What differs between two sets of guardrails, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardrailsDifference {
    /// Documents that were not there before.
    pub added: Vec<String>,
    /// Documents that are not there any more.
    pub removed: Vec<String>,
    /// Documents that say something else, and their values that differ.
    pub changed: Vec<(String, Vec<ValueChange>)>,
}

impl GuardrailsDifference {
    /// Whether they are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// A rule that says something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The rule.
    pub rule: RuleId,
    /// Its values that differ; never empty.
    pub values: Vec<ValueChange>,
}

/// One value of a rule, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueChange {
    /// `match[0].age.over`; counted as they stand in the new rule, or, where they are gone, in the old one.
    pub path: String,
    /// `6m`; `None`: it was not there.
    pub before: Option<String>,
    /// `10m`; `None`: it is gone.
    pub after: Option<String>,
}

impl Difference {
    /// Whether the two sets are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let same_rules = self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty();
        same_rules && !self.reordered && self.guardrails.is_empty()
    }

    /// Whether so much goes that it may be an accident, such as a file that was cut off at the end of a
    /// rule: more than half of the `before` rules that run, or any document of guardrails, without which rules do
    /// more. One of another name counts as removed.
    #[must_use]
    pub fn needs_confirmation(&self, before: usize) -> bool {
        self.removed.len() > before / 2 || !self.guardrails.removed.is_empty()
    }
}

impl Changed {
    /// Whether only its description differs: it is true of the same objects and does the same to them.
    #[must_use]
    pub fn is_cosmetic(&self) -> bool {
        self.values.iter().all(|value| value.path == "description")
    }
}

/// Compares two sets of rules.
#[must_use]
pub fn compare(before: &BTreeMap<RuleId, Written>, after: &BTreeMap<RuleId, Written>) -> Difference {
    let mut difference = Difference::default();
    let mut order = Vec::new();
    for (rule, now) in after {
        let Some(earlier) = before.get(rule) else {
            difference.added.push(rule.clone());
            continue;
        };
        order.push((earlier.position, now.position));
        if earlier.says_the_same(now) {
            difference.unchanged += 1;
        } else {
            let values = values::differing(earlier, now);
            difference.changed.push(Changed { rule: rule.clone(), values });
        }
    }
    difference.removed = before.keys().filter(|rule| !after.contains_key(*rule)).cloned().collect();
    order.sort_unstable();
    difference.reordered = !order.is_sorted_by_key(|(_, now)| *now);
    difference
}

/// Compares two sets of guardrails.
#[must_use]
pub fn compare_guardrails(
    before: &BTreeMap<String, Written>,
    after: &BTreeMap<String, Written>,
) -> GuardrailsDifference {
    let missing = |these: &BTreeMap<String, Written>, those: &BTreeMap<String, Written>| {
        these.keys().filter(|name| !those.contains_key(*name)).cloned().collect()
    };
    let changed = after.iter().filter_map(|(name, now)| {
        let earlier = before.get(name).filter(|earlier| !earlier.says_the_same(now))?;
        Some((name.clone(), values::differing(earlier, now)))
    });
    GuardrailsDifference {
        added: missing(after, before),
        removed: missing(before, after),
        changed: changed.collect(),
    }
}

#[cfg(test)]
mod tests;
