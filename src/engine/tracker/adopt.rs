//! Other rules for the same objects, or one watch in the place of several: the new tracker takes over how far
//! the rules that stay have come, so that no timer starts anew and nothing is done twice. Rules that go are
//! retired at once, before the new tracker has even listed.

use std::sync::Arc;

use ahash::AHashMap;

use super::Tracker;
use super::entry::Entry;
use crate::rule::Rule;

impl Tracker {
    /// Takes rules out of force: from here on they are true of nothing, and nothing of theirs falls due.
    pub fn retire(&mut self, goes: impl Fn(&Arc<Rule>) -> bool) {
        let goes: Vec<bool> = self.rules.iter().map(goes).collect();
        let is_gone = |rule: usize| goes.get(rule).copied().unwrap_or(false);
        for slot in self.slots.slots() {
            let entry = self.slots.get_mut(slot);
            let theirs: Vec<usize> =
                entry.progress.rules().into_iter().filter(|rule| is_gone(*rule)).collect();
            if theirs.is_empty() {
                continue;
            }
            theirs.into_iter().for_each(|rule| entry.progress.remove(rule));
            if !entry.busy {
                self.arm(slot);
            }
        }
        self.doubts.retire(is_gone);
        self.retired = goes;
        self.recount();
    }

    /// Takes over from the trackers that followed the same kind until now, in the whole cluster or each in a
    /// namespace, whose rules are not all the same: those that are (by allocation) keep how far they have come.
    /// All have listed, nothing of the old ones is being read or acted on, and this one has taken in nothing
    /// since its list.
    pub fn adopt<'a>(&mut self, predecessors: impl IntoIterator<Item = &'a Self>) {
        let mine: AHashMap<*const Rule, usize> =
            self.rules.iter().enumerate().map(|(index, rule)| (Arc::as_ptr(rule), index)).collect();
        let newest = self.slots.entries().filter_map(Entry::number).max();
        for old in predecessors {
            self.adopt_one(old, &mine, newest);
            self.adopt_deeds(old);
            old.page.hand_over();
        }
        self.recount();
    }

    fn adopt_one(&mut self, old: &Self, mine: &AHashMap<*const Rule, usize>, newest: Option<u64>) {
        let kept: Vec<Option<usize>> = old
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| mine.get(&Arc::as_ptr(rule)).copied().filter(|_| !old.is_retired(index)))
            .collect();
        for known in old.slots.entries() {
            let (slot, unseen) = match self.slots.find(known.namespace.as_deref(), &known.name) {
                Some(slot) if self.slots.get(slot).is_same_object(known) => (slot, false),
                // Another object of this name: what was known of the former is over.
                Some(_) => continue,
                // Made since the list: the new watch will tell of it too. What is older and was not in the
                // list is gone.
                None if known.number() > newest => match self.remember_as(known) {
                    Some(slot) => (slot, true),
                    None => continue,
                },
                None => continue,
            };
            let entry = self.slots.get_mut(slot);
            // The old watch may have been behind the new list: then it does not know what happened between.
            let gap = known.number() < entry.number();
            entry.at_least_as_new_as(known);
            // What hangs on another object that is not known yet is no more known to be over.
            let blind = self.waits.is_blind(slot);
            let unseen = |rule: usize| unseen || blind && self.rules[rule].asks_others();
            entry.progress.adopt(&known.progress, &kept, &self.rules, gap, unseen);
            self.adopt_seats(slot, old, known, &kept);
            self.adopt_doubts(slot, old, known, &kept);
            self.arm(slot);
        }
    }

    fn remember_as(&mut self, known: &Entry) -> Option<u32> {
        let home = self.home(known.namespace.as_deref());
        if home.selection.is_empty() {
            return None;
        }
        home.objects += 1;
        let namespace =
            known.namespace.as_deref().and_then(|namespace| self.namespaces.get_key_value(namespace));
        let entry = known.without_progress(namespace.map(|(shared, _)| Arc::clone(shared)), self.list);
        Some(self.slots.insert(entry))
    }
}
