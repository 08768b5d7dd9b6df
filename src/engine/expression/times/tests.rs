use crate::expression::Expression;
use serde_json::json;

/// Every line is true of the same object.
#[test]
fn times_are_what_kubernetes_says_that_they_are() {
    let object = json!({"a": "2026-01-01T23:30:00Z", "b": "2026-01-02T01:00:00.250+01:00", "d": "1h30m"});
    for source in [
        "timestamp(object.a) < timestamp(object.b)",
        "timestamp(object.b) == timestamp('2026-01-02T00:00:00.25Z')",
        "timestamp(object.a) != timestamp(object.b)",
        "timestamp(object.b) - timestamp(object.a) == duration('30m0.25s')",
        "timestamp(object.a) + duration(object.d) == timestamp('2026-01-02T01:00:00Z')",
        "duration(object.d) + timestamp(object.a) > timestamp(object.b)",
        "timestamp(object.a) - duration('90m') <= timestamp('2026-01-01T22:00:00Z')",
        "duration('1h') + duration('30m') == duration(object.d)",
        "duration('1h') - duration('30m') >= duration('1800s')",
        "timestamp(timestamp(object.a)) == timestamp(object.a)",
        "duration(duration('1s')) == duration('1000ms')",
        "timestamp(0) == timestamp('1970-01-01T00:00:00Z')",
        "int(timestamp('1970-01-01T00:01:00Z')) == 60",
        "string(timestamp(object.b)) == '2026-01-02T00:00:00.25Z'",
        "string(duration('90m')) == '5400s' && string(duration('-0.5s')) == '-0.5s'",
        "duration('1.5h') == duration('90m') && duration('-1m') < duration('0')",
        "duration('1us') == duration('1000ns') && duration('1µs') == duration('1us')",
        "timestamp(object.a).getFullYear() == 2026",
        "timestamp(object.a).getMonth() == 0",
        "timestamp(object.a).getDate() == 1 && timestamp(object.a).getDayOfMonth() == 0",
        "timestamp(object.a).getDayOfYear() == 0",
        "timestamp(object.a).getDayOfWeek() == 4",
        "timestamp('2026-01-04T00:00:00Z').getDayOfWeek() == 0",
        "timestamp(object.a).getHours() == 23 && timestamp(object.a).getMinutes() == 30",
        "timestamp(object.b).getSeconds() == 0 && timestamp(object.b).getMilliseconds() == 250",
        "timestamp(object.a).getHours('Europe/Rome') == 0 && timestamp(object.a).getDate('+01:00') == 2",
        "timestamp(object.a).getHours('-00:30') == 23 && timestamp(object.a).getHours('') == 23",
        "timestamp(object.a).getMinutes('-00:30') == 0",
        "duration('90m').getHours() == 1 && duration('90m').getMinutes() == 90",
        "duration('90m').getSeconds() == 5400 && duration('1.25s').getMilliseconds() == 250",
        "[timestamp(object.a), timestamp(object.b)].exists(t, t.getDate() == 2)",
        "[object.a, object.b].all(t, timestamp(t) > timestamp('2026-01-01T00:00:00Z'))",
        "type(timestamp(object.a)) == type(timestamp(object.b))",
    ] {
        assert_eq!(Expression::parse(source).unwrap().truth(&object), Ok(true), "{source}");
    }
}

#[test]
fn what_is_no_time_is_unknown() {
    let object = json!({"a": "yesterday", "b": "2026-01-01T00:00:00Z"});
    for source in [
        "timestamp(object.a) < timestamp(object.b)",
        "timestamp(object.none) < timestamp(object.b)",
        "timestamp(object.b) < object.b",
        "timestamp(object.b) == timestamp(object.b) + 1",
        "timestamp(object.b) + timestamp(object.b) == timestamp(object.b)",
        "timestamp('9999-12-29T00:00:00Z') + duration('48h') > timestamp(object.b)",
        "timestamp(9223372036854775807) > timestamp(0)",
        "duration('') > duration('0')",
        "duration('5') > duration('0')",
        "duration('5d') > duration('0')",
        "duration('h') > duration('0')",
        "duration('1.2.3s') > duration('0')",
        "duration('.s') > duration('0')",
        "duration('- 5s') < duration('0')",
        "duration('99999999999999h') > duration('0')",
        "timestamp(object.b).getHours('Europe/Roma') == 1",
        "timestamp(object.b).getHours('local') == 1",
        "timestamp(object.b).getHours('+24:00') == 1",
        "timestamp(object.b).getHours('+01:60') == 1",
        "object.b.getHours() == 1",
        "timestamp(object.b)",
    ] {
        assert!(Expression::parse(source).unwrap().truth(&object).is_err(), "{source}");
    }
}
