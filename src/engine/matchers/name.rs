//! `name`: the object's name.

use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Matcher};
use crate::projection::Projection;
use crate::values::{Globs, Pattern};
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "name",
    summary: "The object's name matches.",
    shape: Shape::Keys(&[
        Key::asking("glob", ValueKind::Globs, "Globs, of which one matches the whole name.", "e2e-*"),
        Key::asking("matches", ValueKind::Pattern, "A regular expression for the whole name.", "e2e-[0-9]+"),
    ]),
    unknown_when: "",
    examples: &["name: { glob: e2e-* }"],
    kinds: &[],
    build: |mut arguments| {
        let (glob, pattern) = (arguments.globs("glob"), arguments.pattern("matches"));
        if glob.is_none() && pattern.is_none() {
            let help = "write `glob: e2e-*` or `matches: \"e2e-[0-9]+\"`";
            return Err(Fault::new(FaultKind::MissingKey, "`name` asks nothing", help));
        }
        Ok(Box::new(Name { glob, pattern }))
    },
};

#[derive(Debug)]
struct Name {
    glob: Option<Globs>,
    pattern: Option<Pattern>,
}

impl Matcher for Name {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let name = context.object.name();
        let fits = self.glob.as_ref().is_none_or(|glob| glob.matches(name))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(name));
        // A name never changes.
        Verdict::fixed(fits).since(context.object.created().filter(|created| *created <= context.now))
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["metadata", "name"]);
        projection.read_members(&["metadata", "creationTimestamp"]);
    }

    fn explain(&self, context: &Context<'_>) -> String {
        format!("name {}", context.object.name())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::verdict;
    use serde_json::json;

    #[test]
    fn globs_and_patterns_match_the_whole_name() {
        let object = json!({"metadata": {"name": "latest-1"}});
        for (rule, holds) in [
            (json!({"glob": "test*"}), false),
            (json!({"glob": ["latest-*", "!*-2"]}), true),
            (json!({"matches": "test"}), false),
            (json!({"matches": "latest-[0-9]", "glob": "*-2"}), false),
        ] {
            assert_eq!(verdict("name", rule.clone(), &object, "00:00:00").truth.is_true(), holds, "{rule}");
        }
    }
}
