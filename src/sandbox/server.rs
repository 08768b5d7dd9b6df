//! What all requests share: the objects, the kinds, who may do what, the clock, and the bell that wakes
//! the watches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::audit::Audit;
use super::kinds::Kinds;
use super::rights::{Grants, Tokens};
use super::store::Store;
use crate::cluster::clock::{Clock, Random};

/// What a request may look into and change, all at once or not at all.
#[derive(Debug)]
pub struct State {
    /// The objects.
    pub store: Store,
    /// What is served.
    pub kinds: Kinds,
    /// Who is who.
    pub tokens: Tokens,
    /// Who may do what, as of the last look.
    pub grants: Grants,
}

/// How the server behaves, where servers differ.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// Watches that asked for bookmarks get one so often.
    pub bookmarks: Duration,
    /// A watch of a forgotten version is refused with HTTP 410 at its start, instead of an error within
    /// the stream.
    pub refuse_expired_watches: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        // As kube-apiserver's watch cache.
        Self { bookmarks: Duration::from_secs(60), refuse_expired_watches: false }
    }
}

/// The server, without its listener.
#[derive(Debug)]
pub struct Server {
    state: Mutex<State>,
    bell: watch::Sender<u64>,
    /// The server's clock: `Date`, creation times, ages.
    pub clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Every request's record.
    pub audit: Audit,
    /// How it behaves.
    pub behaviour: Behaviour,
    /// Ends every connection, and is replaced then.
    connections: Mutex<CancellationToken>,
}

impl Server {
    /// Without objects but those that every cluster has.
    pub fn new(
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        audit: Audit,
        behaviour: Behaviour,
    ) -> Arc<Self> {
        let state = State {
            store: Store::default(),
            kinds: Kinds::built_in(),
            tokens: Tokens::default(),
            grants: Grants::default(),
        };
        let bell = watch::Sender::new(state.store.revision());
        let connections = Mutex::default();
        let server = Self { state: Mutex::new(state), bell, clock, random, audit, behaviour, connections };
        server.write(|state| super::api::create_first_objects(&server, state));
        Arc::new(server)
    }

    /// The moment on the server's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The moment as objects write it: in whole seconds.
    pub fn time(&self) -> String {
        time(self.now())
    }

    /// Looks, or changes something, with nobody else between.
    pub fn write<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = work(&mut state);
        let revision = state.store.revision();
        drop(state);
        self.bell.send_if_modified(|known| std::mem::replace(known, revision) != revision);
        result
    }

    /// Looks.
    pub fn read<T>(&self, work: impl FnOnce(&State) -> T) -> T {
        work(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of every new revision.
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// A random number below `bound`.
    pub fn random(&self, bound: u32) -> u32 {
        let number = self.random.fraction() * f64::from(bound);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in 0..bound")]
        {
            number as u32
        }
    }

    /// A random uid, in the form of a UUID of version 4.
    pub fn uid(&self) -> String {
        let parts: [u32; 8] = std::array::from_fn(|_| self.random(1 << 16));
        let [first, second, third, version, variant, rest @ ..] = parts;
        let (version, variant) = (0x4000 | (version & 0x0fff), 0x8000 | (variant & 0x3fff));
        let rest: String = rest.iter().map(|part| format!("{part:04x}")).collect();
        format!("{first:04x}{second:04x}-{third:04x}-{version:04x}-{variant:04x}-{rest}")
    }

    /// Forgets all past changes: watches and `continue` tokens of older versions expire.
    pub fn compact(&self) {
        self.write(|state| state.store.compact());
    }

    /// Ended when the connections of now are to be closed.
    pub fn connections(&self) -> CancellationToken {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Closes every connection, in the middle of whatever it does.
    pub fn cut_connections(&self) {
        std::mem::take(&mut *self.connections.lock().unwrap_or_else(PoisonError::into_inner)).cancel();
    }
}

/// RFC 3339 in whole seconds, as objects write times.
#[must_use]
pub fn time(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
