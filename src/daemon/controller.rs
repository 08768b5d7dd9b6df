//! One kind: its watch feeds the tracker, the tracker's timers start workers, their results go back into
//! the tracker. All state is in this one task and synchronous; only reads and writes run beside it. What it
//! does with events is in [`events`], with what it reads live in [`judging`]; [`replacing`] brings in other
//! rules, [`handover`] a watch of the whole cluster, [`census`] tells how it is.

mod census;
mod creations;
mod events;
mod facts;
mod feed;
mod going;
mod handover;
mod judging;
mod replacing;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::facts::{Facts, Others};
use k8s_healer_engine::guard;
use k8s_healer_engine::moment::{Now, after};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::tracker::{DueStep, StepResult, Ticket, Tracker};
use k8s_healer_engine::unseen::UnseenPaths;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use self::census::Wellbeing;
pub use self::census::{Census, RuleCensus, Settled};
use self::creations::CreationLog;
use self::feed::Feed;
use self::going::Going;
use self::handover::{Heir, Inheritance};
pub use self::replacing::Replacement;
use self::replacing::{Successor, next_of};
use super::Shared;
use super::control::protocol::Health;
use super::facts::Change;
use super::supervisor::{Place, WatchReport};
use super::worker::{Reading, read, read_all};
use crate::cluster::resource::Resource;
use crate::cluster::survey::Survey;
use crate::cluster::watch::{Watch, WatchEvent};

/// No sleep is longer: after a suspend the monotonic clock has not counted, and the deadline is looked
/// at again.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// The last part of a sleep is measured when it begins: the server's clock may be known better by then.
const LAST_SLEEP: Duration = Duration::from_secs(1);
/// Reads and writes of one kind that run or wait for their turn; the pace is kept over all kinds.
const AT_ONCE: usize = 32;
/// Where more fall due at once in one namespace, one list replaces the single reads (DESIGN 4).
const CROWD: usize = 50;
/// So many objects at the most are kept from one list until they have been acted on.
const SURVEYED: usize = 500;
/// What is not served in this version may be in another: so long the supervisor has to find out.
const ABSENT: Duration = Duration::from_secs(2);
/// What was begun on the cluster may take so long when the daemon ends; the rest of its second is for
/// everything else.
const LAST_WRITES: Duration = Duration::from_millis(700);

/// What the supervisor asks of a controller.
#[derive(Debug)]
pub enum Order {
    /// How it is.
    Census(oneshot::Sender<Census>),
    /// Other rules, or another version of the kind.
    Replace(Box<Replacement>),
    /// Tell once everything that is due has been done.
    Settle(oneshot::Sender<Settled>),
    /// The kind is watched in the whole cluster from now on: hand over, and end.
    HandOver(oneshot::Sender<Tracker>),
    /// Those who watched it in namespaces until now.
    Inherit(Vec<oneshot::Receiver<Tracker>>),
}

/// Why a controller ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The daemon ends, or the kind is not watched any more.
    Stopped,
    /// The server does not serve the kind any more.
    Absent,
}

/// What a controller is made of.
pub struct Beginning {
    /// What all controllers share.
    pub shared: Arc<Shared>,
    /// What it watches, and how.
    pub watch: Watch,
    /// The rules of the kind.
    pub rules: Vec<Arc<Rule>>,
    /// Is told once the first list is complete.
    pub first_list: oneshot::Sender<Census>,
    /// What the supervisor asks.
    pub orders: mpsc::UnboundedReceiver<Order>,
    /// Is told how the watch fares.
    pub(super) reports: mpsc::UnboundedSender<WatchReport>,
    /// Where it watches.
    pub(super) place: Place,
    /// Its number among all that were started.
    pub(super) number: u64,
    /// Whether it does what is due at its first list alone.
    pub(super) one_pass: bool,
    /// Ends it, as the daemon's end does.
    pub stop: CancellationToken,
}

/// The controller of one kind, in the whole cluster or in one namespace.
pub struct Controller {
    shared: Arc<Shared>,
    resource: Arc<Resource>,
    tracker: Tracker,
    feed: Feed,
    /// Other rules, whose first list is under way.
    successor: Option<Successor>,
    inheritance: Inheritance,
    /// What it counts for limits counts nowhere.
    is_uncounted: bool,
    heir: Option<Heir>,
    /// Paths of its rules that no object has had.
    unseen: UnseenPaths,
    /// What its rules ask of other objects.
    others: Others,
    fact_changes: broadcast::Receiver<Arc<Change>>,
    /// What is watched, to be listed anew.
    watch: Watch,
    going: Going,
    creations: CreationLog,
    readings: JoinSet<Reading>,
    surveys: JoinSet<(Vec<Ticket>, Result<Survey, String>)>,
    works: JoinSet<(DueStep, Option<StepResult>)>,
    /// The watch follows the server: until then nothing falls due.
    fresh: bool,
    /// Since when the server does not serve the kind in this version any more, on the local clock.
    absent_since: Option<Timestamp>,
    /// Ends with the freshness: what was judged and is not sent by then is judged again.
    while_fresh: CancellationToken,
    wellbeing: Wellbeing,
    /// Live reads that failed one after the other, and what was told of them.
    failed_reads: (u32, String),
    /// When it was last told that objects cannot be read, and how many of them have not been told of since.
    left_out: (Option<Timestamp>, usize),
    orders: mpsc::UnboundedReceiver<Order>,
    reports: mpsc::UnboundedSender<WatchReport>,
    place: Place,
    number: u64,
    one_pass: bool,
    stop: CancellationToken,
    first_list: Option<oneshot::Sender<Census>>,
    settling: Vec<oneshot::Sender<Settled>>,
}

/// All that the rules of a kind read, and what identity and steps need.
#[must_use]
pub fn projection_of(rules: &[Arc<Rule>]) -> Projection {
    let mut projection = Projection::of_identity();
    rules.iter().for_each(|rule| rule.reads(&mut projection));
    projection
}

/// All that the rules of a kind ask of other objects.
fn others_of(rules: &[Arc<Rule>]) -> Others {
    let mut others = Others::default();
    rules.iter().for_each(|rule| rule.reads_of_others(&mut others));
    others
}

/// What is known of the other objects that rules ask about; of what no rule selects, nothing is asked.
fn facts_of(shared: &Shared, tracker: &mut Tracker, object: &Observation, others: &Others) -> Facts {
    if tracker.selects(object.namespace()) { shared.facts.of(object, others) } else { Facts::none() }
}

impl Controller {
    /// Begins to watch; within a runtime.
    #[must_use]
    pub fn new(beginning: Beginning) -> Self {
        let Beginning { shared, watch, rules, first_list, orders, reports, place, number, one_pass, stop } =
            beginning;
        Self {
            wellbeing: Wellbeing::new(shared.transport.server_clock().local().now()),
            resource: Arc::clone(&watch.resource),
            unseen: UnseenPaths::new(&rules),
            others: others_of(&rules),
            fact_changes: shared.facts.changes(),
            tracker: Tracker::new(rules).within(shared.itself.reach.clone()).counted_in(&shared.ledger),
            shared,
            feed: Feed::of(watch.clone()),
            watch,
            successor: None,
            inheritance: Inheritance::default(),
            is_uncounted: false,
            heir: None,
            going: Going::default(),
            creations: CreationLog::default(),
            readings: JoinSet::new(),
            surveys: JoinSet::new(),
            works: JoinSet::new(),
            fresh: false,
            absent_since: None,
            while_fresh: stop.child_token(),
            failed_reads: (0, String::new()),
            left_out: (None, 0),
            orders,
            reports,
            place,
            number,
            one_pass,
            stop,
            first_list: Some(first_list),
            settling: Vec::new(),
        }
    }

    /// Follows the kind until the daemon ends or the kind goes.
    pub async fn run(mut self) -> Ended {
        let stop = self.stop.clone();
        let mut pauses = self.shared.pause.changes();
        let mut guardrails = self.shared.guardrails.changes();
        let mut limits_eased = self.shared.limits_eased.subscribe();
        let ended = loop {
            let sleep = self.sleep_until_due();
            tokio::select! {
                // Events before timers: at the same instant, the event counts first.
                biased;
                () = stop.cancelled() => break Ended::Stopped,
                Some(order) = self.orders.recv() => self.obey(order),
                change = self.fact_changes.recv(), if !self.others.is_nothing() => self.take_facts(change),
                event = self.feed.next(), if !self.inheritance.is_awaited() && self.absent_since.is_none() => {
                    self.take_in(event.unwrap_or(WatchEvent::Absent));
                }
                event = next_of(&mut self.successor) => self.prepare(event),
                () = self.inheritance.next() => {}
                Some(Ok(reading)) = self.readings.join_next() => self.judge(reading),
                Some(Ok((tickets, result))) = self.surveys.join_next() => self.judge_all(tickets, result),
                Some(Ok((due, result))) = self.works.join_next() => self.conclude(&due, result),
                Ok(()) = pauses.changed() => {}
                Ok(()) = guardrails.changed() => self.tracker.look_again_at_held(),
                Ok(()) = limits_eased.changed() => self.look_at_limits(),
                () = sleep => self.start_due(),
            }
            self.inherit();
            self.succeed();
            if self.is_gone() {
                break Ended::Absent;
            }
            self.tell_settled();
            if self.can_hand_over() {
                break Ended::Stopped;
            }
        };
        self.readings.abort_all();
        self.surveys.abort_all();
        let last_writes = async { while self.works.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_WRITES, last_writes).await.is_err() {
            warn!(kind = %self.resource, "ended before the server answered a write");
        }
        // Before its first list it knows nothing.
        if let Some(heir) = self.heir.filter(|_| self.wellbeing.health != Health::Listing) {
            // The heir may have ended.
            drop(heir.tracker.send(self.tracker));
        }
        ended
    }

    fn look_at_limits(&mut self) {
        self.tracker.it_is(self.now().earliest);
        self.tracker.look_at_limits();
    }

    fn obey(&mut self, order: Order) {
        match order {
            // Nobody may wait for the answer any more.
            Order::Census(reply) => drop(reply.send(self.census())),
            Order::Replace(replacement) => self.replace(*replacement),
            Order::Settle(reply) => self.settling.push(reply),
            Order::HandOver(heir) => self.hand_over_to(heir),
            Order::Inherit(trackers) => self.inherit_from(trackers),
        }
    }

    /// Whether no other version has come in the place of one that is not served any more.
    fn is_gone(&self) -> bool {
        let now = self.shared.transport.server_clock().local().now();
        let is_over = |since| self.one_pass || now >= after(since, ABSENT);
        self.successor.is_none() && self.absent_since.is_some_and(is_over)
    }

    fn sleep_until_due(&self) -> impl Future<Output = ()> + use<> {
        let clock = self.shared.transport.server_clock();
        let ready = self.fresh && self.has_room();
        let due = if ready { self.tracker.next_due() } else { None };
        let look = if self.fresh { self.unseen.next_look() } else { None };
        let until = |moment: Option<Timestamp>| {
            moment.map_or(LONGEST_SLEEP, |moment| clock.until(moment).min(LONGEST_SLEEP))
        };
        let wait = until(due);
        if wait < LONGEST_SLEEP {
            self.shared.deadline_near.notify_one();
        }
        let wait = wait.min(until(look)).min(until(self.creations.next_look()));
        let succession = self.successor.as_ref().and_then(Successor::ready_at);
        let absence =
            self.absent_since.filter(|_| self.successor.is_none()).map(|since| after(since, ABSENT));
        let heir = self.heir.as_ref().map(|heir| heir.from);
        let succession = succession.into_iter().chain(heir).chain(absence).min();
        let wait = wait.min(succession.map_or(LONGEST_SLEEP, |moment| {
            Duration::try_from(moment.duration_since(clock.local().now())).unwrap_or_default()
        }));
        clock.local().sleep(if wait > LAST_SLEEP * 2 { wait.saturating_sub(LAST_SLEEP) } else { wait })
    }

    /// What has fallen due waits in the tracker, not as a task each.
    fn has_room(&self) -> bool {
        self.readings.len() + self.works.len() < AT_ONCE
            && self.surveys.is_empty()
            && !self.shared.pause.is_on()
            && !self.is_succession_near()
            && self.heir.is_none()
    }

    /// Nothing is being read or acted on.
    fn is_idle(&self) -> bool {
        self.readings.is_empty() && self.surveys.is_empty() && self.works.is_empty()
    }

    fn now(&self) -> Now {
        let clock = self.shared.transport.server_clock();
        Now { earliest: clock.earliest(), latest: clock.latest() }
    }

    fn set_fresh(&mut self, fresh: bool) {
        if !fresh {
            self.while_fresh.cancel();
        } else if self.while_fresh.is_cancelled() {
            self.while_fresh = self.stop.child_token();
        }
        self.fresh = fresh;
        self.tracker.set_following(fresh);
    }

    fn start_due(&mut self) {
        let now = self.shared.transport.server_clock().earliest();
        self.creations.look(&self.resource, now);
        if !self.fresh {
            return;
        }
        if self.unseen.next_look().is_some_and(|look| look <= now) {
            self.tell_unseen();
        }
        if self.has_room()
            && let Some(namespace) = self.tracker.crowded(now, CROWD)
        {
            let tickets = self.tracker.take_due_in(namespace.as_deref(), now, SURVEYED);
            let (shared, resource) = (Arc::clone(&self.shared), Arc::clone(&self.resource));
            let mut projection = projection_of(self.tracker.rules());
            guard::reads(&mut projection);
            self.surveys.spawn(read_all(shared, resource, namespace, tickets, projection));
            return;
        }
        while self.has_room()
            && let Some(ticket) = self.tracker.take_due(now)
        {
            self.readings.spawn(read(Arc::clone(&self.shared), Arc::clone(&self.resource), ticket));
        }
    }
}
