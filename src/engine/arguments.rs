//! Typed values, as a matcher or an action is built from them: whoever reads rules has lowered them by a descriptor.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::expression::Expression;
use crate::matcher::Matcher;
use crate::value_from::{Listed, Sourced, ValueFrom};
use crate::values::{Count, Cron, Globs, Path, Pattern};

/// A literal of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A string, quoted or plain.
    Text(String),
    /// A number without quotes; compared as f64, or exactly where both are whole.
    Number {
        /// What it is worth.
        value: serde_json::Number,
        /// As it is written: `as: string` means `1.10`, not `1.1`.
        text: String,
    },
    /// A boolean.
    Bool(bool),
}

/// A typed value. [`ValueKind`](crate::descriptor::ValueKind) says which kind is lowered to which.
#[derive(Debug)]
pub enum Value {
    /// A span of time.
    Duration(Duration),
    /// An operator and a whole number.
    Count(Count),
    /// True or false.
    Bool(bool),
    /// A string.
    Text(String),
    /// Strings.
    Texts(Vec<String>),
    /// Strings, each of which the object may carry.
    SourcedTexts(Vec<Sourced<String>>),
    /// A whole number.
    Integer(i64),
    /// Strings, each of which, or all together, the object may carry.
    Words(Listed<String>),
    /// Whole numbers, likewise.
    Numbers(Listed<i64>),
    /// Globs with excludes.
    Globs(Globs),
    /// A regular expression.
    Pattern(Pattern),
    /// An expression.
    Expression(Expression),
    /// A path.
    Path(Path),
    /// Paths.
    Paths(Vec<Path>),
    /// A moment.
    Time(Timestamp),
    /// Times that come again and again.
    Cron(Cron),
    /// A time zone.
    TimeZone(TimeZone),
    /// A string, number or boolean.
    Literal(Literal),
    /// Strings, numbers or booleans.
    Literals(Vec<Sourced<Literal>>),
    /// What the object carries in the place of a value.
    From(ValueFrom),
    /// Any data, as JSON.
    Data(serde_json::Value),
    /// A mapping of typed values.
    Block(Arguments),
    /// Mappings of typed values.
    Blocks(Vec<Arguments>),
    /// A mapping from string to string.
    Entries(Vec<(String, String)>),
    /// A mapping from string to string, to what the object carries, or to nothing.
    SourcedEntries(Vec<(String, Option<Sourced<String>>)>),
    /// A matcher.
    Matcher(Box<dyn Matcher>),
    /// Matchers.
    Matchers(Vec<Box<dyn Matcher>>),
}

/// The typed values of a mapping, each under its key.
#[derive(Debug, Default)]
pub struct Arguments {
    values: Vec<(&'static str, Value)>,
}

macro_rules! take_sourced {
    ($($name:ident: $variant:ident -> $type:ty, $what:literal;)*) => {
        $(
            #[doc = concat!("Takes ", $what, ", or where the object carries it; `None`: the key was left out.")]
            pub fn $name(&mut self, key: &str) -> Option<Sourced<$type>> {
                match self.take(key)? {
                    Value::$variant(value) => Some(Sourced::Literal(value)),
                    Value::From(from) => Some(Sourced::From(from)),
                    _ => None,
                }
            }
        )*
    };
}

macro_rules! take {
    ($($name:ident: $variant:ident -> $type:ty, $what:literal;)*) => {
        $(
            #[doc = concat!("Takes ", $what, "; `None`: the key was left out.")]
            pub fn $name(&mut self, key: &str) -> Option<$type> {
                match self.take(key)? {
                    Value::$variant(value) => Some(value),
                    _ => None,
                }
            }
        )*
    };
}

impl Arguments {
    /// Adds a value.
    pub fn insert(&mut self, key: &'static str, value: Value) {
        self.values.push((key, value));
    }

    /// Whether a key was given and not yet taken.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.values.iter().any(|(name, _)| *name == key)
    }

    /// Whether a mapping was given under a key that may have another value, and not yet taken.
    #[must_use]
    pub fn has_block(&self, key: &str) -> bool {
        self.values.iter().any(|(name, value)| *name == key && matches!(value, Value::Block(_)))
    }

    /// Whether no value is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        let position = self.values.iter().position(|(name, _)| *name == key)?;
        Some(self.values.swap_remove(position).1)
    }

    take! {
        duration: Duration -> Duration, "a duration";
        count: Count -> Count, "a count";
        boolean: Bool -> bool, "a boolean";
        text: Text -> String, "a string or a word of a choice";
        texts: Texts -> Vec<String>, "strings";
        integer: Integer -> i64, "a whole number";
        words: Words -> Listed<String>, "strings, or where the object carries them";
        numbers: Numbers -> Listed<i64>, "whole numbers, or where the object carries them";
        globs: Globs -> Globs, "globs";
        pattern: Pattern -> Pattern, "a regular expression";
        expression: Expression -> Expression, "an expression";
        path: Path -> Path, "a path";
        paths: Paths -> Vec<Path>, "paths";
        time: Time -> Timestamp, "a moment";
        cron: Cron -> Cron, "times that come again and again";
        time_zone: TimeZone -> TimeZone, "a time zone";
        literal: Literal -> Literal, "a literal";
        data: Data -> serde_json::Value, "any data";
        block: Block -> Arguments, "a mapping";
        blocks: Blocks -> Vec<Arguments>, "mappings";
        entries: Entries -> Vec<(String, String)>, "entries";
        sourced_entries: SourcedEntries -> Vec<(String, Option<Sourced<String>>)>, "entries";
        matcher: Matcher -> Box<dyn Matcher>, "a matcher";
        matchers: Matchers -> Vec<Box<dyn Matcher>>, "matchers";
    }

    take_sourced! {
        sourced_duration: Duration -> Duration, "a duration";
        sourced_count: Count -> Count, "a count";
        sourced_integer: Integer -> i64, "a whole number";
        sourced_time: Time -> Timestamp, "a moment";
        sourced_data: Data -> serde_json::Value, "any data";
        sourced_text: Text -> String, "a string";
        sourced_texts: SourcedTexts -> Vec<Sourced<String>>, "strings";
        sourced_literal: Literal -> Literal, "a literal";
        sourced_literals: Literals -> Vec<Sourced<Literal>>, "literals";
    }
}
