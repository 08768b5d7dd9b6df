//! What is known of the other objects that rules ask about: namespaces, nodes, and which owners exist. It is kept by
//! watches of its own ([`keeping`]) and read by all controllers; before anything is acted on, the same is read live
//! ([`looking`]). Whatever is not followed at the moment is unknown.

pub(super) mod keeping;
mod known;
pub(super) mod looking;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use k8s_healer_engine::facts::{Fact, Facts, Others};
use k8s_healer_engine::observation::Observation;
use tokio::sync::{Notify, broadcast};

use self::known::Known;
use crate::cluster::watch::WatchEvent;

/// Changes that a controller has not taken yet; one that is further behind looks at everything anew.
const BEHIND: usize = 1024;

/// Where facts come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    /// The namespaces.
    Namespaces,
    /// The nodes.
    Nodes,
    /// The uids of the objects of a kind that something is owned by.
    Owners {
        /// Empty: the core group.
        group: String,
        /// `ReplicaSet`.
        kind: String,
    },
}

impl Source {
    /// Where a fact of an object comes from; `None`: nobody can tell.
    pub(super) fn of(fact: &Fact, object: &Observation) -> Option<Self> {
        match fact {
            Fact::Namespace(_) => Some(Self::Namespaces),
            Fact::Node(_) => Some(Self::Nodes),
            Fact::Owner(uid) => {
                let owner = object.owners().into_iter().find(|owner| owner.uid == uid)?;
                let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
                Some(Self::Owners { group: group.to_owned(), kind: owner.kind.to_owned() })
            }
            Fact::Strained => None,
        }
    }

    /// Whether a fact may be one of these.
    fn may_tell(&self, fact: &Fact) -> bool {
        match self {
            Self::Namespaces => matches!(fact, Fact::Namespace(_)),
            Self::Nodes => matches!(fact, Fact::Node(_)),
            Self::Owners { .. } => matches!(fact, Fact::Owner(_)),
        }
    }
}

/// Facts have changed, or have become known.
#[derive(Clone, Debug)]
pub(super) struct Change {
    source: Source,
    /// These have changed.
    flipped: Vec<Fact>,
    /// Nothing was missed: what has not changed now has not changed before.
    unbroken: bool,
    /// All others of the source may be known since now.
    all: bool,
}

impl Change {
    /// Those of the awaited facts that have changed, and those that may be known since now.
    pub(super) fn concerning<'f>(&self, awaited: impl Iterator<Item = &'f Fact>) -> (Vec<Fact>, Vec<Fact>) {
        let concerned = awaited.filter(|fact| self.source.may_tell(fact)).cloned();
        let (flipped, others): (Vec<Fact>, Vec<Fact>) =
            concerned.partition(|fact| self.flipped.contains(fact));
        (flipped, if self.all { others } else { Vec::new() })
    }

    pub(super) fn is_unbroken(&self) -> bool {
        self.unbroken
    }
}

/// What is known.
#[derive(Debug)]
pub(super) struct FactStore {
    known: RwLock<BTreeMap<Source, Known>>,
    /// Owners of these kinds were asked for.
    wanted: RwLock<BTreeSet<Source>>,
    /// There are more of them.
    want: Notify,
    changes: broadcast::Sender<Arc<Change>>,
}

impl Default for FactStore {
    fn default() -> Self {
        let (known, wanted) = (RwLock::default(), RwLock::default());
        Self { known, wanted, want: Notify::new(), changes: broadcast::Sender::new(BEHIND) }
    }
}

impl FactStore {
    /// What is known of the objects that rules ask about when they look at this one.
    pub(super) fn of(&self, object: &Observation, others: &Others) -> Facts {
        let mut facts = Facts::none();
        if others.is_nothing() {
            return facts;
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        for fact in others.of(object) {
            let Some(source) = Source::of(&fact, object) else { continue };
            match known.get(&source) {
                Some(known) => {
                    if let Some(value) = known.value(&fact) {
                        facts = facts.with(fact, value);
                    }
                }
                None => self.want(source),
            }
        }
        facts
    }

    /// Whether a source is followed at this moment, with nothing missed.
    fn is_fresh(&self, source: &Source) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(source).is_some_and(Known::is_fresh)
    }

    /// Whether nobody need wait for what these rules ask: it is known, or cannot be.
    pub(super) fn is_settled(&self, others: &Others) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_settled = |source: &Source| known.get(source).is_some_and(Known::is_settled);
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        (others.namespaces.is_none() || is_settled(&Source::Namespaces))
            && (others.nodes.is_none() || is_settled(&Source::Nodes))
            && (!others.owners || wanted.iter().all(is_settled))
    }

    /// Follows all changes from now on.
    pub(super) fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    fn want(&self, source: Source) {
        let mut wanted = self.wanted.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(source, Source::Owners { .. }) && wanted.insert(source) {
            self.want.notify_one();
        }
    }

    fn wanted(&self) -> BTreeSet<Source> {
        self.wanted.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes in what a watch tells, and tells the controllers what that changes: before anybody else can see it, so
    /// that who sees it and has no change to take has taken all.
    fn take(&self, source: &Source, event: WatchEvent) {
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(change) = all.entry(source.clone()).or_default().take(source, event) {
            // Nobody may ask for facts at the moment.
            drop(self.changes.send(Arc::new(change)));
        }
    }

    /// Another watch will follow this source, from its list on.
    fn interrupt(&self, source: &Source) {
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(source.clone()).or_default().interrupt();
    }

    /// Nobody follows this source any more.
    fn forget(&self, source: &Source) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(source);
    }

    /// What rules ask that is not known at this moment, in words.
    pub(super) fn unknown(&self, others: &Others) -> Option<String> {
        let wanted = if others.owners { self.wanted() } else { BTreeSet::new() };
        let asked = [
            others.namespaces.as_ref().map(|_| Source::Namespaces),
            others.nodes.as_ref().map(|_| Source::Nodes),
        ];
        let unknown = asked.into_iter().flatten().chain(wanted).find(|source| !self.is_fresh(source))?;
        Some(match unknown {
            Source::Namespaces => {
                "what rules ask of namespaces is not known: they cannot be watched".to_owned()
            }
            Source::Nodes => "what rules ask of nodes is not known: they cannot be watched".to_owned(),
            Source::Owners { kind, .. } => {
                format!("whether owners of the kind {kind} exist is not known: it cannot be watched")
            }
        })
    }

    /// What this source tells cannot be known.
    fn give_up(&self, source: &Source) {
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(change) = all.entry(source.clone()).or_default().give_up(source) {
            // Nobody may ask for facts at the moment.
            drop(self.changes.send(Arc::new(change)));
        }
    }
}
