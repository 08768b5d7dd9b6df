//! Paths that no object of a kind has had so far. What asks for such a path is unknown on all of them: if it
//! is misspelt, its rule stays silent for ever, so a person is told of it, once.

use std::sync::Arc;
use std::time::Duration;

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

/// What has not been seen yet. It holds no object, and nothing at all once every path has been seen or told.
#[derive(Debug, Default)]
pub struct UnseenPaths {
    waiting: Vec<Unseen>,
}

#[derive(Debug)]
struct Unseen {
    /// Which rule.
    rule: usize,
    /// Where it looks: any of these would do.
    paths: Vec<Path>,
    /// Objects of the last list that should have it and do not.
    settled: usize,
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
        let mut waiting: Vec<Unseen> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let asked = rule.matches.iter().chain(&rule.unless).flat_map(|matcher| matcher.asks());
            for Asked { paths, .. } in asked.filter(|asked| asked.needed) {
                let sources = |paths: &[Path]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
                let same = |known: &Unseen| known.rule == index && sources(&known.paths) == sources(paths);
                if !waiting.iter().any(same) {
                    waiting.push(Unseen { rule: index, paths: paths.to_vec(), settled: 0, tell_at: None });
                }
            }
        }
        Self { waiting }
    }

    /// A list begins: its objects are counted afresh.
    pub fn list_started(&mut self) {
        self.waiting.iter_mut().for_each(|unseen| unseen.settled = 0);
    }

    /// Looks at an object, of a list or of an event.
    pub fn observe(&mut self, rules: &[Arc<Rule>], object: &Observation, listed: bool, now: Timestamp) {
        if self.waiting.is_empty() {
            return;
        }
        let settled = listed && object.created().is_some_and(|created| after(created, SETTLE) <= now);
        self.waiting.retain_mut(|unseen| {
            if !rules.get(unseen.rule).is_some_and(|rule| rule.scope.selects(object.namespace())) {
                return true;
            }
            unseen.settled += usize::from(settled);
            let mut nodes = unseen.paths.iter().flat_map(|path| path.nodes(object.object()));
            nodes.all(serde_json::Value::is_null)
        });
    }

    /// When to look again; `None`: there is nothing to wait for.
    #[must_use]
    pub fn next_look(&self) -> Option<Timestamp> {
        self.waiting.iter().filter_map(|unseen| unseen.tell_at).min()
    }

    /// What is to be told now, each once. `selected` counts the objects that a rule selects; to be called
    /// while all of them are known.
    pub fn take(&mut self, now: Timestamp, selected: impl Fn(usize) -> usize) -> Vec<NeverSeen> {
        let mut told = Vec::new();
        self.waiting.retain_mut(|unseen| {
            let objects = selected(unseen.rule);
            if objects < LEAST {
                unseen.tell_at = None;
                return true;
            }
            let tell_at = *unseen.tell_at.get_or_insert_with(|| after(now, SETTLE));
            if unseen.settled < LEAST && now < tell_at {
                return true;
            }
            let paths = std::mem::take(&mut unseen.paths);
            told.push(NeverSeen { rule: unseen.rule, paths, objects });
            false
        });
        told
    }
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
        let told = unseen.take(at(time), |_| objects);
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
        assert!(unseen.take(at("01:00:00"), |_| 2).is_empty() && unseen.next_look().is_none());
        assert!(unseen.take(at("01:00:10"), |_| 3).is_empty());
        assert_eq!(unseen.next_look(), Some(at("01:00:40")));
        assert!(unseen.take(at("01:00:39"), |_| 3).is_empty());
        assert_eq!(unseen.take(at("01:00:40"), |_| 5).len(), 1);
        assert!(unseen.take(at("02:00:00"), |_| 5).is_empty() && unseen.next_look().is_none());
    }

    #[test]
    fn a_path_that_shows_up_in_time_is_not_told() {
        let rules = rules(&[phase("$.status.phase")]);
        let mut unseen = UnseenPaths::new(&rules);
        unseen.take(at("01:00:00"), |_| 3);
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
        assert!(unseen.next_look().is_none() && unseen.take(at("02:00:00"), |_| 3).is_empty());
    }

    #[test]
    fn a_list_afresh_counts_afresh() {
        let rules = rules(&[phase("$.status.phse")]);
        let mut unseen = UnseenPaths::new(&rules);
        for _ in 0..4 {
            unseen.list_started();
            unseen.observe(&rules, &object("test-a", "01:00:00", &json!({})), true, at("02:00:00"));
        }
        assert!(unseen.take(at("02:00:00"), |_| 3).is_empty(), "one object was listed four times");
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
        assert!(UnseenPaths::new(&rules).waiting.is_empty());
    }
}
