//! A list or mapping in brackets whose closing one is forgotten. The parser reads on over the lines below and stumbles
//! there, at a colon that is right; how far the lines are indented tells where a person thought it closed.

use super::diagnostic::Span;

/// An opening bracket, and the line below that a person meant to be outside.
pub(super) struct Unclosed {
    pub(super) bracket: char,
    pub(super) opened: Span,
    pub(super) outside: Span,
}

impl Unclosed {
    /// What closes it.
    pub(super) fn closing(&self) -> char {
        if self.bracket == '[' { ']' } else { '}' }
    }
}

/// The bracket at a place, if a line between it and where the parser gave up begins no deeper than what it belongs to.
pub(super) fn before(text: &str, opened: usize, gave_up: usize) -> Option<Unclosed> {
    let bracket = text.get(opened..)?.chars().next().filter(|c| matches!(c, '[' | '{'))?;
    let line_of = |offset: usize| text.get(..offset)?.rfind('\n').map_or(Some(0), |at| Some(at + 1));
    let depth = depth_of(text.get(line_of(opened)?..opened)?);
    let last = line_of(gave_up)?;
    let mut begin = opened;
    while let Some(end) = text.get(begin..)?.find('\n').map(|end| begin + end + 1).filter(|at| *at <= last) {
        begin = end;
        let line = text.get(begin..)?.lines().next()?;
        let word = line.trim_start_matches([' ', '-']);
        let is_inside = word.is_empty() || word.starts_with(['#', ']', '}', ',', '\r']);
        if !is_inside && depth_of(line) <= depth {
            let start = begin + line.len() - line.trim_start().len();
            let outside = Span { start, end: begin + line.trim_end().len() };
            return Some(Unclosed { bracket, opened: Span { start: opened, end: opened + 1 }, outside });
        }
    }
    None
}

/// How deep the key or value of a line stands: behind the dashes of its list.
fn depth_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '-']).len()
}
