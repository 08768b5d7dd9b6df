//! What the index passes over is never true; what it finds is what `evaluate` says.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::evaluate::evaluate;
use crate::facts::Facts;
use crate::observation::Observation;
use crate::rule::{Mode, RuleId};
use crate::testing::{at, matcher};
use crate::values::Globs;

/// Matchers that rules share at random, by their number.
fn matchers() -> Vec<Arc<dyn Matcher>> {
    [
        ("phase", json!(["Failed", "Odd"])),
        ("phase", json!(["Failed"])),
        ("labels", json!({"matchLabels": {"app": "web"}})),
        (
            "labels",
            json!({"matchLabels": {"app": "db"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}),
        ),
        ("labels", json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]})),
        ("age", json!({"over": "1h"})),
        ("field", json!({"path": "$.status.phase", "notEquals": "Failed"})),
        ("field", json!({"path": "$.status.phase", "in": ["Failed", "Running"]})),
        ("field", json!({"path": "$.status.phase", "equals": "Gone", "default": "Gone"})),
        ("field", json!({"path": "$.status.list[*].a", "any": {"equals": "x"}})),
        ("field", json!({"path": "$.status.time", "newerThan": "30m"})),
        ("containers", json!({"waiting": ["CrashLoopBackOff"]})),
        ("containers", json!({"terminated": ["Error"], "last": true})),
    ]
    .into_iter()
    .map(|(name, json)| matcher(name, json).unwrap().into())
    .collect()
}

fn rule(scope: &[&str], matches: Vec<Arc<dyn Matcher>>, unless: Vec<Arc<dyn Matcher>>) -> Arc<Rule> {
    Arc::new(Rule {
        id: RuleId { pack: "pack".into(), name: "rule".into() },
        description: String::new(),
        watch: Vec::new(),
        scope: if scope.is_empty() {
            Scope::Cluster
        } else {
            Scope::Namespaces(Globs::parse(scope).unwrap())
        },
        matches,
        unless,
        hold: Duration::ZERO,
        schedule: None,
        selector: None,
        limits: None,
        cooldown: Duration::ZERO,
        mode: Mode::Enforce,
        steps: Vec::new(),
    })
}

fn scopes() -> impl Strategy<Value = &'static [&'static str]> {
    prop::sample::select(vec![&["test-*"][..], &["*", "!test-b"], &["test-a"], &[]])
}

fn numbers(most: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..matchers().len(), 0..=most)
}

fn objects() -> impl Strategy<Value = Value> {
    let phase =
        prop::sample::select(vec![json!("Failed"), json!("Running"), json!("Odd"), json!(7), json!(null)]);
    let app = prop::sample::select(vec![json!("web"), json!("db"), json!("none")]);
    let reason = prop::sample::select(vec!["CrashLoopBackOff", "Error", "Fine"]);
    let namespace = prop::sample::select(vec![json!("test-a"), json!("test-b"), json!("other"), json!(null)]);
    (phase, app, reason, namespace, any::<bool>(), any::<bool>()).prop_map(
        |(phase, app, reason, namespace, listed, young)| {
            json!({
                "metadata": {"name": "p", "namespace": namespace, "labels": {"app": app, "x": "y"},
                    "creationTimestamp": if young { "2026-01-01T01:30:00Z" } else { "2026-01-01T00:10:00Z" }},
                "status": {"phase": phase, "time": "2026-01-01T01:40:00Z",
                    "list": if listed { json!([{"a": "y"}, {"a": "x"}]) } else { json!([]) },
                    "containerStatuses": [
                        {"name": "a", "state": {"waiting": {"reason": reason}}, "lastState": {"terminated": {"reason": reason}}},
                    ]},
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn it_finds_what_evaluate_says_and_passes_over_what_cannot_become_true(
        written in prop::collection::vec((scopes(), numbers(3), numbers(1)), 1..12),
        objects in prop::collection::vec(objects(), 1..4),
    ) {
        let shared = matchers();
        let pick = |numbers: &[usize]| numbers.iter().map(|number| Arc::clone(&shared[*number])).collect();
        let rules: Vec<Arc<Rule>> =
            written.iter().map(|(scope, matches, unless)| rule(scope, pick(matches), pick(unless))).collect();
        let mut index = RuleIndex::new(&rules);
        for object in objects {
            let object = Observation::new(object);
            let (facts, now) = (Facts::none(), at("02:00:00"));
            let selection = index.selection(object.namespace());
            let found = index.survey(&selection, &Context::new(&object, &facts, now));
            prop_assert!(found.is_sorted_by_key(|(number, _)| *number));
            for (number, rule) in rules.iter().enumerate() {
                let verdict = evaluate(rule, &object, &facts, now);
                match found.iter().find(|(found, _)| *found == number) {
                    Some((_, found)) => {
                        prop_assert!(rule.scope.selects(object.namespace()));
                        prop_assert_eq!(found, &verdict);
                    }
                    None if rule.scope.selects(object.namespace()) => {
                        let mut later = verdict.changes_at;
                        prop_assert!(!verdict.truth.is_true(), "{:?}", rule);
                        // Whenever time changes it, it is not to true.
                        while let Some(moment) = later {
                            let then = evaluate(rule, &object, &facts, moment);
                            prop_assert!(!then.truth.is_true(), "{:?}", rule);
                            later = then.changes_at;
                        }
                    }
                    None => {}
                }
            }
        }
    }
}

#[test]
fn a_matcher_that_many_rules_share_is_evaluated_once() {
    let shared: Arc<dyn Matcher> = matcher("age", json!({"over": "1h"})).unwrap().into();
    let rules: Vec<Arc<Rule>> =
        (0..100).map(|_| rule(&["a"], vec![Arc::clone(&shared)], Vec::new())).collect();
    let index = RuleIndex::new(&rules);
    assert_eq!((index.matchers.len(), index.scopes.len()), (1, 1));
}
