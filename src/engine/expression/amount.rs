//! How much a part of an expression comes to at most: values, bytes of text, entries of a list.

use super::check::DEEPEST_COMPREHENSION;
use super::data::{LONGEST_LIST, LONGEST_TEXT};

/// The places that a bound is counted from.
const LEVELS: usize = DEEPEST_COMPREHENSION + 1;

/// A bound in the whole evaluation, in one round of the outer comprehension, in one of the inner one. Where
/// fewer are around, the rest of them hold for one evaluation of the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Totals([u64; LEVELS]);

impl Totals {
    pub(super) const ONCE: Self = Self([1; LEVELS]);
    const NONE: Self = Self([0; LEVELS]);

    /// In the whole evaluation.
    pub(super) fn all(self) -> u64 {
        self.0[0]
    }

    /// In one evaluation of the part.
    pub(super) fn each(self) -> u64 {
        self.0[LEVELS - 1]
    }

    fn with(self, other: Self, combined: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|level| combined(self.0[level], other.0[level])))
    }

    fn plus(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    fn min(self, other: Self) -> Self {
        self.with(other, u64::min)
    }

    fn times(self, count: u64) -> Self {
        Self(self.0.map(|total| total.saturating_mul(count)))
    }

    /// As seen from inside so many comprehensions, where one evaluation comes to `each`.
    pub(super) fn inside(self, depth: usize, each: u64) -> Self {
        Self(std::array::from_fn(|level| if level < depth { self.0[level] } else { each }))
    }
}

/// What is known of what a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number, a boolean, null, a type, a moment, or a span of time.
    Scalar,
    Text,
    Unknown,
}

/// What a part of an expression comes to, over all of its evaluations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount {
    pub(super) values: Totals,
    pub(super) text: Totals,
    /// Of itself, if it is a list or a map.
    pub(super) length: Totals,
    /// Values and bytes of text in one entry of it.
    entry: (u64, u64),
    pub(super) kind: Kind,
    /// No list in it is longer than those of an object may be, and no text.
    within_bounds: bool,
    /// It is made, not a part of what is there.
    pub(super) owned: bool,
}

impl Amount {
    fn of(rounds: Totals, values: Totals, text: Totals, within_bounds: bool) -> Self {
        let longest = if within_bounds { rounds.times(LONGEST_LIST as u64) } else { values };
        let length = values.min(longest);
        let entry = (values.each(), text.each());
        Self { values, text, length, entry, kind: Kind::Unknown, within_bounds, owned: false }
    }

    /// A part of an object.
    pub(super) fn input(rounds: Totals, values: u64, text: u64) -> Self {
        Self::of(rounds, rounds.times(values), rounds.times(text), true)
    }

    pub(super) fn scalar(rounds: Totals) -> Self {
        Self { kind: Kind::Scalar, length: Totals::NONE, ..Self::of(rounds, rounds, Totals::NONE, true) }
    }

    pub(super) fn text(rounds: Totals, bytes: u64) -> Self {
        Self { kind: Kind::Text, length: Totals::NONE, ..Self::of(rounds, rounds, rounds.times(bytes), true) }
    }

    /// An empty list, for what will be gathered.
    pub(super) fn nothing() -> Self {
        Self::of(Totals::NONE, Totals::NONE, Totals::NONE, true)
    }

    /// A list or a map of these.
    pub(super) fn list(rounds: Totals, items: &[Self]) -> Self {
        let values = items.iter().fold(rounds, |all, item| all.plus(item.values));
        let text = items.iter().fold(Totals::NONE, |all, item| all.plus(item.text));
        let within_bounds = items.len() <= LONGEST_LIST && items.iter().all(|item| item.within_bounds);
        let length = rounds.times(items.len() as u64);
        let largest = |of: fn(&Self) -> Totals| items.iter().map(|item| of(item).each()).max().unwrap_or(0);
        let entry = (largest(|item| item.values), largest(|item| item.text));
        Self { length, entry, owned: true, ..Self::of(rounds, values, text, within_bounds) }
    }

    /// A field or an entry of it.
    pub(super) fn part(&self, rounds: Totals) -> Self {
        Self { owned: self.owned, ..Self::of(rounds, self.values, self.text, self.within_bounds) }
    }

    /// A text that a function makes of it.
    pub(super) fn as_text(&self, rounds: Totals) -> Self {
        let longest = if self.within_bounds { rounds.times(LONGEST_TEXT as u64) } else { self.text };
        let text = self.text.min(longest);
        Self { kind: Kind::Text, owned: true, text, ..Self::scalar(rounds) }
    }

    /// What `+` makes of both.
    pub(super) fn added(&self, other: &Self, rounds: Totals) -> Self {
        let either = |kind| self.kind == kind || other.kind == kind;
        if either(Kind::Text) {
            let text = self.as_text(rounds).text.plus(other.as_text(rounds).text);
            return Self { text, within_bounds: false, ..self.as_text(rounds) };
        }
        if either(Kind::Scalar) {
            return Self::scalar(rounds);
        }
        let (values, text) = (self.values.plus(other.values), self.text.plus(other.text));
        Self { owned: true, ..Self::of(rounds, values, text, false) }
    }

    /// One of both.
    pub(super) fn or(&self, other: &Self, rounds: Totals) -> Self {
        let one =
            |this: Totals, other: Totals| this.plus(other).min(rounds.times(this.each().max(other.each())));
        Self {
            values: one(self.values, other.values),
            text: one(self.text, other.text),
            length: one(self.length, other.length),
            entry: (self.entry.0.max(other.entry.0), self.entry.1.max(other.entry.1)),
            kind: if self.kind == other.kind { self.kind } else { Kind::Unknown },
            within_bounds: self.within_bounds && other.within_bounds,
            owned: self.owned || other.owned,
        }
    }

    /// The same, looked at in each round of a comprehension at this depth, `count` times at most.
    pub(super) fn repeated(&self, depth: usize, count: u64, rounds: Totals) -> Self {
        let repeated =
            |total: Totals| total.times(count).min(rounds.times(total.each())).inside(depth, total.each());
        Self {
            values: repeated(self.values),
            text: repeated(self.text),
            length: repeated(self.length),
            owned: false,
            ..*self
        }
    }

    /// Of a list that a comprehension at this depth goes through, the item of a round.
    pub(super) fn item(&self, depth: usize, rounds: Totals) -> Self {
        let (values, text) = self.entry;
        let (values, text) = (self.values.inside(depth, values), self.text.inside(depth, text));
        Self::of(rounds, values, text, self.within_bounds)
    }

    /// All that the steps of a comprehension in this depth add to its result.
    pub(super) fn gathered(&self, depth: usize, rounds: Totals, length: Totals) -> Self {
        let all = |total: Totals| total.inside(depth, total.0[depth]);
        let within_bounds = self.within_bounds && length.each() <= LONGEST_LIST as u64;
        let values = rounds.plus(all(self.values));
        let gathered = Self::of(rounds, values, all(self.text), within_bounds);
        Self { length, entry: self.entry, owned: true, ..gathered }
    }
}
