//! `validate-rules PATH…`: reports all mistakes of all files at once; a cluster is asked only where
//! `--cluster` says so.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::cli::diagnostics::{Findings, Format, STANDARD_INPUT, Style, explain};
use crate::cli::fields::Against;
use crate::cli::test_rules::Suite;
use crate::cli::until_closed::UntilClosed;
use crate::rules::{Input, LoadOptions, Reads, load, read_bounded, stray_rules};

/// Check rule files and folders, and show every mistake where it stands
///
/// A test of rules (kind RuleTest) is checked too, with the rules that it is about; test-rules runs it.
///
/// Exit status: 0 the rules can run (there may be warnings), 1 they have errors, 2 a file cannot be read.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {
    /// Files, folders (all *.yaml and *.yml below them, and *.json of rules, but for `tests`), or `-` for standard input;
    /// PATH=NAMESPACES confines their rules (team-a/=team-a-*)
    #[arg(required_unless_present = "explain", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Set a parameter of a pack, or of every pack that has it
    #[arg(long, value_name = "[PACK.]NAME=VALUE")]
    pub set: Vec<String>,

    /// Show errors alone: no warnings, no summary
    #[arg(long, short)]
    pub quiet: bool,

    /// How findings are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,

    /// What the paths of rules are held against.
    #[command(flatten)]
    pub fields: Against,

    /// Tell what a code means and how to mend it, of every code with `all`; list the codes without one
    #[arg(long, value_name = "CODE", num_args = 0..=1, default_missing_value = "", conflicts_with = "paths")]
    #[arg(value_parser = explain::Codes, hide_possible_values = true)]
    pub explain: Option<String>,
}

/// Runs the command on the standard streams; the result is the exit status.
#[must_use]
pub fn run(arguments: &Arguments) -> u8 {
    let stdout = io::stdout();
    let style = Style::of_terminal(&stdout);
    let mut out = UntilClosed(stdout.lock());
    let done = match &arguments.explain {
        Some(question) => explain::answer(question, style).map_err(io::Error::other).and_then(|answer| {
            out.write_all(answer.as_bytes())?;
            out.flush().map(|()| 0)
        }),
        None => check(arguments, style, io::stdin().lock(), &mut out),
    };
    done.unwrap_or_else(|error| {
        eprintln!("k8s-healer: {error}");
        2
    })
}

/// Runs the command on any streams.
pub fn check(
    arguments: &Arguments,
    style: Style,
    stdin: impl io::Read,
    out: &mut impl Write,
) -> io::Result<u8> {
    let inputs = inputs(&arguments.paths, stdin)?;
    let options =
        LoadOptions { set: arguments.set.clone(), reads: Reads::RulesAndTests, ..LoadOptions::default() };
    let mut loaded = load(&inputs, &options);
    let paths: Vec<_> = inputs.iter().filter_map(Input::path).collect();
    loaded.report(stray_rules(&paths));
    let asked = arguments.fields.check(&mut loaded);
    let loaded = Suite::of(loaded).checked();
    let findings = Findings::of(&loaded, arguments.quiet);
    findings.show(arguments.format, style, out)?;
    out.flush()?;
    // What is wrong with the rules themselves is shown, even where no cluster can be asked.
    asked.map_err(io::Error::other)?;
    Ok(findings.exit_status())
}

/// Standard input is read once, however often it is named.
fn inputs(paths: &[PathBuf], stdin: impl io::Read) -> io::Result<Vec<Input>> {
    let mut stdin = Some(stdin);
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() != "-" {
            inputs.push(Input::of_path(path).map_err(io::Error::other)?);
        } else if let Some(stdin) = stdin.take() {
            inputs.push(Input::Text { name: STANDARD_INPUT.to_owned(), bytes: read_bounded(stdin)? });
        }
    }
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validated(quiet: bool, text: &str) -> (u8, String) {
        let arguments = Arguments { paths: vec!["-".into(), "-".into()], quiet, ..Arguments::default() };
        let mut out = Vec::new();
        let status = check(&arguments, Style::PLAIN, text.as_bytes(), &mut out).unwrap();
        (status, String::from_utf8(out).unwrap())
    }

    const PACK: &str = "apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: { name: a }\nrules:\n";

    #[test]
    fn sound_rules_are_told_in_one_line() {
        let rule = "- { name: a, watch: vm, namespaces: t-*, match: [ age: { over: 1h } ], actions: [ delete: {} ] }\n";
        assert_eq!(validated(false, &format!("{PACK}{rule}")), (0, "ok: 1 file, 1 rule\n".to_owned()));
        assert_eq!(validated(true, &format!("{PACK}{rule}")), (0, String::new()));
    }

    #[test]
    fn quiet_shows_errors_and_no_warnings() {
        let rule = "- { name: a, watch: vm, namespaces: \"*\", match: [ age: { over: 1 h } ], actions: [ delete: {} ] }\n";
        let (status, text) = validated(true, &format!("{PACK}{rule}"));
        assert!(status == 1 && text.contains("bad-duration") && !text.contains("all-namespaces"), "{text}");
        let (_, text) = validated(false, &format!("{PACK}{rule}"));
        assert!(
            text.contains("all-namespaces") && text.ends_with("1 file, 1 rule: 1 error, 1 warning\n"),
            "{text}"
        );
    }

    #[test]
    fn more_reports_than_a_person_reads_are_counted() {
        let text = format!("{PACK}{}", "- { bad: 1 }\n".repeat(1000));
        let (status, text) = validated(false, &text);
        assert_eq!(status, 1);
        assert!(text.contains("more\n"), "{text}");
        assert!(text.len() < 200 * 1000);
    }

    #[test]
    fn rules_that_lie_among_tests_are_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let tests = folder.path().join("tests");
        std::fs::create_dir(&tests).unwrap();
        let rule = "- { name: a, watch: vm, namespaces: t-*, match: [ age: { over: 1h } ], actions: [ delete: {} ] }\n";
        for file in [folder.path().join("pack.YAML"), tests.join("more.yaml")] {
            std::fs::write(file, format!("{PACK}{rule}")).unwrap();
        }
        let arguments = Arguments { paths: vec![folder.path().to_owned()], ..Arguments::default() };
        let mut out = Vec::new();
        assert_eq!(check(&arguments, Style::PLAIN, io::empty(), &mut out).unwrap(), 0);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("not-read") && text.contains("tests/more.yaml"), "{text}");
        assert!(text.ends_with("ok: 1 file, 1 rule: 1 warning\n"), "{text}");
    }

    #[test]
    fn the_hint_is_of_an_error_where_there_is_one() {
        let style = Style { hint: true, ..Style::PLAIN };
        let hint = |rule: &str| {
            let arguments = Arguments { paths: vec!["-".into()], ..Arguments::default() };
            let mut out = Vec::new();
            check(&arguments, style, format!("{PACK}{rule}").as_bytes(), &mut out).unwrap();
            String::from_utf8(out).unwrap().lines().next_back().unwrap().to_owned()
        };
        let rule = "- { name: a, watch: vm, namespaces: \"*\", match: [ age: { over: 1h } ], actions: [ delete: {} ] }\n";
        assert!(hint(rule).ends_with("--explain all-namespaces"));
        assert!(hint(&rule.replace("1h", "1 h")).ends_with("--explain bad-duration"));
    }

    #[test]
    fn a_path_that_cannot_be_read_ends_with_2() {
        let arguments = Arguments { paths: vec!["/nowhere".into()], ..Arguments::default() };
        let mut out = Vec::new();
        assert_eq!(check(&arguments, Style::PLAIN, io::empty(), &mut out).unwrap(), 2);
        assert!(String::from_utf8(out).unwrap().contains("there is no such file or folder"));
    }
}
