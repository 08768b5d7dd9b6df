//! `cel`, and ages that count from what an expression says.

use super::*;

const POD: &str = r#"{ metadata: { name: web-0, labels: { app: web, a.b/c: x } }, spec: { replicas: 3 },
    status: { phase: Failed, started: "2026-01-01T11:00:00Z", conditions: [
        { type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:30:00Z" },
        { type: Other, status: "True", lastTransitionTime: "2026-01-01T10:00:00Z" } ] } }"#;

#[test]
fn an_expression_stands_under_its_name() {
    table(
        POD,
        &[
            ("cel: object.status.phase == 'Failed'", YES),
            ("cel: \"object.status.phase == 'Running'\"", NO),
            ("cel: \"object.status.none == 'Running'\"", UNKNOWN),
            ("cel: \"has(object.status.none) && object.status.none == 1\"", NO),
            ("cel: \"object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'False')\"", YES),
            ("cel: \"object.metadata.labels['a.b/c'] == 'x'\"", YES),
            ("cel: object.spec.replicas", UNKNOWN),
            ("cel: \"true\"", YES),
        ],
    );
    let several =
        rule("match:\n- cel: |\n    object.spec.replicas > 2\n    && object.status.phase == 'Failed'");
    assert_eq!(judge(&several, &object(POD), NOW).truth, YES);
    let spared = rule("unless: [ { cel: object.status.none > 1 } ]\nmatch: [ { phase: Failed } ]");
    assert_eq!(judge(&spared, &object(POD), NOW).truth, NO, "what is unknown spares");
    assert!(spared.failed() > 0, "and is counted");
}

#[test]
fn an_age_counts_from_what_an_expression_says() {
    let ready = "object.status.conditions.filter(c, c.type == 'Ready')[0].lastTransitionTime";
    let age = |over: &str, cel: &str| {
        verdict(&format!("age: {{ over: {over}, since: {{ cel: \"{cel}\" }} }}"), POD, NOW)
    };
    let due = age("30m", ready);
    assert_eq!((due.truth, due.changes_at, due.holds_since), (YES, None, None));
    let early = age("31m", ready);
    assert_eq!((early.truth, early.changes_at), (NO, Some(at("12:01:00"))));
    for unknown in ["object.status.none", "object.status.phase", "object.spec.replicas", "true", "1 / 0"] {
        assert_eq!(age("1s", unknown).truth, UNKNOWN, "{unknown}");
    }
    // A timestamp is one as it is, and a number where the rule asks for such.
    let later = age("20m", &format!("timestamp({ready}) + duration('10m')"));
    assert_eq!((later.truth, later.changes_at), (YES, None));
    assert_eq!(age("21m", &format!("timestamp({ready}) + duration('10m')")).changes_at, Some(at("12:01:00")));
    for unknown in ["duration('10m')", "[timestamp('2026-01-01T00:00:00Z')]", "1767225600"] {
        assert_eq!(age("1s", unknown).truth, UNKNOWN, "{unknown}");
    }
    let epoch = "age: { over: 12h1m, since: { cel: \"1767225500 + 100\" }, formats: [epoch] }";
    let epoch = verdict(epoch, "{}", NOW);
    assert_eq!((epoch.truth, epoch.changes_at), (NO, Some(at("12:01:00"))));
    let date = "age: { over: 1d, since: { cel: \"'2025-12-31'\" }, formats: [date] }";
    assert_eq!(verdict(date, "{}", NOW).truth, YES);
}

#[test]
fn what_is_no_expression_is_refused() {
    for (matcher, code) in [
        ("cel: object.status.phase ==", Code::BadCel),
        ("cel: \"\"", Code::BadCel),
        ("cel: now > object.status.startTime", Code::BadCel),
        ("cel: \"self.spec.replicas > 1\"", Code::BadCel),
        ("cel: \"object.a.all(a, object.b.all(b, object.c.all(c, true)))\"", Code::BadCel),
        ("cel: \"object.a.matches(object.b)\"", Code::BadCel),
        ("cel: \"quantity(object.a).isGreaterThan(quantity('1Gi'))\"", Code::BadCel),
        ("cel: [object.a]", Code::WrongType),
        ("cel: { expression: object.a }", Code::WrongType),
        ("cel:", Code::WrongType),
        ("age: { over: 1h, since: { cel: \"object.\" } }", Code::BadCel),
        ("age: { over: 1h, since: { cle: object.a } }", Code::UnknownKey),
        ("age: { over: 1h, since: {} }", Code::MissingKey),
        ("age: { over: { cel: object.a } }", Code::WrongType),
    ] {
        assert_eq!(errors(&format!("match: [ {{ {matcher} }} ]")), [code], "{matcher}");
    }
    let long = format!("match: [ {{ cel: \"object.a == '{}'\" }} ]", "x".repeat(2_000));
    assert_eq!(errors(&long), [Code::BadCel]);
}
