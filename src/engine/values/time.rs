//! Times in objects: RFC 3339, and other forms only where a rule asks for them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

/// A form of time that `formats:` may ask for beside RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// `2026-04-01`: midnight UTC.
    Date,
    /// `2026-04-01T10:00`, in UTC.
    Minutes,
    /// `20260401T100000Z`, `2026-04-01T100000Z`: what a label can hold.
    Compact,
    /// Whole seconds since 1970.
    Epoch,
}

impl TimeFormat {
    /// The names that `formats:` takes.
    pub const NAMES: &'static [&'static str] = &["date", "minutes", "compact", "epoch"];

    /// The format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "date" => Some(Self::Date),
            "minutes" => Some(Self::Minutes),
            "compact" => Some(Self::Compact),
            "epoch" => Some(Self::Epoch),
            _ => None,
        }
    }

    fn parse(self, text: &str) -> Option<Timestamp> {
        let utc = |civil: DateTime| moment(civil, 0);
        match self {
            Self::Date if shaped(text, "dddd-dd-dd") => {
                Date::strptime("%Y-%m-%d", text).ok().and_then(|date| utc(date.at(0, 0, 0, 0)))
            }
            Self::Minutes if shaped(text, "dddd-dd-ddTdd:dd") => {
                DateTime::strptime("%Y-%m-%dT%H:%M", text).ok().and_then(utc)
            }
            Self::Compact if shaped(text, "ddddddddTddddddZ") => {
                DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok().and_then(utc)
            }
            Self::Compact if shaped(text, "dddd-dd-ddTddddddZ") => {
                DateTime::strptime("%Y-%m-%dT%H%M%SZ", text).ok().and_then(utc)
            }
            Self::Epoch if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                let second: i64 = text.parse().ok().filter(|second| *second <= LAST_SECOND)?;
                Some(Timestamp::from_second(second).unwrap_or(Timestamp::MAX))
            }
            _ => None,
        }
    }
}

/// Of the year 9999, the last that RFC 3339 can write.
const LAST_SECOND: i64 = 253_402_300_799;

/// The moment of a civil time, so many seconds before that of UTC. jiff's moments end a day before the year 9999
/// does: what is later is its last one, so that an end that was meant to be never does not become unreadable.
fn moment(civil: DateTime, ahead: i32) -> Option<Timestamp> {
    let zone = TimeZone::fixed(Offset::from_seconds(ahead).ok()?);
    Some(zone.to_timestamp(civil).unwrap_or(Timestamp::MAX))
}

/// Reads RFC 3339, else the first of `formats` that fits.
#[must_use]
pub fn parse_time(text: &str, formats: &[TimeFormat]) -> Option<Timestamp> {
    rfc3339(text).or_else(|| formats.iter().find_map(|format| format.parse(text)))
}

/// jiff reads a superset (a space for the `T`, zone names, basic forms) and less (nine digits of a fraction at
/// most): the shape is checked here. `t` and `z` are legal, and what is finer than a nanosecond is cut off.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let (head, tail) = text.split_at_checked(19)?;
    let head = head.to_ascii_uppercase();
    if !shaped(&head, "dddd-dd-ddTdd:dd:dd") {
        return None;
    }
    let (nanoseconds, zone) = match tail.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = &fraction[..fraction.len() - zone.len()];
            let nanoseconds = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
            let nanoseconds = nanoseconds.fold(0, |all, digit| all * 10 + i32::from(digit - b'0'));
            (!digits.is_empty()).then_some((nanoseconds, zone))?
        }
        None => (0, tail),
    };
    let civil: DateTime = head.parse().ok()?;
    moment(civil.with().subsec_nanosecond(nanoseconds).build().ok()?, offset(zone)?)
}

/// How many seconds a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i32> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if shaped(zone, "+dd:dd") { 1 } else { -1 };
    let (hours, minutes): (i32, i32) = (zone.get(1..3)?.parse().ok()?, zone.get(4..)?.parse().ok()?);
    let known = (sign == 1 || shaped(zone, "-dd:dd")) && hours <= 23 && minutes <= 59;
    known.then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Whether `text` has the shape, in which `d` stands for a digit.
fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            form => byte == form,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_is_read_with_zones_and_fractions() {
        let noon = parse_time("2026-04-01T12:00:00Z", &[]).unwrap();
        assert_eq!(parse_time("2026-04-01T14:00:00+02:00", &[]), Some(noon));
        assert_eq!(parse_time("2026-04-01T12:00:00.000000Z", &[]), Some(noon));
        assert_eq!(parse_time("2026-04-01t12:00:00z", &[]), Some(noon));
        assert_eq!(parse_time("2026-04-01T12:00:00.0000000009Z", &[]), Some(noon));
        let later = parse_time("2026-04-01T12:00:00.1234567899Z", &[]).unwrap();
        assert_eq!(later.subsec_nanosecond(), 123_456_789);
        assert_eq!(parse_time("2026-04-01T00:00:00-12:00", &[]), Some(noon));
        assert_eq!(parse_time("2026-04-02T11:59:00+23:59", &[]), Some(noon));
        assert_eq!(parse_time("2016-12-31T23:59:60Z", &[]), parse_time("2016-12-31T23:59:59Z", &[]));
        for text in [
            "2026-04-01 12:00:00Z",
            "2026-04-01T12:00:00",
            "2026-04-01",
            "2026-04-01T12:00:00Z[Europe/Rome]",
            "2026-02-30T12:00:00Z",
            "20260401T120000Z",
            "2026-04-01T12:00:00.Z",
            "2026-04-01T12:00:00+24:00",
            "2026-04-01T12:00:00-25:00",
            "2026-04-01T12:00:00+02:60",
            "2026-04-01T12:00:00+0200",
            "2026-04-01T12:00:00é1:00",
            "2026-04-01T24:00:00Z",
            "2026-04-01T23:59:61Z",
            "é026-04-01T12:00:00Z",
            "",
        ] {
            assert_eq!(parse_time(text, &[]), None, "{text}");
        }
    }

    #[test]
    fn the_last_days_of_the_year_9999_are_the_last_moment_there_is() {
        let named = |name| [TimeFormat::named(name).unwrap()];
        for (text, formats) in [
            ("9999-12-31T23:59:59Z", &[][..]),
            ("9999-12-30T23:00:00Z", &[]),
            ("9999-12-31T23:59:59-23:59", &[]),
            ("9999-12-31", &named("date")),
            ("9999-12-31T10:00", &named("minutes")),
            ("99991231T235959Z", &named("compact")),
            ("253402300799", &named("epoch")),
        ] {
            assert_eq!(parse_time(text, formats), Some(Timestamp::MAX), "{text}");
        }
        assert!(parse_time("9999-12-30T21:00:00Z", &[]) < Some(Timestamp::MAX));
        assert!(parse_time("0000-01-01T00:00:00+23:59", &[]).is_some());
        assert_eq!(parse_time("253402300800", &named("epoch")), None);
    }

    #[test]
    fn other_forms_are_read_where_asked_for_alone() {
        for (name, text, second) in [
            ("date", "2026-04-01", 1_775_001_600),
            ("minutes", "2026-04-01T10:00", 1_775_037_600),
            ("compact", "20260401T100000Z", 1_775_037_600),
            ("compact", "2026-04-01T100000Z", 1_775_037_600),
            ("epoch", "1775037600", 1_775_037_600),
        ] {
            let format = TimeFormat::named(name).unwrap();
            assert_eq!(parse_time(text, &[format]), Timestamp::from_second(second).ok(), "{name}");
            assert_eq!(parse_time(text, &[]), None);
        }
    }
}
