//! Which rules watch which resources of this server. Pure: it takes the rules and the catalogue.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_healer_engine::facts::Others;
use k8s_healer_engine::registry::Registry;
use k8s_healer_engine::rule::{Rule, RuleId, RuleSet, Scope, WatchTarget};

use crate::cluster::discovery::Catalogue;
use crate::cluster::resolve::Resolution;
use crate::cluster::resource::Resource;

/// The rules of each resource, and what is left out and why.
#[derive(Clone, Debug, Default)]
pub struct Assignment {
    /// Each resource with the rules that watch it, by the resource's name.
    pub watched: BTreeMap<String, (Arc<Resource>, Vec<Arc<Rule>>)>,
    /// Rules that wait for a kind that is not served.
    pub dormant: Vec<Dormant>,
    /// Rules that cannot run on a kind as they are written: a person must mend them.
    pub refused: Vec<Refused>,
}

/// A rule that waits for a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dormant {
    /// The kind, as the rule names it.
    pub target: String,
    /// The rule.
    pub rule: RuleId,
}

/// A rule that cannot run on a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// The rule.
    pub rule: RuleId,
    /// Why, and what to write.
    pub reason: String,
}

/// Assigns every rule to the resources that it watches.
#[must_use]
pub fn assign(rules: &RuleSet, catalogue: &Catalogue, registry: &Registry) -> Assignment {
    let mut assignment = Assignment::default();
    for rule in &rules.rules {
        for (target, resolution) in catalogue.watched(&rule.watch) {
            let resource = match served(target, resolution) {
                Ok(Some(resource)) => resource,
                Ok(None) => {
                    assignment.dormant.push(Dormant { target: target.to_string(), rule: rule.id.clone() });
                    continue;
                }
                Err(reason) => {
                    assignment.refused.push(Refused { rule: rule.id.clone(), reason });
                    continue;
                }
            };
            match unfit(rule, &resource, registry) {
                // Of what a wildcard stands for, the rule is for those that it can be for.
                Some(_) if target.is_wide() => {}
                Some(reason) => assignment.refused.push(Refused { rule: rule.id.clone(), reason }),
                None => assignment.add(resource, rule),
            }
        }
    }
    assignment
}

impl Assignment {
    fn add(&mut self, resource: Arc<Resource>, rule: &Arc<Rule>) {
        let entry = self.watched.entry(resource.name()).or_insert_with(|| (resource, Vec::new()));
        // `pods` and `po` in one list are one kind.
        if !entry.1.iter().any(|known| known.id == rule.id) {
            entry.1.push(Arc::clone(rule));
        }
    }
}

fn served(target: &WatchTarget, resolution: Resolution) -> Result<Option<Arc<Resource>>, String> {
    match resolution {
        Resolution::Found(resource) => Ok(Some(resource)),
        Resolution::Absent => Ok(None),
        Resolution::Ambiguous(names) => {
            Err(format!("several groups serve {target}: write {}", names.join(" or ")))
        }
        Resolution::NotWatchable { resource, missing } => {
            Err(format!("{resource} cannot be watched: the server has no {} for it", missing.join(" and ")))
        }
    }
}

/// Why a rule is not for this kind.
fn unfit(rule: &Rule, resource: &Resource, registry: &Registry) -> Option<String> {
    if !resource.namespaced && matches!(rule.scope, Scope::Namespaces(_)) {
        return Some(format!("{resource} is cluster-scoped: write `scope: cluster` instead of `namespaces`"));
    }
    let mut others = Others::default();
    rule.reads_of_others(&mut others);
    if !resource.namespaced && others.namespaces.is_some() {
        return Some(format!(
            "{resource} is cluster-scoped: it has no namespace of which something could be asked"
        ));
    }
    rule.steps.iter().find_map(|step| {
        // Groups with a dot are for anybody to take, but for Kubernetes' own.
        let is_custom = resource.group.contains('.') && !resource.group.ends_with(".k8s.io");
        let descriptor = registry.action(step.name)?;
        if !descriptor.can_be_done_to(&resource.name(), is_custom) {
            let kinds = descriptor.kinds.join(", ");
            return Some(format!("{} is not for {resource}, only for {kinds}", step.name));
        }
        let is_senseless = step.action.is_senseless_for(&resource.name());
        is_senseless.then(|| format!("{} is not for {resource}", step.name))
    })
}
