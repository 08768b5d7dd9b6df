//! A value of a rule that stands in it or that the object carries, read as the type that its place asks for.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{ENDLESS, ValueFrom};
use crate::asked::{Asked, Types};
use crate::matcher::Context;
use crate::moment::after;
use crate::projection::Projection;
use crate::values::{Count, TimeFormat, format_duration};
use crate::verdict::Verdict;

/// A value that stands in the rule, or that the object carries.
#[derive(Clone, Debug)]
pub enum Sourced<T> {
    /// It stands in the rule.
    Literal(T),
    /// It is read from the object.
    From(ValueFrom),
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

    /// For a person: why it cannot be read, where it cannot.
    #[must_use]
    pub fn unread(&self, object: &Value, what: &str) -> String {
        self.from().map_or_else(String::new, |from| from.unread(object, what))
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
            Self::From(from) => from.shortest(),
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

    /// The same of an age, which is never less than 0: it is at least 0s from the first, also where its start is
    /// said to be in the future.
    #[must_use]
    pub fn aged_since(&self, start: Timestamp, context: &Context<'_>) -> Verdict {
        match self.read(context.watched.object()) {
            Some(Duration::ZERO) => {
                Verdict::fixed(true).since(self.literal().map(|_| start.min(context.now)))
            }
            _ => self.over_since(start, context),
        }
    }

    /// For a person: `6m`, `6m ($.metadata.annotations.ttl)`.
    #[must_use]
    pub fn shown(&self, object: &Value) -> String {
        let length = match self.read(object) {
            None => return self.unread(object, "duration"),
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
            Self::From(from) => {
                let count = Count::parse(from.node(object)?.as_str()?).ok()?;
                Some(from.smallest().map_or(count, |smallest| count.with_at_least(smallest)))
            }
        }
    }
}

impl Sourced<i64> {
    /// The whole number; `None`: it cannot be read.
    #[must_use]
    pub fn read(&self, object: &Value) -> Option<i64> {
        match self {
            Self::Literal(number) => Some(*number),
            Self::From(from) => {
                let number: i64 = match from.node(object)? {
                    Value::String(text) => text.parse().ok()?,
                    node => node.as_i64()?,
                };
                Some(from.smallest().map_or(number, |smallest| number.max(smallest)))
            }
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
