//! What a world knows of what it does not have. The world of a test is whole: what is not in it does not exist. Of a
//! cluster that was listed, and more so of a dump, only a part is there: the rest is not known, until it is looked up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use k8s_healer_engine::facts::Fact;
use k8s_healer_engine::observation::{Observation, OwnerReference};
use k8s_healer_engine::tracker::ObjectKey;

use super::world::{ObjectId, World};

/// What a world would have to have, and does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// One object.
    Object(Named),
    /// The PodDisruptionBudgets of a namespace.
    Budgets {
        /// The namespace.
        namespace: String,
    },
}

/// An object by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Empty for the core group.
    pub group: String,
    /// `v1`; of what refers to it.
    pub version: String,
    /// `ReplicaSet`.
    pub kind: String,
    /// The namespace of what refers to it; the object itself may be in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// `ReplicaSet web`, as one speaks of an object beside another.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind.as_str() {
            "Namespace" | "Node" if self.group.is_empty() => {
                write!(f, "{} {}", self.kind.to_lowercase(), self.name)
            }
            kind => write!(f, "{kind} {}", self.name),
        }
    }
}

impl Named {
    /// A Namespace.
    #[must_use]
    pub fn namespace(name: &str) -> Self {
        Self::of_the_cluster("Namespace", name)
    }

    /// A Node.
    #[must_use]
    pub fn node(name: &str) -> Self {
        Self::of_the_cluster("Node", name)
    }

    fn is_namespace(&self) -> bool {
        self.group.is_empty() && self.kind == "Namespace"
    }

    fn of_the_cluster(kind: &str, name: &str) -> Self {
        let (group, version) = (String::new(), "v1".to_owned());
        Self { group, version, kind: kind.to_owned(), namespace: None, name: name.to_owned() }
    }

    /// The owner of an object in this namespace.
    #[must_use]
    pub fn owner(reference: &OwnerReference<'_>, namespace: Option<&str>) -> Self {
        let (group, version) = reference.api_version.rsplit_once('/').unwrap_or(("", reference.api_version));
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: reference.kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: reference.name.to_owned(),
        }
    }

    /// What tells a fact of an object.
    #[must_use]
    pub fn telling(fact: &Fact, object: &Observation) -> Option<Self> {
        match fact {
            Fact::Namespace(name) => Some(Self::namespace(name)),
            Fact::Node(name) => Some(Self::node(name)),
            Fact::Owner(uid) => {
                let owner = object.owners().into_iter().find(|owner| owner.uid == uid)?;
                Some(Self::owner(&owner, object.namespace()))
            }
            Fact::Strained => None,
        }
    }
}

/// What a world knows of what it does not have.
#[derive(Clone, Debug, Default)]
pub(super) struct Knowledge {
    /// What is not there may exist all the same.
    is_partial: bool,
    /// A namespace that is not there exists all the same, since there is something in it.
    has_hidden_namespaces: bool,
    /// Kinds of which every object is there.
    whole: BTreeSet<usize>,
    /// Kinds of which not even that is there which the rules look at.
    unlisted: BTreeSet<usize>,
    /// Looked up, and not there.
    gone: BTreeSet<Named>,
    /// Looked up in vain, and why.
    unreadable: BTreeMap<Missing, String>,
    /// Namespaces of which every PodDisruptionBudget is there.
    budgeted: BTreeSet<String>,
    /// Every PodDisruptionBudget there is, is there.
    is_budgeted: bool,
}

/// What is known of an object.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// It is there.
    Here(Arc<Observation>),
    /// It does not exist.
    Absent,
    /// It was looked up, and is not there (any more).
    Gone,
    /// It was looked up in vain.
    Unreadable(&'a str),
    /// Nobody has looked it up.
    Unknown,
}

impl Knowledge {
    pub(super) fn partial() -> Self {
        Self { is_partial: true, ..Self::default() }
    }

    pub(super) fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Whether what the rules look at of a kind is there.
    pub(super) fn is_listed(&self, kind: usize) -> bool {
        !self.unlisted.contains(&kind)
    }

    /// Why something is not known, where it was looked up.
    pub(super) fn why_not(&self, missing: &Missing) -> Option<&str> {
        self.unreadable.get(missing).map(String::as_str)
    }

    /// Whether every PodDisruptionBudget of a namespace is there.
    pub(super) fn has_budgets_of(&self, namespace: &str) -> bool {
        !self.is_partial || self.is_budgeted || self.budgeted.contains(namespace)
    }
}

impl World {
    /// Every object of this kind is there.
    pub fn is_whole(&mut self, kind: usize) {
        self.knowledge.whole.insert(kind);
    }

    /// The kind could not be listed: of what the rules look at, some is not there.
    pub fn is_unlisted(&mut self, kind: usize) {
        self.knowledge.unlisted.insert(kind);
    }

    /// It was looked up, and does not exist.
    pub fn is_gone(&mut self, object: Named) {
        self.knowledge.gone.insert(object);
    }

    /// It was looked up in vain.
    pub fn is_unreadable(&mut self, missing: Missing, why: String) {
        self.knowledge.unreadable.insert(missing, why);
    }

    /// Every PodDisruptionBudget of this namespace is there.
    pub fn has_budgets(&mut self, namespace: String) {
        self.knowledge.budgeted.insert(namespace);
    }

    /// Somebody says that everything is there: where a namespace is not, that is not so, and it may protect what lies
    /// in it. The world of a test does without.
    pub fn has_hidden_namespaces(&mut self) {
        self.knowledge.has_hidden_namespaces = true;
    }

    /// Every PodDisruptionBudget of all namespaces is there.
    pub fn has_all_budgets(&mut self) {
        self.knowledge.is_budgeted = true;
    }

    /// What is known of an object: in the namespace of what refers to it, or in none.
    pub(super) fn find(&self, named: &Named) -> Found<'_> {
        let kind = self.kind(&named.group, &named.kind);
        if let Some(found) = kind.and_then(|kind| self.named(kind, named, Self::get)) {
            return Found::Here(found);
        }
        let has_departed = |world: &Self, id: &ObjectId| world.has_departed(id).then_some(());
        if kind.is_some_and(|kind| self.named(kind, named, has_departed).is_some()) {
            return Found::Gone;
        }
        // What lies in a namespace that is not there contradicts whoever said so: the namespace may protect it.
        if self.knowledge.has_hidden_namespaces && named.is_namespace() {
            return Found::Unreadable("it is not in the dump, though what lies in it is");
        }
        let is_whole = kind.is_some_and(|kind| self.knowledge.whole.contains(&kind));
        if self.knowledge.gone.contains(named) {
            return Found::Gone;
        }
        if !self.knowledge.is_partial || is_whole {
            return Found::Absent;
        }
        match self.knowledge.why_not(&Missing::Object(named.clone())) {
            Some(why) => Found::Unreadable(why),
            None => Found::Unknown,
        }
    }

    /// The same, where what an action has removed is as it was when it went.
    pub(super) fn find_last(&self, named: &Named) -> Found<'_> {
        let kind = self.kind(&named.group, &named.kind);
        match kind.and_then(|kind| self.named(kind, named, Self::last_of)) {
            Some(found) => Found::Here(found),
            None => self.find(named),
        }
    }

    fn named<T>(&self, kind: usize, named: &Named, get: impl Fn(&Self, &ObjectId) -> Option<T>) -> Option<T> {
        let at = |namespace: Option<&str>| {
            let key = ObjectKey { namespace: namespace.map(Into::into), name: named.name.as_str().into() };
            get(self, &ObjectId { kind, key })
        };
        at(named.namespace.as_deref()).or_else(|| at(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::world::WorldKind;
    use serde_json::json;

    fn kinds() -> Vec<WorldKind> {
        let kind = |resource: &str, kind: &str| WorldKind {
            resource: resource.to_owned(),
            group: String::new(),
            kind: kind.to_owned(),
            names: Vec::new(),
        };
        vec![kind("namespaces", "Namespace"), kind("nodes", "Node")]
    }

    fn told(world: &World, named: &Named) -> String {
        match world.find(named) {
            Found::Here(object) => format!("here: {}", object.name()),
            Found::Absent => "absent".to_owned(),
            Found::Gone => "gone".to_owned(),
            Found::Unreadable(why) => format!("unreadable: {why}"),
            Found::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn what_a_whole_world_does_not_have_does_not_exist_and_what_a_part_of_one_does_not_have_is_unknown() {
        let named = Named::namespace("test-a");
        assert_eq!(told(&World::new(kinds()), &named), "absent");
        assert_eq!(told(&World::default(), &named), "absent");
        let mut world = World::partial(kinds());
        assert_eq!(told(&world, &named), "unknown");
        world.is_unreadable(Missing::Object(named.clone()), "forbidden".to_owned());
        assert_eq!(told(&world, &named), "unreadable: forbidden");
        assert_eq!(told(&world, &Named::namespace("test-b")), "unknown");
        world.is_whole(0);
        assert_eq!(told(&world, &named), "absent");
        assert_eq!(told(&world, &Named::node("node-1")), "unknown", "that is another kind");
        world.is_gone(named.clone());
        assert_eq!(told(&world, &named), "gone");
        world.add(0, json!({"metadata": {"name": "test-a"}}));
        assert_eq!(told(&world, &named), "here: test-a");
    }

    #[test]
    fn a_uid_is_there_as_long_as_an_object_has_it() {
        let mut world = World::new(kinds());
        let node = |uid: &str| json!({"metadata": {"name": "node-1", "uid": uid}});
        world.add(1, node("one"));
        world.add(1, node("one"));
        assert!(world.has_uid("one") && world.len() == 1);
        world.add(1, node("two"));
        assert!(!world.has_uid("one") && world.has_uid("two"));
        let id = world.iter().next().map(|(id, _)| id.clone()).unwrap();
        world.remove(&id);
        assert!(!world.has_uid("two") && world.is_empty());
    }

    #[test]
    fn what_an_action_removes_is_gone_and_still_protects_as_it_did_and_what_else_goes_does_not() {
        let named = Named::namespace("test-a");
        let last = |world: &World| matches!(world.find_last(&named), Found::Here(_));
        let namespace = |uid: &str| json!({"metadata": {"name": "test-a", "uid": uid}});
        for mut world in [World::new(kinds()), World::partial(kinds())] {
            world.has_hidden_namespaces();
            world.add(0, namespace("one"));
            let id = world.ids().next().cloned().unwrap();
            world.depart(&id);
            assert_eq!((told(&world, &named).as_str(), world.has_uid("one")), ("gone", false));
            assert!(last(&world));
            world.add(0, namespace("two"));
            world.remove(&id);
            assert!(told(&world, &named).starts_with("unreadable") && !last(&world));
        }
    }
}
