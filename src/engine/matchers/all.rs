//! `all`: every one of a list of matchers holds.

use crate::asked::Asked;
use crate::demand::Demand;
use crate::descriptor::{MatcherDescriptor, Shape, ValueKind};
use crate::facts::Others;
use crate::matcher::{Context, Implied, Matcher};
use crate::projection::Projection;
use crate::truth::Truth;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "all",
    summary: "Every matcher of the list holds; unknown if one is and none is false.",
    shape: Shape::Value(ValueKind::Matchers),
    unknown_when: "one part is unknown and none is false",
    examples: &["all: [ { phase: Failed }, { age: { over: 1h } } ]"],
    kinds: &[],
    build: |mut arguments| Ok(Box::new(All { parts: arguments.matchers("").unwrap_or_default() })),
};

#[derive(Debug)]
struct All {
    parts: Vec<Box<dyn Matcher>>,
}

impl Matcher for All {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        Verdict::all(self.parts.iter().map(|part| part.evaluate(context)))
    }

    fn reads(&self, projection: &mut Projection) {
        self.parts.iter().for_each(|part| part.reads(projection));
    }

    fn reads_of_others(&self, others: &mut Others) {
        self.parts.iter().for_each(|part| part.reads_of_others(others));
    }

    fn explain(&self, context: &Context<'_>) -> String {
        self.parts.iter().map(|part| part.explain(context)).collect::<Vec<_>>().join(", ")
    }

    /// One that is false is enough.
    fn refute(&self, context: &Context<'_>) -> String {
        let decisive: Vec<_> =
            self.parts.iter().filter(|part| part.evaluate(context).truth == Truth::False).collect();
        let shown = if decisive.is_empty() { self.parts.iter().collect() } else { decisive };
        shown.iter().map(|part| part.refute(context)).collect::<Vec<_>>().join(", ")
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        self.parts.iter().flat_map(|part| part.asks()).collect()
    }

    fn parts(&self) -> Vec<&dyn Matcher> {
        self.parts.iter().map(AsRef::as_ref).collect()
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        self.parts.iter().flat_map(|part| part.demands()).collect()
    }

    fn implies(&self) -> Implied {
        self.parts.iter().map(|part| part.implies()).fold(Implied::default(), Implied::and)
    }
}
