use super::*;
use crate::rules::source::accept;

const FOLDER: &str = "/etc/healer";

/// What a text sets, each key with its arguments; or its mistakes, one line each.
fn checked(name: &str, text: &str) -> Result<Vec<(String, Vec<String>)>, Vec<String>> {
    let mut sources = Sources::default();
    let parse = if name == "toml" { toml::read } else { flat::read };
    let id = accept(&mut sources, "file", text.as_bytes()).unwrap();
    let keys = check::Keys::of(&Arguments::command());
    let checked = parse(id, text).and_then(|settings| check::check(settings, &keys, Path::new(FOLDER)));
    let words =
        |values: Vec<OsString>| values.into_iter().map(|value| value.into_string().unwrap()).collect();
    checked.map(|values| values.into_iter().map(|(key, values)| (key, words(values))).collect()).map_err(
        |mistakes| {
            let told = |mistake: &Diagnostic| {
                let span = mistake.place.unwrap().span;
                let place = sources.get(id).unwrap().position(span.start);
                let Diagnostic { label, help, .. } = mistake;
                format!("{}:{} `{}` {mistake}|{label}|{help}", place.0, place.1, &text[span.start..span.end])
            };
            mistakes.iter().map(told).collect()
        },
    )
}

fn mistake(name: &str, text: &str) -> String {
    let mistakes = checked(name, text).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    mistakes[0].clone()
}

#[test]
fn both_languages_set_the_same() {
    let toml =
        "rules = [\"a.yaml\", \"/b\"]\nmode = \"dry-run\"\nset = ['p.age=6m']\nkubeconfig = \"../k\"\n";
    let yaml = "rules: [a.yaml, /b]\nmode: dry-run\nset:\n- p.age=6m\nkubeconfig: ../k\n";
    let set = checked("toml", toml).unwrap();
    assert_eq!(set, checked("yaml", yaml).unwrap());
    let word = |word: &str| word.to_owned();
    assert_eq!(
        set,
        [
            (word("kubeconfig"), vec![word("/etc/healer/../k")]),
            (word("mode"), vec![word("dry-run")]),
            (word("rules"), vec![word("/etc/healer/a.yaml"), word("/b")]),
            (word("set"), vec![word("p.age=6m")]),
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
        [("log-levle", "log-level"), ("log_level", "log-level"), ("--mode", "mode"), ("rule", "rules")]
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
    assert!(told.contains("expected `rules`") && told.contains("`log-level`"), "{told}");
}

#[test]
fn the_program_s_own_flags_cannot_be_set() {
    for key in ["config", "no-config", "help", "version"] {
        assert!(mistake("yaml", &format!("{key}: a")).contains("nothing is called"), "{key}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_underlined() {
    for (name, text, told) in [
        ("toml", "mode = true", "1:8 `true` `mode` is set to `true`|expected MODE, in quotes|"),
        (
            "toml",
            "mode = [\"enforce\"]",
            "1:8 `[\"enforce\"]` `mode` is set to a list|expected MODE, in quotes|",
        ),
        (
            "toml",
            "kubeconfig = 5",
            "1:14 `5` `kubeconfig` is set to the number `5`|expected a path, in quotes|",
        ),
        ("yaml", "mode:", "1:1 `mode` `mode` is set to nothing|expected MODE, in quotes|"),
        ("yaml", "rules: [[a]]", "1:9 `[a]` `rules` is set to a list|expected a path, in quotes|"),
        ("yaml", "rules: { a: b }", "1:8 `{ a: b }` `rules` is set to a mapping|expected a path, in quotes|"),
        ("toml", "rules.a = 1", "1:1 `rules` `rules` is set to a table|expected a path, in quotes|"),
        ("toml", "mode = 2026-01-01", "1:8 `2026-01-01` `mode` is set to a time|expected MODE, in quotes|"),
    ] {
        assert_eq!(mistake(name, text), told);
    }
}

#[test]
fn a_value_that_the_flag_does_not_take_is_underlined_with_what_it_takes() {
    assert_eq!(
        mistake("toml", "mode = \"enforc\""),
        "1:8 `\"enforc\"` `enforc` is no value of `mode`||did you mean `enforce`?"
    );
    assert_eq!(
        mistake("yaml", "log-format: picture"),
        "1:13 `picture` `picture` is no value of `log-format`||expected `auto`, `text` or `json`"
    );
    assert_eq!(
        mistake("yaml", "mode: \"\""),
        "1:7 `\"\"` `` is no value of `mode`||expected `observe`, `dry-run` or `enforce`"
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mistakes = checked("toml", "mode = \"x\"\nnothing = 1\nlog-level = 2\n").unwrap_err();
    let lines: Vec<&str> = mistakes.iter().map(|told| &told[..2]).collect();
    assert_eq!(lines, ["1:", "2:", "3:"], "{mistakes:?}");
}

#[test]
fn a_broken_text_is_told_where_it_breaks() {
    for (name, text, told) in [
        ("toml", "mode = \n", "1:8 `` not TOML: "),
        ("toml", "a = 1\nmode: dry-run\n", "2:5 `:` not TOML: "),
        ("toml", "mode = 'a'\nmode = 'b'\n", "2:1 `mode` not TOML: duplicate key"),
        ("yaml", "mode: [", "1:7 `[` not YAML: "),
        ("yaml", "a: 1\n- b\n", "2:3 `b` not YAML: "),
    ] {
        let mistakes = checked(name, text).unwrap_err();
        assert!(mistakes[0].starts_with(told), "{text:?}: {mistakes:?}");
    }
}

#[test]
fn numbers_are_taken_as_they_are_meant() {
    for (text, meant) in [("set = 0x10", "16"), ("set = 1_000", "1000"), ("set = 1.50", "1.50")] {
        assert_eq!(checked("toml", text).unwrap()[0].1, [meant], "{text}");
    }
}

#[test]
fn what_is_set_becomes_the_default_and_is_no_more_required() {
    let keys = check::Keys::of(&Arguments::command());
    let values = check::Values::from([
        ("rules".to_owned(), vec!["a".into(), "b".into()]),
        ("mode".to_owned(), vec!["observe".into()]),
    ]);
    let command = || apply::apply(Arguments::command(), &keys, &values, Some(Path::new("k8s-healer.toml")));
    let of_run = |arguments: &[&str]| {
        let all = [&["k8s-healer", "daemon", "run"], arguments].concat();
        let matches = command().try_get_matches_from(all).unwrap();
        let run = matches.subcommand().unwrap().1.subcommand().unwrap().1.clone();
        let rules: Vec<std::path::PathBuf> = run.get_many("rules").unwrap().cloned().collect();
        (rules, run.get_raw("mode").unwrap().next().unwrap().to_owned())
    };
    assert_eq!(of_run(&[]), (vec!["a".into(), "b".into()], "observe".into()));
    assert_eq!(of_run(&["--rules", "c", "--mode", "enforce"]), (vec!["c".into()], "enforce".into()));
    let help =
        command().try_get_matches_from(["k8s-healer", "daemon", "run", "--help"]).unwrap_err().to_string();
    assert!(help.contains("[default: observe]") && help.contains("k8s-healer.toml is in force"), "{help}");
}

#[test]
fn an_empty_list_leaves_a_required_flag_required() {
    let keys = check::Keys::of(&Arguments::command());
    let values = check::Values::from([("rules".to_owned(), Vec::new())]);
    let command = apply::apply(Arguments::command(), &keys, &values, None);
    let error = command.try_get_matches_from(["k8s-healer", "daemon", "run"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument);
}

#[test]
fn every_command_is_sound_with_what_is_set() {
    let keys = check::Keys::of(&Arguments::command());
    let values = check::Values::from([("log-level".to_owned(), vec!["debug".into()])]);
    apply::apply(Arguments::command(), &keys, &values, None).debug_assert();
}
