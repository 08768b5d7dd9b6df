//! Rules that do and undo the same to an object without end: at one instant, for which a clock that is moved by hand
//! would stand still, or over and over as time goes on. Nothing more of theirs is played on that object, and it is told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_healer_engine::rule::RuleId;

use super::Simulation;
use super::world::ObjectId;

/// So often a rule does a step of its to one object at one instant; what converges does so in fewer.
const AT_ONCE: usize = 8;
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
        let rules: Vec<String> = self.rules.iter().map(ToString::to_string).collect();
        match rules.as_slice() {
            [rule] => format!(
                "rule {rule} makes itself true again on {object} without end: nothing more of it is played there"
            ),
            several => format!(
                "rules {} undo each other on {object} without end: nothing more of theirs is played there",
                several.join(" and ")
            ),
        }
    }
}

/// How often each rule has done each of its steps to an object.
#[derive(Debug, Default)]
pub(super) struct Acts {
    counts: BTreeMap<ObjectId, BTreeMap<(RuleId, usize), Count>>,
    endless: BTreeMap<ObjectId, Endless>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    at: Timestamp,
    at_once: usize,
    in_all: usize,
}

impl Acts {
    /// What has no end, in the order of its objects.
    pub(super) fn endless(&self) -> impl Iterator<Item = &Endless> {
        self.endless.values()
    }

    pub(super) fn is_endless(&self, object: &ObjectId) -> bool {
        self.endless.contains_key(object)
    }

    /// A rule is about to do a step of its to an object; whether that has been done too often.
    fn is_too_often(&mut self, object: &ObjectId, rule: &RuleId, step: usize, now: Timestamp) -> bool {
        let counts = self.counts.entry(object.clone()).or_default();
        let count = counts.entry((rule.clone(), step)).or_insert(Count { at: now, at_once: 0, in_all: 0 });
        if count.at != now {
            (count.at, count.at_once) = (now, 0);
        }
        count.at_once += 1;
        count.in_all += 1;
        if count.at_once <= AT_ONCE && count.in_all <= IN_ALL {
            return false;
        }
        let most = if count.at_once > AT_ONCE { AT_ONCE } else { IN_ALL };
        // Those that act nearly as often are the other half of it.
        let is_of_it = |count: &Count| {
            if most == AT_ONCE { count.at == now && count.at_once > 1 } else { count.in_all > most / 2 }
        };
        let rules = counts.iter().filter(|(_, count)| is_of_it(count)).map(|((rule, _), _)| rule.clone());
        let endless = Endless { at: now, object: object.clone(), rules: rules.collect() };
        self.endless.insert(object.clone(), endless);
        true
    }
}

impl Simulation {
    /// What rules do and undo without end, in the order of the objects.
    pub fn endless(&self) -> impl Iterator<Item = &Endless> {
        self.acts.endless()
    }

    /// Whether this step goes on without end: then it is not done any more.
    pub(super) fn has_no_end(&mut self, object: &ObjectId, rule: &RuleId, step: usize) -> bool {
        let now = self.now;
        self.acts.is_too_often(object, rule, step, now)
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
        let head = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: pack }\n\
            defaults: { namespaces: [test-*] }\nrules:\n";
        let bytes = format!("{head}{rules}").into_bytes();
        let loaded = load(&[Input::Text { name: "rules.yaml".to_owned(), bytes }], &LoadOptions::default());
        let rules = loaded.rule_set.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let mut gathering = Gathering::new(&rules, true);
        for (name, state) in states {
            let object: Value = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"state": state},
                "metadata": {"name": name, "namespace": "test-a", "labels": {"state": state}}});
            gathering.add("v1", "ConfigMap", object);
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
        assert_eq!((of("one"), of("two")), (2 * AT_ONCE, 2 * AT_ONCE));
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
                "rule pack/again makes itself true again on configmaps/test-a/one without end: nothing more of it is \
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
    }
}
