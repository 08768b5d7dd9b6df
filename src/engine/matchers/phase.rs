//! `phase`: `status.phase` is one of a list of words.

use serde_json::Value;

use crate::descriptor::{MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Matcher, Needed};
use crate::projection::Projection;
use crate::values::Path;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "phase",
    summary: "`status.phase` is one of these words; a VirtualMachine's printableStatus is a `field`.",
    shape: Shape::Value(ValueKind::Texts),
    unknown_when: "the object reports no phase",
    examples: &["phase: Failed", "phase: [Failed, Succeeded]"],
    kinds: &[],
    build: |mut arguments| Ok(Box::new(Phase { words: arguments.texts("").unwrap_or_default() })),
};

#[derive(Debug)]
struct Phase {
    words: Vec<String>,
}

fn phase<'a>(context: &Context<'a>) -> Option<&'a str> {
    context.object.object().get("status")?.get("phase").and_then(Value::as_str)
}

impl Matcher for Phase {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        match phase(context) {
            Some(seen) => Verdict::fixed(self.words.iter().any(|word| word == seen)),
            None => Verdict::unknown(),
        }
    }

    fn needs(&self) -> Option<Needed<'_>> {
        let texts = self.words.iter().map(String::as_str).collect();
        Some(Needed { paths: vec![Path::of_members(&["status", "phase"])], texts })
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["status", "phase"]);
    }

    fn explain(&self, context: &Context<'_>) -> String {
        format!("phase {}", phase(context).unwrap_or("unknown"))
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
