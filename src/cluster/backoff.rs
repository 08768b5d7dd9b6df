//! How long to wait before the next try: doubling from a first to a longest pause, with jitter so that
//! the watches of many kinds do not come back to a struggling server in step.

use std::sync::Arc;
use std::time::Duration;

use super::clock::Random;

/// The pauses between failed tries.
#[derive(Clone, Debug)]
pub struct BackOff {
    first: Duration,
    longest: Duration,
    next: Duration,
    random: Arc<dyn Random>,
}

impl BackOff {
    /// Starts at `first`.
    #[must_use]
    pub fn new(first: Duration, longest: Duration, random: Arc<dyn Random>) -> Self {
        Self { first, longest, next: first, random }
    }

    /// The next pause: between half of the doubled value and all of it, and at least what the server
    /// asked for in `Retry-After`, with jitter on top, since it asked all its clients for the same.
    pub fn pause(&mut self, retry_after: Option<Duration>) -> Duration {
        let fraction = self.random.fraction();
        let pause = self.next.mul_f64(0.5 + fraction / 2.0);
        self.next = (self.next * 2).min(self.longest);
        match retry_after {
            Some(asked) => pause.max(asked + self.first.mul_f64(fraction / 2.0)),
            None => pause,
        }
    }

    /// How long a success has to last to count as one: some times the last pause, so that whoever is cut
    /// off every minute is not away for half of each.
    #[must_use]
    pub fn proof(&self) -> Duration {
        // The next pause is twice the last one.
        (self.next * 2).min(self.longest)
    }

    /// After a success that lasted.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::clock::SeededRandom;

    fn back_off() -> BackOff {
        let random = Arc::new(SeededRandom::new(7));
        BackOff::new(Duration::from_secs(1), Duration::from_secs(30), random)
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_start_over_after_a_success() {
        let mut back_off = back_off();
        for full in [1, 2, 4, 8, 16, 30, 30] {
            let pause = back_off.pause(None);
            let full = Duration::from_secs(full);
            assert!(pause >= full / 2 && pause <= full, "{pause:?} of {full:?}");
        }
        back_off.reset();
        assert!(back_off.pause(None) <= Duration::from_secs(1));
    }

    #[test]
    fn what_the_server_asks_for_is_the_least_pause() {
        let mut back_off = back_off();
        for _ in 0..8 {
            assert!(back_off.pause(Some(Duration::from_secs(60))) >= Duration::from_secs(60));
        }
    }
}
