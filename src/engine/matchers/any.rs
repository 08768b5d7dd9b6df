//! `any`: at least one of a list of matchers holds.

use crate::asked::Asked;
use crate::descriptor::{MatcherDescriptor, Shape, ValueKind};
use crate::facts::Others;
use crate::matcher::{Context, Implied, Matcher};
use crate::projection::Projection;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "any",
    summary: "At least one matcher of the list holds; unknown if one is and none is true.",
    shape: Shape::Value(ValueKind::Matchers),
    unknown_when: "one part is unknown and none is true",
    examples: &["any: [ { phase: Failed }, { phase: Succeeded } ]"],
    kinds: &[],
    build: |mut arguments| Ok(Box::new(Any { parts: arguments.matchers("").unwrap_or_default() })),
};

#[derive(Debug)]
struct Any {
    parts: Vec<Box<dyn Matcher>>,
}

impl Matcher for Any {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        Verdict::any(self.parts.iter().map(|part| part.evaluate(context)))
    }

    fn reads(&self, projection: &mut Projection) {
        self.parts.iter().for_each(|part| part.reads(projection));
    }

    /// The parts that decide: the true ones where there are any, else all.
    fn reads_of_others(&self, others: &mut Others) {
        self.parts.iter().for_each(|part| part.reads_of_others(others));
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let decisive: Vec<_> =
            self.parts.iter().filter(|part| part.evaluate(context).truth.is_true()).collect();
        let shown = if decisive.is_empty() { self.parts.iter().collect() } else { decisive };
        shown.iter().map(|part| part.explain(context)).collect::<Vec<_>>().join(" or ")
    }

    fn refute(&self, context: &Context<'_>) -> String {
        self.parts.iter().map(|part| part.refute(context)).collect::<Vec<_>>().join(", ")
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        self.parts.iter().flat_map(|part| part.asks()).collect()
    }

    fn parts(&self) -> Vec<&dyn Matcher> {
        self.parts.iter().map(AsRef::as_ref).collect()
    }

    fn implies(&self) -> Implied {
        self.parts.iter().map(|part| part.implies()).reduce(Implied::or).unwrap_or_default()
    }
}
