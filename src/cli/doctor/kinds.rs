//! Which kinds of the rules the server serves: each with its rules, those that are not there, and those that
//! rules name in a way that leaves them out.

use std::collections::BTreeMap;

use super::finding::{Check, Finding};
use super::permissions::few;
use crate::cluster::discovery::Catalogue;
use crate::daemon::assignment::Assignment;

pub(super) fn check(assignment: &Assignment, catalogue: &Catalogue) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, (resource, rules)) in &assignment.watched {
        let rules = few(rules.iter().map(|rule| rule.id.to_string()));
        findings.push(Finding::ok(Check::Kinds, format!("{name} ({}) for {rules}", resource.version)));
    }
    let mut absent: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for dormant in &assignment.dormant {
        absent.entry(&dormant.target).or_default().push(dormant.rule.to_string());
    }
    for (target, rules) in absent {
        let what = format!("{target} is not served: {} will sleep until it is", few(rules));
        let advice = "install what brings it, if it should be there; the daemon need not be restarted then";
        findings.push(Finding::warn(Check::Kinds, what).advise(advice).passing());
    }
    for refused in &assignment.refused {
        let what = format!("{} is left out: {}", refused.rule, refused.reason);
        findings.push(
            Finding::fail(Check::Kinds, what).advise("mend the rule; validate-rules --cluster shows where"),
        );
    }
    for (group, reason) in &catalogue.failed {
        let what = format!("what the group {group} serves is not known: {reason}");
        let advice = format!("see the APIService of {group}: kubectl get apiservices");
        findings.push(Finding::warn(Check::Kinds, what).advise(advice));
    }
    findings
}
