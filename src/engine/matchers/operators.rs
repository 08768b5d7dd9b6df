//! The operators of `field`: what one node must satisfy. They stand at the top of the matcher, for
//! paths with one node, or under `any` and `all`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::contradictions::{self, ordered};
use super::operand::{KINDS, Operand, OperandKind, read_time};
use super::term::{Order, Term, Terms};
use crate::descriptor::{Arguments, Fault, Key, ValueKind};
use crate::matcher::Context;
use crate::truth::Truth;
use crate::value_from::Sourced;
use crate::values::{Count, Globs, Pattern, TimeFormat};
use crate::verdict::Verdict;

const LITERAL: ValueKind = ValueKind::Sourced(&ValueKind::Literal);
const LITERALS: ValueKind = ValueKind::Sourced(&ValueKind::Literals);
const DURATION: ValueKind = ValueKind::Sourced(&ValueKind::Duration);
const TIME: ValueKind = ValueKind::Sourced(&ValueKind::Time);
const COUNT: ValueKind = ValueKind::Sourced(&ValueKind::Count);

pub(super) const KEYS: &[Key] = &[
    Key::asking("equals", LITERAL, "It is this value.", "ErrorUnschedulable"),
    Key::asking("notEquals", LITERAL, "It is another value.", "Running"),
    Key::asking("in", LITERALS, "It is one of these values.", "[Failed, Error]"),
    Key::asking("notIn", LITERALS, "It is none of these values.", "[Running, Succeeded]"),
    Key::asking("matches", ValueKind::Pattern, "The whole text matches.", "\"Error.*\""),
    Key::asking("glob", ValueKind::Globs, "The whole text matches a glob.", "Error*"),
    Key::asking("gt", LITERAL, "It is greater.", "3"),
    Key::asking("gte", LITERAL, "It is greater or equal.", "3"),
    Key::asking("lt", LITERAL, "It is less.", "3"),
    Key::asking("lte", LITERAL, "It is less or equal.", "3"),
    Key::asking("olderThan", DURATION, "The time is at least this long ago.", "1h"),
    Key::asking("newerThan", DURATION, "The time is less than this long ago.", "1h"),
    Key::asking("before", TIME, "The time is before this one.", "2026-04-01T10:00:00Z"),
    Key::asking("after", TIME, "The time is after this one.", "2026-04-01T10:00:00Z"),
    Key::asking("size", COUNT, "The list or mapping has this many entries.", "\"> 0\""),
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

/// What each node under `any` and `all` is asked: a null among them is there, and has no value.
pub(super) const OF_EACH: &[Key] = &{
    let exists = Key::asking("exists", ValueKind::Bool, "Whether the node is not null.", "true");
    let mut keys = [exists; KEYS.len() + 1];
    let mut at = 0;
    while at < KEYS.len() {
        keys[at + 1] = KEYS[at];
        at += 1;
    }
    keys
};

/// The operators that one node must satisfy.
#[derive(Debug)]
pub(super) struct Operators {
    pub(super) tests: Vec<Test>,
    pub(super) conversion: Conversion,
}

#[derive(Debug)]
pub(super) enum Test {
    Exists(bool),
    Equals(Term),
    NotEquals(Term),
    In(Terms),
    NotIn(Terms),
    Matches(Pattern),
    Glob(Globs),
    Ordered(&'static str, Term),
    OlderThan(Sourced<Duration>),
    NewerThan(Sourced<Duration>),
    Before(Sourced<Timestamp>),
    After(Sourced<Timestamp>),
    Size(Sourced<Count>),
}

impl Test {
    /// As it is written.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Exists(_) => "exists",
            Self::Equals(_) => "equals",
            Self::NotEquals(_) => "notEquals",
            Self::In(_) => "in",
            Self::NotIn(_) => "notIn",
            Self::Matches(_) => "matches",
            Self::Glob(_) => "glob",
            Self::Ordered(key, _) => key,
            Self::OlderThan(_) => "olderThan",
            Self::NewerThan(_) => "newerThan",
            Self::Before(_) => "before",
            Self::After(_) => "after",
            Self::Size(_) => "size",
        }
    }
}

impl Operators {
    /// Takes the operators out of a mapping; `as` and `formats` of the outer mapping are the defaults.
    pub(super) fn build(arguments: &mut Arguments, outer: &Conversion) -> Result<Self, Fault> {
        let own = Conversion::take(arguments);
        let formats = if own.formats.is_empty() { outer.formats.clone() } else { own.formats };
        let conversion = Conversion { kind: own.kind.or(outer.kind), formats };
        let mut tests = Vec::new();
        let term = |key: &str, literal, order| {
            Term::build(literal, order, &conversion).map_err(|fault| fault.under(key))
        };
        let terms =
            |key: &str, literals| Terms::build(literals, &conversion).map_err(|fault| fault.under(key));
        if let Some(literal) = arguments.sourced_literal("equals") {
            tests.push(Test::Equals(term("equals", literal, Order::Equality)?));
        }
        if let Some(literal) = arguments.sourced_literal("notEquals") {
            tests.push(Test::NotEquals(term("notEquals", literal, Order::Equality)?));
        }
        if let Some(literals) = arguments.sourced_literals("in") {
            tests.push(Test::In(terms("in", literals)?));
        }
        if let Some(literals) = arguments.sourced_literals("notIn") {
            tests.push(Test::NotIn(terms("notIn", literals)?));
        }
        for key in ["gt", "gte", "lt", "lte"] {
            if let Some(literal) = arguments.sourced_literal(key) {
                tests.push(Test::Ordered(key, term(key, literal, Order::Ordered)?));
            }
        }
        tests.extend(arguments.boolean("exists").map(Test::Exists));
        tests.extend(arguments.pattern("matches").map(Test::Matches));
        tests.extend(arguments.globs("glob").map(Test::Glob));
        tests.extend(arguments.sourced_duration("olderThan").map(Test::OlderThan));
        tests.extend(arguments.sourced_duration("newerThan").map(Test::NewerThan));
        tests.extend(arguments.sourced_time("before").map(Test::Before));
        tests.extend(arguments.sourced_time("after").map(Test::After));
        tests.extend(arguments.sourced_count("size").map(Test::Size));
        contradictions::check(&tests)?;
        Ok(Self { tests, conversion })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// The texts of which a node must be one, where equality with texts is asked as they stand.
    pub(super) fn needed_texts(&self) -> Option<Vec<&str>> {
        fn of(test: &Test) -> Option<Vec<&str>> {
            match test {
                Test::Equals(term) => Some(vec![term.literal()?.as_text()?]),
                Test::In(terms) => terms.literals()?.into_iter().map(Operand::as_text).collect(),
                _ => None,
            }
        }
        if self.conversion.kind.is_some() { None } else { self.tests.iter().find_map(of) }
    }

    /// Whether time alone makes it true: the rule then waits by itself.
    pub(super) fn is_patient(&self) -> bool {
        self.tests.iter().any(|test| matches!(test, Test::OlderThan(_)))
    }

    pub(super) fn judge(&self, value: &Value, context: &Context<'_>) -> Verdict {
        Verdict::all(self.tests.iter().map(|test| self.judge_one(test, value, context)))
    }

    fn judge_one(&self, test: &Test, value: &Value, context: &Context<'_>) -> Verdict {
        let object = context.object.object();
        let known = |answer: Option<bool>| Verdict::fixed(answer.map_or(Truth::Unknown, Truth::from));
        let order = |term: &Term| {
            let operand = term.operand(object, &self.conversion)?;
            self.read_like(&operand, value)?.compare(&operand)
        };
        let equal = |term: &Term| known(order(term).map(Ordering::is_eq));
        let text = || self.text(value);
        let time = || read_time(value, &self.conversion.formats);
        let moment = |moment: &Sourced<Timestamp>| moment.read(object, &self.conversion.formats);
        match test {
            Test::Exists(exists) => Verdict::fixed(*exists != value.is_null()),
            _ if value.is_null() => Verdict::unknown(),
            Test::Equals(term) => equal(term),
            Test::NotEquals(term) => equal(term).negated(),
            Test::In(terms) => Verdict::fixed(self.among(terms, value, object)),
            Test::NotIn(terms) => Verdict::fixed(self.among(terms, value, object)).negated(),
            Test::Matches(pattern) => known(text().map(|text| pattern.matches(&text))),
            Test::Glob(globs) => known(text().map(|text| globs.matches(&text))),
            Test::Ordered(operator, term) => known(order(term).map(|order| ordered(operator, order))),
            Test::OlderThan(age) => {
                time().map_or_else(Verdict::unknown, |time| age.over_since(time, context))
            }
            Test::NewerThan(age) => time()
                .map_or_else(Verdict::unknown, |time| age.over_since(time, context).negated().since(None)),
            Test::Before(end) => known(time().zip(moment(end)).map(|(time, end)| time < end)),
            Test::After(start) => known(time().zip(moment(start)).map(|(time, start)| time > start)),
            Test::Size(count) => {
                let size =
                    value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len));
                known(size.zip(count.read(object)).map(|(size, count)| count.holds(size as u64)))
            }
        }
    }

    /// Whether a value is one of several: as `any` of as many `equals`. An operand that the object carries and that
    /// cannot be read may be the one, and whether a value is one of another type nobody can tell.
    fn among(&self, terms: &Terms, value: &Value, object: &Value) -> Truth {
        let Some(operands) = terms.operands(object, &self.conversion) else { return Truth::Unknown };
        let mut certain = true;
        for operand in operands {
            let Some(operand) = operand else {
                certain = false;
                continue;
            };
            match self.read_like(&operand, value).and_then(|seen| seen.compare(&operand)) {
                Some(Ordering::Equal) => return Truth::True,
                Some(_) => {}
                None => certain = false,
            }
        }
        if certain { Truth::False } else { Truth::Unknown }
    }

    fn read_like(&self, operand: &Operand, value: &Value) -> Option<Operand> {
        operand.read_like(value, self.conversion.kind.is_some(), &self.conversion.formats)
    }

    /// What globs and expressions look at; other scalars have a text only where `as: string` asks for it.
    fn text<'v>(&self, value: &'v Value) -> Option<Cow<'v, str>> {
        match value {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(_) | Value::Bool(_) if self.conversion.kind == Some(OperandKind::Text) => {
                Some(Cow::Owned(value.to_string()))
            }
            _ => None,
        }
    }
}

/// How operands and values are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Conversion {
    /// What `as:` says: texts are converted to it.
    pub(super) kind: Option<OperandKind>,
    pub(super) formats: Vec<TimeFormat>,
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
