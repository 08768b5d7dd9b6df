//! Objects as they come, one after the other, from a dump: each is cut down to what the rules and the protections may
//! read of it, since there may be many. Which rules watch which kind is known once all of them have come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_healer_engine::facts::Others;
use k8s_healer_engine::guard;
use k8s_healer_engine::projection::Projection;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{Rule, RuleSet, Scope, WatchTarget};
use serde_json::Value;

use super::Watching;
use super::world::{ObjectId, World, WorldKind};
use crate::rules::offline::{Kind, Kinds, Meaning};

/// Objects that are being gathered.
#[derive(Debug)]
pub struct Gathering {
    rules: RuleSet,
    registry: Registry,
    /// What they ask of namespaces and nodes.
    others: Others,
    kinds: Kinds,
    world: World,
    /// By kind.
    projections: Vec<Projection>,
}

/// All of them, and what watches them.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The objects.
    pub world: World,
    /// By kind.
    pub watching: Vec<Vec<Watching>>,
    /// Rules that are left out of a kind, and why.
    pub refused: Vec<String>,
    /// What rules watch and of which there is no object, with those rules.
    pub absent: BTreeMap<String, Vec<String>>,
    /// Kinds that rules on namespaces watch, and how many objects of them do not say in which namespace they are: no
    /// such rule sees these.
    pub placeless: BTreeMap<String, usize>,
}

impl Gathering {
    /// None yet. Where they are `complete`, what is not among them does not exist.
    #[must_use]
    pub fn new(rules: &RuleSet, complete: bool) -> Self {
        let mut others = Others::default();
        rules.rules.iter().for_each(|rule| rule.reads_of_others(&mut others));
        Self {
            kinds: Kinds::named_by(rules.rules.iter().flat_map(|rule| &rule.watch)),
            world: if complete { World::default() } else { World::partial(Vec::new()) },
            rules: rules.clone(),
            registry: Registry::standard(),
            others,
            projections: Vec::new(),
        }
    }

    /// One object more; whether it has a name.
    pub fn add(&mut self, api_version: &str, kind: &str, mut value: Value) -> bool {
        let is_named = value.pointer("/metadata/name").is_some_and(Value::is_string);
        let Some(object) = value.as_object_mut().filter(|_| is_named) else { return false };
        // The elements of a list may go without.
        for (field, implied) in [("apiVersion", api_version), ("kind", kind)] {
            object.entry(field).or_insert_with(|| implied.into());
        }
        if kind == "CustomResourceDefinition" {
            self.kinds.define(&value);
        }
        let index = self.kinds.add(api_version, kind);
        self.keep_up();
        let value = self.projections[index].of_value(value);
        self.world.add(index, value);
        true
    }

    /// There is no object of a kind in a namespace; `None`: in any.
    pub fn has_none(&mut self, api_version: &str, kind: &str, namespace: Option<&str>) {
        if kind == "PodDisruptionBudget" && api_version.starts_with("policy/") {
            match namespace {
                Some(namespace) => self.world.has_budgets(namespace.to_owned()),
                None => self.world.has_all_budgets(),
            }
        }
    }

    /// Kinds that came to be known.
    fn keep_up(&mut self) {
        for index in self.projections.len()..self.kinds.all().len() {
            self.projections.push(self.projection(index));
            self.world.add_kind(world_kind(&self.kinds.all()[index]));
        }
    }

    fn projection(&self, index: usize) -> Projection {
        let kind = &self.kinds.all()[index];
        let rules = self.rules.rules.iter();
        let rules: Vec<&Rule> = rules
            .filter(|rule| rule.watch.iter().any(|target| self.kinds.may_mean(target, index)))
            .map(AsRef::as_ref)
            .collect();
        projection_of(&rules, &kind.group, &kind.kind, &self.others)
    }

    /// What a name stands for among the objects so far; kinds have the indices that they have in the world.
    #[must_use]
    pub fn meaning(&self, target: &WatchTarget) -> Meaning<'_> {
        self.kinds.meaning(target)
    }

    /// No object more.
    #[must_use]
    pub fn finish(mut self) -> Gathered {
        let mut gathered = Gathered::default();
        // A definition that came late tells what a kind is called.
        for (index, kind) in self.kinds.all().iter().enumerate() {
            self.world.rename(index, world_kind(kind));
        }
        // Who dumps the budgets of a namespace dumps all of them; of another namespace that tells nothing.
        if let Some(kind) = self.world.kind("policy", "PodDisruptionBudget") {
            let budgets = self.world.ids().filter(|id| id.kind == kind);
            let namespaces: BTreeSet<Arc<str>> = budgets.filter_map(|id| id.key.namespace.clone()).collect();
            namespaces.into_iter().for_each(|namespace| self.world.has_budgets(namespace.to_string()));
        }
        gathered.watching.resize(self.kinds.all().len(), Vec::new());
        let namespaced: BTreeSet<usize> =
            self.world.ids().filter(|id| id.key.namespace.is_some()).map(|id| id.kind).collect();
        let mut placeless = BTreeSet::new();
        for rule in &self.rules.rules {
            let watched = self.kinds.watched(&rule.watch);
            for (target, first, second) in &watched.ambiguous {
                gathered.refused.push(format!(
                    "{}: {first} and {second} both have {target}: write `{target}.{first}`",
                    rule.id
                ));
            }
            let is_nothing = watched.kinds.is_empty() && watched.ambiguous.is_empty();
            for (index, is_named) in watched.kinds {
                let kind = &self.kinds.all()[index];
                // Where no definition tells, the objects do.
                let is_namespaced = kind.namespaced.unwrap_or_else(|| namespaced.contains(&index));
                let reason = unfit_for_scope(rule, kind, is_namespaced);
                match reason.or_else(|| unfit(rule, kind, &self.registry)) {
                    None => {
                        if is_namespaced && matches!(rule.scope, Scope::Namespaces(_)) {
                            placeless.insert(index);
                        }
                        gathered.watching[index].push(Watching { rule: Arc::clone(rule), is_named });
                    }
                    Some(reason) if is_named => gathered.refused.push(format!("{}: {reason}", rule.id)),
                    Some(_) => {}
                }
            }
            if is_nothing {
                let watch: Vec<String> = rule.watch.iter().map(ToString::to_string).collect();
                gathered.absent.entry(watch.join(", ")).or_default().push(rule.id.to_string());
            }
        }
        let lies_nowhere = |id: &&ObjectId| id.key.namespace.is_none() && placeless.contains(&id.kind);
        for id in self.world.ids().filter(lies_nowhere) {
            *gathered.placeless.entry(self.kinds.all()[id.kind].resource()).or_default() += 1;
        }
        Gathered { world: self.world, ..gathered }
    }
}

/// What is read of an object of a kind: what its rules and their steps read, what protects it, what others ask of it.
#[must_use]
pub fn projection_of(rules: &[&Rule], group: &str, kind: &str, others: &Others) -> Projection {
    let mut projection = Projection::of_identity();
    for rule in rules {
        rule.reads(&mut projection);
        // What a PodDisruptionBudget asks of a pod.
        if rule.steps.iter().any(|step| step.name == "evict") {
            projection.read_members(&["status", "phase"]);
            projection.read_members(&["status", "conditions"]);
        }
    }
    match (group, kind) {
        ("", "Pod") => guard::reads(&mut projection),
        ("policy", "PodDisruptionBudget") => projection = Projection::of_everything(),
        _ => guard::reads_of_metadata(&mut projection),
    }
    // What keeps one that a rule deletes.
    if (group, kind) == ("", "Namespace") && !rules.is_empty() {
        projection.read_members(&["spec", "finalizers"]);
    }
    let asked = match (group, kind) {
        ("", "Namespace") => others.namespaces.as_ref(),
        ("", "Node") => others.nodes.as_ref(),
        _ => None,
    };
    asked.iter().for_each(|asked| projection.merge(asked));
    projection
}

fn world_kind(kind: &Kind) -> WorldKind {
    WorldKind {
        resource: kind.resource(),
        group: kind.group.clone(),
        kind: kind.kind.clone(),
        names: kind.other_names(),
    }
}

/// Why a rule's scope is not for a kind, as the daemon would say it.
fn unfit_for_scope(rule: &Rule, kind: &Kind, is_namespaced: bool) -> Option<String> {
    let resource = kind.resource();
    if !kind.is_watchable() {
        return Some(format!("{resource} cannot be watched"));
    }
    if is_namespaced {
        return None;
    }
    if matches!(rule.scope, Scope::Namespaces(_)) {
        return Some(format!("{resource} is cluster-scoped: write `scope: cluster` instead of `namespaces`"));
    }
    let mut others = Others::default();
    rule.reads_of_others(&mut others);
    let asks = others.namespaces.is_some();
    asks.then(|| {
        format!("{resource} is cluster-scoped: it has no namespace of which something could be asked")
    })
}

/// Why a rule is not for a kind, as the daemon would say it of the same kind on a cluster.
fn unfit(rule: &Rule, kind: &Kind, registry: &Registry) -> Option<String> {
    let resource = kind.resource();
    rule.steps.iter().find_map(|step| {
        // Groups with a dot are for anybody to take, but for Kubernetes' own.
        let is_custom = kind.group.contains('.') && !kind.group.ends_with(".k8s.io");
        let descriptor = registry.action(step.name)?;
        if !descriptor.can_be_done_to(&resource, is_custom) {
            return Some(format!(
                "{} is not for {resource}, only for {}",
                step.name,
                descriptor.kinds.join(", ")
            ));
        }
        step.action.is_senseless_for(&resource).then(|| format!("{} is not for {resource}", step.name))
    })
}
