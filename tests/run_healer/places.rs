//! Where the script finds itself, whoever calls it from wherever.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::checkout::{Checkout, program, shells};

/// The packs beside the script are what it finds only if it finds itself.
#[track_caller]
fn finds_itself(checkout: &Checkout, command: std::process::Command) {
    let packs = checkout.packs();
    let packs: Vec<&str> = packs.iter().map(String::as_str).collect();
    checkout.ends(command, &["start"]).passed_on(&[&["daemon", "start"], &packs[..]].concat());
}

#[test]
fn it_finds_itself_by_any_path_and_through_links() {
    let checkout = Checkout::new();
    fs::create_dir(checkout.outside("links")).unwrap();
    symlink("../the check out/run-healer.sh", checkout.outside("links/near")).unwrap();
    symlink(checkout.outside("links/near"), checkout.here("far")).unwrap();
    symlink("the check out", checkout.outside("folder")).unwrap();
    for shell in shells() {
        let sh = program(shell[0]).unwrap();
        for path in
            ["../links/near", "far", "./far", "../folder/run-healer.sh", "../the check out/run-healer.sh"]
        {
            let mut command = checkout.call_by(&sh);
            command.args(&shell[1..]).arg(path);
            finds_itself(&checkout, command);
        }
        let mut command = checkout.call_by(&sh);
        command.args(&shell[1..]).arg("run-healer.sh").current_dir(checkout.file(""));
        finds_itself(&checkout, command);
    }
}

#[test]
fn it_finds_itself_on_the_path_and_is_run_without_naming_a_shell() {
    let checkout = Checkout::new();
    finds_itself(&checkout, checkout.call_by(&checkout.script()));
    symlink("../the check out/run-healer.sh", checkout.bin().join("run-healer")).unwrap();
    for shell in shells() {
        let mut command = checkout.call_by(&program(shell[0]).unwrap());
        command.args(&shell[1..]).args(["-c", "exec run-healer \"$@\"", "sh"]);
        finds_itself(&checkout, command);
        // This one looks for scripts on the PATH too, and tells them but the name.
        if shell[0] == "bash" {
            let mut command = checkout.call_by(&program("bash").unwrap());
            command.args(&shell[1..]).arg("run-healer");
            finds_itself(&checkout, command);
        }
    }
}

#[test]
fn what_the_caller_has_set_for_cd_leads_it_nowhere_else() {
    let checkout = Checkout::new();
    fs::create_dir_all(checkout.outside("trap/check out")).unwrap();
    symlink("../the check out", checkout.here("check out")).unwrap();
    for shell in shells() {
        let mut command = checkout.call_by(&program(shell[0]).unwrap());
        command.args(&shell[1..]).arg("check out/run-healer.sh").env("CDPATH", checkout.outside("trap"));
        finds_itself(&checkout, command);
    }
}

#[test]
fn it_asks_no_program_beyond_those_of_every_system() {
    let checkout = Checkout::new();
    assert!(!checkout.bin().join("git").exists());
    fs::write(checkout.here("config"), "kind: Config\n").unwrap();
    for shell in shells() {
        let mut command = checkout.call(shell);
        command.env_remove("K8S_HEALER_BIN");
        let ran = checkout.ends(command, &["start", "--source-kubeconfig", "config"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.err.contains("not found"), "{ran:?}");
        fs::remove_dir_all(checkout.file("target")).unwrap();
        fs::remove_dir_all(checkout.file(".kubeconfigs")).unwrap();
    }
}

#[test]
fn every_shell_script_is_checked_by_the_line_of_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let line = readme.lines().find(|line| line.starts_with("shellcheck ")).expect("a line with shellcheck");
    let mut checked: Vec<&str> = line.split(' ').skip(1).collect();
    checked.sort_unstable();
    let mut scripts = vec![".ci/run".to_owned(), "run-healer.sh".to_owned()];
    for entry in fs::read_dir(root.join("scripts")).unwrap() {
        scripts.push(format!("scripts/{}", entry.unwrap().file_name().display()));
    }
    scripts.sort_unstable();
    assert_eq!(checked, scripts);
}
