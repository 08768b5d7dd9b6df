//! Times in objects: their forms, the boundaries of `age`, `olderThan` and their kin, and times of the future.

use super::*;

#[test]
fn rfc_3339_is_read_and_other_forms_only_where_they_are_asked_for() {
    for (value, formats, expected) in [
        ("2026-01-01T11:00:00Z", "", YES),
        ("2026-01-01T12:00:00+01:00", "", YES),
        ("2026-01-01T13:00:00+02:00", "", YES),
        ("2026-01-01T13:00:00+01:00", "", NO),
        ("2026-01-01T05:30:00-05:30", "", YES),
        ("2026-01-01T11:00:00.000000Z", "", YES),
        ("2026-01-01T11:00:00.000000001Z", "", NO),
        ("2025-12-31T23:59:59Z", "", YES),
        ("2026-01-01", "", UNKNOWN),
        ("2026-01-01", "formats: date,", YES),
        ("2026-01-01", "formats: [epoch, date],", YES),
        ("2026-01-02", "formats: [date],", NO),
        ("2026-01-01T10:59", "", UNKNOWN),
        ("2026-01-01T10:59", "formats: [minutes],", YES),
        ("20260101T105959Z", "", UNKNOWN),
        ("20260101T105959Z", "formats: [compact],", YES),
        ("1767265200", "", UNKNOWN),
        ("1767265200", "formats: [epoch],", YES),
        ("1767265201", "formats: [epoch],", NO),
        ("2026-01-01T11:00:00", "", UNKNOWN),
        ("2026-01-01 11:00:00Z", "", UNKNOWN),
        ("2026-02-30T11:00:00Z", "", UNKNOWN),
        ("2026-13-01", "formats: [date],", UNKNOWN),
        ("", "formats: [date, minutes, compact, epoch],", UNKNOWN),
        ("soon", "formats: [date, minutes, compact, epoch],", UNKNOWN),
    ] {
        let object = format!("{{ metadata: {{ annotations: {{ t: \"{value}\" }} }} }}");
        for matcher in [
            format!("age: {{ over: 1h, {formats} since: $.metadata.annotations.t }}"),
            format!("field: {{ path: $.metadata.annotations.t, {formats} olderThan: 1h }}"),
        ] {
            assert_eq!(verdict(&matcher, &object, NOW).truth, expected, "{matcher} on {value}");
        }
    }
    let number = "{ t: 1767265200 }";
    table(
        number,
        &[
            ("age: { over: 1h, since: $.t }", UNKNOWN),
            ("age: { over: 1h, since: $.t, formats: [epoch] }", YES),
            ("field: { path: $.t, olderThan: 1h }", UNKNOWN),
            ("field: { path: $.t, olderThan: 1h, formats: epoch }", YES),
        ],
    );
}

#[test]
fn an_age_counts_from_the_first_time_that_exists() {
    let paths = "since: [$.status.completionTime, $.status.startTime, $.metadata.creationTimestamp]";
    for (object, expected) in [
        (r#"{ metadata: { creationTimestamp: "2026-01-01T10:00:00Z" } }"#, YES),
        (
            r#"{ metadata: { creationTimestamp: "2026-01-01T10:00:00Z" }, status: { startTime: "2026-01-01T11:30:00Z" } }"#,
            NO,
        ),
        (
            r#"{ metadata: { creationTimestamp: "2026-01-01T10:00:00Z" }, status: { startTime: null, completionTime: null } }"#,
            YES,
        ),
        (
            r#"{ metadata: { creationTimestamp: "2026-01-01T10:00:00Z" }, status: { completionTime: "never" } }"#,
            UNKNOWN,
        ),
        ("{ metadata: { creationTimestamp: null } }", UNKNOWN),
        ("{ metadata: {} }", UNKNOWN),
    ] {
        assert_eq!(
            verdict(&format!("age: {{ over: 1h, {paths} }}"), object, NOW).truth,
            expected,
            "{object}"
        );
    }
    let several = r#"{ l: [ { t: "2026-01-01T10:00:00Z" }, { t: "2026-01-01T10:00:00Z" } ] }"#;
    table(
        several,
        &[
            ("age: { over: 1h, since: \"$.l[*].t\" }", UNKNOWN),
            ("age: { over: 1h, since: \"$.l[0].t\" }", YES),
        ],
    );
}

#[test]
fn a_time_of_the_future_is_never_old() {
    table(
        r#"{ metadata: { creationTimestamp: "2026-01-01T12:30:00Z" }, t: "2026-01-01T12:30:00Z" }"#,
        &[
            ("age: { over: 1s }", NO),
            ("age: { under: 1s }", YES),
            ("field: { path: $.t, olderThan: 1s }", NO),
            ("field: { path: $.t, newerThan: 1s }", YES),
            ("field: { path: $.t, after: \"2026-01-01T12:00:00Z\" }", YES),
        ],
    );
    let over =
        verdict("age: { over: 5m }", r#"{ metadata: { creationTimestamp: "2026-01-01T12:30:00Z" } }"#, NOW);
    assert_eq!(over.changes_at, Some(at("12:35:00")));
}

#[test]
fn moments_are_compared_strictly() {
    table(
        r#"{ t: "2026-01-01T12:00:00Z", zoned: "2026-01-01T14:00:00+02:00", bad: tomorrow }"#,
        &[
            ("field: { path: $.t, before: \"2026-01-01T12:00:00Z\" }", NO),
            ("field: { path: $.t, before: \"2026-01-01T12:00:01Z\" }", YES),
            ("field: { path: $.t, after: \"2026-01-01T12:00:00Z\" }", NO),
            ("field: { path: $.t, after: \"2026-01-01T11:59:59Z\" }", YES),
            (
                "field: { path: $.zoned, before: \"2026-01-01T12:00:01Z\", after: \"2026-01-01T11:59:59Z\" }",
                YES,
            ),
            ("field: { path: $.zoned, equals: \"2026-01-01T12:00:00Z\" }", NO),
            ("field: { path: $.zoned, as: time, equals: \"2026-01-01T12:00:00Z\" }", YES),
            ("field: { path: $.t, gt: \"2026-01-01T11:00:00Z\" }", YES),
            ("field: { path: $.t, as: time, formats: [date], gte: 2026-01-01 }", YES),
            ("field: { path: $.bad, before: \"2026-01-01T12:00:00Z\" }", UNKNOWN),
            ("field: { path: $.none, after: \"2026-01-01T12:00:00Z\" }", UNKNOWN),
        ],
    );
}
