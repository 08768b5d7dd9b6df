//! Draws diagnostics for people: one report each, its characters underlined. Whatever the file holds, a
//! report stays short, and nothing of it can steer the reader's terminal.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use miette::{
    Diagnostic as Reportable, GraphicalTheme, LabeledSpan, MietteError, MietteHandler, MietteHandlerOpts,
    MietteSpanContents, ReportHandler, SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::printable::printable;
use super::style::Style;
use crate::rules::{Diagnostic, Place, Severity, Source, SourceId, Sources, Span};

/// A longer line is shown in part, or not at all where it is only a neighbour.
const LONGEST_LINE: usize = 400;
/// The bytes shown on each side of a place in a line that is too long.
const WINDOW: usize = 60;

/// Draws diagnostics of the same sources.
pub struct Renderer<'a> {
    sources: &'a Sources,
    /// What may be shown of each source.
    texts: BTreeMap<SourceId, Cow<'a, str>>,
    style: Style,
    with_codes: bool,
}

impl<'a> Renderer<'a> {
    /// For the diagnostics of one run.
    #[must_use]
    pub fn new(sources: &'a Sources, style: Style) -> Self {
        let texts = sources.iter().map(|(id, source)| (id, printable(&source.text))).collect();
        Self { sources, texts, style, with_codes: true }
    }

    /// The same for a text that holds no rules: what the codes are explained by is about rules.
    #[must_use]
    pub fn without_codes(self) -> Self {
        Self { with_codes: false, ..self }
    }

    /// One diagnostic as a report of several lines.
    #[must_use]
    pub fn render(&self, diagnostic: &Diagnostic) -> String {
        let report = Report::new(diagnostic, self);
        draw(&report, self.style)
    }

    fn excerpt(&self, id: SourceId) -> Option<Excerpt<'_>> {
        Some(Excerpt { source: self.sources.get(id)?, text: self.texts.get(&id)? })
    }
}

/// A report as the report library draws it.
pub(super) fn draw(report: &dyn Reportable, style: Style) -> String {
    without_trailing_blanks(&Picture { handler: handler(style), report }.to_string())
}

/// How the report library draws in this style.
fn handler(style: Style) -> MietteHandler {
    let characters = if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    let styles = if style.colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let options = MietteHandlerOpts::new()
        .graphical_theme(GraphicalTheme { characters, styles })
        .force_graphical(true)
        .context_lines(1)
        .terminal_links(false);
    match style.width {
        Some(width) => options.width(width).build(),
        None => options.build(),
    }
}

fn without_trailing_blanks(text: &str) -> String {
    // Lines of the picture that carry nothing end in blanks.
    text.lines().map(str::trim_end).fold(String::new(), |mut lines, line| {
        lines.push_str(line);
        lines.push('\n');
        lines
    })
}

struct Picture<'a> {
    handler: MietteHandler,
    report: &'a dyn Reportable,
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handler.debug(self.report, f)
    }
}

/// A diagnostic in the shape that the report library reads.
#[derive(Debug)]
struct Report<'a> {
    message: String,
    code: Option<&'static str>,
    severity: miette::Severity,
    help: String,
    labels: Vec<LabeledSpan>,
    source: Option<Excerpt<'a>>,
    related: Vec<Self>,
}

impl<'a> Report<'a> {
    fn new(diagnostic: &Diagnostic, renderer: &'a Renderer<'a>) -> Self {
        let mut report = Self {
            message: printable(&diagnostic.to_string()).into_owned(),
            code: renderer.with_codes.then(|| diagnostic.code.name()),
            severity: match diagnostic.severity() {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            help: printable(&diagnostic.help).into_owned(),
            labels: Vec::new(),
            source: None,
            related: Vec::new(),
        };
        let excerpt = diagnostic.place.and_then(|place| Some((place, renderer.excerpt(place.source)?)));
        let Some((place, excerpt)) = excerpt else { return report };
        let source = excerpt.source;
        report.source = Some(excerpt);
        report.labels.push(label(source, place, &diagnostic.label, true));
        for other in &diagnostic.related {
            let Some(excerpt) = renderer.excerpt(other.place.source) else { continue };
            if other.place.source == place.source && fits(source, place) && fits(source, other.place) {
                report.labels.push(label(source, other.place, &other.label, false));
            } else {
                report.related.push(Self::of_place(other.place, &other.label, excerpt));
            }
        }
        report
    }

    /// A place in another file, or too far along a long line to be shown in the same picture.
    fn of_place(place: Place, text: &str, excerpt: Excerpt<'a>) -> Self {
        Self {
            message: printable(text).into_owned(),
            code: None,
            severity: miette::Severity::Advice,
            help: String::new(),
            labels: vec![label(excerpt.source, place, "", true)],
            source: Some(excerpt),
            related: Vec::new(),
        }
    }
}

fn fits(source: &Source, place: Place) -> bool {
    let line = source.line(source.line_of(place.span.start));
    line.end - line.start <= LONGEST_LINE
}

/// The characters to underline: of a span over several lines the first, of a long one the beginning.
fn label(source: &Source, place: Place, text: &str, primary: bool) -> LabeledSpan {
    let start = place.span.start.min(source.text.len());
    let line = source.line(source.line_of(start));
    let end = place.span.end.min(line.end).max(start);
    let end = if line.end - line.start > LONGEST_LINE {
        boundary(&source.text, end.min(start + WINDOW))
    } else {
        end
    };
    let text = Some(printable(text).into_owned()).filter(|text| !text.is_empty());
    if primary {
        LabeledSpan::new_primary_with_span(text, (start, end - start))
    } else {
        LabeledSpan::new_with_span(text, (start, end - start))
    }
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Reportable for Report<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.code.map(|code| -> Box<dyn fmt::Display> { Box::new(code) })
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        (!self.help.is_empty()).then(|| -> Box<dyn fmt::Display> { Box::new(&self.help) })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| -> &dyn SourceCode { source })
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| -> Box<dyn Iterator<Item = LabeledSpan>> { Box::new(self.labels.iter().cloned()) })
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn Reportable> + 'b>> {
        let related = self.related.iter().map(|report| -> &dyn Reportable { report });
        (!self.related.is_empty())
            .then(|| -> Box<dyn Iterator<Item = &'b dyn Reportable> + 'b> { Box::new(related) })
    }
}

/// The lines around a place, and of a line that is too long only what is near to it.
#[derive(Clone, Copy, Debug)]
struct Excerpt<'a> {
    source: &'a Source,
    text: &'a str,
}

impl Excerpt<'_> {
    fn contents(
        &self,
        range: std::ops::Range<usize>,
        line: usize,
        column: usize,
    ) -> Box<dyn SpanContents<'_> + '_> {
        let data = &self.text[range.clone()];
        let (lines, name) = (data.lines().count(), self.source.name.clone());
        let span = (range.start, range.len()).into();
        Box::new(MietteSpanContents::new_named(name, data.as_bytes(), span, line, column, lines))
    }
}

impl SourceCode for Excerpt<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let source = self.source;
        let (start, end) = (span.offset(), span.offset() + span.len());
        if end > source.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let (first, last) = (source.line_of(start), source.line_of(end));
        if before == 0 && after == 0 {
            // The place itself, to tell its line and column.
            let column = source.position(start).1 - 1;
            return Ok(self.contents(start..end, first, column));
        }
        let is_short = |line: usize| {
            let Span { start, end } = source.line(line);
            end - start <= LONGEST_LINE
        };
        let Span { start: line_start, end: line_end } = source.line(first);
        let (from, to, line) = if is_short(first) {
            let top = (first.saturating_sub(before)..first).rev().take_while(|line| is_short(*line)).last();
            let bottom =
                (last + 1..=last + after).take_while(|line| *line < source.lines() && is_short(*line)).last();
            if last - first > 20 || !(first..=last).all(is_short) {
                return Err(MietteError::OutOfBounds);
            }
            let (top, bottom) = (top.unwrap_or(first), bottom.unwrap_or(last));
            (source.line(top).start, source.line(bottom).end, top)
        } else {
            let from = boundary(&source.text, start.saturating_sub(WINDOW).max(line_start));
            let to = boundary(&source.text, (end + WINDOW).min(line_end).max(end));
            (from, to, first)
        };
        let column = source.text[source.line(line).start..from].chars().count();
        Ok(self.contents(from..to, line, column))
    }
}
