//! What is said over the control socket: one line of JSON each way, then the daemon closes the connection. The
//! words of both ends, and of `--format json`: keys are added, never changed without a new version.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version that this program speaks. A daemon answers another one with [`Response::Error`].
pub const VERSION: u32 = 1;

/// A longer request is refused unread.
pub const LONGEST_REQUEST: usize = 64 * 1024;

/// A request with the version that its sender speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// [`VERSION`].
    pub version: u32,
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
}

/// What a daemon is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Request {
    /// How it is.
    Status,
    /// Read the rules again, and swap them in if they are sound.
    Reload {
        /// Also where more than half of the rules would go.
        #[serde(default)]
        accept_removals: bool,
        /// By SIGHUP, which is never said over the socket.
        #[serde(skip)]
        by_signal: bool,
    },
    /// Do nothing more until `Resume`, across restarts.
    Pause {
        /// Why, for whoever looks at the status.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Go on.
    Resume {
        /// With this rule, whose breaker is open; `None`: after a pause.
        #[serde(default)]
        rule: Option<String>,
    },
    /// List every kind afresh and do what is due, now.
    Sweep {
        /// Wait so many seconds for what was deleted to be gone.
        #[serde(default)]
        wait_seconds: Option<u64>,
    },
    /// What was healed.
    Summary,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Response {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To [`Request::Reload`].
    Reload(ReloadReport),
    /// To [`Request::Resume`] of a rule: its breaker is closed now.
    Breaker {
        /// `pack/rule`.
        rule: String,
        /// It was open.
        was_open: bool,
    },
    /// To [`Request::Pause`] and [`Request::Resume`]: since when it pauses, if it does.
    Pause {
        /// `None`: it does not.
        paused: Option<Paused>,
    },
    /// To [`Request::Sweep`] and [`Request::Summary`].
    Summary(Summary),
    /// The request cannot be answered.
    Error {
        /// Why, and what to do.
        message: String,
    },
}

/// How a daemon is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Since when it runs.
    pub started: Timestamp,
    /// Whether every kind has been listed, as far as it is served and permitted.
    pub ready: bool,
    /// The arguments that it was started with, without the program: what `restart` starts again.
    pub arguments: Vec<String>,
    /// The folder that it was started in.
    pub folder: PathBuf,
    /// Where it is connected to.
    pub cluster: Cluster,
    /// `observe`, `dry-run` or `enforce`.
    pub mode: String,
    /// Whether it pauses.
    pub paused: Option<Paused>,
    /// Bytes of its resident set, where the system tells.
    pub memory: Option<u64>,
    /// Tasks of its runtime that are alive.
    #[serde(default)]
    pub tasks: usize,
    /// Where its log goes; `None`: to standard error.
    pub log_file: Option<PathBuf>,
    /// What keeps the log from being written, if something does.
    pub log_trouble: Option<String>,
    /// Namespaces that some rule selects, where they may be read.
    pub namespaces: Option<usize>,
    /// Each rule on each kind.
    pub rules: Vec<RuleStatus>,
    /// The breakers that are open.
    #[serde(default)]
    pub breakers: Vec<OpenBreaker>,
    /// Each watch.
    pub watches: Vec<WatchStatus>,
    /// What is due next, the soonest first.
    pub deadlines: Vec<Deadline>,
    /// The last reload.
    pub reload: Option<ReloadReport>,
}

/// Where a daemon is connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// `https://127.0.0.1:6443`.
    pub url: String,
    /// The kubeconfig's context; `None`: the pod's own account.
    pub context: Option<String>,
    /// `v1.37.2`.
    pub version: String,
    /// `None`: it may not be known.
    pub nodes: Option<usize>,
}

/// Since when and why a daemon does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paused {
    /// Since when.
    pub since: Timestamp,
    /// Why, if somebody said.
    pub reason: Option<String>,
}

/// The breaker of a rule is open: nothing more is done by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenBreaker {
    /// `pack/rule`.
    pub rule: String,
    /// Since when, and by how much.
    pub reason: String,
    /// When it closes if nothing happens; `None`: not by time alone.
    pub closes: Option<Timestamp>,
}

/// Whether a rule runs on a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleState {
    /// Its kind is watched.
    #[default]
    Active,
    /// The server does not serve the kind.
    Dormant,
    /// The kind may not be read.
    Forbidden,
    /// It cannot run on the kind as it is written.
    Refused,
}

/// One rule on one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleStatus {
    /// `pack/rule`.
    pub rule: String,
    /// `pods`; where it is not served, as the rule writes it.
    pub kind: String,
    /// Whether it runs.
    pub state: RuleState,
    /// Why it does not, where it does not.
    pub reason: Option<String>,
    /// Objects that its namespaces select.
    pub selected: usize,
    /// Objects of which it is true, or which it is in the middle of its steps with.
    pub matching: usize,
    /// Steps done on the cluster.
    pub acted: u64,
    /// Steps that a protection, a cooldown or a refusal held back.
    pub held: u64,
    /// Steps that failed.
    pub failed: u64,
    /// Evaluations of the rule's expressions (`cel`) that failed, over all its kinds: what failed was unknown.
    #[serde(default)]
    pub unknown: u64,
}

/// How a watch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// The first list is under way.
    #[default]
    Listing,
    /// It follows the server.
    Following,
    /// It was cut, and tries again; nothing is done meanwhile.
    Interrupted,
    /// Reading is not permitted; it tries again.
    Forbidden,
}

/// One watch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchStatus {
    /// `pods`.
    pub kind: String,
    /// `None`: the whole cluster.
    pub namespace: Option<String>,
    /// How it is.
    pub health: Health,
    /// Since when.
    pub since: Timestamp,
    /// Why it does not follow.
    pub reason: Option<String>,
    /// Objects in namespaces that some rule selects.
    pub objects: usize,
    /// Those of them that have a timer.
    pub armed: usize,
}

/// An object that falls due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// When, on the server's clock.
    pub at: Timestamp,
    /// `pods/test-a/web-1`.
    pub object: String,
}

/// What came of reading the rules again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReloadOutcome {
    /// The new rules are in force.
    Applied,
    /// They say the same as before.
    Unchanged,
    /// They have errors: the rules before stay in force.
    Invalid,
    /// More than half of the rules would go: asked again, or told to, it takes them.
    Unconfirmed,
    /// The cluster could not be asked: the rules before stay in force.
    Failed,
}

/// What came of reading the rules again, and what differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReloadReport {
    /// When.
    pub at: Timestamp,
    /// What asked for it: `file`, `signal`, `command`.
    pub asked_by: String,
    /// What came of it.
    pub outcome: ReloadOutcome,
    /// The difference, a line each, as the log has it.
    pub diff: Vec<String>,
    /// What `validate-rules` would say, or why the cluster could not be asked.
    pub problems: Vec<String>,
}

/// What was healed since the start, or by one sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Each combination of rule, kind, namespace and action that something came of.
    pub rows: Vec<SummaryRow>,
    /// Objects that were deleted and are still there, with what holds them: after a sweep that waited.
    pub remaining: BTreeMap<String, String>,
    /// Why the pass is not complete, if it is not.
    pub incomplete: Vec<String>,
}

/// What one rule did in one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SummaryRow {
    /// `pack/rule`.
    pub rule: String,
    /// `pods`.
    pub kind: String,
    /// `None`: cluster-scoped.
    pub namespace: Option<String>,
    /// `delete`.
    pub action: String,
    /// Steps done on the cluster.
    pub acted: u64,
    /// Steps that a stronger mode would have done.
    #[serde(default)]
    pub would: u64,
    /// Steps held back.
    pub held: u64,
    /// Steps that failed.
    pub failed: u64,
    /// Why the last one was held back or failed.
    pub reason: Option<String>,
    /// When the last of them was.
    pub last: Timestamp,
}
