//! The timers: one per key, re-armed and cancelled at will, fired in order of their deadlines and never
//! early. It has no clock; a clock that jumps forward fires all that has fallen due, one that jumps
//! back fires nothing.

use std::collections::BTreeSet;
use std::hash::Hash;

use ahash::AHashMap;
use jiff::Timestamp;

/// Deadlines by key.
#[derive(Clone, Debug)]
pub struct Schedule<K> {
    deadlines: AHashMap<K, Timestamp>,
    /// The same, in firing order.
    order: BTreeSet<(Timestamp, K)>,
}

impl<K> Default for Schedule<K> {
    fn default() -> Self {
        Self { deadlines: AHashMap::new(), order: BTreeSet::new() }
    }
}

impl<K: Copy + Ord + Hash> Schedule<K> {
    /// Arms or re-arms the key's timer; `None` cancels it.
    pub fn set(&mut self, key: K, deadline: Option<Timestamp>) {
        let before = match deadline {
            Some(deadline) => self.deadlines.insert(key, deadline),
            None => self.deadlines.remove(&key),
        };
        if before == deadline {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, key));
        }
        if let Some(deadline) = deadline {
            self.order.insert((deadline, key));
        }
    }

    /// The earliest deadline.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.order.first().map(|(deadline, _)| *deadline)
    }

    /// The earliest timers, in firing order.
    pub fn first(&self, most: usize) -> impl Iterator<Item = (Timestamp, K)> {
        self.order.iter().take(most).copied()
    }

    /// The key's deadline, if its timer is armed.
    #[must_use]
    pub fn deadline(&self, key: K) -> Option<Timestamp> {
        self.deadlines.get(&key).copied()
    }

    /// The keys that are due, in order.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = K> {
        self.order.iter().take_while(move |(deadline, _)| *deadline <= now).map(|(_, key)| *key)
    }

    /// Takes the earliest timer if it is due.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, K)> {
        let due = *self.order.first().filter(|(deadline, _)| *deadline <= now)?;
        self.order.remove(&due);
        self.deadlines.remove(&due.1);
        Some(due)
    }

    /// How many timers are armed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.deadlines.len()
    }

    /// Whether no timer is armed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deadlines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn drain(schedule: &mut Schedule<u32>, now: Timestamp) -> Vec<u32> {
        std::iter::from_fn(|| schedule.pop_due(now).map(|(_, key)| key)).collect()
    }

    #[test]
    fn timers_fire_in_order_and_not_before_their_deadline() {
        let mut schedule = Schedule::default();
        for (key, second) in [(1, 30), (2, 10), (3, 20)] {
            schedule.set(key, Some(at(second)));
        }
        assert!(drain(&mut schedule, at(9)).is_empty());
        assert_eq!(drain(&mut schedule, at(20)), [2, 3]);
        assert_eq!(schedule.next(), Some(at(30)));
    }

    #[test]
    fn a_timer_that_was_re_armed_or_cancelled_does_not_fire_at_its_old_deadline() {
        let mut schedule = Schedule::default();
        schedule.set(1, Some(at(10)));
        schedule.set(1, Some(at(50)));
        schedule.set(2, Some(at(10)));
        schedule.set(2, None);
        assert!(drain(&mut schedule, at(20)).is_empty());
        assert_eq!(drain(&mut schedule, at(50)), [1]);
        assert!(schedule.is_empty());
    }

    #[test]
    fn after_a_suspend_all_that_fell_due_fires_in_order_and_a_clock_set_back_fires_nothing() {
        let mut schedule = Schedule::default();
        (0..100).for_each(|key| schedule.set(key, Some(at(i64::from(100 - key)))));
        assert!(drain(&mut schedule, at(-3600)).is_empty());
        assert_eq!(drain(&mut schedule, at(86_400)), (0..100).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_hundred_thousand_timers_are_held() {
        let mut schedule = Schedule::default();
        (0..100_000).for_each(|key| schedule.set(key, Some(at(i64::from(key % 977)))));
        (0..100_000).step_by(2).for_each(|key| schedule.set(key, Some(at(5000 + i64::from(key)))));
        assert_eq!(schedule.len(), 100_000);
        assert_eq!(drain(&mut schedule, at(4999)).len(), 50_000);
        assert_eq!(drain(&mut schedule, Timestamp::MAX).len(), 50_000);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_plain_map(steps in prop::collection::vec((0_u32..8, prop::option::of(0_i64..20), 0_i64..20), 1..60)) {
            let mut schedule = Schedule::default();
            let mut model: BTreeMap<u32, i64> = BTreeMap::new();
            for (key, deadline, now) in steps {
                schedule.set(key, deadline.map(at));
                match deadline {
                    Some(deadline) => model.insert(key, deadline),
                    None => model.remove(&key),
                };
                let mut due: Vec<(i64, u32)> =
                    model.iter().filter(|(_, deadline)| **deadline <= now).map(|(key, deadline)| (*deadline, *key)).collect();
                due.sort_unstable();
                model.retain(|_, deadline| *deadline > now);
                prop_assert_eq!(drain(&mut schedule, at(now)), due.into_iter().map(|(_, key)| key).collect::<Vec<_>>());
                prop_assert_eq!(schedule.next(), model.values().min().copied().map(at));
            }
        }
    }
}
