//! When the server is asked again what it serves: a few times after each hint, since a CRD is served some
//! time after its event. Hints that keep coming put nothing off.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::after;

use crate::cluster::clock::Clock;

#[derive(Debug)]
pub(super) struct Questions {
    clock: Arc<dyn Clock>,
    /// In order.
    planned: Vec<Timestamp>,
}

impl Questions {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, planned: Vec::new() }
    }

    /// Plans a question after each of these times, in order; the next one that is planned already stays.
    pub(super) fn plan(&mut self, waits: &[Duration]) {
        let now = self.clock.now();
        let next = self.planned.first().copied();
        self.planned = waits.iter().map(|wait| after(now, *wait)).collect();
        if let (Some(next), Some(first)) = (next, self.planned.first_mut()) {
            *first = next.min(*first);
        }
    }

    /// Plans a question after this time, unless one is planned already.
    pub(super) fn plan_one(&mut self, wait: Duration) {
        if self.planned.is_empty() {
            self.plan(&[wait]);
        }
    }

    /// Waits for the next question; for ever, where none is planned. Dropping it loses nothing.
    pub(super) async fn next(&mut self) {
        let Some(next) = self.planned.first().copied() else { return std::future::pending().await };
        let wait = Duration::try_from(next.duration_since(self.clock.now())).unwrap_or_default();
        self.clock.sleep(wait).await;
        self.planned.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::BoxFuture;

    #[derive(Debug)]
    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    #[tokio::test]
    async fn hints_that_keep_coming_do_not_put_the_next_question_off() {
        let mut questions = Questions::new(Arc::new(Stopped));
        let second = Duration::from_secs(1);
        questions.plan(&[second, second * 3]);
        questions.plan(&[second * 2, second * 4]);
        let planned: Vec<i64> = questions.planned.iter().map(|moment| moment.as_second()).collect();
        assert_eq!(planned, [1, 4]);
        questions.next().await;
        assert_eq!(questions.planned.len(), 1);
    }
}
