use super::*;
use crate::values::parse_time_zone;

fn times(cron: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let (cron, zone) = (Cron::parse(cron).unwrap(), parse_time_zone(zone).unwrap());
    let mut found = Vec::new();
    let mut from: Timestamp = from.parse().unwrap();
    while found.len() < count
        && let Some(time) = cron.first_from(from, &zone)
    {
        assert_eq!(cron.last_until(time, time, &zone), Some(time), "{time}");
        found.push(zone.to_datetime(time).to_string());
        from = time + SignedDuration::from_nanos(1);
    }
    found
}

#[test]
fn the_next_times_are_those_of_the_fields() {
    for (cron, expected) in [
        ("0 20 * * *", ["2026-01-01T20:00:00", "2026-01-02T20:00:00"]),
        ("0 20 * * 1-5", ["2026-01-01T20:00:00", "2026-01-02T20:00:00"]),
        ("0 20 * * 6,0", ["2026-01-03T20:00:00", "2026-01-04T20:00:00"]),
        ("0 20 * * 7", ["2026-01-04T20:00:00", "2026-01-11T20:00:00"]),
        ("0 20 * * sat-7", ["2026-01-03T20:00:00", "2026-01-04T20:00:00"]),
        ("*/15 * * * *", ["2026-01-01T10:30:00", "2026-01-01T10:45:00"]),
        ("5/20 3 * * *", ["2026-01-02T03:05:00", "2026-01-02T03:25:00"]),
        ("10-12/2 3 * * *", ["2026-01-02T03:10:00", "2026-01-02T03:12:00"]),
        ("0 0 13 * FRI", ["2026-01-02T00:00:00", "2026-01-09T00:00:00"]),
        ("0 0 1-7 * *", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("0 0 */31 * 4", ["2026-01-08T00:00:00", "2026-01-15T00:00:00"]),
        ("0 0 */1 * 4", ["2026-01-08T00:00:00", "2026-01-15T00:00:00"]),
        ("0 0 31 * *", ["2026-01-31T00:00:00", "2026-03-31T00:00:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
        ("0 12 1 jun,DEC ?", ["2026-06-01T12:00:00", "2026-12-01T12:00:00"]),
        ("@weekly", ["2026-01-04T00:00:00", "2026-01-11T00:00:00"]),
        ("@yearly", ["2027-01-01T00:00:00", "2028-01-01T00:00:00"]),
        (" 0   20 * * * ", ["2026-01-01T20:00:00", "2026-01-02T20:00:00"]),
    ] {
        // A Thursday.
        assert_eq!(times(cron, "UTC", "2026-01-01T10:15:01Z", 2), expected, "{cron}");
    }
    let exact = times("15 10 * * *", "UTC", "2026-01-01T10:15:00Z", 1);
    assert_eq!(exact, ["2026-01-01T10:15:00"], "the moment itself counts");
    assert_eq!(times("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", 1), [""; 0], "it never comes");
}

#[test]
fn summer_time_skips_what_the_clock_skips_and_repeats_what_it_repeats() {
    let spring = times("30 2 * * *", "Europe/Rome", "2026-03-28T00:00:00Z", 2);
    assert_eq!(spring, ["2026-03-28T02:30:00", "2026-03-30T02:30:00"]);
    let autumn = times("30 2 * * *", "Europe/Rome", "2026-10-24T22:00:00Z", 3);
    assert_eq!(autumn, ["2026-10-25T02:30:00", "2026-10-25T02:30:00", "2026-10-26T02:30:00"]);
    let usual = times("0 20 * * *", "Europe/Rome", "2026-03-28T00:00:00Z", 3);
    assert_eq!(usual, ["2026-03-28T20:00:00", "2026-03-29T20:00:00", "2026-03-30T20:00:00"]);
    // Half an hour, in the middle of an hour.
    let island = times("50 1 * * *", "Australia/Lord_Howe", "2026-04-04T13:00:00Z", 3);
    assert_eq!(island, ["2026-04-05T01:50:00", "2026-04-05T01:50:00", "2026-04-06T01:50:00"]);
    // The day begins at one.
    let late = times("0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", 2);
    assert_eq!(late, ["2026-09-07T00:00:00", "2026-09-08T00:00:00"]);
}

/// Every minute, looked at by itself.
#[test]
fn looking_on_and_back_find_what_a_walk_over_every_minute_finds() {
    for (cron, zone, from) in [
        ("*/7 1-3 * * *", "Europe/Rome", "2026-03-28T12:00:00Z"),
        ("*/7 1-3 * * *", "Europe/Rome", "2026-10-24T12:00:00Z"),
        ("15,50 1,3 * * *", "Australia/Lord_Howe", "2026-04-04T02:00:00Z"),
        ("15,50 1,2 * * *", "Australia/Lord_Howe", "2026-10-03T02:00:00Z"),
        ("0 0,1,23 * * *", "America/Santiago", "2026-04-04T12:00:00Z"),
        ("0 0,1,23 * * *", "America/Santiago", "2026-09-05T12:00:00Z"),
        ("0 0 1 * 1", "Asia/Kathmandu", "2026-05-30T00:00:00Z"),
    ] {
        let (cron, zone) = (Cron::parse(cron).unwrap(), parse_time_zone(zone).unwrap());
        let start: Timestamp = from.parse().unwrap();
        let minutes = (0..3 * 24 * 60).map(|minute| start + SignedDuration::from_mins(minute));
        let is_one = |time: &Timestamp| {
            let here = zone.to_datetime(*time);
            has(cron.months, here.month())
                && cron.is_day(here.date())
                && has(cron.hours, here.hour())
                && has(cron.minutes, here.minute())
        };
        let all: Vec<Timestamp> = minutes.clone().filter(is_one).collect();
        assert!(!all.is_empty());
        for minute in minutes {
            for moment in [minute, minute + SignedDuration::from_nanos(1)] {
                let next = all.iter().find(|time| **time >= moment);
                if next.is_some() {
                    assert_eq!(cron.first_from(moment, &zone).as_ref(), next, "{cron} after {moment}");
                }
                let last = all.iter().rfind(|time| **time <= moment);
                assert_eq!(cron.last_until(moment, start, &zone).as_ref(), last, "{cron} before {moment}");
            }
        }
    }
}

#[test]
fn what_is_no_cron_expression_is_told() {
    for text in [
        "",
        "every day",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "*/x * * * *",
        "/5 * * * *",
        "1- * * * *",
        "-1 * * * *",
        "1,,2 * * * *",
        "+1 * * * *",
        "* * * FEB-MON *",
        "* * * * monday",
        "@every 1h",
        "@reboot",
        "CRON_TZ=Europe/Rome 0 20 * * *",
        "TZ=UTC 0 20 * * *",
        "256 * * * *",
    ] {
        let error = Cron::parse(text).unwrap_err();
        assert!(!error.help.is_empty() && !error.problem.is_empty(), "{text}");
    }
}
