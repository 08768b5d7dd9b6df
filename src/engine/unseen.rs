//! Paths that no object of a kind has had so far. What asks for such a path is unknown on all of them: if it
//! is misspelt, its rule stays silent for ever, so a person is told of it, once.

use std::sync::Arc;
use std::time::Duration;

use ahash::{AHashMap, AHashSet};
use jiff::Timestamp;

use crate::asked::Asked;
use crate::moment::after;
use crate::observation::Observation;
use crate::rule::Rule;
use crate::values::Path;

/// Of fewer objects nothing can be said: one that has failed may be the only one without a status.
const LEAST: usize = 3;
/// A new object has no status until its controller has seen it; the slow ones take seconds.
const SETTLE: Duration = Duration::from_secs(30);

/// So many namespaces are remembered.
const MOST: usize = 10_000;

/// What has not been seen yet. It holds no object, and nothing at all once every path has been seen or told.
#[derive(Debug, Default)]
pub struct UnseenPaths {
    places: Vec<Place>,
    /// Objects of the last list that are old enough to have what they will have, by namespace.
    settled: AHashMap<Option<Box<str>>, usize>,
    next_look: Option<Timestamp>,
}

/// Where rules look: any of these paths would do.
#[derive(Debug)]
struct Place {
    paths: Vec<Path>,
    /// The rules that select none of the objects on which it was seen.
    rules: Vec<Waiting>,
    /// Where it was seen: the rules left do not select these namespaces.
    seen_in: AHashSet<Option<Box<str>>>,
}

#[derive(Debug)]
struct Waiting {
    /// Which rule.
    rule: usize,
    /// When enough objects have been there for long enough.
    tell_at: Option<Timestamp>,
}

/// A path to tell of.
#[derive(Clone, Debug)]
pub struct NeverSeen {
    /// Which rule, by its index.
    pub rule: usize,
    /// Where it looks: none of these was there.
    pub paths: Vec<Path>,
    /// How many objects the rule selects.
    pub objects: usize,
}

impl UnseenPaths {
    /// The paths of rules that are unknown where nothing is there.
    #[must_use]
    pub fn new(rules: &[Arc<Rule>]) -> Self {
        let mut places: Vec<Place> = Vec::new();
        let mut known: AHashMap<Vec<String>, usize> = AHashMap::new();
        for (rule, written) in rules.iter().enumerate() {
            // Of many kinds, hardly one has every path.
            if written.is_wide() {
                continue;
            }
            let matchers = written.matches.iter().chain(&written.unless);
            for Asked { paths, .. } in
                matchers.flat_map(|matcher| matcher.asks()).filter(|asked| asked.needed)
            {
                let place =
                    *known.entry(paths.iter().map(ToString::to_string).collect()).or_insert_with(|| {
                        places.push(Place {
                            paths: paths.to_vec(),
                            rules: Vec::new(),
                            seen_in: AHashSet::new(),
                        });
                        places.len() - 1
                    });
                let rules = &mut places[place].rules;
                if rules.last().is_none_or(|last| last.rule != rule) {
                    rules.push(Waiting { rule, tell_at: None });
                }
            }
        }
        Self { places, ..Self::default() }
    }

    /// A list begins: its objects are counted afresh.
    pub fn list_started(&mut self) {
        self.settled.clear();
    }

    /// Looks at an object, of a list or of an event.
    pub fn observe(&mut self, rules: &[Arc<Rule>], object: &Observation, listed: bool, now: Timestamp) {
        if self.places.is_empty() {
            return;
        }
        let namespace: Option<Box<str>> = object.namespace().map(Into::into);
        if listed && object.created().is_some_and(|created| after(created, SETTLE) <= now) {
            *self.settled.entry(namespace.clone()).or_default() += 1;
        }
        let mut seen = false;
        self.places.retain_mut(|place| {
            if place.seen_in.contains(&namespace) {
                return true;
            }
            let mut nodes = place.paths.iter().flat_map(|path| path.nodes(object.object()));
            if nodes.any(|node| !node.is_null()) {
                place.rules.retain(|waiting| !selects(rules, waiting.rule, namespace.as_deref()));
                // Namespaces come and go: their names are not kept for ever.
                if place.seen_in.len() >= MOST {
                    place.seen_in.clear();
                }
                place.seen_in.insert(namespace.clone());
                seen = true;
            }
            !place.rules.is_empty()
        });
        if self.places.is_empty() {
            *self = Self::default();
        } else if seen {
            self.next_look = self.earliest();
        }
    }

    /// Whether an object that is new in this namespace may be the one after which something can be told.
    #[must_use]
    pub fn is_concerned(&self, rules: &[Arc<Rule>], namespace: Option<&str>) -> bool {
        let mut waiting = self.places.iter().flat_map(|place| &place.rules);
        waiting.any(|waiting| waiting.tell_at.is_none() && selects(rules, waiting.rule, namespace))
    }

    /// When to look again; `None`: there is nothing to wait for.
    #[must_use]
    pub fn next_look(&self) -> Option<Timestamp> {
        self.next_look
    }

    /// What is to be told now, each once. `selected` counts the objects that a rule selects; to be called
    /// while all of them are known.
    pub fn take(
        &mut self,
        rules: &[Arc<Rule>],
        now: Timestamp,
        selected: impl Fn(usize) -> usize,
    ) -> Vec<NeverSeen> {
        let Self { places, settled, .. } = self;
        let settled = |rule: usize| -> usize {
            let of = settled.iter().filter(|(namespace, _)| selects(rules, rule, namespace.as_deref()));
            of.map(|(_, objects)| objects).sum()
        };
        let mut told = Vec::new();
        places.retain_mut(|Place { paths, rules, .. }| {
            rules.retain_mut(|Waiting { rule, tell_at }| {
                let objects = selected(*rule);
                if objects < LEAST {
                    *tell_at = None;
                    return true;
                }
                let moment = *tell_at.get_or_insert_with(|| after(now, SETTLE));
                if now < moment && settled(*rule) < LEAST {
                    return true;
                }
                told.push(NeverSeen { rule: *rule, paths: paths.clone(), objects });
                false
            });
            !rules.is_empty()
        });
        self.next_look = self.earliest();
        told
    }

    fn earliest(&self) -> Option<Timestamp> {
        self.places.iter().flat_map(|place| &place.rules).filter_map(|waiting| waiting.tell_at).min()
    }
}

fn selects(rules: &[Arc<Rule>], rule: usize, namespace: Option<&str>) -> bool {
    rules.get(rule).is_some_and(|rule| rule.scope.selects(namespace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{Mode, RuleId, Scope};
    use crate::testing::{at, matcher};
    use crate::values::Globs;
    use serde_json::{Value, json};

    fn rules(matchers: &[(&str, Value)]) -> Vec<Arc<Rule>> {
        vec![Arc::new(Rule {
            id: RuleId { pack: "pack".into(), name: "rule".into() },
            description: String::new(),
            watch: Vec::new(),
            scope: Scope::Namespaces(Globs::parse(&["test-*".to_owned()]).unwrap()),
            matches: matchers
                .iter()
                .map(|(name, rule)| matcher(name, rule.clone()).unwrap().into())
                .collect(),
            unless: Vec::new(),
            hold: Duration::ZERO,
            schedule: None,
            selector: None,
            limits: None,
            cooldown: Duration::ZERO,
            mode: Mode::Enforce,
            steps: Vec::new(),
        })]
    }

    fn object(namespace: &str, created: &str, status: &Value) -> Observation {
        let metadata = json!({"namespace": namespace, "creationTimestamp": format!("2026-01-01T{created}Z")});
        Observation::new(json!({"metadata": metadata, "status": status}))
    }

    fn phase(path: &str) -> (&'static str, Value) {
        ("field", json!({"path": path, "equals": "Failed"}))
    }

    /// What is told of a list of so many objects, all created at 01:00:00, with the phase Running.
    fn told_at(path: &str, objects: usize, time: &str) -> Vec<String> {
        let rules = rules(&[phase(path)]);
        let mut unseen = UnseenPaths::new(&rules);
        unseen.list_started();
        for _ in 0..objects {
            unseen.observe(
                &rules,
                &object("test-a", "01:00:00", &json!({"phase": "Running"})),
                true,
                at(time),
            );
        }
        let told = unseen.take(&rules, at(time), |_| objects);
        told.iter().map(|told| format!("{} {}", told.paths[0], told.objects)).collect()
    }

    #[test]
    fn a_path_that_no_listed_object_has_is_told() {
        assert_eq!(told_at("$.status.phse", 4, "02:00:00"), ["$.status.phse 4"]);
        assert!(told_at("$.status.phase", 4, "02:00:00").is_empty());
        assert!(told_at("$.status.phse", 2, "02:00:00").is_empty(), "of two objects nothing can be said");
        assert!(told_at("$.status.phse", 4, "01:00:10").is_empty(), "they may have no status yet");
    }

    #[test]
    fn objects_that_are_new_are_waited_for_and_each_path_is_told_once() {
        let rules = rules(&[phase("$.status.phse"), phase("$.status.phse")]);
        let mut unseen = UnseenPaths::new(&rules);
        assert!(unseen.take(&rules, at("01:00:00"), |_| 2).is_empty() && unseen.next_look().is_none());
        assert!(unseen.take(&rules, at("01:00:10"), |_| 3).is_empty());
        assert_eq!(unseen.next_look(), Some(at("01:00:40")));
        assert!(unseen.take(&rules, at("01:00:39"), |_| 3).is_empty());
        assert_eq!(unseen.take(&rules, at("01:00:40"), |_| 5).len(), 1);
        assert!(unseen.take(&rules, at("02:00:00"), |_| 5).is_empty() && unseen.next_look().is_none());
    }

    #[test]
    fn a_path_that_shows_up_in_time_is_not_told() {
        let rules = rules(&[phase("$.status.phase")]);
        let mut unseen = UnseenPaths::new(&rules);
        unseen.take(&rules, at("01:00:00"), |_| 3);
        unseen.observe(
            &rules,
            &object("prod", "01:00:00", &json!({"phase": "Failed"})),
            false,
            at("01:00:01"),
        );
        unseen.observe(&rules, &object("test-a", "01:00:00", &json!({"phase": null})), false, at("01:00:01"));
        assert!(unseen.next_look().is_some(), "another namespace's object and a null say nothing");
        unseen.observe(
            &rules,
            &object("test-a", "01:00:00", &json!({"phase": "Failed"})),
            false,
            at("01:00:02"),
        );
        assert!(unseen.next_look().is_none() && unseen.take(&rules, at("02:00:00"), |_| 3).is_empty());
    }

    #[test]
    fn a_list_afresh_counts_afresh() {
        let rules = rules(&[phase("$.status.phse")]);
        let mut unseen = UnseenPaths::new(&rules);
        for _ in 0..4 {
            unseen.list_started();
            unseen.observe(&rules, &object("test-a", "01:00:00", &json!({})), true, at("02:00:00"));
        }
        assert!(unseen.take(&rules, at("02:00:00"), |_| 3).is_empty(), "one object was listed four times");
    }

    #[test]
    fn what_has_a_meaning_when_absent_is_never_told() {
        let field = |rule: Value| ("field", rule);
        let rules = rules(&[
            field(json!({"path": "$.a", "exists": true})),
            field(json!({"path": "$.b", "default": 0, "equals": 0})),
            ("age", json!({"over": "1m"})),
            ("age", json!({"over": "1m", "since": ["$.c", "$.metadata.creationTimestamp"]})),
        ]);
        assert!(UnseenPaths::new(&rules).places.is_empty());
    }
}
