//! Arithmetic on moments that cannot overflow: a deadline past the end of time never comes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What is known of the moment that it is: it lies between these two. A server tells its time to the
/// second, so what begins now counts from the later end, and what is due from the earlier: whatever is
/// learnt of its clock meanwhile, nothing ends too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// It is not before this.
    pub earliest: Timestamp,
    /// It is not after this.
    pub latest: Timestamp,
}

impl From<Timestamp> for Now {
    fn from(known: Timestamp) -> Self {
        Self { earliest: known, latest: known }
    }
}

impl Now {
    /// From when a time of this length counts that begins now; none at all is over at once.
    #[must_use]
    pub fn start_of(self, duration: Duration) -> Timestamp {
        if duration.is_zero() { self.earliest } else { self.latest }
    }
}

/// `start + duration`, at most the last moment there is.
#[must_use]
pub fn after(start: Timestamp, duration: Duration) -> Timestamp {
    let signed = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    start.checked_add(signed).unwrap_or(Timestamp::MAX)
}

/// How long before `now` the moment `start` was; a future start is 0.
#[must_use]
pub fn elapsed(start: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(start)).unwrap_or_default()
}

/// The moment in whole seconds, for people: what is so until then is not told to end sooner.
#[must_use]
pub fn whole_second(moment: Timestamp) -> Timestamp {
    let rest = moment.subsec_nanosecond() != 0;
    Timestamp::from_second(moment.as_second().saturating_add(i64::from(rest))).unwrap_or(moment)
}

/// A moment in eight bytes, for what is remembered of a hundred thousand objects: exact from 1678 to 2262,
/// and what is beyond is taken for the nearer end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SmallMoment(i64);

impl SmallMoment {
    /// No moment at all: it never comes.
    pub(crate) const NEVER: Self = Self(i64::MAX);

    /// Before all others.
    pub(crate) const FIRST: Self = Self(i64::MIN);

    /// `None` for [`NEVER`](Self::NEVER).
    pub(crate) fn get(self) -> Option<Timestamp> {
        if self == Self::NEVER { None } else { Some(self.timestamp()) }
    }

    /// [`Timestamp::MAX`] for [`NEVER`](Self::NEVER).
    pub(crate) fn timestamp(self) -> Timestamp {
        if self == Self::NEVER {
            return Timestamp::MAX;
        }
        Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(Timestamp::MAX)
    }
}

impl From<Timestamp> for SmallMoment {
    fn from(moment: Timestamp) -> Self {
        let clamped = moment.as_nanosecond().clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        Self(i64::try_from(clamped).unwrap_or(i64::MAX))
    }
}

impl From<Option<Timestamp>> for SmallMoment {
    fn from(moment: Option<Timestamp>) -> Self {
        moment.map_or(Self::NEVER, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_second_is_never_before_its_moment() {
        for (moment, whole) in [("10:00:00", "10:00:00"), ("10:00:00.000000001", "10:00:01")] {
            let read = |text: &str| format!("2026-01-01T{text}Z").parse::<Timestamp>().unwrap();
            assert_eq!(whole_second(read(moment)), read(whole));
        }
    }

    #[test]
    fn a_small_moment_is_the_moment_or_never() {
        for text in ["2026-01-01T00:00:00.123456789Z", "1969-12-31T23:59:59.5Z", "1678-01-01T00:00:00Z"] {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!(SmallMoment::from(moment).get(), Some(moment));
        }
        assert_eq!(SmallMoment::from(Timestamp::MAX), SmallMoment::NEVER);
        assert_eq!(SmallMoment::from(None).get(), None);
        assert_eq!(SmallMoment::NEVER.timestamp(), Timestamp::MAX);
        let first: Timestamp = "0001-01-01T00:00:00Z".parse().unwrap();
        assert!(SmallMoment::from(first) < SmallMoment::from(Timestamp::UNIX_EPOCH));
    }
}
