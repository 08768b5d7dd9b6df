//! What is remembered of the objects of one kind: one entry and one timer each, and state only for the
//! rules that are in the middle of something. It holds no object: when an entry falls due, the caller
//! reads the object live and hands it back to [`Tracker::judge`].
//!
//! Everything here is synchronous and takes `now`; the caller feeds it with events and answers.

mod acted;
mod adopt;
mod counting;
mod doubts;
mod due;
mod entry;
mod flights;
mod held;
mod looking;
mod pass;
mod progress;
mod sequence;
mod turns;
mod waits;

use std::collections::BTreeMap;
use std::sync::Arc;

use ahash::AHashMap;
use jiff::Timestamp;

use self::acted::Deed;
use self::doubts::Doubts;
pub use self::due::DueStep;
use self::entry::{Entry, Slots};
pub use self::entry::{Origin, Ticket};
use self::flights::Flights;
pub use self::sequence::{Sequence, StepResult};
use self::waits::{AT_ONCE, Waits};
use crate::facts::Facts;
use crate::guard::Reach;
use crate::index::{RuleIndex, Selection};
use crate::limits::Limits;
use crate::limits::ledger::{Ledger, Page};
use crate::moment::Now;
use crate::observation::Observation;
use crate::rule::Rule;
use crate::schedule::Schedule;
use crate::truth::Truth;

/// Where an object lives and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Its namespace; `None` for cluster-scoped objects.
    pub namespace: Option<Arc<str>>,
    /// Its name.
    pub name: Box<str>,
}

/// The objects of one kind that rules watch.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of one watch")]
#[derive(Debug)]
pub struct Tracker {
    rules: Vec<Arc<Rule>>,
    index: RuleIndex,
    slots: Slots,
    schedule: Schedule<u32>,
    namespaces: AHashMap<Arc<str>, Home>,
    /// That of cluster-scoped objects.
    cluster: Home,
    /// The number of the list that is running or ran last; entries carry that of their last sight.
    list: u32,
    /// Between a list's start and its end, or before the first.
    listing: bool,
    /// What rules reach of what they select.
    reach: Reach,
    /// Rules that are not in force any more, by index; empty: all are.
    retired: Vec<bool>,
    /// What falls due later does not begin; `None`: everything does.
    last_begin: Option<Timestamp>,
    /// The rules with limits for which something is counted.
    limited: Vec<usize>,
    /// How many objects each of these is true of, or in the middle of its steps with.
    matching: Vec<usize>,
    /// Those that were held back by how much matches when they were counted last, and until when.
    over: BTreeMap<usize, Option<Timestamp>>,
    /// What those with a breaker have acted on of late.
    deeds: Vec<Deed>,
    /// Where the counts are put together with those of other trackers.
    page: Page,
    /// A list has come to its end.
    has_listed: bool,
    /// Its watch follows the server.
    follows: bool,
    /// What it watches may not be read.
    is_forbidden: bool,
    waits: Waits,
    doubts: Doubts,
    flights: Flights,
    /// The moment of which it was told last.
    clock: Timestamp,
}

/// So many namespaces are looked through for those without objects.
const MANY: usize = 1024;

/// What is known of one namespace.
#[derive(Debug)]
struct Home {
    /// How many objects of it are tracked.
    objects: usize,
    /// The scopes that select it.
    selection: Selection,
    /// What the selectors of its labels are of it, as far as somebody has looked; see `doubts`.
    selected: Box<[Truth]>,
}

impl Home {
    fn new(index: &RuleIndex, namespace: Option<&str>) -> Self {
        Self { objects: 0, selection: index.selection(namespace), selected: Box::default() }
    }
}

impl Tracker {
    /// Rules that all watch this kind.
    #[must_use]
    pub fn new(rules: Vec<Arc<Rule>>) -> Self {
        let index = RuleIndex::new(&rules);
        let counts = |rule: &usize| rules[*rule].limits.as_ref().is_some_and(Limits::counts);
        let limited = (0..rules.len()).filter(counts).collect();
        let mut tracker = Self {
            limited,
            flights: Flights::of(&rules),
            doubts: Doubts::of(&rules),
            clock: AT_ONCE,
            matching: vec![0; rules.len()],
            over: BTreeMap::new(),
            deeds: Vec::new(),
            page: Ledger::default().page(),
            has_listed: false,
            follows: true,
            is_forbidden: false,
            cluster: Home::new(&index, None),
            rules,
            index,
            slots: Slots::default(),
            schedule: Schedule::default(),
            namespaces: AHashMap::new(),
            list: 0,
            listing: true,
            reach: Reach::default(),
            retired: Vec::new(),
            last_begin: None,
            waits: Waits::default(),
        };
        tracker.publish();
        tracker.take_part();
        tracker
    }

    /// Without the objects that are left out of this.
    #[must_use]
    pub fn within(mut self, reach: Reach) -> Self {
        if reach.leaves_out_the_cluster() {
            self.cluster.selection = Selection::default();
        }
        self.reach = reach;
        self
    }

    /// The rules, in the order of their files.
    #[must_use]
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// How many objects are tracked: those in a namespace that some rule selects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no object is tracked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.len() == 0
    }

    /// How many timers are armed.
    #[must_use]
    pub fn armed(&self) -> usize {
        self.schedule.len()
    }

    /// How many tracked objects a rule selects by its scope.
    #[must_use]
    pub fn selected_by(&self, rule: usize) -> usize {
        let scope = &self.rules[rule].scope;
        let of_cluster = if scope.selects(None) && !self.reach.leaves_out_the_cluster() {
            self.cluster.objects
        } else {
            0
        };
        let selected = self
            .namespaces
            .iter()
            .filter(|(namespace, _)| scope.selects(Some(namespace)) && !self.reach.leaves_out(namespace));
        of_cluster + selected.map(|(_, home)| home.objects).sum::<usize>()
    }

    /// How many objects each rule is true of now, or in the middle of its steps with.
    #[must_use]
    pub fn matched(&self) -> Vec<usize> {
        let mut matched = vec![0; self.rules.len()];
        for (rule, _) in self.slots.entries().flat_map(|entry| entry.progress.sequences()) {
            matched[rule] += 1;
        }
        matched
    }

    /// The next moment at which an entry falls due; nothing does while a list is running.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        if self.listing { None } else { self.schedule.next() }
    }

    /// What falls due next, the soonest first; nothing does while a list is running.
    #[must_use]
    pub fn deadlines(&self, most: usize) -> Vec<(Timestamp, ObjectKey)> {
        if self.listing {
            return Vec::new();
        }
        self.schedule
            .first(most)
            .filter(|(at, _)| *at > AT_ONCE)
            .map(|(at, slot)| (at, self.slots.get(slot).key()))
            .collect()
    }

    /// A fresh list begins: until it is complete, nothing falls due.
    pub fn list_started(&mut self) {
        if self.listing {
            // What the list before brought, which did not come to its end, may never have been there.
            for slot in self.slots.unproven() {
                self.forget(slot);
            }
        }
        self.list += 1;
        self.listing = true;
        self.take_part();
    }

    /// The list is complete: what was not in it is gone.
    pub fn list_completed(&mut self) {
        self.listing = false;
        self.slots.proven();
        for slot in self.slots.not_seen_since(self.list) {
            self.forget(slot);
        }
        self.namespaces.retain(|_, home| home.objects > 0);
        self.has_listed = true;
        self.recount();
        self.take_part();
    }

    /// An object of the list, or an event, where nothing is known of other objects. Returns whether the object is
    /// new to the tracker.
    pub fn observe(&mut self, object: &Observation, origin: Origin, now: impl Into<Now>) -> bool {
        self.observe_with(object, &Facts::none(), origin, now)
    }

    /// Whether any rule selects objects in this namespace (`None`: cluster-scoped ones).
    pub fn selects(&mut self, namespace: Option<&str>) -> bool {
        !self.home(namespace).selection.is_empty()
    }

    /// The same with what is known of the other objects that its rules ask about.
    pub fn observe_with(
        &mut self,
        object: &Observation,
        facts: &Facts,
        origin: Origin,
        now: impl Into<Now>,
    ) -> bool {
        if self.home(object.namespace()).selection.is_empty() {
            return false;
        }
        let now = now.into();
        self.it_is(now.earliest);
        if let Some(slot) = self.slots.find(object.namespace(), object.name()) {
            let entry = self.slots.get(slot);
            // A late event of a state that was read live since: looking back would end an episode
            // that goes on. A list is always believed, also one of a server that was set back.
            if origin == Origin::Event && entry.is_newer_than(object) {
                return false;
            }
            if entry.has_uid(object.uid()) {
                self.update(slot, object, facts, origin, now);
                return false;
            }
            self.forget(slot);
        }
        let slot = self.remember(object);
        self.update(slot, object, facts, origin, now);
        true
    }

    /// An object was deleted. A newer one of the same name stays.
    pub fn gone(&mut self, key: &ObjectKey, uid: &str) {
        if let Some(slot) = self.slots.find(key.namespace.as_deref(), &key.name)
            && (uid.is_empty() || self.slots.get(slot).has_uid(uid))
        {
            self.forget(slot);
        }
    }

    /// The key of what is called so.
    #[must_use]
    pub fn key(&self, namespace: Option<&str>, name: &str) -> ObjectKey {
        let shared =
            |namespace: &str| self.namespaces.get_key_value(namespace).map(|(known, _)| Arc::clone(known));
        let namespace = namespace.map(|namespace| shared(namespace).unwrap_or_else(|| namespace.into()));
        ObjectKey { namespace, name: name.into() }
    }

    fn home(&mut self, namespace: Option<&str>) -> &mut Home {
        let Some(namespace) = namespace else { return &mut self.cluster };
        if !self.namespaces.contains_key(namespace) {
            // Namespaces come and go with every test run: those without objects are not kept for ever.
            if self.namespaces.len() >= MANY && self.namespaces.len().is_power_of_two() {
                self.namespaces.retain(|_, home| home.objects > 0);
            }
            let mut home = Home::new(&self.index, Some(namespace));
            if self.reach.leaves_out(namespace) {
                home.selection = Selection::default();
            }
            self.namespaces.insert(namespace.into(), home);
        }
        self.namespaces.get_mut(namespace).unwrap_or(&mut self.cluster)
    }

    /// Whether a rule is not in force any more.
    #[must_use]
    pub fn is_retired(&self, rule: usize) -> bool {
        self.retired.get(rule).copied().unwrap_or(false)
    }

    fn find(&self, ticket: &Ticket) -> Option<u32> {
        let ObjectKey { namespace, name } = &ticket.key;
        let found = self.slots.find(namespace.as_deref(), name);
        found.filter(|slot| self.slots.get(*slot).has_uid(&ticket.uid))
    }

    fn remember(&mut self, object: &Observation) -> u32 {
        self.home(object.namespace()).objects += 1;
        let namespace = object.namespace().and_then(|namespace| self.namespaces.get_key_value(namespace));
        let entry = Entry::new(namespace.map(|(shared, _)| Arc::clone(shared)), object);
        let slot = self.slots.insert(entry);
        self.slots.get_mut(slot).unproven = self.listing;
        self.count(None, Some(&[]));
        slot
    }

    fn forget(&mut self, slot: u32) {
        self.schedule.set(slot, None);
        let before = self.limited_of(slot);
        self.waits.forget(slot);
        self.doubts.forget(slot);
        self.leave_seats(slot);
        if let Some(entry) = self.slots.remove(slot) {
            self.home(entry.namespace.as_deref()).objects -= 1;
            self.count(Some(&before), None);
        }
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
