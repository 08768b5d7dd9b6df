//! Completions load in the shells that are here and complete; manual pages are there for every command.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_k8s-healer"))
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn script(folder: &Path, shell: &str, name: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, said(program().args(["completions", shell]))).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn bash_loads_them_and_completes_commands_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let script = script(folder.path(), "bash", "k8s-healer.bash");
    let complete = |words: &str, index: usize| {
        let lines = format!(
            "set -e; source '{script}'; how=$(complete -p k8s-healer); how=${{how#*-F }}; COMP_WORDS=({words}); \
             COMP_CWORD={index}; \"${{how%% *}}\" k8s-healer \"${{COMP_WORDS[{index}]}}\" \
             \"${{COMP_WORDS[{}]}}\" || true; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            index - 1
        );
        said(Command::new("bash").args(["--norc", "-c", &lines]))
    };
    assert_eq!(complete("k8s-healer vali", 1).trim(), "validate-rules");
    let verbs = complete("k8s-healer daemon st", 2);
    for verb in ["start", "status", "stop"] {
        assert!(verbs.lines().any(|line| line == verb), "{verbs}");
    }
    let codes = complete("k8s-healer validate-rules --explain bad-d", 3);
    assert_eq!(codes.trim(), "bad-duration");
    let modes = complete("k8s-healer daemon run --mode ''", 4);
    assert!(modes.lines().any(|line| line == "dry-run"), "{modes}");
}

#[test]
fn zsh_loads_them() {
    if Command::new("zsh").arg("--version").output().is_err() {
        eprintln!("skipped: completions in zsh, because there is no zsh");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    script(folder.path(), "zsh", "_k8s-healer");
    let lines = format!(
        "fpath=('{}' $fpath); autoload -Uz compinit; compinit -u -D; print -r -- $_comps[k8s-healer]; \
         autoload +X _k8s-healer && print -r -- loaded",
        folder.path().display()
    );
    let loaded = said(Command::new("zsh").args(["-f", "-c", &lines]));
    assert_eq!(loaded.lines().collect::<Vec<_>>(), ["_k8s-healer", "loaded"]);
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    said(program().arg("man").arg(&pages));
    for name in ["k8s-healer", "k8s-healer-validate-rules", "k8s-healer-daemon-start", "k8s-healer-doctor"] {
        let page = fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".TH"), "{name}");
    }
    for page in fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().path()) {
        assert!(fs::read_to_string(&page).unwrap().is_ascii(), "{}", page.display());
    }
    let of_tests = fs::read_to_string(pages.join("k8s-healer-test-rules.1")).unwrap();
    assert!(of_tests.contains("`test \\[u203A] case`"), "what is not ASCII is there as an escape");
    let own = said(program().arg("man"));
    assert!(own.contains("validate\\-rules") && own.is_ascii());
    let nowhere = program().args(["man", "/dev/null/man1"]).output().unwrap();
    let told = String::from_utf8(nowhere.stderr).unwrap();
    assert!(nowhere.status.code() == Some(2) && told.contains("/dev/null/man1 cannot be written"), "{told}");
}

#[test]
fn a_synopsis_says_what_a_command_takes_and_what_it_must_have() {
    let folder = tempfile::tempdir().unwrap();
    said(program().args(["man", folder.path().to_str().unwrap()]));
    for (page, synopsis) in [
        ("k8s-healer", "\\fBk8s\\-healer\\fR [OPTIONS] <COMMAND>"),
        ("k8s-healer-plan", "\\fBk8s\\-healer plan\\fR [OPTIONS] \\-\\-rules <PATH>..."),
        ("k8s-healer-daemon", "\\fBk8s\\-healer daemon\\fR [OPTIONS] <COMMAND>"),
        ("k8s-healer-completions", "\\fBk8s\\-healer completions\\fR [OPTIONS] <SHELL>"),
    ] {
        let text = fs::read_to_string(folder.path().join(format!("{page}.1"))).unwrap();
        assert!(text.contains(&format!(".SH SYNOPSIS\n{synopsis}\n")), "{text}");
    }
}
