//! One controller's part in a sweep: asked until it has listed, then until what is due has been tried, then until
//! what was deleted is gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::tracker::ObjectKey;
use tokio::sync::{mpsc, oneshot};

use super::clock;
use crate::cluster::read::read_metadata;
use crate::cluster::resource::Resource;
use crate::daemon::Shared;
use crate::daemon::control::protocol::Health;
use crate::daemon::controller::{Order, Settled};
use crate::daemon::supervisor::Place;

/// A kind that cannot be followed for so long is left out, and told.
const LIST: Duration = Duration::from_secs(60);
/// Listed and done within this: a few thousand steps at the daemon's pace. The control socket waits longer.
const DONE: Duration = Duration::from_secs(600);
/// What comes to nothing is tried again for so long: three or four times.
const PERSIST: Duration = Duration::from_secs(15);
/// Between two looks at what a controller does.
const LOOK: Duration = Duration::from_millis(100);
/// More objects are not asked what holds them.
const ASKED: usize = 100;

/// What one or all parts came to, beside what is counted.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Objects that are still there, and why.
    pub(super) remaining: BTreeMap<String, String>,
    /// Why the pass is not complete.
    pub(super) incomplete: Vec<String>,
}

impl Found {
    pub(super) fn incomplete(reason: String) -> Self {
        Self { incomplete: vec![reason], ..Self::default() }
    }
}

impl Extend<Self> for Found {
    fn extend<Parts: IntoIterator<Item = Self>>(&mut self, parts: Parts) {
        for Self { remaining, incomplete } in parts {
            self.remaining.extend(remaining);
            self.incomplete.extend(incomplete);
        }
    }
}

/// Why a kind was not listed.
#[derive(Clone, Debug)]
pub(super) enum Unlisted {
    /// It may not be read.
    Forbidden {
        /// What the server says.
        reason: String,
    },
    /// The list fails, or the kind is gone.
    Failed {
        /// Why.
        reason: String,
    },
}

/// One controller's part.
pub(super) struct Part {
    pub(super) shared: Arc<Shared>,
    pub(super) place: Place,
    pub(super) resource: Arc<Resource>,
    pub(super) orders: mpsc::UnboundedSender<Order>,
}

impl Part {
    /// Client required, at the end: what holds objects that are still there is read.
    pub(super) async fn run(self, wait: Option<Duration>) -> Found {
        let longest = DONE.saturating_add(wait.unwrap_or_default());
        let found = tokio::select! {
            found = self.to_the_end(wait) => found,
            () = clock(&self.shared).sleep(longest) => Err("what is due is not done yet".to_owned()),
        };
        found.unwrap_or_else(|reason| {
            let namespace = self.place.namespace.as_ref().map(|namespace| format!(" in {namespace}"));
            Found::incomplete(format!("{}{}: {reason}", self.place.kind, namespace.unwrap_or_default()))
        })
    }

    async fn to_the_end(&self, wait: Option<Duration>) -> Result<Found, String> {
        self.listed().await.map_err(|unlisted| match unlisted {
            Unlisted::Forbidden { reason } => format!("it may not be read: {reason}"),
            Unlisted::Failed { reason } => reason,
        })?;
        let clock = clock(&self.shared);
        let until = after(clock.now(), wait.unwrap_or_default());
        // Since when all that is left to be tried waits for another attempt.
        let mut stuck: Option<Timestamp> = None;
        loop {
            let settled = self.settled().await?;
            let now = clock.now();
            let persists = !settled.undecided.is_empty() && {
                let since = *stuck.get_or_insert(now);
                now < after(since, PERSIST)
            };
            if settled.undecided.is_empty() {
                stuck = None;
            }
            let is_going = now < until && self.goes_on(&settled, now, until);
            if !persists && !is_going {
                return Ok(self.found(settled).await);
            }
            clock.sleep(LOOK).await;
        }
    }

    /// Whether more of what began can be done by then.
    fn goes_on(&self, settled: &Settled, now: Timestamp, until: Timestamp) -> bool {
        let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        // Steps are due on the server's clock.
        let last = after(self.shared.transport.server_clock().latest(), left);
        !settled.leaving.is_empty() || settled.next_step.is_some_and(|next| next <= last)
    }

    /// Waits for the list; on a daemon that runs there is one already. I/O of the controller alone.
    pub(super) async fn listed(&self) -> Result<(), Unlisted> {
        let clock = clock(&self.shared);
        let began = clock.now();
        loop {
            let (sender, census) = oneshot::channel();
            // One that is ending does not answer.
            drop(self.orders.send(Order::Census(sender)));
            let Ok(census) = census.await else {
                return Err(Unlisted::Failed { reason: ENDED.to_owned() });
            };
            let reason = census.reason.unwrap_or_default();
            match census.health {
                Health::Following => return Ok(()),
                Health::Forbidden => return Err(Unlisted::Forbidden { reason }),
                Health::Interrupted if clock.now() >= after(began, LIST) => {
                    return Err(Unlisted::Failed { reason: format!("it cannot be followed: {reason}") });
                }
                Health::Interrupted | Health::Listing => clock.sleep(LOOK).await,
            }
        }
    }

    /// Waits until everything that is due has been tried.
    async fn settled(&self) -> Result<Settled, String> {
        let (sender, settled) = oneshot::channel();
        drop(self.orders.send(Order::Settle(sender)));
        // While the watch does not follow, nothing is tried.
        let lost = async {
            loop {
                match self.listed().await {
                    Err(Unlisted::Failed { reason }) => return reason,
                    // What may not be read is told by the settlement.
                    Ok(()) | Err(Unlisted::Forbidden { .. }) => clock(&self.shared).sleep(LOOK * 10).await,
                }
            }
        };
        let settled = tokio::select! {
            settled = settled => settled,
            reason = lost => return Err(reason),
        };
        match settled {
            Ok(Settled { incomplete: Some(reason), .. }) => Err(reason),
            Ok(settled) => Ok(settled),
            Err(_) => Err(ENDED.to_owned()),
        }
    }

    /// Client required.
    async fn found(&self, settled: Settled) -> Found {
        let mut found = Found::default();
        for (index, key) in settled.leaving.into_iter().enumerate() {
            let holds = if index < ASKED { self.what_holds(&key).await } else { Some(ASKED_FOR.to_owned()) };
            found.remaining.extend(holds.map(|holds| (self.name(&key), holds)));
        }
        let mut undecided = settled.undecided.iter().map(|key| self.name(key));
        if let Some(first) = undecided.next() {
            let others = match undecided.count() {
                0 => String::new(),
                others => format!(" (and {others} others)"),
            };
            let reason = "it is due, and nothing has come of it yet; the log says why";
            found.incomplete.push(format!("{first}{others}: {reason}"));
        }
        found
    }

    /// Client required: `None` where it is gone, which the watch may not have told yet.
    async fn what_holds(&self, key: &ObjectKey) -> Option<String> {
        let (transport, namespace) = (&self.shared.transport, key.namespace.as_deref());
        match read_metadata(transport, &self.resource, namespace, &key.name).await {
            Ok(Some(object)) if object.is_terminating() => Some(match object.finalizers().as_slice() {
                [] => "it is being ended".to_owned(),
                [finalizer] => format!("the finalizer {finalizer} holds it"),
                finalizers => format!("the finalizers {} hold it", finalizers.join(", ")),
            }),
            // Another of its name.
            Ok(_) => None,
            Err(_) => Some(ASKED_FOR.to_owned()),
        }
    }

    fn name(&self, key: &ObjectKey) -> String {
        self.resource.object_name(key.namespace.as_deref(), &key.name)
    }
}

const ENDED: &str = "the server does not serve it any more";
const ASKED_FOR: &str = "its deletion was asked for";
