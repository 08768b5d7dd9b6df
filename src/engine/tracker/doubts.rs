//! What a rule with `maxUnhealthy` or a breaker that hangs on other objects cannot be sure of. An object counts as one
//! that may match while another object is not known on which that hangs, or has changed and nobody has looked since.
//! While it is not known whether the rule's `namespaceSelector` selects a namespace with objects in it, nothing is done.

use ahash::AHashSet;

use super::Tracker;
use super::entry::Entry;
use crate::facts::Fact;
use crate::limits::Limits;
use crate::matcher::Context;
use crate::rule::Rule;
use crate::truth::Truth;
use crate::verdict::Verdict;

/// It holds nothing for rules that hang on no other object.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// The rules that ask how much matches and hang on other objects.
    rules: Vec<usize>,
    /// Those that select namespaces by their labels.
    selecting: Vec<usize>,
    /// Objects, by slot, that a rule may be true of.
    may_match: AHashSet<(u32, usize)>,
}

impl Doubts {
    pub(super) fn of(rules: &[std::sync::Arc<Rule>]) -> Self {
        let asks =
            |rule: &Rule| rule.asks_others() && rule.limits.as_ref().is_some_and(Limits::asks_how_much);
        let doubtful: Vec<usize> = (0..rules.len()).filter(|rule| asks(&rules[*rule])).collect();
        let selecting = doubtful.iter().copied().filter(|rule| rules[*rule].selector.is_some()).collect();
        Self { rules: doubtful, selecting, ..Self::default() }
    }

    /// The rules that may be true of an entry.
    pub(super) fn of_slot(&self, slot: u32) -> impl Iterator<Item = usize> {
        self.rules.iter().copied().filter(move |rule| self.may_match.contains(&(slot, *rule)))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        self.may_match.iter().map(|(_, rule)| *rule)
    }

    /// How many objects a rule may be true of.
    pub(super) fn of_rule(&self, rule: usize) -> usize {
        if self.may_match.is_empty() { 0 } else { self.all().filter(|one| *one == rule).count() }
    }

    pub(super) fn forget(&mut self, slot: u32) {
        for rule in &self.rules {
            self.may_match.remove(&(slot, *rule));
        }
    }

    pub(super) fn retire(&mut self, is_gone: impl Fn(usize) -> bool) {
        self.may_match.retain(|(_, rule)| !is_gone(*rule));
    }
}

impl Tracker {
    /// What the selectors of its namespace are of an object, rule by rule.
    pub(super) fn selected(&self, context: &Context<'_>) -> Vec<Verdict> {
        let selectors = self.doubts.selecting.iter().filter_map(|rule| self.rules[*rule].selector.as_ref());
        selectors.map(|selector| selector.evaluate(context)).collect()
    }

    /// Takes in how sure an object is that was just looked at, and its namespace.
    pub(super) fn note_doubts(
        &mut self,
        slot: u32,
        namespace: Option<&str>,
        selected: &[Verdict],
        is_lost: impl Fn(usize) -> bool,
    ) {
        for rule in &self.doubts.rules {
            // What is in the middle of its steps counts by that.
            if is_lost(*rule) && self.slots.get(slot).progress.of(*rule).is_none() {
                self.doubts.may_match.insert((slot, *rule));
            } else {
                self.doubts.may_match.remove(&(slot, *rule));
            }
        }
        if selected.is_empty() {
            return;
        }
        let selected: Vec<Truth> = selected.iter().map(|verdict| verdict.truth).collect();
        let home = self.home(namespace);
        if *home.selected != *selected {
            home.selected = selected.into();
            self.publish();
        }
    }

    /// Facts have changed on which these entries hang: nobody knows what the rules are of them now.
    pub(super) fn doubt<'f>(&mut self, slots: &AHashSet<u32>, facts: impl IntoIterator<Item = &'f Fact>) {
        if self.doubts.rules.is_empty() {
            return;
        }
        for slot in slots {
            let entry = self.slots.get(*slot);
            let concerns = |rule: &usize| {
                !self.is_retired(*rule)
                    && self.rules[*rule].scope.selects(entry.namespace.as_deref())
                    && entry.progress.of(*rule).is_none()
            };
            let doubtful: Vec<usize> = self.doubts.rules.iter().copied().filter(concerns).collect();
            self.doubts.may_match.extend(doubtful.into_iter().map(|rule| (*slot, rule)));
        }
        for fact in facts {
            if let Fact::Namespace(name) = fact
                && let Some(home) = self.namespaces.get_mut(name.as_str())
            {
                home.selected = Box::default();
            }
        }
        self.recount();
    }

    /// How many objects a rule watches; `None`: it is not known whether it watches those of some namespace.
    pub(super) fn watched_by(&self, rule: usize) -> Option<usize> {
        let Some(place) = self.doubts.selecting.iter().position(|selecting| *selecting == rule) else {
            return Some(self.selected_by(rule));
        };
        let scope = &self.rules[rule].scope;
        let homes = self.namespaces.iter().filter(|(namespace, home)| {
            home.objects > 0 && scope.selects(Some(namespace)) && !self.reach.leaves_out(namespace)
        });
        homes
            .map(|(_, home)| match home.selected.get(place)? {
                Truth::True => Some(home.objects),
                Truth::False => Some(0),
                Truth::Unknown => None,
            })
            .sum()
    }

    /// Takes over what the tracker that followed an object until now was not sure of, where it has not been looked at.
    pub(super) fn adopt_doubts(&mut self, slot: u32, old: &Self, known: &Entry, kept: &[Option<usize>]) {
        if self.doubts.rules.is_empty() || !self.slots.get(slot).is_new() {
            return;
        }
        let Some(former) = old.slots.find(known.namespace.as_deref(), &known.name) else { return };
        for rule in old.doubts.of_slot(former).filter_map(|rule| kept.get(rule).copied().flatten()) {
            self.doubts.may_match.insert((slot, rule));
        }
    }
}
