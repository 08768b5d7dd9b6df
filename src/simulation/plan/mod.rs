//! A plan: what rules would do to the objects of a world now and within a time, what would hold them back, and of
//! what it is not known whether they are true, or comes to be so. It is the simulation, played once from this moment on; pure.

mod first_look;
pub(super) mod outlook;
#[cfg(test)]
mod tests;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Mode, Rule, RuleId};

use self::first_look::FirstLook;
pub use self::first_look::Later;
pub use self::unknown::Unknown;
use super::knowledge::Missing;
use super::world::{ObjectId, World};
use super::{Endless, Guard, HeldBy, Outcome, Record, Simulation, Watching};

/// So many objects are named; the others are counted.
const EXAMPLES: usize = 3;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// From which moment on.
    pub at: Timestamp,
    /// For how long.
    pub within: Duration,
    /// What holds rules back.
    pub guard: Guard,
}

/// What would be done.
#[derive(Debug)]
pub struct Plan {
    /// From this moment on.
    pub at: Timestamp,
    /// Up to this one, it included.
    pub until: Timestamp,
    /// How many objects some rule looks at.
    pub objects: usize,
    /// What would be done, told or held back, in the order of its time.
    pub rows: Vec<Row>,
    /// What is not known at the first moment, and what comes to be so, in the order of the rules.
    pub unknown: Vec<Unknown>,
    /// What is true at the first moment and falls due after the last, in the order of the rules.
    pub later: Vec<Later>,
    /// What would have to be looked up to know all of it.
    pub missing: BTreeSet<Missing>,
    /// What rules would do and undo without end, and is not told any further.
    pub endless: Vec<String>,
}

/// One step of a rule on one object.
#[derive(Clone, Debug)]
pub struct Row {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The resource: `virtualmachines.kubevirt.io`.
    pub resource: String,
    /// `None`: it is in none.
    pub namespace: Option<Arc<str>>,
    /// The object's name.
    pub name: Box<str>,
    /// When.
    pub at: Timestamp,
    /// Which of the rule's steps, from 0.
    pub step: usize,
    /// Why: the matchers' values.
    pub reason: String,
    /// What would become of it.
    pub fate: Fate,
    /// Since when the rule has been true of it, nobody can tell: its `for` counts from the plan's first moment.
    pub counts_from_now: bool,
    /// What could hold it back, and is not known: `namespace test-a`.
    pub not_known: Vec<String>,
    /// The rule's `inFlight` lets it begin once this one is gone: `pods/test-a/web-1`.
    pub after: Option<String>,
}

/// What would become of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It would be done.
    Done,
    /// A line would be logged, in whatever mode; nothing would be sent.
    Logged,
    /// It would be told alone, in this mode.
    Told(Mode),
    /// It would be held back.
    Held(HeldBy, String),
}

impl Row {
    /// `pods/test-a/web-1`.
    #[must_use]
    pub fn object(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{}/{namespace}/{}", self.resource, self.name),
            None => format!("{}/{}", self.resource, self.name),
        }
    }

    /// `delete`.
    #[must_use]
    pub fn action(&self) -> &'static str {
        self.rule.steps[self.step].name
    }

    /// Whether something would be held back.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.fate, Fate::Held(..))
    }
}

impl Plan {
    /// How many objects or steps would really be done something to.
    #[must_use]
    pub fn done(&self) -> usize {
        self.rows.iter().filter(|row| row.fate == Fate::Done).count()
    }
}

/// Plays a world from a moment on. `watching` has the rules of each kind of it.
#[must_use]
pub fn plan(world: World, watching: Vec<Vec<Watching>>, question: &Question) -> Plan {
    let Question { at, within, guard } = question;
    let until = after(*at, *within);
    let mut simulation = Simulation::over(world, watching, *at, guard.clone());
    let FirstLook { objects, mut unknown, outlook, later, from_now } = FirstLook::at(&simulation, until);
    simulation.outlook = Some(outlook);
    simulation.list_world();
    simulation.advance_to(until);
    if let Some(outlook) = simulation.outlook.take() {
        outlook.tell(&simulation, &mut unknown);
    }
    let unknown = unknown.all();
    let mut from_now = from_now;
    let rows =
        (0..simulation.records().len()).filter_map(|index| row(&simulation, index, &mut from_now)).collect();
    let endless = endless(&simulation);
    Plan { at: *at, until, objects, rows, unknown, later, missing: simulation.missing().clone(), endless }
}

/// What has no end: of the same rules one object, and how many others there are.
fn endless(simulation: &Simulation) -> Vec<String> {
    let mut found: BTreeMap<_, (&Endless, usize)> = BTreeMap::new();
    for endless in simulation.endless() {
        found.entry(endless.alike()).or_insert((endless, 0)).1 += 1;
    }
    let told = |(first, count): &(&Endless, usize)| {
        let mut object = simulation.world().name_of(&first.object);
        match count - 1 {
            0 => {}
            1 => object.push_str(" and 1 other"),
            others => object.push_str(&format!(" and {others} others")),
        }
        format!("{}: {}", first.told(&object), first.help())
    };
    found.values().map(told).collect()
}

/// The rules that look at an object, with their places among those of its kind.
fn selecting<'s>(
    simulation: &'s Simulation,
    kind: usize,
    object: &'s Observation,
) -> impl Iterator<Item = (usize, &'s Arc<Rule>)> {
    let reach = &simulation.guard.itself.reach;
    let is_out_of_reach = match object.namespace() {
        Some(namespace) => reach.leaves_out(namespace),
        None => reach.leaves_out_the_cluster(),
    };
    let rules = simulation.rules_of(kind).iter().enumerate().filter(move |_| !is_out_of_reach);
    rules.filter(|(_, rule)| rule.scope.selects(object.namespace()))
}

/// What would be done to an object by a rule whose `for` counts from the first moment.
type FromNow = BTreeSet<(ObjectId, RuleId)>;

fn row(simulation: &Simulation, index: usize, from_now: &mut FromNow) -> Option<Row> {
    let record: &Record = &simulation.records()[index];
    let rule = simulation.rules_of(record.object.kind).iter().find(|rule| rule.id == record.rule)?;
    let fate = match &record.outcome {
        Outcome::Done if record.action == "log" => Fate::Logged,
        Outcome::Done => Fate::Done,
        Outcome::Told(mode) => Fate::Told(*mode),
        Outcome::Held(by, why) => Fate::Held(*by, why.clone()),
        Outcome::GivenUp => Fate::Held(HeldBy::GivenUp, given_up(record)),
    };
    let episode = (record.object.clone(), record.rule.clone());
    let counts_from_now = from_now.contains(&episode);
    // What comes after it is another episode, or another step.
    if counts_from_now && !matches!(fate, Fate::Held(..)) && record.step + 1 == rule.steps.len() {
        from_now.remove(&episode);
    }
    Some(Row {
        rule: Arc::clone(rule),
        resource: simulation.world().kinds()[record.object.kind].resource.clone(),
        namespace: record.object.key.namespace.clone(),
        name: record.object.key.name.clone(),
        at: record.at,
        step: record.step,
        reason: record.reason.clone(),
        fate,
        counts_from_now,
        not_known: record.not_known.clone(),
        after: record.after.as_ref().map(|id| simulation.world().name_of(id)),
    })
}

fn given_up(record: &Record) -> String {
    match record.action {
        "evict" => "its eviction was refused for too long: the rule leaves it alone".to_owned(),
        _ => "its replacements keep failing: the rule leaves its owner alone".to_owned(),
    }
}
