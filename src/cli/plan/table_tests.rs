//! What a plan looks like.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::rules::{Input, LoadOptions, load};
use crate::simulation::gathering::Gathering;
use crate::simulation::plan::{Question, plan};

const RULES: &str = "
apiVersion: k8s-healer/v1
kind: RulePack
metadata: { name: pack }
rules:
  - { name: old, watch: pods, namespaces: [test-*], match: [ age: { over: 6m } ], actions: [ delete: {} ] }
  - { name: odd, watch: pods, namespaces: [test-*], match: [ phase: Failed ], actions: [ delete: {} ] }
";

/// So many pods, one minute older than the other.
fn report(pods: usize) -> Report {
    report_of(RULES, pods)
}

fn report_of(rules: &str, pods: usize) -> Report {
    let input = Input::Text { name: "rules.yaml".to_owned(), bytes: rules.into() };
    let loaded = load(&[input], &LoadOptions::default());
    let rules = loaded.rule_set.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let mut gathering = Gathering::new(&rules, true);
    for age in 0..pods {
        let created = format!("2026-01-01T11:{:02}:00Z", 59 - age);
        let metadata =
            json!({"name": format!("pod-{age}"), "namespace": "test-a", "creationTimestamp": created});
        gathering.add("v1", "Pod", json!({ "metadata": metadata }));
    }
    let gathered = gathering.finish();
    let (at, within) = ("2026-01-01T12:00:00Z".parse().unwrap(), Duration::from_secs(120));
    let question = Question { at, within, guard: crate::simulation::Guard::default() };
    Report {
        source: Source::Dump { paths: vec!["dump.json".to_owned()] },
        rules,
        mode: Mode::Enforce,
        within,
        plan: plan(gathered.world, gathered.watching, &question),
        notes: vec!["a note\u{1b}[2J".to_owned()],
        incomplete: Vec::new(),
        next: "plan --rules rules.yaml".to_owned(),
    }
}

fn shown(report: &Report, look: Look, cut: bool) -> String {
    let mut out = Vec::new();
    write(report, look, cut, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn each_rule_has_its_rows_and_the_last_lines_the_totals_and_what_is_next() {
    let text = shown(&report(7), Look::PLAIN, false);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "plan of dump.json, 2026-01-01 12:00:00Z and 2m on",
            "",
            "pack/old  pods",
            "  OBJECT        WHEN                ACTION  WHY",
            "  test-a/pod-5  now                 delete  age 6m of 6m",
            "  test-a/pod-6  now                 delete  age 7m of 6m",
            "  test-a/pod-4  in 1m, at 12:01:00  delete  age 6m of 6m",
            "  test-a/pod-3  in 2m, at 12:02:00  delete  age 6m of 6m",
            "",
            "pack/odd  pods",
            "  OBJECT                                                WHEN     ACTION  WHY",
            "  test-a/pod-0, test-a/pod-1, test-a/pod-2, and 4 more  unknown  -       $.status.phase is missing",
            "",
            "note: a note\u{fffd}[2J",
            "2 now, 2 within 2m; 7 unknown; 7 objects looked at",
            "next: k8s-healer plan --rules rules.yaml",
        ]
    );
}

#[test]
fn on_a_terminal_no_line_is_wider_and_of_many_rows_the_first_are_shown() {
    let report = report(40);
    let text = shown(&report, Look { colour: false, width: Some(100) }, true);
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(100), "{text}");
    // All but the six youngest; two of these later.
    assert!(text.contains("… and 15 more now: --format wide shows all"), "{text}");
    assert_eq!(text.matches(" now ").count(), MOST_ROWS, "{text}");
    let wide = shown(&report, Look::PLAIN, false);
    assert!(!wide.contains("more now") && wide.contains("test-a/pod-39"), "{wide}");
}

#[test]
fn what_goes_in_turn_is_told_in_the_order_in_which_it_happens() {
    let limits = "limits: { inFlight: { max: 1 }, order: newest }, actions";
    let text = shown(&report_of(&RULES.replace("actions", limits), 9), Look::PLAIN, false);
    let at = |name: &str| text.find(&format!("test-a/{name}  now")).unwrap_or_else(|| panic!("{text}"));
    assert!(at("pod-5") < at("pod-6") && at("pod-6") < at("pod-7") && at("pod-7") < at("pod-8"), "{text}");
    let oldest = limits.replace("newest", "oldest");
    let text = shown(&report_of(&RULES.replace("actions", &oldest), 9), Look::PLAIN, false);
    let at = |name: &str| text.find(&format!("test-a/{name}  now")).unwrap_or_else(|| panic!("{text}"));
    assert!(at("pod-8") < at("pod-7") && at("pod-7") < at("pod-6"), "{text}");
}

#[test]
fn on_a_narrow_terminal_what_is_told_of_an_object_stands_beneath_it() {
    let report = report(6);
    let text = shown(&report, Look { colour: false, width: Some(80) }, true);
    assert!(text.contains("pack/old  pods\n  test-a/pod-5\n    delete, now: age 6m of 6m\n"), "{text}");
    assert!(text.contains("\n  test-a/pod-4\n    delete, in 1m, at 12:01:00: age 6m of 6m\n"), "{text}");
    assert!(text.contains("and 3 more\n    unknown: $.status.phase is missing\n"), "{text}");
    let text = shown(&report, Look { colour: false, width: Some(30) }, true);
    let lines = text.lines().filter(|line| !line.starts_with("next: "));
    let longest = lines.map(|line| line.chars().count()).max();
    assert!(longest <= Some(30), "{text}");
}

#[test]
fn where_there_is_nothing_to_do_it_says_so() {
    let text = shown(&report(1), Look::PLAIN, false);
    assert!(text.contains("nothing would be done within 2m; 1 unknown; 1 object looked at"), "{text}");
}

#[test]
fn what_becomes_unknown_has_its_moment_in_whatever_form_and_a_number_of_its_own() {
    let rules = RULES.replace("match: [ phase: Failed ]", "match: [ age: { over: 6m }, phase: Failed ]");
    let report = report_of(
        &rules.replace("actions: [ delete: {} ]", "mode: observe, actions: [ label: { a: b } ]"),
        7,
    );
    let text = shown(&report, Look::PLAIN, false);
    let row =
        |cells: &str| text.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") == cells);
    assert!(row("test-a/pod-5, test-a/pod-6 unknown - $.status.phase is missing"), "{text}");
    let later = "test-a/pod-3, test-a/pod-4 unknown in 1m, at 12:01:00 - $.status.phase is missing";
    assert!(row(later), "{text}");
    assert!(text.contains("; 4 only told, 2 unknown, 2 unknown within 2m; 7 objects looked at"), "{text}");
    let narrow = shown(&report, Look { colour: false, width: Some(60) }, true);
    let block = "  test-a/pod-3, test-a/pod-4\n    unknown in 1m, at 12:01:00: $.status.phase is missing\n";
    assert!(narrow.contains(block), "{narrow}");
}
