//! `as:` and what operands are read as without it: quantities, durations, numbers and texts.

use super::*;

#[test]
fn white_space_is_no_part_of_a_number() {
    for text in [" 5", "5 ", "\\n5", "\\t5"] {
        let object = format!("{{ spec: {{ x: \"{text}\" }} }}");
        table(&object, &[("field: { path: $.spec.x, as: number, gt: 3 }", UNKNOWN)]);
    }
}

#[test]
fn quantities_compare_as_kubernetes_counts_them() {
    for (value, rule, expected) in [
        ("500m", "equals: \"0.5\"", YES),
        ("0.1", "equals: 100m", YES),
        ("1e3", "equals: 1k", YES),
        ("12e6", "equals: 12M", YES),
        ("1E", "equals: 1e18", YES),
        ("1E3", "equals: 1k", YES),
        ("-1", "lt: 0", YES),
        ("-1", "lt: -500m", YES),
        ("100m", "lt: 0.2", YES),
        ("1Gi", "gt: 1G", YES),
        ("1Ki", "equals: 1024", YES),
        ("1023Mi", "lt: 1Gi", YES),
        ("1.5Gi", "equals: 1536Mi", YES),
        ("+1", "equals: 1", YES),
        (".5", "equals: 500m", YES),
        ("1.", "equals: 1", YES),
        ("1u", "equals: 1000n", YES),
        ("0", "equals: 0Gi", YES),
        ("10Gi", "in: [5Gi, 10240Mi]", YES),
        ("10Gi", "notIn: [5Gi, 10240Mi]", NO),
        ("10Gi", "notEquals: 10Gi", NO),
        ("10Gi", "gte: 10Gi, lt: 11Gi", YES),
        ("9223372036854775807", "gt: 9223372036854775806", YES),
        ("10 Gi", "gt: 1", UNKNOWN),
        ("1K", "gt: 1", UNKNOWN),
        ("1gi", "gt: 1", UNKNOWN),
        ("ten", "gt: 1", UNKNOWN),
        ("", "gt: 1", UNKNOWN),
        ("1e", "gt: 1", UNKNOWN),
    ] {
        let matcher = format!("field: {{ path: $.v, as: quantity, {rule} }}");
        assert_eq!(
            verdict(&matcher, &format!("{{ v: \"{value}\" }}"), NOW).truth,
            expected,
            "{value} {rule}"
        );
    }
    table(
        "{ v: 2, f: 0.5, big: 12000000000000000000, none: null, yes: true }",
        &[
            ("field: { path: $.v, as: quantity, equals: 2000m }", YES),
            ("field: { path: $.f, as: quantity, equals: 500m }", YES),
            ("field: { path: $.big, as: quantity, gt: 1E }", YES),
            ("field: { path: $.none, as: quantity, gt: 1 }", UNKNOWN),
            ("field: { path: $.none, default: 0, as: quantity, lt: 1m }", YES),
            ("field: { path: $.yes, as: quantity, gt: 1 }", UNKNOWN),
            ("field: { path: $.v, gt: 1Gi }", NO),
        ],
    );
}

#[test]
fn durations_compare_in_every_spelling() {
    for (value, rule, expected) in [
        ("5m", "equals: 300s", YES),
        ("5m0s", "equals: 5m", YES),
        ("1h0m0s", "gt: 59m", YES),
        ("1d", "equals: 24h", YES),
        ("1w", "equals: 7d", YES),
        ("250ms", "lt: 1s", YES),
        ("90m", "equals: 1h30m", YES),
        ("0s", "lte: 0s", YES),
        ("5", "gt: 1s", UNKNOWN),
        ("1.5h", "gt: 1s", UNKNOWN),
        ("-5m", "lt: 1s", UNKNOWN),
        ("5 m", "gt: 1s", UNKNOWN),
        ("forever", "gt: 1s", UNKNOWN),
    ] {
        let matcher = format!("field: {{ path: $.v, as: duration, {rule} }}");
        assert_eq!(
            verdict(&matcher, &format!("{{ v: \"{value}\" }}"), NOW).truth,
            expected,
            "{value} {rule}"
        );
    }
    table("{ v: 300 }", &[("field: { path: $.v, as: duration, gt: 1s }", UNKNOWN)]);
}

#[test]
fn numbers_are_exact_where_they_are_whole() {
    table(
        r#"{ big: 9007199254740993, max: 18446744073709551615, min: -9223372036854775808, f: 1e3, s: "12", t: "1e3", x: "0x10", w: " 7", e: "" }"#,
        &[
            ("field: { path: $.big, equals: 9007199254740993 }", YES),
            ("field: { path: $.big, equals: 9007199254740992 }", NO),
            ("field: { path: $.max, gt: 18446744073709551614 }", YES),
            ("field: { path: $.min, lt: 0, gte: -9223372036854775808 }", YES),
            ("field: { path: $.f, equals: 1000 }", YES),
            ("field: { path: $.s, as: number, gte: 12, lt: 12.5 }", YES),
            ("field: { path: $.s, as: number, equals: \"12\" }", YES),
            ("field: { path: $.t, as: number, equals: 1000 }", YES),
            ("field: { path: $.x, as: number, gt: 1 }", UNKNOWN),
            ("field: { path: $.e, as: number, gt: 1 }", UNKNOWN),
        ],
    );
}

#[test]
fn as_string_reads_every_scalar_as_it_is_written() {
    table(
        r#"{ n: 5, b: true, v: "1.10", w: "1e3", t: b, l: [a] }"#,
        &[
            ("field: { path: $.n, as: string, equals: 5 }", YES),
            ("field: { path: $.n, as: string, equals: \"5\" }", YES),
            ("field: { path: $.b, as: string, in: [\"true\"] }", YES),
            ("field: { path: $.b, as: string, equals: true }", YES),
            ("field: { path: $.v, as: string, equals: 1.10 }", YES),
            ("field: { path: $.v, as: string, equals: 1.1 }", NO),
            ("field: { path: $.w, as: string, equals: 1e3 }", YES),
            ("field: { path: $.n, as: string, glob: \"[0-9]\" }", YES),
            ("field: { path: $.b, as: string, matches: true|false }", YES),
            ("field: { path: $.t, as: string, gt: a, lt: c }", YES),
            ("field: { path: $.l, as: string, equals: a }", UNKNOWN),
            ("field: { path: $.none, as: string, equals: a }", UNKNOWN),
        ],
    );
}

#[test]
fn an_operand_that_could_be_two_types_needs_as_and_one_that_is_none_is_refused() {
    for (operators, expected) in [
        ("gt: 500m", vec![Code::AmbiguousOperand]),
        ("lte: 5m", vec![Code::AmbiguousOperand]),
        ("any: { gt: 500m }", vec![Code::AmbiguousOperand]),
        ("gt: 500m, as: quantity", vec![]),
        ("gt: 500m, as: duration", vec![]),
        ("any: { gt: 500m, as: duration }", vec![]),
        ("as: quantity, any: { gt: 500m }", vec![]),
        ("equals: 500m", vec![Code::AmbiguousOperand]),
        ("equals: \"500m\"", vec![Code::AmbiguousOperand]),
        ("in: [500m, 5m]", vec![Code::AmbiguousOperand]),
        ("notIn: [x, 1Gi]", vec![Code::AmbiguousOperand]),
        ("equals: 500m, as: string", vec![]),
        ("in: [500m, 5m], as: duration", vec![]),
        ("equals: \"500\"", vec![]),
        ("gt: 1Gi", vec![]),
        ("gt: 90s", vec![]),
        ("gt: \"2026-01-01T00:00:00Z\"", vec![]),
        ("gt: many", vec![Code::BadOperand]),
        ("gt: true", vec![Code::BadOperand]),
        ("gt: many, as: string", vec![]),
        ("gt: 6 min, as: duration", vec![Code::BadOperand]),
        ("equals: 1gi, as: quantity", vec![Code::BadOperand]),
        ("in: [1Gi, x], as: quantity", vec![Code::BadOperand]),
        ("equals: soon, as: time", vec![Code::BadOperand]),
        ("equals: x, as: number", vec![Code::BadOperand]),
        ("equals: 0755", vec![Code::AmbiguousOperand]),
        ("equals: 0x1F", vec![Code::AmbiguousOperand]),
        ("equals: 1_000", vec![Code::AmbiguousOperand]),
        ("equals: \"0755\"", vec![]),
        ("equals: yes", vec![]),
        ("gt: 1, as: bytes", vec![Code::BadChoice]),
    ] {
        let lines = format!("match: [ {{ field: {{ path: $.a, {operators} }} }} ]");
        assert_eq!(errors(&lines), expected, "{operators}");
    }
}
