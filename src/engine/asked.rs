//! What a matcher asks of the paths that a rule's writer chose: for those who look whether a kind has such
//! a field at all, in its schema or on the objects seen so far.

use std::fmt;
use std::ops::BitOr;

use serde_json::Value;

use crate::values::Path;

/// What one matcher asks.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Where it looks: the first of these that exists counts.
    pub paths: &'a [Path],
    /// Whether it is unknown where nothing is there.
    pub needed: bool,
    /// What its operators expect to find there.
    pub expectations: Vec<Expectation>,
}

/// What one operator expects of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The keys that lead to the operator, from the matcher inwards.
    pub at: Vec<String>,
    /// The types that it can read; of any other value it is unknown.
    pub readable: Types,
    /// The texts that it compares with for equality.
    pub texts: Vec<ExpectedText>,
}

/// A text that an operator compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedText {
    /// The keys that lead to it, from the matcher inwards; a decimal number is an index into a list.
    pub at: Vec<String>,
    /// The text.
    pub text: String,
}

impl Asked<'_> {
    /// The same, one key further in.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        self.expectations = self.expectations.into_iter().map(|expectation| expectation.under(key)).collect();
        self
    }
}

impl Expectation {
    /// The same, one key further in.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        self.at.insert(0, key.to_owned());
        self.texts.iter_mut().for_each(|text| text.at.insert(0, key.to_owned()));
        self
    }
}

/// A set of the types of JSON; null is none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    /// A text.
    pub const STRING: Self = Self(1);
    /// A number, whole or not.
    pub const NUMBER: Self = Self(2);
    /// `true` or `false`.
    pub const BOOLEAN: Self = Self(4);
    /// A list.
    pub const LIST: Self = Self(8);
    /// An object.
    pub const OBJECT: Self = Self(16);
    /// All of them.
    pub const ANY: Self = Self(31);

    /// The types of both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets have a type in common.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The type of a value; empty for null.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::default(),
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::LIST,
            Value::Object(_) => Self::OBJECT,
        }
    }
}

impl BitOr for Types {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

/// `a string or a number`.
impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (Self::STRING, "a string"),
            (Self::NUMBER, "a number"),
            (Self::BOOLEAN, "a boolean"),
            (Self::LIST, "a list"),
            (Self::OBJECT, "an object"),
        ];
        let words = words.into_iter().filter(|(one, _)| self.meets(*one)).map(|(_, word)| word);
        f.write_str(&words.collect::<Vec<_>>().join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::matcher;
    use serde_json::json;

    /// Paths, whether they are needed, and the key and the types of each expectation.
    type Shown = (Vec<String>, bool, Vec<(String, String)>);

    fn asked(name: &str, rule: Value) -> Vec<Shown> {
        let matcher = matcher(name, rule).unwrap();
        let shown = |asked: Asked<'_>| {
            let paths = asked.paths.iter().map(ToString::to_string).collect();
            let expected = asked.expectations.iter();
            (paths, asked.needed, expected.map(|e| (e.at.join("."), e.readable.to_string())).collect())
        };
        matcher.asks().into_iter().map(shown).collect()
    }

    #[test]
    fn a_field_needs_its_path_unless_absence_has_a_meaning() {
        for (rule, needed) in [
            (json!({"path": "$.a", "equals": "b"}), true),
            (json!({"path": "$.a", "equals": "b", "exists": true}), true),
            (json!({"path": "$.a", "equals": "b", "default": "c"}), false),
            (json!({"path": "$.a", "exists": true}), false),
            (json!({"path": "$.a[*]", "any": {"equals": "b"}}), true),
        ] {
            assert_eq!(asked("field", rule.clone())[0].1, needed, "{rule}");
        }
    }

    #[test]
    fn operators_say_what_they_can_read() {
        for (operator, readable) in [
            (json!({"equals": "b"}), "a string"),
            (json!({"equals": 5}), "a number"),
            (json!({"equals": "5", "as": "number"}), "a string or a number"),
            (json!({"in": ["b", true]}), "a string or a boolean"),
            (json!({"gt": "1Gi"}), "a string or a number"),
            (json!({"matches": ".*"}), "a string"),
            (json!({"glob": "*", "as": "string"}), "a string or a number or a boolean"),
            (json!({"olderThan": "1m"}), "a string"),
            (json!({"before": "2026-01-01T00:00:00Z", "formats": ["epoch"]}), "a string or a number"),
            (json!({"size": "> 0"}), "a list or an object"),
        ] {
            let mut rule = operator.clone();
            rule["path"] = json!("$.a");
            assert_eq!(asked("field", rule)[0].2[0].1, readable, "{operator}");
            let all = asked("field", json!({"path": "$.a[*]", "all": operator}));
            assert_eq!((all[0].2[0].0.starts_with("all."), &*all[0].2[0].1), (true, readable));
        }
    }

    #[test]
    fn combinators_ask_what_their_parts_ask_and_an_age_what_it_counts_from() {
        let inner = json!([{"age": {"over": "1m", "since": ["$.a", "$.b"]}}, {"phase": "Failed"}]);
        for name in ["all", "any"] {
            let all = asked(name, inner.clone());
            assert_eq!(all.len(), 1);
            assert_eq!((all[0].0.len(), all[0].1), (2, true));
        }
        assert_eq!(asked("not", json!({"field": {"path": "$.a", "exists": true}})).len(), 1);
        assert!(asked("age", json!({"over": "1m"})).is_empty(), "every object has a creation time");
    }
}
