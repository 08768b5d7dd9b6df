//! Times in objects: RFC 3339, and other forms only where a rule asks for them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

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
        let utc = |civil: DateTime| civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
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
                text.parse().ok().and_then(|second| Timestamp::from_second(second).ok())
            }
            _ => None,
        }
    }
}

/// Reads RFC 3339, else the first of `formats` that fits.
#[must_use]
pub fn parse_time(text: &str, formats: &[TimeFormat]) -> Option<Timestamp> {
    rfc3339(text).or_else(|| formats.iter().find_map(|format| format.parse(text)))
}

/// jiff reads a superset (a space for the `T`, zone names, basic forms): the shape is checked first.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let (head, tail) = text.split_at_checked(19)?;
    if !shaped(head, "dddd-dd-ddTdd:dd:dd") {
        return None;
    }
    let zone = match tail.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = fraction.len() - zone.len();
            (1..=9).contains(&digits).then_some(zone)?
        }
        None => tail,
    };
    let valid_zone = zone == "Z" || shaped(zone, "+dd:dd") || shaped(zone, "-dd:dd");
    valid_zone.then(|| text.parse().ok()).flatten()
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
        for text in [
            "2026-04-01 12:00:00Z",
            "2026-04-01T12:00:00",
            "2026-04-01",
            "2026-04-01T12:00:00Z[Europe/Rome]",
            "2026-02-30T12:00:00Z",
            "20260401T120000Z",
            "2026-04-01T12:00:00.Z",
            "é026-04-01T12:00:00Z",
            "",
        ] {
            assert_eq!(parse_time(text, &[]), None, "{text}");
        }
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
