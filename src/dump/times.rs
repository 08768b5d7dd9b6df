//! The newest time that an object tells of: about when the dump was taken. Only times of what has happened count:
//! annotations, specs and `deletionTimestamp` may lie in the future, and so do some fields of a status. When the
//! deletion was asked for has happened.

use jiff::{SignedDuration, Timestamp};
use k8s_healer_engine::values::parse_time;
use serde_json::{Map, Value};

/// A key of a status with one of these in its name speaks of what will be: `notAfter`, `expirationTime`,
/// `renewalTime`, `nextScheduleTime`, `validUntil`, `retryAfter`, `deadline`, `estimatedCompletionTime`.
const TO_COME: [&str; 11] =
    ["after", "deadline", "estimat", "expir", "future", "next", "planned", "renew", "ttl", "until", "valid"];

/// The times of an Event, of either group.
const OF_EVENTS: [&str; 5] =
    ["eventTime", "firstTimestamp", "lastTimestamp", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"];

/// The newest time of what has happened to an object.
pub(super) fn newest(object: &Map<String, Value>) -> Option<Timestamp> {
    let mut newest = None;
    if let Some(metadata) = object.get("metadata") {
        take(metadata.get("creationTimestamp"), &mut newest);
        let fields = metadata.get("managedFields").and_then(Value::as_array);
        fields.into_iter().flatten().for_each(|entry| take(entry.get("time"), &mut newest));
        newest = newest.max(deletion_asked(metadata));
    }
    if object.get("kind").is_some_and(|kind| kind == "Event") {
        OF_EVENTS.iter().for_each(|key| take(object.get(*key), &mut newest));
        take(object.get("series").and_then(|series| series.get("lastObservedTime")), &mut newest);
    }
    if let Some(status) = object.get("status") {
        walk(status, None, &mut newest);
    }
    newest
}

/// The keys that lead to a value, the last one first.
#[derive(Clone, Copy)]
struct Keys<'k> {
    key: &'k str,
    above: Option<&'k Keys<'k>>,
}

impl Keys<'_> {
    fn speak_of_what_is_to_come(&self) -> bool {
        let key = self.key.as_bytes();
        let holds =
            |word: &str| key.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
        TO_COME.iter().any(|word| holds(word)) || self.above.is_some_and(Keys::speak_of_what_is_to_come)
    }
}

fn walk(value: &Value, keys: Option<&Keys<'_>>, newest: &mut Option<Timestamp>) {
    match value {
        Value::String(_) => {
            // Only times are worth the look at the keys.
            let time = time(Some(value)).filter(|time| Some(*time) > *newest);
            if time.is_some() && !keys.is_some_and(Keys::speak_of_what_is_to_come) {
                *newest = time;
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, keys, newest)),
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| walk(value, Some(&Keys { key, above: keys }), newest));
        }
        _ => {}
    }
}

/// `deletionTimestamp` lies the grace period after it.
fn deletion_asked(metadata: &Value) -> Option<Timestamp> {
    let grace = metadata.get("deletionGracePeriodSeconds")?.as_i64().filter(|grace| *grace >= 0)?;
    time(metadata.get("deletionTimestamp"))?.checked_sub(SignedDuration::from_secs(grace)).ok()
}

fn take(value: Option<&Value>, newest: &mut Option<Timestamp>) {
    *newest = (*newest).max(time(value));
}

fn time(value: Option<&Value>) -> Option<Timestamp> {
    // Most texts are no times, and told so at once.
    let text = value?.as_str().filter(|text| text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T'))?;
    parse_time(text, &[])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(object: Value) -> Option<String> {
        newest(object.as_object().unwrap()).map(|time| time.to_string())
    }

    #[test]
    fn the_newest_of_what_has_happened_counts() {
        for object in [
            json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:05Z"}}),
            json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [{"time": "2026-01-01T00:00:05Z"}, {"time": "2026-01-01T00:00:01Z"}, {}]}}),
            json!({"status": {"conditions": [{"lastTransitionTime": "2026-01-01T01:00:05+01:00"}]}}),
            json!({"status": {"a": {"b": [["2026-01-01T00:00:05Z", "2025-01-01T00:00:00Z"]]}}}),
            json!({"kind": "Event", "lastTimestamp": "2026-01-01T00:00:05Z"}),
            json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:35Z", "deletionGracePeriodSeconds": 30}}),
            json!({"kind": "Event", "series": {"lastObservedTime": "2026-01-01T00:00:05.000000Z"}}),
        ] {
            assert_eq!(of(object.clone()).as_deref(), Some("2026-01-01T00:00:05Z"), "{object}");
        }
    }

    #[test]
    fn what_may_lie_in_the_future_does_not_count() {
        let future = "2126-01-01T00:00:00Z";
        for object in [
            json!({"metadata": {"deletionTimestamp": future, "annotations": {"keep-until": future}}}),
            json!({"spec": {"until": future, "renewTime": future}, "data": {"time": future}}),
            json!({"status": {"notAfter": future, "renewalTime": future, "ttlExpirationTime": future}}),
            json!({"status": {"nextScheduleTime": future, "token": {"expirationTimestamp": future}}}),
            json!({"status": {"text": "at 2126-01-01T00:00:00Z", "day": "2126-01-01"}}),
            json!({"kind": "Pod", "lastTimestamp": future}),
        ] {
            assert_eq!(of(object.clone()), None, "{object}");
        }
    }
}
