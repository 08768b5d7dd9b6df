//! Tests that are odd and could pass for the wrong reason: what they mean is told, or is refused where it stands.

use super::{Arguments, Style, run_with};

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
