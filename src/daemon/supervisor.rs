//! Starts and ends controllers as the server comes to serve the kinds that rules watch, or ceases to, and as
//! rules, rights and namespaces change. [`placement`] says where a kind is watched, [`answers`] what the daemon
//! says of itself when it is asked, [`breakers`] which rules it has stopped, [`reloads`] how other rules come into force, [`starting`] who watches a kind.

mod answers;
mod breakers;
mod placement;
mod reloads;
mod starting;
mod sweeps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_healer_engine::facts::Others;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{Rule, RuleSet};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

pub use self::answers::Process;
use self::breakers::tell_breakers;
pub(super) use self::placement::{Place, WatchReport};
use self::reloads::{Reloading, changed};
pub use self::reloads::{Render, RuleSource};
use super::Shared;
use super::assignment::{Assignment, assign};
use super::control::Call;
use super::control::protocol::ReloadReport;
use super::controller::{Census, Ended, Order};
use super::hints::{Hint, definitions, projection, watch_for_kinds};
use super::namespaces;
use super::questions::Questions;
pub use super::summary::Server;
use super::summary::{summarize, tell_left_out, tell_protections, tell_server};
use super::timekeeper::learn_the_servers_clock;
use crate::cluster::client::server_version;
use crate::cluster::discovery::{Catalogue, DiscoveryError, discover};
use crate::cluster::in_full;
use crate::cluster::resource::Resource;
use crate::cluster::watch::StreamingLists;

/// A CRD is served some time after its event: asked again after each of these.
const REDISCOVER: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(8)];

/// Where it is not known of every kind how it is stored, no wildcard stands for those: asked again after this.
const ASK_FOR_STORES: Duration = Duration::from_secs(30);

/// What was begun at some places.
#[derive(Default)]
struct Places {
    /// Who will tell of a first list.
    first_lists: Vec<(Place, oneshot::Receiver<Census>)>,
    /// Who will tell that other rules are in force.
    replaced: Vec<oneshot::Receiver<()>>,
}

/// The daemon: what its rules watch, and who watches it.
pub struct Supervisor {
    shared: Arc<Shared>,
    rules: RuleSet,
    registry: Registry,
    process: Process,
    streaming: Arc<StreamingLists>,
    running: BTreeMap<Place, Running>,
    controllers: JoinSet<(Place, u64, Ended)>,
    /// Numbers the controllers, since one may end after another has taken its place.
    started: u64,
    told: Assignment,
    server: Server,
    /// The server may have another version than `server` says.
    was_away: bool,
    /// How controllers fare.
    reports: (mpsc::UnboundedSender<WatchReport>, mpsc::UnboundedReceiver<WatchReport>),
    /// Kinds that may not be read in the whole cluster.
    refused: BTreeSet<String>,
    /// The namespaces that there are; `None`: not known yet.
    namespaces: Option<BTreeSet<Arc<str>>>,
    /// Namespaces that rules write in full.
    named: watch::Sender<BTreeSet<Arc<str>>>,
    /// How often namespaces are listed where they cannot be watched.
    namespace_poll: Duration,
    /// Tells who follows other objects what rules ask of them, once they ask.
    facts: Option<(watch::Sender<Others>, AbortOnDropHandle<()>)>,
    /// Where the rules come from, if they can be read again.
    reloading: Option<Reloading>,
    /// The last reload.
    reloaded: Option<ReloadReport>,
    /// Whether what is due now is done, and no more.
    one_pass: bool,
    ready: bool,
}

struct Running {
    resource: Arc<Resource>,
    rules: Vec<Arc<Rule>>,
    number: u64,
    orders: mpsc::UnboundedSender<Order>,
    stop: CancellationToken,
}

impl Supervisor {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(shared: Arc<Shared>, rules: RuleSet, registry: Registry) -> Self {
        shared.guardrails.add(Arc::clone(&rules.guardrails));
        Self {
            shared,
            rules,
            registry,
            process: Process::default(),
            streaming: Arc::default(),
            running: BTreeMap::new(),
            controllers: JoinSet::new(),
            started: 0,
            told: Assignment::default(),
            server: Server::default(),
            was_away: false,
            reports: mpsc::unbounded_channel(),
            refused: BTreeSet::new(),
            namespaces: None,
            named: watch::Sender::default(),
            namespace_poll: namespaces::POLL,
            facts: None,
            reloading: None,
            reloaded: None,
            one_pass: false,
            ready: false,
        }
    }

    /// What a status tells of the process.
    #[must_use]
    pub fn of_process(mut self, process: Process) -> Self {
        self.process = process;
        self
    }

    /// How often namespaces are listed where they cannot be watched.
    #[must_use]
    pub fn polling_namespaces(mut self, interval: Duration) -> Self {
        self.namespace_poll = interval;
        self
    }

    /// Runs until the daemon is told to stop, and answers calls meanwhile; `ready` is told once the first
    /// lists are done, as far as kinds are served and may be read. Fails only where the server cannot be
    /// asked at the start.
    pub async fn run(
        mut self,
        server: &Server,
        mut calls: mpsc::Receiver<Call>,
        ready: oneshot::Sender<()>,
    ) -> Result<(), DiscoveryError> {
        self.server = server.clone();
        tell_server(server, &self.shared.mode.to_string(), self.rules.rules.len());
        tell_protections(&self.shared.itself, &self.rules.guardrails);
        let stop = self.shared.stop.clone();
        let Places { first_lists, .. } = self.rediscover().await?;
        tell_left_out(&self.told);
        let (sender, mut hints) = mpsc::channel(1);
        let definitions = definitions(&self.shared.catalogue().resources);
        let watch = definitions.map(|resource| self.watch(resource, None, projection()));
        let mut watching = Box::pin(watch_for_kinds(Arc::clone(&self.shared), watch, sender));
        let mut telling = Box::pin(tell_breakers(Arc::clone(&self.shared)));
        let mut learning = Box::pin(learn_the_servers_clock(Arc::clone(&self.shared)));
        let summary = summarize(Arc::clone(self.shared.transport.server_clock().local()), first_lists);
        tokio::pin!(summary);
        let (namespace_sender, mut namespace_events) = mpsc::channel(64);
        self.name_namespaces();
        let mut following = Box::pin(self.follow_namespaces(namespace_sender));
        let mut ready = Some(ready);
        let (mut hints_ended, mut learnt, mut left, mut told_all) = (false, false, false, false);
        let mut questions = Questions::new(Arc::clone(self.shared.transport.server_clock().local()));
        let mut catching_up = true;
        loop {
            if self.lacks_stores() {
                questions.plan_one(ASK_FOR_STORES);
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = &mut summary, if !self.ready => {
                    self.ready = true;
                    // Nobody may wait for it.
                    ready.take().and_then(|ready| ready.send(()).ok());
                }
                () = &mut watching, if !hints_ended => hints_ended = true,
                // While everything is listed, no question is asked at its best moment.
                () = &mut learning, if self.ready && !learnt => learnt = true,
                () = &mut telling, if !told_all => told_all = true,
                Some(hint) = hints.recv() => {
                    // The first list of definitions tells what discovery has just told, but for one that was
                    // made a moment ago and was not served then.
                    let caught_up = !std::mem::take(&mut catching_up);
                    self.was_away |= caught_up && hint == Hint::Back;
                    questions.plan(if caught_up { &REDISCOVER } else { &REDISCOVER[2..3] });
                }
                Some(Ok((place, number, ended))) = self.controllers.join_next() => {
                    self.ended(&place, number, ended);
                    questions.plan(&REDISCOVER);
                }
                () = &mut following, if !left => left = true,
                Some(event) = namespace_events.recv() => self.take_namespace(event),
                Some(report) = self.reports.1.recv() => {
                    if report.is_absent {
                        questions.plan(&REDISCOVER);
                    }
                    self.take_report(report);
                }
                (texts, asked_by) = changed(&mut self.reloading) => drop(Box::pin(self.take_rules(texts, asked_by)).await),
                Some(call) = calls.recv() => Box::pin(self.answer(call)).await,
                () = questions.next() => Box::pin(self.follow_changes()).await,
            }
        }
        while self.controllers.join_next().await.is_some() {}
        Ok(())
    }

    /// Client required: asks the server what it serves, and starts and ends controllers by it.
    async fn rediscover(&mut self) -> Result<Places, DiscoveryError> {
        let catalogue = self.discover(&self.rules).await?;
        let assignment = assign(&self.rules, &catalogue, &self.registry);
        self.adopt(assignment);
        Ok(self.arrange())
    }

    /// Client required: asks the server what it serves, as far as these rules need to know.
    async fn discover(&self, rules: &RuleSet) -> Result<Arc<Catalogue>, DiscoveryError> {
        let (earlier, transport) = (self.shared.catalogue(), &self.shared.transport);
        let mut catalogue = discover(transport).await?.keeping(&earlier);
        if rules.is_wide() {
            catalogue = catalogue.with_stores(transport, &earlier).await;
        }
        let catalogue = Arc::new(catalogue);
        for (group, reason) in &catalogue.failed {
            warn!(group, reason, "what this group serves is not known");
        }
        self.shared.set_catalogue(Arc::clone(&catalogue));
        Ok(catalogue)
    }

    /// A wildcard does not stand for all that it should yet.
    fn lacks_stores(&self) -> bool {
        self.rules.is_wide() && !self.shared.catalogue().knows_stores()
    }

    /// Takes over which rules watch what.
    fn adopt(&mut self, assignment: Assignment) {
        let served =
            |kind: &str| self.shared.catalogue().resources.iter().any(|resource| resource.name() == kind);
        for kind in self.told.watched.keys().filter(|kind| !assignment.watched.contains_key(*kind)) {
            if !served(kind) {
                tell_dormant(kind);
            }
        }
        self.told = assignment;
    }

    /// Starts, changes and ends controllers, so that each kind is watched where it should be, with the rules
    /// that are in force.
    fn arrange(&mut self) -> Places {
        // First, so that it is known by when their objects are listed.
        self.ask_for_facts();
        let wanted = self.places();
        self.running.retain(|place, running| {
            let stays = wanted.contains_key(place);
            if !stays {
                running.stop.cancel();
            }
            stays
        });
        let mut places = Places::default();
        for (place, (resource, rules)) in wanted {
            match self.running.get(&place) {
                Some(running) if running.resource == resource && same_rules(&running.rules, &rules) => {}
                Some(_) => places.replaced.extend(self.replace(&place, resource, rules)),
                None => places.first_lists.push((place.clone(), self.start(place, resource, rules))),
            }
        }
        places
    }

    fn ended(&mut self, place: &Place, number: u64, ended: Ended) {
        let same = self.running.get(place).is_some_and(|running| running.number == number);
        if same {
            self.running.remove(place);
            if ended == Ended::Absent && place.namespace.is_none() {
                tell_dormant(&place.kind);
            }
        }
    }

    /// Client required. A server that does not say it is asked with the next question.
    async fn follow_version(&mut self) {
        let Ok(version) = server_version(&self.shared.transport).await else { return };
        self.was_away = false;
        let before = std::mem::replace(&mut self.server.version, version);
        let version = &self.server.version;
        if *version != before {
            info!(version, before, "the server is {version} now, and was {before}");
        }
    }

    /// Client required.
    async fn follow_changes(&mut self) {
        if self.was_away {
            self.follow_version().await;
        }
        let before: BTreeSet<String> = self.running.keys().map(|place| place.kind.clone()).collect();
        match self.rediscover().await {
            Ok(_) => {
                for (place, running) in &self.running {
                    if !before.contains(&place.kind) {
                        let rules = named(&running.rules);
                        let kind = &place.kind;
                        info!(kind, rules, "the server serves this kind now: its rules are awake");
                    }
                }
            }
            Err(error) => {
                warn!(reason = in_full(&error), "what the server serves cannot be asked; asking again");
            }
        }
    }
}

fn tell_dormant(kind: &str) {
    info!(kind, "the server does not serve this kind any more: its rules are dormant");
}

fn named(rules: &[Arc<Rule>]) -> String {
    rules.iter().map(|rule| rule.id.to_string()).collect::<Vec<_>>().join(", ")
}

fn same_rules(a: &[Arc<Rule>], b: &[Arc<Rule>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}
