//! `--format tap` and `json`: the same results for programs. The shape of the JSON is a
//! promise: a key never changes its meaning within a version, new keys may come.

use std::io::{self, Write};

use serde::Serialize;

use super::lines::{Line, Sign};
use super::results::{CaseResult, Results, Status};
use super::text::percent;
use crate::cli::diagnostics::write_json;
use crate::cli::table::printable;

const VERSION: u8 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    summary: Summary,
    cases: Vec<CaseShown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<CoverageShown<'a>>,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    cases: usize,
    passed: usize,
    failed: usize,
    broken: usize,
}

#[derive(Serialize)]
struct CaseShown<'a> {
    file: &'a str,
    line: usize,
    test: &'a str,
    name: &'a str,
    status: &'static str,
    /// What differs first, or why it could not be run.
    message: Option<String>,
    timeline: Vec<LineShown<'a>>,
    /// Rules whose expressions failed and were unknown, with how often.
    #[serde(rename = "celFailures")]
    cel_failures: Vec<FailuresShown<'a>>,
}

#[derive(Serialize)]
struct FailuresShown<'a> {
    rule: &'a str,
    count: u64,
}

#[derive(Serialize)]
struct LineShown<'a> {
    at: String,
    is: &'static str,
    text: &'a str,
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct CoverageShown<'a> {
    parts: usize,
    covered: usize,
    percent: f64,
    /// What `--fail-under` asks for, and whether it is reached.
    #[serde(rename = "failUnder")]
    fail_under: Option<f64>,
    reached: Option<bool>,
    gaps: Vec<GapShown<'a>>,
}

#[derive(Serialize)]
struct GapShown<'a> {
    rule: &'a str,
    place: &'a str,
    part: &'a str,
    lacks: &'static str,
}

pub(super) fn json(results: &Results, out: &mut impl Write) -> io::Result<()> {
    let line = |line: &'_ Line| -> (String, &'static str) { (line.moment(), word(line.sign)) };
    let case = |case: &'_ CaseResult| -> (&'static str, Option<String>) {
        (status(&case.status), (case.status != Status::Passed).then(|| case.message()))
    };
    let cases = results.cases.iter().map(|one| {
        let (status, message) = case(one);
        let timeline = one.lines.iter().map(|shown| {
            let (at, is) = line(shown);
            LineShown {
                at,
                is,
                text: &shown.text,
                note: Some(shown.note.as_str()).filter(|note| !note.is_empty()),
            }
        });
        CaseShown {
            file: &one.file,
            line: one.line,
            test: &one.test,
            name: &one.name,
            status,
            message,
            timeline: timeline.collect(),
            cel_failures: one
                .failures
                .iter()
                .map(|(rule, count)| FailuresShown { rule, count: *count })
                .collect(),
        }
    });
    let coverage = results.coverage.as_ref().map(|coverage| CoverageShown {
        parts: coverage.parts,
        covered: coverage.covered,
        percent: (coverage.percent * 10.0).floor() / 10.0,
        fail_under: results.least,
        reached: results.least.map(|_| results.too_little().is_none()),
        gaps: coverage
            .gaps
            .iter()
            .map(|gap| GapShown { rule: &gap.rule, place: &gap.place, part: &gap.part, lacks: gap.lacks })
            .collect(),
    });
    let summary = Summary {
        files: results.files,
        cases: results.cases.len(),
        passed: results.passed(),
        failed: results.failed(),
        broken: results.broken(),
    };
    write_json(&Document { version: VERSION, summary, cases: cases.collect(), coverage }, out)
}

fn status(status: &Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Broken(_) | Status::Unread(_) | Status::Unreadable(_) => "broken",
    }
}

fn word(sign: Sign) -> &'static str {
    match sign {
        Sign::Missing => "missing",
        Sign::Unexpected => "unexpected",
        Sign::Endless => "endless",
        Sign::Same => "done",
        Sign::Aside => "aside",
    }
}

/// TAP 14: a YAML block says what differs.
pub(super) fn tap(results: &Results, out: &mut impl Write) -> io::Result<()> {
    let of_coverage = results.least.zip(results.coverage.as_ref());
    writeln!(out, "TAP version 14\n1..{}", results.cases.len() + usize::from(of_coverage.is_some()))?;
    for (number, case) in results.cases.iter().enumerate() {
        let ok = if case.status == Status::Passed { "ok" } else { "not ok" };
        // A number sign would begin a directive.
        let title = printable(&case.title()).replace('\\', "\\\\").replace('#', "\\#");
        writeln!(out, "{ok} {} - {title}", number + 1)?;
        if case.status != Status::Passed {
            writeln!(out, "  ---\n  at: {}", quoted(&format!("{}:{}", case.file, case.line)))?;
            writeln!(out, "  message: {}", quoted(&case.message()))?;
            if !case.lines.is_empty() {
                writeln!(out, "  timeline:")?;
            }
            for line in diff(case) {
                writeln!(out, "    - {}", quoted(&line))?;
            }
            writeln!(out, "  ...")?;
        }
    }
    // What `--fail-under` asks for is a test of its own: a comment fails nothing.
    if let Some((least, coverage)) = of_coverage {
        let too_little = results.too_little();
        let ok = if too_little.is_none() { "ok" } else { "not ok" };
        writeln!(out, "{ok} {} - coverage: at least {least}% of the rules", results.cases.len() + 1)?;
        if let Some(message) = too_little {
            writeln!(out, "  ---\n  message: {}\n  gaps:", quoted(&message))?;
            for gap in &coverage.gaps {
                writeln!(out, "    - {}", quoted(&gap.line()))?;
            }
            writeln!(out, "  ...")?;
        }
    }
    if let Some(coverage) = &results.coverage {
        writeln!(out, "# coverage: {}%", percent(coverage.percent))?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// The time line of a case as plain text.
pub(super) fn diff(case: &CaseResult) -> Vec<String> {
    let mut lines = Vec::new();
    for line in &case.lines {
        let sign = match line.sign {
            Sign::Missing => '-',
            Sign::Unexpected | Sign::Endless => '+',
            Sign::Same | Sign::Aside => ' ',
        };
        lines.push(format!("{:>8} {sign} {}", line.moment(), line.text));
        if !line.note.is_empty() {
            lines.push(format!("{:>8}     {}", "", line.note));
        }
    }
    lines
}
