//! `validate-rules` as a process: its streams, its options and its exit status.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use assert_cmd::Command;
use assert_cmd::assert::Assert;

const SOUND: &str = "rules/kubevirt-ui";

fn validate(arguments: &[&str], stdin: &str) -> Assert {
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("validate-rules").args(arguments);
    // No cluster is asked: there is none at this address.
    command.env("KUBECONFIG", "/nonexistent").env("LC_ALL", "C.UTF-8").write_stdin(stdin).assert()
}

fn printed(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

#[test]
fn sound_rules_end_with_0_and_one_line() {
    let assert = validate(&[SOUND, "rules/pods/pack.yaml", "rules"], "").code(0);
    // The pack that was named is in the folder too, and counts once.
    assert_eq!(printed(&assert), "ok: 7 files, 31 rules\n");
    assert_eq!(printed(&validate(&["--quiet", SOUND], "").code(0)), "");
}

#[test]
fn mistakes_end_with_1_and_are_shown_without_colours_in_a_pipe() {
    let mistakes = std::fs::read_to_string("tests/validate/three-mistakes.yaml").unwrap();
    let text = printed(&validate(&["-", SOUND], &mistakes).code(1));
    assert!(text.contains("rule `vm-stale`: `6 min` is not a duration"), "{text}");
    assert!(text.contains("[standard input:9:22]"), "{text}");
    assert!(text.contains("\n2 files, 10 rules: 3 errors\n"), "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn the_last_line_says_once_where_more_can_be_read() {
    let mistakes = std::fs::read_to_string("tests/validate/three-mistakes.yaml").unwrap();
    let hint = "\nfor more: k8s-healer validate-rules --explain bad-duration\n";
    let text = printed(&validate(&["-"], &mistakes).code(1));
    assert!(text.ends_with(hint) && text.matches("--explain").count() == 1, "{text}");
    assert!(!printed(&validate(&["--quiet", "-"], &mistakes).code(1)).contains("--explain"));
}

#[test]
fn every_format_goes_to_standard_output_with_the_same_exit_status() {
    let mistakes = std::fs::read_to_string("tests/validate/three-mistakes.yaml").unwrap();
    for (format, begin) in
        [("text", "bad-duration\n"), ("json", "{\n"), ("github", "::error "), ("sarif", "{\n")]
    {
        let text = printed(&validate(&["--format", format, "-"], &mistakes).code(1).stderr(""));
        assert!(text.starts_with(begin), "{text}");
        validate(&["--format", format, SOUND], "").code(0).stderr("");
        validate(&["--format", format, "rules/none.yaml"], "").code(2).stderr("");
    }
    validate(&["--format", "xml", SOUND], "").code(2);
}

#[test]
fn a_code_is_explained_without_a_path() {
    let page = printed(&validate(&["--explain", "bad-duration"], "").code(0));
    assert!(page.starts_with("bad-duration (error)\n\nNot a duration such as `6m`.\n"), "{page}");
    assert!(page.contains("\nHow to mend it\n") && page.contains("\n      - age: { over: 6m }\n"), "{page}");
    assert!(!page.contains('\u{1b}') && !page.contains("```"), "{page}");
    let list = printed(&validate(&["--explain"], "").code(0));
    assert!(
        list.lines().any(|line| line.starts_with("all-namespaces ") && line.contains(" warning ")),
        "{list}"
    );
    let all = printed(&validate(&["--explain", "all"], "").code(0));
    assert!(all.contains(&page) && all.len() > 10_000);
}

#[test]
fn a_code_that_is_not_there_ends_with_2_and_the_nearest_one() {
    let assert = validate(&["--explain", "bad-durration"], "").code(2).stdout("");
    let text = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(text, "k8s-healer: there is no code `bad-durration`; did you mean `bad-duration`?\n");
    validate(&["--explain", "bad-duration", SOUND], "").code(2);
}

#[test]
fn a_parameter_that_no_pack_has_ends_with_1() {
    let text = printed(&validate(&["--set", "kubevirt-ui.stalAge=1h", SOUND], "").code(1));
    assert!(text.contains("did you mean `staleAge`?"), "{text}");
    validate(&["--set", "staleAge=1h", SOUND], "").code(0);
}

#[test]
fn a_path_that_is_not_there_and_a_wrong_usage_end_with_2() {
    let text = printed(&validate(&["rules/none.yaml", SOUND], "").code(2));
    assert!(text.contains("there is no such file or folder"), "{text}");
    validate(&[], "").code(2);
    validate(&["--no-such-option", SOUND], "").code(2);
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_k8s-healer"));
    command.args(["validate-rules", "-"]).env("LC_ALL", "C").write_stdin("a: [\n");
    assert!(printed(&command.assert().code(1)).is_ascii());
}
