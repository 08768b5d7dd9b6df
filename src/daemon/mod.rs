//! The running daemon: which kinds are watched for which rules ([`assignment`]), one [`controller`] for
//! each kind, a [`worker`] for each object that falls due, and the [`supervisor`] that starts and ends
//! them as kinds come and go.

pub mod assignment;
pub mod controller;
mod hints;
mod pace;
mod questions;
mod summary;
pub mod supervisor;
mod timekeeper;
mod worker;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use k8s_healer_engine::cooldown::Cooldowns;
use k8s_healer_engine::guard::Itself;
use k8s_healer_engine::rule::Mode;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::cluster::clock::Random;
use crate::cluster::discovery::Catalogue;
use crate::cluster::timings::Timings;
use crate::cluster::transport::Transport;
use pace::Pace;

/// At most so many lists at once over all kinds (DESIGN 4): a start is no storm on the server.
const LISTS: usize = 2;

/// What the controllers of all kinds share.
pub struct Shared {
    /// Speaks to the server; its clock is the one that counts.
    pub transport: Transport,
    /// Jitter.
    pub random: Arc<dyn Random>,
    /// The daemon's own mode; a rule's can only be weaker.
    pub mode: Mode,
    /// Where the daemon itself runs.
    pub itself: Itself,
    /// Ends everything. What was begun on the cluster is brought to its end.
    pub stop: CancellationToken,
    /// How long lists and watches may take.
    pub timings: Timings,
    /// At most so many lists at once over all kinds.
    pub list_permits: Arc<Semaphore>,
    /// A deadline is near, and the server's clock may be known too little for it.
    deadline_near: Notify,
    catalogue: RwLock<Arc<Catalogue>>,
    cooldowns: Mutex<Cooldowns>,
    pace: Pace,
}

impl Shared {
    /// Nothing is known of the cluster yet.
    #[must_use]
    pub fn new(
        transport: Transport,
        random: Arc<dyn Random>,
        mode: Mode,
        itself: Itself,
        timings: Timings,
        stop: CancellationToken,
    ) -> Self {
        let pace = Pace::new(Arc::clone(transport.server_clock().local()));
        let catalogue = RwLock::default();
        let list_permits = Arc::new(Semaphore::new(LISTS));
        Self {
            transport,
            random,
            mode,
            itself,
            stop,
            timings,
            list_permits,
            deadline_near: Notify::new(),
            catalogue,
            cooldowns: Mutex::default(),
            pace,
        }
    }

    /// What the server serves, as of the last discovery.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_catalogue(&self, catalogue: Arc<Catalogue>) {
        *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
    }

    fn with_cooldowns<T>(&self, work: impl FnOnce(&mut Cooldowns) -> T) -> T {
        work(&mut self.cooldowns.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
