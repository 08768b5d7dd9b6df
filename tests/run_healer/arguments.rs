//! What becomes of the words that the script is given.

use std::fs;
use std::path::Path;

use crate::checkout::{Checkout, PACKS, shells, words};

/// Each means something to a shell that is not careful with it.
fn odd() -> Vec<&'static str> {
    let line =
        "| |a b|  two  |*|?|[a]|~|$HOME|`id`|$(id)|'|\"|it's \"so\"|\\|\\n|-n|-|--mode|observe|--set=a=b c";
    line.split('|').chain(["new\nline", "end\n", "a|b", "ä", "%s", "!", "&", ";", "#"]).collect()
}

#[test]
fn what_it_does_not_know_is_passed_on_word_for_word() {
    let checkout = Checkout::new();
    let odd = &odd()[..];
    for shell in shells() {
        for verb in ["stop", "restart", "status", "logs"] {
            let ran = checkout.run(shell, &[&[verb], odd].concat());
            ran.passed_on(&[&["daemon", verb], odd].concat());
            assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{shell:?}");
        }
        let rules = checkout.packs();
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        for verb in ["start", "run"] {
            let ran = checkout.run(shell, &[&[verb], odd].concat());
            ran.passed_on(&[&["daemon", verb], &rules[..], odd].concat());
        }
    }
}

#[test]
fn what_follows_two_dashes_is_passed_on_even_if_it_knows_it() {
    let checkout = Checkout::new();
    let rest = ["--help", "--foreground", "--", "--source-kubeconfig", "--kubeconfig", ""];
    for shell in shells() {
        let ran = checkout.run(shell, &[&["restart", "before", "--"], &rest[..]].concat());
        ran.passed_on(&[&["daemon", "restart", "before"], &rest[..]].concat());
        checkout.run(shell, &["status", "--"]).passed_on(&["daemon", "status"]);
    }
}

#[test]
fn rules_that_are_given_are_the_only_ones() {
    let checkout = Checkout::new();
    for shell in shells() {
        for given in [
            &["--rules", "a b", "--rules=c"][..],
            &["--rules=a b"],
            &["--rules", "a", "b"],
            &["--mode", "observe", "--rules", "a"],
        ] {
            let ran = checkout.run(shell, &[&["start"], given].concat());
            ran.passed_on(&[&["daemon", "start"], given].concat());
        }
        let ran = checkout.run(shell, &["run", "--", "--rules", "a"]);
        ran.passed_on(&["daemon", "run", "--rules", "a"]);
    }
}

#[test]
fn without_any_rules_the_ones_of_this_folder_are_taken_or_the_packs_and_it_says_which() {
    let checkout = Checkout::new();
    let own = checkout.here("rules.yaml");
    let packs = checkout.packs();
    let one = ["--rules".to_owned(), own.to_str().unwrap().to_owned()];
    for shell in shells() {
        fs::remove_file(&own).ok();
        for rules in [&packs[..], &one] {
            let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
            let ran = checkout.run(shell, &["start"]);
            ran.passed_on(&[&["daemon", "start"], &rules[..]].concat());
            let named: Vec<&str> = rules.iter().copied().filter(|word| *word != "--rules").collect();
            assert!(ran.err.contains(&format!("the rules are {};", named.join(" and "))), "{ran:?}");
            fs::write(&own, "").unwrap();
        }
    }
}

#[test]
fn what_it_takes_where_nothing_is_named_is_shipped_and_deletes_no_namespaces() {
    for pack in PACKS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(pack).join("pack.yaml");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{pack}: {error}"));
        let watches_namespaces =
            |line: &str| line.trim_start().starts_with("watch:") && line.contains("namespaces");
        assert!(!text.lines().any(watches_namespaces), "{pack}");
    }
}

#[test]
fn rules_that_are_configured_are_not_overruled() {
    let checkout = Checkout::new();
    let packs = checkout.packs();
    let packs: Vec<&str> = packs.iter().map(String::as_str).collect();
    let packs = &packs[..];
    fs::write(checkout.here("with.toml"), "log-level = 'debug'\nrules = ['a']\n").unwrap();
    fs::write(checkout.here("without.toml"), "# rules = ['a']\nlog-file = 'rules'\n").unwrap();
    for shell in shells() {
        for (name, value, expected) in [
            ("K8S_HEALER_RULES", "a,b", &[][..]),
            ("K8S_HEALER_RULES", "", packs),
            ("K8S_HEALER_CONFIG", "with.toml", &[]),
            ("K8S_HEALER_CONFIG", "without.toml", packs),
            ("K8S_HEALER_CONFIG", "", packs),
        ] {
            let mut command = checkout.call(shell);
            command.env(name, value);
            checkout.ends(command, &["start"]).passed_on(&[&["daemon", "start"], expected].concat());
        }
        for (flags, expected) in [
            (&["--config", "with.toml"][..], &[][..]),
            (&["--config=with.toml"], &[]),
            (&["--config", "without.toml"], packs),
            (&["--config", "no-such.toml"], packs),
        ] {
            let ran = checkout.run(shell, &[&["start"], flags].concat());
            ran.passed_on(&[&["daemon", "start"], expected, flags].concat());
        }
        for (file, text) in [
            ("k8s-healer.toml", "rules=['a']"),
            ("k8s-healer.yaml", "rules: [a]"),
            ("k8s-healer.yml", "\"rules\": [a]"),
        ] {
            fs::write(checkout.here(file), text).unwrap();
            checkout.run(shell, &["run"]).passed_on(&["daemon", "run"]);
            let ran = checkout.run(shell, &["run", "--no-config"]);
            ran.passed_on(&[&["daemon", "run"], packs, &["--no-config"]].concat());
            fs::remove_file(checkout.here(file)).unwrap();
        }
    }
}

#[test]
fn in_the_foreground_is_another_word_for_run() {
    let checkout = Checkout::new();
    for shell in shells() {
        for arguments in [["start", "--rules", "a", "--foreground"], ["run", "--foreground", "--rules", "a"]]
        {
            checkout.run(shell, &arguments).passed_on(&["daemon", "run", "--rules", "a"]);
        }
        for verb in ["stop", "restart", "status", "logs"] {
            let ran = checkout.run(shell, &[verb, "--foreground"]);
            ran.failed(&format!("--foreground goes with start, not with {verb}"));
        }
    }
}

#[test]
fn its_exit_code_is_that_of_the_command() {
    let checkout = Checkout::new();
    for shell in shells() {
        for code in [0, 1, 2, 77] {
            for verb in ["start", "stop", "restart", "status", "logs", "run"] {
                let mut command = checkout.call(shell);
                command.env("CODE", code.to_string());
                let ran = checkout.ends(command, &[verb]);
                assert_eq!((ran.code, ran.given.is_some()), (Some(code), true), "{shell:?} {verb}: {ran:?}");
            }
        }
    }
}

#[test]
fn the_command_takes_the_place_of_the_script_so_that_signals_reach_it() {
    let checkout = Checkout::new();
    for shell in shells() {
        let mut child = checkout.call(shell).arg("run").spawn().unwrap();
        let id = child.id().to_string();
        assert!(child.wait().unwrap().success());
        assert_eq!(words(&checkout.outside("record")).unwrap()[0], id, "{shell:?}");
    }
}

#[test]
fn a_word_too_few_or_two_that_contradict_each_other_start_nothing() {
    let checkout = Checkout::new();
    fs::write(checkout.here("config"), "kind: Config\n").unwrap();
    for shell in shells() {
        for (arguments, why) in [
            (&["begin"][..], "there is no 'begin': start, stop, restart, status, logs, run or build"),
            (&[""], "there is no ''"),
            (&["--rules", "a", "start"], "there is no '--rules'"),
            (&["start", "--source-kubeconfig"], "which file?"),
            (&["start", "--source-kubeconfig="], "which file?"),
            (&["start", "--source-kubeconfig", ""], "which file?"),
            (&["start", "--source-kubeconfig", "config", "--kubeconfig", "b"], "not both"),
            (&["start", "--source-kubeconfig=config", "--", "--kubeconfig=b"], "not both"),
            (&["stop", "--source-kubeconfig", "config"], "goes with start, restart and run, not with stop"),
            (&["status", "--source-kubeconfig", "config"], "not with status"),
            (&["logs", "--source-kubeconfig=config"], "not with logs"),
        ] {
            checkout.run(shell, arguments).failed(why);
        }
    }
    assert!(!checkout.file(".kubeconfigs").exists());
}
