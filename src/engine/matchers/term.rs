//! What an operator of `field` compares with: an operand that stands in the rule, or one that the object
//! carries. One that is read is what a literal written alike would be, and unknown where that would be refused; but
//! where equality is asked, a text is a text, even one such as `500m`, which a rule must say the type of.

use std::borrow::Cow;

use serde_json::Value;

use super::operand::{Operand, OperandKind};
use super::operators::Conversion;
use crate::asked::Types;
use crate::descriptor::{Fault, FaultKind, Literal};
use crate::value_from::{Carried, ENDLESS, Sourced, ValueFrom};

/// What an operator compares with.
#[derive(Clone, Debug)]
pub(super) enum Term {
    Literal(Operand),
    /// Whether the operator puts in order, which asks more of a text.
    From(ValueFrom, Order),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// It tells what is equal.
    Equality,
    /// It tells what is greater.
    Ordered,
}

impl Order {
    fn certain(self, literal: &Literal, conversion: &Conversion) -> Result<Operand, Fault> {
        match self {
            Self::Equality => Operand::for_certain_equality(literal, conversion.kind, &conversion.formats),
            Self::Ordered => Operand::for_order(literal, conversion.kind, &conversion.formats),
        }
    }

    fn operand(self, literal: &Literal, conversion: &Conversion) -> Result<Operand, Fault> {
        match self {
            Self::Equality => Operand::for_equality(literal, conversion.kind, &conversion.formats),
            Self::Ordered => Operand::for_order(literal, conversion.kind, &conversion.formats),
        }
    }
}

impl Term {
    pub(super) fn build(
        sourced: Sourced<Literal>,
        order: Order,
        conversion: &Conversion,
    ) -> Result<Self, Fault> {
        match sourced {
            Sourced::Literal(literal) => order.certain(&literal, conversion).map(Self::Literal),
            Sourced::From(from) => {
                check(&from, conversion.kind)?;
                Ok(Self::From(from, order))
            }
        }
    }

    pub(super) fn literal(&self) -> Option<&Operand> {
        match self {
            Self::Literal(operand) => Some(operand),
            Self::From(..) => None,
        }
    }

    pub(super) fn from(&self) -> Option<&ValueFrom> {
        match self {
            Self::Literal(_) => None,
            Self::From(from, _) => Some(from),
        }
    }

    /// The operand on this object; `None`: it cannot be read.
    pub(super) fn operand(&self, object: &Value, conversion: &Conversion) -> Option<Cow<'_, Operand>> {
        match self {
            Self::Literal(operand) => Some(Cow::Borrowed(operand)),
            Self::From(from, order) => read(from, from.node(object)?, *order, conversion).map(Cow::Owned),
        }
    }
}

/// The operands of `in` and `notIn`.
#[derive(Clone, Debug)]
pub(super) enum Terms {
    /// Each stands in the rule, or is read by itself.
    Each(Vec<Term>),
    /// All are one list of the object.
    List(ValueFrom),
}

impl Terms {
    pub(super) fn build(
        sourced: Sourced<Vec<Sourced<Literal>>>,
        conversion: &Conversion,
    ) -> Result<Self, Fault> {
        let literals = match sourced {
            Sourced::From(from) => {
                check(&from, conversion.kind)?;
                return Ok(Self::List(from));
            }
            Sourced::Literal(literals) => literals,
        };
        let term = |(index, literal)| {
            Term::build(literal, Order::Equality, conversion).map_err(|fault| fault.under(index))
        };
        literals.into_iter().enumerate().map(term).collect::<Result<_, _>>().map(Self::Each)
    }

    /// All of them, where all stand in the rule.
    pub(super) fn literals(&self) -> Option<Vec<&Operand>> {
        match self {
            Self::Each(terms) => terms.iter().map(Term::literal).collect(),
            Self::List(_) => None,
        }
    }

    /// What of them the object carries; `key` is where they stand.
    pub(super) fn carried(&self, key: &str, readable: Types) -> Vec<Carried<'_>> {
        match self {
            Self::Each(terms) => {
                let at = |index: usize| vec![key.to_owned(), index.to_string()];
                let places = terms.iter().enumerate();
                places.filter_map(|(index, term)| Some((at(index), term.from()?, readable))).collect()
            }
            Self::List(from) => vec![(vec![key.to_owned()], from, Types::LIST)],
        }
    }

    /// The operands on this object, `None` for those that cannot be read; `None`: no list can be read.
    pub(super) fn operands(
        &self,
        object: &Value,
        conversion: &Conversion,
    ) -> Option<Vec<Option<Cow<'_, Operand>>>> {
        match self {
            Self::Each(terms) => Some(terms.iter().map(|term| term.operand(object, conversion)).collect()),
            Self::List(from) => {
                let items = from.node(object)?.as_array()?.iter();
                let item = |item| read(from, item, Order::Equality, conversion).map(Cow::Owned);
                Some(items.map(item).collect())
            }
        }
    }
}

/// Reads a value of the object as a literal of the rule would be read.
fn read(from: &ValueFrom, node: &Value, order: Order, conversion: &Conversion) -> Option<Operand> {
    if from.is_never(node) {
        return match conversion.kind? {
            OperandKind::Time => Some(Operand::Time(jiff::Timestamp::MAX)),
            _ => Some(Operand::Duration(ENDLESS)),
        };
    }
    let literal = match node {
        Value::String(text) => Literal::Text(text.clone()),
        Value::Number(value) => Literal::Number { value: value.clone(), text: value.to_string() },
        Value::Bool(value) => Literal::Bool(*value),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    match order.operand(&literal, conversion).ok()? {
        Operand::Duration(duration) => Some(Operand::Duration(from.bounded(duration))),
        operand => Some(operand),
    }
}

/// The types of JSON that can be read as an operand.
pub(super) fn readable(kind: Option<OperandKind>) -> Types {
    match kind {
        Some(OperandKind::Duration) => Types::STRING,
        Some(OperandKind::Quantity | OperandKind::Time | OperandKind::Number) => {
            Types::STRING | Types::NUMBER
        }
        Some(OperandKind::Text) | None => Types::STRING | Types::NUMBER | Types::BOOLEAN,
    }
}

/// `min` bounds durations, and only durations and times have no end.
fn check(from: &ValueFrom, kind: Option<OperandKind>) -> Result<(), Fault> {
    let fault = |key: &str, message: &str, help: &str| {
        Err(Fault::new(FaultKind::BadOperand, message, help).under(key))
    };
    if from.min().is_some() && kind != Some(OperandKind::Duration) {
        return fault("min", "`min` bounds durations alone", "write `as: duration` beside the operator");
    }
    if from.has_never() && !matches!(kind, Some(OperandKind::Duration | OperandKind::Time)) {
        let help = "write `as: duration` or `as: time` beside the operator";
        return fault("never", "`never` is for durations and times, which may have no end", help);
    }
    Ok(())
}
