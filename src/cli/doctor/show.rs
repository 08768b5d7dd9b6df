//! Shows a report: a table for people, with a line of advice under what needs one, or JSON for programs.

use std::io::{self, Write};

use k8s_healer_engine::values::format_duration;
use serde::Serialize;

use super::finding::{Finding, Report, Verdict};
use super::rbac::{Grant, manifest, merged};
use crate::cli::diagnostics::{Renderer, Style, write_json};
use crate::cli::table::{Look, Table, Tone, printable};
use crate::rules::{Loaded, Severity};

/// More reports are of no use to a person; `validate-rules` counts them all.
const MOST_SHOWN: usize = 50;

/// The version of the JSON document's shape: a key never changes its meaning within one, new keys may come.
const VERSION: u8 = 1;

/// `NAME` stands where nobody knows who is asking.
const NOBODY: &str = "NAME";

pub(super) fn table(
    report: &Report,
    rules: Option<&Loaded>,
    style: Style,
    look: Look,
    out: &mut impl Write,
) -> io::Result<()> {
    if let Some(loaded) = rules {
        let renderer = Renderer::new(&loaded.sources, style);
        for diagnostic in loaded.diagnostics.iter().take(MOST_SHOWN) {
            writeln!(out, "{}", renderer.render(diagnostic))?;
        }
    }
    let mut table = Table::new(look, &["CHECK", "RESULT", "WHAT"]).keep_whole(&[0, 1]);
    for finding in &report.findings {
        let tone = match finding.verdict {
            Verdict::Ok => Tone::Good,
            Verdict::Warn => Tone::Warning,
            Verdict::Fail => Tone::Bad,
        };
        let cells = [
            (finding.check.word(), Tone::Plain),
            (finding.verdict.word(), tone),
            (&*finding.what, Tone::Plain),
        ];
        table.row(cells);
        if let Some(advice) = &finding.advice {
            table.row([("", Tone::Plain), ("", Tone::Plain), (&format!("advice: {advice}"), Tone::Faint)]);
        }
    }
    table.show(out)?;
    let grants = missing(report);
    if !grants.is_empty() {
        let username = report.username.as_deref().unwrap_or(NOBODY);
        writeln!(out, "\nAll that is missing, for `kubectl apply -f -` as an administrator:\n")?;
        write!(out, "{}", manifest(&grants, username))?;
    }
    if let Some(waited) = report.waited {
        writeln!(out, "\nnot there after {}:", format_duration(waited))?;
        for finding in report.awaited() {
            writeln!(out, "- {}", printable(&finding.what))?;
        }
    }
    writeln!(out, "\n{}", summary(report))
}

fn missing(report: &Report) -> Vec<Grant> {
    merged(report.findings.iter().flat_map(|finding| finding.grants.iter().cloned()))
}

/// `9 ok, 1 warning, 2 failures`
fn summary(report: &Report) -> String {
    let counted = |verdict, word: &str| match report.count(verdict) {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    format!(
        "{} ok, {}, {}",
        report.count(Verdict::Ok),
        counted(Verdict::Warn, "warning"),
        counted(Verdict::Fail, "failure")
    )
}

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    summary: Summary,
    findings: &'a [Finding],
    /// Of the rule files, as far as they can be told in a line; `validate-rules --format json` says all.
    diagnostics: Vec<Told<'a>>,
    rbac: Rbac,
    /// What was waited for and did not come.
    #[serde(rename = "notThere")]
    not_there: Vec<&'a str>,
}

#[derive(Serialize)]
struct Summary {
    ok: usize,
    warnings: usize,
    failures: usize,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'static str,
    severity: &'static str,
    message: String,
    help: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
}

/// What is missing of RBAC, all together.
#[derive(Serialize)]
struct Rbac {
    rules: Vec<Grant>,
    /// Ready to be applied; none where nothing is missing.
    manifest: Option<String>,
}

pub(super) fn json(report: &Report, rules: Option<&Loaded>, out: &mut impl Write) -> io::Result<()> {
    let grants = missing(report);
    let username = report.username.as_deref().unwrap_or(NOBODY);
    let manifest = (!grants.is_empty()).then(|| manifest(&grants, username));
    let document = Document {
        version: VERSION,
        summary: Summary {
            ok: report.count(Verdict::Ok),
            warnings: report.count(Verdict::Warn),
            failures: report.count(Verdict::Fail),
        },
        findings: &report.findings,
        diagnostics: rules.map(told).unwrap_or_default(),
        rbac: Rbac { rules: grants, manifest },
        not_there: report.waited.iter().flat_map(|_| report.awaited()).map(|one| &*one.what).collect(),
    };
    write_json(&document, out)
}

fn told(loaded: &Loaded) -> Vec<Told<'_>> {
    let one = |diagnostic: &'_ crate::rules::Diagnostic| {
        let source = diagnostic.place.and_then(|place| Some((loaded.sources.get(place.source)?, place)));
        (
            source.map(|(source, place)| (source.name.as_str(), source.position(place.span.start).0)),
            diagnostic.to_string(),
        )
    };
    loaded
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let (place, message) = one(diagnostic);
            Told {
                code: diagnostic.code.name(),
                severity: match diagnostic.severity() {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                },
                message,
                help: &diagnostic.help,
                file: place.map(|(file, _)| file),
                line: place.map(|(_, line)| line),
            }
        })
        .collect()
}
