//! Where a kind was watched in single namespaces and may be read in the whole cluster now: the watch of the
//! cluster lists beside those of the namespaces, whose trackers it takes over before it does anything. No timer
//! starts anew, and nothing is done twice.

use jiff::Timestamp;
use k8s_healer_engine::limits::Ledger;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::tracker::Tracker;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::Controller;
use super::replacing::CATCH_UP;
use crate::daemon::control::protocol::Health;

/// What the watch of the whole cluster takes over.
#[derive(Debug, Default)]
pub(super) enum Inheritance {
    /// Nothing: nobody else watched the kind.
    #[default]
    Nothing,
    /// The kind may not be read in the whole cluster; namespaces are watched meanwhile.
    Expected,
    /// It may be read again: the supervisor is asked who watched it meanwhile.
    Asked,
    /// What those hand over.
    Coming(JoinSet<Option<Tracker>>, Vec<Tracker>),
}

impl Inheritance {
    /// Whether it must come before anything is done.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(self, Self::Asked | Self::Coming(..))
    }

    /// Waits for one of those who hand over.
    pub(super) async fn next(&mut self) {
        match self {
            Self::Coming(coming, trackers) if !coming.is_empty() => {
                trackers.extend(coming.join_next().await.and_then(Result::ok).flatten());
            }
            _ => std::future::pending().await,
        }
    }
}

/// Who watches the whole cluster from now on.
#[derive(Debug)]
pub(super) struct Heir {
    pub(super) tracker: oneshot::Sender<Tracker>,
    /// From when on nothing is missing that the heir's list has; on the local clock.
    pub(super) from: Timestamp,
}

impl Controller {
    /// The kind may not be read in the whole cluster. It is counted where it is read.
    pub(super) fn expect_inheritance(&mut self) {
        if self.place.namespace.is_none() {
            self.tracker.count_in(&Ledger::default());
            self.is_uncounted = true;
        }
        if self.place.namespace.is_none() && self.resource.namespaced && !self.one_pass {
            self.inheritance = Inheritance::Expected;
        }
    }

    /// The watch follows the server. What others have come to meanwhile comes first.
    pub(super) fn follow(&mut self) {
        if matches!(self.inheritance, Inheritance::Expected) {
            self.inheritance = Inheritance::Asked;
        }
        if !self.inheritance.is_awaited() {
            self.count_again();
        }
        self.set_fresh(!self.inheritance.is_awaited());
        self.fares(Health::Following, None);
    }

    /// The supervisor's answer, also where nothing was asked.
    pub(super) fn inherit_from(&mut self, trackers: Vec<oneshot::Receiver<Tracker>>) {
        if matches!(self.inheritance, Inheritance::Asked) {
            // One that ends without a word has nothing to hand over.
            let coming = trackers.into_iter().map(|tracker| async { tracker.await.ok() }).collect();
            self.inheritance = Inheritance::Coming(coming, Vec::new());
        }
    }

    /// Takes over once all have handed over.
    pub(super) fn inherit(&mut self) {
        let is_whole = matches!(&self.inheritance, Inheritance::Coming(coming, _) if coming.is_empty());
        if !is_whole || !self.is_idle() {
            return;
        }
        if let Inheritance::Coming(_, trackers) = std::mem::take(&mut self.inheritance) {
            self.tracker.adopt(&trackers);
        }
        self.count_again();
        self.set_fresh(true);
    }

    fn count_again(&mut self) {
        if std::mem::take(&mut self.is_uncounted) {
            self.tracker.it_is(self.now().earliest);
            self.tracker.count_in(&self.shared.ledger);
        }
    }

    pub(super) fn hand_over_to(&mut self, tracker: oneshot::Sender<Tracker>) {
        let from = after(self.shared.transport.server_clock().local().now(), CATCH_UP);
        self.heir = Some(Heir { tracker, from });
    }

    /// Whether nothing is under way any more that the heir would not know of.
    pub(super) fn can_hand_over(&self) -> bool {
        let now = self.shared.transport.server_clock().local().now();
        self.heir.as_ref().is_some_and(|heir| heir.from <= now) && self.is_idle()
    }
}
