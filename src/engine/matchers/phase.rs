//! `phase`: `status.phase` is one of a list of words.

use serde_json::Value;

use crate::asked::Asked;
use crate::demand::Demand;
use crate::descriptor::{MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Matcher, Needed};
use crate::projection::Projection;
use crate::value_from::Listed;
use crate::values::Path;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "phase",
    summary: "`status.phase` is one of these words; a VirtualMachine's printableStatus is a `field`.",
    shape: Shape::Value(ValueKind::Words),
    unknown_when: "the object reports no phase, or a `valueFrom` cannot be read",
    examples: &[
        "phase: Failed",
        "phase: [Failed, Succeeded]",
        "phase: { valueFrom: \"$.metadata.annotations['janitor/ended-by']\" }",
        "phase: [Failed, { valueFrom: \"$.metadata.annotations['janitor/ended-by']\" }]",
    ],
    kinds: &[],
    build: |mut arguments| {
        Ok(Box::new(Phase { words: arguments.words("").unwrap_or(Listed::Each(Vec::new())) }))
    },
};

#[derive(Debug)]
struct Phase {
    words: Listed<String>,
}

fn phase<'a>(context: &Context<'a>) -> Option<&'a str> {
    context.object.object().get("status")?.get("phase").and_then(Value::as_str)
}

impl Matcher for Phase {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let is_one = |seen| self.words.any(context.watched.object(), |word| word == seen);
        phase(context).map(is_one).map_or_else(Verdict::unknown, Verdict::fixed)
    }

    fn needs(&self) -> Option<Needed<'_>> {
        let texts = self.words.literals()?.into_iter().map(String::as_str).collect();
        Some(Needed { paths: vec![Path::of_members(&["status", "phase"])], texts })
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        let words = self.words.literals().map(|words| words.into_iter().map(String::as_str).collect());
        words.map(|words| Demand::one_of("`$.status.phase`", words)).into_iter().collect()
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["status", "phase"]);
        self.words.reads(projection);
    }

    fn carried(&self) -> Vec<Asked<'_>> {
        self.words.asks(&[])
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let status = context.object.object().get("status");
        let Some(seen) = phase(context) else {
            let there = status.and_then(|status| status.get("phase")).filter(|there| !there.is_null());
            let why = if there.is_some() { "no text" } else { "missing" };
            return format!("$.status.phase is {why}");
        };
        match self.words.shown(context.watched.object()) {
            Some(words) => format!("phase {seen} of {words}"),
            None => format!("phase {seen}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::verdict;
    use crate::truth::Truth;
    use serde_json::json;

    #[test]
    fn the_phase_is_one_of_the_words_or_unknown() {
        for (object, truth) in [
            (json!({"status": {"phase": "Failed"}}), Truth::True),
            (json!({"status": {"phase": "failed"}}), Truth::False),
            (json!({"status": {"phase": null}}), Truth::Unknown),
            (json!({"status": {"phase": ["Failed"]}}), Truth::Unknown),
            (json!({"status": "Failed"}), Truth::Unknown),
            (json!({}), Truth::Unknown),
        ] {
            assert_eq!(
                verdict("phase", json!(["Failed", "Error"]), &object, "00:00:00").truth,
                truth,
                "{object}"
            );
        }
    }
}
