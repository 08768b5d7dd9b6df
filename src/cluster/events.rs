//! The Event that tells of an object, as `kubectl describe` and `kubectl events` show it.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use k8s_healer_engine::observation::Observation;
use serde_json::{Value, json};

use super::resource::Resource;

/// Where Events about what lies in no namespace are kept.
pub const CLUSTER_NAMESPACE: &str = "default";

/// Who tells.
const REPORTER: &str = "k8s-healer";

/// In bytes; more is refused by events.k8s.io, as which they are read too.
const LONGEST_MESSAGE: usize = 1024;

/// In bytes: room for the dot and the number that make a name its own, in the 253 that a name has.
const LONGEST_NAME: usize = 230;

/// An Event about an object, and the namespace that it belongs into. The same message of the same rule about the
/// same version of an object has the same name: sent twice, it is there once.
pub(super) fn about<'a>(
    resource: &Resource,
    live: &'a Observation,
    rule: &str,
    message: &str,
    at: Timestamp,
) -> (&'a str, Value) {
    let namespace = live.namespace().unwrap_or(CLUSTER_NAMESPACE);
    let mut hasher = DefaultHasher::new();
    (live.uid(), live.resource_version(), rule, message).hash(&mut hasher);
    let time = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {
            "namespace": namespace,
            "name": format!("{}.{:016x}", stem(live.name()), hasher.finish()),
        },
        "involvedObject": {
            "apiVersion": resource.api_version(), "kind": resource.kind,
            "namespace": live.namespace(), "name": live.name(), "uid": live.uid(),
            "resourceVersion": live.resource_version(),
        },
        // What a rule finds is what should not be.
        "type": "Warning",
        "reason": camel_case(rule),
        "message": shortened(message),
        "firstTimestamp": time, "lastTimestamp": time, "count": 1,
        "source": {"component": REPORTER},
        "reportingComponent": REPORTER,
        "reportingInstance": "",
    });
    (namespace, event)
}

/// What of an object's name an Event's can begin with: names of RBAC may hold other letters.
fn stem(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c) { c } else { '-' })
        .take(LONGEST_NAME)
        .collect();
    let stem = plain.trim_matches(['-', '.']);
    if stem.is_empty() { REPORTER.to_owned() } else { stem.to_owned() }
}

/// `vm-stale` → `VmStale`, as reasons are written.
fn camel_case(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.split('-').map(word).collect()
}

fn shortened(message: &str) -> String {
    if message.len() <= LONGEST_MESSAGE {
        return message.to_owned();
    }
    let end = (0..=LONGEST_MESSAGE - '…'.len_utf8()).rev().find(|end| message.is_char_boundary(*end));
    format!("{}…", &message[..end.unwrap_or_default()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_one_word_and_messages_end_in_time() {
        for (rule, reason) in [("vm-stale", "VmStale"), ("a", "A"), ("404-b", "404B")] {
            assert_eq!(camel_case(rule), reason);
        }
        assert_eq!(shortened(&"a".repeat(1024)), "a".repeat(1024));
        for long in ["a".repeat(1025), "é".repeat(513), "…".repeat(5000)] {
            let short = shortened(&long);
            assert!(short.len() <= LONGEST_MESSAGE && short.ends_with('…'), "{}", short.len());
        }
    }

    #[test]
    fn an_event_is_named_after_its_object_as_far_as_a_name_can_be() {
        let long = "x".repeat(300);
        for (name, expected) in [
            ("web-1", "web-1"),
            ("system:node", "system-node"),
            ("größe", "gr--e"),
            ("éé", "k8s-healer"),
            (&*long, &long[..LONGEST_NAME]),
        ] {
            assert_eq!(stem(name), expected);
        }
    }
}
