//! Starts and ends controllers as the server comes to serve the kinds that rules watch, or ceases to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{Rule, RuleSet};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Shared;
use super::assignment::{Assignment, assign};
use super::controller::{Census, Controller, Ended, projection_of};
use super::hints::{definitions, projection, watch_for_kinds};
use super::questions::Questions;
pub use super::summary::Server;
use super::summary::{tell_left_out, tell_server, tell_watched};
use super::timekeeper::learn_the_servers_clock;
use crate::cluster::discovery::{DiscoveryError, discover};
use crate::cluster::in_full;
use crate::cluster::resource::Resource;
use crate::cluster::watch::{StreamingLists, Watch};

/// The first lists are waited for so long before the summary is printed without them.
const FIRST_LISTS: Duration = Duration::from_secs(15);
/// A CRD is served some time after its event: asked again after each of these.
const REDISCOVER: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];

/// The daemon: what its rules watch, and who watches it.
pub struct Supervisor {
    shared: Arc<Shared>,
    rules: RuleSet,
    registry: Registry,
    streaming: Arc<StreamingLists>,
    running: BTreeMap<String, Running>,
    controllers: JoinSet<(String, Arc<Resource>, Ended)>,
    told: Assignment,
}

struct Running {
    resource: Arc<Resource>,
    rules: Vec<Arc<Rule>>,
    stop: CancellationToken,
}

impl Supervisor {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(shared: Arc<Shared>, rules: RuleSet, registry: Registry) -> Self {
        Self {
            shared,
            rules,
            registry,
            streaming: Arc::default(),
            running: BTreeMap::new(),
            controllers: JoinSet::new(),
            told: Assignment::default(),
        }
    }

    /// Runs until the daemon is told to stop. Fails only where the server cannot be asked at the start.
    pub async fn run(mut self, server: &Server) -> Result<(), DiscoveryError> {
        tell_server(server, &self.shared.mode.to_string(), self.rules.rules.len());
        let stop = self.shared.stop.clone();
        let first_lists = self.rediscover().await?;
        tell_left_out(&self.told);
        let (sender, mut hints) = mpsc::channel(1);
        let definitions = definitions(&self.shared.catalogue().resources);
        let watch = definitions.map(|resource| self.watch(resource, projection()));
        let watching = watch_for_kinds(Arc::clone(&self.shared), watch, sender);
        tokio::pin!(watching);
        let learning = learn_the_servers_clock(Arc::clone(&self.shared));
        tokio::pin!(learning);
        let summary = self.summarize(first_lists);
        tokio::pin!(summary);
        let (mut summarized, mut hints_ended, mut learnt) = (false, false, false);
        let mut questions = Questions::new(Arc::clone(self.shared.transport.server_clock().local()));
        let mut catching_up = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = &mut summary, if !summarized => summarized = true,
                () = &mut watching, if !hints_ended => hints_ended = true,
                () = &mut learning, if !learnt => learnt = true,
                Some(()) = hints.recv() => {
                    // The first list of definitions tells what discovery has just told, but for one that was
                    // made a moment ago and was not served then.
                    let caught_up = !std::mem::take(&mut catching_up);
                    questions.plan(if caught_up { &REDISCOVER } else { &REDISCOVER[2..3] });
                }
                Some(Ok((name, resource, ended))) = self.controllers.join_next() => {
                    self.ended(&name, &resource, ended);
                    questions.plan(&REDISCOVER);
                }
                () = questions.next() => self.follow_changes().await,
            }
        }
        while self.controllers.join_next().await.is_some() {}
        Ok(())
    }

    /// Client required: asks the server what it serves, and starts and ends controllers by it. Returns
    /// who will tell of each first list.
    async fn rediscover(&mut self) -> Result<Vec<(String, oneshot::Receiver<Census>)>, DiscoveryError> {
        let earlier = self.shared.catalogue();
        let catalogue = Arc::new(discover(&self.shared.transport).await?.keeping(&earlier));
        for (group, reason) in &catalogue.failed {
            warn!(group, reason, "what this group serves is not known");
        }
        self.shared.set_catalogue(Arc::clone(&catalogue));
        let assignment = assign(&self.rules, &catalogue, &self.registry);
        self.running.retain(|name, running| {
            let wanted = assignment.watched.get(name).is_some_and(|(resource, rules)| {
                *resource == running.resource && same_rules(rules, &running.rules)
            });
            if !wanted {
                running.stop.cancel();
            }
            if !assignment.watched.contains_key(name) {
                tell_dormant(name);
            }
            wanted
        });
        let missing: Vec<_> =
            assignment.watched.iter().filter(|(name, _)| !self.running.contains_key(*name)).collect();
        let started = missing
            .into_iter()
            .map(|(name, (resource, rules))| (name.clone(), self.start(name, resource, rules)))
            .collect();
        self.told = assignment;
        Ok(started)
    }

    fn start(
        &mut self,
        name: &str,
        resource: &Arc<Resource>,
        rules: &[Arc<Rule>],
    ) -> oneshot::Receiver<Census> {
        let (sender, receiver) = oneshot::channel();
        let watch = self.watch(Arc::clone(resource), Arc::new(projection_of(rules)));
        let shared = Arc::clone(&self.shared);
        let stop = self.shared.stop.child_token();
        let controller = Controller::new(shared, Arc::clone(resource), rules.to_vec(), sender, stop.clone());
        let (name_of, resource_of) = (name.to_owned(), Arc::clone(resource));
        self.controllers.spawn(async move { (name_of, resource_of, controller.run(watch).await) });
        let running = Running { resource: Arc::clone(resource), rules: rules.to_vec(), stop };
        self.running.insert(name.to_owned(), running);
        receiver
    }

    fn watch(
        &self,
        resource: Arc<Resource>,
        projection: Arc<k8s_healer_engine::projection::Projection>,
    ) -> Watch {
        Watch {
            transport: self.shared.transport.clone(),
            resource,
            namespace: None,
            projection,
            timings: self.shared.timings,
            random: Arc::clone(&self.shared.random),
            list_permits: Arc::clone(&self.shared.list_permits),
            streaming: Arc::clone(&self.streaming),
        }
    }

    fn ended(&mut self, name: &str, resource: &Arc<Resource>, ended: Ended) {
        let same = self.running.get(name).is_some_and(|running| Arc::ptr_eq(&running.resource, resource));
        if ended == Ended::Absent && same {
            self.running.remove(name);
            tell_dormant(name);
        }
    }

    /// Client required.
    async fn follow_changes(&mut self) {
        let before: Vec<String> = self.running.keys().cloned().collect();
        match self.rediscover().await {
            Ok(_) => {
                for (name, running) in &self.running {
                    if !before.contains(name) {
                        let rules = running
                            .rules
                            .iter()
                            .map(|rule| rule.id.to_string())
                            .collect::<Vec<_>>()
                            .join(", ");
                        info!(kind = name, rules, "the server serves this kind now: its rules are awake");
                    }
                }
            }
            Err(error) => {
                warn!(reason = in_full(&error), "what the server serves cannot be asked; asking again");
            }
        }
    }

    /// Waits for the first lists, then tells what is watched.
    fn summarize(
        &self,
        first_lists: Vec<(String, oneshot::Receiver<Census>)>,
    ) -> impl Future<Output = ()> + use<> {
        let clock = Arc::clone(self.shared.transport.server_clock().local());
        async move {
            let deadline = futures::FutureExt::shared(clock.sleep(FIRST_LISTS));
            let wait = |(name, receiver): (String, oneshot::Receiver<Census>)| {
                let deadline = deadline.clone();
                async move {
                    tokio::select! {
                        census = receiver => (name, census.ok()),
                        () = deadline => (name, None),
                    }
                }
            };
            let censuses: BTreeMap<String, Option<Census>> =
                join_all(first_lists.into_iter().map(wait)).await.into_iter().collect();
            tell_watched(&censuses);
        }
    }
}

fn tell_dormant(kind: &str) {
    info!(kind, "the server does not serve this kind any more: its rules are dormant");
}

fn same_rules(a: &[Arc<Rule>], b: &[Arc<Rule>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}
