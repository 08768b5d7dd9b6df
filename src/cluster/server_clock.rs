//! The API server's clock, as far as its answers tell. A `Date` header has one-second grain, so the
//! offset to it is an interval, narrowed over many answers. Deadlines use the lower bound: nothing is
//! ever done early.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::clock::Clock;

/// Two clocks that nobody sets run apart by no more than a second in so many: quartz is ten times better
/// at worst, but a clock that is being corrected runs fast or slow for a while.
const DRIFT: i32 = 10_000;

/// Server time less local time lies in this interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offset {
    low: SignedDuration,
    high: SignedDuration,
    /// When that was so, by the local clock.
    at: Timestamp,
}

impl Offset {
    /// What is left of it at a later time.
    fn aged(self, now: Timestamp) -> Self {
        let apart = now.duration_since(self.at).max(SignedDuration::ZERO) / DRIFT;
        Self { low: self.low - apart, high: self.high + apart, at: now.max(self.at) }
    }
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
        let narrowed = offset.map(|known| {
            let known = known.aged(received);
            Offset { low: known.low.max(low), high: known.high.min(high), ..known }
        });
        // Contradicting answers: one of the clocks was set. Only the newest answer still counts.
        let newest = Offset { low, high, at: received };
        *offset = narrowed.filter(|narrowed| narrowed.low < narrowed.high).or(Some(newest));
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

    /// How much is not known of it; `None`: all, nothing was answered yet.
    #[must_use]
    pub fn unknown(&self) -> Option<Duration> {
        let offset = self.offset(self.clock.now())?;
        Duration::try_from(offset.high - offset.low).ok()
    }

    /// How long until an answer tells most: when a second begins on the server, if its clock is in the
    /// middle of what it may be. Whether it has begun by then halves what is not known.
    #[must_use]
    pub fn best_moment_to_ask(&self) -> Duration {
        let middle = self.shifted(|offset| offset.low + (offset.high - offset.low) / 2);
        let begun = middle.as_nanosecond().rem_euclid(1_000_000_000);
        Duration::from_nanos(u64::try_from(1_000_000_000 - begun).unwrap_or_default())
    }

    fn offset(&self, now: Timestamp) -> Option<Offset> {
        let offset = *self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        offset.map(|offset| offset.aged(now))
    }

    fn shifted(&self, bound: impl Fn(&Offset) -> SignedDuration) -> Timestamp {
        let now = self.clock.now();
        let by = self.offset(now).as_ref().map_or(SignedDuration::ZERO, bound);
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
        assert!(clock.latest() >= at(105_300) && clock.latest() < at(105_501), "{}", clock.latest());
    }

    #[test]
    fn each_question_at_its_best_moment_halves_what_is_not_known() {
        for ahead in [0, 1, 137, 499, 500, 862, 999, 5_300, -2_750] {
            let clock = clock();
            let ask = |sent: i64| {
                let server = sent + ahead;
                clock.learn(at(server.div_euclid(1000) * 1000), at(sent), at(sent));
            };
            ask(100_000);
            for _ in 0..6 {
                let unknown = clock.unknown().unwrap();
                let wait = clock.best_moment_to_ask();
                assert!(wait <= Duration::from_secs(1));
                ask(100_000 + i64::try_from(wait.as_millis()).unwrap());
                assert!(clock.unknown().unwrap() <= unknown / 2 + Duration::from_millis(1));
            }
            let truth = at(100_000 + ahead);
            assert!(clock.earliest() <= truth && truth <= clock.latest(), "{ahead}");
        }
    }

    #[test]
    fn what_is_known_grows_old_since_no_two_clocks_run_alike() {
        let clock = clock();
        // An hour ago, by a clock that has run slow by 50 parts in a million since.
        let (before, drifted) = (100_000 - 3_600_000_i64, 180);
        for sent in 0..200_i64 {
            let sent = before + sent * 5;
            clock.learn(at(sent.div_euclid(1000) * 1000), at(sent), at(sent));
        }
        assert!(clock.earliest() <= at(100_000 - drifted), "{}", clock.earliest());
        assert!(clock.latest() >= at(100_000 + drifted), "{}", clock.latest());
    }

    #[test]
    fn a_clock_that_was_set_is_learnt_anew() {
        let clock = clock();
        clock.learn(at(105_000), at(100_000), at(100_010));
        clock.learn(at(90_000), at(100_000), at(100_010));
        assert_eq!(clock.earliest(), at(89_990));
    }
}
