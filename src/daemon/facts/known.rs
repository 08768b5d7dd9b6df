//! What one watch has told of the objects that rules ask about. It keeps of each what rules read of it, and of
//! owners their uids alone.

use std::collections::HashMap;

use k8s_healer_engine::facts::Fact;
use k8s_healer_engine::observation::Observation;
use serde_json::Value;

use super::{Change, Source};
use crate::cluster::watch::WatchEvent;

/// Objects by name, or by uid where it is asked alone whether they exist.
type Objects = HashMap<Box<str>, Option<Box<Seen>>>;

#[expect(clippy::struct_excessive_bools, reason = "independent facts of one watch")]
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The watch follows the server.
    fresh: bool,
    /// It has followed once, or may not.
    settled: bool,
    objects: Objects,
    /// A list that is not complete yet.
    listing: Option<Objects>,
    /// Some object could not be read: of what is not here it is not known that it does not exist.
    incomplete: bool,
    /// There was a list before.
    listed: bool,
}

/// What is kept of an object.
#[derive(Debug, PartialEq)]
struct Seen {
    /// It is the same object in the same state where this is the same.
    version: (Box<str>, Box<str>),
    value: Value,
}

impl Known {
    /// Its watch makes room for another: nothing is known until that one has listed, which tells what has changed
    /// meanwhile.
    pub(super) fn interrupt(&mut self) {
        (self.fresh, self.settled, self.listing) = (false, false, None);
    }

    /// It cannot be known, until a watch follows again. Returns what to tell those who wait for it.
    pub(super) fn give_up(&mut self, source: &Source) -> Option<Change> {
        (self.fresh, self.listing) = (false, None);
        self.settle_unknown(source)
    }

    /// Nobody need wait for it any longer, though nothing is known that was not.
    fn settle_unknown(&mut self, source: &Source) -> Option<Change> {
        let was_settled = std::mem::replace(&mut self.settled, true);
        let nothing = || Change { source: source.clone(), flipped: Vec::new(), unbroken: true, all: false };
        (!was_settled).then(nothing)
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.fresh
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// What is known of a fact at this moment.
    pub(super) fn value(&self, fact: &Fact) -> Option<Value> {
        if !self.fresh {
            return None;
        }
        let (key, is_owner) = match fact {
            Fact::Namespace(name) | Fact::Node(name) => (name, false),
            Fact::Owner(uid) => (uid, true),
            Fact::Strained => return None,
        };
        match self.objects.get(&**key) {
            Some(seen) if is_owner => Some(seen.is_none().into()),
            Some(seen) => seen.as_ref().map(|seen| seen.value.clone()),
            None if self.incomplete => None,
            None if is_owner => Some(false.into()),
            None => Some(Value::Null),
        }
    }

    /// Takes in what the watch tells; returns what that changes.
    pub(super) fn take(&mut self, source: &Source, event: WatchEvent) -> Option<Change> {
        match event {
            WatchEvent::ListStarted => {
                (self.fresh, self.listing, self.incomplete) = (false, Some(Objects::new()), false);
                None
            }
            WatchEvent::Listed(object) => {
                let (key, seen) = kept(source, object);
                self.listing.get_or_insert_default().insert(key, seen);
                None
            }
            WatchEvent::Synced => {
                let listed = self.listing.take().unwrap_or_default();
                let before = std::mem::replace(&mut self.objects, listed);
                let flipped =
                    if self.listed { differences(source, &before, &self.objects) } else { Vec::new() };
                (self.fresh, self.settled, self.listed) = (true, true, true);
                Some(Change { source: source.clone(), flipped, unbroken: false, all: true })
            }
            WatchEvent::Applied(object) => {
                let (key, seen) = kept(source, object);
                if let Some(listing) = &mut self.listing {
                    listing.insert(key, seen);
                    return None;
                }
                let value = |seen: &Option<Box<Seen>>| seen.as_ref().map(|seen| seen.value.clone());
                let after = value(&seen);
                let before = self.objects.insert(key.clone(), seen);
                let flips = before.as_ref().map(value) != Some(after);
                self.flipped(source, &key, flips)
            }
            WatchEvent::Deleted { name, uid, .. } => {
                let key = if matches!(source, Source::Owners { .. }) { uid } else { name };
                if let Some(listing) = &mut self.listing {
                    listing.remove(&*key);
                }
                let flips = self.objects.remove(&*key).is_some();
                self.flipped(source, &key, flips)
            }
            WatchEvent::Interrupted { .. } | WatchEvent::Absent => {
                self.fresh = false;
                None
            }
            WatchEvent::Forbidden { .. } => {
                self.fresh = false;
                self.settle_unknown(source)
            }
            WatchEvent::Resumed => {
                self.fresh = true;
                Some(Change { source: source.clone(), flipped: Vec::new(), unbroken: true, all: true })
            }
            WatchEvent::Undecodable { .. } => {
                self.incomplete = true;
                None
            }
        }
    }

    fn flipped(&self, source: &Source, key: &str, flips: bool) -> Option<Change> {
        let flipped = vec![fact(source, key)];
        (flips && self.fresh).then(|| Change { source: source.clone(), flipped, unbroken: true, all: false })
    }
}

fn fact(source: &Source, key: &str) -> Fact {
    match source {
        Source::Namespaces => Fact::Namespace(key.to_owned()),
        Source::Nodes => Fact::Node(key.to_owned()),
        Source::Owners { .. } => Fact::Owner(key.to_owned()),
    }
}

fn kept(source: &Source, object: Observation) -> (Box<str>, Option<Box<Seen>>) {
    if matches!(source, Source::Owners { .. }) {
        return (object.uid().into(), None);
    }
    let version = (object.uid().into(), object.resource_version().into());
    (object.name().into(), Some(Box::new(Seen { version, value: stripped(&object) })))
}

/// Without what changes with every write, so that only what rules read makes a difference.
fn stripped(object: &Observation) -> Value {
    let mut value = object.object().clone();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("resourceVersion");
    }
    value
}

/// What is another object, or in another state, or here alone or there alone.
fn differences(source: &Source, before: &Objects, after: &Objects) -> Vec<Fact> {
    let version = |seen: &Option<Box<Seen>>| seen.as_ref().map(|seen| seen.version.clone());
    let differs = after.iter().filter(|(key, seen)| before.get(*key).map(version) != Some(version(seen)));
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    differs.chain(gone).map(|(key, _)| fact(source, key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn namespace(name: &str, version: &str, team: &str) -> Observation {
        Observation::new(json!({"metadata": {
            "name": name, "uid": name, "resourceVersion": version, "labels": {"team": team},
        }}))
    }

    fn fact_of(name: &str) -> Fact {
        Fact::Namespace(name.to_owned())
    }

    fn synced(objects: &[Observation]) -> Known {
        let mut known = Known::default();
        list(&mut known, objects);
        known
    }

    fn list(known: &mut Known, objects: &[Observation]) -> Vec<Fact> {
        let source = Source::Namespaces;
        assert!(known.take(&source, WatchEvent::ListStarted).is_none());
        for object in objects {
            assert!(known.take(&source, WatchEvent::Listed(object.clone())).is_none());
        }
        let change = known.take(&source, WatchEvent::Synced).unwrap();
        assert!(change.all && !change.unbroken);
        change.flipped
    }

    fn flipped(known: &mut Known, event: WatchEvent) -> Vec<Fact> {
        known.take(&Source::Namespaces, event).map(|change| change.flipped).unwrap_or_default()
    }

    #[test]
    fn nothing_is_known_before_the_first_list_and_while_the_watch_does_not_follow() {
        let mut known = Known::default();
        assert_eq!(known.value(&fact_of("a")), None);
        assert!(!known.is_settled());
        list(&mut known, &[namespace("a", "1", "web")]);
        assert_eq!(known.value(&fact_of("a")).unwrap()["metadata"]["labels"]["team"], "web");
        assert_eq!(known.value(&fact_of("b")), Some(Value::Null), "there is none of this name");
        let interrupted = || WatchEvent::Interrupted { reason: String::new() };
        for event in [interrupted(), WatchEvent::Forbidden { reason: String::new() }, WatchEvent::ListStarted]
        {
            flipped(&mut known, event);
            assert_eq!(known.value(&fact_of("a")), None);
            assert_eq!(known.value(&fact_of("b")), None);
            list(&mut known, &[namespace("a", "1", "web")]);
        }
        flipped(&mut known, interrupted());
        assert!(known.take(&Source::Namespaces, WatchEvent::Resumed).unwrap().all);
        assert!(known.value(&fact_of("a")).is_some());
    }

    #[test]
    fn a_change_of_what_rules_read_flips_a_fact_and_another_version_does_not() {
        let mut known = synced(&[namespace("a", "1", "web")]);
        assert!(flipped(&mut known, WatchEvent::Applied(namespace("a", "2", "web"))).is_empty());
        let changed = WatchEvent::Applied(namespace("a", "3", "db"));
        assert_eq!(flipped(&mut known, changed), [fact_of("a")]);
        assert_eq!(flipped(&mut known, WatchEvent::Applied(namespace("b", "4", "db"))), [fact_of("b")]);
        let deleted = WatchEvent::Deleted { namespace: None, name: "b".to_owned(), uid: "b".to_owned() };
        assert_eq!(flipped(&mut known, deleted.clone()), [fact_of("b")]);
        assert!(flipped(&mut known, deleted).is_empty());
        assert_eq!(known.value(&fact_of("b")), Some(Value::Null));
    }

    #[test]
    fn a_list_after_a_gap_tells_all_that_may_have_changed_meanwhile() {
        let mut known =
            synced(&[namespace("a", "1", "web"), namespace("b", "1", "web"), namespace("c", "1", "web")]);
        let mut told = list(
            &mut known,
            &[namespace("a", "1", "web"), namespace("b", "2", "web"), namespace("d", "3", "web")],
        );
        told.sort();
        assert_eq!(told, [fact_of("b"), fact_of("c"), fact_of("d")]);
    }

    #[test]
    fn what_changes_between_two_watches_is_told_by_the_list_of_the_second() {
        for given_up in [false, true] {
            let mut known = synced(&[namespace("a", "1", "web"), namespace("b", "1", "web")]);
            if given_up {
                assert!(known.give_up(&Source::Namespaces).is_none(), "nobody has waited for it");
            } else {
                known.interrupt();
            }
            assert_eq!((known.value(&fact_of("a")), known.is_settled()), (None, given_up));
            let told = list(&mut known, &[namespace("a", "1", "web"), namespace("b", "2", "web")]);
            assert_eq!(told, [fact_of("b")]);
            assert!(known.is_settled());
        }
    }

    #[test]
    fn who_waits_for_what_cannot_be_known_is_told_once() {
        let forbidden = || WatchEvent::Forbidden { reason: String::new() };
        let mut known = Known::default();
        let told = known.take(&Source::Namespaces, forbidden()).unwrap();
        assert!(known.is_settled() && told.flipped.is_empty() && !told.all);
        assert!(known.take(&Source::Namespaces, forbidden()).is_none());
        let mut known = Known::default();
        assert!(known.give_up(&Source::Namespaces).is_some() && known.is_settled());
        assert!(known.give_up(&Source::Namespaces).is_none());
    }

    #[test]
    fn where_an_object_could_not_be_read_none_is_known_to_be_missing() {
        let mut known = synced(&[namespace("a", "1", "web")]);
        flipped(&mut known, WatchEvent::Undecodable { reason: String::new() });
        assert!(known.value(&fact_of("a")).is_some());
        assert_eq!(known.value(&fact_of("b")), None);
        list(&mut known, &[]);
        assert_eq!(known.value(&fact_of("b")), Some(Value::Null), "a whole list tells it again");
    }

    #[test]
    fn of_owners_it_is_known_which_uids_exist() {
        let source = Source::Owners { group: "apps".to_owned(), kind: "ReplicaSet".to_owned() };
        let owner = |uid: &str| Fact::Owner(uid.to_owned());
        let object =
            |uid: &str| Observation::new(json!({"metadata": {"name": "web", "namespace": "a", "uid": uid}}));
        let mut known = Known::default();
        known.take(&source, WatchEvent::ListStarted);
        known.take(&source, WatchEvent::Listed(object("1")));
        known.take(&source, WatchEvent::Synced);
        assert_eq!(known.value(&owner("1")), Some(true.into()));
        assert_eq!(known.value(&owner("2")), Some(false.into()));
        assert!(known.take(&source, WatchEvent::Applied(object("1"))).is_none());
        let deleted = WatchEvent::Deleted { namespace: None, name: "web".to_owned(), uid: "1".to_owned() };
        assert_eq!(known.take(&source, deleted).unwrap().flipped, [owner("1")]);
        // Another one of its name is no return of it.
        assert_eq!(known.take(&source, WatchEvent::Applied(object("3"))).unwrap().flipped, [owner("3")]);
        assert_eq!(known.value(&owner("1")), Some(false.into()));
    }
}
