//! What became of a write, read from the server's answer. The one question is whether the object is
//! still the one that was judged: `Changed` looks again, and only what is certain is called so.

use std::time::Duration;

use http::StatusCode;
use k8s_healer_engine::change::Change;
use k8s_healer_engine::effect::Effect;
use k8s_healer_engine::observation::Observation;
use serde_json::Value;

use super::refusal::{self, Refusal, in_full};
use super::transport::{Answer, TransportError};

/// What became of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The server did it (with dry run: would do it).
    Done {
        /// `deletion asked; the finalizers a, b hold it`.
        detail: String,
        /// The metadata of the object as it is now, where the server returned it.
        object: Option<Observation>,
    },
    /// There is no such object any more.
    Gone,
    /// It is not the object, or not the version of it, that was judged: nothing was done, look again.
    Changed {
        /// The server's words.
        reason: String,
    },
    /// Not now.
    Refused {
        /// The server's words.
        reason: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
        /// A `PodDisruptionBudget` refused it, not a server with too much to do.
        by_budget: bool,
    },
    /// The right is missing, or the credentials do not count.
    Forbidden {
        /// What to grant, and the server's words.
        reason: String,
    },
    /// The server will not do this, whenever it is asked: an admission webhook, an invalid value.
    Rejected {
        /// The server's words.
        reason: String,
    },
    /// It may or may not have been done: read the object by its uid, never send it blindly again.
    Unknown {
        /// What happened to the answer.
        reason: String,
    },
}

/// Reads an answer.
pub(super) fn of(
    effect: &Effect,
    dry_run: bool,
    grant: &str,
    quotable: bool,
    answer: Result<Answer, TransportError>,
) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return unanswered(in_full(&error), dry_run, None),
    };
    let reason = if quotable { refusal::message(&answer) } else { refusal::in_words(answer.status) };
    match answer.status {
        status if status.is_success() => done(effect, dry_run, &answer),
        // What there is no place for any more is told nowhere, and keeps nothing else from being done.
        StatusCode::FORBIDDEN if is_event(effect) && is_namespace_ending(&answer) => {
            let detail = "no event: the namespace is being terminated".to_owned();
            Outcome::Done { detail, object: None }
        }
        StatusCode::CONFLICT if is_event(effect) => {
            Outcome::Done { detail: "told before".to_owned(), object: None }
        }
        StatusCode::UNAUTHORIZED => {
            Outcome::Forbidden { reason: format!("the server does not accept the credentials: {reason}") }
        }
        StatusCode::FORBIDDEN if is_missing_right(&answer) => {
            Outcome::Forbidden { reason: format!("grant {grant}: {reason}") }
        }
        // An unknown path has no object to speak of: the kind is not served any more, and that says
        // nothing about the object.
        // Neither does a part that the object's kind may not have.
        StatusCode::NOT_FOUND if part_of(effect).is_some() => {
            let part = part_of(effect).unwrap_or_default();
            Outcome::Rejected { reason: format!("there is no such object, or it has no {part}: {reason}") }
        }
        StatusCode::NOT_FOUND if Refusal::of(&answer).object().is_some() => Outcome::Gone,
        StatusCode::CONFLICT => Outcome::Changed { reason },
        StatusCode::UNPROCESSABLE_ENTITY if is_another_object(&answer) => Outcome::Changed { reason },
        StatusCode::UNPROCESSABLE_ENTITY if is_failed_test(effect, &answer) => Outcome::Changed {
            reason: "a test of the patch failed: the object is not as it was read".to_owned(),
        },
        StatusCode::TOO_MANY_REQUESTS => refused(&answer, reason),
        StatusCode::INTERNAL_SERVER_ERROR if dry_run && has_several_budgets(&answer) => {
            Outcome::Rejected { reason }
        }
        status if status.is_server_error() => {
            unanswered(format!("{}: {reason}", refusal::in_words(status)), dry_run, answer.retry_after)
        }
        _ => Outcome::Rejected { reason },
    }
}

/// The part of the object that an effect patches, where it is not the object itself.
fn part_of(effect: &Effect) -> Option<&'static str> {
    match effect {
        Effect::Patch { part, .. } => *part,
        _ => None,
    }
}

/// RBAC's own words; webhooks and quotas answer 403 as well, and no grant helps against them.
fn is_missing_right(answer: &Answer) -> bool {
    let message = Refusal::of(answer).message;
    message.contains(" is forbidden: User ") && message.contains(" cannot ")
}

/// A merge patch whose uid is not the object's answers that `metadata.uid` is immutable. Any other
/// invalid value would be as invalid the next time.
fn is_another_object(answer: &Answer) -> bool {
    Refusal::of(answer).causes().iter().any(|cause| cause.field == "metadata.uid")
}

/// A failed `test` of a JSON patch answers 422 with empty details. A webhook may answer 422 as well, and
/// says so.
fn is_failed_test(effect: &Effect, answer: &Answer) -> bool {
    let refusal = Refusal::of(answer);
    let tests =
        matches!(effect, Effect::StripFinalizers { .. } | Effect::Patch { change: Change::Json(_), .. });
    tests
        && refusal.causes().is_empty()
        && refusal.object().is_none()
        && !refusal.message.contains("denied the request")
}

fn is_event(effect: &Effect) -> bool {
    matches!(effect, Effect::Event { .. })
}

/// Nothing new can be made in such a namespace.
fn is_namespace_ending(answer: &Answer) -> bool {
    Refusal::of(answer).causes().iter().any(|cause| cause.reason == "NamespaceTerminating")
}

/// The server's only answer to an eviction that it will never do, and it calls it an error of its own.
fn has_several_budgets(answer: &Answer) -> bool {
    Refusal::of(answer).message.contains("more than one PodDisruptionBudget")
}

fn refused(answer: &Answer, reason: String) -> Outcome {
    let refusal = Refusal::of(answer);
    let budgets: Vec<&str> = refusal
        .causes()
        .iter()
        .filter(|cause| cause.reason == "DisruptionBudget")
        .map(|cause| cause.message.as_str())
        .collect();
    let by_budget = !budgets.is_empty();
    let reason = if by_budget { format!("{reason} {}", budgets.join(" ")) } else { reason };
    Outcome::Refused { reason, retry_after: answer.retry_after, by_budget }
}

/// What a dry run did not answer was not done: there is nothing to find out.
fn unanswered(reason: String, dry_run: bool, retry_after: Option<Duration>) -> Outcome {
    if dry_run {
        Outcome::Refused { reason, retry_after, by_budget: false }
    } else {
        Outcome::Unknown { reason }
    }
}

fn done(effect: &Effect, dry_run: bool, answer: &Answer) -> Outcome {
    let object: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let object = object.map(Observation::new).filter(|object| !object.uid().is_empty());
    let detail = match effect {
        Effect::Delete { .. } => deleted(object.as_ref()),
        Effect::Evict { .. } => "evicted".to_owned(),
        Effect::StripFinalizers { names, .. } => stripped(names, object.as_ref()),
        Effect::PatchMetadata { field, entries } => {
            let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
            format!("{field} changed: {}", keys.join(", "))
        }
        Effect::Patch { told, .. } => told.clone(),
        Effect::Event { message, .. } => format!("told: {message}"),
        Effect::Log { .. } => String::new(),
    };
    let detail = if dry_run { format!("dry run accepted: {detail}") } else { detail };
    Outcome::Done { detail, object }
}

/// A Status means that it is gone, an object that it may be kept for a while.
fn deleted(object: Option<&Observation>) -> String {
    let Some(object) = object.filter(|object| object.is_terminating()) else { return "deleted".to_owned() };
    let finalizers = object.finalizers();
    let grace = object.object().pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_u64);
    match (finalizers.as_slice(), grace.unwrap_or(0)) {
        ([], 0) => "deleted".to_owned(),
        ([], seconds) => format!("deletion asked; it has {seconds} s to end"),
        ([one], _) => format!("deletion asked; the finalizer {one} holds it"),
        (several, _) => format!("deletion asked; the finalizers {} hold it", several.join(", ")),
    }
}

fn stripped(names: &[String], object: Option<&Observation>) -> String {
    let left = object.map(Observation::finalizers).unwrap_or_default();
    let left = if left.is_empty() { "none is left".to_owned() } else { format!("left: {}", left.join(", ")) };
    format!("finalizers removed: {}; {left}", names.join(", "))
}
