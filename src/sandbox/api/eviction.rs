//! Evictions: a deletion that asks the pod's PodDisruptionBudget first, as the API server's registry does.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::answer::Answer;
use super::super::failure::{Cause, Failure};
use super::super::kinds::Resource;
use super::super::selection::LabelSelector;
use super::super::server::{Server, State};
use super::super::store::Key;
use super::remove::{self, Options};
use super::{Call, pods, text};

/// As the real server: more are no sane state.
const MOST_DISRUPTED: usize = 2000;

pub(super) fn evict(server: &Arc<Server>, call: &Call) -> Result<Answer, Failure> {
    let eviction = call.json()?;
    let (kind, version) = (text(&eviction, "/kind"), text(&eviction, "/apiVersion"));
    if !["", "Eviction"].contains(&kind) || !["", "policy/v1", "policy/v1beta1"].contains(&version) {
        return Err(Failure::bad_request(format!(
            "no kind {kind:?} is registered for version {version:?} in scheme \"pkg/api/legacyscheme/scheme.go:30\""
        )));
    }
    let namespace = text(&eviction, "/metadata/namespace");
    if !namespace.is_empty() && namespace != call.target.namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let name = text(&eviction, "/metadata/name");
    if name != call.target.name {
        return Err(Failure::bad_request("name in URL does not match name in Eviction object"));
    }
    let mut options = Options::from_json(&eviction["deleteOptions"])?;
    options.dry_run |= call.query.is_dry_run()?;
    server.write(|state| evict_in(server, state, &call.key(), &options))?;
    Ok(Answer::json(
        201,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
        }),
    ))
}

fn evict_in(server: &Server, state: &mut State, key: &Key, options: &Options) -> Result<(), Failure> {
    let pods = Resource::core("pods");
    let pod = state.store.get(&pods, key).map(|object| object.value());
    let pod = pod.ok_or_else(|| Failure::not_found(&pods, key.name()))?;
    if !needs_no_budget(&pod) {
        take_from_budget(server, state, key, &pod, options.dry_run)?;
    }
    options.check(&pods, &pod)?;
    let mut options = options.clone();
    if !options.dry_run {
        let marked = mark(server, state, key, pod);
        // What was asked for is the state before this mark.
        options.version = options.version.map(|_| text(&marked, "/metadata/resourceVersion").to_owned());
    }
    remove::delete_in(server, state, &pods, key, &options).map(drop)
}

/// Says of a pod why it goes.
fn mark(server: &Server, state: &mut State, key: &Key, mut pod: Value) -> Value {
    let told = json!({
        "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting", "lastProbeTime": null,
    });
    if pods::set_condition(&mut pod, told, &server.time()) {
        state.store.put(&Resource::core("pods"), key, pod).value()
    } else {
        pod
    }
}

/// A pod that does not run, or is on its way out, disrupts nothing.
fn needs_no_budget(pod: &Value) -> bool {
    ["Succeeded", "Failed", "Pending"].contains(&text(pod, "/status/phase"))
        || !pod["metadata"]["deletionTimestamp"].is_null()
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
}

fn take_from_budget(
    server: &Server,
    state: &mut State,
    pod_key: &Key,
    pod: &Value,
    dry_run: bool,
) -> Result<(), Failure> {
    let budgets = Resource::new("policy", "poddisruptionbudgets");
    let selects = |budget: &Value| {
        let selector = &budget["spec"]["selector"];
        !selector.is_null()
            && LabelSelector::from_json(selector)
                .is_ok_and(|selector| selector.matches(&pod["metadata"]["labels"]))
    };
    let mut found: Vec<(Key, Value)> = state
        .store
        .all(&budgets, pod_key.namespace())
        .map(|(key, object)| (key.clone(), object.value()))
        .filter(|(_, budget)| selects(budget))
        .collect();
    if found.len() > 1 {
        let message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
        return Err(Failure::new(500, "", message));
    }
    let Some((key, mut budget)) = found.pop() else { return Ok(()) };
    let number = |pointer: &str| budget.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let (allowed, healthy, desired) = (
        number("/status/disruptionsAllowed"),
        number("/status/currentHealthy"),
        number("/status/desiredHealthy"),
    );
    if !is_ready(pod) {
        let always = budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow";
        if always || (healthy >= desired && desired > 0) {
            return Ok(());
        }
    }
    if number("/status/observedGeneration") < number("/metadata/generation") {
        let told = format!("The disruption budget {} is still being processed by the server.", key.name());
        return Err(refused(&told).retry_after(10));
    }
    if allowed < 0 {
        return Err(Failure::forbidden(&budgets, key.name(), "pdb disruptions allowed is negative"));
    }
    let disrupted = budget["status"]["disruptedPods"].as_object().map_or(0, serde_json::Map::len);
    if disrupted > MOST_DISRUPTED {
        let because = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(Failure::forbidden(&budgets, key.name(), because));
    }
    if allowed == 0 {
        let name = key.name();
        let told = if healthy <= desired {
            format!("The disruption budget {name} needs {desired} healthy pods and has {healthy} currently")
        } else {
            format!("The disruption budget {name} does not allow evicting pods currently")
        };
        return Err(refused(&told));
    }
    if dry_run {
        return Ok(());
    }
    let observed = budget["status"]["observedGeneration"].clone();
    budget["status"]["disruptionsAllowed"] = (allowed - 1).into();
    if allowed == 1 {
        let told = json!({
            "type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": "",
            "observedGeneration": observed,
        });
        pods::set_condition(&mut budget, told, &server.time());
    }
    if !budget["status"]["disruptedPods"].is_object() {
        budget["status"]["disruptedPods"] = json!({});
    }
    budget["status"]["disruptedPods"][pod_key.name()] = server.time().into();
    state.store.put(&budgets, &key, budget);
    Ok(())
}

fn refused(told: &str) -> Failure {
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    Failure::new(429, "TooManyRequests", message).with_causes(&[Cause::new("DisruptionBudget", "", told)])
}
