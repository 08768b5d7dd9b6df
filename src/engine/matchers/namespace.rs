//! `namespace`: what the namespace of the object is like. It is another object: a fact that is handed in, and
//! waited for.

use super::others::{Asks, Inner, of_other};
use crate::asked::Asked;
use crate::descriptor::{Arguments, Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind, keys_of};
use crate::facts::{Fact, Others};
use crate::matcher::{Context, Matcher};
use crate::projection::Projection;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "namespace",
    summary: "The object's namespace has these labels, this annotation, this phase or this age.",
    shape: Shape::Keys(&[
        Key::asking(
            "labels",
            ValueKind::Block(keys_of(&super::labels::DESCRIPTOR)),
            "A Kubernetes label selector on the namespace's labels.",
            "{ matchLabels: { team: web } }",
        ),
        Key::asking(
            "annotations",
            ValueKind::Block(keys_of(&super::annotations::DESCRIPTOR)),
            "An annotation of the namespace.",
            "{ key: example.com/run, glob: run-* }",
        ),
        Key::asking("phase", ValueKind::Words, "The namespace's phase is one of these.", "Terminating"),
        Key::asking(
            "age",
            ValueKind::Block(&[
                Key::asking("over", ValueKind::Sourced(&ValueKind::Duration), "At least this old.", "2h"),
                Key::asking("under", ValueKind::Sourced(&ValueKind::Duration), "Less than this old.", "1d"),
            ]),
            "The time since the namespace was created.",
            "{ over: 2h }",
        ),
    ]),
    unknown_when: "the namespace is gone or could not be looked up, or what is asked of it is unknown",
    examples: &["namespace: { labels: { matchLabels: { team: web } } }", "namespace: { age: { over: 2h } }"],
    kinds: &[],
    build: |mut arguments| {
        let mut inner = Inner::default();
        inner.add_block(&mut arguments, "labels", &super::labels::DESCRIPTOR)?;
        inner.add_block(&mut arguments, "annotations", &super::annotations::DESCRIPTOR)?;
        inner.add_texts(&mut arguments, "phase", &super::phase::DESCRIPTOR)?;
        inner.add_block(&mut arguments, "age", &super::age::DESCRIPTOR)?;
        if inner.is_empty() {
            let help = "write `labels: { matchLabels: { team: web } }`, `annotations`, `phase` or `age`";
            return Err(Fault::new(FaultKind::MissingKey, "`namespace` asks nothing", help));
        }
        Ok(Box::new(Namespace { inner }))
    },
};

/// The keys of a rule's `namespaceSelector`: those of a Kubernetes label selector.
pub static SELECTOR_KEYS: &[Key] = keys_of(&super::labels::DESCRIPTOR);

/// What a rule's `namespaceSelector` asks of each object: that the labels of its namespace are these.
///
/// # Errors
/// It selects nothing, or contradicts itself.
pub fn selector(labels: Arguments) -> Result<Box<dyn Matcher>, Fault> {
    let mut inner = Inner::default();
    inner.add("", super::labels::DESCRIPTOR.build, labels)?;
    Ok(Box::new(Namespace { inner }))
}

#[derive(Debug)]
struct Namespace {
    inner: Inner,
}

fn fact(context: &Context<'_>) -> Option<Fact> {
    context.object.namespace().map(|name| Fact::Namespace(name.to_owned()))
}

impl Matcher for Namespace {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        // An object of the cluster is in no namespace of which anything could be known.
        let Some(fact) = fact(context) else { return Verdict::unknown() };
        of_other(fact, context, |asked| match asked {
            Asks::Object(namespace) => self.inner.evaluate(&context.at(namespace)),
            // It is gone, and what is in it is about to be.
            Asks::Gone => Verdict::unknown(),
        })
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["metadata", "namespace"]);
        self.inner.reads_of_watched(projection);
    }

    fn carried(&self) -> Vec<Asked<'_>> {
        self.inner.carried()
    }

    fn reads_of_others(&self, others: &mut Others) {
        self.inner.reads(others.namespaces.get_or_insert_default());
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let Some(fact) = fact(context) else { return "no namespace".to_owned() };
        let name = context.object.namespace().unwrap_or_default();
        self.inner.explain(&format!("namespace {name}"), &fact, context)
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{Fact, Facts};
    use crate::testing::{at, matcher, verdict, verdict_with};
    use crate::truth::Truth;
    use serde_json::{Value, json};

    fn object() -> Value {
        json!({"metadata": {"name": "web", "namespace": "test-a"}})
    }

    fn facts(namespace: Value) -> Facts {
        Facts::none().with(Fact::Namespace("test-a".to_owned()), namespace)
    }

    #[test]
    fn what_the_namespace_is_like_decides_and_nothing_else_does() {
        let namespace = json!({
            "metadata": {"name": "test-a", "creationTimestamp": "2026-01-01T00:00:00Z",
                "labels": {"team": "web"}, "annotations": {"run": "run-1"}},
            "status": {"phase": "Active"},
        });
        for (rule, truth) in [
            (json!({"labels": {"matchLabels": {"team": "web"}}}), Truth::True),
            (json!({"labels": {"matchLabels": {"team": "db"}}}), Truth::False),
            (
                json!({"labels": {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold"]}]}}),
                Truth::True,
            ),
            (json!({"annotations": {"key": "run", "glob": "run-*"}}), Truth::True),
            (json!({"annotations": {"key": "owner", "glob": "run-*"}}), Truth::Unknown),
            (json!({"annotations": {"key": "owner", "exists": false}}), Truth::True),
            (json!({"phase": "Active"}), Truth::True),
            (json!({"phase": ["Terminating"]}), Truth::False),
            (json!({"age": {"over": "1h"}}), Truth::True),
            (json!({"age": {"over": "3h"}}), Truth::False),
            (json!({"age": {"over": "1h"}, "phase": "Terminating"}), Truth::False),
        ] {
            let found =
                verdict_with("namespace", rule.clone(), &object(), &facts(namespace.clone()), "02:00:00");
            assert_eq!(found.truth, truth, "{rule}");
            assert_eq!(found.waits_for, [Fact::Namespace("test-a".to_owned())], "{rule}");
            assert_eq!(found.holds_since, None, "since when it has been so for the object is not told");
        }
    }

    #[test]
    fn a_namespace_that_nobody_looked_up_or_that_is_gone_is_unknown_and_so_is_its_negation() {
        let rule = || json!({"labels": {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}});
        for facts in [Facts::none(), facts(Value::Null)] {
            let found = verdict_with("namespace", rule(), &object(), &facts, "02:00:00");
            assert_eq!((found.truth, found.waits_for.len()), (Truth::Unknown, 1), "{facts:?}");
        }
        let negated = json!({"namespace": rule()});
        assert_eq!(verdict("not", negated, &object(), "02:00:00").truth, Truth::Unknown);
        let of_cluster = json!({"metadata": {"name": "node-1"}});
        let found = verdict_with("namespace", rule(), &of_cluster, &facts(json!({})), "02:00:00");
        assert_eq!((found.truth, found.waits_for.len()), (Truth::Unknown, 0));
    }

    #[test]
    fn what_a_rule_leaves_to_the_object_is_read_from_the_object_and_not_from_its_namespace() {
        let namespace = json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"run": "run-1", "mine": "run-2", "ttl": "9h"}}});
        let object = |run: Value, ttl: Value| json!({"metadata": {"name": "web", "namespace": "test-a", "annotations": {"mine": run, "ttl": ttl}}});
        let from = |key: &str| json!({"valueFrom": format!("$.metadata.annotations.{key}")});
        for (rule, truth) in [
            (json!({"annotations": {"key": "run", "equals": from("mine")}}), Truth::True),
            (json!({"annotations": {"key": "run", "in": ["run-3", from("mine")]}}), Truth::True),
            (json!({"annotations": {"key": "run", "equals": from("none")}}), Truth::Unknown),
            (json!({"age": {"over": from("ttl")}}), Truth::True),
            (json!({"age": {"under": from("ttl")}}), Truth::False),
            (json!({"age": {"over": from("none")}}), Truth::Unknown),
        ] {
            let object = object("run-1".into(), "1h".into());
            let found =
                verdict_with("namespace", rule.clone(), &object, &facts(namespace.clone()), "02:00:00");
            assert_eq!(found.truth, truth, "{rule}");
        }
        let asks = matcher("namespace", json!({"age": {"over": from("ttl")}})).unwrap();
        let asked: Vec<_> = asks.asks().into_iter().flat_map(|asked| asked.expectations).collect();
        assert_eq!(asked[0].at, ["age", "over", "valueFrom"]);
    }

    #[test]
    fn its_age_comes_of_itself() {
        let namespace = json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}});
        let rule = json!({"age": {"over": "3h"}});
        let found = verdict_with("namespace", rule, &object(), &facts(namespace), "02:00:00");
        assert_eq!(found.changes_at, Some(at("03:00:00")));
    }

    #[test]
    fn one_that_asks_nothing_and_faults_inside_are_told_at_their_place() {
        assert!(matcher("namespace", json!({})).is_err());
        let fault = matcher("namespace", json!({"age": {"over": "2h", "under": "1h"}})).unwrap_err();
        assert_eq!(fault.at, ["age"]);
    }

    #[test]
    fn its_phase_may_be_one_that_the_object_in_it_names() {
        let rule = || json!({"phase": {"valueFrom": "$.metadata.annotations.with"}});
        let facts = facts(
            json!({"metadata": {"annotations": {"with": "Active"}}, "status": {"phase": "Terminating"}}),
        );
        for (annotations, truth) in [
            (json!({"with": "Terminating"}), Truth::True),
            (json!({"with": ["Active", "Terminating"]}), Truth::True),
            (json!({"with": "Active"}), Truth::False),
            (json!({}), Truth::Unknown),
        ] {
            let mut object = object();
            object["metadata"]["annotations"] = annotations;
            assert_eq!(
                verdict_with("namespace", rule(), &object, &facts, "02:00:00").truth,
                truth,
                "{object}"
            );
        }
    }
}
