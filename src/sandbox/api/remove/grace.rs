//! Graceful ends: when an object that is deleted has to be gone. Pods alone have them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::super::kinds::Resource;
use super::super::super::server::time;
use super::super::text;
use super::Options;

/// How an object ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Graceful {
    /// Its kind knows no grace, or its time is over.
    Not,
    /// Its time runs, and no sooner for this request.
    Pending,
    /// It has been told to end within so many seconds.
    Within(i64),
}

/// Tells an object to end within its time, or within a shorter one.
pub(super) fn apply(resource: &Resource, object: &mut Value, options: &Options, now: Timestamp) -> Graceful {
    if !resource.is("", "pods") {
        return Graceful::Not;
    }
    let metadata = &mut object["metadata"];
    if !metadata["deletionTimestamp"].is_null() {
        let known = metadata["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
        if known == 0 {
            return Graceful::Not;
        }
        let Some(shorter) = options.grace.filter(|grace| *grace < known) else { return Graceful::Pending };
        let sooner = SignedDuration::from_secs(known.saturating_sub(shorter));
        let end: Timestamp = text(metadata, "/deletionTimestamp").parse().unwrap_or(now);
        metadata["deletionTimestamp"] = time(end.checked_sub(sooner).unwrap_or(now)).into();
        metadata["deletionGracePeriodSeconds"] = shorter.into();
        return Graceful::Within(shorter);
    }
    let grace = grace_of(object, options);
    let end = now.checked_add(SignedDuration::from_secs(grace)).unwrap_or(Timestamp::MAX);
    object["metadata"]["deletionTimestamp"] = time(end).into();
    object["metadata"]["deletionGracePeriodSeconds"] = grace.into();
    count_generation(object);
    Graceful::Within(grace)
}

/// What runs nowhere, or has ended, needs no time.
fn grace_of(object: &Value, options: &Options) -> i64 {
    let runs_nowhere = text(object, "/spec/nodeName").is_empty();
    let has_ended = ["Succeeded", "Failed"].contains(&text(object, "/status/phase"));
    if runs_nowhere || has_ended {
        return 0;
    }
    let grace =
        options.grace.or(object["spec"]["terminationGracePeriodSeconds"].as_i64()).unwrap_or_default();
    if grace < 0 { 1 } else { grace }
}

/// Of what is held by finalizers: its time is over.
pub(super) fn end_now(object: &mut Value, now: Timestamp) {
    if object["metadata"]["deletionGracePeriodSeconds"].is_null() {
        count_generation(object);
    }
    // One that has passed stays as it is.
    let end = text(object, "/metadata/deletionTimestamp").parse::<Timestamp>();
    if !end.is_ok_and(|end| end <= now) {
        object["metadata"]["deletionTimestamp"] = time(now).into();
    }
    object["metadata"]["deletionGracePeriodSeconds"] = 0.into();
}

fn count_generation(object: &mut Value) {
    if let Some(generation) = object["metadata"]["generation"].as_u64().filter(|generation| *generation > 0) {
        object["metadata"]["generation"] = (generation + 1).into();
    }
}
