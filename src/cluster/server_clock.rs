//! The API server's clock, as far as its answers tell. A `Date` header has one-second grain, so the
//! offset to it is an interval, narrowed over many answers. Deadlines use the lower bound: nothing is
//! ever done early.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::clock::Clock;

/// Server time less local time lies in this interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offset {
    low: SignedDuration,
    high: SignedDuration,
}

/// What is known of the server's clock, shared by all that speak to it.
#[derive(Debug)]
pub struct ServerClock {
    clock: Arc<dyn Clock>,
    offset: Mutex<Option<Offset>>,
}

impl ServerClock {
    /// Knows nothing of the server yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, offset: Mutex::new(None) }
    }

    /// The local clock beneath.
    #[must_use]
    pub fn local(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Learns from one answer: its `Date`, and the local times at which the request went and the
    /// answer's head came.
    pub fn learn(&self, date: Timestamp, sent: Timestamp, received: Timestamp) {
        // The header is cut to the second, and was written between the two local times.
        let low = date.duration_since(received);
        let high = date.duration_since(sent) + SignedDuration::from_secs(1);
        let mut offset = self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        let narrowed = offset.map(|known| Offset { low: known.low.max(low), high: known.high.min(high) });
        // Contradicting answers: one of the clocks was set. Only the newest answer still counts.
        *offset = narrowed.filter(|narrowed| narrowed.low < narrowed.high).or(Some(Offset { low, high }));
    }

    /// The earliest moment that it can be on the server; the local time before the first answer.
    #[must_use]
    pub fn earliest(&self) -> Timestamp {
        self.shifted(|offset| offset.low)
    }

    /// The latest moment that it can be on the server.
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        self.shifted(|offset| offset.high)
    }

    /// How long until it is certainly `moment` on the server; zero where it is already.
    #[must_use]
    pub fn until(&self, moment: Timestamp) -> Duration {
        Duration::try_from(moment.duration_since(self.earliest())).unwrap_or_default()
    }

    fn shifted(&self, bound: impl Fn(&Offset) -> SignedDuration) -> Timestamp {
        let now = self.clock.now();
        let offset = *self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        let by = offset.as_ref().map_or(SignedDuration::ZERO, bound);
        now.checked_add(by).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::BoxFuture;

    #[derive(Debug)]
    struct Stopped(Timestamp);

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            self.0
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn clock() -> ServerClock {
        ServerClock::new(Arc::new(Stopped(at(100_000))))
    }

    #[test]
    fn one_answer_tells_the_offset_within_a_second_and_a_round_trip() {
        let clock = clock();
        clock.learn(at(105_000), at(100_000), at(100_200));
        assert_eq!(clock.earliest(), at(104_800));
        assert_eq!(clock.latest(), at(106_000));
    }

    #[test]
    fn further_answers_narrow_it_and_never_past_the_truth() {
        let clock = clock();
        // The server is 5.3 s ahead; its header is cut to the second.
        for sent in [100_000, 100_200, 100_500, 100_690, 100_710] {
            let server = sent + 5_300 + 10;
            clock.learn(at(server / 1000 * 1000), at(sent), at(sent + 20));
        }
        assert!(clock.earliest() <= at(105_300) && clock.earliest() > at(105_200), "{}", clock.earliest());
        assert!(clock.latest() >= at(105_300) && clock.latest() <= at(105_500), "{}", clock.latest());
    }

    #[test]
    fn a_clock_that_was_set_is_learnt_anew() {
        let clock = clock();
        clock.learn(at(105_000), at(100_000), at(100_010));
        clock.learn(at(90_000), at(100_000), at(100_010));
        assert_eq!(clock.earliest(), at(89_990));
    }
}
