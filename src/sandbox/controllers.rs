//! The controllers that make an API server feel like a cluster: nodes, a scheduler, a simulated kubelet, the
//! workloads, budgets, namespaces that end, the garbage collector, KubeVirt's.
//!
//! They act as clients do, so that every write is checked, versioned and recorded under its author's name,
//! and they look only at what changed: [`world`] keeps an outline of every object, each controller takes note
//! of the changes that concern it, then brings about what is wanted. A round in which nothing is to be done
//! writes nothing, which is what ends the ringing.

mod accounts;
mod actor;
mod deployments;
mod disruption;
mod fields;
mod garbage;
mod instances;
mod kubelet;
mod lifecycle;
mod machines;
mod namespaces;
mod nodes;
mod outline;
mod quantity;
mod replicasets;
mod scheduler;
#[cfg(test)]
mod tests;
mod world;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::kinds::Resource;
use super::server::Server;
use super::store::Key;
use world::{Change, World};

/// What is due already is looked at again after so long, not at once: whoever asked for it could not do it.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);

/// Controllers that run, on a thread of their own; ended when dropped.
#[derive(Debug)]
pub struct Controllers {
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// Runs them, with so many nodes.
#[must_use]
pub fn start(server: &Arc<Server>, nodes: u32) -> Controllers {
    let stop = CancellationToken::new();
    let (server, stopped) = (Arc::clone(server), stop.clone());
    let work = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(&server, Set::new(nodes), stopped)),
        Err(error) => tracing::error!(%error, "the sandbox's controllers cannot run"),
    };
    let thread = match std::thread::Builder::new().name("controllers".to_owned()).spawn(work) {
        Ok(thread) => Some(thread),
        Err(error) => {
            tracing::error!(%error, "the sandbox's controllers cannot run");
            None
        }
    };
    Controllers { stop, thread }
}

impl Drop for Controllers {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the sandbox's controllers ended by a panic");
        }
    }
}

async fn run(server: &Arc<Server>, mut set: Set, stop: CancellationToken) {
    let mut bell = server.bell();
    while !stop.is_cancelled() {
        // Whatever comes from here on rings again.
        bell.borrow_and_update();
        let wake = set.round(server);
        let pause = async {
            match wake {
                Some(moment) => {
                    let left = Duration::try_from(moment.duration_since(server.now())).unwrap_or_default();
                    server.clock.sleep(left.max(SHORTEST_PAUSE)).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            rung = bell.changed() => if rung.is_err() { return },
            () = pause => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One of them. Its state is synchronous; changes are fed to it, and it acts when it is told to.
trait Controller {
    /// Takes note of a change.
    fn observe(&mut self, change: &Change);

    /// Brings about what is wanted; the result is when to look again, beside at the next change.
    fn reconcile(&mut self, round: &Round<'_>) -> Option<Timestamp>;
}

/// What a controller works with.
struct Round<'a> {
    server: &'a Arc<Server>,
    /// As it was at the beginning of the round.
    world: &'a World,
    now: Timestamp,
    /// What was there before the controllers is seen for the first time.
    is_first: bool,
}

impl Round<'_> {
    /// The whole object, as it is at this moment.
    fn get(&self, resource: &Resource, key: &Key) -> Option<Value> {
        let object = self.server.read(|state| state.store.get(resource, key).cloned());
        object.map(|object| object.value())
    }

    /// The moment as objects write it.
    fn time(&self) -> String {
        super::server::time(self.now)
    }
}

/// All of them, and what they know.
struct Set {
    world: World,
    controllers: Vec<Box<dyn Controller>>,
    is_first: bool,
}

impl Set {
    fn new(nodes: u32) -> Self {
        let controllers: Vec<Box<dyn Controller>> = vec![
            Box::new(nodes::Nodes::new(nodes)),
            Box::new(accounts::Accounts::new()),
            Box::new(deployments::Deployments::new()),
            Box::new(replicasets::ReplicaSets::new()),
            Box::new(machines::Machines::new()),
            Box::new(instances::Instances::new()),
            Box::new(scheduler::Scheduler::new()),
            Box::new(kubelet::Kubelet::new()),
            Box::new(disruption::Disruption::new()),
            Box::new(garbage::Garbage::new()),
            Box::new(namespaces::Namespaces::new()),
        ];
        Self { world: World::default(), controllers, is_first: true }
    }

    /// Looks at what changed, and does what is to be done now.
    fn round(&mut self, server: &Arc<Server>) -> Option<Timestamp> {
        for change in self.world.catch_up(server) {
            self.controllers.iter_mut().for_each(|controller| controller.observe(&change));
        }
        let is_first = std::mem::take(&mut self.is_first);
        let round = Round { server, world: &self.world, now: server.now(), is_first };
        self.controllers.iter_mut().filter_map(|controller| controller.reconcile(&round)).min()
    }
}
