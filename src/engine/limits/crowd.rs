//! The objects of one group of a rule: which are in flight, and in which order the others wait for their turn.

use std::collections::{BTreeMap, BTreeSet};

use ahash::AHashMap;
use jiff::Timestamp;

/// One object in the books: the page of its tracker, and its slot there.
pub(super) type Seat = (u64, u32);

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
pub(super) struct Crowd {
    pub(super) in_flight: BTreeSet<Seat>,
    /// In the order of their turns.
    queue: BTreeSet<(i64, Seat)>,
    pub(super) turns: AHashMap<Seat, Turn>,
    /// How many of each page wait to be called.
    pub(super) asleep: BTreeMap<u64, usize>,
}

impl Crowd {
    /// Whether it was anything else before.
    pub(super) fn set(&mut self, seat: Seat, standing: Option<Standing>) -> bool {
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
    pub(super) fn without(&mut self, page: u64) {
        self.in_flight.retain(|seat| seat.0 != page);
        self.queue.retain(|(_, seat)| seat.0 != page);
        self.turns.retain(|seat, _| seat.0 != page);
        self.asleep.remove(&page);
    }

    /// Those that take the room there is at this moment: in their order those that were held back, and those
    /// that are due by themselves; of the `idle` pages none.
    pub(super) fn next(
        &self,
        most: usize,
        idle: &BTreeSet<u64>,
        now: Timestamp,
    ) -> impl Iterator<Item = (Seat, Turn)> {
        let room = most.saturating_sub(self.in_flight.len());
        let queue = self.queue.iter().filter(|(_, seat)| !idle.contains(&seat.0));
        let turns = queue.filter_map(|(_, seat)| Some((*seat, *self.turns.get(seat)?)));
        turns.filter(move |(_, turn)| turn.due.is_none_or(|due| due <= now)).take(room)
    }

    pub(super) fn is_empty(&self) -> bool {
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
