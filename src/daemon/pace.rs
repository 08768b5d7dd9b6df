//! How fast objects are read and acted on: a cluster in which everything falls due at once is not helped
//! by as many requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::after;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::cluster::clock::Clock;

/// DESIGN 4: "16 in flight, 50 a second".
const IN_FLIGHT: usize = 16;
const INTERVAL: Duration = Duration::from_millis(20);
/// So many may go without their interval after a quiet time: a deadline is met within milliseconds.
const BURST: u32 = 16;

#[derive(Debug)]
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    permits: Arc<Semaphore>,
    next: Mutex<Timestamp>,
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let permits = Arc::new(Semaphore::new(IN_FLIGHT));
        Self { clock, permits, next: Mutex::new(Timestamp::MIN) }
    }

    /// Waits for a place and for its turn; the place is free again when the permit is dropped.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        let wait = self.reserve();
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
        Some(permit)
    }

    fn reserve(&self) -> Duration {
        let now = self.clock.now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let credit = jiff::SignedDuration::try_from(INTERVAL * BURST).unwrap_or_default();
        let earliest = now.checked_sub(credit).unwrap_or(now);
        // A clock that was set back must not make everyone wait until it has caught up.
        let furthest = after(now, Duration::from_secs(60));
        let turn = if *next > furthest { now } else { (*next).max(earliest) };
        *next = after(turn, INTERVAL);
        Duration::try_from(turn.duration_since(now)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::BoxFuture;

    #[derive(Debug)]
    struct Manual(Mutex<Timestamp>);

    impl Clock for Manual {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    #[test]
    fn after_a_burst_there_are_fifty_turns_a_second() {
        let clock = Arc::new(Manual(Mutex::new(Timestamp::UNIX_EPOCH)));
        let pace = Pace::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let waits: Vec<Duration> = (0..67).map(|_| pace.reserve()).collect();
        assert!(waits[..17].iter().all(Duration::is_zero));
        assert_eq!(waits[66], Duration::from_secs(1));
        *clock.0.lock().unwrap() = Timestamp::from_second(-86_400).unwrap();
        assert_eq!(pace.reserve(), Duration::ZERO, "a clock set back does not stop the work");
    }
}
