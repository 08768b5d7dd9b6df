//! How much of what a rule watches may match at all: where more does, something else is wrong, and it does
//! nothing. What is counted is the rule's, over all the kinds and places that it watches.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::rule::{Rule, RuleId};

/// The limits of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
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

impl Limits {
    /// Why nothing may be done now; `None`: it may.
    fn held_by(self, count: Count) -> Option<String> {
        let Count { matching, watched, is_known } = count;
        if !is_known {
            let why = "it is not known yet how much of what the rule watches matches";
            return Some(why.to_owned());
        }
        let is_over = match self.most {
            Most::Number(most) => matching > most,
            Most::Percent(percent) => matching.saturating_mul(100) > watched.saturating_mul(percent.into()),
        };
        (is_over && watched >= self.from)
            .then(|| format!("{matching} of {watched} match, and maxUnhealthy is {}", self.most))
    }
}

/// What one tracker counts for one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// Objects that the rule is true of, or in the middle of its steps with.
    pub(crate) matching: usize,
    /// Objects that it selects.
    pub(crate) watched: usize,
    /// They have been listed.
    pub(crate) is_known: bool,
}

/// What all trackers count that share it.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    next: u64,
    counts: BTreeMap<RuleId, BTreeMap<u64, Count>>,
}

impl Ledger {
    fn with<T>(&self, work: impl FnOnce(&mut Books) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A tracker's own page; what it counts is struck out when it is dropped.
    pub(crate) fn page(&self) -> Page {
        let number = self.with(|books| {
            books.next += 1;
            books.next
        });
        Page { ledger: self.clone(), number }
    }

    fn total(&self, rule: &RuleId) -> Count {
        let nothing = Count { matching: 0, watched: 0, is_known: true };
        let add = |sum: Count, count: &Count| Count {
            matching: sum.matching + count.matching,
            watched: sum.watched + count.watched,
            is_known: sum.is_known && count.is_known,
        };
        self.with(|books| books.counts.get(rule).map_or(nothing, |counts| counts.values().fold(nothing, add)))
    }
}

/// What one tracker has in a ledger.
#[derive(Debug)]
pub(crate) struct Page {
    ledger: Ledger,
    number: u64,
}

impl Page {
    pub(crate) fn set(&self, rule: &RuleId, count: Count) {
        self.ledger.with(|books| {
            books.counts.entry(rule.clone()).or_default().insert(self.number, count);
        });
    }

    pub(crate) fn limit_of(&self, rule: &Rule) -> Option<Limit> {
        let limits = rule.limits?;
        Some(Limit { ledger: self.ledger.clone(), rule: rule.id.clone(), limits })
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.ledger.with(|books| {
            for counts in books.counts.values_mut() {
                counts.remove(&self.number);
            }
            books.counts.retain(|_, counts| !counts.is_empty());
        });
    }
}

/// The limit of a rule, to be asked until the last moment before something is sent.
#[derive(Clone, Debug)]
pub struct Limit {
    ledger: Ledger,
    rule: RuleId,
    limits: Limits,
}

impl Limit {
    /// Why nothing may be done now; `None`: it may.
    #[must_use]
    pub fn held_by(&self) -> Option<String> {
        self.limits.held_by(self.ledger.total(&self.rule))
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
            let limits = Limits { most: Most::parse(most).unwrap(), from };
            limits.held_by(Count { matching, watched, is_known: true }).is_some()
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
        let unknown = Count { matching: 0, watched: 100, is_known: false };
        assert!(Limits { most: Most::Percent(100), from: 1000 }.held_by(unknown).is_some());
    }
}
