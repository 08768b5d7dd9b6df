//! Objects that hang on facts of others: a namespace, a node, an owner. Each is kept with the facts that its rules
//! wait for; a fact that changes makes just these fall due, to be read and judged again.

use ahash::{AHashMap, AHashSet};
use jiff::Timestamp;

use super::{Ticket, Tracker};
use crate::facts::{Fact, Facts};
use crate::matcher::Context;
use crate::observation::Observation;

/// Before all other moments: what is woken is due at once.
pub(super) const AT_ONCE: Timestamp = Timestamp::UNIX_EPOCH;

/// Who waits for what. It holds nothing of objects that wait for nothing.
#[derive(Debug, Default)]
pub(super) struct Waits {
    by_fact: AHashMap<Fact, AHashSet<u32>>,
    by_slot: AHashMap<u32, Vec<Fact>>,
    /// Facts of theirs have changed since they were looked at.
    woken: AHashSet<u32>,
    /// Facts of theirs could not be read when they were looked at.
    unread: AHashSet<u32>,
    /// Some fact of theirs was not known when they were looked at.
    blind: AHashSet<u32>,
}

impl Waits {
    /// From here on a slot waits for these facts alone, of which this is known.
    pub(super) fn set(&mut self, slot: u32, facts: Vec<Fact>, known: &Facts) {
        // Most rules ask nothing of other objects: that costs next to nothing.
        if facts.is_empty() && self.by_slot.is_empty() {
            return;
        }
        if facts.iter().any(|fact| known.get(fact).is_none()) {
            self.blind.insert(slot);
        } else {
            self.blind.remove(&slot);
        }
        if self.by_slot.get(&slot) == Some(&facts) || (facts.is_empty() && !self.by_slot.contains_key(&slot))
        {
            return;
        }
        for fact in self.by_slot.remove(&slot).unwrap_or_default() {
            if let Some(slots) = self.by_fact.get_mut(&fact) {
                slots.remove(&slot);
                if slots.is_empty() {
                    self.by_fact.remove(&fact);
                }
            }
        }
        for fact in &facts {
            self.by_fact.entry(fact.clone()).or_default().insert(slot);
        }
        if !facts.is_empty() {
            self.by_slot.insert(slot, facts);
        }
    }

    pub(super) fn forget(&mut self, slot: u32) {
        self.set(slot, Vec::new(), &Facts::none());
        self.looked_at(slot);
    }

    pub(super) fn is_woken(&self, slot: u32) -> bool {
        self.woken.contains(&slot)
    }

    pub(super) fn is_unread(&self, slot: u32) -> bool {
        self.unread.contains(&slot)
    }

    /// Whose facts could not be read.
    pub(super) fn unread(&self) -> impl Iterator<Item = u32> {
        self.unread.iter().copied()
    }

    /// Whether some fact of it was not known when it was looked at.
    pub(super) fn is_blind(&self, slot: u32) -> bool {
        self.blind.contains(&slot)
    }

    /// It falls due at once.
    pub(super) fn look_at(&mut self, slot: u32) {
        self.woken.insert(slot);
    }

    /// It is being looked at now.
    pub(super) fn looked_at(&mut self, slot: u32) {
        self.woken.remove(&slot);
        self.unread.remove(&slot);
    }
}

impl Tracker {
    /// The facts that anything waits for.
    pub fn awaited(&self) -> impl Iterator<Item = &Fact> {
        self.waits.by_fact.keys()
    }

    /// These facts have changed: what hangs on them falls due at once. Where it is not `unbroken`, they may have been
    /// something else meanwhile, and a `for` that is running counts from now; so it does where a fact changes again
    /// before anybody has looked. Returns how many objects that are.
    pub fn facts_changed<'f>(&mut self, facts: impl IntoIterator<Item = &'f Fact>, unbroken: bool) -> usize {
        let facts: Vec<&Fact> = facts.into_iter().collect();
        let waiting = facts.iter().filter_map(|fact| self.waits.by_fact.get(*fact)).flatten();
        let slots: AHashSet<u32> = waiting.copied().collect();
        for slot in &slots {
            let is_first = self.waits.woken.insert(*slot);
            self.wake(*slot, unbroken && is_first);
        }
        self.doubt(&slots, facts);
        slots.len()
    }

    /// These facts are known now: what hangs on them and was looked at while some fact was unknown falls due at
    /// once. Returns how many objects that are.
    pub fn facts_known<'f>(&mut self, facts: impl IntoIterator<Item = &'f Fact>) -> usize {
        let waiting = facts.into_iter().filter_map(|fact| self.waits.by_fact.get(fact)).flatten().copied();
        let slots: AHashSet<u32> = waiting.filter(|slot| self.waits.blind.contains(slot)).collect();
        for slot in &slots {
            self.waits.woken.insert(*slot);
            self.wake(*slot, true);
        }
        slots.len()
    }

    /// Some fact of an object that is being judged could not be read: it is looked at again.
    pub fn wake_again(&mut self, ticket: &Ticket) {
        if let Some(slot) = self.find(ticket) {
            self.waits.unread.insert(slot);
        }
    }

    /// What fell due by facts is left to a list of all objects, which looks at each of them anyway.
    pub fn leave_to_list(&mut self) {
        let woken = std::mem::take(&mut self.waits.woken);
        for slot in woken.into_iter().chain(std::mem::take(&mut self.waits.unread)) {
            if !self.slots.get(slot).busy {
                self.arm(slot);
            }
        }
    }

    fn wake(&mut self, slot: u32, unbroken: bool) {
        // What is being read or acted on may be judged by what was known before: it is looked at again after that.
        if self.slots.get(slot).busy {
            return;
        }
        if !unbroken {
            let before = self.limited_of(slot);
            self.slots.get_mut(slot).progress.restart();
            let after = self.limited_of(slot);
            self.count(Some(&before), Some(&after));
        }
        self.arm(slot);
    }

    /// The facts, beside those known, on which it hangs what the rules are of an object that was just read.
    pub fn asks(&mut self, object: &Observation, facts: &Facts, now: Timestamp) -> Vec<Fact> {
        let context = Context::new(object, facts, now);
        let selection = std::sync::Arc::clone(&self.home(object.namespace()).selection);
        let found = self.index.survey(&selection, &context);
        let mut asked: Vec<Fact> = found
            .into_iter()
            .chain(self.but_for_its_end(&context))
            .map(|(_, verdict)| verdict)
            .chain(self.selected(&context))
            .flat_map(|verdict| verdict.waits_for)
            .filter(|fact| facts.get(fact).is_none())
            .collect();
        asked.sort();
        asked.dedup();
        asked
    }
}
