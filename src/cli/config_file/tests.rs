use std::path::PathBuf;

use clap::{Arg, ArgAction, value_parser};

use super::*;

const FOLDER: &str = "/etc/healer";

/// A command line with a flag of each sort.
fn command() -> Command {
    let path = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(PathBuf));
    let levels = ["error", "info", "debug"];
    let run = Command::new("run").args([
        path("rules").action(ArgAction::Append).required(true),
        path("kubeconfig"),
        Arg::new("set").long("set").action(ArgAction::Append),
        Arg::new("level").long("log-level").value_name("LEVEL").value_parser(levels).default_value("info"),
        Arg::new("keep").long("log-keep").value_name("COUNT").value_parser(value_parser!(u32)),
        Arg::new("watch").long("no-watch").action(ArgAction::SetTrue),
        Arg::new("internal").long("internal").hide(true),
    ]);
    let stop = Command::new("stop").args([path("kubeconfig"), path("pid-file")]);
    Command::new("k8s-healer").subcommand(Command::new("daemon").subcommand(run).subcommand(stop))
}

/// What a text sets, each key with its arguments; or its mistakes, one line each.
fn checked(name: &str, text: &str) -> Result<Vec<(String, Vec<String>)>, Vec<String>> {
    let mut sources = Sources::default();
    let parse = if name == "toml" { toml::read } else { flat::read };
    let id = accept(&mut sources, "file", text.as_bytes()).unwrap();
    let keys = check::Keys::of(&command());
    let checked = parse(id, text).and_then(|settings| check::check(settings, &keys, Path::new(FOLDER)));
    let words =
        |values: Vec<OsString>| values.into_iter().map(|value| value.into_string().unwrap()).collect();
    let told = |mistake: &Diagnostic| {
        let span = mistake.place.unwrap().span;
        let (line, column) = sources.get(id).unwrap().position(span.start);
        let (label, help, there) = (&mistake.label, &mistake.help, &text[span.start..span.end]);
        format!("{line}:{column} `{there}` {mistake}|{label}|{help}")
    };
    checked
        .map(|values| values.into_iter().map(|(key, values)| (key, words(values))).collect())
        .map_err(|mistakes| mistakes.iter().map(told).collect())
}

fn mistake(name: &str, text: &str) -> String {
    let mistakes = checked(name, text).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    mistakes[0].clone()
}

#[test]
fn both_languages_set_the_same() {
    let toml = "rules = [\"a.yaml\", \"/b\"]\nlog-level = \"debug\"\nset = ['p.age=6m']\nkubeconfig = \"../k\"\n\
                log-keep = 3\nno-watch = true\n";
    let yaml = "rules: [a.yaml, /b]\nlog-level: debug\nset:\n- p.age=6m\nkubeconfig: ../k\nlog-keep: 3\n\
                no-watch: true\n";
    let set = checked("toml", toml).unwrap();
    assert_eq!(set, checked("yaml", yaml).unwrap());
    let shown: Vec<String> = set.iter().map(|(key, values)| format!("{key} {}", values.join(" "))).collect();
    assert_eq!(
        shown,
        [
            "kubeconfig /etc/healer/../k",
            "log-keep 3",
            "log-level debug",
            "no-watch true",
            "rules /etc/healer/a.yaml /b",
            "set p.age=6m",
        ]
    );
}

#[test]
fn one_value_is_a_list_of_one() {
    assert_eq!(checked("yaml", "rules: a").unwrap()[0].1, ["/etc/healer/a"]);
}

#[test]
fn the_home_folder_is_meant_by_its_sign() {
    let home = std::env::home_dir().unwrap();
    let set = checked("yaml", "kubeconfig: ~/.kube/config").unwrap();
    assert_eq!(Path::new(&set[0].1[0]), home.join(".kube/config"));
}

#[test]
fn a_key_that_is_no_flag_is_underlined_with_the_one_that_is_meant() {
    for (written, meant) in
        [("log-levle", "log-level"), ("log_level", "log-level"), ("--set", "set"), ("rule", "rules")]
    {
        let told = mistake("toml", &format!("# a comment\n{written} = 1\n"));
        let expected = format!(
            "2:1 `{written}` nothing is called `{written}`|no flag of `daemon run` has this name|did you mean \
             `{meant}`?"
        );
        assert_eq!(told, expected);
        assert_eq!(mistake("yaml", &format!("# a comment\n{written}: 1\n")), expected);
    }
    let told = mistake("yaml", "entirely-else: 1");
    assert!(told.ends_with("expected `rules`, `kubeconfig`, `set`, `log-level`, `log-keep` or `no-watch`"));
}

#[test]
fn the_program_s_own_flags_cannot_be_set() {
    for key in ["config", "no-config", "help", "version", "internal", "pid-file"] {
        assert!(mistake("yaml", &format!("{key}: a")).contains("nothing is called"), "{key}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_underlined() {
    for (name, text, told) in [
        ("toml", "log-level = true", "1:13 `true` `log-level` is set to `true`|expected LEVEL, in quotes|"),
        (
            "toml",
            "log-level = [\"x\"]",
            "1:13 `[\"x\"]` `log-level` is set to a list|expected LEVEL, in quotes|",
        ),
        (
            "toml",
            "kubeconfig = 5",
            "1:14 `5` `kubeconfig` is set to the number `5`|expected a path, in quotes|",
        ),
        ("yaml", "log-level:", "1:1 `log-level` `log-level` is set to nothing|expected LEVEL, in quotes|"),
        ("yaml", "rules: [[a]]", "1:9 `[a]` `rules` is set to a list|expected a path, in quotes|"),
        ("yaml", "rules: { a: b }", "1:8 `{ a: b }` `rules` is set to a mapping|expected a path, in quotes|"),
        ("toml", "rules.a = 1", "1:1 `rules` `rules` is set to a table|expected a path, in quotes|"),
        (
            "toml",
            "log-level = 2026-01-01",
            "1:13 `2026-01-01` `log-level` is set to a time|expected LEVEL, in quotes|",
        ),
        (
            "yaml",
            "no-watch: sure",
            "1:11 `sure` `no-watch` is set to the text `sure`|expected `true` or `false`|",
        ),
    ] {
        assert_eq!(mistake(name, text), told);
    }
}

#[test]
fn a_value_that_the_flag_does_not_take_is_underlined_with_what_it_takes() {
    for (name, text, told) in [
        (
            "toml",
            "log-level = \"debgu\"",
            "1:13 `\"debgu\"` `debgu` is no value of `log-level`||did you mean `debug`?",
        ),
        (
            "yaml",
            "log-level: loud",
            "1:12 `loud` `loud` is no value of `log-level`||expected `error`, `info` or `debug`",
        ),
        (
            "yaml",
            "log-level: \"\"",
            "1:12 `\"\"` `` is no value of `log-level`||expected `error`, `info` or `debug`",
        ),
        ("yaml", "log-keep: -1", "1:11 `-1` `-1` is no value of `log-keep`: -1 is not in 0..=4294967295||"),
        (
            "toml",
            "log-keep = \"a\"",
            "1:12 `\"a\"` `a` is no value of `log-keep`: invalid digit found in string||",
        ),
    ] {
        assert_eq!(mistake(name, text), told);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mistakes = checked("toml", "log-level = \"x\"\nnothing = 1\nlog-keep = true\n").unwrap_err();
    let lines: Vec<&str> = mistakes.iter().map(|told| &told[..2]).collect();
    assert_eq!(lines, ["1:", "2:", "3:"], "{mistakes:?}");
}

#[test]
fn a_broken_text_is_told_where_it_breaks() {
    for (name, text, told) in [
        ("toml", "set = \n", "1:7 `` not TOML: "),
        ("toml", "a = 1\nset: dry-run\n", "2:4 `:` not TOML: "),
        ("toml", "set = 'a'\nset = 'b'\n", "2:1 `set` not TOML: duplicate key"),
        ("yaml", "set: [", "1:6 `[` not YAML: "),
        ("yaml", "a: 1\n- b\n", "2:3 `b` not YAML: "),
    ] {
        let mistakes = checked(name, text).unwrap_err();
        assert!(mistakes[0].starts_with(told), "{text:?}: {mistakes:?}");
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    }
}

#[test]
fn numbers_are_taken_as_they_are_meant() {
    for (text, meant) in [("set = 0x10", "16"), ("set = 1_000", "1000"), ("set = 1.50", "1.50")] {
        assert_eq!(checked("toml", text).unwrap()[0].1, [meant], "{text}");
    }
}

/// The command with these values in force.
fn with(values: &[(&str, &[&str])]) -> Command {
    let keys = check::Keys::of(&command());
    let values = values
        .iter()
        .map(|(key, values)| ((*key).to_owned(), values.iter().map(OsString::from).collect()))
        .collect();
    apply::apply(command(), &keys, &values, Some(Path::new("k8s-healer.toml")))
}

#[test]
fn what_is_set_is_the_default_of_every_command_and_no_more_required() {
    let values: &[(&str, &[&str])] =
        &[("rules", &["a", "b"]), ("log-level", &["debug"]), ("kubeconfig", &["k"]), ("no-watch", &["true"])];
    let read = |arguments: &[&str]| {
        let matches = with(values).try_get_matches_from([&["k8s-healer"], arguments].concat()).unwrap();
        matches.subcommand().unwrap().1.subcommand().unwrap().1.clone()
    };
    let words = |arguments: &[&str], id: &str| {
        let words = read(arguments);
        let words: Vec<String> =
            words.get_raw(id).unwrap().map(|word| word.to_str().unwrap().to_owned()).collect();
        words.join(" ")
    };
    assert_eq!(words(&["daemon", "run"], "rules"), "a b");
    assert_eq!(words(&["daemon", "run", "--rules", "c"], "rules"), "c");
    assert_eq!(words(&["daemon", "run"], "level"), "debug");
    assert_eq!(words(&["daemon", "run", "--log-level", "error"], "level"), "error");
    assert_eq!(words(&["daemon", "stop"], "kubeconfig"), "k");
    assert!(read(&["daemon", "run"]).get_flag("watch"));
    let help = with(values).try_get_matches_from(["k8s-healer", "daemon", "run", "--help"]).unwrap_err();
    let help = help.to_string();
    assert!(help.contains("[default: debug]") && help.contains("k8s-healer.toml is in force"), "{help}");
}

#[test]
fn an_empty_list_leaves_a_required_flag_required() {
    let error = with(&[("rules", &[])]).try_get_matches_from(["k8s-healer", "daemon", "run"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument);
}

#[test]
fn the_real_command_line_takes_what_is_set() {
    let keys = check::Keys::of(&Arguments::command());
    let values = check::Values::from([("log-level".to_owned(), vec!["debug".into()])]);
    for key in ["rules", "set", "mode", "kubeconfig", "context", "log-format", "log-level"] {
        assert!(keys.contains(key), "{key}");
    }
    apply::apply(Arguments::command(), &keys, &values, None).debug_assert();
}
