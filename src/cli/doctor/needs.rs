//! Which rights rules need, and where. Pure: it takes the rules, what the server serves, and the namespaces.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::facts::{Facts, Others};
use k8s_healer_engine::guard::Reach;
use k8s_healer_engine::matcher::Context;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::{Mode, Rule, Scope, Step};
use serde_json::json;

use crate::cluster::access::{Of, Question, rights_of};
use crate::cluster::discovery::Catalogue;
use crate::cluster::events::CLUSTER_NAMESPACE;
use crate::cluster::resource::Resource;
use crate::daemon::assignment::Assignment;
use crate::daemon::namespaces::{self, selected};

/// What controls objects of a kind. An owner that cannot be read could be protected: what it controls is held
/// back. (Pods of a `DaemonSet` are protected whatever it says.)
const CONTROLLERS: &[(&str, &[&str])] = &[
    (
        "pods",
        &[
            "replicasets.apps",
            "statefulsets.apps",
            "jobs.batch",
            "replicationcontrollers",
            "virtualmachineinstances.kubevirt.io",
        ],
    ),
    ("replicasets.apps", &["deployments.apps"]),
    ("jobs.batch", &["cronjobs.batch"]),
    ("replicationcontrollers", &["deploymentconfigs.apps.openshift.io"]),
    (
        "virtualmachineinstances.kubevirt.io",
        &["virtualmachines.kubevirt.io", "virtualmachineinstancereplicasets.kubevirt.io"],
    ),
    ("virtualmachines.kubevirt.io", &["virtualmachinepools.pool.kubevirt.io"]),
    ("datavolumes.cdi.kubevirt.io", &["virtualmachines.kubevirt.io", "dataimportcrons.cdi.kubevirt.io"]),
    ("persistentvolumeclaims", &["datavolumes.cdi.kubevirt.io"]),
];

/// Where a right is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// Everywhere: of objects that are in no namespace, or in any.
    Cluster,
    /// In these; in none as long as no namespace is selected.
    Namespaces(BTreeSet<Arc<str>>),
}

impl Places {
    fn add(&mut self, other: Self) {
        match (self, other) {
            (Self::Namespaces(known), Self::Namespaces(more)) => known.extend(more),
            (known, _) => *known = Self::Cluster,
        }
    }
}

/// What comes of it where a right is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Something is found later than it could be.
    Comfort,
    /// What such objects control is held back.
    Controller,
    /// Its rules do nothing.
    Essential,
}

/// One right.
#[derive(Clone, Debug)]
pub(super) struct Need {
    /// For the whole cluster.
    pub(super) question: Question,
    pub(super) places: Places,
    pub(super) weight: Weight,
    /// Whose it is; empty: the daemon's own.
    pub(super) rules: BTreeSet<String>,
}

/// All rights that these rules need, and those by which the daemon follows namespaces and kinds; in the order
/// of the kinds.
pub(super) fn needs(assignment: &Assignment, catalogue: &Catalogue, known: &BTreeSet<Arc<str>>) -> Vec<Need> {
    let mut needs = Needs { catalogue, found: Vec::new(), places: BTreeMap::new() };
    for (resource, rules) in assignment.watched.values() {
        for rule in rules {
            needs.add_rule(resource, rule, known);
        }
    }
    for resource in
        [namespaces::resource(catalogue), named(catalogue, "customresourcedefinitions.apiextensions.k8s.io")]
    {
        let Some(resource) = resource else { continue };
        for verb in ["list", "watch"] {
            needs.add(Question::new(verb, &resource), Places::Cluster, Weight::Comfort, None);
        }
    }
    needs.found
}

struct Needs<'a> {
    catalogue: &'a Catalogue,
    found: Vec<Need>,
    /// Where each right stands among the needs.
    places: BTreeMap<(String, Option<&'static str>, &'static str), usize>,
}

impl Needs<'_> {
    fn add_rule(&mut self, resource: &Arc<Resource>, rule: &Rule, known: &BTreeSet<Arc<str>>) {
        let places = match &rule.scope {
            Scope::Cluster => Places::Cluster,
            scope @ Scope::Namespaces(_) => Places::Namespaces(selected(scope, &Reach::default(), known)),
        };
        let (rule_name, namespaces) = (rule.id.to_string(), namespaces::resource(self.catalogue));
        let (events, mut told_of_the_cluster) = (named(self.catalogue, "events"), Vec::new());
        let mut essential = |question| {
            self.add(question, places.clone(), Weight::Essential, Some(&rule_name));
        };
        let mut others = Others::default();
        rule.reads_of_others(&mut others);
        // Each object is read live before anything is said or done about it.
        ["list", "watch", "get"].into_iter().for_each(|verb| essential(Question::new(verb, resource)));
        if rule.mode > Mode::Observe {
            for (verb, of) in rule.steps.iter().flat_map(rights) {
                match (of, &events) {
                    (Of::Object(part), _) => essential(Question::new(verb, resource).of_part(part)),
                    (Of::Events, Some(events)) if resource.namespaced => {
                        essential(Question::new(verb, events));
                    }
                    (Of::Events, events) => told_of_the_cluster.extend(events.clone()),
                }
            }
        }
        let nodes = named(self.catalogue, "nodes");
        let asked = [others.namespaces.and(namespaces.as_ref()), others.nodes.and(nodes.as_ref())];
        for other in asked.into_iter().flatten() {
            for verb in ["list", "watch", "get"] {
                self.add(Question::new(verb, other), Places::Cluster, Weight::Essential, Some(&rule_name));
            }
        }
        if resource.namespaced
            && rule.steps.iter().any(|step| !step.nature.harmless)
            && let Some(namespaces) = &namespaces
        {
            self.add(Question::new("get", namespaces), places.clone(), Weight::Essential, Some(&rule_name));
        }
        for events in told_of_the_cluster {
            let place = Places::Namespaces(BTreeSet::from([Arc::from(CLUSTER_NAMESPACE)]));
            self.add(Question::new("create", &events), place, Weight::Essential, Some(&rule_name));
        }
        // What writes nothing passes every protection, so nothing is read for it.
        if rule.steps.iter().all(|step| step.nature.harmless) {
            return;
        }
        let mut above = vec![resource.name()];
        let mut seen = BTreeSet::new();
        while let Some(name) = above.pop() {
            let controllers = CONTROLLERS.iter().filter(|(controlled, _)| *controlled == name);
            for controller in controllers.flat_map(|(_, controllers)| *controllers) {
                let Some(resource) = named(self.catalogue, controller).filter(|_| seen.insert(*controller))
                else {
                    continue;
                };
                above.push(resource.name());
                self.add(
                    Question::new("get", &resource),
                    places.clone(),
                    Weight::Controller,
                    Some(&rule_name),
                );
            }
        }
    }

    fn add(&mut self, question: Question, places: Places, weight: Weight, rule: Option<&str>) {
        let key = (question.resource.name(), question.subresource, question.verb);
        let rules = rule.map(str::to_owned).into_iter();
        match self.places.get(&key) {
            Some(at) => {
                let need = &mut self.found[*at];
                need.places.add(places);
                need.weight = need.weight.max(weight);
                need.rules.extend(rules);
            }
            None => {
                self.places.insert(key, self.found.len());
                self.found.push(Need { question, places, weight, rules: rules.collect() });
            }
        }
    }
}

fn named(catalogue: &Catalogue, name: &str) -> Option<Arc<Resource>> {
    catalogue.resources.iter().find(|resource| resource.name() == name).cloned()
}

/// The rights of a step, as its action tells on an object of which nothing is known. One that has nothing to do
/// on such an object is about marks or finalizers, which are patched.
fn rights(step: &Step) -> Vec<(&'static str, Of)> {
    let (object, facts) = (Observation::new(json!({})), Facts::none());
    let context = Context::new(&object, &facts, Timestamp::UNIX_EPOCH);
    match step.action.effect(&context) {
        Ok(effect) => rights_of(&effect),
        Err(_) if step.nature.harmless => Vec::new(),
        // A grace that the object carries; whether an eviction may become a deletion is not told then.
        Err(_) if step.nature.removes && step.name == "evict" => {
            vec![("create", Of::Object(Some("eviction"))), ("delete", Of::Object(None))]
        }
        Err(_) if step.nature.removes => vec![("delete", Of::Object(None))],
        Err(_) => vec![("patch", Of::Object(step.action.part()))],
    }
}

#[cfg(test)]
#[path = "needs_tests.rs"]
mod tests;
