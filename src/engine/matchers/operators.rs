//! The operators of `field`: what one node must satisfy. They stand at the top of the matcher, for
//! paths with one node, or under `any` and `all`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::BitOr;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::contradictions::{self, ordered};
use super::operand::{KINDS, Operand, OperandKind, read_time, readable_times};
use crate::asked::{Expectation, ExpectedText, Types};
use crate::descriptor::{Arguments, Fault, Key, Literal, ValueKind};
use crate::moment::after;
use crate::truth::Truth;
use crate::values::{Count, Globs, Pattern, TimeFormat};
use crate::verdict::Verdict;

pub(super) const KEYS: &[Key] = &[
    Key::optional("equals", ValueKind::Literal, "It is this value.", "ErrorUnschedulable"),
    Key::optional("notEquals", ValueKind::Literal, "It is another value.", "Running"),
    Key::optional("in", ValueKind::Literals, "It is one of these values.", "[Failed, Error]"),
    Key::optional("notIn", ValueKind::Literals, "It is none of these values.", "[Running, Succeeded]"),
    Key::optional("matches", ValueKind::Pattern, "The whole text matches.", "\"Error.*\""),
    Key::optional("glob", ValueKind::Globs, "The whole text matches a glob.", "Error*"),
    Key::optional("gt", ValueKind::Literal, "It is greater.", "3"),
    Key::optional("gte", ValueKind::Literal, "It is greater or equal.", "3"),
    Key::optional("lt", ValueKind::Literal, "It is less.", "3"),
    Key::optional("lte", ValueKind::Literal, "It is less or equal.", "3"),
    Key::optional("olderThan", ValueKind::Duration, "The time is at least this long ago.", "1h"),
    Key::optional("newerThan", ValueKind::Duration, "The time is less than this long ago.", "1h"),
    Key::optional("before", ValueKind::Time, "The time is before this one.", "2026-04-01T10:00:00Z"),
    Key::optional("after", ValueKind::Time, "The time is after this one.", "2026-04-01T10:00:00Z"),
    Key::optional("size", ValueKind::Count, "The list or mapping has this many entries.", "\"> 0\""),
    Key::optional(
        "as",
        ValueKind::Choice(KINDS),
        "The type that operands and value are read as.",
        "quantity",
    ),
    Key::optional(
        "formats",
        ValueKind::Choices(TimeFormat::NAMES),
        "Forms of time that are read beside RFC 3339.",
        "[date]",
    ),
];

/// The operators that one node must satisfy.
#[derive(Debug)]
pub(super) struct Operators {
    tests: Vec<Test>,
    /// What `as:` says: texts are converted to it.
    kind: Option<OperandKind>,
    formats: Vec<TimeFormat>,
}

#[derive(Debug)]
pub(super) enum Test {
    Equals(Operand),
    NotEquals(Operand),
    In(Vec<Operand>),
    NotIn(Vec<Operand>),
    Matches(Pattern),
    Glob(Globs),
    Ordered(&'static str, Operand),
    OlderThan(Duration),
    NewerThan(Duration),
    Before(Timestamp),
    After(Timestamp),
    Size(Count),
}

impl Operators {
    /// Takes the operators out of a mapping; `as` and `formats` of the outer mapping are the defaults.
    pub(super) fn build(arguments: &mut Arguments, outer: &Conversion) -> Result<Self, Fault> {
        let own = Conversion::take(arguments);
        let formats = if own.formats.is_empty() { outer.formats.clone() } else { own.formats };
        let conversion = Conversion { kind: own.kind.or(outer.kind), formats };
        let Conversion { kind, formats } = &conversion;
        let equality = |key: &str, literal: &Literal| {
            Operand::for_equality(literal, *kind, formats).map_err(|fault| fault.under(key))
        };
        let equalities = |key: &str, literals: &[Literal]| -> Result<Vec<Operand>, Fault> {
            let one = |(index, literal): (usize, &Literal)| {
                Operand::for_equality(literal, *kind, formats).map_err(|fault| fault.under(index).under(key))
            };
            literals.iter().enumerate().map(one).collect()
        };
        let mut tests = Vec::new();
        if let Some(literal) = arguments.literal("equals") {
            tests.push(Test::Equals(equality("equals", &literal)?));
        }
        if let Some(literal) = arguments.literal("notEquals") {
            tests.push(Test::NotEquals(equality("notEquals", &literal)?));
        }
        if let Some(literals) = arguments.literals("in") {
            tests.push(Test::In(equalities("in", &literals)?));
        }
        if let Some(literals) = arguments.literals("notIn") {
            tests.push(Test::NotIn(equalities("notIn", &literals)?));
        }
        for key in ["gt", "gte", "lt", "lte"] {
            if let Some(literal) = arguments.literal(key) {
                let operand =
                    Operand::for_order(&literal, *kind, formats).map_err(|fault| fault.under(key))?;
                tests.push(Test::Ordered(key, operand));
            }
        }
        tests.extend(arguments.pattern("matches").map(Test::Matches));
        tests.extend(arguments.globs("glob").map(Test::Glob));
        tests.extend(arguments.duration("olderThan").map(Test::OlderThan));
        tests.extend(arguments.duration("newerThan").map(Test::NewerThan));
        tests.extend(arguments.time("before").map(Test::Before));
        tests.extend(arguments.time("after").map(Test::After));
        tests.extend(arguments.count("size").map(Test::Size));
        let operators = Self { tests, kind: conversion.kind, formats: conversion.formats };
        contradictions::check(&operators.tests)?;
        Ok(operators)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// The texts of which a node must be one, where equality with texts is asked as they stand.
    pub(super) fn needed_texts(&self) -> Option<Vec<&str>> {
        fn of(test: &Test) -> Option<Vec<&str>> {
            match test {
                Test::Equals(operand) => Some(vec![operand.as_text()?]),
                Test::In(operands) => operands.iter().map(Operand::as_text).collect(),
                _ => None,
            }
        }
        if self.kind.is_some() { None } else { self.tests.iter().find_map(of) }
    }

    /// What each operator can read, and what it compares with.
    pub(super) fn expectations(&self) -> Vec<Expectation> {
        self.tests.iter().map(|test| self.expectation(test)).collect()
    }

    fn expectation(&self, test: &Test) -> Expectation {
        let like = |operand: &Operand| operand.readable(self.kind.is_some(), &self.formats);
        let text = |operand: &Operand, at: &[&str]| match operand {
            Operand::Text(text) => {
                Some(ExpectedText { at: at.iter().map(ToString::to_string).collect(), text: text.clone() })
            }
            _ => None,
        };
        let texts = |operands: &[Operand], key: &str| -> Vec<ExpectedText> {
            let one = |(index, operand): (usize, &Operand)| text(operand, &[key, &index.to_string()]);
            operands.iter().enumerate().filter_map(one).collect()
        };
        let any = |operands: &[Operand]| operands.iter().map(like).fold(Types::default(), BitOr::bitor);
        let is_text = self.kind == Some(OperandKind::Text);
        let scalars = Types::STRING | Types::NUMBER | Types::BOOLEAN;
        let text_like = if is_text { scalars } else { Types::STRING };
        let times = readable_times(&self.formats);
        let (key, readable, texts) = match test {
            Test::Equals(operand) => {
                ("equals", like(operand), text(operand, &["equals"]).into_iter().collect())
            }
            Test::NotEquals(operand) => {
                ("notEquals", like(operand), text(operand, &["notEquals"]).into_iter().collect())
            }
            Test::In(operands) => ("in", any(operands), texts(operands, "in")),
            Test::NotIn(operands) => ("notIn", any(operands), texts(operands, "notIn")),
            Test::Matches(_) => ("matches", text_like, Vec::new()),
            Test::Glob(_) => ("glob", text_like, Vec::new()),
            Test::Ordered(key, operand) => (*key, like(operand), Vec::new()),
            Test::OlderThan(_) => ("olderThan", times, Vec::new()),
            Test::NewerThan(_) => ("newerThan", times, Vec::new()),
            Test::Before(_) => ("before", times, Vec::new()),
            Test::After(_) => ("after", times, Vec::new()),
            Test::Size(_) => ("size", Types::LIST | Types::OBJECT, Vec::new()),
        };
        Expectation { at: vec![key.to_owned()], readable, texts }
    }

    /// Whether time alone makes it true: the rule then waits by itself.
    pub(super) fn is_patient(&self) -> bool {
        self.tests.iter().any(|test| matches!(test, Test::OlderThan(_)))
    }

    pub(super) fn judge(&self, value: &Value, now: Timestamp) -> Verdict {
        if value.is_null() {
            return Verdict::unknown();
        }
        Verdict::all(self.tests.iter().map(|test| self.judge_one(test, value, now)))
    }

    fn judge_one(&self, test: &Test, value: &Value, now: Timestamp) -> Verdict {
        let like = |operand: &Operand| operand.read_like(value, self.kind.is_some(), &self.formats);
        let equal = |operand: &Operand| {
            like(operand).map(|seen| seen.compare(operand) == Some(Ordering::Equal)).map(Truth::from)
        };
        let known = |answer: Option<bool>| Verdict::fixed(answer.map_or(Truth::Unknown, Truth::from));
        // One of several: what cannot be read as any of their types is unknown.
        let among = |operands: &[Operand]| {
            operands.iter().map(equal).map(|answer| answer.unwrap_or(Truth::Unknown)).max()
        };
        let one_of = |operands: &[Operand]| match among(operands) {
            // Of another type than some, but readable as others and equal to none of them.
            Some(Truth::Unknown) if operands.iter().any(|operand| equal(operand).is_some()) => Truth::False,
            answer => answer.unwrap_or(Truth::False),
        };
        let text = || self.text(value);
        let time = || read_time(value, &self.formats);
        match test {
            Test::Equals(operand) => Verdict::fixed(equal(operand).unwrap_or(Truth::Unknown)),
            Test::NotEquals(operand) => Verdict::fixed(equal(operand).unwrap_or(Truth::Unknown)).negated(),
            Test::In(operands) => Verdict::fixed(one_of(operands)),
            Test::NotIn(operands) => Verdict::fixed(one_of(operands)).negated(),
            Test::Matches(pattern) => known(text().map(|text| pattern.matches(&text))),
            Test::Glob(globs) => known(text().map(|text| globs.matches(&text))),
            Test::Ordered(operator, operand) => known(
                like(operand).and_then(|seen| seen.compare(operand)).map(|order| ordered(operator, order)),
            ),
            Test::OlderThan(age) => {
                time().map_or_else(Verdict::unknown, |time| Verdict::from_moment(after(time, *age), now))
            }
            Test::NewerThan(age) => time().map_or_else(Verdict::unknown, |time| {
                Verdict::until_moment(after(time, *age), now).since(None)
            }),
            Test::Before(moment) => known(time().map(|time| time < *moment)),
            Test::After(moment) => known(time().map(|time| time > *moment)),
            Test::Size(count) => {
                let size =
                    value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len));
                known(size.map(|size| count.holds(size as u64)))
            }
        }
    }

    /// What globs and expressions look at; other scalars have a text only where `as: string` asks for it.
    fn text<'v>(&self, value: &'v Value) -> Option<Cow<'v, str>> {
        match value {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(_) | Value::Bool(_) if self.kind == Some(OperandKind::Text) => {
                Some(Cow::Owned(value.to_string()))
            }
            _ => None,
        }
    }
}

/// How operands and values are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Conversion {
    kind: Option<OperandKind>,
    formats: Vec<TimeFormat>,
}

impl Conversion {
    pub(super) fn take(arguments: &mut Arguments) -> Self {
        let formats = arguments.texts("formats").unwrap_or_default();
        Self {
            kind: arguments.text("as").and_then(|word| OperandKind::named(&word)),
            formats: formats.iter().filter_map(|name| TimeFormat::named(name)).collect(),
        }
    }
}
