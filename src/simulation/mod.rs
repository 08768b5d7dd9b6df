//! The world of a test, of a plan or of a question, without a cluster: objects in memory, a clock that is moved
//! by hand, and the engine on them as it runs in the daemon: trackers, protections, cooldowns and steps.
//!
//! It plays what LANGUAGE says of a RuleTest: all watches are synced at the start; an action falls at the instant
//! at which it is due; what is deleted goes, or is terminating until its finalizers are gone; nobody recreates
//! anything. What happens at an instant comes before what is due at it.

mod acting;
pub mod case;
mod changing;
pub mod comparison;
pub mod coverage;
mod disruptions;
mod effects;
mod endless;
pub mod explain;
mod facts;
pub mod gathering;
mod guarding;
mod hints;
pub mod knowledge;
pub mod plan;
mod prepare;
mod record;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::cooldown::Cooldowns;
use k8s_healer_engine::facts::{Facts, Others};
use k8s_healer_engine::limits::Ledger;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Rule, RuleId};
use k8s_healer_engine::tracker::{Origin, Ticket, Tracker};
use serde_json::Value;

use self::coverage::Coverage;
use self::endless::Acts;
pub use self::endless::Endless;
pub use self::guarding::HeldBy;
use self::knowledge::{Missing, Named};
use self::plan::outlook::Outlook;
pub use self::record::{Guard, Idle, Outcome, Record, Watching};
use self::world::{ObjectId, World, WorldKind};

/// What stays due without a step to do is looked at again after this, as in the daemon.
const JUDGE_PAUSE: Duration = Duration::from_secs(1);

/// Objects, rules and a clock.
#[derive(Debug)]
pub struct Simulation {
    world: World,
    /// By kind.
    trackers: Vec<Tracker>,
    /// What became of one kind may let another go on.
    limits_eased: Arc<AtomicBool>,
    /// By kind: for each rule of its tracker, whether it names the kind.
    named: Vec<Vec<bool>>,
    /// By kind: what its rules ask of other objects.
    others: Vec<Others>,
    cooldowns: Cooldowns,
    guard: Guard,
    now: Timestamp,
    records: Vec<Record>,
    /// Kept for a test alone.
    idle: Vec<Idle>,
    /// How often the expressions of each rule failed, and were unknown. Kept for a test alone.
    failures: BTreeMap<RuleId, u64>,
    /// What is held back by another object than itself, by that object, whose changes are seen here.
    waiting: BTreeMap<ObjectId, Vec<(usize, Ticket)>>,
    /// How often rules have acted on each object.
    acts: Acts,
    /// What would have had to be known, and is not.
    missing: BTreeSet<Missing>,
    /// What rules with `inFlight` have removed, group by group, in order.
    flown: BTreeMap<(RuleId, Arc<str>), Vec<ObjectId>>,
    /// The PodDisruptionBudgets from which evictions have taken.
    taken_from: BTreeSet<ObjectId>,
    /// `None`: nobody asks for it.
    coverage: Option<Coverage>,
    /// `None`: nobody asks for it.
    outlook: Option<Outlook>,
}

impl Simulation {
    /// Kinds with the rules that watch them, at a moment.
    #[must_use]
    pub fn new(kinds: Vec<(WorldKind, Vec<Watching>)>, now: Timestamp, guard: Guard) -> Self {
        let (kinds, watching): (Vec<_>, Vec<_>) = kinds.into_iter().unzip();
        Self { coverage: Some(Coverage::default()), ..Self::over(World::new(kinds), watching, now, guard) }
    }

    /// A world as it is, with the rules that watch each of its kinds; nothing of it is listed yet.
    #[must_use]
    pub fn over(world: World, watching: Vec<Vec<Watching>>, now: Timestamp, guard: Guard) -> Self {
        let limits_eased = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&limits_eased);
        let ledger = Ledger::telling(move || told.store(true, Ordering::Relaxed));
        let named = watching.iter().map(|rules| rules.iter().map(|one| one.is_named).collect()).collect();
        let others = watching.iter().map(|rules| others_of(rules)).collect();
        let rules = watching.into_iter().map(|rules| rules.into_iter().map(|one| one.rule).collect());
        Self {
            world,
            trackers: rules
                .map(|rules| Tracker::new(rules).within(guard.itself.reach.clone()).counted_in(&ledger))
                .collect(),
            limits_eased,
            named,
            others,
            cooldowns: Cooldowns::default(),
            guard,
            now,
            records: Vec::new(),
            idle: Vec::new(),
            failures: BTreeMap::new(),
            waiting: BTreeMap::new(),
            acts: Acts::default(),
            missing: BTreeSet::new(),
            flown: BTreeMap::new(),
            taken_from: BTreeSet::new(),
            coverage: None,
            outlook: None,
        }
    }

    /// What there is.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The moment that it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What has been done so far, in order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The steps so far that had nothing to do, in order, in a test.
    #[must_use]
    pub fn idle(&self) -> &[Idle] {
        &self.idle
    }

    /// How often the expressions of each rule failed so far, in a test, where any did.
    #[must_use]
    pub fn failures(&self) -> &BTreeMap<RuleId, u64> {
        &self.failures
    }

    /// What was made true, made false and done, and all that was recorded.
    #[must_use]
    pub fn into_parts(self) -> (Coverage, Vec<Record>) {
        (self.coverage.unwrap_or_default(), self.records)
    }

    /// What would have had to be known so far, and is not.
    #[must_use]
    pub fn missing(&self) -> &BTreeSet<Missing> {
        &self.missing
    }

    /// The rules that watch a kind.
    #[must_use]
    pub fn rules_of(&self, kind: usize) -> &[Arc<Rule>] {
        self.trackers[kind].rules()
    }

    /// The first list of everything.
    pub fn list(&mut self, objects: impl IntoIterator<Item = (usize, Value)>) {
        self.trackers.iter_mut().for_each(Tracker::list_started);
        let listed: Vec<(usize, Arc<Observation>)> =
            objects.into_iter().map(|(kind, value)| (kind, self.world.put(kind, value).object)).collect();
        listed.iter().for_each(|(kind, object)| self.observe(*kind, object));
        self.trackers.iter_mut().for_each(Tracker::list_completed);
    }

    /// The first list of what the world has already. A kind that could not be listed stays without one: nothing of
    /// it falls due.
    pub fn list_world(&mut self) {
        self.trackers.iter_mut().for_each(Tracker::list_started);
        let all: Vec<ObjectId> = self.world.ids().cloned().collect();
        for id in all {
            if let Some(object) = self.world.get(&id) {
                self.observe(id.kind, &object);
            }
        }
        for (kind, tracker) in self.trackers.iter_mut().enumerate() {
            if self.world.knowledge.is_listed(kind) {
                tracker.list_completed();
            }
        }
    }

    fn observe(&mut self, kind: usize, object: &Observation) {
        if self.trackers[kind].rules().is_empty() {
            return;
        }
        self.witness(kind, object);
        let facts = self.facts_of(kind, object);
        self.ask(kind, object, &facts);
        let now = self.now;
        self.counting(kind, |tracker| tracker.observe_with(object, &facts, Origin::Listed, now));
    }

    /// Counts what fails of what the daemon would evaluate, and not of what is looked at here beside it.
    fn counting<T>(&mut self, kind: usize, evaluates: impl FnOnce(&mut Tracker) -> T) -> T {
        if self.coverage.is_none() {
            return evaluates(&mut self.trackers[kind]);
        }
        let failed =
            |tracker: &Tracker| tracker.rules().iter().map(|rule| rule.failed()).collect::<Vec<u64>>();
        let before = failed(&self.trackers[kind]);
        let result = evaluates(&mut self.trackers[kind]);
        let rules = self.trackers[kind].rules().iter();
        for ((rule, before), after) in rules.zip(before).zip(failed(&self.trackers[kind])) {
            if after > before {
                *self.failures.entry(rule.id.clone()).or_default() += after - before;
            }
        }
        result
    }

    /// Notes the facts on which it hangs what the rules are of an object, and which are not known.
    fn ask(&mut self, kind: usize, object: &Observation, facts: &Facts) {
        if self.others[kind].is_nothing() || !self.world.knowledge.is_partial() {
            return;
        }
        for fact in self.trackers[kind].asks(object, facts, self.now) {
            self.missing.extend(Named::telling(&fact, object).map(Missing::Object));
        }
    }

    /// Plays all that is due before this moment, and goes there.
    pub fn advance_before(&mut self, moment: Timestamp) {
        self.advance(|due| due < moment);
        self.go_to(moment);
    }

    /// Plays all that is due up to this moment, it included, and goes there.
    pub fn advance_to(&mut self, moment: Timestamp) {
        self.advance(|due| due <= moment);
        self.go_to(moment);
        self.witness_all();
    }

    fn go_to(&mut self, moment: Timestamp) {
        self.now = self.now.max(moment);
        self.trackers.iter_mut().for_each(|tracker| tracker.it_is(self.now));
    }

    fn advance(&mut self, is_in_time: impl Fn(Timestamp) -> bool) {
        loop {
            if self.limits_eased.swap(false, Ordering::Relaxed) {
                self.trackers.iter_mut().for_each(Tracker::look_at_limits);
            }
            let due =
                (0..self.trackers.len()).filter_map(|kind| Some((self.trackers[kind].next_due()?, kind)));
            let Some((due, kind)) = due.min().filter(|(due, _)| is_in_time((*due).max(self.now))) else {
                return;
            };
            self.go_to(due);
            if let Some(ticket) = self.trackers[kind].take_due(self.now) {
                self.judge(kind, &ticket);
            }
        }
    }

    fn judge(&mut self, kind: usize, ticket: &Ticket) {
        let id = ObjectId { kind, key: ticket.key.clone() };
        let live = self.world.get(&id).filter(|live| live.uid() == &*ticket.uid);
        let Some(live) = live.filter(|_| !self.acts.is_endless(&id)) else {
            return self.trackers[kind].gone(&ticket.key, &ticket.uid);
        };
        self.witness(kind, &live);
        let now = self.now;
        let facts = self.facts_of(kind, &live);
        self.ask(kind, &live, &facts);
        match self.counting(kind, |tracker| tracker.judge_with(ticket, &live, &facts, now, now)) {
            Some(due) => self.act(&id, &due, &live),
            None => {
                self.trackers[kind].release(ticket, now, JUDGE_PAUSE);
                self.look_ahead(&id);
            }
        }
    }

    /// What the rules of a kind can ask of others about an object.
    #[must_use]
    pub fn facts_of(&self, kind: usize, object: &Observation) -> Facts {
        self.world.facts_of(object, &self.others[kind])
    }

    fn witness(&mut self, kind: usize, object: &Observation) {
        if let Some(coverage) = &mut self.coverage {
            let facts = self.world.facts_of(object, &self.others[kind]);
            coverage.witness(self.trackers[kind].rules(), object, &facts, self.now);
        }
    }

    fn witness_all(&mut self) {
        let Some(coverage) = &mut self.coverage else { return };
        for (id, object) in self.world.iter() {
            let facts = self.world.facts_of(&object, &self.others[id.kind]);
            coverage.witness(self.trackers[id.kind].rules(), &object, &facts, self.now);
        }
    }
}

fn others_of(rules: &[Watching]) -> Others {
    let mut others = Others::default();
    rules.iter().for_each(|one| one.rule.reads_of_others(&mut others));
    others
}
