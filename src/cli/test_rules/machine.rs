//! `--format junit`, `tap` and `json`: the same results for CI systems and programs. The shape of the JSON is a
//! promise: a key never changes its meaning within a version, new keys may come.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::lines::{Line, Sign};
use super::results::{CaseResult, GapLine, Results, Status};
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
        Sign::Same => "done",
        Sign::Aside => "aside",
    }
}

/// TAP 14: a YAML block says what differs.
pub(super) fn tap(results: &Results, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "TAP version 14\n1..{}", results.cases.len())?;
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
    if let Some(coverage) = &results.coverage {
        writeln!(out, "# coverage: {}%", percent(coverage.percent))?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// The time line of a case as plain text.
fn diff(case: &CaseResult) -> Vec<String> {
    let mut lines = Vec::new();
    for line in &case.lines {
        let sign = match line.sign {
            Sign::Missing => '-',
            Sign::Unexpected => '+',
            Sign::Same | Sign::Aside => ' ',
        };
        lines.push(format!("{:>8} {sign} {}", line.moment(), line.text));
        if !line.note.is_empty() {
            lines.push(format!("{:>8}     {}", "", line.note));
        }
    }
    lines
}

/// What `--fail-under` asks for, as a test: what is not a test is not shown as failed by the viewers of CI systems.
fn junit_of_coverage(results: &Results, out: &mut impl Write) -> io::Result<()> {
    let (Some(least), Some(coverage)) = (results.least, &results.coverage) else { return Ok(()) };
    let too_little = results.too_little();
    let failed = u8::from(too_little.is_some());
    writeln!(out, "  <testsuite name=\"coverage\" tests=\"1\" failures=\"{failed}\" errors=\"0\">")?;
    let case = format!("    <testcase classname=\"coverage\" name=\"at least {least}% of the rules\"");
    match too_little {
        None => writeln!(out, "{case}/>")?,
        Some(message) => {
            let gap = |gap: &GapLine| format!("{} {} {}: {}", gap.rule, gap.place, gap.lacks, gap.part);
            let gaps: Vec<String> = coverage.gaps.iter().map(gap).collect();
            let (message, gaps) = (escaped(&message), escaped(&gaps.join("\n")));
            writeln!(out, "{case}>\n      <failure message=\"{message}\">{gaps}</failure>\n    </testcase>")?;
        }
    }
    writeln!(out, "  </testsuite>")
}

/// ` time="0.001"`, where it was measured.
fn time(elapsed: Option<Duration>) -> String {
    elapsed.map(|elapsed| format!(" time=\"{:.3}\"", elapsed.as_secs_f64())).unwrap_or_default()
}

/// The form that CI systems agree on: a suite for each file.
pub(super) fn junit(results: &Results, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let of_coverage = usize::from(results.least.is_some() && results.coverage.is_some());
    let (cases, broken) = (results.cases.len() + of_coverage, results.broken());
    let failed = results.failed() + usize::from(results.too_little().is_some());
    writeln!(
        out,
        "<testsuites name=\"k8s-healer test-rules\" tests=\"{cases}\" failures=\"{failed}\" errors=\"{broken}\"{}>",
        time(results.elapsed)
    )?;
    for (file, cases) in results.by_file() {
        let count = |is: fn(&Status) -> bool| cases.iter().filter(|case| is(&case.status)).count();
        let failed = count(|status| *status == Status::Failed);
        let broken = count(Status::is_broken);
        let name = escaped(file);
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\" errors=\"{broken}\"{}>",
            cases.len(),
            // Nothing was measured, or all was.
            time(cases.iter().filter_map(|case| case.elapsed).reduce(|all, one| all + one))
        )?;
        for case in cases {
            let (class, title) = (escaped(&case.test), escaped(&case.name));
            write!(
                out,
                "    <testcase classname=\"{class}\" name=\"{title}\" file=\"{name}\" line=\"{}\"{}",
                case.line,
                time(case.elapsed)
            )?;
            let element = match &case.status {
                Status::Passed => {
                    writeln!(out, "/>")?;
                    continue;
                }
                Status::Failed => "failure",
                Status::Broken(_) | Status::Unread(_) | Status::Unreadable(_) => "error",
            };
            let message = escaped(&case.message());
            writeln!(
                out,
                ">\n      <{element} message=\"{message}\">{}</{element}>",
                escaped(&diff(case).join("\n"))
            )?;
            writeln!(out, "    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    junit_of_coverage(results, out)?;
    writeln!(out, "</testsuites>")
}

/// XML knows no other control characters, not even as references.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_text_breaks_out_of_the_xml() {
        assert_eq!(escaped("a<b>&\"c\"\u{1b}[2J\nd"), "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}[2J\nd");
    }
}
