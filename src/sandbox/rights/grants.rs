//! RBAC: what the roles that a user is bound to allow. What is read of roles and bindings is kept, and brought
//! up to date by their changes alone: tests share a server with hundreds of bindings.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::super::kinds::Resource;
use super::super::store::{Forgotten, Key, Store};
use super::rules::{Role, Rule, Subject};
use super::{Attributes, User, built_in, text};

const GROUP: &str = "rbac.authorization.k8s.io";

static BUILT_IN: LazyLock<Rights> = LazyLock::new(built_in::rights);
/// Roles, then bindings. The keys of those without a namespace have no slash: they share a map with the others.
static KINDS: LazyLock<[Resource; 4]> = LazyLock::new(|| {
    ["clusterroles", "roles", "clusterrolebindings", "rolebindings"]
        .map(|plural| Resource::new(GROUP, plural))
});

/// The roles and bindings as of the last look at the store.
#[derive(Debug, Default)]
pub struct Grants {
    /// The store's revision at that look.
    seen: u64,
    own: Rights,
}

#[derive(Debug, Default)]
pub(super) struct Rights {
    pub(super) roles: BTreeMap<Key, Role>,
    pub(super) bindings: BTreeMap<Key, Binding>,
}

#[derive(Debug)]
pub(super) struct Binding {
    pub(super) role_kind: &'static str,
    pub(super) role: Key,
    pub(super) subjects: Vec<Subject>,
}

/// Why something is allowed.
enum Because<'a> {
    /// The user may do everything.
    Master,
    Bound(&'a Key, &'a Binding, &'a Subject),
}

impl Grants {
    /// Whether the user may.
    pub fn allow(&mut self, store: &Store, user: &User, attributes: &Attributes<'_>) -> bool {
        self.refresh(store);
        self.find(user, attributes).is_some()
    }

    /// Why the user may, in the words of a real server: empty for whom nothing is refused. `None`: they may not.
    pub fn reason(&mut self, store: &Store, user: &User, attributes: &Attributes<'_>) -> Option<String> {
        self.refresh(store);
        self.find(user, attributes).map(|because| because.told())
    }

    /// What is bound to a user in a namespace, as `SelfSubjectRulesReview` tells it.
    pub fn rules_of(&mut self, store: &Store, user: &User, namespace: &str) -> Vec<Value> {
        self.refresh(store);
        let bound = self.bound(user, namespace);
        bound.flat_map(|(_, binding, _)| self.rules(&binding.role)).map(Rule::to_json).collect()
    }

    fn find(&self, user: &User, asked: &Attributes<'_>) -> Option<Because<'_>> {
        if user.is_master() {
            return Some(Because::Master);
        }
        let namespace = if asked.is_resource { asked.namespace } else { "" };
        self.bound(user, namespace)
            .find(|(_, binding, _)| self.rules(&binding.role).into_iter().any(|rule| rule.allows(asked)))
            .map(|(key, binding, subject)| Because::Bound(key, binding, subject))
    }

    /// The bindings that count in a namespace, or in the whole cluster where it is empty.
    fn bound<'a, 'b>(
        &'a self,
        user: &'b User,
        namespace: &'b str,
    ) -> impl Iterator<Item = (&'a Key, &'a Binding, &'a Subject)> + use<'a, 'b> {
        let all = self.own.bindings.iter().chain(&BUILT_IN.bindings);
        let here = all.filter(move |(key, _)| ["", namespace].contains(&key.namespace()));
        here.filter_map(move |(key, binding)| {
            let subject = binding.subjects.iter().find(|subject| subject.is(user))?;
            Some((key, binding, subject))
        })
    }

    fn rules(&self, role: &Key) -> Vec<&Rule> {
        let mut rules = Vec::new();
        self.gather(role, &mut Vec::new(), &mut rules);
        rules
    }

    /// A role's rules; of one that gathers others, theirs.
    fn gather<'a>(&'a self, key: &Key, seen: &mut Vec<Key>, rules: &mut Vec<&'a Rule>) {
        let role = self.own.roles.get(key).or_else(|| BUILT_IN.roles.get(key));
        let Some(role) = role.filter(|_| !seen.contains(key)) else { return };
        seen.push(key.clone());
        if role.gathers.is_empty() {
            rules.extend(&role.rules);
            return;
        }
        for (other, gathered) in &self.own.roles {
            let wanted = || role.gathers.iter().any(|selector| selector.matches(&gathered.labels));
            if other.namespace().is_empty() && wanted() {
                self.gather(other, seen, rules);
            }
        }
    }

    fn refresh(&mut self, store: &Store) {
        let revision = store.revision();
        if revision == self.seen {
            return;
        }
        if self.follow(store).is_err() {
            self.own = Rights::default();
            for kind in &*KINDS {
                for (key, object) in store.all(kind, "") {
                    self.own.keep(kind, key, Some(&object.value()));
                }
            }
        }
        self.seen = revision;
    }

    fn follow(&mut self, store: &Store) -> Result<(), Forgotten> {
        for kind in KINDS.iter().filter(|kind| store.last_change(kind) > self.seen) {
            for change in store.changes(kind, self.seen)? {
                self.own.keep(kind, &change.key, change.after.as_ref().map(|object| object.value()).as_ref());
            }
        }
        Ok(())
    }
}

impl Rights {
    /// The new state of a role or a binding; none: it is gone.
    fn keep(&mut self, kind: &Resource, key: &Key, state: Option<&Value>) {
        match (kind.plural.ends_with("bindings"), state) {
            (false, Some(role)) => drop(self.roles.insert(key.clone(), Role::parse(role))),
            (false, None) => drop(self.roles.remove(key)),
            (true, Some(binding)) => drop(self.bindings.insert(key.clone(), Binding::parse(key, binding))),
            (true, None) => drop(self.bindings.remove(key)),
        }
    }
}

impl Binding {
    fn parse(key: &Key, binding: &Value) -> Self {
        let (role_kind, namespace) = match text(binding, "/roleRef/kind") {
            "Role" => ("Role", key.namespace()),
            _ => ("ClusterRole", ""),
        };
        let subjects = binding["subjects"].as_array().into_iter().flatten();
        Self {
            role_kind,
            role: Key::new(namespace, text(binding, "/roleRef/name")),
            subjects: subjects.filter_map(|subject| Subject::parse(subject, key.namespace())).collect(),
        }
    }
}

impl Because<'_> {
    fn told(&self) -> String {
        let Self::Bound(key, binding, subject) = self else { return String::new() };
        let (role_kind, role) = (binding.role_kind, binding.role.name());
        let by = match key.namespace() {
            "" => format!("ClusterRoleBinding {:?}", key.name()),
            namespace => format!("RoleBinding \"{}/{namespace}\"", key.name()),
        };
        format!("RBAC: allowed by {by} of {role_kind} {role:?} to {subject}")
    }
}

#[cfg(test)]
mod tests;
