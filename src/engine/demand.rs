//! What must be so of an object for a matcher to be true of it, as far as two matchers can contradict each other by
//! it: a mark that is there or is not, a text that is one of several or none of them.

use std::borrow::Cow;

/// What a demand is of that speaks of whether the object's deletion was asked for.
pub const DELETION: &str = "its deletion";

/// One such demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand<'a> {
    /// Of what: a path, or a mark such as `the label app`.
    pub of: Cow<'a, str>,
    /// What it must be.
    pub asked: Demanded<'a>,
}

/// What is demanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demanded<'a> {
    /// It is there.
    There,
    /// It is not there.
    Absent,
    /// It is there and one of these texts.
    OneOf(Vec<&'a str>),
    /// It is not there, or none of these texts.
    NoneOf(Vec<&'a str>),
}

impl<'a> Demand<'a> {
    /// That something is one of these texts.
    #[must_use]
    pub fn one_of(of: impl Into<Cow<'a, str>>, texts: Vec<&'a str>) -> Self {
        Self { of: of.into(), asked: Demanded::OneOf(texts) }
    }

    /// That something is there, or is not.
    #[must_use]
    pub fn presence(of: impl Into<Cow<'a, str>>, is_there: bool) -> Self {
        Self { of: of.into(), asked: if is_there { Demanded::There } else { Demanded::Absent } }
    }

    /// Whether nothing meets both.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        use Demanded::{Absent, NoneOf, OneOf, There};
        self.of == other.of
            && match (&self.asked, &other.asked) {
                (There | OneOf(_), Absent) | (Absent, There | OneOf(_)) => true,
                (OneOf(some), OneOf(others)) => !some.iter().any(|text| others.contains(text)),
                (OneOf(some), NoneOf(none)) | (NoneOf(none), OneOf(some)) => {
                    some.iter().all(|text| none.contains(text))
                }
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_demands_exclude_each_other_where_nothing_meets_both() {
        let of = |asked| Demand { of: "label a".into(), asked };
        let one_of = |texts: &[&'static str]| of(Demanded::OneOf(texts.to_vec()));
        let none_of = |texts: &[&'static str]| of(Demanded::NoneOf(texts.to_vec()));
        for (one, other, excluded) in [
            (one_of(&["x"]), one_of(&["y"]), true),
            (one_of(&["x", "y"]), one_of(&["y"]), false),
            (one_of(&["x"]), none_of(&["x", "y"]), true),
            (one_of(&["x", "z"]), none_of(&["x", "y"]), false),
            (none_of(&["x"]), none_of(&["x"]), false),
            (of(Demanded::Absent), none_of(&["x"]), false),
            (of(Demanded::Absent), one_of(&["x"]), true),
            (of(Demanded::Absent), of(Demanded::There), true),
            (of(Demanded::There), none_of(&["x"]), false),
            (one_of(&["x"]), Demand::one_of("label b", vec!["y"]), false),
        ] {
            assert_eq!(one.excludes(&other), excluded, "{one:?} {other:?}");
            assert_eq!(other.excludes(&one), excluded, "{other:?} {one:?}");
        }
    }
}
