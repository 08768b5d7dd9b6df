//! The watch of one collection: a list, then all changes after it, kept up for as long as somebody
//! takes the events. It holds no object, and no state beyond the version that it goes on from. How it
//! follows is in [`super::follow`].

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use tokio::sync::{Semaphore, mpsc};

use super::clock::Random;
use super::follow::Follower;
use super::resource::Resource;
pub use super::timings::Timings;
use super::transport::Transport;

/// What a watch tells.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchEvent {
    /// A fresh list begins; what follows until `Synced` is the whole collection. It may come again
    /// before `Synced`: the list had to begin anew, and what it told so far does not count.
    ListStarted,
    /// One object of the list. The same object may come twice; the later one counts.
    Listed(Observation),
    /// The list is complete: what was not in it is gone. From here on the watch follows.
    Synced,
    /// Created or changed.
    Applied(Observation),
    /// Deleted. While a streaming list is under way this also takes back what it has listed.
    Deleted {
        /// Its namespace, if it had one.
        namespace: Option<String>,
        /// Its name.
        name: String,
        /// Its uid.
        uid: String,
    },
    /// The watch is not fresh any more (cut, silent, expired, refused); a retry or list follows by itself.
    Interrupted {
        /// Why, for people.
        reason: String,
    },
    /// Followed again from where it was cut, nothing missed.
    Resumed,
    /// The server does not serve this kind any more (404). `run` ends.
    Absent,
    /// 401/403: reading is not permitted now; retried with back-off by itself.
    Forbidden {
        /// What the server says.
        reason: String,
    },
    /// One object could not be read; it is left out.
    Undecodable {
        /// Why, for people.
        reason: String,
    },
}

/// Which API groups of a server do not stream lists, learnt by asking; shared by all its watches. By
/// group, since an extension API server may refuse what the main one does well.
#[derive(Debug, Default)]
pub struct StreamingLists {
    refused: Mutex<Refused>,
}

#[derive(Debug, Default)]
struct Refused {
    all: bool,
    groups: BTreeSet<String>,
}

impl StreamingLists {
    /// No streaming lists at all: pages from the start.
    #[must_use]
    pub fn refused() -> Self {
        let streaming = Self::default();
        streaming.refuse_all();
        streaming
    }

    /// Whether it is worth asking.
    #[must_use]
    pub fn worth_asking(&self, group: &str) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        !refused.all && !refused.groups.contains(group)
    }

    pub(super) fn refuse(&self, group: &str) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).groups.insert(group.to_owned());
    }

    /// To learn it anew would cost a time-out per group.
    pub(super) fn refuse_all(&self) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).all = true;
    }
}

/// A collection to be watched: a resource in one namespace, or in all.
#[derive(Clone)]
pub struct Watch {
    /// The way to the server; its clock is the one that times the watch.
    pub transport: Transport,
    /// What is watched.
    pub resource: Arc<Resource>,
    /// `None`: the whole cluster.
    pub namespace: Option<String>,
    /// The object of this name alone; `None`: all.
    pub name: Option<String>,
    /// What is read of each object; the identity is always read. Where it reads metadata alone, only
    /// metadata is asked for.
    pub projection: Arc<Projection>,
    /// How long things may take.
    pub timings: Timings,
    /// For jitter.
    pub random: Arc<dyn Random>,
    /// How many lists may run at once, over all kinds; a permit is held only while listing.
    pub list_permits: Arc<Semaphore>,
    /// What is known of the server's streaming lists; one for all watches of a server.
    pub streaming: Arc<StreamingLists>,
}

impl Watch {
    /// Lists and follows, through every interruption, until nobody takes the events any more or the
    /// kind is gone ([`WatchEvent::Absent`], the last event). Dropping the future ends it at once. I/O.
    pub async fn run(self, events: mpsc::Sender<WatchEvent>) {
        let mut follower = Follower::new(self, events.clone());
        tokio::select! {
            () = follower.run() => {}
            () = events.closed() => {}
        }
    }
}
