//! Which rules watch which resources of this server. Pure: it takes the rules and the catalogue.

use std::collections::BTreeMap;
use std::sync::Arc;

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
        for target in &rule.watch {
            match resolve(rule, target, catalogue, registry) {
                Ok(Some(resource)) => {
                    let entry =
                        assignment.watched.entry(resource.name()).or_insert_with(|| (resource, Vec::new()));
                    // `pods` and `po` in one list are one kind.
                    if !entry.1.iter().any(|known| known.id == rule.id) {
                        entry.1.push(Arc::clone(rule));
                    }
                }
                Ok(None) => {
                    assignment.dormant.push(Dormant { target: target.to_string(), rule: rule.id.clone() });
                }
                Err(reason) => assignment.refused.push(Refused { rule: rule.id.clone(), reason }),
            }
        }
    }
    assignment
}

fn resolve(
    rule: &Rule,
    target: &WatchTarget,
    catalogue: &Catalogue,
    registry: &Registry,
) -> Result<Option<Arc<Resource>>, String> {
    let resource = match catalogue.resolve(target) {
        Resolution::Found(resource) => resource,
        Resolution::Absent => return Ok(None),
        Resolution::Ambiguous(names) => {
            return Err(format!("several groups serve {target}: write {}", names.join(" or ")));
        }
        Resolution::NotWatchable { resource, missing } => {
            return Err(format!(
                "{resource} cannot be watched: the server has no {} for it",
                missing.join(" and ")
            ));
        }
    };
    if !resource.namespaced && matches!(rule.scope, Scope::Namespaces(_)) {
        return Err(format!("{resource} is cluster-scoped: write `scope: cluster` instead of `namespaces`"));
    }
    for step in &rule.steps {
        let kinds = registry.action(step.name).map_or(&[][..], |descriptor| descriptor.kinds);
        if !kinds.is_empty() && !kinds.contains(&resource.name().as_str()) {
            return Err(format!("{} is not for {resource}, only for {}", step.name, kinds.join(", ")));
        }
    }
    Ok(Some(resource))
}
