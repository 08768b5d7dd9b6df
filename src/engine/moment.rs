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
