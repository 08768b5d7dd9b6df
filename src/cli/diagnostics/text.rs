//! `--format text`: one report for each finding, and a line that counts them.

use std::io::{self, Write};

use super::{Findings, Renderer, Style};
use crate::rules::Severity;

/// More reports are of no use to a person; the summary counts all.
const MOST_SHOWN: usize = 200;

pub(super) fn show(findings: &Findings<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let renderer = Renderer::new(findings.sources, style);
    for diagnostic in findings.wanted().take(MOST_SHOWN) {
        writeln!(out, "{}", renderer.render(diagnostic))?;
    }
    let rest = findings.wanted().count().saturating_sub(MOST_SHOWN);
    if rest > 0 {
        writeln!(out, "and {rest} more\n")?;
    }
    if findings.quiet {
        return Ok(());
    }
    writeln!(out, "{}", findings.summary())?;
    let error = findings.diagnostics.iter().find(|one| one.severity() == Severity::Error);
    match error.or(findings.diagnostics.first()).filter(|_| style.hint) {
        Some(first) => writeln!(out, "for more: k8s-healer validate-rules --explain {}", first.code),
        None => Ok(()),
    }
}
