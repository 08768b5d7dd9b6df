//! `test-rules`: what holds holds, what differs is shown as the snapshots say, and what is wrong with a test is
//! told where it stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod odd;

use std::fs;
use std::path::{Path, PathBuf};

use k8s_healer::cli::diagnostics::Style;
use k8s_healer::cli::test_rules::{Arguments, Format, test};
use k8s_healer::cli::validate_rules;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Exit status, output and notes.
fn run(arguments: &Arguments) -> (u8, String, String) {
    run_with(arguments, Style::PLAIN, "")
}

fn run_with(arguments: &Arguments, style: Style, stdin: &str) -> (u8, String, String) {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let status = test(arguments, style, stdin.as_bytes(), None, &mut out, &mut notes).unwrap();
    let root = format!("{}/", env!("CARGO_MANIFEST_DIR"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&root, "");
    (status, text(out), text(notes))
}

fn of(name: &str) -> Arguments {
    Arguments { paths: vec![path(name)], ..Arguments::default() }
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(path("tests/test_rules/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_cases_that_show_how_the_world_is_played_hold() {
    let (status, out, notes) = run(&of("tests/test_rules/holding"));
    assert!(status == 0 && notes.is_empty(), "{out}{notes}");
    assert!(out.contains("71 cases in 19 files: 71 passed"), "{out}");
}

#[test]
fn the_tests_of_the_shipped_packs_hold() {
    let (status, out, notes) = run(&Arguments { fail_under: Some(100.0), ..of("rules") });
    assert_eq!(status, 0, "{out}{notes}");
}

#[test]
fn what_differs_is_shown_on_a_time_line() {
    let (status, out, _) = run(&Arguments { coverage: true, ..of("tests/test_rules/failing") });
    assert_eq!(status, 1);
    snapshot("failing", &out);
    let style = Style { colour: true, ..Style::PLAIN };
    let one = Arguments { filter: Some("told otherwise".to_owned()), ..of("tests/test_rules/failing") };
    snapshot("failing-in-colour", &run_with(&one, style, "").1.replace('\u{1b}', "␛"));
}

#[test]
fn every_format_tells_the_same() {
    for (name, format) in [("tap", Format::Tap), ("junit", Format::Junit), ("json", Format::Json)] {
        let arguments = Arguments {
            format,
            coverage: true,
            filter: Some("old".to_owned()),
            ..of("tests/test_rules/failing")
        };
        let (status, out, _) = run(&arguments);
        assert_eq!(status, 1, "{name}");
        snapshot(name, &out);
    }
}

#[test]
fn a_verbose_run_shows_what_was_done_in_cases_that_hold() {
    let arguments = Arguments { verbose: true, ..of("tests/test_rules/holding/held.yaml") };
    snapshot("verbose", &run(&arguments).1);
}

#[test]
fn what_is_wrong_with_a_test_is_told_where_it_stands_and_the_others_run() {
    let (status, out, _) = run(&of("tests/test_rules/wrong"));
    assert_eq!(status, 1);
    snapshot("wrong", &out);
}

/// The reports of mistakes, which stand before the first line that tells of a case.
fn reports(out: &str) -> Vec<&str> {
    let mistakes = out.split("\n✗ ").next().unwrap();
    mistakes.split("\n\n").filter(|part| part.contains('×') || part.contains('─')).collect()
}

#[test]
fn what_is_wrong_with_a_test_is_found_by_validate_rules_too() {
    for file in ["names", "set", "rules"] {
        let file = format!("tests/test_rules/wrong/{file}.yaml");
        let (_, out, _) = run(&of(&file));
        let expected = reports(&out);
        let arguments = validate_rules::Arguments { paths: vec![path(&file)], ..Default::default() };
        let mut found = Vec::new();
        let status = validate_rules::check(&arguments, Style::PLAIN, std::io::empty(), &mut found).unwrap();
        let found =
            String::from_utf8(found).unwrap().replace(&format!("{}/", env!("CARGO_MANIFEST_DIR")), "");
        assert!(status == 1 && !expected.is_empty(), "{file}");
        for report in expected {
            assert!(found.contains(report), "{file}: {report}\n{found}");
        }
    }
}

#[test]
fn for_a_program_the_mistakes_of_files_are_told_beside_its_document() {
    let (status, out, notes) = run(&Arguments { format: Format::Json, ..of("tests/test_rules/wrong") });
    assert_eq!(status, 1);
    assert!(
        serde_json::from_str::<serde_json::Value>(&out).is_ok() && notes.contains("unknown-object"),
        "{out}"
    );
}

#[test]
fn a_file_with_mistakes_is_an_error_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.test.yaml");
    fs::write(&broken, "apiVersion: k8s-healer/v1\nkind: RuleTest\nmetadata: { name: a }\ncase: []\n")
        .unwrap();
    let whole = path("tests/test_rules/holding/held.yaml");
    for (paths, cases) in [(vec![broken.clone()], 0), (vec![broken.clone(), whole], 9)] {
        let told = |format| {
            let (status, out, notes) =
                run(&Arguments { format, paths: paths.clone(), ..Arguments::default() });
            assert_eq!(status, 1, "{out}{notes}");
            out
        };
        let (tap, junit) = (told(Format::Tap), told(Format::Junit));
        assert!(tap.starts_with(&format!("TAP version 14\n1..{}\nnot ok 1 - ", cases + 1)), "{tap}");
        assert!(tap.contains("broken.test.yaml: the file has mistakes\n  ---\n  at: "), "{tap}");
        let counts = format!("tests=\"{}\" failures=\"0\" errors=\"1\"", cases + 1);
        assert!(junit.contains(&counts) && junit.contains("<error message=\"`case` is no key"), "{junit}");
        let json: serde_json::Value = serde_json::from_str(&told(Format::Json)).unwrap();
        assert_eq!(json["summary"]["broken"], 1, "{json}");
        assert_eq!(json["cases"][0]["status"], "broken", "{json}");
        let text = told(Format::Text);
        assert!(text.contains("1 file with mistakes") && text.contains("(it has mistakes)"), "{text}");
    }
}

#[test]
fn where_there_is_no_test_it_says_so() {
    for (arguments, told) in [
        (of("rules/pods/pack.yaml"), "there is no test"),
        (
            Arguments { filter: Some("no such title".to_owned()), ..of("tests/test_rules/holding") },
            "--filter leaves out all",
        ),
    ] {
        let (status, _, notes) = run(&arguments);
        assert!(status == 2 && notes.contains(told), "{notes}");
    }
    let (status, out, _) = run(&of("tests/test_rules/nowhere.yaml"));
    // Where the line is broken hangs on how long the path of the checkout is.
    let told = out.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(status == 2 && told.contains("there is no such file or folder"), "{out}");
    assert!(told.matches("cannot read").count() == 1 && told.ends_with("1 path not read"), "{out}");
}

#[test]
fn a_test_from_standard_input_has_its_rules_in_itself_or_names_them() {
    let pack = path("rules/pods");
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: RuleTest\nmetadata: {{ name: a }}\nrules: {}\ncases:\n\
         - {{ name: b, now: 2026-01-01T00:00:00Z, timeline: [ {{ at: 1m, expect: nothing }} ] }}\n",
        pack.display()
    );
    let arguments = Arguments { paths: vec!["-".into()], ..Arguments::default() };
    let (status, out, _) = run_with(&arguments, Style::PLAIN, &text);
    assert!(status == 0 && out.contains("1 case in 1 file: 1 passed"), "{out}");
    let text = fs::read_to_string(path("tests/test_rules/holding/held.yaml")).unwrap();
    let (status, out, _) = run_with(&arguments, Style::PLAIN, &text);
    assert_eq!(status, 0, "{out}");
}

#[test]
fn validate_rules_says_nothing_of_rules_that_it_cannot_find() {
    let text = fs::read_to_string(path("tests/test_rules/wrong/names.yaml")).unwrap();
    let (pack, test) = text.split_once("---\n").unwrap();
    let validate = |text: &str| {
        let arguments = validate_rules::Arguments { paths: vec!["-".into()], ..Default::default() };
        let mut out = Vec::new();
        let status = validate_rules::check(&arguments, Style::PLAIN, text.as_bytes(), &mut out).unwrap();
        (status, String::from_utf8(out).unwrap())
    };
    assert_eq!(validate(test), (0, "ok: 1 file, 5 cases\n".to_owned()));
    let (status, out) = validate(&format!("{pack}---\n{test}"));
    assert!(status == 1 && out.contains("no rule under test is called `faild`"), "{out}");
}

#[test]
fn what_differs_is_shown_however_much_is_as_expected() {
    let pods = |name: &str, count: usize| -> String {
        let pod = |n| {
            format!(
                "      - {{ apiVersion: v1, kind: Pod, metadata: {{ name: {name}-{n}, namespace: test-a }}, status: {{ phase: Failed }} }}\n"
            )
        };
        (0..count).map(pod).collect()
    };
    let expected: String =
        (0..250).map(|n| format!("          - {{ delete: pods/test-a/p-{n} }}\n")).collect();
    let text = format!(
        "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: p }}\nrules:\n  - {{ name: r, watch: pods, \
         namespaces: [test-*], match: [ phase: Failed ], for: 1m, actions: [ delete: {{}} ] }}\n---\n\
         apiVersion: k8s-healer/v1\nkind: RuleTest\nmetadata: {{ name: t }}\ncases:\n  - name: late\n    \
         now: 2026-01-01T00:00:00Z\n    objects:\n{}    timeline:\n      - at: 1m\n        expect:\n{expected}      \
         - {{ at: 2m, expect: {{ delete: pods/test-a/p-1 }} }}\n  - name: many\n    now: 2026-01-01T00:00:00Z\n    objects:\n{}    \
         timeline: [ {{ at: 3m, expect: nothing }} ]\n",
        pods("p", 250),
        pods("q", 230),
    );
    let run = |format| {
        run_with(&Arguments { format, paths: vec!["-".into()], ..Arguments::default() }, Style::PLAIN, &text)
            .1
    };
    let shown = run(Format::Text);
    assert!(shown.contains("    2m - delete pods/test-a/p-1\n"), "{shown}");
    assert!(
        shown.contains("… 51 more that do not differ") && shown.contains("… 30 more that differ"),
        "{shown}"
    );
    let document: serde_json::Value = serde_json::from_str(&run(Format::Json)).unwrap();
    assert_eq!(document["cases"][0]["message"], "at 2m, not done: delete pods/test-a/p-1");
}

#[test]
fn what_has_no_end_is_told_in_every_form_however_much_it_did_before() {
    let pack = fs::read_to_string(path("tests/test_rules/failing/endless.yaml")).unwrap();
    let text = pack.replace("    actions:", "    for: 1m\n    actions:").replace("until: 1h", "until: 60d");
    for format in [Format::Text, Format::Json, Format::Tap, Format::Junit] {
        let arguments = Arguments { format, paths: vec!["-".into()], ..Arguments::default() };
        let (status, out, _) = run_with(&arguments, Style::PLAIN, &text);
        let told =
            "rules endless/flip and endless/flop came to no end on configmaps/test-a/a after 12000 times";
        assert!(status == 1 && out.contains(told), "{format:?}: {out}");
        let message = out.contains(&format!("from 16d16h1m on: {told}"));
        assert_eq!(message, format != Format::Text, "{format:?}: {out}");
    }
}

#[test]
fn too_little_coverage_fails_and_says_so() {
    let arguments = Arguments { fail_under: Some(99.0), ..of("tests/test_rules/holding") };
    let (status, out, notes) = run(&arguments);
    assert!(status == 1 && notes.contains("less than 99%"), "{out}{notes}");
    let arguments = Arguments { fail_under: Some(10.0), ..of("tests/test_rules/holding") };
    assert_eq!(run(&arguments).0, 0);
    for (least, tap, json) in [
        (
            99.0,
            "\nnot ok 72 - coverage: at least 99% of the rules\n  ---\n  message: \"the tests show ",
            "false",
        ),
        (10.0, "\nok 72 - coverage: at least 10% of the rules\n# coverage: ", "true"),
    ] {
        let with = |format| Arguments { fail_under: Some(least), format, ..of("tests/test_rules/holding") };
        let (_, out, _) = run(&with(Format::Tap));
        assert!(out.contains("\n1..72\n") && out.contains(tap), "{out}");
        let (_, out, _) = run(&with(Format::Json));
        let document: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(document["coverage"]["failUnder"], least);
        assert_eq!(document["coverage"]["reached"].to_string(), json);
    }
}

/// A pack in a folder with its tests, and one beside its test.
#[test]
fn the_packs_under_test_are_those_that_the_test_lies_with() {
    let folder = tempfile::tempdir().unwrap();
    let pack = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: NAME }\nrules:\n- { name: old, watch: pods, \
                namespaces: t-*, match: [ age: { over: 1h }, owner: { exists: false } ], actions: [ delete: {} ] }\n";
    let test_of = |rule: &str| {
        format!(
            "apiVersion: k8s-healer/v1\nkind: RuleTest\nmetadata: {{ name: a }}\ncases:\n- name: old\n  now: 2026-01-01T01:00:00Z\n  \
             objects: [ {{ apiVersion: v1, kind: Pod, name: p, namespace: t-a, metadata: {{ creationTimestamp: 2026-01-01T00:00:00Z }} }} ]\n  \
             timeline: [ {{ at: 0s, expect: {{ delete: pods/t-a/p, rule: {rule} }} }} ]\n"
        )
    };
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("one/pack.yaml", &pack.replace("NAME", "one"));
    write("one/tests/deep/down/a.yaml", &test_of("one/old"));
    write("one/tests/deep/down/fixture.yaml", "apiVersion: v1\nkind: Pod\n");
    write("two/rules.yaml", &pack.replace("NAME", "two"));
    write("two/rules.test.yaml", &test_of("two/old"));
    write("two/pod.yaml", "apiVersion: v1\nkind: Pod\n");
    for name in ["", "one", "one/tests/deep/down/a.yaml", "two", "two/rules.test.yaml"] {
        let arguments = Arguments { paths: vec![folder.path().join(name)], ..Arguments::default() };
        let (status, out, notes) = run(&arguments);
        assert_eq!(status, 0, "{name}: {out}{notes}");
    }
    // However it is written, what is beside a test holds.
    let guard = r#"{ apiVersion: k8s-healer/v1, "kind": Guardrails, metadata: { name: g }, protect: { namespaces: [t-a] } }"#;
    write("two/guard.yaml", guard);
    let arguments = Arguments { paths: vec![folder.path().join("two")], ..Arguments::default() };
    let (status, out, notes) = run(&arguments);
    assert!(status == 1 && out.contains("held"), "{out}{notes}");
}

#[test]
fn the_example_of_the_documentation_holds() {
    let text = fs::read_to_string(path("docs/testing.md")).unwrap();
    let blocks = text.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap());
    let folder = tempfile::tempdir().unwrap();
    for block in blocks {
        let name = block.lines().next().unwrap().strip_prefix("# ").unwrap();
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, block).unwrap();
    }
    let paths = vec![folder.path().join("rules")];
    let (status, out, notes) = run(&Arguments { paths, ..Arguments::default() });
    assert!(status == 0 && out.contains("1 case in 1 file: 1 passed"), "{out}{notes}");
}

#[test]
fn a_pack_without_tests_counts_as_one_of_which_nothing_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let pack = |name: &str| {
        format!(
            "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: {name} }}\nrules:\n  - {{ name: r, watch: pods, \
             namespaces: [test-*], match: [ phase: Failed ], for: 1m, actions: [ delete: {{}} ] }}\n"
        )
    };
    let test = "apiVersion: k8s-healer/v1\nkind: RuleTest\nmetadata: { name: a }\ncases:\n  - name: c\n    now: 2026-01-01T00:00:00Z\n    \
        objects:\n      - { apiVersion: v1, kind: Pod, metadata: { name: x, namespace: test-a }, status: { phase: Failed } }\n      \
        - { apiVersion: v1, kind: Pod, metadata: { name: y, namespace: test-a }, status: { phase: Running } }\n    \
        timeline: [ { at: 1m, expect: [ { delete: pods/test-a/x } ] } ]\n";
    for (path, text) in
        [("a/pack.yaml", pack("a")), ("a/tests/a.yaml", test.to_owned()), ("b/pack.yaml", pack("b"))]
    {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let with = |path: &str| Arguments { coverage: true, fail_under: Some(100.0), ..of(path) };
    let all = folder.path().to_str().unwrap();
    let (status, out, notes) = run(&with(all));
    assert!(status == 1 && out.contains("b/r") && notes.contains("less than 100%"), "{out}{notes}");
    let (status, out, _) = run(&with(&format!("{all}/a")));
    assert!(status == 0 && !out.contains("b/r"), "{out}");
}

#[test]
fn tests_that_stand_for_themselves_may_call_their_guardrails_and_overrides_alike() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        let text = format!(
            "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: p }}\nrules:\n  - {{ name: r, watch: pods, namespaces: [test-*], \
             match: [ phase: Failed ], for: 1m, actions: [ delete: {{}} ] }}\n---\napiVersion: k8s-healer/v1\nkind: Guardrails\n\
             metadata: {{ name: team }}\nprotect: {{ namespaces: [test-{name}] }}\n---\napiVersion: k8s-healer/v1\nkind: RuleTest\n\
             metadata: {{ name: {name} }}\ncases:\n  - name: c\n    now: 2026-01-01T00:00:00Z\n    objects:\n      - {{ apiVersion: v1, \
             kind: Pod, metadata: {{ name: x, namespace: test-{name} }}, status: {{ phase: Failed }} }}\n    timeline: [ {{ at: 1m, \
             expect: [ {{ held: pods/test-{name}/x, by: protection }} ] }} ]\n"
        );
        std::fs::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
    }
    let (status, out, notes) = run(&of(folder.path().to_str().unwrap()));
    assert!(status == 0 && notes.is_empty(), "{out}{notes}");
}
