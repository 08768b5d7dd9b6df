//! What was found of an object, wherever it comes from: the kind with the rules that watch it, and what is known of
//! what stands around the object.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::facts::{Fact, Facts};
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::rule::Rule;

use super::rules::Rules;
use crate::simulation::explain::{Budgets, Explanation, Question, Seen, explain};

/// Which object is asked about, and which rules watch its kind.
pub(super) struct Subject {
    /// `virtualmachines.kubevirt.io`.
    pub(super) resource: String,
    /// What else its kind is called.
    pub(super) names: Vec<String>,
    /// `virtualmachines.kubevirt.io/test-a/vm-1`.
    pub(super) name: String,
    /// Each rule, with whether it names the kind.
    pub(super) watching: Vec<(Arc<Rule>, bool)>,
    /// What else a person should know.
    pub(super) notes: Vec<String>,
}

/// An object with what is known of what stands around it.
pub(super) struct Asked {
    pub(super) object: Observation,
    pub(super) facts: Facts,
    pub(super) unknown: Vec<(Fact, String)>,
    pub(super) namespace: Option<Arc<Observation>>,
    pub(super) ancestors: Vec<(String, Observation)>,
    pub(super) unknown_above: Vec<String>,
    pub(super) missing: Vec<String>,
    pub(super) budgets: Budgets,
    /// Since when rules have been true, as far as was seen.
    pub(super) seen: Seen,
}

impl Asked {
    pub(super) fn explain(&self, subject: &Subject, rules: &Rules, now: Timestamp) -> Explanation {
        let names: Vec<&str> = subject.names.iter().map(String::as_str).collect();
        let question = Question {
            object: &self.object,
            resource: &subject.resource,
            names: &names,
            facts: &self.facts,
            unknown: &self.unknown,
            namespace: self.namespace.as_deref(),
            ancestors: &self.ancestors,
            unknown_above: &self.unknown_above,
            missing: &self.missing,
            budgets: &self.budgets,
            seen: &self.seen,
            guard: &rules.guard,
            now,
        };
        explain(&question, &rules.watchers(&subject.watching))
    }
}
