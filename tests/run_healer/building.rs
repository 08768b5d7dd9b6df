//! When the binary is built, and what happens if it cannot be.

use std::fs;
use std::process::Command;

use crate::checkout::{Checkout, Shell, shells};

/// Nobody has named a binary.
fn call(checkout: &Checkout, shell: Shell) -> Command {
    let mut command = checkout.call(shell);
    command.env_remove("K8S_HEALER_BIN");
    command
}

/// A binary of this second.
fn built_at(checkout: &Checkout, second: u64) {
    let binary = checkout.file("target/release/k8s-healer");
    fs::create_dir_all(binary.parent().unwrap()).unwrap();
    // By a program: see `Checkout::new`.
    let fake = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run_healer/fake-k8s-healer");
    assert!(Command::new("cp").arg(fake).arg(&binary).status().unwrap().success());
    checkout.is_of("target/release/k8s-healer", second);
}

fn cargo_call(checkout: &Checkout, target: &str, more: &[&str]) -> Vec<String> {
    let (here, target) = (checkout.file(""), checkout.file(target));
    let here = here.to_str().unwrap().trim_end_matches('/');
    let usual = [here, "build", "--release", "--target-dir", target.to_str().unwrap()];
    [&usual, more].concat().into_iter().map(str::to_owned).collect()
}

#[test]
fn a_binary_that_is_missing_is_built_in_the_folder_of_the_script_and_then_run() {
    for shell in shells() {
        for verb in ["start", "restart", "run"] {
            let checkout = Checkout::new();
            let ran = checkout.ends(call(&checkout, shell), &[verb, "--rules", "a"]);
            ran.passed_on(&["daemon", verb, "--rules", "a"]);
            assert_eq!(ran.cargo, Some(cargo_call(&checkout, "target", &[])));
            let binary = checkout.file("target/release/k8s-healer");
            assert!(ran.err.contains(&format!("there is no {} yet", binary.display())), "{ran:?}");
            assert!(ran.err.contains("cargo build --release"), "{ran:?}");
        }
    }
}

#[test]
fn a_binary_that_is_older_than_a_source_is_built_anew_and_it_says_than_which() {
    let checkout = Checkout::new();
    for shell in shells() {
        for source in ["src/deep/main.rs", "Cargo.toml", "Cargo.lock"] {
            built_at(&checkout, 200);
            let ran = checkout.ends(call(&checkout, shell), &["run"]);
            assert_eq!((ran.code, ran.cargo), (Some(0), None), "nothing is newer");
            checkout.is_of(source, 300);
            let ran = checkout.ends(call(&checkout, shell), &["run"]);
            assert_eq!(
                (ran.code, ran.cargo),
                (Some(0), Some(cargo_call(&checkout, "target", &[]))),
                "{source}"
            );
            assert!(ran.err.contains(&format!("is older than {source}")), "{}", ran.err);
            checkout.is_of(source, 100);
        }
    }
}

#[test]
fn to_stop_a_daemon_nothing_is_built() {
    let checkout = Checkout::new();
    for shell in shells() {
        for verb in ["stop", "status", "logs"] {
            fs::remove_dir_all(checkout.file("target")).ok();
            let ran = checkout.ends(call(&checkout, shell), &[verb]);
            ran.failed("there is no");
            assert_eq!(ran.cargo, None);
            built_at(&checkout, 1);
            let ran = checkout.ends(call(&checkout, shell), &[verb]);
            ran.passed_on(&["daemon", verb]);
            assert_eq!(ran.cargo, None);
        }
    }
}

#[test]
fn without_cargo_or_when_cargo_fails_nothing_is_started_not_even_an_old_binary() {
    let checkout = Checkout::new();
    for shell in shells() {
        for second in [None, Some(1)] {
            fs::remove_dir_all(checkout.file("target")).ok();
            if let Some(second) = second {
                built_at(&checkout, second);
            }
            let mut command = call(&checkout, shell);
            command.env("CARGO_CODE", "101");
            checkout.ends(command, &["start"]).failed("cargo could not build k8s-healer");
        }
        let cargo = checkout.bin().join("cargo");
        fs::rename(&cargo, checkout.outside("cargo")).unwrap();
        for verb in ["start", "restart", "run", "build"] {
            checkout
                .ends(call(&checkout, shell), &[verb])
                .failed("there is no cargo on the PATH; install Rust");
        }
        fs::rename(checkout.outside("cargo"), &cargo).unwrap();
    }
}

#[test]
fn the_target_folder_is_the_one_that_cargo_would_take() {
    for shell in shells() {
        let checkout = Checkout::new();
        let absolute = checkout.outside("else where");
        for folder in ["here and now", absolute.to_str().unwrap()] {
            let mut command = call(&checkout, shell);
            command.env("CARGO_TARGET_DIR", folder);
            let ran = checkout.ends(command, &["run"]);
            assert_eq!(
                (ran.code, ran.cargo),
                (Some(0), Some(cargo_call(&checkout, folder, &[]))),
                "{folder}"
            );
            let mut command = call(&checkout, shell);
            command.env("CARGO_TARGET_DIR", folder);
            checkout.ends(command, &["stop"]).passed_on(&["daemon", "stop"]);
        }
        assert!(!checkout.file("target").exists());
    }
}

#[test]
fn build_builds_whatever_there_is_and_hands_its_options_to_cargo() {
    let checkout = Checkout::new();
    for shell in shells() {
        built_at(&checkout, 1000);
        let ran = checkout.ends(call(&checkout, shell), &["build", "--locked", "--", "a b"]);
        assert_eq!((ran.code, ran.given), (Some(0), None));
        assert_eq!(ran.cargo, Some(cargo_call(&checkout, "target", &["--locked", "a b"])));
    }
}

#[test]
fn a_binary_that_is_named_is_taken_as_it_is() {
    let checkout = Checkout::new();
    let fake = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run_healer/fake-k8s-healer");
    std::os::unix::fs::symlink(fake, checkout.bin().join("healer-of-the-path")).unwrap();
    std::os::unix::fs::symlink(fake, checkout.here("healer")).unwrap();
    fs::write(checkout.here("text"), "").unwrap();
    for shell in shells() {
        let with = |binary: &str, verb: &str| {
            let mut command = checkout.call(shell);
            command.env("K8S_HEALER_BIN", binary);
            checkout.ends(command, &[verb])
        };
        for binary in ["healer-of-the-path", "./healer", fake] {
            let ran = with(binary, "start");
            assert_eq!((ran.code, ran.given.is_some(), ran.cargo), (Some(0), true, None), "{binary}");
        }
        for binary in ["/nowhere/healer", "no-such-healer", "./text", "/"] {
            with(binary, "start").failed(&format!("K8S_HEALER_BIN: {binary} cannot be run"));
        }
        let ran = with(fake, "build");
        ran.failed("there is nothing to build");
        assert_eq!(ran.cargo, None);
    }
}

#[test]
fn a_script_without_its_sources_says_what_to_do() {
    let checkout = Checkout::new();
    fs::remove_file(checkout.file("Cargo.toml")).unwrap();
    for shell in shells() {
        let ran = checkout.ends(call(&checkout, shell), &["start"]);
        ran.failed("name a binary by K8S_HEALER_BIN");
        assert_eq!(ran.cargo, None);
    }
}
