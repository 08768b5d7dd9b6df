//! `valueFrom`: an operand or an action's value that the object itself carries. What cannot be read is
//! unknown. The right to annotate is not the right to delete: `min` bounds a duration from below, whatever
//! the object says. A word of `never` means a time without end: nothing is ever that old, everything is
//! younger, and that is known, not unknown.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::asked::{Asked, Expectation, Types};
use crate::descriptor::{Arguments, Key, ValueKind};
use crate::matcher::Context;
use crate::moment::after;
use crate::projection::Projection;
use crate::values::{Count, Path, TimeFormat, format_duration, parse_duration, parse_time};
use crate::verdict::Verdict;

/// A duration without end: longer than any that can be written.
pub const ENDLESS: Duration = Duration::MAX;

/// Of a value that cannot be read, in characters.
const MOST_SHOWN: usize = 40;

/// Where a value is read from the object, and how.
#[derive(Clone, Debug)]
pub struct ValueFrom {
    path: Path,
    /// A shorter duration counts as this one.
    min: Option<Duration>,
    /// The words that mean no end.
    never: Vec<String>,
}

/// What the object carries for a key, with the keys that lead to it and the types that can be read.
pub(crate) type Carried<'a> = (Vec<String>, &'a ValueFrom, Types);

/// A value that stands in the rule, or that the object carries.
#[derive(Clone, Debug)]
pub enum Sourced<T> {
    /// It stands in the rule.
    Literal(T),
    /// It is read from the object.
    From(ValueFrom),
}

impl ValueFrom {
    /// The keys of its mapping.
    pub const KEYS: &'static [Key] = &[
        Key::required(
            "valueFrom",
            ValueKind::Path,
            "Where the object carries the value; unknown where it cannot be read.",
            "$.metadata.annotations['janitor/ttl']",
        ),
        Key::optional("min", ValueKind::Duration, "A shorter duration counts as this one.", "5m"),
        Key::optional("never", ValueKind::Texts, "The words that mean no end.", "[forever]"),
    ];

    /// From the typed values of its mapping.
    #[must_use]
    pub fn new(mut arguments: Arguments) -> Option<Self> {
        Some(Self {
            path: arguments.path("valueFrom")?,
            min: arguments.duration("min"),
            never: arguments.texts("never").unwrap_or_default(),
        })
    }

    /// Where it is read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the object can never bring it below.
    #[must_use]
    pub fn min(&self) -> Option<Duration> {
        self.min
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
        self.min.map_or(duration, |min| duration.max(min))
    }

    /// A moment; the end of time for a word of `never`.
    #[must_use]
    pub fn time(&self, object: &Value, formats: &[TimeFormat]) -> Option<Timestamp> {
        let node = self.node(object)?;
        if self.is_never(node) {
            return Some(Timestamp::MAX);
        }
        match node {
            Value::String(text) => parse_time(text, formats),
            Value::Number(number) if formats.contains(&TimeFormat::Epoch) => {
                parse_time(&number.to_string(), formats)
            }
            _ => None,
        }
    }

    /// A text; numbers and booleans as JSON writes them.
    #[must_use]
    pub fn text(&self, object: &Value) -> Option<String> {
        scalar(self.node(object)?)
    }

    /// For a person: why it cannot be read, `unknown ($.metadata.annotations.ttl is xyz, which is no duration)`.
    fn unread(&self, object: &Value, what: &str) -> String {
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

impl<T> Sourced<T> {
    /// The value, where it stands in the rule.
    #[must_use]
    pub fn literal(&self) -> Option<&T> {
        match self {
            Self::Literal(value) => Some(value),
            Self::From(_) => None,
        }
    }

    /// Where it is read, if it is.
    #[must_use]
    pub fn from(&self) -> Option<&ValueFrom> {
        match self {
            Self::Literal(_) => None,
            Self::From(from) => Some(from),
        }
    }

    /// What is asked of the object where it carries the value under this key.
    #[must_use]
    pub fn asks(&self, key: &str, readable: Types) -> Option<Asked<'_>> {
        self.from().map(|from| from.asked(vec![key.to_owned()], readable))
    }

    /// Adds the field that it is read from.
    pub fn reads(&self, projection: &mut Projection) {
        if let Self::From(from) = self {
            projection.read(&from.path);
        }
    }
}

impl Sourced<Duration> {
    /// How long it is on this object; [`ENDLESS`]: without end; `None`: it cannot be read.
    #[must_use]
    pub fn read(&self, object: &Value) -> Option<Duration> {
        match self {
            Self::Literal(duration) => Some(*duration),
            Self::From(from) => from.duration(object),
        }
    }

    /// What it never is below.
    #[must_use]
    pub fn least(&self) -> Option<Duration> {
        match self {
            Self::Literal(duration) => Some(*duration),
            Self::From(from) => from.min,
        }
    }

    /// Whether it is over since `start`. One that the object carries may have been another a moment ago:
    /// since when it has been over is then not told.
    #[must_use]
    pub fn over_since(&self, start: Timestamp, context: &Context<'_>) -> Verdict {
        let Some(duration) = self.read(context.watched.object()) else { return Verdict::unknown() };
        let verdict = Verdict::from_moment(after(start, duration), context.now);
        match self {
            Self::Literal(_) => verdict,
            Self::From(_) => verdict.since(None),
        }
    }

    /// For a person: `6m`, `6m ($.metadata.annotations.ttl)`.
    #[must_use]
    pub fn shown(&self, object: &Value) -> String {
        let length = match self.read(object) {
            None => return self.from().map_or_else(String::new, |from| from.unread(object, "duration")),
            Some(ENDLESS) => "no end".to_owned(),
            Some(duration) => format_duration(duration),
        };
        match self {
            Self::Literal(_) => length,
            Self::From(from) => format!("{length} ({})", from.path),
        }
    }
}

impl Sourced<Timestamp> {
    /// The moment; `None`: it cannot be read.
    #[must_use]
    pub fn read(&self, object: &Value, formats: &[TimeFormat]) -> Option<Timestamp> {
        match self {
            Self::Literal(moment) => Some(*moment),
            Self::From(from) => from.time(object, formats),
        }
    }
}

impl Sourced<Count> {
    /// The count; `None`: it cannot be read.
    #[must_use]
    pub fn read(&self, object: &Value) -> Option<Count> {
        match self {
            Self::Literal(count) => Some(*count),
            Self::From(from) => Count::parse(from.node(object)?.as_str()?).ok(),
        }
    }
}

impl Sourced<i64> {
    /// The whole number; `None`: it cannot be read.
    #[must_use]
    pub fn read(&self, object: &Value) -> Option<i64> {
        match self {
            Self::Literal(number) => Some(*number),
            Self::From(from) => match from.node(object)? {
                Value::String(text) => text.parse().ok(),
                node => node.as_i64(),
            },
        }
    }
}

impl Sourced<String> {
    /// The text; `None`: it cannot be read.
    #[must_use]
    pub fn read(&self, object: &Value) -> Option<String> {
        match self {
            Self::Literal(text) => Some(text.clone()),
            Self::From(from) => from.text(object),
        }
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
