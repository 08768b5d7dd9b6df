//! `node`: what the node is like that a pod or a virtual machine's instance is bound to. It is another object: a
//! fact that is handed in, and waited for.

use super::others::{Asks, Inner, of_other};
use crate::asked::Asked;
use crate::descriptor::{
    Arguments, Fault, FaultKind, Key, MatcherDescriptor, Shape, Value, ValueKind, keys_of,
};
use crate::facts::{Fact, Others, node_name};
use crate::matcher::{Context, Matcher};
use crate::projection::Projection;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "node",
    summary: "The node that a pod or a VirtualMachineInstance is bound to is ready or not, has a condition or labels, or is gone.",
    shape: Shape::Keys(&[
        Key::asking("ready", ValueKind::Bool, "Whether its condition `Ready` is `True`.", "false"),
        Key::asking(
            "condition",
            ValueKind::Block(keys_of(&super::condition::DESCRIPTOR)),
            "A condition of the node.",
            "{ type: MemoryPressure }",
        ),
        Key::asking(
            "labels",
            ValueKind::Block(keys_of(&super::labels::DESCRIPTOR)),
            "A Kubernetes label selector on the node's labels.",
            "{ matchLabels: { pool: spot } }",
        ),
        Key::asking("missing", ValueKind::Bool, "Whether there is no node of this name.", "true"),
    ]),
    unknown_when: "the object is not bound to a node, the node could not be looked up, or what is asked of it is unknown, \
                   as all but `missing` is of one that is gone",
    examples: &[
        "node: { missing: true }",
        "node: { ready: false }",
        "node: { condition: { type: MemoryPressure, for: 5m } }",
    ],
    kinds: &["pods", "virtualmachineinstances.kubevirt.io"],
    build: |mut arguments| {
        let (ready, missing) = (arguments.boolean("ready"), arguments.boolean("missing"));
        let mut inner = Inner::default();
        inner.add_block(&mut arguments, "condition", &super::condition::DESCRIPTOR)?;
        inner.add_block(&mut arguments, "labels", &super::labels::DESCRIPTOR)?;
        if let Some(ready) = ready {
            inner.add("ready", super::condition::DESCRIPTOR.build, readiness(ready))?;
        }
        if inner.is_empty() && missing.is_none() {
            let help =
                "write `ready: false`, `condition: { type: MemoryPressure }`, `labels` or `missing: true`";
            return Err(Fault::new(FaultKind::MissingKey, "`node` asks nothing", help));
        }
        if missing == Some(true) && !inner.is_empty() {
            let message = "`node` can never be true: a node that is missing has no condition and no labels";
            return Err(Fault::new(FaultKind::NeverTrue, message, "keep one of them").under("missing"));
        }
        Ok(Box::new(Node { missing, inner }))
    },
};

/// `Ready` is `True`; or it is `False`, or `Unknown`, as it is where the kubelet is not heard of any more.
fn readiness(ready: bool) -> Arguments {
    let status = if ready { &["True"][..] } else { &["False", "Unknown"] };
    let mut arguments = Arguments::default();
    if let Ok(globs) = crate::values::Globs::parse(&["Ready"]) {
        arguments.insert("type", Value::Globs(globs));
    }
    arguments.insert("status", Value::Texts(status.iter().map(ToString::to_string).collect()));
    arguments
}

#[derive(Debug)]
struct Node {
    missing: Option<bool>,
    inner: Inner,
}

fn fact(context: &Context<'_>) -> Option<Fact> {
    node_name(context.object).map(|name| Fact::Node(name.to_owned()))
}

impl Matcher for Node {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let Some(fact) = fact(context) else { return Verdict::unknown() };
        of_other(fact, context, |asked| {
            let missing = self.missing.map(|missing| Verdict::fixed(missing == matches!(asked, Asks::Gone)));
            let inner = match asked {
                _ if self.inner.is_empty() => None,
                Asks::Object(node) => Some(self.inner.evaluate(&context.at(node))),
                Asks::Gone => Some(Verdict::unknown()),
            };
            Verdict::all(missing.into_iter().chain(inner))
        })
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["spec", "nodeName"]);
        projection.read_members(&["status", "nodeName"]);
        self.inner.reads_of_watched(projection);
    }

    fn carried(&self) -> Vec<Asked<'_>> {
        self.inner.carried()
    }

    fn reads_of_others(&self, others: &mut Others) {
        self.inner.reads(others.nodes.get_or_insert_default());
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let Some(fact) = fact(context) else {
            return "bound to no node ($.spec.nodeName and $.status.nodeName are missing)".to_owned();
        };
        let name = node_name(context.object).unwrap_or_default();
        self.inner.explain(&format!("node {name}"), &fact, context)
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{Fact, Facts};
    use crate::testing::{matcher, verdict_with};
    use crate::truth::Truth;
    use serde_json::{Value, json};

    fn pod() -> Value {
        json!({"metadata": {"name": "web"}, "spec": {"nodeName": "node-1"}})
    }

    fn facts(node: Value) -> Facts {
        Facts::none().with(Fact::Node("node-1".to_owned()), node)
    }

    fn node(ready: &str) -> Value {
        json!({"metadata": {"name": "node-1", "labels": {"pool": "spot"}}, "status": {"conditions": [
            {"type": "MemoryPressure", "status": "False"},
            {"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})
    }

    fn truth(rule: Value, object: &Value, facts: &Facts) -> Truth {
        verdict_with("node", rule, object, facts, "01:00:00").truth
    }

    #[test]
    fn what_the_node_is_like_decides() {
        for (rule, ready, expected) in [
            (json!({"ready": true}), "True", Truth::True),
            (json!({"ready": true}), "Unknown", Truth::False),
            (json!({"ready": false}), "Unknown", Truth::True),
            (json!({"ready": false}), "False", Truth::True),
            (json!({"ready": false}), "True", Truth::False),
            (json!({"condition": {"type": "Ready", "status": "False", "for": "30m"}}), "False", Truth::True),
            (json!({"condition": {"type": "Ready", "status": "False", "for": "2h"}}), "False", Truth::False),
            (json!({"condition": {"type": "DiskPressure"}}), "True", Truth::Unknown),
            (json!({"labels": {"matchLabels": {"pool": "spot"}}}), "True", Truth::True),
            (json!({"labels": {"matchLabels": {"pool": "spot"}}, "ready": false}), "True", Truth::False),
            (json!({"missing": true}), "True", Truth::False),
            (json!({"missing": false, "ready": true}), "True", Truth::True),
        ] {
            assert_eq!(truth(rule.clone(), &pod(), &facts(node(ready))), expected, "{rule} {ready}");
        }
        assert_eq!(truth(json!({"ready": false}), &pod(), &facts(json!({}))), Truth::Unknown, "no condition");
    }

    #[test]
    fn how_long_may_be_left_to_the_object_that_is_bound_to_it() {
        let rule = json!({"condition": {"type": "Ready", "status": "False", "for": {"valueFrom": "$.ttl"}}});
        for (ttl, expected) in [("30m", Truth::True), ("2h", Truth::False), ("long", Truth::Unknown)] {
            let mut pod = pod();
            pod["ttl"] = ttl.into();
            assert_eq!(truth(rule.clone(), &pod, &facts(node("False"))), expected, "{ttl}");
        }
    }

    #[test]
    fn a_node_that_is_gone_is_missing_and_nothing_else_is_known_of_it() {
        let gone = facts(Value::Null);
        for (rule, expected) in [
            (json!({"missing": true}), Truth::True),
            (json!({"missing": false}), Truth::False),
            (json!({"ready": false}), Truth::Unknown),
            (
                json!({"labels": {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}}),
                Truth::Unknown,
            ),
        ] {
            assert_eq!(truth(rule.clone(), &pod(), &gone), expected, "{rule}");
        }
    }

    #[test]
    fn what_is_not_bound_or_not_looked_up_is_unknown() {
        let rule = || json!({"missing": true});
        for object in [json!({}), json!({"spec": {"nodeName": ""}}), json!({"spec": {"nodeName": 7}})] {
            let found = verdict_with("node", rule(), &object, &facts(Value::Null), "01:00:00");
            assert_eq!((found.truth, found.waits_for.len()), (Truth::Unknown, 0), "{object}");
        }
        let found = verdict_with("node", rule(), &pod(), &Facts::none(), "01:00:00");
        assert_eq!((found.truth, found.waits_for), (Truth::Unknown, vec![Fact::Node("node-1".to_owned())]));
        let instance = json!({"status": {"nodeName": "node-1"}});
        assert_eq!(
            truth(rule(), &instance, &facts(Value::Null)),
            Truth::True,
            "an instance tells it in its status"
        );
    }

    #[test]
    fn one_that_asks_nothing_or_the_impossible_is_a_mistake() {
        for rule in [json!({}), json!({"missing": true, "ready": false}), json!({"condition": {}})] {
            assert!(matcher("node", rule.clone()).is_err(), "{rule}");
        }
    }
}
