//! `--format text`: a line for each file, a time line for each case that fails, and a line that counts.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};

use super::lines::{Line, Sign};
use super::results::{CaseResult, CoverageResult, Results, Status};
use crate::cli::diagnostics::Style;
use crate::cli::table::printable;

const GREEN: Ansi = AnsiColor::Green.on_default();
const RED: Ansi = AnsiColor::Red.on_default();
const YELLOW: Ansi = AnsiColor::Yellow.on_default();
const BOLD: Ansi = Ansi::new().bold();
const FAINT: Ansi = Ansi::new().dimmed();

struct Painter {
    style: Style,
}

impl Painter {
    fn paint(&self, ansi: Ansi, text: &str) -> String {
        let text = printable(text);
        if self.style.colour { format!("{ansi}{text}{ansi:#}") } else { text }
    }

    fn mark(&self, is_good: bool) -> String {
        match (is_good, self.style.unicode) {
            (true, true) => self.paint(GREEN, "✓"),
            (false, true) => self.paint(RED, "✗"),
            (true, false) => self.paint(GREEN, "ok  "),
            (false, false) => self.paint(RED, "FAIL"),
        }
    }
}

pub(super) fn show(results: &Results, verbose: bool, style: Style, out: &mut impl Write) -> io::Result<()> {
    let painter = Painter { style };
    // What cannot be read has been told, and nothing more is known of it.
    let is_told = |cases: &[&CaseResult]| cases.iter().all(|one| matches!(one.status, Status::Unreadable(_)));
    for (file, cases) in results.by_file().into_iter().filter(|(_, cases)| !is_told(cases)) {
        show_file(file, &cases, verbose, &painter, out)?;
    }
    let failed: Vec<&CaseResult> =
        results.cases.iter().filter(|case| case.status == Status::Failed).collect();
    for case in &failed {
        show_failure(case, &painter, out)?;
    }
    if !failed.is_empty() {
        let legend = format!(
            "{}  {}",
            painter.paint(RED, "- expected, and not done"),
            painter.paint(GREEN, "+ done, and not expected")
        );
        writeln!(out, "\n{legend}")?;
    }
    if let Some(coverage) = &results.coverage {
        show_coverage(coverage, &painter, out)?;
    }
    writeln!(out, "\n{}", summary(results, &painter))
}

fn show_file(
    file: &str,
    cases: &[&CaseResult],
    verbose: bool,
    painter: &Painter,
    out: &mut impl Write,
) -> io::Result<()> {
    let unread = cases.iter().filter(|case| matches!(case.status, Status::Unread(_))).count();
    let bad = cases.iter().filter(|case| case.status != Status::Passed).count();
    let counted = match bad {
        _ if unread == cases.len() => "it has mistakes".to_owned(),
        bad if unread > 0 => {
            let all = counted(cases.len() - unread, "case");
            format!("it has mistakes, and {} of {all} failed", bad - unread)
        }
        0 => counted(cases.len(), "case"),
        bad => format!("{bad} of {} failed", counted(cases.len(), "case")),
    };
    let counted = painter.paint(if bad == 0 { FAINT } else { RED }, &format!("({counted})"));
    writeln!(out, "{} {} {counted}", painter.mark(bad == 0), printable(file))?;
    if !verbose && bad == 0 {
        return Ok(());
    }
    // What is wrong with the file itself was told before.
    let told = cases.iter().filter(|case| !matches!(case.status, Status::Unread(_)));
    for case in told.filter(|case| verbose || case.status != Status::Passed) {
        writeln!(out, "  {} {}", painter.mark(case.status == Status::Passed), printable(&case.title()))?;
        if let Status::Broken(why) = &case.status {
            writeln!(out, "      {}", painter.paint(RED, why))?;
        }
        if verbose && case.status == Status::Passed {
            show_lines(&case.lines, painter, out)?;
            show_evaluations(case, painter, out)?;
        }
    }
    Ok(())
}

fn show_failure(case: &CaseResult, painter: &Painter, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{} {}", painter.mark(false), painter.paint(BOLD, &case.title()))?;
    writeln!(out, "  {}", painter.paint(FAINT, &format!("{}:{}", case.file, case.line)))?;
    writeln!(out)?;
    show_lines(&case.lines, painter, out)?;
    show_evaluations(case, painter, out)
}

/// What failed was unknown, and a rule that is unknown does nothing.
fn show_evaluations(case: &CaseResult, painter: &Painter, out: &mut impl Write) -> io::Result<()> {
    for (rule, count) in &case.failures {
        let evaluations = counted(usize::try_from(*count).unwrap_or(usize::MAX), "cel evaluation");
        let text = format!("{evaluations} of {rule} failed (unknown)");
        writeln!(out, "      {}", painter.paint(YELLOW, &text))?;
    }
    Ok(())
}

fn show_lines(lines: &[Line], painter: &Painter, out: &mut impl Write) -> io::Result<()> {
    let width = lines.iter().map(|line| line.moment().len()).max().unwrap_or_default().max(4);
    let mut last = String::new();
    for line in lines {
        let moment = line.moment();
        let shown = if moment == last { "" } else { moment.as_str() };
        let (sign, ansi) = match line.sign {
            Sign::Missing => ("-", RED),
            Sign::Unexpected | Sign::Endless => ("+", GREEN),
            Sign::Same => (" ", Ansi::new()),
            Sign::Aside => (" ", FAINT),
        };
        let text = painter.paint(ansi, &format!("{sign} {}", line.text));
        writeln!(out, "  {shown:>width$} {text}")?;
        if !line.note.is_empty() {
            writeln!(out, "  {:>width$}     {}", "", painter.paint(YELLOW, &line.note))?;
        }
        last = moment;
    }
    Ok(())
}

fn show_coverage(coverage: &CoverageResult, painter: &Painter, out: &mut impl Write) -> io::Result<()> {
    if !coverage.gaps.is_empty() {
        writeln!(out, "\n{}", painter.paint(BOLD, "not shown by any test"))?;
    }
    let mut last = "";
    for gap in &coverage.gaps {
        if gap.rule != last {
            writeln!(out, "  {} {}", printable(&gap.rule), painter.paint(FAINT, &gap.place))?;
            last = &gap.rule;
        }
        writeln!(out, "    {} {}", painter.paint(YELLOW, &format!("{}:", gap.lacks)), printable(&gap.part))?;
    }
    let ansi = if coverage.gaps.is_empty() { GREEN } else { YELLOW };
    let share = painter.paint(ansi, &format!("{}%", percent(coverage.percent)));
    writeln!(out, "\ncoverage: {share}, {} of {} rules, matchers and steps", coverage.covered, coverage.parts)
}

/// With one digit behind the point, never rounded up: 99.96 % is not all.
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 10.0).floor() / 10.0;
    if tenths.fract() == 0.0 { format!("{tenths:.0}") } else { format!("{tenths:.1}") }
}

fn summary(results: &Results, painter: &Painter) -> String {
    let mut parts = Vec::new();
    let unread = results.count(|status| matches!(status, Status::Unread(_)));
    let unreadable = results.count(|status| matches!(status, Status::Unreadable(_)));
    let broken = results.count(|status| matches!(status, Status::Broken(_)));
    let (passed, failed) = (results.passed(), results.failed());
    if passed > 0 {
        parts.push(painter.paint(GREEN, &format!("{passed} passed")));
    }
    if failed > 0 {
        parts.push(painter.paint(RED, &format!("{failed} failed")));
    }
    if broken > 0 {
        parts.push(painter.paint(RED, &format!("{broken} could not be run")));
    }
    if unread > 0 {
        parts.push(painter.paint(RED, &format!("{} with mistakes", counted(unread, "file"))));
    }
    if unreadable > 0 {
        parts.push(painter.paint(RED, &format!("{} not read", counted(unreadable, "path"))));
    }
    if results.left_out > 0 {
        parts.push(format!("{} left out", results.left_out));
    }
    let took = results.elapsed.map(|elapsed| format!(" ({} ms)", elapsed.as_millis())).unwrap_or_default();
    let what = format!("{} in {}", counted(results.played(), "case"), counted(results.files, "file"));
    if parts.is_empty() { format!("{what}{took}") } else { format!("{what}: {}{took}", parts.join(", ")) }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
