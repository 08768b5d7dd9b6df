//! What all trackers count together of a rule: how much matches and is watched, and which of its objects are in
//! flight or wait for their turn. Each tracker has a page of its own, which is struck out when it is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ahash::AHashMap;
use jiff::Timestamp;

use super::{InFlight, Unhealthy};
use crate::rule::{Rule, RuleId};

/// What one tracker counts for one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// Objects that the rule is true of, or in the middle of its steps with.
    pub(crate) matching: usize,
    /// Objects that it selects.
    pub(crate) watched: usize,
    /// They have been listed.
    pub(crate) is_known: bool,
}

/// One object in the books: the page of its tracker, and its slot there.
type Seat = (u64, u32);

/// Where an object stands of which nothing has been done yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// A smaller one comes first.
    pub(crate) rank: i64,
    /// From when on it takes its turn; `None`: it was held back and waits to be called.
    pub(crate) due: Option<Timestamp>,
}

/// What a tracker says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is under way.
    InFlight,
    /// It waits.
    Waiting(Turn),
}

/// The objects of one group of a rule.
#[derive(Debug, Default)]
struct Crowd {
    in_flight: BTreeSet<Seat>,
    /// In the order of their turns.
    queue: BTreeSet<(i64, Seat)>,
    turns: AHashMap<Seat, Turn>,
    /// How many of each page wait to be called.
    asleep: BTreeMap<u64, usize>,
}

impl Crowd {
    /// Whether it was anything else before.
    fn set(&mut self, seat: Seat, standing: Option<Standing>) -> bool {
        let before = if self.in_flight.contains(&seat) {
            Some(Standing::InFlight)
        } else {
            self.turns.get(&seat).copied().map(Standing::Waiting)
        };
        if before == standing {
            return false;
        }
        match before {
            Some(Standing::InFlight) => drop(self.in_flight.remove(&seat)),
            Some(Standing::Waiting(turn)) => self.leave_queue(seat, turn),
            None => {}
        }
        match standing {
            Some(Standing::InFlight) => drop(self.in_flight.insert(seat)),
            Some(Standing::Waiting(turn)) => {
                self.queue.insert((turn.rank, seat));
                self.turns.insert(seat, turn);
                if turn.due.is_none() {
                    *self.asleep.entry(seat.0).or_default() += 1;
                }
            }
            None => {}
        }
        true
    }

    fn leave_queue(&mut self, seat: Seat, turn: Turn) {
        self.queue.remove(&(turn.rank, seat));
        self.turns.remove(&seat);
        if turn.due.is_none()
            && let Some(count) = self.asleep.get_mut(&seat.0)
        {
            *count -= 1;
            if *count == 0 {
                self.asleep.remove(&seat.0);
            }
        }
    }

    /// Strikes out a page.
    fn without(&mut self, page: u64) {
        self.in_flight.retain(|seat| seat.0 != page);
        self.queue.retain(|(_, seat)| seat.0 != page);
        self.turns.retain(|seat, _| seat.0 != page);
        self.asleep.remove(&page);
    }

    /// Those that take the room there is at this moment: in their order those that were held back, and those
    /// that are due by themselves; of the `idle` pages none.
    fn next(&self, most: usize, idle: &BTreeSet<u64>, now: Timestamp) -> impl Iterator<Item = (Seat, Turn)> {
        let room = most.saturating_sub(self.in_flight.len());
        let queue = self.queue.iter().filter(|(_, seat)| !idle.contains(&seat.0));
        let turns = queue.filter_map(|(_, seat)| Some((*seat, *self.turns.get(seat)?)));
        turns.filter(move |(_, turn)| turn.due.is_none_or(|due| due <= now)).take(room)
    }

    fn is_empty(&self) -> bool {
        self.in_flight.is_empty() && self.queue.is_empty()
    }
}

/// Why an object may not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// So many are in flight already.
    Full(usize),
    /// What room there is belongs to others, whose turn comes first.
    NotItsTurn,
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
    crowds: BTreeMap<RuleId, BTreeMap<Arc<str>, Crowd>>,
    /// Pages of which nothing is acted on for the time being. What they have in flight is.
    idle: BTreeSet<u64>,
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

    fn total(&self, rule: &RuleId) -> Count {
        let nothing = Count { matching: 0, watched: 0, is_known: true };
        let add = |sum: Count, count: &Count| Count {
            matching: sum.matching + count.matching,
            watched: sum.watched + count.watched,
            is_known: sum.is_known && count.is_known,
        };
        self.with(|books| books.counts.get(rule).map_or(nothing, |counts| counts.values().fold(nothing, add)))
    }
}

/// What one tracker has in a ledger.
#[derive(Debug)]
pub(crate) struct Page {
    ledger: Ledger,
    number: u64,
}

impl Page {
    /// Counts for a rule; `asks_how_much`: it is held back by how much matches.
    pub(crate) fn set(&self, rule: &RuleId, count: Count, asks_how_much: bool) {
        let before = self
            .ledger
            .with(|books| books.counts.entry(rule.clone()).or_default().insert(self.number, count));
        let frees = before.is_some_and(|before| {
            (count.is_known && !before.is_known)
                || (asks_how_much && (count.matching < before.matching || count.watched > before.watched))
        });
        if frees {
            self.ledger.tell();
        }
    }

    pub(crate) fn limit_of(&self, rule: &Rule) -> Option<Limit> {
        let limits = rule.limits.as_ref().filter(|limits| limits.counts())?;
        Some(Limit { ledger: self.ledger.clone(), rule: rule.id.clone(), unhealthy: limits.unhealthy })
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

/// The limit of a rule, to be asked until the last moment before something is sent.
#[derive(Clone, Debug)]
pub struct Limit {
    ledger: Ledger,
    rule: RuleId,
    unhealthy: Option<Unhealthy>,
}

impl Limit {
    /// Why nothing may be done now; `None`: it may.
    #[must_use]
    pub fn held_by(&self) -> Option<String> {
        let count = self.ledger.total(&self.rule);
        if !count.is_known {
            return Some("it is not known yet how much of what the rule watches matches".to_owned());
        }
        self.unhealthy?.held_by(count)
    }
}
