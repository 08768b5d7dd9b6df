//! How much of a rule may be under way at once, in which groups it is counted, and what goes first of what is due
//! at once: all of it read from the object itself.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::facts::node_name;
use crate::observation::Observation;
use crate::projection::Projection;
use crate::values::{Path, Segment};

/// What may be under way at once.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// So many objects; at least one.
    pub most: usize,
    /// In each group of these; `None`: in all.
    pub group_by: Option<GroupBy>,
}

/// What puts objects into the same group.
#[derive(Clone, Debug)]
pub enum GroupBy {
    /// Their namespace; those without one are a group of their own.
    Namespace,
    /// The node that a pod or a `VirtualMachineInstance` is bound to.
    Node,
    /// Their controller; those without one are a group of their own.
    Owner,
    /// What is at this path, which leads to one place.
    Path(Path),
}

impl GroupBy {
    /// The words of the language; anything else is a path.
    pub const WORDS: &'static [&'static str] = &["namespace", "node", "owner"];

    /// The grouping of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "namespace" => Some(Self::Namespace),
            "node" => Some(Self::Node),
            "owner" => Some(Self::Owner),
            _ => None,
        }
    }

    /// The group of an object; `None`: the object does not tell.
    #[must_use]
    pub fn group(&self, object: &Observation) -> Option<Arc<str>> {
        match self {
            Self::Namespace => Some(object.namespace().unwrap_or_default().into()),
            Self::Node => node_name(object).map(Into::into),
            Self::Owner => Some(object.controller().map_or_else(Arc::default, |owner| match owner.uid {
                "" => format!("{} {}", owner.kind, owner.name).into(),
                uid => uid.into(),
            })),
            Self::Path(path) => match path.nodes(object.object()).as_slice() {
                [] | [_, _, ..] | [Value::Null] => None,
                [Value::String(text)] => Some(text.as_str().into()),
                [other] => Some(other.to_string().into()),
            },
        }
    }

    /// Adds what is read of an object.
    pub fn reads(&self, projection: &mut Projection) {
        match self {
            Self::Namespace => projection.read_members(&["metadata", "namespace"]),
            Self::Node => {
                projection.read_members(&["spec", "nodeName"]);
                projection.read_members(&["status", "nodeName"]);
            }
            Self::Owner => projection.read_members(&["metadata", "ownerReferences"]),
            Self::Path(path) => projection.read(path),
        }
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace => f.write_str("namespace"),
            Self::Node => f.write_str("node"),
            Self::Owner => f.write_str("owner"),
            Self::Path(path) => f.write_str(path.source()),
        }
    }
}

/// What goes first of what is due at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What was created first.
    Oldest,
    /// What was created last.
    Newest,
    /// The pod whose containers were restarted most often.
    MostRestarts,
}

impl Order {
    /// The words of the language.
    pub const NAMES: &'static [&'static str] = &["oldest", "newest", "mostRestarts"];

    /// The order of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "oldest" => Some(Self::Oldest),
            "newest" => Some(Self::Newest),
            "mostRestarts" => Some(Self::MostRestarts),
            _ => None,
        }
    }

    /// The turn of an object: a smaller one comes first. What does not tell comes last.
    #[must_use]
    pub fn turn(self, object: &Observation) -> i64 {
        let created = object.created().map(Timestamp::as_second);
        match self {
            Self::Oldest => created.unwrap_or(i64::MAX),
            Self::Newest => created.map_or(i64::MAX, |created| -created),
            Self::MostRestarts => -restarts(object.object()),
        }
    }

    /// Adds what is read of an object.
    pub fn reads(self, projection: &mut Projection) {
        match self {
            Self::Oldest | Self::Newest => projection.read_members(&["metadata", "creationTimestamp"]),
            Self::MostRestarts => {
                for list in STATUSES {
                    projection.read_segments(&[
                        Segment::Member("status".to_owned()),
                        Segment::Member((*list).to_owned()),
                        Segment::Every,
                        Segment::Member("restartCount".to_owned()),
                    ]);
                }
            }
        }
    }
}

/// Where a pod tells of its containers that are started again.
const STATUSES: &[&str] = &["containerStatuses", "initContainerStatuses"];

/// The restarts of all containers together; what is not told counts as none.
fn restarts(pod: &Value) -> i64 {
    let lists = STATUSES.iter().filter_map(|list| pod.get("status")?.get(*list)?.as_array());
    let counts = lists.flatten().filter_map(|container| container.get("restartCount")?.as_u64());
    counts.fold(0, |sum, count| sum.saturating_add(i64::try_from(count).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As it is read through what is said to be read.
    fn read(reads: impl Fn(&mut Projection), object: &Value) -> Observation {
        let mut projection = Projection::default();
        reads(&mut projection);
        Observation::new(projection.parse(object.to_string().as_bytes()).unwrap())
    }

    fn group(word: &str, object: &Value) -> Option<String> {
        let path = || GroupBy::Path(Path::parse(word).unwrap());
        let group_by = GroupBy::named(word).unwrap_or_else(path);
        group_by.group(&read(|projection| group_by.reads(projection), object)).map(|group| group.to_string())
    }

    #[test]
    fn a_group_is_what_the_object_tells_and_nothing_where_it_does_not() {
        let owner = json!([{"kind": "Job", "name": "j", "uid": "u-1", "controller": true}]);
        let object = json!({
            "metadata": {"namespace": "test-a", "ownerReferences": owner, "labels": {"a.b/c": "ä"}},
            "spec": {"nodeName": "node-1", "n": 5, "no": null, "list": [1, 2], "yes": true},
        });
        for (word, expected) in [
            ("namespace", Some("test-a")),
            ("node", Some("node-1")),
            ("owner", Some("u-1")),
            ("$.spec.nodeName", Some("node-1")),
            ("$.metadata.labels['a.b/c']", Some("ä")),
            ("$.spec.n", Some("5")),
            ("$.spec.yes", Some("true")),
            ("$.spec.list", Some("[1,2]")),
            ("$.spec.no", None),
            ("$.spec.none", None),
            ("$.spec.list[*]", None),
        ] {
            assert_eq!(group(word, &object).as_deref(), expected, "{word}");
        }
        let bare = json!({"metadata": {}, "status": {"nodeName": "node-2"}});
        assert_eq!(group("namespace", &bare).as_deref(), Some(""));
        assert_eq!(group("owner", &bare).as_deref(), Some(""));
        assert_eq!(group("node", &bare).as_deref(), Some("node-2"));
        assert_eq!(group("node", &json!({"spec": {"nodeName": ""}})), None);
    }

    #[test]
    fn what_comes_first_has_the_smaller_turn_and_what_does_not_tell_comes_last() {
        let turn =
            |order: Order, object: &Value| order.turn(&read(|projection| order.reads(projection), object));
        let created = |at: &str| json!({"metadata": {"creationTimestamp": at}});
        let (old, new) = (created("2026-01-01T00:00:00Z"), created("2026-01-01T00:00:01Z"));
        assert!(turn(Order::Oldest, &old) < turn(Order::Oldest, &new));
        assert!(turn(Order::Newest, &new) < turn(Order::Newest, &old));
        for order in [Order::Oldest, Order::Newest] {
            assert!(turn(order, &old) < turn(order, &json!({"metadata": {}})));
            assert!(turn(order, &old) < turn(order, &created("yesterday")));
        }
        let restarted = |init: u64, one: u64, two: u64| {
            json!({"status": {
                "initContainerStatuses": [{"restartCount": init}],
                "containerStatuses": [{"restartCount": one}, {"restartCount": two}, {"name": "c"}],
            }})
        };
        let turns = |pod: &Value| turn(Order::MostRestarts, pod);
        assert!(turns(&restarted(1, 3, 3)) < turns(&restarted(0, 6, 0)), "all containers together");
        assert_eq!(turns(&restarted(0, 6, 0)), turns(&restarted(6, 0, 0)));
        assert!(turns(&restarted(0, 1, 0)) < turns(&json!({"status": {"containerStatuses": null}})));
        assert!(turns(&restarted(0, u64::MAX, 1)) < turns(&restarted(0, 5, 5)), "an absurd one is many");
    }

    #[test]
    fn every_word_of_the_language_has_its_meaning() {
        assert!(Order::NAMES.iter().all(|word| Order::named(word).is_some()));
        assert!(GroupBy::WORDS.iter().all(|word| GroupBy::named(word).unwrap().to_string() == *word));
    }
}
