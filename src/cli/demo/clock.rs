//! A clock that runs faster than the world, for both sides of the demo: the API server's times, the
//! daemon's timers and the script of the suite.

use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use crate::cluster::clock::Clock;

/// So many seconds pass on it in one.
#[derive(Debug)]
pub(super) struct FastClock {
    start: Timestamp,
    began: Instant,
    speed: f64,
}

impl FastClock {
    /// It shows `start` now.
    #[expect(clippy::disallowed_methods, reason = "a clock of its own, which is handed in")]
    pub(super) fn new(start: Timestamp, speed: f64) -> Self {
        Self { start, began: Instant::now(), speed }
    }

    /// What it showed at its start.
    pub(super) fn start(&self) -> Timestamp {
        self.start
    }

    /// Since its start.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed().mul_f64(self.speed)
    }

    /// Ends when it shows so much after its start.
    pub(super) async fn reaches(&self, moment: Duration) {
        let rest = moment.saturating_sub(self.elapsed());
        tokio::time::sleep(rest.div_f64(self.speed)).await;
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration.div_f64(self.speed)))
    }
}
