//! Shows what could not be read of a dump: the same reports as of rules. The dump itself is not kept, but for the
//! piece of a line around each place.

use std::fmt;
use std::io::{self, Write};

use miette::{
    Diagnostic as Reportable, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};

use super::Style;
use super::picture::draw;
use super::printable::printable;
use crate::dump::{Position, Problem, STANDARD_INPUT};

/// Writes one report for each problem.
pub fn show_problems(problems: &[Problem], style: Style, out: &mut impl Write) -> io::Result<()> {
    problems.iter().try_for_each(|problem| writeln!(out, "{}", draw(&Report::new(problem), style)))
}

/// A problem in the shape that the report library reads.
#[derive(Debug)]
struct Report {
    message: String,
    help: String,
    excerpt: Option<Shown>,
}

/// A part of a line, and where it stands.
#[derive(Debug)]
struct Shown {
    name: String,
    text: String,
    /// The byte of `text` that is meant.
    offset: usize,
    position: Position,
}

impl Report {
    fn new(problem: &Problem) -> Self {
        let excerpt = problem.position.zip(problem.excerpt.as_ref()).map(|(position, excerpt)| Shown {
            name: name(problem),
            text: printable(&excerpt.text).into_owned(),
            offset: excerpt.offset,
            position,
        });
        // Where nothing can be shown, the message says where it is.
        let message = if excerpt.is_some() { problem.message.clone() } else { problem.to_string() };
        let message = printable(&message).into_owned();
        Self { message, help: printable(&problem.help).into_owned(), excerpt }
    }
}

fn name(problem: &Problem) -> String {
    let name = problem.path.to_string_lossy();
    if name == STANDARD_INPUT { "standard input".to_owned() } else { printable(&name).into_owned() }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl Reportable for Report {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Error)
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        (!self.help.is_empty()).then(|| -> Box<dyn fmt::Display> { Box::new(&self.help) })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| -> &dyn SourceCode { excerpt })
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        let length = excerpt.text[excerpt.offset..].chars().next().map_or(0, char::len_utf8);
        let label = LabeledSpan::new_primary_with_span(None, (excerpt.offset, length));
        Some(Box::new(std::iter::once(label)))
    }
}

impl SourceCode for Shown {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let (line, column) = (self.position.line - 1, self.position.column - 1);
        let (range, column) = if before == 0 && after == 0 {
            // The place itself, to tell its line and column.
            (span.offset()..span.offset() + span.len(), column)
        } else {
            let ahead = self.text[..self.offset].chars().count();
            (0..self.text.len(), column.saturating_sub(ahead))
        };
        let data = self.text.get(range.clone()).ok_or(MietteError::OutOfBounds)?;
        let span = (range.start, range.len()).into();
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data.as_bytes(), span, line, column, 1)))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn shown(text: &str) -> String {
        let read = crate::dump::read(&[PathBuf::from("-")], &mut text.as_bytes(), &mut |_| {});
        let mut out = Vec::new();
        show_problems(&read.unwrap_err(), Style::PLAIN, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_place_is_shown_with_its_line_and_column() {
        let report = shown("{\"apiVersion\":\"v1\"}\n{\"a\u{1b}\": tru}\n");
        assert!(report.contains("[standard input:2:"), "{report}");
        assert!(report.contains("{\"a?\": tru}"), "{report}");
        assert!(!report.contains('\u{1b}'), "{report}");
    }

    #[test]
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let line = format!("{{\"a\":\"{}\",\"b\": tru,\"c\":\"{}\"}}", "x".repeat(5000), "y".repeat(5000));
        let report = shown(&line);
        assert!(report.contains("[standard input:1:50"), "{report}");
        assert!(report.contains("xxx\",\"b\": tru,\"c\":\"yyy"), "{report}");
        assert!(report.lines().all(|line| line.chars().count() < 160), "{report}");
    }

    #[test]
    fn what_is_about_a_file_as_a_whole_names_it() {
        assert!(shown("").contains("standard input: there is nothing in it"));
    }
}
