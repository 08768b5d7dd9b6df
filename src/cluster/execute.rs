//! Carries out one effect on an object that was read a moment ago, and says what became of it. It has
//! no choice left, sends nothing twice, and remembers nothing.

use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::observation::Observation;

use super::access::{Of, rights_of};
use super::events::CLUSTER_NAMESPACE;
use super::outcome;
pub use super::outcome::Outcome;
use super::read::grant;
use super::refusal::in_full;
use super::requests;
use super::resource::Resource;
use super::transport::Transport;

/// Does it, or with `dry_run` has the server check it without doing it. `live` is the object as it was
/// just read: the server refuses to touch any other, or any other version of it.
pub async fn execute(
    transport: &Transport,
    resource: &Resource,
    live: &Observation,
    effect: &Effect,
    dry_run: bool,
) -> Outcome {
    if !matches!(effect, Effect::Evict { .. }) {
        return send(transport, resource, live, effect, dry_run).await;
    }
    // The server takes from the PodDisruptionBudget before it checks an eviction's preconditions. A dry
    // run takes nothing, so one that is out of date is found out before it blocks the budget.
    let dry = send(transport, resource, live, effect, true).await;
    if dry_run || !matches!(dry, Outcome::Done { .. }) {
        return dry;
    }
    match send(transport, resource, live, effect, false).await {
        Outcome::Changed { reason } => Outcome::Changed {
            reason: format!("{reason} (it counts as a disruption against the budget for two minutes)"),
        },
        outcome => outcome,
    }
}

async fn send(
    transport: &Transport,
    resource: &Resource,
    live: &Observation,
    effect: &Effect,
    dry_run: bool,
) -> Outcome {
    match requests::write(resource, live, effect, dry_run) {
        Ok(Some(request)) => {
            let answer = transport.fetch(request).await;
            // A refusal can quote the object, so a Secret's is not repeated.
            let quotable = !(resource.group.is_empty() && resource.plural == "secrets");
            outcome::of(effect, dry_run, &needed(resource, live, effect), quotable, answer)
        }
        Ok(None) => Outcome::Done { detail: String::new(), object: None },
        Err(error) => Outcome::Rejected { reason: in_full(&error) },
    }
}

/// The right that an effect takes first, in words.
fn needed(resource: &Resource, live: &Observation, effect: &Effect) -> String {
    match rights_of(effect).first() {
        Some((verb, Of::Object(part))) => grant(verb, resource, *part, live.namespace()),
        Some((verb, Of::Events)) => {
            format!("{verb} on events in {}", live.namespace().unwrap_or(CLUSTER_NAMESPACE))
        }
        None => String::new(),
    }
}
