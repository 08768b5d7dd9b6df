//! When a rule may act: windows of time that open as a `CronJob` would start, and stay open for so long. Which
//! rules are *true* does not hang on them.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::moment::after;
use crate::values::{Cron, format_duration};

/// Windows that overlap are one; where more than so many follow each other without a gap, its end is looked for
/// again when they are over.
const JOINED: usize = 16;

/// The windows of a rule.
#[derive(Clone, Debug)]
pub struct Window {
    opens: Cron,
    zone: TimeZone,
    /// Never 0.
    length: Duration,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        write!(f, "{} {zone} for {}", self.opens, format_duration(self.length))
    }
}

impl Window {
    /// `None`: it would never be open.
    #[must_use]
    pub fn new(opens: Cron, zone: TimeZone, length: Duration) -> Option<Self> {
        let window = Self { opens, zone, length };
        // Whatever the year, what comes at all comes within the forty that are looked through.
        let comes = window.opens.first_from(Timestamp::UNIX_EPOCH, &window.zone).is_some();
        (comes && !length.is_zero()).then_some(window)
    }

    /// The first moment, from this one on, at which it is open; `None`: it does not open any more.
    #[must_use]
    pub fn opening(&self, moment: Timestamp) -> Option<Timestamp> {
        match self.opened(moment) {
            Some(_) => Some(moment),
            None => self.opens.first_from(moment, &self.zone),
        }
    }

    /// Until when it stays open that is open at this moment: at that moment it is closed, or looked at again.
    /// `None`: it is closed.
    #[must_use]
    pub fn open_until(&self, moment: Timestamp) -> Option<Timestamp> {
        let mut end = after(self.opened(moment)?, self.length);
        for _ in 0..JOINED {
            // It opens anew before it has closed.
            match self.opened(end) {
                Some(again) => end = after(again, self.length),
                None => break,
            }
        }
        Some(end)
    }

    /// When it opened that is open at this moment: at its end it is not any more.
    fn opened(&self, moment: Timestamp) -> Option<Timestamp> {
        let length = SignedDuration::try_from(self.length).unwrap_or(SignedDuration::MAX);
        let earliest = moment
            .checked_sub(length)
            .and_then(|earliest| earliest.checked_add(SignedDuration::from_nanos(1)))
            .unwrap_or(Timestamp::MIN);
        self.opens.last_until(moment, earliest, &self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{parse_duration, parse_time_zone};

    fn window(cron: &str, zone: &str, length: &str) -> Window {
        let (cron, zone) = (Cron::parse(cron).unwrap(), parse_time_zone(zone).unwrap());
        Window::new(cron, zone, parse_duration(length).unwrap()).unwrap()
    }

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn it_is_open_from_its_first_moment_to_just_before_its_last() {
        // Friday evening to Saturday morning; on Saturday and Sunday it does not open.
        let nights = window("0 20 * * 1-5", "UTC", "11h");
        for (moment, opening, until) in [
            ("2026-01-02T19:59:59.999999999Z", "2026-01-02T20:00:00Z", None),
            ("2026-01-02T20:00:00Z", "2026-01-02T20:00:00Z", Some("2026-01-03T07:00:00Z")),
            (
                "2026-01-03T06:59:59.999999999Z",
                "2026-01-03T06:59:59.999999999Z",
                Some("2026-01-03T07:00:00Z"),
            ),
            ("2026-01-03T07:00:00Z", "2026-01-05T20:00:00Z", None),
            ("2026-01-04T23:00:00Z", "2026-01-05T20:00:00Z", None),
        ] {
            assert_eq!(nights.opening(at(moment)), Some(at(opening)), "{moment}");
            assert_eq!(nights.open_until(at(moment)), until.map(at), "{moment}");
        }
    }

    #[test]
    fn its_ends_are_exact_across_a_change_of_the_clock() {
        let nights = window("0 20 * * *", "Europe/Rome", "11h");
        // One hour is skipped: eleven hours end at 8. One comes twice: they end at 6.
        for (start, end) in [
            ("2026-03-27T19:00:00Z", "2026-03-28T06:00:00Z"),
            ("2026-03-28T19:00:00Z", "2026-03-29T06:00:00Z"),
            ("2026-03-29T18:00:00Z", "2026-03-30T05:00:00Z"),
            ("2026-10-24T18:00:00Z", "2026-10-25T05:00:00Z"),
            ("2026-10-25T19:00:00Z", "2026-10-26T06:00:00Z"),
        ] {
            let (start, end) = (at(start), at(end));
            let moment = SignedDuration::from_nanos(1);
            assert_eq!((nights.open_until(start - moment), nights.open_until(start)), (None, Some(end)));
            assert_eq!((nights.open_until(end - moment), nights.open_until(end)), (Some(end), None));
            assert_eq!(nights.opening(start - moment), Some(start));
        }
    }

    #[test]
    fn windows_that_touch_are_one_and_always_open_ones_end_late() {
        let joined = window("0 20,21 * * *", "UTC", "1h");
        assert_eq!(joined.open_until(at("2026-01-01T20:30:00Z")), Some(at("2026-01-01T22:00:00Z")));
        let overlapping = window("0 20,21 * * *", "UTC", "90m");
        assert_eq!(overlapping.open_until(at("2026-01-01T20:30:00Z")), Some(at("2026-01-01T22:30:00Z")));
        let always = window("* * * * *", "UTC", "1m");
        for minute in 0..120 {
            let moment = at("2026-01-01T20:30:00Z") + SignedDuration::from_mins(minute);
            assert!(always.open_until(moment).is_some_and(|until| until > moment));
        }
        let long = window("0 0 1 1 *", "UTC", "5200w");
        assert_eq!(long.opening(at("2026-06-01T00:00:00Z")), Some(at("2026-06-01T00:00:00Z")));
    }

    #[test]
    fn one_that_is_never_open_is_none() {
        let never = |cron: &str, length: Duration| {
            Window::new(Cron::parse(cron).unwrap(), TimeZone::UTC, length).is_none()
        };
        assert!(never("0 0 30 2 *", Duration::from_secs(60)));
        assert!(never("0 0 31 4,6,9,11 *", Duration::from_secs(60)));
        assert!(never("0 0 * * *", Duration::ZERO));
        assert!(!never("0 0 29 2 1", Duration::from_secs(60)));
    }
}
