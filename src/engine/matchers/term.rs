//! What an operator of `field` compares with: an operand that stands in the rule, or one that the object
//! carries. One that is read is what a literal written alike would be, and unknown where that would be refused; but
//! where equality is asked, a text is a text, even one such as `500m`, which a rule must say the type of.

use std::borrow::Cow;

use serde_json::Value;

use super::operand::{Operand, OperandKind};
use super::operators::Conversion;
use crate::asked::Types;
use crate::descriptor::{Fault, FaultKind, Literal};
use crate::value_from::{Carried, ENDLESS, Floor, Sourced, ValueFrom};

/// What an operator compares with.
#[derive(Clone, Debug)]
pub(super) enum Term {
    Literal(Operand),
    From(Read),
}

/// An operand that the object carries.
#[derive(Clone, Debug)]
pub(super) struct Read {
    from: ValueFrom,
    /// Whether the operator puts in order, which asks more of a text.
    order: Order,
    /// What is less counts as this.
    floor: Option<Operand>,
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
            Sourced::From(from) => Read::build(from, order, conversion).map(Self::From),
        }
    }

    pub(super) fn literal(&self) -> Option<&Operand> {
        match self {
            Self::Literal(operand) => Some(operand),
            Self::From(_) => None,
        }
    }

    pub(super) fn from(&self) -> Option<&ValueFrom> {
        match self {
            Self::Literal(_) => None,
            Self::From(read) => Some(&read.from),
        }
    }

    /// The operand on this object; `None`: it cannot be read.
    pub(super) fn operand(&self, object: &Value, conversion: &Conversion) -> Option<Cow<'_, Operand>> {
        match self {
            Self::Literal(operand) => Some(Cow::Borrowed(operand)),
            Self::From(read) => read.operand(read.from.node(object)?, conversion).map(Cow::Owned),
        }
    }
}

/// The operands of `in` and `notIn`.
#[derive(Clone, Debug)]
pub(super) enum Terms {
    /// Each stands in the rule, or is read by itself.
    Each(Vec<Term>),
    /// All are one list of the object.
    List(Read),
}

impl Terms {
    pub(super) fn build(
        sourced: Sourced<Vec<Sourced<Literal>>>,
        conversion: &Conversion,
    ) -> Result<Self, Fault> {
        let literals = match sourced {
            Sourced::From(from) => {
                return Read::build(from, Order::Equality, conversion).map(Self::List);
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
            Self::List(read) => vec![(vec![key.to_owned()], &read.from, Types::LIST)],
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
            Self::List(read) => {
                let items = read.from.node(object)?.as_array()?.iter();
                let item = |item| read.operand(item, conversion).map(Cow::Owned);
                Some(items.map(item).collect())
            }
        }
    }
}

impl Read {
    /// `min` is an operand of the same type, and only durations and times have no end.
    fn build(from: ValueFrom, order: Order, conversion: &Conversion) -> Result<Self, Fault> {
        let floor = match from.floor() {
            Some(Floor::Literal(literal)) => {
                let floor = Order::Ordered.certain(literal, conversion);
                Some(floor.map_err(|fault| fault.under("min"))?)
            }
            _ => None,
        };
        let of_kind = matches!(conversion.kind, Some(OperandKind::Duration | OperandKind::Time));
        if from.has_never() && !of_kind {
            let message = "`never` is for durations and times, which may have no end";
            let help = "write `as: duration` or `as: time` beside the operator";
            return Err(Fault::new(FaultKind::BadOperand, message, help).under("never"));
        }
        Ok(Self { from, order, floor })
    }

    /// Reads a value of the object as a literal of the rule would be read.
    fn operand(&self, node: &Value, conversion: &Conversion) -> Option<Operand> {
        if self.from.is_never(node) {
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
        let operand = self.order.operand(&literal, conversion).ok()?;
        match &self.floor {
            // Of another type than its bound, nobody can tell whether it is below.
            Some(floor) if operand.compare(floor)?.is_lt() => Some(floor.clone()),
            _ => Some(operand),
        }
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
