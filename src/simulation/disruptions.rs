//! What a PodDisruptionBudget says to an eviction, as the API server's registry asks it. Nobody raises what a budget
//! allows: that is its controller's work, once the pods are well again.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::moment::after;
use k8s_healer_engine::observation::Observation;
use k8s_healer_engine::tracker::{DueStep, StepResult};
use serde_json::{Value, json};

use super::Simulation;
use super::guarding::{HeldBy, Hold};
use super::knowledge::Missing;
use super::world::{ObjectId, World, id_of};

/// What is not known where budgets are not.
pub(super) const WHAT: &str = "the PodDisruptionBudgets of its namespace";

const GROUP: &str = "policy";
const KIND: &str = "PodDisruptionBudget";

/// As in the API server: with more of them, something is wrong.
const MOST_DISRUPTED: usize = 2000;

/// What becomes of a step, as far as budgets have a say in it.
#[derive(Debug)]
pub(super) enum Budgeted {
    /// None is asked, or none applies.
    Free,
    /// One has refused it for long enough: it is deleted.
    FallsBack,
    /// This one allows it; what is left of it then, as a merge patch.
    Taken(ObjectId, Value),
    /// Nobody has looked them up.
    Unknown(Missing),
    /// One refuses it.
    Refused(Hold),
}

impl Simulation {
    /// Evictions alone ask.
    pub(super) fn ask_budget(&self, due: &DueStep, pod: &Observation, effect: &Effect) -> Budgeted {
        if !asks_budgets(effect, pod) {
            return Budgeted::Free;
        }
        let namespace = pod.namespace().unwrap_or_default();
        if !self.world().knowledge.has_budgets_of(namespace) {
            let missing = Missing::Budgets { namespace: namespace.to_owned() };
            // Also where they may not be read: the server asks them all the same, and nothing is known of its answer.
            return Budgeted::Unknown(missing);
        }
        let budgets = self.world().budgets_in(namespace);
        match answer(&budgets, due, pod, effect, self.now()) {
            Answer::Free => Budgeted::Free,
            Answer::FallsBack => Budgeted::FallsBack,
            Answer::Refused(mut hold, budget) => {
                let kind = self.world().kind(GROUP, KIND);
                let id = kind.zip(budget).map(|(kind, budget)| id_of(kind, budget));
                if id.is_some_and(|id| self.taken_from.contains(&id)) {
                    hold.reason += ": what is evicted before takes what it allows";
                }
                Budgeted::Refused(hold)
            }
            Answer::Allowed(budget) => {
                let left = number(budget.object(), "/status/disruptionsAllowed") - 1;
                let left = json!({"status": {"disruptionsAllowed": left}});
                let kind = self.world().kind(GROUP, KIND);
                kind.map_or(Budgeted::Free, |kind| Budgeted::Taken(id_of(kind, budget), left))
            }
        }
    }
}

/// Whether a step asks budgets at all.
pub(super) fn asks_budgets(effect: &Effect, pod: &Observation) -> bool {
    matches!(effect, Effect::Evict { .. }) && !needs_no_budget(pod)
}

/// What budgets say to a step that asks them.
#[derive(Debug)]
pub(super) enum Answer<'a> {
    /// None applies.
    Free,
    /// It was refused for long enough, and is deleted.
    FallsBack,
    /// This one allows it, and has one disruption less to allow then.
    Allowed(&'a Observation),
    /// It is refused; by which, where it is one.
    Refused(Hold, Option<&'a Observation>),
}

/// What the budgets of a namespace say to a step on a pod of it, which [asks](asks_budgets) them.
pub(super) fn answer<'a>(
    budgets: &'a [Arc<Observation>],
    due: &DueStep,
    pod: &Observation,
    effect: &Effect,
    now: Timestamp,
) -> Answer<'a> {
    let Effect::Evict { fallback_to_delete, give_up, .. } = effect else { return Answer::Free };
    let mut selecting = budgets.iter().filter(|budget| selects(&budget.object()["spec"]["selector"], pod));
    let budget = match (selecting.next(), selecting.next()) {
        (None, _) => return Answer::Free,
        (Some(budget), None) => budget,
        (Some(one), Some(other)) => {
            let names = format!("{} and {}", one.name(), other.name());
            let reason = format!(
                "the PodDisruptionBudgets {names} select it, and an eviction does not support two of them"
            );
            return Answer::Refused(Hold::for_good(HeldBy::Pdb, reason), None);
        }
    };
    let Err(reason) = allows(budget.object(), pod) else {
        return if asks(budget.object(), pod) { Answer::Allowed(budget) } else { Answer::Free };
    };
    // As the daemon waits it out.
    let since = due.refused_since.unwrap_or(now);
    let (by, result) = match (now < after(since, *give_up), fallback_to_delete) {
        (true, _) => (HeldBy::Pdb, StepResult::Refused { retry_after: None, give_up: *give_up }),
        (false, true) => return Answer::FallsBack,
        (false, false) => (HeldBy::GivenUp, StepResult::Abandoned),
    };
    Answer::Refused(Hold { by, reason, result, elsewhere: Vec::new() }, Some(budget))
}

/// A pod that does not run, or is on its way out, disrupts nothing.
fn needs_no_budget(pod: &Observation) -> bool {
    let phase = pod.object().pointer("/status/phase").and_then(Value::as_str).unwrap_or_default();
    ["Succeeded", "Failed", "Pending"].contains(&phase) || pod.is_terminating()
}

/// Whether an eviction of this pod takes from the budget: one that is not well may go without.
fn asks(budget: &Value, pod: &Observation) -> bool {
    let conditions = pod.object().pointer("/status/conditions").and_then(Value::as_array);
    let is_ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    if conditions.is_some_and(|conditions| conditions.iter().any(is_ready)) {
        return true;
    }
    let desired = number(budget, "/status/desiredHealthy");
    let always = budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow";
    !always && (desired <= 0 || number(budget, "/status/currentHealthy") < desired)
}

/// Why an eviction of this pod is refused.
fn allows(budget: &Value, pod: &Observation) -> Result<(), String> {
    if !asks(budget, pod) {
        return Ok(());
    }
    let name = budget.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let told = |what: String| Err(format!("the PodDisruptionBudget {name} {what}"));
    let allowed = number(budget, "/status/disruptionsAllowed");
    let disrupted = budget.pointer("/status/disruptedPods").and_then(Value::as_object);
    if number(budget, "/status/observedGeneration") < number(budget, "/metadata/generation") {
        told("is still being processed by the server".to_owned())
    } else if disrupted.is_some_and(|pods| pods.len() > MOST_DISRUPTED) {
        told("has too many evictions that are not confirmed".to_owned())
    } else if allowed <= 0 {
        let healthy = number(budget, "/status/currentHealthy");
        let desired = number(budget, "/status/desiredHealthy");
        told(format!("allows no disruption ({healthy} healthy, {desired} desired)"))
    } else {
        Ok(())
    }
}

fn number(budget: &Value, pointer: &str) -> i64 {
    budget.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

impl World {
    /// The budgets of a namespace, in the order of their names.
    pub(super) fn budgets_in(&self, namespace: &str) -> Vec<Arc<Observation>> {
        let Some(kind) = self.kind(GROUP, KIND) else { return Vec::new() };
        self.in_namespace(kind, Some(namespace)).map(|(_, budget)| budget).collect()
    }
}

/// A label selector of `policy/v1`: an empty one selects every pod, none selects nothing, one that cannot be read
/// nothing either.
fn selects(selector: &Value, pod: &Observation) -> bool {
    if !selector.is_object() {
        return false;
    }
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    labels.into_iter().all(|(key, value)| value.as_str().is_some_and(|value| pod.label(key) == Some(value)))
        && expressions.into_iter().all(|expression| holds(expression, pod))
}

fn holds(expression: &Value, pod: &Observation) -> bool {
    let Some(key) = expression["key"].as_str() else { return false };
    let label = pod.label(key);
    let values = || expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_among = label.is_some_and(|label| values().any(|value| value == label));
    match expression["operator"].as_str() {
        Some("In") => is_among,
        Some("NotIn") => !is_among,
        Some("Exists") => label.is_some(),
        Some("DoesNotExist") => label.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(phase: &str, ready: &str) -> Observation {
        Observation::new(json!({
            "metadata": {"name": "web", "namespace": "test-a", "labels": {"app": "web"}},
            "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
        }))
    }

    fn budget(spec: &Value, status: &Value) -> Value {
        json!({"metadata": {"name": "web", "generation": 1}, "spec": spec, "status": status})
    }

    #[test]
    fn a_budget_is_asked_for_pods_that_run_and_says_what_the_api_server_says() {
        let status = |allowed: i64, healthy: i64| json!({"disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": 2, "observedGeneration": 1});
        let none = json!({});
        for (spec, status, ready, refused) in [
            (&none, status(1, 3), "True", None),
            (&none, status(0, 2), "True", Some("allows no disruption (2 healthy, 2 desired)")),
            (&none, status(0, 2), "False", None),
            (&none, status(0, 1), "False", Some("allows no disruption (1 healthy, 2 desired)")),
            (&json!({"unhealthyPodEvictionPolicy": "AlwaysAllow"}), status(0, 1), "False", None),
            (&none, json!({"disruptionsAllowed": 1}), "True", Some("is still being processed by the server")),
        ] {
            let said = allows(&budget(spec, &status), &pod("Running", ready)).err();
            let expected = refused.map(|what| format!("the PodDisruptionBudget web {what}"));
            assert_eq!(said, expected, "{spec} {status} {ready}");
        }
        for (phase, needs) in [("Running", false), ("Unknown", false), ("Pending", true), ("Failed", true)] {
            assert_eq!(needs_no_budget(&pod(phase, "True")), needs, "{phase}");
        }
    }

    #[test]
    fn selectors_select_as_those_of_kubernetes_do() {
        for (selector, selected) in [
            (json!(null), false),
            (json!({}), true),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "db"}}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]}), true),
            (json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold"]}]}), true),
            (json!({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}), false),
            (json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "Like"}]}), false),
        ] {
            assert_eq!(selects(&selector, &pod("Running", "True")), selected, "{selector}");
        }
    }
}
