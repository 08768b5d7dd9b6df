//! `not`: a matcher is known not to hold.

use crate::asked::Asked;
use crate::descriptor::{Fault, FaultKind, MatcherDescriptor, Shape, ValueKind};
use crate::facts::Others;
use crate::matcher::{Context, Implied, Matcher};
use crate::projection::Projection;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "not",
    summary: "The matcher is known not to hold; `not` of unknown is unknown.",
    shape: Shape::Value(ValueKind::Matcher),
    unknown_when: "the matcher is unknown",
    examples: &["not: { owner: { kind: [Job] } }"],
    kinds: &[],
    build: |mut arguments| {
        let inner = arguments.matcher("").ok_or_else(|| {
            Fault::new(FaultKind::MissingKey, "`not` negates nothing", "write one matcher under `not`")
        })?;
        Ok(Box::new(Not { inner }))
    },
};

#[derive(Debug)]
struct Not {
    inner: Box<dyn Matcher>,
}

impl Matcher for Not {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        self.inner.evaluate(context).negated()
    }

    fn negates(&self) -> Option<&dyn Matcher> {
        Some(&*self.inner)
    }

    fn reads(&self, projection: &mut Projection) {
        self.inner.reads(projection);
    }

    fn reads_of_others(&self, others: &mut Others) {
        self.inner.reads_of_others(others);
    }

    fn explain(&self, context: &Context<'_>) -> String {
        self.inner.refute(context)
    }

    fn refute(&self, context: &Context<'_>) -> String {
        self.inner.explain(context)
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        self.inner.asks()
    }

    fn parts(&self) -> Vec<&dyn Matcher> {
        vec![self.inner.as_ref()]
    }

    /// Of the negation only this is certain: that owners were thought of.
    fn implies(&self) -> Implied {
        Implied { owner_checked: self.inner.implies().owner_checked, ..Implied::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::explained;
    use serde_json::{Value, json};

    #[test]
    fn a_negation_tells_what_is_so_as_it_is() {
        let object = json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"a": "b"}},
            "status": {"phase": "Running"}});
        let told = |rule: Value| explained("not", rule, &object, "02:10:00");
        let (under, labelled) =
            (json!({"age": {"under": "2h"}}), json!({"labels": {"matchLabels": {"a": "b"}}}));
        assert_eq!(told(json!({"labels": {"matchLabels": {"k": "v"}}})), "no label k");
        assert_eq!(told(under.clone()), "age 2h10m, not under 2h");
        assert_eq!(told(json!({"age": {"over": "3h"}})), "age 2h10m of 3h");
        assert_eq!(told(json!({"not": {"age": {"under": "3h"}}})), "age 2h10m, under 3h");
        assert_eq!(
            told(json!({"any": [{"phase": "Failed"}, under]})),
            "phase Running, age 2h10m, not under 2h"
        );
        assert_eq!(told(json!({"all": [{"phase": "Failed"}, labelled]})), "phase Running");
    }
}
