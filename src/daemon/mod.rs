//! The running daemon: which kinds are watched for which rules ([`assignment`]), one [`controller`] for
//! each kind, a [`worker`] for each object that falls due, and the [`supervisor`] that starts and ends
//! them as kinds and rules come and go. The [`control`] socket is how others speak to it.

pub mod assignment;
pub mod control;
pub mod controller;
mod facts;
mod guarding;
mod hints;
pub mod namespaces;
mod pace;
pub mod pause;
pub mod process;
mod questions;
pub mod reload;
mod summary;
pub mod supervisor;
pub mod systemd;
mod timekeeper;
mod watch_or_poll;
mod worker;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use k8s_healer_engine::cooldown::Cooldowns;
use k8s_healer_engine::guard::Itself;
use k8s_healer_engine::guardrails::Guardrails;
use k8s_healer_engine::limits::Ledger;
use k8s_healer_engine::rule::Mode;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::cluster::clock::Random;
use crate::cluster::discovery::Catalogue;
use crate::cluster::timings::Timings;
use crate::cluster::transport::Transport;
use crate::report::tally::Tally;
use facts::FactStore;
use pace::Pace;
use pause::Pause;

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
    /// Whether anything is done at all.
    pub pause: Pause,
    /// A deadline is near, and the server's clock may be known too little for it.
    deadline_near: Notify,
    catalogue: RwLock<Arc<Catalogue>>,
    guardrails: guarding::InForce,
    cooldowns: Mutex<Cooldowns>,
    /// What rules with limits match and have in flight, over all their kinds.
    pub ledger: Ledger,
    /// What one controller holds back by limits may go on by what another has come to.
    limits_eased: watch::Sender<()>,
    tally: Mutex<Tally>,
    pace: Pace,
    /// What is known of other objects that rules ask about.
    facts: FactStore,
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
        let limits_eased = watch::Sender::new(());
        let told = limits_eased.clone();
        // Nobody may follow yet.
        let ledger = Ledger::telling(move || told.send_replace(()));
        let list_permits = Arc::new(Semaphore::new(LISTS));
        Self {
            transport,
            random,
            mode,
            itself,
            stop,
            timings,
            list_permits,
            pause: Pause::default(),
            deadline_near: Notify::new(),
            catalogue,
            guardrails: guarding::InForce::default(),
            cooldowns: Mutex::default(),
            ledger,
            limits_eased,
            tally: Mutex::default(),
            pace,
            facts: FactStore::default(),
        }
    }

    /// What the server serves, as of the last discovery.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_catalogue(&self, catalogue: Arc<Catalogue>) {
        *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
    }

    /// All that hold rules back, each by itself.
    pub fn guardrails(&self) -> Vec<Arc<Guardrails>> {
        self.guardrails.all()
    }

    fn with_tally<T>(&self, work: impl FnOnce(&mut Tally) -> T) -> T {
        work(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_cooldowns<T>(&self, work: impl FnOnce(&mut Cooldowns) -> T) -> T {
        work(&mut self.cooldowns.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
