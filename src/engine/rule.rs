//! A validated rule: what to watch, when it is true, what to do. Nothing after this checks again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::action::Action;
use crate::descriptor::Nature;
use crate::facts::Others;
use crate::guardrails::Guardrails;
use crate::limits::Limits;
use crate::matcher::Matcher;
use crate::projection::Projection;
use crate::values::Globs;
use crate::window::Window;

/// The identity of a rule, `pack/rule`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId {
    /// `metadata.name` of its pack.
    pub pack: Arc<str>,
    /// Its name in the pack.
    pub name: Arc<str>,
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pack, self.name)
    }
}

/// How far a rule goes; the weaker of the rule's and the daemon's wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Log and count.
    Observe,
    /// Send the first due step with the server's dry run, tell the later ones.
    DryRun,
    /// Do it.
    #[default]
    Enforce,
}

impl Mode {
    /// The words of the language, weakest first.
    pub const NAMES: &'static [&'static str] = &["observe", "dry-run", "enforce"];

    /// The mode of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "observe" => Some(Self::Observe),
            "dry-run" => Some(Self::DryRun),
            "enforce" => Some(Self::Enforce),
            _ => None,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}

/// One entry of `watch`, as a person writes it; the cluster's discovery resolves it to a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WatchTarget {
    /// `pods`, `vm`, `deploy`, `virtualmachines.kubevirt.io`, `deployments.v1.apps`: a plural, singular or
    /// short name, with a group (and version) or without.
    Resource {
        /// The plural, singular or short name.
        name: String,
        /// What stands behind the first dot: a group, or `version.group`.
        group: Option<String>,
    },
    /// `kubevirt.io/v1/VirtualMachine`, `v1/Pod`.
    Kind {
        /// The group; empty for the core group.
        group: String,
        /// The version.
        version: String,
        /// The kind.
        kind: String,
    },
    /// `*.kubevirt.io`, `*`: every kind that can be listed, watched and deleted.
    Every {
        /// Of this group; `None`: of all.
        group: Option<String>,
    },
    /// `!leases.coordination.k8s.io`: not this, whatever else is in the list.
    Except(Box<WatchTarget>),
}

impl WatchTarget {
    /// Whether it stands for as many kinds as there are.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        matches!(self, Self::Every { .. })
    }
}

impl fmt::Display for WatchTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource { name, group: None } => f.write_str(name),
            Self::Resource { name, group: Some(group) } => write!(f, "{name}.{group}"),
            Self::Kind { group, version, kind } if group.is_empty() => write!(f, "{version}/{kind}"),
            Self::Kind { group, version, kind } => write!(f, "{group}/{version}/{kind}"),
            Self::Every { group: None } => f.write_str("*"),
            Self::Every { group: Some(group) } => write!(f, "*.{group}"),
            Self::Except(target) => write!(f, "!{target}"),
        }
    }
}

/// Where a rule looks. It fails closed: a pattern that matches no namespace selects nothing.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Namespaced objects in the namespaces whose name matches.
    Namespaces(Globs),
    /// Cluster-scoped objects, and namespaced ones in every namespace: `scope: cluster`, spelled out.
    Cluster,
}

impl Scope {
    /// What it is written as; scopes with the same patterns select the same. `None`: the cluster.
    #[must_use]
    pub fn patterns(&self) -> Option<Vec<String>> {
        match self {
            Self::Namespaces(globs) => Some(globs.sources()),
            Self::Cluster => None,
        }
    }

    /// What selects this namespace (`None`: cluster-scoped objects), as it is written.
    #[must_use]
    pub fn selecting(&self, namespace: Option<&str>) -> Option<String> {
        match (self, namespace) {
            (Self::Cluster, _) => Some("scope: cluster".to_owned()),
            (Self::Namespaces(globs), Some(namespace)) => globs.including(namespace).map(str::to_owned),
            (Self::Namespaces(_), None) => None,
        }
    }

    /// Whether an object in this namespace (`None`: cluster-scoped) is selected.
    #[must_use]
    pub fn selects(&self, namespace: Option<&str>) -> bool {
        match (self, namespace) {
            (Self::Cluster, _) => true,
            (Self::Namespaces(globs), Some(namespace)) => globs.matches(namespace),
            (Self::Namespaces(_), None) => false,
        }
    }
}

/// How long a later step stays due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepWhile {
    /// While the rule matches.
    Match,
    /// While the object is there.
    Present,
}

/// One step of a rule.
#[derive(Debug)]
pub struct Step {
    /// How long after the step before, or after the rule was due; `None`: at once.
    pub after: Option<Duration>,
    /// `None`: `match` before the object terminates, `present` once the rule itself has deleted it.
    pub while_: Option<StepWhile>,
    /// The action's name: `delete`.
    pub name: &'static str,
    /// What the action does to an object.
    pub nature: Nature,
    /// What is done.
    pub action: Box<dyn Action>,
}

/// A rule, valid by construction.
#[derive(Debug)]
pub struct Rule {
    /// `pack/rule`.
    pub id: RuleId,
    /// What its writer says of it.
    pub description: String,
    /// The kinds it watches; never empty.
    pub watch: Vec<WatchTarget>,
    /// Where it looks.
    pub scope: Scope,
    /// All must hold; never empty. A matcher that stands in several rules may be shared by them.
    pub matches: Vec<Arc<dyn Matcher>>,
    /// `namespaceSelector`, which stands among [`matches`](Self::matches) too: what it leaves out is not watched.
    pub selector: Option<Arc<dyn Matcher>>,
    /// One that is true or unknown spares the object.
    pub unless: Vec<Arc<dyn Matcher>>,
    /// `for`: how long it must have been true without a break.
    pub hold: Duration,
    /// When it may act; `None`: at any time.
    pub schedule: Option<Window>,
    /// What may match at all, and be under way at once; `None`: everything.
    pub limits: Option<Limits>,
    /// How long a replacement of what it acted on is left alone.
    pub cooldown: Duration,
    /// How far it goes.
    pub mode: Mode,
    /// What it does, in order; never empty.
    pub steps: Vec<Step>,
}

/// How long an object must have been terminating where the rule asks for no time: controllers need a
/// while for their own clean-up (DESIGN 5.8).
const PATIENCE: Duration = Duration::from_secs(60);

impl Rule {
    /// How long the object's deletion must have been asked for before a step may run that needs it to be
    /// terminating: what the step's `after` or the match asks, else a minute. `None`: any object will do.
    #[must_use]
    pub fn terminating_for(&self, step: &Step) -> Option<Duration> {
        let asked = || self.matches.iter().filter_map(|matcher| matcher.implies().terminating_for).max();
        step.nature.needs_terminating.then(|| step.after.or_else(asked).unwrap_or(PATIENCE))
    }

    /// Whether one of its steps asks for the object's deletion.
    #[must_use]
    pub fn removes(&self) -> bool {
        self.steps.iter().any(|step| step.nature.removes)
    }

    /// Adds what its matchers ask of other objects.
    pub fn reads_of_others(&self, others: &mut Others) {
        self.matches.iter().chain(&self.unless).for_each(|matcher| matcher.reads_of_others(others));
    }

    /// Whether it hangs on other objects.
    #[must_use]
    pub fn asks_others(&self) -> bool {
        let mut others = Others::default();
        self.reads_of_others(&mut others);
        !others.is_nothing()
    }

    /// Whether it watches kinds that it does not name.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.watch.iter().any(WatchTarget::is_wide)
    }

    /// The first moment, from this one on, at which it may act; `None`: it may not any more.
    #[must_use]
    pub fn opening(&self, moment: Timestamp) -> Option<Timestamp> {
        self.schedule.as_ref().map_or(Some(moment), |window| window.opening(moment))
    }

    /// How many evaluations of its expressions have failed; what failed was unknown.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.matches.iter().chain(&self.unless).map(|matcher| matcher.failed()).sum()
    }

    /// Adds every field that the rule's matchers and actions read.
    pub fn reads(&self, projection: &mut Projection) {
        self.matches.iter().chain(&self.unless).for_each(|matcher| matcher.reads(projection));
        self.steps.iter().for_each(|step| step.action.reads(projection));
        self.limits.iter().for_each(|limits| limits.reads(projection));
        // A step sequence asks whether the object is terminating, and since when.
        projection.read_members(&["metadata", "deletionTimestamp"]);
        projection.read_members(&["metadata", "deletionGracePeriodSeconds"]);
    }
}

/// All rules that run together.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// In the order of their files.
    pub rules: Vec<Arc<Rule>>,
    /// What they are held back by, whatever they say.
    pub guardrails: Arc<Guardrails>,
}

impl RuleSet {
    /// Whether any of them watches kinds that it does not name.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.rules.iter().any(|rule| rule.is_wide())
    }
}
