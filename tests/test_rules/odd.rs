//! Tests that are odd and could pass for the wrong reason: what they mean is told, or is refused where it stands.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use k8s_healer::cluster::clock::Clock;

use super::{Arguments, Format, Style, of, run_with, test};

const PACK: &str = r#"
apiVersion: k8s-healer/v1
kind: RulePack
metadata: { name: pack }
parameters: { hold: 1m, mark: "yes" }
rules:
  - name: steps
    watch: pods
    namespaces: [test-*]
    match: [ phase: Failed ]
    for: "${hold}"
    actions: [ label: { stale: "${mark}" }, label: { after: 1m, stale: "${mark}" }, log: { after: 1m, message: hi }, delete: { after: 2m } ]
---
apiVersion: k8s-healer/v1
kind: RuleTest
metadata: { name: odd }
cases:
  - name: one
    now: 2026-01-01T00:00:00Z
"#;

/// What comes of one case, of which the rest is given, each line at its own depth.
fn case(rest: &str) -> (u8, String) {
    let lines: String = rest.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("{PACK}{lines}");
    let arguments = Arguments { paths: vec!["-".into()], ..Arguments::default() };
    let (status, out, notes) = run_with(&arguments, Style::PLAIN, &text);
    (status, format!("{out}{notes}"))
}

const FAILED: &str =
    "objects: [ { apiVersion: v1, kind: Pod, name: a, namespace: test-a, status: { phase: Failed } } ]";

#[test]
fn nothing_and_something_at_one_moment_do_not_both_hold() {
    for steps in [
        "{ at: 1m, expect: nothing }, { at: 1m, expect: { label: pods/test-a/a } }",
        "{ at: 1m, expect: { label: pods/test-a/a } }, { at: 60s, expect: nothing }",
        "{ at: 1m, expect: { label: pods/test-a/a, mode: enforce } }, { at: 1m, facts: {} }, { at: 1m, expect: nothing }",
    ] {
        let (status, out) = case(&format!("{FAILED}\ntimeline: [ {steps} ]"));
        assert!(status == 1 && out.contains("`nothing` is expected here, and something"), "{steps}: {out}");
    }
    // What is due at the very moment has happened by then.
    let (status, out) = case(&format!("{FAILED}\ntimeline: [ {{ at: 1m, expect: nothing }} ]"));
    assert!(status == 1 && out.contains("+ label pods/test-a/a"), "{out}");
    let (status, out) = case(&format!("{FAILED}\ntimeline: [ {{ at: 59s, expect: nothing }} ]"));
    assert_eq!(status, 0, "{out}");
    // What is held back is not done.
    let kept = FAILED.replace(
        "namespace: test-a",
        "namespace: test-a, metadata: { labels: { k8s-healer.io/protect: x } }",
    );
    let steps = "{ at: 1m, expect: { held: pods/test-a/a } }, { at: 1m, expect: nothing }";
    let (status, out) = case(&format!("{kept}\ntimeline: [ {steps} ]"));
    assert_eq!(status, 0, "{out}");
}

#[test]
fn a_value_that_is_set_and_an_object_refer_to_no_parameter() {
    let fine = "timeline: [ { at: 0s, expect: nothing } ]";
    for (set, at) in
        [("{ mark: \"${hold}\" }", "${hold}"), ("{ pack.mark: [ a, \"x-${hold}\" ] }", "x-${hold}")]
    {
        let (status, out) = case(&format!("set: {set}\n{fine}"));
        assert!(status == 1 && out.contains("a parameter cannot refer to a parameter"), "{out}");
        assert!(out.contains(&format!("set: {set}")) && out.contains(at), "{out}");
    }
    let refused = "nothing is put in for `${mark}` in an object of a test";
    let marked = FAILED.replace("Failed", "\"${mark}\"");
    let patch = "{ at: 0s, patch: { object: pods/test-a/a, merge: { spec: { args: [ \"${mark}\" ] } } } }";
    let facts = "{ at: 0s, facts: { nodes: { n: { metadata: { labels: { a: \"${mark}\" } } } } } }";
    for rest in [
        format!("{marked}\n{fine}"),
        format!("{FAILED}\ntimeline: [ {patch} ]"),
        format!("{FAILED}\ntimeline: [ {facts} ]"),
    ] {
        let (status, out) = case(&rest);
        assert!(status == 1 && out.contains(refused) && out.contains("`$${mark}`"), "{out}");
    }
    // What a shell writes stays as it is, and so does what is escaped, without the sign that escapes it.
    let meant = FAILED
        .replace("Failed", "\"$${Failed}\"")
        .replace("status", "spec: { args: [ \"a ${HOME}\" ] }, status");
    let (status, out) = case(&format!("{meant}\n{fine}"));
    assert_eq!(status, 0, "{out}");
}

#[test]
fn facts_that_name_nothing_are_nothing_that_happens_and_an_empty_list_is_told_to_be_nothing() {
    for facts in ["{}", "{ nodes: {} }", "{ nodes: {}, namespaces: {} }"] {
        let (status, out) = case(&format!("timeline: [ {{ at: 0s, facts: {facts} }} ]"));
        assert_eq!(status, 0, "{facts}: {out}");
    }
    let (status, out) = case("timeline: [ { at: 0s, facts: } ]");
    assert!(status == 1 && out.contains("`facts`"), "{out}");
    let (status, out) = case("timeline: [ { at: 0s, expect: [] } ]");
    assert!(status == 1 && out.contains("write `expect: nothing`"), "{out}");
}

/// All cases have this time line: label at 1m, a second label at 2m that changes nothing, log at 3m, delete at 5m.
fn of_steps(expected: &[(&str, &str)]) -> (u8, String) {
    let step = |(at, what): &(&str, &str)| format!("  - {{ at: {at}, expect: {{ {what} }} }}\n");
    let steps: String = expected.iter().map(step).collect();
    case(&format!("{FAILED}\ntimeline:\n{steps}until: 1h"))
}

const ALL: [(&str, &str); 3] = [
    ("1m", "label: pods/test-a/a, step: 1"),
    ("3m", "log: pods/test-a/a, step: 3"),
    ("5m", "delete: pods/test-a/a, step: 4"),
];

#[test]
fn a_step_that_changes_nothing_is_not_done_and_is_told_of() {
    let (status, out) = of_steps(&ALL);
    assert_eq!(status, 0, "{out}");
    let text = format!(
        "{PACK}    {FAILED}\n    timeline:\n{}",
        ALL.map(|(at, what)| format!("    - {{ at: {at}, expect: {{ {what} }} }}\n")).concat()
    );
    let arguments = Arguments { paths: vec!["-".into()], verbose: true, ..Arguments::default() };
    let (_, out, _) = run_with(&arguments, Style::PLAIN, &text);
    let told = "2m   nothing to do: label pods/test-a/a by pack/steps, step 2: the object is as the step would leave it";
    assert!(out.contains(told), "{out}");

    let nothing = "has nothing to do: the object is as the step would leave it";
    let [label, log, delete] = ALL;
    let (status, out) = of_steps(&[label, ("2m", "label: pods/test-a/a, step: 2"), log, delete]);
    assert!(status == 1 && out.contains(&format!("step 2 of steps {nothing}")), "{out}");
    let (status, out) = of_steps(&[label, ("90s", "label: pods/test-a/a, step: 2"), log, delete]);
    assert!(status == 1 && out.contains(&format!("; step 2 comes at 2m and {nothing}")), "{out}");
}

#[test]
fn a_step_at_another_time_is_told_with_the_time_at_which_it_is_done() {
    let [label, log, delete] = ALL;
    let at = |at: &'static str, (_, what): (&'static str, &'static str)| (at, what);
    for (expected, told) in [
        (
            vec![at("30s", label), log, delete],
            "steps is true of it, and waits for 1m; it is done at 1m, 30s later",
        ),
        (vec![at("2m", label), log, delete], "it is done at 1m, 1m before"),
        (
            vec![label, at("90s", log), delete],
            "steps has done its step 1, label, at 1m; step 2, label, comes 1m after that; it is done at 3m, 1m30s later",
        ),
        (
            vec![label, at("150s", log), delete],
            "step 2 of steps had nothing to do at 2m; step 3, log, comes 1m after that; it is done at 3m, 30s later",
        ),
        (
            vec![label, log, at("6m", delete)],
            "it is not there any more: pack/steps has done its delete at 5m\n",
        ),
        (
            vec![label, log, at("4m", delete)],
            "steps has done its step 3, log, at 3m; step 4, delete, comes 2m after that; it is done at 5m, 1m later",
        ),
        (
            vec![label, ("4m", "log: pods/test-a/a, step: 2"), delete],
            "the steps of steps are 1 label, 2 label, 3 log, 4 delete; it is done at 3m, 1m before, step 3, not 2",
        ),
        (vec![label, ("3m", "log: pods/test-a/a, step: 2"), delete], "    step 3, not 2\n"),
        (vec![label, log, delete, ("5m", "evict: pods/test-a/a")], "not there any more"),
        (vec![label, ("2m", "evict: pods/test-a/a"), log, delete], "the steps of steps are 1 label,"),
    ] {
        let (status, out) = of_steps(&expected);
        assert!(status == 1 && out.contains(told), "{told}\n{out}");
    }
    let kept = FAILED.replace(
        "namespace: test-a",
        "namespace: test-a, metadata: { labels: { k8s-healer.io/protect: x } }",
    );
    let (status, out) =
        case(&format!("{kept}\ntimeline: [ {{ at: 2m, expect: {{ label: pods/test-a/a }} }} ]"));
    let told = "steps is held back since 1m: protected by the label k8s-healer.io/protect";
    assert!(status == 1 && out.contains(told), "{out}");
}

#[test]
fn what_fails_in_cel_is_told_with_each_case() {
    let pack = PACK.replace("match: [ phase: Failed ]", "match: [ cel: \"object.spec.x == 'a'\" ]");
    let timeline = "    timeline: [ { at: 1m, patch: { object: pods/test-a/a, merge: { spec: { y: b } } } }, { at: 2m, expect: nothing } ]\n";
    let text = format!("{pack}    {FAILED}\n{timeline}");
    let run = |format: Format, verbose: bool, text: &str| {
        let arguments = Arguments { paths: vec!["-".into()], verbose, format, ..Arguments::default() };
        run_with(&arguments, Style::PLAIN, text)
    };
    let (status, out, _) = run(Format::Text, true, &text);
    assert!(status == 0 && out.contains("  2 cel evaluations of pack/steps failed (unknown)\n"), "{out}");
    let (_, out, _) = run(Format::Text, false, &text);
    assert!(!out.contains("cel"), "{out}");
    let (_, out, _) = run(Format::Json, false, &text);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["cases"][0]["celFailures"], serde_json::json!([{"rule": "pack/steps", "count": 2}]));
    // Who waits for what is unknown wants to know it, too.
    let (_, out, _) = run(Format::Text, false, &text.replace("nothing", "{ label: pods/test-a/a }"));
    assert!(out.contains("2 cel evaluations of pack/steps failed (unknown)"), "{out}");
}

/// A quarter of a second goes by with each look at it.
#[derive(Debug, Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0.fetch_add(250, Ordering::Relaxed)).unwrap()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[test]
fn junit_tells_what_took_how_long_and_too_little_coverage_as_a_test_that_fails() {
    let junit = |fail_under: Option<f64>, clock: Option<&dyn Clock>| {
        let arguments =
            Arguments { format: Format::Junit, fail_under, ..of("tests/test_rules/holding/held.yaml") };
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let status = test(&arguments, Style::PLAIN, std::io::empty(), clock, &mut out, &mut notes).unwrap();
        (status, String::from_utf8(out).unwrap())
    };
    let (status, timed) = junit(None, Some(&Ticking::default()));
    let cases = timed.matches("<testcase").count();
    let seconds = |quarters: usize| format!(" time=\"{}.{:03}\"", quarters / 4, quarters % 4 * 250);
    assert_eq!(timed.matches(&format!("\"{}/>", seconds(1))).count(), cases, "{timed}");
    assert!(
        status == 0 && timed.contains(&format!("errors=\"0\"{}>\n    <testcase", seconds(cases))),
        "{timed}"
    );
    assert!(timed.contains(&format!("errors=\"0\"{}>\n  <testsuite", seconds(2 * cases + 1))), "{timed}");
    assert!(!junit(None, None).1.contains("time=") && !timed.contains("coverage"));

    let (status, short) = junit(Some(100.0), None);
    let failed = format!("<testsuites name=\"k8s-healer test-rules\" tests=\"{}\" failures=\"1\"", cases + 1);
    assert!(status == 1 && short.contains(&failed), "{short}");
    let told = "name=\"at least 100% of the rules\">\n      <failure message=\"the tests show ";
    assert!(short.contains(told) && short.contains("less than 100%\">pack/"), "{short}");
    let (status, enough) = junit(Some(1.0), None);
    assert!(status == 0 && enough.contains("name=\"at least 1% of the rules\"/>"), "{enough}");
    assert!(enough.contains("<testsuite name=\"coverage\" tests=\"1\" failures=\"0\""), "{enough}");
}

/// What stands under `bases`, and a pod made of it.
fn of_base(base: &str) -> (u8, String) {
    let pack = PACK.replace("cases:", &format!("bases: {{ pod: {base} }}\ncases:"));
    let rest = "    objects: [ { base: pod, name: a } ]\n    timeline: [ { at: 1m, expect: { label: pods/test-a/a } } ]\n";
    let arguments = Arguments { paths: vec!["-".into()], ..Arguments::default() };
    let (status, out, notes) = run_with(&arguments, Style::PLAIN, &format!("{pack}{rest}"));
    (status, format!("{out}{notes}"))
}

#[test]
fn a_base_is_written_as_an_object_is_and_begins_with_no_other_wherever_it_stands() {
    let (status, out) =
        of_base("{ apiVersion: v1, kind: Pod, namespace: test-a, status: { phase: Failed } }");
    assert_eq!(status, 0, "{out}");
    let (status, out) = of_base("{ base: other, kind: Pod }");
    assert!(status == 1 && out.contains("a base begins with no other: `base` stands in it"), "{out}");
    let objects = "objects: [ { base: { base: pod, kind: Pod }, name: a } ]";
    let (status, out) = case(&format!("{objects}\ntimeline: [ {{ at: 0s, expect: nothing }} ]"));
    assert!(status == 1 && out.contains("a base begins with no other: `base` stands in it"), "{out}");
}

#[test]
fn what_happens_in_a_step_happens_in_the_order_in_which_it_is_written() {
    let again = "apply: { apiVersion: v1, kind: Pod, name: a, namespace: test-a, status: { phase: Failed } }";
    let steps = |step: &str, then: &str| {
        case(&format!("{FAILED}\ntimeline: [ {{ at: 30s, {step} }}, {{ at: 90s, expect: {then} }} ]"))
    };
    let (status, out) = steps(&format!("remove: pods/test-a/a, {again}"), "{ label: pods/test-a/a }");
    assert_eq!(status, 0, "{out}");
    let (status, out) = steps(&format!("{again}, remove: pods/test-a/a"), "nothing");
    assert_eq!(status, 0, "{out}");
}

#[test]
fn objects_that_no_server_has_are_told_with_what_to_write() {
    let fine = "timeline: [ { at: 0s, expect: nothing } ]";
    let object = |rest: &str| format!("objects: [ {{ apiVersion: v1, kind: Pod, {rest} }} ]\n{fine}");
    for (rest, told) in [
        (object("metadata: { generateName: a-, namespace: test-a }"), "write `name` as the"),
        (object("generateName: a-, namespace: test-a"), "write `name` as the"),
        (object("name: 7, namespace: test-a"), "put the name into quotes"),
        (object("name: a/b, namespace: test-a"), "no object is called `a/b`"),
        (object("name: .., namespace: test-a"), "no object is called `..`"),
        (object("name: a, namespace: test-a, metadata: [ a ]"), "`metadata` must be a mapping"),
        (
            "timeline: [ { at: 0s, expect: [ nothing ] } ]".to_owned(),
            "write `expect: nothing`, without a list",
        ),
    ] {
        let (status, out) = case(&rest);
        let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(status == 1 && words.contains(told), "{told}: {out}");
    }
    let late = PACK.replace("2026-01-01T00:00:00Z", "9999-12-30T00:00:00Z");
    let arguments = Arguments { paths: vec!["-".into()], ..Arguments::default() };
    let rest = "    timeline: [ { at: 52w, expect: nothing } ]\n";
    let (status, out, _) = run_with(&arguments, Style::PLAIN, &format!("{late}{rest}"));
    assert!(status == 1 && out.contains("there is no moment 364d after 9999-12-30T00:00:00Z"), "{out}");
    let unnamed = PACK.replace("name: one", "name:");
    let (_, out, _) = run_with(&arguments, Style::PLAIN, &format!("{unnamed}    {fine}\n"));
    assert!(out.contains("case 1: `name` must be a string"), "{out}");
}
