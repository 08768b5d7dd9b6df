//! `finalizers`: what holds an object back from going. They are a mark, so always known.

use crate::demand::Demand;
use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::matcher::{Context, Matcher};
use crate::projection::Projection;
use crate::values::Globs;
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "finalizers",
    summary: "The object's finalizers: any, all or none of them match, or there are some at all.",
    shape: Shape::Keys(&[
        Key::asking("any", ValueKind::Globs, "At least one finalizer matches.", "[kubevirt.io/*]"),
        Key::asking("all", ValueKind::Globs, "There are finalizers, and each matches.", "[kubevirt.io/*]"),
        Key::asking("none", ValueKind::Globs, "No finalizer matches.", "[kubernetes.io/pvc-protection]"),
        Key::asking("exists", ValueKind::Bool, "Whether there are finalizers.", "true"),
    ]),
    unknown_when: "",
    examples: &["finalizers: { any: [kubevirt.io/*] }"],
    kinds: &[],
    build: |mut arguments| {
        if arguments.is_empty() {
            let help = "write `any`, `all` or `none` with globs, or `exists: true`";
            return Err(Fault::new(FaultKind::MissingKey, "`finalizers` asks nothing", help));
        }
        let finalizers = Finalizers {
            any: arguments.globs("any"),
            all: arguments.globs("all"),
            none: arguments.globs("none"),
            exists: arguments.boolean("exists"),
        };
        if finalizers.exists == Some(false) && (finalizers.any.is_some() || finalizers.all.is_some()) {
            let message = "`finalizers` can never be true: none exist, and some match";
            return Err(
                Fault::new(FaultKind::NeverTrue, message, "leave `exists: false` out").under("exists")
            );
        }
        let none = finalizers.none.as_ref();
        for (key, globs) in [("any", &finalizers.any), ("all", &finalizers.all)] {
            if globs.as_ref().zip(none).is_some_and(|(globs, none)| globs.are_within(none)) {
                let message =
                    format!("`finalizers` can never be true: what `{key}` asks for, `none` rules out");
                return Err(Fault::new(FaultKind::NeverTrue, message, "keep one of the two").under("none"));
            }
        }
        Ok(Box::new(finalizers))
    },
};

#[derive(Debug)]
struct Finalizers {
    any: Option<Globs>,
    all: Option<Globs>,
    none: Option<Globs>,
    exists: Option<bool>,
}

impl Matcher for Finalizers {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        let seen = context.object.finalizers();
        let any = |globs: &Globs| seen.iter().any(|finalizer| globs.matches(finalizer));
        let all = |globs: &Globs| !seen.is_empty() && seen.iter().all(|finalizer| globs.matches(finalizer));
        Verdict::fixed(
            self.any.as_ref().is_none_or(any)
                && self.all.as_ref().is_none_or(all)
                && !self.none.as_ref().is_some_and(any)
                && self.exists.is_none_or(|exists| exists != seen.is_empty()),
        )
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        let some = self.any.is_some() || self.all.is_some();
        let there = if some { Some(true) } else { self.exists };
        there.map(|there| Demand::presence("its finalizers", there)).into_iter().collect()
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["metadata", "finalizers"]);
    }

    fn explain(&self, context: &Context<'_>) -> String {
        let seen = context.object.finalizers();
        if seen.is_empty() { "no finalizers".to_owned() } else { format!("finalizers {}", seen.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{matcher, verdict};
    use serde_json::json;

    #[test]
    fn any_all_and_none_speak_of_the_object_s_finalizers() {
        let two = json!({"metadata": {"finalizers": ["kubevirt.io/a", "other"]}});
        let none = json!({"metadata": {}});
        for (rule, object, holds) in [
            (json!({"any": ["kubevirt.io/*"]}), &two, true),
            (json!({"all": ["kubevirt.io/*"]}), &two, false),
            (json!({"all": ["kubevirt.io/*", "other"]}), &two, true),
            (json!({"none": ["kubevirt.io/*"]}), &two, false),
            (json!({"none": ["x"]}), &two, true),
            (json!({"exists": true}), &two, true),
            (json!({"any": ["*"]}), &none, false),
            (json!({"all": ["*"]}), &none, false),
            (json!({"none": ["*"]}), &none, true),
            (json!({"exists": false}), &none, true),
        ] {
            assert_eq!(
                verdict("finalizers", rule.clone(), object, "00:00:00").truth.is_true(),
                holds,
                "{rule}"
            );
        }
    }

    #[test]
    fn none_that_match_is_a_contradiction() {
        assert!(matcher("finalizers", json!({"any": ["a"], "none": ["a"]})).is_err());
        assert!(matcher("finalizers", json!({"all": ["a", "b"], "none": ["*"]})).is_err());
        assert!(matcher("finalizers", json!({"any": ["a-*"], "none": ["a-b"]})).is_ok());
        assert!(matcher("finalizers", json!({"exists": false, "any": ["a"]})).is_err());
    }
}
