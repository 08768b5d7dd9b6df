//! Three-valued truth after Kleene: what is not known never acts, and its negation is not known either.

use std::fmt;

/// The truth of a matcher or a rule. The order is false < unknown < true, so that `all` is the
/// minimum of its parts and `any` their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// Known not to hold.
    False,
    /// A field that is not there, an unreadable time, a look-up that failed.
    Unknown,
    /// Known to hold; the only truth that acts.
    True,
}

impl Truth {
    /// `not` of unknown stays unknown.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }

    /// Whether a rule may act on it.
    #[must_use]
    pub fn is_true(self) -> bool {
        self == Self::True
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::False => "false",
            Self::Unknown => "unknown",
            Self::True => "true",
        })
    }
}
