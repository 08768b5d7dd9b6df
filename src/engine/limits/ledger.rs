//! What all trackers count together of a rule: how much matches and is watched, and which of its objects are in
//! flight or wait for their turn. Each tracker has a page of its own, which is struck out when it is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::breaker::{Acted, Breaker, Latch, Tally};
use super::crowd::{Crowd, NoRoom, Standing, Turn};
use super::{InFlight, Unhealthy};
use crate::rule::{Rule, RuleId};

/// What one tracker counts for one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// Objects that the rule is true of, or in the middle of its steps with, or may be true of.
    pub(crate) matching: usize,
    /// Those of them that it may be true of.
    pub(crate) doubtful: usize,
    /// Objects that it selects.
    pub(crate) watched: usize,
    /// They have been listed.
    pub(crate) is_known: bool,
    /// What was acted on of late, for a rule with a breaker.
    pub(crate) acted: Vec<Acted>,
}

/// What all trackers count that share it.
#[derive(Clone, Default)]
pub struct Ledger {
    books: Arc<Mutex<Books>>,
    /// Is told when something changed by which what another tracker holds back may go on.
    tell: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Books {
    next: u64,
    counts: BTreeMap<RuleId, BTreeMap<u64, Count>>,
    latches: BTreeMap<RuleId, Latch>,
    crowds: BTreeMap<RuleId, BTreeMap<Arc<str>, Crowd>>,
    /// Pages of which nothing is acted on for the time being. What they have in flight is.
    idle: BTreeSet<u64>,
}

impl Books {
    /// What all pages count of a rule; `None`: that of one of them is not known.
    fn tally(&self, rule: &RuleId) -> Option<Tally> {
        let mut tally = Tally::default();
        for count in self.counts.get(rule).into_iter().flat_map(BTreeMap::values) {
            if !count.is_known {
                return None;
            }
            tally.matching += count.matching - count.doubtful;
            tally.doubtful += count.doubtful;
            tally.watched += count.watched;
            tally.acted.extend(&count.acted);
        }
        Some(tally)
    }

    /// Looks at a breaker, which sees each change of what is counted; returns what holds back, and whether that is
    /// something else than before.
    fn look(
        &mut self,
        rule: &RuleId,
        (breaker, cooldown): (Breaker, Duration),
        tally: &Tally,
        now: Timestamp,
    ) -> (Option<Hold>, bool) {
        let fresh = || Latch::new(breaker, cooldown);
        let latch = self.latches.entry(rule.clone()).or_insert_with(fresh);
        let was_open = latch.is_open();
        if !latch.is_of(breaker, cooldown) {
            *latch = fresh();
        }
        let stop = latch.look(tally, now);
        let hold = stop.map(|stop| Hold { by: stop.why, bound: Bound::Breaker, until: stop.until });
        (hold, latch.is_open() != was_open)
    }
}

impl Ledger {
    /// One that tells when what a tracker holds back may go on by what another has come to; see
    /// [`Tracker::look_at_limits`](crate::tracker::Tracker::look_at_limits). It is told within the tracker's own
    /// call, and only wakes whoever calls the others.
    #[must_use]
    pub fn telling(tell: impl Fn() + Send + Sync + 'static) -> Self {
        Self { books: Arc::default(), tell: Some(Arc::new(tell)) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Books) -> T) -> T {
        work(&mut self.books.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self) {
        if let Some(tell) = &self.tell {
            tell();
        }
    }

    /// A tracker's own page; what it counts is struck out when it is dropped.
    pub(crate) fn page(&self) -> Page {
        let number = self.with(|books| {
            books.next += 1;
            books.next
        });
        Page { ledger: self.clone(), number }
    }

    /// The breakers that are open at this moment.
    #[must_use]
    pub fn open_breakers(&self, now: Timestamp) -> Vec<OpenBreaker> {
        self.with(|books| {
            let open = books
                .latches
                .iter()
                .filter(|(rule, latch)| latch.is_open() && books.counts.contains_key(rule));
            let rules: Vec<RuleId> = open.map(|(rule, _)| rule.clone()).collect();
            let mut found = Vec::new();
            for rule in rules {
                let tally = books.tally(&rule);
                let Some(latch) = books.latches.get_mut(&rule) else { continue };
                let stop = tally.and_then(|tally| latch.look(&tally, now));
                if latch.is_open() {
                    let why = stop.as_ref().map(|stop| stop.why.clone()).unwrap_or_default();
                    found.push(OpenBreaker { rule, why, closes: stop.and_then(|stop| stop.until) });
                }
            }
            found
        })
    }

    /// Closes the breaker of a rule; it does not open again before less matches. Returns whether it was open.
    #[must_use]
    pub fn resume(&self, rule: &RuleId) -> bool {
        let was_open = self.with(|books| books.latches.get_mut(rule).is_some_and(Latch::resume));
        if was_open {
            self.tell();
        }
        was_open
    }
}

/// A breaker that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBreaker {
    /// Whose it is.
    pub rule: RuleId,
    /// Since when, and by how much.
    pub why: String,
    /// When it closes if nothing happens; `None`: not by time alone.
    pub closes: Option<Timestamp>,
}

/// What one tracker has in a ledger.
#[derive(Debug)]
pub(crate) struct Page {
    ledger: Ledger,
    number: u64,
}

impl Page {
    /// Counts for a rule, as of a moment.
    pub(crate) fn set(&self, rule: &Rule, count: Count, now: Timestamp) {
        let Some(limits) = &rule.limits else { return };
        let breaker = limits.breaker.map(|breaker| (breaker, rule.cooldown));
        let asks_how_much = limits.asks_how_much();
        let frees = self.ledger.with(|books| {
            let counts = books.counts.entry(rule.id.clone()).or_default();
            if counts.get(&self.number) == Some(&count) {
                return false;
            }
            // Until now it was as it was.
            let tally = books.tally(&rule.id);
            match (books.latches.get_mut(&rule.id), tally) {
                (Some(latch), Some(tally)) => latch.pass(&tally, now),
                (Some(latch), None) => latch.lose_sight(now),
                (None, _) => {}
            }
            let before = books.counts.get(&rule.id).and_then(|counts| counts.get(&self.number));
            let frees = before.is_some_and(|before| {
                (count.is_known && !before.is_known)
                    || (asks_how_much && (count.matching < before.matching || count.watched > before.watched))
            });
            books.counts.entry(rule.id.clone()).or_default().insert(self.number, count);
            let looked = breaker.zip(books.tally(&rule.id));
            let looked = looked.map(|(breaker, tally)| books.look(&rule.id, breaker, &tally, now));
            frees || looked.is_some_and(|(_, is_news)| is_news)
        });
        if frees {
            self.ledger.tell();
        }
    }

    /// Another page is about to count the same objects: until this one is struck out, nobody knows how many there are.
    pub(crate) fn hand_over(&self) {
        self.ledger.with(|books| {
            let mine = books.counts.values_mut().filter_map(|counts| counts.get_mut(&self.number));
            mine.for_each(|count| count.is_known = false);
        });
    }

    pub(crate) fn limit_of(&self, rule: &Rule) -> Option<Limit> {
        let limits = rule.limits.as_ref().filter(|limits| limits.counts())?;
        Some(Limit {
            ledger: self.ledger.clone(),
            rule: rule.id.clone(),
            unhealthy: limits.unhealthy,
            breaker: limits.breaker.map(|breaker| (breaker, rule.cooldown)),
        })
    }

    /// Whether anything of this page may be acted on: where nothing may, what waits takes nobody's turn. Returns
    /// whether that is something else than before.
    pub(crate) fn set_acting(&self, acts: bool) -> bool {
        let has_changed = self.ledger.with(|books| {
            if acts { books.idle.remove(&self.number) } else { books.idle.insert(self.number) }
        });
        if has_changed && !acts {
            self.ledger.tell();
        }
        has_changed
    }

    /// The groups in which something of this page was held back.
    pub(crate) fn held_back(&self, rule: &RuleId) -> Vec<Arc<str>> {
        let waits = |crowd: &Crowd| crowd.asleep.contains_key(&self.number);
        self.ledger.with(|books| {
            let groups = books.crowds.get(rule).into_iter().flatten();
            groups.filter(|(_, crowd)| waits(crowd)).map(|(group, _)| Arc::clone(group)).collect()
        })
    }

    /// Notes where an object of a group stands, in which there may be so many in flight; `None`: nowhere. Returns
    /// whether that is something else than before.
    pub(crate) fn stand(
        &self,
        rule: &RuleId,
        (group, most): (&Arc<str>, usize),
        slot: u32,
        standing: Option<Standing>,
    ) -> bool {
        let seat = (self.number, slot);
        let (has_changed, others_wait) = self.ledger.with(|books| {
            let crowds = books.crowds.entry(rule.clone()).or_default();
            let crowd = crowds.entry(Arc::clone(group)).or_default();
            let has_changed = crowd.set(seat, standing);
            let others_wait = has_changed
                && crowd.in_flight.len() < most
                && crowd.asleep.keys().any(|page| *page != self.number);
            if crowd.is_empty() {
                crowds.remove(group);
            }
            (has_changed, others_wait)
        });
        if others_wait {
            self.ledger.tell();
        }
        has_changed
    }

    /// Takes the room for an object, if there is any and it is its turn.
    pub(crate) fn begin(
        &self,
        rule: &RuleId,
        in_flight: &InFlight,
        group: &Arc<str>,
        slot: u32,
        now: Timestamp,
    ) -> Result<(), NoRoom> {
        let seat = (self.number, slot);
        self.ledger.with(|books| {
            let crowds = books.crowds.entry(rule.clone()).or_default();
            let crowd = crowds.entry(Arc::clone(group)).or_default();
            if crowd.in_flight.contains(&seat) {
                return Ok(());
            }
            if crowd.in_flight.len() >= in_flight.most {
                return Err(NoRoom::Full(crowd.in_flight.len()));
            }
            // It is due, whatever it was told to be before.
            if let Some(turn) = crowd.turns.get(&seat).copied() {
                crowd.set(seat, Some(Standing::Waiting(Turn { due: Some(now), ..turn })));
                let mut next = crowd.next(in_flight.most, &books.idle, now);
                if !next.any(|(other, _)| other == seat) {
                    return Err(NoRoom::NotItsTurn);
                }
            }
            crowd.set(seat, Some(Standing::InFlight));
            Ok(())
        })
    }

    /// Those of this page that are to be called, since there is room for them and it is their turn.
    pub(crate) fn called(&self, rule: &RuleId, most: usize, group: &Arc<str>, now: Timestamp) -> Vec<u32> {
        self.ledger.with(|books| {
            let crowd = books.crowds.get(rule).and_then(|crowds| crowds.get(group));
            let next = crowd.into_iter().flat_map(|crowd| crowd.next(most, &books.idle, now));
            next.filter(|((page, _), turn)| *page == self.number && turn.due.is_none())
                .map(|((_, slot), _)| slot)
                .collect()
        })
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.ledger.with(|books| {
            for counts in books.counts.values_mut() {
                counts.remove(&self.number);
            }
            books.counts.retain(|_, counts| !counts.is_empty());
            for crowds in books.crowds.values_mut() {
                crowds.values_mut().for_each(|crowd| crowd.without(self.number));
                crowds.retain(|_, crowd| !crowd.is_empty());
            }
            books.crowds.retain(|_, crowds| !crowds.is_empty());
            books.idle.remove(&self.number);
        });
        self.ledger.tell();
    }
}

/// What a limit is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The rule's `limits`.
    Limits,
    /// Its breaker.
    Breaker,
}

/// Why nothing may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// How much it is, and what the limit is.
    pub by: String,
    /// Whose limit that is.
    pub bound: Bound,
    /// When it ends if nothing happens; `None`: not by time alone.
    pub until: Option<Timestamp>,
}

/// The limit of a rule, to be asked until the last moment before something is sent.
#[derive(Clone, Debug)]
pub struct Limit {
    ledger: Ledger,
    rule: RuleId,
    unhealthy: Option<Unhealthy>,
    /// With the cooldown of the rule.
    breaker: Option<(Breaker, Duration)>,
}

impl Limit {
    /// Why nothing may be done at this moment; `None`: it may.
    #[must_use]
    pub fn held_by(&self, now: Timestamp) -> Option<Hold> {
        let (hold, is_news) = self.ledger.with(|books| {
            let Some(tally) = books.tally(&self.rule) else {
                let by = "it is not known yet how much of what the rule watches matches".to_owned();
                return (Some(Hold { by, bound: Bound::Limits, until: None }), false);
            };
            let (matching, watched) = (tally.matching + tally.doubtful, tally.watched);
            let by = self.unhealthy.and_then(|unhealthy| unhealthy.held_by(matching, watched));
            let limits = by.map(|by| Hold { by, bound: Bound::Limits, until: None });
            // It is looked at in any case: it sees what comes and goes.
            let (breaker, is_news) =
                self.breaker.map(|breaker| books.look(&self.rule, breaker, &tally, now)).unwrap_or_default();
            (limits.or(breaker), is_news)
        });
        if is_news {
            self.ledger.tell();
        }
        hold
    }
}
