//! What is wrong with a daemon that runs: a line each, the worst first.

use crate::daemon::control::protocol::{Health, ReloadOutcome, RuleState, Status};

/// More of one kind are counted.
const MOST: usize = 10;

pub(super) fn troubles(status: &Status) -> Vec<String> {
    let mut troubles = Vec::new();
    if let Some(paused) = &status.paused {
        let reason = paused.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        troubles.push(format!("paused{reason}: nothing is done until `k8s-healer daemon resume`"));
    }
    let breakers = status.breakers.iter().map(|open| {
        format!("{}: {}; `k8s-healer daemon resume {}` closes it", open.rule, open.reason, open.rule)
    });
    troubles.extend(few(breakers.collect(), "breakers"));
    if !status.ready {
        troubles.push("not ready: some kinds have not been listed yet".to_owned());
    }
    let watches = status.watches.iter().filter_map(|watch| {
        let place = watch.namespace.as_deref().map(|name| format!(" in {name}")).unwrap_or_default();
        let state = match watch.health {
            Health::Interrupted => "interrupted: nothing is done about it meanwhile",
            Health::Forbidden => "not permitted",
            Health::Listing | Health::Following => return None,
        };
        let reason = watch.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        Some(format!("the watch of {}{place} is {state}{reason}", watch.kind))
    });
    troubles.extend(few(watches.collect(), "watches"));
    let rules = status.rules.iter().filter(|rule| rule.state == RuleState::Refused).map(|rule| {
        let reason = rule.reason.as_deref().unwrap_or("it cannot run as it is written");
        format!("the rule {} is left out: {reason}", rule.rule)
    });
    troubles.extend(few(rules.collect(), "rules"));
    if let Some(reload) = &status.reload {
        let trouble = match reload.outcome {
            ReloadOutcome::Applied | ReloadOutcome::Unchanged => None,
            ReloadOutcome::Invalid => {
                Some("the rules were changed and have errors: those before stay in force")
            }
            ReloadOutcome::Unconfirmed => Some(
                "more than half of the rules would go: those before stay in force until `k8s-healer daemon reload --accept-removals`",
            ),
            ReloadOutcome::Failed => {
                Some("changed rules could not be checked with the cluster: those before stay in force")
            }
        };
        troubles.extend(trouble.map(str::to_owned));
    }
    troubles.extend(status.log_trouble.clone());
    troubles
}

fn few(mut troubles: Vec<String>, what: &str) -> Vec<String> {
    let more = troubles.len().saturating_sub(MOST);
    if more > 0 {
        troubles.truncate(MOST);
        troubles.push(format!("the same of {more} more {what}"));
    }
    troubles
}
