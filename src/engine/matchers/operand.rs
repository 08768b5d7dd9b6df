//! Typed operands of `field`: a literal of the rule and a value of the object become the same type, or
//! do not compare at all.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Number, Value};

use crate::asked::Types;
use crate::descriptor::{Fault, FaultKind, Literal};
use crate::values::{Quantity, TimeFormat, parse_duration, parse_time};

/// The words of `as:`.
pub(super) const KINDS: &[&str] = &["quantity", "duration", "time", "number", "string"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperandKind {
    Quantity,
    Duration,
    Time,
    Number,
    Text,
}

impl OperandKind {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "quantity" => Some(Self::Quantity),
            "duration" => Some(Self::Duration),
            "time" => Some(Self::Time),
            "number" => Some(Self::Number),
            "string" => Some(Self::Text),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Quantity => "quantity",
            Self::Duration => "duration",
            Self::Time => "time",
            Self::Number => "number",
            Self::Text => "string",
        }
    }
}

/// A value of a known type. Values of different types have no order and are never equal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Quantity(Quantity),
    Duration(Duration),
    Time(Timestamp),
    Number(Number),
    Text(String),
    Bool(bool),
}

impl Operand {
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Quantity(a), Self::Quantity(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Number(b)) => compare_numbers(a, b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// A literal of the rule that an operator compares for equality: as [`for_equality`](Self::for_equality), but a
    /// text that looks like an amount must say what it is. `500m` as a text is not the `0.5` of another object.
    pub(super) fn for_certain_equality(
        literal: &Literal,
        kind: Option<OperandKind>,
        formats: &[TimeFormat],
    ) -> Result<Self, Fault> {
        let Literal::Text(text) = literal else { return Self::for_equality(literal, kind, formats) };
        let is_plain = text.ends_with(|c: char| c.is_ascii_digit() || c == '.');
        let looks_like = |kind: &OperandKind| !is_plain && parse(text, *kind, formats).is_some();
        let amounts = [OperandKind::Quantity, OperandKind::Duration].into_iter().filter(looks_like);
        let readings: Vec<OperandKind> = std::iter::once(OperandKind::Text).chain(amounts).collect();
        if kind.is_some() || readings.len() == 1 {
            return Self::for_equality(literal, kind, formats);
        }
        Err(ambiguous(text, &readings))
    }

    /// A literal that an operator compares for equality: its own type counts, unless `as:` says another.
    pub(super) fn for_equality(
        literal: &Literal,
        kind: Option<OperandKind>,
        formats: &[TimeFormat],
    ) -> Result<Self, Fault> {
        match (kind, literal) {
            (Some(kind), literal) => Self::of_kind(literal, kind, formats),
            (None, Literal::Text(text)) => Ok(Self::Text(text.clone())),
            (None, Literal::Number { value, .. }) => Ok(Self::Number(value.clone())),
            (None, Literal::Bool(value)) => Ok(Self::Bool(*value)),
        }
    }

    /// A literal that an operator puts in order: a text must be readable as exactly one ordered type.
    pub(super) fn for_order(
        literal: &Literal,
        kind: Option<OperandKind>,
        formats: &[TimeFormat],
    ) -> Result<Self, Fault> {
        let text = match (kind, literal) {
            (Some(kind), literal) => return Self::of_kind(literal, kind, formats),
            (None, Literal::Number { value, .. }) => return Ok(Self::Number(value.clone())),
            (None, Literal::Bool(value)) => {
                let message = format!("`{value}` has no order");
                return Err(Fault::new(FaultKind::BadOperand, message, "write `equals:` instead"));
            }
            (None, Literal::Text(text)) => text,
        };
        let kinds = [OperandKind::Quantity, OperandKind::Duration, OperandKind::Time];
        let readings: Vec<(OperandKind, Self)> =
            kinds.iter().filter_map(|kind| Some((*kind, parse(text, *kind, formats)?))).collect();
        match readings.as_slice() {
            [(_, operand)] => Ok(operand.clone()),
            [] => {
                let message = format!("`{text}` is no quantity, duration, time or number to compare with");
                Err(Fault::new(FaultKind::BadOperand, message, "write `as: string` to compare as texts"))
            }
            several => {
                let readings: Vec<OperandKind> = several.iter().map(|(kind, _)| *kind).collect();
                Err(ambiguous(text, &readings))
            }
        }
    }

    fn of_kind(literal: &Literal, kind: OperandKind, formats: &[TimeFormat]) -> Result<Self, Fault> {
        let text = match literal {
            Literal::Text(text) | Literal::Number { text, .. } => text.clone(),
            Literal::Bool(value) => value.to_string(),
        };
        parse(&text, kind, formats).ok_or_else(|| {
            let message = format!("`{text}` is not a {}, as `as:` says", kind.word());
            let help = match kind {
                OperandKind::Quantity => "write a quantity such as `500m` or `1Gi`",
                OperandKind::Duration => "write a duration such as `6m` or `1h30m`",
                OperandKind::Time => "write a time such as `2026-04-01T10:00:00Z`",
                OperandKind::Number | OperandKind::Text => "write a number such as `3` or `0.5`",
            };
            Fault::new(FaultKind::BadOperand, message, help)
        })
    }

    /// The types of JSON that [`read_like`](Self::read_like) reads.
    pub(super) fn readable(&self, converts: bool, formats: &[TimeFormat]) -> Types {
        match self {
            Self::Bool(_) => Types::BOOLEAN,
            Self::Text(_) if converts => Types::STRING | Types::NUMBER | Types::BOOLEAN,
            Self::Text(_) | Self::Duration(_) => Types::STRING,
            Self::Number(_) if converts => Types::STRING | Types::NUMBER,
            Self::Number(_) => Types::NUMBER,
            Self::Quantity(_) => Types::STRING | Types::NUMBER,
            Self::Time(_) => readable_times(formats),
        }
    }

    /// Reads a value of the object as this operand's type; `None`: it cannot be.
    /// Where `as:` was written, texts that spell a number count as numbers, and scalars as texts.
    pub(super) fn read_like(&self, value: &Value, converts: bool, formats: &[TimeFormat]) -> Option<Self> {
        match (self, value) {
            (Self::Bool(_), Value::Bool(value)) => Some(Self::Bool(*value)),
            (Self::Text(_), Value::String(text)) => Some(Self::Text(text.clone())),
            (Self::Text(_), Value::Number(_) | Value::Bool(_)) if converts => {
                Some(Self::Text(value.to_string()))
            }
            (Self::Number(_), Value::Number(number)) => Some(Self::Number(number.clone())),
            (Self::Number(_), Value::String(text)) if converts => parse(text, OperandKind::Number, formats),
            (Self::Quantity(_), Value::String(text)) => parse(text, OperandKind::Quantity, formats),
            (Self::Quantity(_), Value::Number(number)) => {
                parse(&number.to_string(), OperandKind::Quantity, formats)
            }
            (Self::Duration(_), Value::String(text)) => parse(text, OperandKind::Duration, formats),
            (Self::Time(_), value) => read_time(value, formats).map(Self::Time),
            _ => None,
        }
    }
}

/// The types of JSON that [`read_time`] reads.
pub(super) fn readable_times(formats: &[TimeFormat]) -> Types {
    if formats.contains(&TimeFormat::Epoch) { Types::STRING | Types::NUMBER } else { Types::STRING }
}

/// A time of the object; a bare number only where `formats: epoch` is asked for.
pub(super) fn read_time(value: &Value, formats: &[TimeFormat]) -> Option<Timestamp> {
    match value {
        Value::String(text) => parse_time(text, formats),
        Value::Number(number) if formats.contains(&TimeFormat::Epoch) => {
            parse_time(&number.to_string(), formats)
        }
        _ => None,
    }
}

fn ambiguous(text: &str, readings: &[OperandKind]) -> Fault {
    let ways = if readings.len() == 2 { "two" } else { "three" };
    let words: Vec<_> = readings.iter().map(|kind| format!("`as: {}`", kind.word())).collect();
    let message = format!("`{text}` could be read in {ways} ways");
    let help = format!("say which is meant: write {} beside it", words.join(" or "));
    Fault::new(FaultKind::Ambiguous, message, help)
}

fn parse(text: &str, kind: OperandKind, formats: &[TimeFormat]) -> Option<Operand> {
    match kind {
        OperandKind::Quantity => Quantity::parse(text).ok().map(Operand::Quantity),
        OperandKind::Duration => parse_duration(text).ok().map(Operand::Duration),
        OperandKind::Time => parse_time(text, formats).map(Operand::Time),
        // JSON takes white space around a number; a quantity and a duration have none.
        OperandKind::Number if text.trim() != text => None,
        OperandKind::Number => serde_json::from_str(text).ok().map(Operand::Number),
        OperandKind::Text => Some(Operand::Text(text.to_owned())),
    }
}

/// Whole numbers exactly, all others as f64.
fn compare_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
