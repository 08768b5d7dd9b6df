//! Where findings stand, as programs count: lines and columns from 1, columns in Unicode scalar values,
//! offsets in bytes; an end lies behind the last character.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::rules::{Diagnostic, Place, Source, SourceId, Sources};

/// What standard input is called in reports.
pub const STANDARD_INPUT: &str = "standard input";
/// What the arguments of `--set` are called (`rules/settings.rs`).
const SETTING: &str = "--set";

/// Bytes for which the characters before them are counted once: a megabyte in one line with ten thousand
/// mistakes would be counted as often otherwise.
const BLOCK: usize = 1 << 12;

/// What kind of thing a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    StandardInput,
    /// An argument of the command line.
    Argument,
}

pub(super) fn kind(source: &Source) -> Kind {
    match source.name.as_str() {
        STANDARD_INPUT => Kind::StandardInput,
        SETTING => Kind::Argument,
        _ => Kind::File,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Range {
    pub(super) start: Position,
    pub(super) end: Position,
}

/// Measures places in all sources of a run.
pub(super) struct Ruler<'a> {
    sources: &'a Sources,
    /// For each block of a source, how many characters begin before it.
    characters: BTreeMap<SourceId, Vec<usize>>,
}

impl<'a> Ruler<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        let blocks = |source: &Source| {
            let counts = source.text.as_bytes().chunks(BLOCK).map(characters);
            let sums = counts.scan(0, |sum, count| {
                *sum += count;
                Some(*sum)
            });
            std::iter::once(0).chain(sums).collect()
        };
        Self { sources, characters: sources.iter().map(|(id, source)| (id, blocks(source))).collect() }
    }

    /// The source of a place, and its range in it.
    pub(super) fn measure(&self, place: Place) -> Option<(&'a Source, Range)> {
        let source = self.sources.get(place.source)?;
        let position = |offset: usize| self.position(place.source, source, offset.min(source.text.len()));
        let start = position(place.span.start);
        let end = position(place.span.end.max(place.span.start));
        Some((source, Range { start, end }))
    }

    /// The same of a diagnostic.
    pub(super) fn place_of(&self, diagnostic: &Diagnostic) -> Option<(&'a Source, Range)> {
        self.measure(diagnostic.place?)
    }

    fn position(&self, id: SourceId, source: &Source, offset: usize) -> Position {
        let before = |offset: usize| {
            let block = offset / BLOCK;
            let counted = self.characters.get(&id).and_then(|sums| sums.get(block)).copied();
            let rest = source.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default();
            counted.unwrap_or_default() + characters(rest)
        };
        let line = source.line_of(offset);
        let column = before(offset) - before(source.line(line).start) + 1;
        Position { line: line + 1, column, offset }
    }
}

/// How many characters of UTF-8 begin in these bytes, wherever they were cut.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// The rule whose finding it is, as it is named there.
pub(super) fn rule(diagnostic: &Diagnostic) -> Option<&str> {
    diagnostic.subject.strip_prefix("rule `")?.strip_suffix('`')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Input, LoadOptions, Span, load};

    #[test]
    fn places_are_told_as_the_source_tells_them_however_long_the_line_is() {
        let text = format!("# é\r\n# {}\n", "aé☃🦀".repeat(3000));
        let input = Input::Text { name: STANDARD_INPUT.to_owned(), bytes: text.clone().into_bytes() };
        let loaded = load(&[input], &LoadOptions::default());
        let ruler = Ruler::new(&loaded.sources);
        let (id, source) = loaded.sources.iter().next().unwrap();
        for start in (0..=text.len()).filter(|offset| text.is_char_boundary(*offset)).step_by(61) {
            let place = Place { source: id, span: Span { start, end: text.len() } };
            let (_, range) = ruler.measure(place).unwrap();
            assert_eq!((range.start.line, range.start.column), source.position(start));
            assert_eq!((range.end.line, range.end.column, range.end.offset), (3, 1, text.len()));
        }
    }
}
