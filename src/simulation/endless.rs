//! Rules that do and undo the same to an object without end: at one instant, for which a clock that is moved by hand
//! would stand still, or over and over as time goes on. Nothing more of theirs is played on that object, and it is told.
//! What converges has an end: at one instant it comes back to no state in which the same was done to it before.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{Hash, Hasher};

use jiff::Timestamp;
use k8s_healer_engine::rule::RuleId;

use super::Simulation;
use super::world::ObjectId;

/// So often a step may find the object in a state in which it was done at the same instant already.
const REPEATED: usize = 3;
/// So often a step is done to one object at one instant, whatever comes of it.
const AT_ONCE: usize = 1_000;
/// So often in all: more than once a minute for a week.
const IN_ALL: usize = 12_000;

/// What has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endless {
    /// From when on nothing more of it is played.
    pub at: Timestamp,
    /// The object.
    pub object: ObjectId,
    /// The rules that act on it over and over.
    pub rules: BTreeSet<RuleId>,
    why: Why,
}

/// Why it is taken for endless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// It comes back to where it was.
    Repeats,
    /// It has come to no end at one instant.
    TooOftenAtOnce,
    /// It has come to no end as time went on.
    TooOften,
}

impl Endless {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self.rules.len() {
            1 => "let its last step leave something by which the rule spares the object",
            _ => "let one of them spare what the other leaves",
        }
    }

    /// For a person, of the object as it is called: `rules p/flip and p/flop undo each other …`.
    #[must_use]
    pub fn told(&self, object: &str) -> String {
        let names: Vec<String> = self.rules.iter().map(ToString::to_string).collect();
        let (rules, theirs) = match names.as_slice() {
            [rule] => (format!("rule {rule}"), "it"),
            several => (format!("rules {}", several.join(" and ")), "theirs"),
        };
        let what = match (self.why, names.len()) {
            (Why::Repeats, 1) => format!("makes itself true again on {object} without end"),
            (Why::Repeats, _) => format!("undo each other on {object} without end"),
            (Why::TooOftenAtOnce, _) => {
                format!("came to no end on {object} after {AT_ONCE} times at one moment")
            }
            (Why::TooOften, _) => format!("came to no end on {object} after {IN_ALL} times"),
        };
        format!("{rules} {what}: nothing more of {theirs} is played there")
    }

    /// The same of other objects is told once.
    pub(super) fn alike(&self) -> impl Ord {
        (self.why, &self.rules)
    }
}

/// How often each step of each rule has been done to an object.
#[derive(Debug, Default)]
pub(super) struct Acts {
    counts: BTreeMap<ObjectId, Vec<Count>>,
    endless: BTreeMap<ObjectId, Endless>,
}

#[derive(Debug)]
struct Count {
    /// Its place among those of the kind, and which of its steps.
    step: (usize, usize),
    at: Timestamp,
    at_once: usize,
    in_all: usize,
    /// What it found at this instant.
    states: Option<HashSet<u64>>,
    repeated: usize,
}

impl Count {
    /// Whether it is done too often, and in what way.
    fn why(&self) -> Option<Why> {
        match self {
            Self { repeated, .. } if *repeated > REPEATED => Some(Why::Repeats),
            Self { at_once, .. } if *at_once > AT_ONCE => Some(Why::TooOftenAtOnce),
            Self { in_all, .. } if *in_all > IN_ALL => Some(Why::TooOften),
            _ => None,
        }
    }

    /// Those that act nearly as often are the other half of it.
    fn is_part(&self, why: Why, now: Timestamp) -> bool {
        match why {
            Why::Repeats => self.at == now && self.repeated > 0,
            Why::TooOftenAtOnce => self.at == now && self.at_once > AT_ONCE / 2,
            Why::TooOften => self.in_all > IN_ALL / 2,
        }
    }
}

impl Acts {
    /// What has no end, in the order of its objects.
    pub(super) fn endless(&self) -> impl Iterator<Item = &Endless> {
        self.endless.values()
    }

    pub(super) fn is_endless(&self, object: &ObjectId) -> bool {
        self.endless.contains_key(object)
    }

    /// A step is about to be done to an object in a state. Whether that is too often, and in what way.
    fn count(
        &mut self,
        object: &ObjectId,
        step: (usize, usize),
        now: Timestamp,
        state: impl FnOnce() -> u64,
    ) -> Option<Why> {
        // Of most objects one rule does one step.
        let counts = self.counts.entry(object.clone()).or_insert_with(|| Vec::with_capacity(1));
        let found = counts.iter_mut().find(|count| count.step == step);
        let Some(count) = found else {
            counts.push(Count { step, at: now, at_once: 1, in_all: 1, states: None, repeated: 0 });
            return None;
        };
        count.in_all += 1;
        if count.at == now {
            count.at_once += 1;
            let is_new = count.states.get_or_insert_default().insert(state());
            count.repeated += usize::from(!is_new);
        } else {
            (count.at, count.at_once, count.states, count.repeated) = (now, 1, None, 0);
        }
        count.why()
    }

    /// The places of the rules that are part of it.
    fn parts(&self, object: &ObjectId, why: Why, now: Timestamp) -> impl Iterator<Item = usize> {
        let counts = self.counts.get(object).into_iter().flatten();
        counts.filter(move |count| count.is_part(why, now)).map(|count| count.step.0)
    }
}

impl Simulation {
    /// What rules do and undo without end, in the order of the objects.
    pub fn endless(&self) -> impl Iterator<Item = &Endless> {
        self.acts.endless()
    }

    /// Whether a step of the rule at this place goes on without end: then it is not done any more.
    pub(super) fn has_no_end(&mut self, object: &ObjectId, rule: usize, step: usize) -> bool {
        let (now, world) = (self.now, &self.world);
        let state = || {
            let mut value = world.get(object).map(|object| object.object().clone()).unwrap_or_default();
            if let Some(metadata) = value.get_mut("metadata").and_then(serde_json::Value::as_object_mut) {
                metadata.remove("resourceVersion");
            }
            let mut hasher = DefaultHasher::new();
            value.to_string().hash(&mut hasher);
            hasher.finish()
        };
        let Some(why) = self.acts.count(object, (rule, step), now, state) else { return false };
        let rules = self.trackers[object.kind].rules();
        let rules = self.acts.parts(object, why, now).map(|rule| rules[rule].id.clone()).collect();
        let endless = Endless { at: now, object: object.clone(), rules, why };
        self.acts.endless.insert(object.clone(), endless);
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::{Input, LoadOptions, load};
    use crate::simulation::Guard;
    use crate::simulation::gathering::Gathering;
    use crate::simulation::plan::{Plan, Question, plan};

    fn planned(rules: &str, hours: u64, states: &[(&str, &str)]) -> Plan {
        let object = |(name, state): &(&str, &str)| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"state": state},
                "metadata": {"name": name, "namespace": "test-a", "labels": {"state": state}}})
        };
        planned_of(rules, hours, &states.iter().map(object).collect::<Vec<_>>())
    }

    fn planned_of(rules: &str, hours: u64, objects: &[Value]) -> Plan {
        let head = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\n\
            defaults: { namespaces: [test-*] }\nrules:\n";
        let bytes = format!("{head}{rules}").into_bytes();
        let loaded = load(&[Input::Text { name: "rules.yaml".to_owned(), bytes }], &LoadOptions::default());
        let rules = loaded.rule_set.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let mut gathering = Gathering::new(&rules, true);
        for object in objects {
            gathering.add("v1", "ConfigMap", object.clone());
        }
        let gathered = gathering.finish();
        let within = std::time::Duration::from_secs(3600 * hours);
        let at = "2026-01-01T12:00:00Z".parse().unwrap();
        plan(gathered.world, gathered.watching, &Question { at, within, guard: Guard::default() })
    }

    const FLIP: &str = "- { name: flip, watch: configmaps, match: [ field: { path: $.data.state, in: [a, b] } ], \
        actions: [ patch: { merge: { data: { state: c } } } ] }\n";
    const FLOP: &str = "- { name: flop, watch: configmaps, match: [ field: { path: $.data.state, equals: c } ], \
        actions: [ patch: { merge: { data: { state: a } } } ] }\n";
    const OTHER: &str = "- { name: old, watch: configmaps, match: [ field: { path: $.data.state, equals: old } ], \
        actions: [ delete: {} ] }\n";

    #[test]
    fn rules_that_undo_each_other_end_and_are_told_and_all_else_is_played_on() {
        let rules = format!("{FLIP}{FLOP}{OTHER}");
        let found = planned(&rules, 1, &[("one", "a"), ("other", "old"), ("two", "b"), ("x", "x")]);
        assert_eq!(
            found.endless,
            [
                "rules pack/flip and pack/flop undo each other on configmaps/test-a/one and 1 other without end: nothing \
              more of theirs is played there: let one of them spare what the other leaves"
            ]
        );
        let of = |name: &str| found.rows.iter().filter(|row| &*row.name == name).count();
        assert_eq!((of("other"), of("x")), (1, 0));
        let rounds = 2 * (REPEATED + 2);
        assert_eq!((of("one"), of("two")), (rounds, rounds));
    }

    #[test]
    fn a_rule_that_makes_itself_true_again_ends_in_the_end() {
        let again = |pause: &str| {
            format!(
                "- {{ name: again, watch: configmaps, match: [ labels: {{ matchLabels: {{ state: a }} }} ], actions: \
                 [ label: {{ state: null }}, label: {{ state: a, after: {pause}, while: present }} ] }}\n"
            )
        };
        let found = planned(&again("250ms"), 24, &[("one", "a")]);
        assert_eq!(
            found.endless,
            [
                "rule pack/again came to no end on configmaps/test-a/one after 12000 times: nothing more of it is \
              played there: let its last step leave something by which the rule spares the object"
            ]
        );
        // Once a minute for a day is often, and has an end.
        let found = planned(&again("1m"), 24, &[("one", "a")]);
        assert!(found.endless.is_empty() && found.rows.len() > 2 * 24 * 60, "{}", found.rows.len());
    }

    #[test]
    fn what_converges_has_an_end() {
        let count = "- { name: count, watch: configmaps, match: [ field: { path: $.data.state, in: [a, aa, aaa] } ], \
            actions: [ patch: { merge: { data: { state: c } } } ] }\n\
            - { name: twice, watch: configmaps, match: [ field: { path: $.data.state, equals: c } ], \
            unless: [ labels: { matchLabels: { done: \"1\" } } ], \
            actions: [ label: { done: \"1\" }, patch: { merge: { data: { state: a } }, while: present } ] }\n";
        let found = planned(count, 1, &[("one", "a")]);
        assert!(found.endless.is_empty(), "{:?}", found.endless);
        assert_eq!(found.rows.len(), 4);
        // Each round takes one letter away: however many rounds it takes, it comes back to nothing that was.
        let shorter: String = (1..30)
            .map(|length| {
                let (now, then) = ("x".repeat(length), "x".repeat(length - 1));
                format!(
                    "- {{ name: r{length}, watch: configmaps, match: [ field: {{ path: $.data.state, equals: \"{now}\" }} ], \
                     actions: [ patch: {{ merge: {{ data: {{ state: \"{then}\" }} }} }} ] }}\n"
                )
            })
            .collect();
        let found = planned(&shorter, 1, &[("one", &"x".repeat(29))]);
        assert!(found.endless.is_empty(), "{:?}", found.endless);
        assert_eq!(found.rows.len(), 29);
    }

    #[test]
    fn one_rule_that_does_the_same_again_and_again_to_something_else_has_an_end() {
        let rules = "- { name: pop, watch: configmaps, match: [ field: { path: $.data.state, equals: a }, \
             field: { path: $.data.list, size: \"> 0\" } ], \
             actions: [ patch: { json: [ { op: remove, path: /data/list/0 }, { op: replace, path: /data/state, value: b } ] } ] }\n\
             - { name: back, watch: configmaps, match: [ field: { path: $.data.state, equals: b } ], \
             actions: [ patch: { merge: { data: { state: a } } } ] }\n";
        let of = |length: usize| {
            let list: Vec<usize> = (0..length).collect();
            planned_of(
                rules,
                1,
                &[json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "one", "namespace": "test-a"}, "data": {"state": "a", "list": list}})],
            )
        };
        let found = of(50);
        assert!(found.endless.is_empty(), "{:?}", found.endless);
        assert_eq!(found.rows.len(), 100);
        // Nobody waits for what goes on for so long.
        let found = of(AT_ONCE + 10);
        assert!(
            found.endless[0].contains("came to no end on configmaps/test-a/one after 1000 times"),
            "{:?}",
            found.endless
        );
    }
}
