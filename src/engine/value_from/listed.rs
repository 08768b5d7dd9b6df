//! A list of values, each of which the object may carry, or which it carries as a whole. One that cannot be read is
//! unknown, and so is whether something is among them, unless it is another of them.

use serde_json::Value;

use super::{Sourced, ValueFrom, scalar};
use crate::asked::{Asked, Types};
use crate::projection::Projection;
use crate::truth::Truth;

/// Some values.
#[derive(Clone, Debug)]
pub enum Listed<T> {
    /// Each stands in the rule, or is read by itself.
    Each(Vec<Sourced<T>>),
    /// The object carries all of them, or the one that stands for a list of one.
    From(ValueFrom),
}

/// A value that an object can carry in a list.
pub trait Item: Sized {
    /// What it is called where it cannot be read.
    const WHAT: &'static str;
    /// The types that it can be read from.
    const READABLE: Types;

    /// Read from a node; `None`: it is another type.
    fn of(node: &Value) -> Option<Self>;

    /// The same, at least the `min` of what it was read by.
    #[must_use]
    fn bounded(self, from: &ValueFrom) -> Self;

    /// For a person.
    fn shown(&self) -> String;
}

impl Item for String {
    const WHAT: &'static str = "text";
    const READABLE: Types = Types::STRING.or(Types::NUMBER).or(Types::BOOLEAN);

    fn of(node: &Value) -> Option<Self> {
        scalar(node)
    }

    fn bounded(self, _: &ValueFrom) -> Self {
        self
    }

    fn shown(&self) -> String {
        self.clone()
    }
}

impl Item for i64 {
    const WHAT: &'static str = "whole number";
    const READABLE: Types = Types::STRING.or(Types::NUMBER);

    fn of(node: &Value) -> Option<Self> {
        match node {
            Value::String(text) => text.parse().ok(),
            node => node.as_i64(),
        }
    }

    fn bounded(self, from: &ValueFrom) -> Self {
        from.smallest().map_or(self, |smallest| self.max(smallest))
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

impl<T: Item> Listed<T> {
    /// All of them, where all stand in the rule.
    #[must_use]
    pub fn literals(&self) -> Option<Vec<&T>> {
        match self {
            Self::Each(all) => all.iter().map(Sourced::literal).collect(),
            Self::From(_) => None,
        }
    }

    /// Whether it is true of one of them.
    pub fn any(&self, object: &Value, is: impl Fn(&T) -> bool) -> Truth {
        match self {
            Self::Each(all) => {
                let one = |one: &Sourced<T>| match one {
                    Sourced::Literal(value) => is(value).into(),
                    Sourced::From(from) => {
                        from.item(object).map_or(Truth::Unknown, |value: T| is(&value).into())
                    }
                };
                all.iter().map(one).max().unwrap_or(Truth::False)
            }
            Self::From(from) => from.items(object).map_or(Truth::Unknown, |all| all.iter().any(is).into()),
        }
    }

    /// For a person: why one of them cannot be read, where one cannot.
    #[must_use]
    pub fn unread(&self, object: &Value) -> Option<String> {
        let from = match self {
            Self::Each(all) => {
                all.iter().filter_map(Sourced::from).find(|from| from.item::<T>(object).is_none())
            }
            Self::From(from) => Some(from).filter(|from| from.items::<T>(object).is_none()),
        };
        from.map(|from| from.unread(object, T::WHAT))
    }

    /// For a person, where the object carries any of them: `Failed, Lost ($.metadata.annotations.ends)`.
    #[must_use]
    pub fn shown(&self, object: &Value) -> Option<String> {
        let told = |from: &ValueFrom, all: Option<Vec<T>>| match all {
            Some(all) => {
                format!("{} ({})", all.iter().map(Item::shown).collect::<Vec<_>>().join(", "), from.path)
            }
            None => from.unread(object, T::WHAT),
        };
        match self {
            Self::Each(_) if self.literals().is_some() => None,
            Self::Each(all) => {
                let one = |one: &Sourced<T>| match one {
                    Sourced::Literal(value) => value.shown(),
                    Sourced::From(from) => told(from, from.item(object).map(|value| vec![value])),
                };
                Some(all.iter().map(one).collect::<Vec<_>>().join(", "))
            }
            Self::From(from) => Some(told(from, from.items(object))),
        }
    }

    /// What is asked of the object for the values at these keys.
    #[must_use]
    pub fn asks(&self, at: &[&str]) -> Vec<Asked<'_>> {
        let at: Vec<String> = at.iter().map(|key| (*key).to_owned()).collect();
        match self {
            Self::Each(all) => {
                let carried = all.iter().enumerate();
                let carried = carried.filter_map(|(index, one)| Some((index, one.from()?)));
                let below = |index: usize| at.iter().cloned().chain([index.to_string()]).collect();
                carried.map(|(index, from)| from.asked(below(index), T::READABLE)).collect()
            }
            Self::From(from) => vec![from.asked(at, T::READABLE | Types::LIST)],
        }
    }

    /// Adds the fields that they are read from.
    pub fn reads(&self, projection: &mut Projection) {
        match self {
            Self::Each(all) => all.iter().for_each(|one| one.reads(projection)),
            Self::From(from) => projection.read(&from.path),
        }
    }
}

impl ValueFrom {
    fn item<T: Item>(&self, object: &Value) -> Option<T> {
        self.read_item(self.node(object)?)
    }

    fn read_item<T: Item>(&self, node: &Value) -> Option<T> {
        T::of(node).map(|item| item.bounded(self))
    }

    /// The items of a list, or the one that stands for a list of one.
    fn items<T: Item>(&self, object: &Value) -> Option<Vec<T>> {
        match self.node(object)? {
            Value::Array(items) => items.iter().map(|item| self.read_item(item)).collect(),
            node => Some(vec![self.read_item(node)?]),
        }
    }
}
