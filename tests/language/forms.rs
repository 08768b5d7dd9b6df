//! The forms of values as a person writes them in YAML: what is accepted, what is refused and by which code.

use super::*;

fn check(matcher: &str, cases: &[(&str, Option<Code>)]) {
    for (value, expected) in cases {
        let lines = format!("match: [ {{ {} }} ]", matcher.replace("VALUE", value));
        assert_eq!(errors(&lines), expected.iter().copied().collect::<Vec<_>>(), "{lines}");
    }
}

#[test]
fn durations_have_units_largest_first_and_nothing_else() {
    let bad = Some(Code::BadDuration);
    check(
        "age: { over: VALUE }",
        &[
            ("90s", None),
            ("6m", None),
            ("1h30m", None),
            ("2d", None),
            ("1w", None),
            ("250ms", None),
            ("0s", None),
            ("1w2d3h4m5s6ms", None),
            ("36500d", None),
            ("\"6m\"", None),
            ("36500d1s", bad),
            ("99999999999999999999s", bad),
            ("6", bad),
            ("0", bad),
            ("-6m", bad),
            ("+6m", bad),
            ("6 min", bad),
            ("\" 6m\"", bad),
            ("6M", bad),
            ("1.5h", bad),
            ("1m1h", bad),
            ("1m2m", bad),
            ("1s500", bad),
            ("5y", bad),
            ("PT6M", bad),
            ("\"\"", bad),
            ("true", bad),
            ("[6m]", Some(Code::WrongType)),
            ("{}", Some(Code::WrongType)),
            ("", Some(Code::WrongType)),
            ("null", Some(Code::WrongType)),
            ("{ valueFrom: $.a }", None),
        ],
    );
}

#[test]
fn counts_have_an_operator_and_a_whole_number() {
    let bad = Some(Code::BadCount);
    check(
        "field: { path: $.l, size: VALUE }",
        &[
            ("\">= 3\"", None),
            ("\">=3\"", None),
            ("\"> 0\"", None),
            ("\"== 1\"", None),
            ("\"< 5\"", None),
            ("\"<= 5\"", None),
            ("\"!= 0\"", None),
            ("== 1", None),
            ("3", bad),
            ("\"= 3\"", bad),
            ("\"=> 3\"", bad),
            ("\"> -1\"", bad),
            ("\"> 1.5\"", bad),
            ("\">\"", bad),
            ("\"> three\"", bad),
            ("\"> 1 < 5\"", bad),
            ("\"< 0\"", Some(Code::NeverTrue)),
        ],
    );
}

#[test]
fn globs_match_the_whole_string_and_excludes_win_wherever_they_stand() {
    for (globs, yes, no) in [
        ("test-*", "test-a.b/c", "latest-a"),
        ("[\"test-*\", \"!test-x\"]", "test-y", "test-x"),
        ("[\"!test-x\", \"test-*\"]", "test-y", "test-x"),
        ("[\"!*-x\", \"*\"]", "a", "b-x"),
        ("pod-?", "pod-☃", "pod-10"),
        ("\"v[1-3]\"", "v2", "v4"),
        ("\"[abc]x\"", "bx", "dx"),
        ("a.b", "a.b", "axb"),
        ("a(b", "a(b", "ab"),
        ("\"*\"", "", "-"),
        ("A*", "Ab", "ab"),
    ] {
        let matches = |name: &str| {
            verdict(
                &format!("name: {{ glob: {globs} }}"),
                &format!("{{ metadata: {{ name: \"{name}\" }} }}"),
                NOW,
            )
            .truth
        };
        assert_eq!(matches(yes), YES, "{globs} {yes}");
        assert!(globs == "\"*\"" || matches(no) == NO, "{globs} {no}");
    }
    let bad = Some(Code::BadGlob);
    check(
        "name: { glob: VALUE }",
        &[
            ("\"!a\"", bad),
            ("[\"!a\", \"!b\"]", bad),
            ("\"[\"", bad),
            ("\"[]\"", bad),
            ("\"[z-a]\"", bad),
            ("\"a]\"", bad),
            ("\"\"", bad),
            ("\"!\"", bad),
            ("[]", Some(Code::EmptyList)),
            ("", Some(Code::WrongType)),
            ("{ a: b }", Some(Code::WrongType)),
            ("[ [a] ]", Some(Code::WrongType)),
        ],
    );
}

#[test]
fn expressions_match_the_whole_string_and_are_bounded() {
    for (pattern, yes, no) in [
        ("test", "test", "latest"),
        ("a|b", "b", "ab"),
        (".*x.*", "axb", "ab"),
        ("(?i)failed", "FAILED", "failed2"),
        ("^a$", "a", "ba"),
        ("\\d+", "12", "a12"),
    ] {
        let matches = |name: &str| {
            verdict(
                &format!("name: {{ matches: '{pattern}' }}"),
                &format!("{{ metadata: {{ name: \"{name}\" }} }}"),
                NOW,
            )
            .truth
        };
        assert_eq!((matches(yes), matches(no)), (YES, NO), "{pattern}");
    }
    let bad = Some(Code::BadRegex);
    check(
        "name: { matches: VALUE }",
        &[
            ("\"(\"", bad),
            ("'a)(b'", bad),
            ("'[z-a]'", bad),
            ("\"*a\"", bad),
            ("'a{2,1}'", bad),
            ("'(?=a)'", bad),
            ("'(a)\\1'", bad),
            ("'(\\w{100}){100}'", bad),
            ("'[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'", None),
            ("[a]", Some(Code::WrongType)),
        ],
    );
}

#[test]
fn one_string_stands_for_a_list_of_one_but_not_for_in() {
    for (matcher, expected) in [
        ("phase: Failed", None),
        ("phase: [Failed]", None),
        ("owner: { kind: Job }", None),
        ("finalizers: { any: a/b }", None),
        ("containers: { waiting: A }", None),
        ("containers: { exitCodes: 1 }", None),
        ("condition: { type: Ready, status: \"False\" }", None),
        ("age: { over: 1h, since: $.a }", None),
        ("field: { path: $.a, in: Failed }", Some(Code::WrongType)),
        ("field: { path: $.a, notIn: Failed }", Some(Code::WrongType)),
        ("field: { path: $.a, any: { in: Failed } }", Some(Code::WrongType)),
        ("field: { path: $.a, in: [] }", Some(Code::EmptyList)),
        ("field: { path: $.a, in: [ [a] ] }", Some(Code::WrongType)),
        ("field: { path: $.a, in: [ null ] }", Some(Code::WrongType)),
        ("annotations: { key: a, in: b }", Some(Code::WrongType)),
        ("annotations: { key: a, in: [] }", Some(Code::EmptyList)),
        ("annotations: { key: a, in: [b] }", None),
        ("phase: []", Some(Code::EmptyList)),
        ("phase: { a: b }", Some(Code::WrongType)),
    ] {
        let found = errors(&format!("match: [ {{ {matcher} }} ]"));
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{matcher}");
    }
}

#[test]
fn yaml_s_own_readings_of_scalars_do_no_harm() {
    let object = r#"{ metadata: { labels: { version: "1.10", on: "yes", oct: "0755", sci: "1e3", date: "2026-01-01" } }, status: { phase: "On" } }"#;
    table(
        object,
        &[
            ("labels: { matchLabels: { version: 1.10 } }", YES),
            ("labels: { matchLabels: { on: yes } }", YES),
            ("labels: { matchLabels: { oct: 0755 } }", YES),
            ("labels: { matchLabels: { sci: 1e3 } }", YES),
            ("labels: { matchLabels: { date: 2026-01-01 } }", YES),
            ("labels: { matchLabels: { 'on': 'yes' } }", YES),
            ("phase: On", YES),
            ("phase: [Off, On]", YES),
            ("field: { path: $.metadata.labels.date, equals: 2026-01-01 }", YES),
            ("field: { path: $.metadata.labels.on, equals: yes }", YES),
        ],
    );
    check(
        "labels: { matchLabels: { app: VALUE } }",
        &[
            ("", Some(Code::WrongType)),
            ("null", Some(Code::WrongType)),
            ("[a]", Some(Code::WrongType)),
            ("\"\"", None),
        ],
    );
}
