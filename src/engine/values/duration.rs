//! Durations as people write them: `90s`, `1h30m`, `2d`. Units once each, largest first, so that
//! every duration has few spellings and a typing mistake (`6 min`, `1m1h`) is not read as something.

use std::time::Duration;

use super::ParseError;

/// Largest first; the nanoseconds of one unit.
const UNITS: [(&str, u128); 6] = [
    ("w", 7 * 24 * 3_600_000_000_000),
    ("d", 24 * 3_600_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

/// A hundred years of 365 days, in nanoseconds: more is a typing mistake, and fits no timestamp.
const LONGEST: u128 = 100 * 365 * 24 * 3_600_000_000_000;

/// Reads `90s`, `6m`, `1h30m`, `250ms`; at most 100 years.
pub fn parse_duration(text: &str) -> Result<Duration, ParseError> {
    let mut rest = text;
    let mut next_unit = 0;
    let mut total: u128 = 0;
    if rest.is_empty() {
        return Err(not_a_duration(text));
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at(letters);
        let position = UNITS.iter().position(|(name, _)| *name == unit);
        let (Ok(number), Some(position)) = (number.parse::<u64>(), position) else {
            return Err(not_a_duration(text));
        };
        if position < next_unit {
            return Err(ParseError::new(
                "is not a duration: each unit stands once, the largest first",
                format!("write {}", examples_or(normalized(text))),
            ));
        }
        total = total.saturating_add(u128::from(number).saturating_mul(UNITS[position].1));
        next_unit = position + 1;
        rest = after;
    }
    let nanoseconds = u64::try_from(total).ok().filter(|_| total <= LONGEST);
    nanoseconds
        .map(Duration::from_nanos)
        .ok_or_else(|| ParseError::new("is longer than 100 years", "write a duration of at most 5200w"))
}

/// Writes a duration as [`parse_duration`] reads it; what is below a millisecond is left out.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    let mut text = String::new();
    for (unit, size) in &UNITS[1..] {
        let number = rest / size;
        if number > 0 {
            text.push_str(&format!("{number}{unit}"));
        }
        rest %= size;
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// The same of how long something has been so: from a second on in whole seconds, never more than it is.
#[must_use]
pub fn format_age(age: Duration) -> String {
    format_duration(if age.as_secs() > 0 { Duration::from_secs(age.as_secs()) } else { age })
}

fn not_a_duration(text: &str) -> ParseError {
    let is_bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let help = match text {
        "0" => "write `0s`".to_owned(),
        _ if is_bare && text.len() < 10 => format!("write the unit too: `{text}s`, `{text}m` or `{text}h`"),
        _ => format!("write {}", examples_or(normalized(text))),
    };
    ParseError::new("is not a duration", help)
}

fn examples_or(normalized: Option<String>) -> String {
    normalized.map_or_else(
        || "a number with a unit (ms, s, m, h, d, w), such as `90s`, `6m` or `1h30m`".to_owned(),
        |text| format!("`{text}`"),
    )
}

/// What the writer of `6 min`, `1.5h`, `30 seconds` or `1m1h` most likely meant.
fn normalized(text: &str) -> Option<String> {
    let mut total: f64 = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let number: f64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let milliseconds = match after[..letters].to_lowercase().as_str() {
            "ms" | "msec" | "millis" | "milliseconds" | "millisecond" => 1.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1e3,
            "m" | "min" | "mins" | "minute" | "minutes" => 60e3,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600e3,
            "d" | "day" | "days" => 86_400e3,
            "w" | "week" | "weeks" => 604_800e3,
            _ => return None,
        };
        total += number * milliseconds;
        rest = after[letters..].trim_start();
    }
    // A century in milliseconds: the cast below is exact under it.
    let fits = total.is_finite() && total > 0.0 && total <= 3.2e12;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just above")]
    fits.then(|| format_duration(Duration::from_millis(total.round() as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_unit_is_told_which_it_could_be() {
        for (text, help) in [
            ("0", "write `0s`"),
            ("90", "write the unit too: `90s`, `90m` or `90h`"),
            ("6 min", "write `6m`"),
            ("99999999999", "write a number with a unit (ms, s, m, h, d, w), such as `90s`, `6m` or `1h30m`"),
        ] {
            assert_eq!(parse_duration(text).unwrap_err().help, help, "{text}");
        }
    }

    #[test]
    fn an_age_is_told_in_whole_seconds_from_a_second_on() {
        for (milliseconds, text) in
            [(0, "0s"), (11, "11ms"), (999, "999ms"), (1_999, "1s"), (359_999, "5m59s")]
        {
            assert_eq!(format_age(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn durations_are_read_as_written() {
        for (text, milliseconds) in [
            ("90s", 90_000),
            ("6m", 360_000),
            ("1h30m", 5_400_000),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
            ("250ms", 250),
            ("0s", 0),
            ("1m500ms", 60_500),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_what_was_meant() {
        for (text, help) in [
            ("6 min", "write `6m`"),
            ("1.5h", "write `1h30m`"),
            ("30 seconds", "write `30s`"),
            ("1m1h", "write `1h1m`"),
            ("6M", "write `6m`"),
            ("1m2m", "write `3m`"),
        ] {
            assert_eq!(parse_duration(text).unwrap_err().help, help, "{text}");
        }
        for text in ["", "6", "-6m", "+6m", " 6m", "m", "5y", "١m", "1e3s", "99999999999999999999s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_century_is_the_longest() {
        assert!(parse_duration("36500d").is_ok());
        assert!(parse_duration("36500d1ms").is_err());
        assert!(parse_duration("18446744073709551615w").is_err());
    }

    #[test]
    fn formatting_is_the_inverse_of_parsing() {
        for text in ["6m", "1h30m", "2d", "250ms", "0s", "1d2h3m4s5ms"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
    }
}
