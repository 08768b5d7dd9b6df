//! What an action asks for: a closed set, so that carrying it out is the only place that touches a
//! cluster, and has no choice left.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::change::Change;
use crate::limits::Bound;
use crate::rule::RuleId;
use crate::value_from::Sourced;

/// Where the rule's name and the reason belong in a message. Noncharacters of Unicode, which are for such a use
/// and in no text that people exchange.
pub(crate) const RULE: char = '\u{fdd0}';
pub(crate) const REASON: char = '\u{fdd1}';

/// One thing to do to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// DELETE with preconditions.
    Delete {
        /// `Background`, `Foreground` or `Orphan`; `None`: the kind's default.
        propagation: Option<&'static str>,
        /// Overrides the object's own grace.
        grace: Option<Duration>,
    },
    /// A policy/v1 eviction with preconditions.
    Evict {
        /// Overrides the pod's own grace.
        grace: Option<Duration>,
        /// Delete once evictions have been refused for `give_up`.
        fallback_to_delete: bool,
        /// How long refusals (429) are waited for.
        give_up: Duration,
    },
    /// A JSON patch that removes these finalizers, each tested.
    StripFinalizers {
        /// The finalizers to remove, all of them on the object.
        names: Vec<String>,
        /// All finalizers as they were seen, in order.
        seen: Vec<String>,
    },
    /// A merge patch of `metadata.labels` or `metadata.annotations`.
    PatchMetadata {
        /// `labels` or `annotations`.
        field: &'static str,
        /// The new values; `None` removes.
        entries: Vec<(String, Option<String>)>,
    },
    /// A patch of the object, with preconditions.
    Patch {
        /// What it changes.
        change: Change,
        /// The subresource that is patched (`scale`, `status`); `None`: the object itself.
        part: Option<&'static str>,
        /// What is told of it: `scaled to 0`.
        told: String,
    },
    /// An Event about the object. It does not touch the object itself.
    Event {
        /// The rule that tells, without its pack.
        rule: String,
        /// What is told.
        message: String,
        /// When.
        at: Timestamp,
    },
    /// A line in the log, nothing on the wire.
    Log {
        /// The finished message.
        message: String,
    },
}

impl Effect {
    /// Whether it writes to the object; what does not, passes every protection.
    #[must_use]
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Log { .. } | Self::Event { .. })
    }

    /// The same with the rule and the reason in its message, which an action does not know.
    #[must_use]
    pub(crate) fn told_by(self, id: &RuleId, reason: &str) -> Self {
        let fill = |message: String| message.replace(RULE, &id.to_string()).replace(REASON, reason);
        match self {
            Self::Log { message } => Self::Log { message: fill(message) },
            Self::Event { message, at, .. } => {
                Self::Event { rule: id.name.to_string(), message: fill(message), at }
            }
            other => other,
        }
    }

    /// Whether it may be sent again where it is not known what became of it.
    #[must_use]
    pub fn may_be_repeated(&self) -> bool {
        match self {
            Self::Patch { change, .. } => change.may_be_repeated(),
            _ => true,
        }
    }

    /// The object as it leaves it, where that can be told; `None`: as it was, or gone.
    #[must_use]
    pub(crate) fn applied(&self, object: &Value) -> Option<Value> {
        match self {
            Self::PatchMetadata { field, entries } => {
                let entries: Map<String, Value> =
                    entries.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
                Change::Merge(json!({ "metadata": { *field: entries } })).applied(object).ok()
            }
            Self::Patch { change, part: None | Some("scale"), .. } => change.applied(object).ok(),
            _ => None,
        }
    }

    /// Whether it asks for the object's deletion.
    #[must_use]
    pub fn removes(&self) -> bool {
        matches!(self, Self::Delete { .. } | Self::Evict { .. })
    }
}

/// Why an action has nothing to do to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inapplicable {
    /// Its deletion was asked for already; later steps count from then.
    AlreadyTerminating {
        /// When, as far as the object tells.
        since: Option<Timestamp>,
    },
    /// It is not terminating, or not for long enough: look again at this moment (`None`: at the next event).
    NotYet {
        /// When it can be done.
        at: Option<Timestamp>,
    },
    /// It cannot be done to the object as it is: looked at again when the object changes.
    Unfit {
        /// Why: `its rollout is paused`.
        why: String,
    },
    /// The object already is as the action would leave it.
    NothingToDo,
    /// More matches than the rule's limits allow, and nothing is done to any of it; or as much is in flight as may
    /// be, and it waits for its turn.
    HeldBack {
        /// How much it is, and what the limit is.
        by: String,
        /// Whose limit that is.
        bound: Bound,
        /// When it ends if nothing happens; `None`: not by time alone.
        until: Option<Timestamp>,
    },
    /// The object does not carry what the action takes from it, or not so that it can be used: looked at again
    /// when the object changes.
    Unreadable {
        /// What cannot be read: ``the value of `label` at $.metadata.annotations.team``.
        what: String,
    },
}

impl Inapplicable {
    /// A value of an action that the object should carry.
    #[must_use]
    pub fn unreadable<T>(action: &str, value: &Sourced<T>) -> Self {
        let path = value.from().map(|from| from.path().to_string()).unwrap_or_default();
        Self::Unreadable { what: format!("the value of `{action}` at {path}") }
    }
}
