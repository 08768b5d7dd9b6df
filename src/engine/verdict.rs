//! What `evaluate` answers: the truth now, when it can change by time alone, since when it has held
//! as far as the object itself tells, and which outside facts it hangs on. The combinators compute
//! all four, so that a daemon can sleep until the exact moment and never sweeps.

use jiff::Timestamp;

use crate::facts::Fact;
use crate::truth::Truth;

/// The answer of a matcher or of a whole rule for one object at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it holds.
    pub truth: Truth,
    /// The earliest moment at which `truth` can change with no new event and no fact flipping;
    /// `None`: never. It is a lower bound: at that moment the object is looked at again.
    pub changes_at: Option<Timestamp>,
    /// Since when `truth` has been what it is, as far as the object itself tells; `None`: it does not.
    pub holds_since: Option<Timestamp>,
    /// The outside facts whose flip can change `truth`; in order, each once.
    pub waits_for: Vec<Fact>,
}

impl Verdict {
    /// A truth that only a new event can change.
    #[must_use]
    pub fn fixed(truth: impl Into<Truth>) -> Self {
        Self { truth: truth.into(), changes_at: None, holds_since: None, waits_for: Vec::new() }
    }

    /// Unknown until the object changes.
    #[must_use]
    pub fn unknown() -> Self {
        Self::fixed(Truth::Unknown)
    }

    /// A condition of time that turns from false to true at `boundary` and stays so; the last moment there is
    /// never comes.
    #[must_use]
    pub fn from_moment(boundary: Timestamp, now: Timestamp) -> Self {
        if boundary == Timestamp::MAX {
            Self::fixed(false)
        } else if now >= boundary {
            Self { holds_since: Some(boundary), ..Self::fixed(true) }
        } else {
            Self { changes_at: Some(boundary), ..Self::fixed(false) }
        }
    }

    /// A condition of time that turns from true to false at `boundary` and stays so.
    #[must_use]
    pub fn until_moment(boundary: Timestamp, now: Timestamp) -> Self {
        Self::from_moment(boundary, now).negated()
    }

    /// The same verdict, known to have had this truth since `moment`.
    #[must_use]
    pub fn since(self, moment: Option<Timestamp>) -> Self {
        Self { holds_since: moment, ..self }
    }

    /// Kleene's `not`; the moments and facts stay, since truth changes when its negation does.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { truth: self.truth.negated(), ..self }
    }

    /// All parts hold. Empty is true (a rule's `match` is never empty).
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        combine(parts, Truth::False)
    }

    /// At least one part holds. Empty is false.
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        combine(parts, Truth::True)
    }

    /// For `unless`: an entry that is true *or unknown* spares the object, so what is returned is
    /// true only where the entry is known to be false.
    #[must_use]
    pub fn spared_by(unless: Self) -> Self {
        let truth = (unless.truth == Truth::False).into();
        // Since when it has been "true or unknown" is not told by since when it has been either.
        let holds_since = unless.holds_since.filter(|_| unless.truth == Truth::False);
        Self { truth, holds_since, ..unless }
    }
}

/// `dominant` is the truth that decides alone: false for `all`, true for `any`. The two are mirror
/// images, so they share this code.
fn combine(parts: impl IntoIterator<Item = Verdict>, dominant: Truth) -> Verdict {
    let neutral = dominant.negated();
    let parts: Vec<Verdict> = parts.into_iter().collect();
    let truth = if parts.iter().any(|part| part.truth == dominant) {
        dominant
    } else if parts.iter().any(|part| part.truth == Truth::Unknown) {
        Truth::Unknown
    } else {
        neutral
    };
    if truth == dominant { dominated(&parts, dominant) } else { undecided(&parts, truth, neutral) }
}

/// Some parts decide alone: nothing changes before the *last* of them does, and nothing at all while
/// one of them is fixed. The longest-standing of them vouches for `holds_since`.
fn dominated(parts: &[Verdict], dominant: Truth) -> Verdict {
    let deciding = || parts.iter().filter(|part| part.truth == dominant);
    let fixed = deciding().any(|part| part.changes_at.is_none() && part.waits_for.is_empty());
    let timeless = deciding().any(|part| part.changes_at.is_none());
    Verdict {
        truth: dominant,
        changes_at: if timeless { None } else { deciding().filter_map(|part| part.changes_at).max() },
        holds_since: deciding().filter_map(|part| part.holds_since).min(),
        waits_for: if fixed { Vec::new() } else { union(deciding()) },
    }
}

/// No part decides alone: the first change of any part may change the whole. Where all agree, it has
/// held since the last of them began to, if each of them tells.
fn undecided(parts: &[Verdict], truth: Truth, neutral: Truth) -> Verdict {
    let since: Option<Vec<Timestamp>> = parts.iter().map(|part| part.holds_since).collect();
    Verdict {
        truth,
        changes_at: parts.iter().filter_map(|part| part.changes_at).min(),
        holds_since: since.filter(|_| truth == neutral).and_then(|since| since.into_iter().max()),
        waits_for: union(parts.iter()),
    }
}

fn union<'a>(parts: impl Iterator<Item = &'a Verdict>) -> Vec<Fact> {
    let mut facts: Vec<Fact> = parts.flat_map(|part| part.waits_for.iter().cloned()).collect();
    facts.sort();
    facts.dedup();
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn truth_values() -> [Verdict; 3] {
        [Truth::False, Truth::Unknown, Truth::True].map(Verdict::fixed)
    }

    #[test]
    fn all_is_the_minimum_and_any_the_maximum_of_kleene_s_order() {
        for a in truth_values() {
            for b in truth_values() {
                assert_eq!(Verdict::all([a.clone(), b.clone()]).truth, a.truth.min(b.truth));
                assert_eq!(Verdict::any([a.clone(), b.clone()]).truth, a.truth.max(b.truth));
            }
        }
    }

    #[test]
    fn an_age_that_is_not_reached_and_a_field_that_holds_change_when_the_age_is_reached() {
        let age = Verdict::from_moment(at(60), at(0));
        let verdict = Verdict::all([age, Verdict::fixed(true)]);
        assert_eq!((verdict.truth, verdict.changes_at), (Truth::False, Some(at(60))));
    }

    #[test]
    fn an_age_beside_a_field_that_does_not_hold_never_changes_by_time() {
        let age = Verdict::from_moment(at(60), at(0));
        let verdict = Verdict::all([age, Verdict::fixed(false)]);
        assert_eq!((verdict.truth, verdict.changes_at), (Truth::False, None));
    }

    #[test]
    fn all_of_two_ages_changes_at_the_later_and_any_at_the_earlier() {
        let ages = || [Verdict::from_moment(at(60), at(0)), Verdict::from_moment(at(90), at(0))];
        assert_eq!(Verdict::all(ages()).changes_at, Some(at(90)));
        assert_eq!(Verdict::any(ages()).changes_at, Some(at(60)));
    }

    #[test]
    fn all_has_held_since_the_latest_of_its_parts_and_any_since_the_earliest_true_one() {
        let parts = || [Verdict::from_moment(at(10), at(100)), Verdict::from_moment(at(20), at(100))];
        assert_eq!(Verdict::all(parts()).holds_since, Some(at(20)));
        assert_eq!(Verdict::any(parts()).holds_since, Some(at(10)));
        let with_untold = Verdict::all(parts().into_iter().chain([Verdict::fixed(true)]));
        assert_eq!(with_untold.holds_since, None, "one part may have turned true just now");
    }

    #[test]
    fn an_unless_that_is_unknown_spares() {
        assert_eq!(Verdict::spared_by(Verdict::unknown()).truth, Truth::False);
        assert_eq!(Verdict::spared_by(Verdict::fixed(false)).truth, Truth::True);
    }

    #[test]
    fn a_fact_beside_a_part_that_is_fixed_false_is_not_waited_for() {
        let waiting = Verdict { waits_for: vec![Fact::Strained], ..Verdict::fixed(false) };
        assert_eq!(Verdict::all([waiting.clone(), Verdict::fixed(true)]).waits_for, [Fact::Strained]);
        assert_eq!(Verdict::all([waiting, Verdict::fixed(false)]).waits_for, []);
    }
}
