//! `valueFrom`: an operand or an action's value that the object itself carries. What cannot be read is
//! unknown. The right to annotate is not the right to delete: `min` bounds what has an order from below,
//! whatever the object says. A word of `never` means a time without end: nothing is ever that old, everything is
//! younger, and that is known, not unknown.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::asked::{Asked, Expectation, Types};
use crate::descriptor::{Arguments, Key, Literal, Value as Typed, ValueKind};
use crate::values::{Path, TimeFormat, parse_duration, parse_time};

mod listed;
mod sourced;
#[cfg(test)]
mod tests;

pub use listed::{Item, Listed};
pub use sourced::Sourced;

/// A duration without end: longer than any that can be written.
pub const ENDLESS: Duration = Duration::MAX;

/// Of a value that cannot be read, in characters.
const MOST_SHOWN: usize = 40;

/// Where a value is read from the object, and how.
#[derive(Clone, Debug)]
pub struct ValueFrom {
    path: Path,
    /// What is less counts as this.
    floor: Option<Floor>,
    /// The words that mean no end.
    never: Vec<String>,
}

/// What a carried value is never below: `min`.
#[derive(Clone, Debug, PartialEq)]
pub enum Floor {
    /// Of a duration.
    Duration(Duration),
    /// Of a whole number, or of the number of a count.
    Integer(i64),
    /// Of a moment.
    Time(Timestamp),
    /// Of an operand, whose type its operator knows.
    Literal(Literal),
}

impl Floor {
    /// From the typed value of `min`.
    #[must_use]
    pub fn of(value: Typed) -> Option<Self> {
        match value {
            Typed::Duration(duration) => Some(Self::Duration(duration)),
            Typed::Integer(number) => Some(Self::Integer(number)),
            Typed::Time(moment) => Some(Self::Time(moment)),
            Typed::Literal(literal) => Some(Self::Literal(literal)),
            _ => None,
        }
    }
}

/// What the object carries for a key, with the keys that lead to it and the types that can be read.
pub(crate) type Carried<'a> = (Vec<String>, &'a ValueFrom, Types);

impl ValueFrom {
    /// The keys of its mapping.
    pub const KEYS: &'static [Key] = &[
        Key::required(
            "valueFrom",
            ValueKind::Path,
            "Where the object carries the value; unknown where it cannot be read.",
            "$.metadata.annotations['janitor/ttl']",
        ),
        Key::optional(
            "min",
            ValueKind::Literal,
            "A shorter duration, a smaller number or quantity, an earlier time counts as this one.",
            "5m",
        ),
        Key::optional(
            "never",
            ValueKind::Texts,
            "The words that mean no end, of durations and times.",
            "[forever]",
        ),
    ];

    /// From the typed values of its mapping, of which `min` has the type of the value.
    #[must_use]
    pub fn new(mut arguments: Arguments, floor: Option<Floor>) -> Option<Self> {
        Some(Self {
            path: arguments.path("valueFrom")?,
            floor,
            never: arguments.texts("never").unwrap_or_default(),
        })
    }

    /// The kind of `min` beside a value of this kind; `None`: such values have no order.
    #[must_use]
    pub fn floor_of(kind: ValueKind) -> Option<ValueKind> {
        match kind {
            ValueKind::Duration | ValueKind::Integer | ValueKind::Natural | ValueKind::Time => Some(kind),
            ValueKind::Count => Some(ValueKind::Natural),
            ValueKind::Numbers => Some(ValueKind::Integer),
            ValueKind::Literal | ValueKind::Literals => Some(ValueKind::Literal),
            _ => None,
        }
    }

    /// Whether a value of this kind may have no end.
    #[must_use]
    pub fn may_be_endless(kind: ValueKind) -> bool {
        // What a literal is read as is for its operator to say, and so is what may stand here then.
        matches!(kind, ValueKind::Duration | ValueKind::Time | ValueKind::Literal | ValueKind::Literals)
    }

    /// Where it is read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the object can never bring it below.
    #[must_use]
    pub fn floor(&self) -> Option<&Floor> {
        self.floor.as_ref()
    }

    /// The duration that the object can never bring it below.
    #[must_use]
    pub fn shortest(&self) -> Option<Duration> {
        match self.floor {
            Some(Floor::Duration(shortest)) => Some(shortest),
            _ => None,
        }
    }

    /// Whether some words mean no end.
    #[must_use]
    pub fn has_never(&self) -> bool {
        !self.never.is_empty()
    }

    /// The one value that is there and not null.
    #[must_use]
    pub fn node<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        match self.path.nodes(object).as_slice() {
            [node] => Some(*node).filter(|node| !node.is_null()),
            _ => None,
        }
    }

    /// Whether a value is one of the words that mean no end.
    #[must_use]
    pub fn is_never(&self, node: &Value) -> bool {
        scalar(node).is_some_and(|text| self.never.contains(&text))
    }

    /// A duration; [`ENDLESS`] for a word of `never`.
    #[must_use]
    pub fn duration(&self, object: &Value) -> Option<Duration> {
        let node = self.node(object)?;
        if self.is_never(node) {
            return Some(ENDLESS);
        }
        parse_duration(node.as_str()?).ok().map(|duration| self.bounded(duration))
    }

    /// The duration, at least `min`.
    #[must_use]
    pub fn bounded(&self, duration: Duration) -> Duration {
        duration.max(self.shortest().unwrap_or_default())
    }

    /// The number that the object can never bring it below.
    fn smallest(&self) -> Option<i64> {
        match self.floor {
            Some(Floor::Integer(smallest)) => Some(smallest),
            _ => None,
        }
    }

    /// A moment; the end of time for a word of `never`.
    #[must_use]
    pub fn time(&self, object: &Value, formats: &[TimeFormat]) -> Option<Timestamp> {
        let node = self.node(object)?;
        if self.is_never(node) {
            return Some(Timestamp::MAX);
        }
        let moment = match node {
            Value::String(text) => parse_time(text, formats),
            Value::Number(number) if formats.contains(&TimeFormat::Epoch) => {
                parse_time(&number.to_string(), formats)
            }
            _ => None,
        };
        match self.floor {
            Some(Floor::Time(earliest)) => moment.map(|moment| moment.max(earliest)),
            _ => moment,
        }
    }

    /// A text; numbers and booleans as JSON writes them.
    #[must_use]
    pub fn text(&self, object: &Value) -> Option<String> {
        scalar(self.node(object)?)
    }

    /// For a person: why it cannot be read, `unknown ($.metadata.annotations.ttl is xyz, which is no duration)`.
    pub(crate) fn unread(&self, object: &Value, what: &str) -> String {
        let path = &self.path;
        match self.path.nodes(object).as_slice() {
            [] | [Value::Null] => format!("unknown ({path} is missing)"),
            [node] => match scalar(node) {
                Some(text) => format!("unknown ({path} is {}, which is no {what})", few(&text)),
                None => format!("unknown ({path} is no {what})"),
            },
            _ => format!("unknown ({path} is there more than once)"),
        }
    }

    /// The texts of a list.
    #[must_use]
    pub fn texts(&self, object: &Value) -> Option<Vec<String>> {
        self.node(object)?.as_array()?.iter().map(scalar).collect()
    }

    /// What is asked of its path by the operator at these keys.
    #[must_use]
    pub fn asked(&self, mut at: Vec<String>, readable: Types) -> Asked<'_> {
        at.push("valueFrom".to_owned());
        let expectations = vec![Expectation { at, readable, texts: Vec::new() }];
        Asked { paths: std::slice::from_ref(&self.path), needed: true, expectations }
    }
}

/// As much of it as a line has room for.
fn few(text: &str) -> String {
    let mut few: String = text.chars().take(MOST_SHOWN).collect();
    if few.len() < text.len() {
        few.push('…');
    }
    few
}

fn scalar(node: &Value) -> Option<String> {
    match node {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(node.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
