//! Arithmetic on moments that cannot overflow: a deadline past the end of time never comes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

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
