//! What it says of itself.

use std::fs;

use crate::checkout::{Checkout, shells};

#[test]
fn its_help_names_all_that_it_knows_and_gives_examples() {
    let checkout = Checkout::new();
    for shell in shells() {
        let ran = checkout.run(shell, &["--help"]);
        assert_eq!((ran.code, ran.err.as_str(), ran.given.is_some()), (Some(0), "", false), "{ran:?}");
        for word in [
            "start",
            "stop",
            "restart",
            "status",
            "logs [-f]",
            "run",
            "build",
            "--source-kubeconfig FILE",
            "--foreground",
            "--rules PATH",
            "--kubeconfig FILE",
            "K8S_HEALER_BIN",
            "CARGO_TARGET_DIR",
            ".kubeconfigs/",
            "Examples:",
        ] {
            assert!(ran.out.contains(word), "{word}");
        }
        let widest = ran.out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{widest:?}");
        for arguments in [&["-h"][..], &["help"], &["start", "--help"], &["stop", "-h"], &["build", "--help"]]
        {
            let again = checkout.run(shell, arguments);
            assert_eq!((again.code, &again.out), (Some(0), &ran.out), "{arguments:?}: {again:?}");
            assert!(again.given.is_none() && again.cargo.is_none(), "{arguments:?}");
        }
    }
}

#[test]
fn without_a_word_it_helps_too_but_has_not_done_what_it_was_called_for() {
    let checkout = Checkout::new();
    for shell in shells() {
        let none: [&str; 0] = [];
        let ran = checkout.run(shell, &none);
        ran.failed("Examples:");
    }
}

/// What it needs is in the help's own examples too: each of them gets as far as k8s-healer.
#[test]
fn the_examples_of_its_help_work() {
    let checkout = Checkout::new();
    let shell = shells()[0];
    let help = checkout.run(shell, &["--help"]).out;
    let examples = help.split_once("Examples:\n").unwrap().1;
    fs::create_dir(checkout.outside(".kube")).unwrap();
    fs::write(checkout.outside(".kube/test"), "kind: Config\n").unwrap();
    let mut count = 0;
    for line in examples.lines().filter_map(|line| line.trim().strip_prefix("run-healer.sh ")) {
        let command = line.split("  ").next().unwrap();
        let home = checkout.outside("").to_str().unwrap().to_owned();
        let words: Vec<String> = command.split(' ').map(|word| word.replace("~/", &home)).collect();
        let ran = checkout.run(shell, &words);
        assert_eq!((ran.code, ran.given.is_some()), (Some(0), true), "{words:?}: {ran:?}");
        count += 1;
    }
    assert!(count >= 4, "{examples}");
}
