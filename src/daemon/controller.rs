//! One kind: its watch feeds the tracker, the tracker's timers start workers, their results go back into
//! the tracker. All state is in this one task and synchronous; only reads and writes run beside it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::guard;
use k8s_healer_engine::moment::{Now, after};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::rule::Rule;
use k8s_healer_engine::tracker::{DueStep, Origin, StepResult, Ticket, Tracker};
use k8s_healer_engine::unseen::{NeverSeen, UnseenPaths};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::worker::{Reading, Work, read, read_all};
use super::{Shared, summary};
use crate::cluster::in_full;
use crate::cluster::read::ReadError;
use crate::cluster::resource::Resource;
use crate::cluster::survey::Survey;
use crate::cluster::watch::{Watch, WatchEvent};

/// Events between the watch and the tracker; the tracker is the faster of the two.
const EVENTS: usize = 64;
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
/// A live read that failed is repeated after this, or later if the server says so or others fail too.
const READ_PAUSE: Duration = Duration::from_secs(5);
/// Objects that cannot be read are told of this often.
const TOLD_AGAIN: Duration = Duration::from_secs(60);
/// A verdict that is between two truths is looked at again after this.
const JUDGE_PAUSE: Duration = Duration::from_secs(1);
/// What was begun on the cluster may take so long when the daemon ends; the rest of its second is for
/// everything else.
const LAST_WRITES: Duration = Duration::from_millis(700);

/// What a controller tells of itself.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// How many objects are tracked.
    pub objects: usize,
    /// Each rule with how many objects it selects, and of how many it is true now.
    pub rules: Vec<(String, usize, usize)>,
}

/// Why a controller ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The daemon ends.
    Stopped,
    /// The server does not serve the kind any more.
    Absent,
}

/// The controller of one kind.
pub struct Controller {
    shared: Arc<Shared>,
    resource: Arc<Resource>,
    tracker: Tracker,
    /// Paths of its rules that no object has had.
    unseen: UnseenPaths,
    readings: JoinSet<Reading>,
    surveys: JoinSet<(Vec<Ticket>, Result<Survey, String>)>,
    works: JoinSet<(DueStep, Option<StepResult>)>,
    /// The watch follows the server: until then nothing falls due.
    fresh: bool,
    /// Ends with the freshness: what was judged and is not sent by then is judged again.
    while_fresh: CancellationToken,
    /// Live reads that failed one after the other, and what was told of them.
    failed_reads: (u32, String),
    /// When it was last told that objects cannot be read, and how many of them have not been told of since.
    left_out: (Option<Timestamp>, usize),
    /// Ends this controller.
    stop: CancellationToken,
    /// Who waits for the first list.
    first_list: Option<oneshot::Sender<Census>>,
}

/// All that the rules of a kind read, and what identity and steps need.
#[must_use]
pub fn projection_of(rules: &[Arc<Rule>]) -> Projection {
    let mut projection = Projection::of_identity();
    rules.iter().for_each(|rule| rule.reads(&mut projection));
    projection
}

impl Controller {
    /// `first_list` is told once the first list is complete; `stop` ends it, as the daemon's end does.
    #[must_use]
    pub fn new(
        shared: Arc<Shared>,
        resource: Arc<Resource>,
        rules: Vec<Arc<Rule>>,
        first_list: oneshot::Sender<Census>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            shared,
            resource,
            unseen: UnseenPaths::new(&rules),
            tracker: Tracker::new(rules),
            readings: JoinSet::new(),
            surveys: JoinSet::new(),
            works: JoinSet::new(),
            fresh: false,
            while_fresh: stop.child_token(),
            failed_reads: (0, String::new()),
            left_out: (None, 0),
            stop,
            first_list: Some(first_list),
        }
    }

    /// Follows the kind until the daemon ends or the kind goes.
    pub async fn run(mut self, watch: Watch) -> Ended {
        let (sender, mut events) = mpsc::channel(EVENTS);
        let watching = watch.run(sender);
        tokio::pin!(watching);
        let mut watch_ended = false;
        let stop = self.stop.clone();
        let ended = loop {
            let sleep = self.sleep_until_due();
            tokio::select! {
                // Events before timers: at the same instant, the event counts first.
                biased;
                () = stop.cancelled() => break Ended::Stopped,
                event = events.recv() => match event {
                    Some(WatchEvent::Absent) => break Ended::Absent,
                    Some(event) => self.take_in(event),
                    None => break Ended::Absent,
                },
                () = &mut watching, if !watch_ended => watch_ended = true,
                Some(Ok(reading)) = self.readings.join_next() => self.judge(reading),
                Some(Ok((tickets, result))) = self.surveys.join_next() => self.judge_all(tickets, result),
                Some(Ok((due, result))) = self.works.join_next() => self.conclude(&due, result),
                () = sleep => self.start_due(),
            }
        };
        self.readings.abort_all();
        self.surveys.abort_all();
        let last_writes = async { while self.works.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_WRITES, last_writes).await.is_err() {
            warn!(kind = %self.resource, "ended before the server answered a write");
        }
        ended
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
        let wait = wait.min(until(look));
        clock.local().sleep(if wait > LAST_SLEEP * 2 { wait.saturating_sub(LAST_SLEEP) } else { wait })
    }

    /// What has fallen due waits in the tracker, not as a task each.
    fn has_room(&self) -> bool {
        self.readings.len() + self.works.len() < AT_ONCE && self.surveys.is_empty()
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
    }

    fn take_in(&mut self, event: WatchEvent) {
        let now = self.now();
        match event {
            WatchEvent::ListStarted => {
                self.set_fresh(false);
                self.tracker.list_started();
                self.unseen.list_started();
            }
            WatchEvent::Listed(object) => {
                self.unseen.observe(self.tracker.rules(), &object, true, now.earliest);
                self.tracker.observe(&object, Origin::Listed, now);
            }
            WatchEvent::Synced => {
                self.tracker.list_completed();
                self.set_fresh(true);
                debug!(kind = %self.resource, objects = self.tracker.len(), "listed");
                if let Some(first_list) = self.first_list.take() {
                    // Nobody waits any more where the summary was printed without this kind.
                    drop(first_list.send(self.census()));
                }
                self.tell_unseen();
            }
            WatchEvent::Applied(object) => {
                self.unseen.observe(self.tracker.rules(), &object, false, now.earliest);
                if self.tracker.observe(&object, Origin::Event, now) {
                    let concerned = self.unseen.is_concerned(self.tracker.rules(), object.namespace());
                    let object = self.resource.object_name(object.namespace(), object.name());
                    debug!(object, "new object");
                    if concerned {
                        self.tell_unseen();
                    }
                }
            }
            WatchEvent::Deleted { namespace, name, uid } => {
                let key = self.tracker.key(namespace.as_deref(), &name);
                self.tracker.gone(&key, &uid);
            }
            WatchEvent::Interrupted { reason } => {
                self.set_fresh(false);
                info!(kind = %self.resource, reason, "the watch was interrupted; nothing is done until it follows again");
            }
            WatchEvent::Resumed => {
                self.set_fresh(true);
                info!(kind = %self.resource, "the watch follows again");
            }
            WatchEvent::Forbidden { reason } => {
                self.set_fresh(false);
                warn!(kind = %self.resource, reason, "watching is not permitted; its rules wait");
            }
            WatchEvent::Undecodable { reason } => self.undecodable(&reason, now.earliest),
            WatchEvent::Absent => {}
        }
    }

    /// A server may send a thousand such objects a second: a line a minute says how many there were.
    fn undecodable(&mut self, reason: &str, now: Timestamp) {
        let (told, untold) = &mut self.left_out;
        if told.is_some_and(|told| now < after(told, TOLD_AGAIN)) {
            *untold += 1;
            return;
        }
        let more = std::mem::take(untold);
        *told = Some(now);
        let others = if more > 0 { format!(" (and {more} others)") } else { String::new() };
        warn!(kind = %self.resource, reason, "an object cannot be read; it is left out{others}");
    }

    fn census(&self) -> Census {
        let rules = self.tracker.rules().iter().zip(self.tracker.matched()).enumerate();
        let counted = |(index, (rule, matched)): (usize, (&Arc<Rule>, usize))| {
            (rule.id.to_string(), self.tracker.selected_by(index), matched)
        };
        Census { objects: self.tracker.len(), rules: rules.map(counted).collect() }
    }

    /// While the watch does not follow the server, it is not known which objects there are.
    fn tell_unseen(&mut self) {
        if !self.fresh {
            return;
        }
        let now = self.shared.transport.server_clock().earliest();
        let (rules, selected) = (self.tracker.rules(), |rule| self.tracker.selected_by(rule));
        for NeverSeen { rule, paths, objects } in self.unseen.take(rules, now, selected) {
            let rule = rules[rule].id.to_string();
            summary::tell_never_seen(&self.resource.name(), &rule, &paths, objects);
        }
    }

    fn start_due(&mut self) {
        if !self.fresh {
            return;
        }
        let now = self.shared.transport.server_clock().earliest();
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

    fn judge(&mut self, reading: Reading) {
        let Reading { ticket, result, permit } = reading;
        let clock = self.shared.transport.server_clock();
        let (now, latest) = (clock.earliest(), clock.latest());
        if result.is_ok() {
            self.failed_reads = (0, String::new());
        }
        let live = match result {
            Ok(Some(live)) if live.uid() == &*ticket.uid => live,
            // It is gone, or another of its name is there, which the watch will tell of.
            Ok(_) => return self.tracker.gone(&ticket.key, &ticket.uid),
            Err(error) => return self.read_failed(&ticket, &error),
        };
        if !self.fresh {
            return self.tracker.release(&ticket, now, JUDGE_PAUSE);
        }
        let Some(due) = self.tracker.judge(&ticket, &live, now, latest) else {
            return self.tracker.release(&ticket, now, JUDGE_PAUSE);
        };
        let rule = Arc::clone(&self.tracker.rules()[due.rule]);
        let (shared, resource) = (Arc::clone(&self.shared), Arc::clone(&self.resource));
        let stop = self.while_fresh.clone();
        self.works.spawn(Work { shared, resource, rule, due, live, stop }.run(permit));
    }

    fn judge_all(&mut self, tickets: Vec<Ticket>, result: Result<Survey, String>) {
        let survey = result.unwrap_or_else(|reason| {
            warn!(kind = %self.resource, objects = tickets.len(), reason, "many fell due and cannot be listed; looking again");
            Survey::default()
        });
        let mut found: HashMap<Box<str>, Observation> =
            survey.found.into_iter().map(|object| (object.name().into(), object)).collect();
        for ticket in tickets {
            let object = found.remove(&ticket.key.name);
            if object.is_some() || survey.complete {
                self.judge(Reading { ticket, result: Ok(object), permit: None });
            } else {
                let now = self.shared.transport.server_clock().earliest();
                self.tracker.release(&ticket, now, READ_PAUSE);
            }
        }
    }

    fn read_failed(&mut self, ticket: &Ticket, error: &ReadError) {
        let object = self.resource.object_name(ticket.key.namespace.as_deref(), &ticket.key.name);
        let asked = match error {
            ReadError::Throttled { retry_after } => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let reason = in_full(error);
        let (failures, told) = &mut self.failed_reads;
        let pause = READ_PAUSE.saturating_mul(1 << (*failures / 16).min(4)).max(asked);
        *failures += 1;
        // A missing right fails every read of the kind: it is told once, not for each object.
        if *told == reason {
            debug!(object, reason, "it fell due and cannot be read; looking again in {pause:?}");
        } else {
            warn!(object, reason, "it fell due and cannot be read; looking again in {pause:?}");
            *told = reason;
        }
        let now = self.shared.transport.server_clock().earliest();
        self.tracker.release(ticket, now, pause);
    }

    fn conclude(&mut self, due: &DueStep, result: Option<StepResult>) {
        let now = self.now();
        if let Some(result) = result {
            self.tracker.step_ended(due, result, now);
        }
        self.tracker.release(&due.ticket, now.earliest, Duration::ZERO);
    }
}
