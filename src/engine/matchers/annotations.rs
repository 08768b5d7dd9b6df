//! `annotations`: one annotation's presence or value.

use serde_json::Value;

use crate::asked::{Asked, Types};
use crate::demand::Demand;
use crate::descriptor::{Fault, FaultKind, Key, MatcherDescriptor, Shape, ValueKind};
use crate::mark_names::check_key;
use crate::matcher::{Context, Matcher};
use crate::projection::Projection;
use crate::truth::Truth;
use crate::value_from::{Carried, Sourced, ValueFrom};
use crate::values::{Globs, Pattern};
use crate::verdict::Verdict;

pub(super) static DESCRIPTOR: MatcherDescriptor = MatcherDescriptor {
    name: "annotations",
    summary: "An annotation exists, or its value is the one asked for.",
    shape: Shape::Keys(&[
        Key::required("key", ValueKind::Text, "The annotation's key.", "example.com/run"),
        Key::asking("exists", ValueKind::Bool, "Whether the annotation is there.", "true"),
        Key::asking("equals", ValueKind::Sourced(&ValueKind::Text), "Its value.", "nightly"),
        Key::asking(
            "in",
            ValueKind::Sourced(&ValueKind::TextList),
            "Its value is one of these.",
            "[nightly, weekly]",
        ),
        Key::asking("glob", ValueKind::Globs, "Its value matches a glob.", "run-*"),
        Key::asking("matches", ValueKind::Pattern, "Its whole value matches.", "run-[0-9]+"),
    ]),
    unknown_when: "the annotation is not there and more than `exists` is asked, or a `valueFrom` cannot be read",
    examples: &["annotations: { key: example.com/run, glob: run-* }"],
    kinds: &[],
    build: |mut arguments| {
        let annotations = Annotations {
            key: arguments.text("key").unwrap_or_default(),
            exists: arguments.boolean("exists"),
            one_of: arguments.sourced_texts("in"),
            equals: arguments.sourced_text("equals"),
            glob: arguments.globs("glob"),
            pattern: arguments.pattern("matches"),
        };
        check_key(&annotations.key).map_err(|fault| fault.under("key"))?;
        if annotations.exists.is_none() && !annotations.asks_value() {
            let help = "write `exists: true`, or `equals`, `in`, `glob` or `matches`";
            return Err(Fault::new(FaultKind::MissingKey, "`annotations` asks nothing of its key", help));
        }
        if annotations.exists == Some(false) && annotations.asks_value() {
            let message = "`annotations` can never be true: the annotation is not there, and has a value";
            return Err(
                Fault::new(FaultKind::NeverTrue, message, "leave `exists: false` out").under("exists")
            );
        }
        let equals = annotations.equals.as_ref().and_then(Sourced::literal);
        if let Some(equals) = equals.filter(|equals| annotations.never_fits(equals)) {
            let message = format!("`annotations` can never be true: `{equals}` is not what the others ask");
            return Err(Fault::new(FaultKind::NeverTrue, message, "keep one of them").under("equals"));
        }
        if let Some(one_of) = annotations.words()
            && one_of.into_iter().all(|word| annotations.never_fits(word))
        {
            let message = "`annotations` can never be true: no value of `in` is what the others ask";
            return Err(Fault::new(FaultKind::NeverTrue, message, "keep one of them").under("in"));
        }
        Ok(Box::new(annotations))
    },
};

#[derive(Debug)]
struct Annotations {
    key: String,
    exists: Option<bool>,
    equals: Option<Sourced<String>>,
    one_of: Option<Sourced<Vec<Sourced<String>>>>,
    glob: Option<Globs>,
    pattern: Option<Pattern>,
}

impl Annotations {
    /// Whether a value is the one asked for, on this object.
    fn fits(&self, value: &str, object: &Value) -> Truth {
        let known = |answer: Option<bool>| answer.map_or(Truth::Unknown, Truth::from);
        let equals = self.equals.as_ref().map(|text| known(text.read(object).map(|text| text == value)));
        let among = self.one_of.as_ref().map(|words| match words {
            Sourced::From(from) => {
                known(from.texts(object).map(|words| words.iter().any(|one| one == value)))
            }
            Sourced::Literal(words) => {
                let one = |word: &Sourced<String>| known(word.read(object).map(|word| word == value));
                words.iter().map(one).max().unwrap_or(Truth::False)
            }
        });
        let glob = self.glob.as_ref().map(|glob| glob.matches(value).into());
        let pattern = self.pattern.as_ref().map(|pattern| pattern.matches(value).into());
        [equals, among, glob, pattern].into_iter().flatten().min().unwrap_or(Truth::True)
    }

    /// Whether no object makes this value the one asked for.
    fn never_fits(&self, value: &str) -> bool {
        let other = self.equals.as_ref().and_then(Sourced::literal).is_some_and(|equals| equals != value);
        other
            || self.words().is_some_and(|words| words.iter().all(|word| *word != value))
            || self.glob.as_ref().is_some_and(|glob| !glob.matches(value))
            || self.pattern.as_ref().is_some_and(|pattern| !pattern.matches(value))
    }

    /// The words of `in`, where all stand in the rule.
    fn words(&self) -> Option<Vec<&String>> {
        self.one_of.as_ref()?.literal()?.iter().map(Sourced::literal).collect()
    }

    /// What the object carries of that, with the keys that lead to it.
    fn sources(&self) -> Vec<Carried<'_>> {
        let texts = Types::STRING | Types::NUMBER | Types::BOOLEAN;
        let key = |key: &str| vec![key.to_owned()];
        let equals = self.equals.as_ref().and_then(|text| Some((key("equals"), text.from()?, texts)));
        let listed: Vec<_> = match &self.one_of {
            Some(Sourced::From(from)) => vec![(key("in"), from, Types::LIST)],
            Some(Sourced::Literal(words)) => {
                let places = words.iter().enumerate();
                places
                    .filter_map(|(at, word)| {
                        Some((vec!["in".to_owned(), at.to_string()], word.from()?, texts))
                    })
                    .collect()
            }
            None => Vec::new(),
        };
        equals.into_iter().chain(listed).collect()
    }

    fn asks_value(&self) -> bool {
        self.equals.is_some() || self.one_of.is_some() || self.glob.is_some() || self.pattern.is_some()
    }
}

impl Matcher for Annotations {
    fn evaluate(&self, context: &Context<'_>) -> Verdict {
        match context.object.annotation(&self.key) {
            None if self.asks_value() => Verdict::unknown(),
            None => Verdict::fixed(self.exists == Some(false)),
            Some(_) if self.exists == Some(false) => Verdict::fixed(false),
            Some(value) => Verdict::fixed(self.fits(value, context.watched.object())),
        }
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        let of = || format!("the annotation `{}`", self.key);
        let presence = Demand::presence(of(), self.exists != Some(false));
        let equals = self.equals.as_ref().and_then(Sourced::literal).map(|text| vec![text.as_str()]);
        let words = self.words().map(|words| words.into_iter().map(String::as_str).collect());
        let texts = equals.into_iter().chain(words).map(|texts| Demand::one_of(of(), texts));
        std::iter::once(presence).chain(texts).collect()
    }

    fn reads(&self, projection: &mut Projection) {
        projection.read_members(&["metadata", "annotations", &self.key]);
        self.sources().iter().for_each(|(_, from, _)| projection.read(from.path()));
    }

    fn carried(&self) -> Vec<Asked<'_>> {
        self.sources().into_iter().map(|(at, from, readable)| from.asked(at, readable)).collect()
    }

    fn explain(&self, context: &Context<'_>) -> String {
        match context.object.annotation(&self.key) {
            Some(value) => {
                let object = context.watched.object();
                let read = |from: &ValueFrom, list: bool| {
                    if list { from.texts(object).is_some() } else { from.text(object).is_some() }
                };
                let unread =
                    self.sources().into_iter().find(|(_, from, types)| !read(from, *types == Types::LIST));
                let unread =
                    unread.map(|(at, from, _)| format!(", {} {}", at[0], from.unread(object, "text")));
                format!("annotation {}={value}{}", self.key, unread.unwrap_or_default())
            }
            None => format!("no annotation {}", self.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{matcher, verdict};
    use crate::truth::Truth;
    use serde_json::json;

    #[test]
    fn presence_is_known_and_an_absent_value_is_not() {
        let object = json!({"metadata": {"annotations": {"a.b/c": "run-1"}}});
        for (rule, truth) in [
            (json!({"key": "a.b/c", "exists": true}), Truth::True),
            (json!({"key": "a.b/c", "exists": false}), Truth::False),
            (json!({"key": "none", "exists": true}), Truth::False),
            (json!({"key": "none", "exists": false}), Truth::True),
            (json!({"key": "none", "equals": "x"}), Truth::Unknown),
            (json!({"key": "none", "exists": true, "equals": "x"}), Truth::Unknown),
            (json!({"key": "a.b/c", "glob": "run-*", "matches": "run-[0-9]"}), Truth::True),
            (json!({"key": "a.b/c", "in": ["run-1"], "equals": "run-1"}), Truth::True),
            (json!({"key": "a.b/c", "in": ["run-2"]}), Truth::False),
        ] {
            assert_eq!(verdict("annotations", rule.clone(), &object, "00:00:00").truth, truth, "{rule}");
        }
    }

    #[test]
    fn contradictions_are_faults() {
        assert!(matcher("annotations", json!({"key": "a"})).is_err());
        assert!(matcher("annotations", json!({"key": "a", "exists": false, "equals": "b"})).is_err());
        assert!(matcher("annotations", json!({"key": "a", "equals": "b", "in": ["c"]})).is_err());
        assert!(matcher("annotations", json!({"key": "a", "equals": "b", "glob": "c*"})).is_err());
        assert!(matcher("annotations", json!({"key": "a", "in": ["b", "c"], "matches": "d"})).is_err());
        assert!(matcher("annotations", json!({"key": "a", "in": ["b", "d"], "matches": "d"})).is_ok());
    }
}
