//! `priority`: the pod's priority class, and what it is worth.

use serde_json::Value;

use crate::asked::{Asked, Types};
use crate::demand::Demand;
use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Matcher, Needed};
use crate::projection::Projection;
use crate::value_from::{Listed, Sourced};
use crate::values::Path;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "priority",
    summary: "The pod's priority class is one of these, its priority is in this range.",
    shape: Shape::Keys(&[
        Key::asking("class", ValueKind::Words, "Its spec.priorityClassName is one of these.", "[batch, low]"),
        Key::asking("below", INTEGER, "Its spec.priority is less.", "1000"),
        Key::asking("atLeast", INTEGER, "Its spec.priority is this or more.", "0"),
    ]),
    unknown_when: "the pod has no spec.priority (it is not yet admitted), or a `valueFrom` cannot be read",
    examples: &["priority: { below: 1000 }", "priority: { class: [batch, low] }"],
    kinds: &["pods"],
    build: |mut arguments| {
        let priority = Priority {
            class: arguments.words("class"),
            below: arguments.sourced_integer("below"),
            at_least: arguments.sourced_integer("atLeast"),
        };
        priority.check()?;
        Ok(Box::new(priority))
    },
};

const INTEGER: ValueKind = ValueKind::Sourced(&ValueKind::Integer);

#[derive(Debug)]
struct Priority {
    class: Option<Listed<String>>,
    below: Option<Sourced<i64>>,
    at_least: Option<Sourced<i64>>,
}

impl Priority {
    fn check(&self) -> Result<(), Fault> {
        let (below, at_least) = (self.below.as_ref(), self.at_least.as_ref());
        if self.class.is_none() && below.is_none() && at_least.is_none() {
            let help = "write `below: 1000`, `atLeast: 0` or `class: [batch]`";
            return Err(Fault::new(FaultKind::MissingKey, "`priority` asks nothing", help));
        }
        let (below, at_least) = (below.and_then(Sourced::literal), at_least.and_then(Sourced::literal));
        let never = |key: &str, why: String, help: &str| {
            let message = format!("`priority` can never be true: {why}");
            Err(Fault::new(FaultKind::NeverTrue, message, help).under(key))
        };
        // A priority is a whole number of 32 bits.
        if below.is_some_and(|below| *below <= i64::from(i32::MIN)) {
            return never("below", "no priority is lower".to_owned(), "write a higher `below`");
        }
        if at_least.is_some_and(|least| *least > i64::from(i32::MAX)) {
            return never("atLeast", "no priority is as high".to_owned(), "write a lower `atLeast`");
        }
        match (below, at_least) {
            (Some(below), Some(least)) if below <= least => {
                let why = format!("nothing is at least {least} and below {below}");
                never("below", why, "make `below` the higher one")
            }
            _ => Ok(()),
        }
    }

    fn bounds(&self) -> impl Iterator<Item = (&'static str, &Sourced<i64>)> {
        let bounds = [("below", &self.below), ("atLeast", &self.at_least)];
        bounds.into_iter().filter_map(|(key, bound)| Some((key, bound.as_ref()?)))
    }
}

fn spec<'a>(context: &Context<'a>, field: &str) -> Option<&'a Value> {
    context.object.object().get("spec")?.get(field)
}

fn class<'a>(context: &Context<'a>) -> Option<&'a str> {
    spec(context, "priorityClassName").and_then(Value::as_str).filter(|class| !class.is_empty())
}

impl Matcher for Priority {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let Some(priority) = spec(context, "priority").and_then(Value::as_i64) else {
            return Verdict::unknown();
        };
        let object = context.object.object();
        // What has no class is of none, whatever the object carries.
        let is_one =
            |words: &Listed<String>| Verdict::fixed(words.any(object, |word| class(context) == Some(word)));
        let of_class = self.class.as_ref().map(is_one);
        let bounds = self.bounds().map(|(key, bound)| match bound.read(object) {
            Some(bound) => Verdict::fixed(if key == "below" { priority < bound } else { priority >= bound }),
            None => Verdict::unknown(),
        });
        Verdict::all(of_class.into_iter().chain(bounds))
    }

    fn needs(&self) -> Option<Needed<'_>> {
        let texts = self.class.as_ref()?.literals()?.into_iter().map(String::as_str).collect();
        Some(Needed { paths: vec![Path::of_members(&["spec", "priorityClassName"])], texts })
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        let words = self.class.as_ref().and_then(Listed::literals);
        let words = words.map(|words| words.into_iter().map(String::as_str).collect());
        words.map(|words| Demand::one_of("`$.spec.priorityClassName`", words)).into_iter().collect()
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["spec", "priority"]);
        projection.read_members(&["spec", "priorityClassName"]);
        self.bounds().for_each(|(_, bound)| bound.reads(projection));
        self.class.iter().for_each(|words| words.reads(projection));
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        let bounds = self.bounds().filter_map(|(key, bound)| bound.asks(key, Types::NUMBER | Types::STRING));
        let words = self.class.iter().flat_map(|words| words.asks(&["class"]));
        bounds.chain(words).collect()
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let Some(priority) = spec(context, "priority").and_then(Value::as_i64) else {
            let there = spec(context, "priority").is_some_and(|there| !there.is_null());
            return format!("$.spec.priority is {}", if there { "no whole number" } else { "missing" });
        };
        let class = class(context).map(|class| format!(" ({class})")).unwrap_or_default();
        let object = context.object.object();
        let unread = |(key, bound): (&str, &Sourced<i64>)| {
            let unread = bound.read(object).is_none().then(|| bound.unread(object, "whole number"))?;
            Some(format!(", {key} {unread}"))
        };
        let words = self.class.as_ref().and_then(|words| words.unread(object));
        let words = words.map(|unread| format!(", class {unread}"));
        let unread: String = self.bounds().filter_map(unread).chain(words).collect();
        format!("priority {priority}{class}{unread}")
    }
}

#[cfg(test)]
mod tests {
    use crate::descriptor::FaultKind;
    use crate::testing::{matcher, verdict};
    use crate::truth::Truth;
    use serde_json::{Value, json};

    fn truth(rule: Value, object: &Value) -> Truth {
        verdict("priority", rule, object, "00:00:00").truth
    }

    #[test]
    fn a_pod_is_of_its_class_and_its_priority_in_a_range() {
        let pod = json!({"metadata": {"annotations": {"most": "7"}},
            "spec": {"priority": 5, "priorityClassName": "batch", "limit": 9}});
        let (yes, no, unknown) = (Truth::True, Truth::False, Truth::Unknown);
        for (rule, expected) in [
            (json!({"class": "batch"}), yes),
            (json!({"class": ["low", "batch"]}), yes),
            (json!({"class": "bat"}), no),
            (json!({"below": 6}), yes),
            (json!({"below": 5}), no),
            (json!({"atLeast": 5}), yes),
            (json!({"atLeast": 6}), no),
            (json!({"atLeast": -10, "below": 6, "class": "batch"}), yes),
            (json!({"below": 6, "class": "low"}), no),
            (json!({"below": {"valueFrom": "$.spec.limit"}}), yes),
            (json!({"below": {"valueFrom": "$.metadata.annotations.most"}}), yes),
            (json!({"atLeast": {"valueFrom": "$.spec.limit"}}), no),
            (json!({"below": {"valueFrom": "$.spec.none"}}), unknown),
            (json!({"below": {"valueFrom": "$.spec.priorityClassName"}}), unknown),
        ] {
            assert_eq!(truth(rule.clone(), &pod), expected, "{rule}");
        }
    }

    #[test]
    fn what_is_not_admitted_yet_is_unknown() {
        for spec in [
            json!(null),
            json!({}),
            json!({"priority": null, "priorityClassName": "batch"}),
            json!({"priority": "5"}),
            json!({"priority": 1.5}),
            json!([5]),
        ] {
            let pod = json!({ "spec": spec });
            assert_eq!(truth(json!({"below": 6}), &pod), Truth::Unknown, "{pod}");
            assert_eq!(truth(json!({"class": "batch"}), &pod), Truth::Unknown, "{pod}");
        }
        // One without a class is known not to be of it.
        for class in [json!(null), json!(""), json!(7)] {
            let pod = json!({"spec": {"priority": 0, "priorityClassName": class}});
            assert_eq!(truth(json!({"class": "batch"}), &pod), Truth::False, "{pod}");
            assert_eq!(truth(json!({"below": 1}), &pod), Truth::True, "{pod}");
        }
    }

    #[test]
    fn what_can_never_be_true_is_a_fault() {
        for (rule, kind) in [
            (json!({}), FaultKind::MissingKey),
            (json!({"below": 5, "atLeast": 5}), FaultKind::NeverTrue),
            (json!({"below": -2_147_483_648_i64}), FaultKind::NeverTrue),
            (json!({"atLeast": 2_147_483_648_i64}), FaultKind::NeverTrue),
        ] {
            assert_eq!(matcher("priority", rule.clone()).map(|_| ()).unwrap_err().kind, kind, "{rule}");
        }
        assert!(matcher("priority", json!({"below": 5, "atLeast": 4})).is_ok());
        assert!(matcher("priority", json!({"below": {"valueFrom": "$.a"}, "atLeast": 4})).is_ok());
    }
}
