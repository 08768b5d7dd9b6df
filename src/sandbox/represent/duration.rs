//! Spans of time as `kubectl get` shows them: fewer figures the longer they are.

use jiff::{SignedDuration, Timestamp};

const UNKNOWN: &str = "<unknown>";

/// How long ago a moment was that is told in RFC 3339; empty: it is not known.
pub(super) fn since(moment: &str, now: Timestamp) -> String {
    if moment.is_empty() {
        return UNKNOWN.to_owned();
    }
    match moment.parse::<Timestamp>() {
        Ok(moment) => human(now.duration_since(moment)),
        Err(_) => "<invalid>".to_owned(),
    }
}

/// `5m3s`, `3h`, `2d5h`, `400d`: at most two units, and the second only as long as it says something.
pub(super) fn human(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    match seconds {
        // Clocks may differ by a little.
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        _ if seconds < 120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, 'm', seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, 'h', minutes % 60, 'm'),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => two(days, 'd', hours % 24, 'h'),
        _ if days < 730 => format!("{days}d"),
        _ if days < 365 * 8 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

fn two(many: i64, unit: char, few: i64, smaller: char) -> String {
    match few {
        0 => format!("{many}{unit}"),
        _ => format!("{many}{unit}{few}{smaller}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_as_kubectl_tells_it() {
        let (minute, hour, day) = (60, 3600, 86_400);
        for (seconds, expected) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (2 * minute + 1, "2m1s"),
            (10 * minute - 1, "9m59s"),
            (10 * minute + 30, "10m"),
            (3 * hour - 1, "179m"),
            (3 * hour, "3h"),
            (3 * hour + minute, "3h1m"),
            (8 * hour - 1, "7h59m"),
            (8 * hour + 59 * minute, "8h"),
            (2 * day - 1, "47h"),
            (2 * day, "2d"),
            (2 * day + hour, "2d1h"),
            (8 * day + 5 * hour, "8d"),
            (729 * day, "729d"),
            (730 * day, "2y"),
            (731 * day, "2y1d"),
            (365 * 8 * day, "8y"),
            (365 * 9 * day + 5 * day, "9y"),
        ] {
            assert_eq!(human(SignedDuration::from_secs(seconds)), expected, "{seconds}");
        }
    }

    #[test]
    fn a_moment_that_is_not_there_or_is_none_has_no_age() {
        let now = "2026-01-02T00:00:00Z".parse().unwrap();
        for (moment, expected) in [
            ("", "<unknown>"),
            ("yesterday", "<invalid>"),
            ("2026-01-01T23:59:15Z", "45s"),
            ("2026-01-01T23:00:00.000000Z", "60m"),
        ] {
            assert_eq!(since(moment, now), expected, "{moment}");
        }
    }
}
