//! `validate-rules PATH…`: reports all mistakes of all files at once, and never contacts a cluster.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::cli::diagnostics::{Renderer, Style};
use crate::rules::{Code, Diagnostic, Input, LoadOptions, Loaded, Severity, Summary, load, read_bounded};

/// More reports are of no use to a person; the summary counts all.
const MOST_SHOWN: usize = 200;

/// Check rule files and folders, and show every mistake where it stands
///
/// Exit status: 0 the rules can run (there may be warnings), 1 they have errors, 2 a file cannot be read.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Files, folders (all *.yaml and *.yml below them, but for `tests`), or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Set a parameter of a pack, or of every pack that has it
    #[arg(long, value_name = "[PACK.]NAME=VALUE")]
    pub set: Vec<String>,

    /// Show errors alone: no warnings, no summary
    #[arg(long, short)]
    pub quiet: bool,
}

/// Runs the command on the standard streams; the result is the exit status.
#[must_use]
pub fn run(arguments: &Arguments) -> u8 {
    let stdout = io::stdout();
    let style = Style::of_terminal(&stdout);
    check(arguments, style, io::stdin().lock(), &mut stdout.lock()).unwrap_or_else(|error| {
        // A reader that has seen enough (`| head`) is no failure of the rules, but their state is not told.
        if error.kind() != io::ErrorKind::BrokenPipe {
            eprintln!("k8s-healer: {error}");
        }
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
    let options = LoadOptions { set: arguments.set.clone(), ..LoadOptions::default() };
    let loaded = load(&inputs, &options);
    show(&loaded, arguments.quiet, style, out)?;
    out.flush()?;
    let is_unreadable = |diagnostic: &Diagnostic| diagnostic.code == Code::Unreadable;
    Ok(match loaded.rule_set {
        Some(_) => 0,
        None if loaded.diagnostics.iter().any(is_unreadable) => 2,
        None => 1,
    })
}

/// Standard input is read once, however often it is named.
fn inputs(paths: &[PathBuf], stdin: impl io::Read) -> io::Result<Vec<Input>> {
    let mut stdin = Some(stdin);
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() != "-" {
            inputs.push(Input::Path(path.clone()));
        } else if let Some(stdin) = stdin.take() {
            inputs.push(Input::Text { name: "standard input".to_owned(), bytes: read_bounded(stdin)? });
        }
    }
    Ok(inputs)
}

fn show(loaded: &Loaded, quiet: bool, style: Style, out: &mut impl Write) -> io::Result<()> {
    let wanted = |diagnostic: &&Diagnostic| !quiet || diagnostic.severity() == Severity::Error;
    let shown = || loaded.diagnostics.iter().filter(wanted).take(MOST_SHOWN);
    let renderer = Renderer::new(&loaded.sources, style);
    for diagnostic in shown() {
        writeln!(out, "{}", renderer.render(diagnostic))?;
    }
    let Summary { errors, warnings, .. } = loaded.summary;
    let all = errors + if quiet { 0 } else { warnings };
    let rest = all.saturating_sub(shown().count());
    if rest > 0 {
        writeln!(out, "and {rest} more\n")?;
    }
    if !quiet {
        writeln!(out, "{}", summary(&loaded.summary))?;
    }
    Ok(())
}

/// `3 files, 12 rules: 4 errors, 1 warning`, or `ok: 2 files, 3 rules`.
fn summary(summary: &Summary) -> String {
    let read = format!("{}, {}", counted(summary.files, "file"), counted(summary.rules, "rule"));
    match (summary.errors, summary.warnings) {
        (0, 0) => format!("ok: {read}"),
        (0, warnings) => format!("ok: {read}: {}", counted(warnings, "warning")),
        (errors, 0) => format!("{read}: {}", counted(errors, "error")),
        (errors, warnings) => {
            format!("{read}: {}, {}", counted(errors, "error"), counted(warnings, "warning"))
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validated(quiet: bool, text: &str) -> (u8, String) {
        let arguments = Arguments { paths: vec!["-".into(), "-".into()], set: Vec::new(), quiet };
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
    fn a_path_that_cannot_be_read_ends_with_2() {
        let arguments = Arguments { paths: vec!["/nowhere".into()], set: Vec::new(), quiet: false };
        let mut out = Vec::new();
        assert_eq!(check(&arguments, Style::PLAIN, io::empty(), &mut out).unwrap(), 2);
        assert!(String::from_utf8(out).unwrap().contains("there is no such file or folder"));
    }
}
