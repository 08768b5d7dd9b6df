//! How much of what a rule watches may match at all: where more does, something else is wrong, and it does
//! nothing; a [`breaker`] stays open then. [`in_flight`] is how much of it may be under way at once, and what goes first.
//! What is counted is the rule's, over all the kinds and places that it watches: in a [`ledger`].

pub mod breaker;
pub(crate) mod crowd;
pub mod in_flight;
pub mod ledger;

use std::fmt;

pub use self::breaker::Breaker;
pub use self::in_flight::{GroupBy, InFlight, Order};
pub use self::ledger::{Bound, Hold, Ledger, Limit, OpenBreaker};
use crate::projection::Projection;

/// The limits of a rule.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// How much may match at all; `None`: everything.
    pub unhealthy: Option<Unhealthy>,
    /// When nothing more is done until somebody has looked; `None`: never.
    pub breaker: Option<Breaker>,
    /// How much may be under way at once; `None`: everything.
    pub in_flight: Option<InFlight>,
    /// What goes first of what is due at once; `None`: what was due first.
    pub order: Option<Order>,
}

impl Limits {
    /// Whether anything has to be counted over all the kinds and places of the rule.
    pub(crate) fn counts(&self) -> bool {
        self.asks_how_much() || self.in_flight.is_some()
    }

    /// Whether it hangs on how much matches.
    pub(crate) fn asks_how_much(&self) -> bool {
        self.unhealthy.is_some() || self.breaker.is_some()
    }

    /// Adds what is read of an object to tell its group and its turn.
    pub fn reads(&self, projection: &mut Projection) {
        if let Some(group_by) = self.in_flight.as_ref().and_then(|in_flight| in_flight.group_by.as_ref()) {
            group_by.reads(projection);
        }
        if let Some(order) = self.order {
            order.reads(projection);
        }
    }
}

/// How much may match before nothing is done to any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unhealthy {
    /// So many may match.
    pub most: Most,
    /// Of fewer watched objects nothing is said: they are too few to tell.
    pub from: usize,
}

/// A number of objects, or a share of those that are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// `5`.
    Number(usize),
    /// `40%`.
    Percent(u8),
}

impl fmt::Display for Most {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Most {
    /// Reads a whole number, or a share such as `40%`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_whole = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.strip_suffix('%') {
            Some(share) if is_whole(share) => {
                share.parse().ok().filter(|share| *share <= 100).map(Self::Percent)
            }
            None if is_whole(text) => text.parse().ok().map(Self::Number),
            _ => None,
        }
    }

    /// Whether nothing at all may match: the rule would never act.
    #[must_use]
    pub fn is_none(self) -> bool {
        matches!(self, Self::Number(0) | Self::Percent(0))
    }
}

impl Unhealthy {
    /// Why nothing may be done now; `None`: it may.
    fn held_by(self, matching: usize, watched: usize) -> Option<String> {
        let is_over = match self.most {
            Most::Number(most) => matching > most,
            Most::Percent(percent) => matching.saturating_mul(100) > watched.saturating_mul(percent.into()),
        };
        (is_over && watched >= self.from)
            .then(|| format!("{matching} of {watched} match, and maxUnhealthy is {}", self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_a_share_is_read_and_nothing_else() {
        for (text, most) in [
            ("5", Some(Most::Number(5))),
            ("0", Some(Most::Number(0))),
            ("40%", Some(Most::Percent(40))),
            ("100%", Some(Most::Percent(100))),
            ("101%", None),
            ("256%", None),
            ("-1", None),
            ("+1", None),
            ("1.5%", None),
            ("%", None),
            ("", None),
            ("half", None),
            ("40 %", None),
        ] {
            assert_eq!(Most::parse(text), most, "{text}");
        }
    }

    #[test]
    fn exactly_so_many_may_match_and_not_one_more() {
        let is_held = |most: &str, from: usize, matching: usize, watched: usize| {
            let unhealthy = Unhealthy { most: Most::parse(most).unwrap(), from };
            unhealthy.held_by(matching, watched).is_some()
        };
        for (most, from, matching, watched, expected) in [
            ("50%", 0, 5, 10, false),
            ("50%", 0, 6, 10, true),
            ("50%", 0, 1, 1, true),
            ("50%", 10, 9, 9, false),
            ("50%", 10, 10, 10, true),
            ("33%", 0, 1, 3, true),
            ("34%", 0, 1, 3, false),
            ("100%", 0, 10, 10, false),
            ("3", 0, 3, 1000, false),
            ("3", 0, 4, 1000, true),
            ("3", 5, 4, 4, false),
            ("3", 5, 4, 5, true),
        ] {
            assert_eq!(is_held(most, from, matching, watched), expected, "{most} {matching}/{watched}");
        }
    }
}
