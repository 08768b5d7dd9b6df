//! Where something stands in a dump, and what is wrong there. No text is kept but the piece of a line around
//! the place: a dump may be larger than the memory.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memrchr};

/// The path that means standard input.
pub const STANDARD_INPUT: &str = "-";

/// So many characters are shown on each side of a place.
const AROUND: usize = 60;

/// Line and column as editors count them: from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// The first character.
    pub const START: Self = Self { line: 1, column: 1 };

    /// Behind these bytes, if they begin here.
    #[must_use]
    pub fn behind(self, bytes: &[u8]) -> Self {
        // Every byte that does not go on with a character begins one.
        let characters = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        match memrchr(b'\n', bytes) {
            Some(last) => Self {
                line: self.line + memchr_iter(b'\n', bytes).count(),
                column: 1 + characters(&bytes[last + 1..]),
            },
            None => Self { line: self.line, column: self.column + characters(bytes) },
        }
    }
}

/// Where an object begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, or [`STANDARD_INPUT`].
    pub path: Arc<Path>,
    /// Line and column in it; of a compressed file, in what it unpacks to.
    pub position: Position,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", name(&self.path), self.position.line, self.position.column)
    }
}

/// How a path is called in messages.
pub(super) fn name(path: &Path) -> Cow<'_, str> {
    if path == Path::new(STANDARD_INPUT) { "standard input".into() } else { path.to_string_lossy() }
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder, or [`STANDARD_INPUT`].
    pub path: PathBuf,
    /// Where in it; `None`: it is about the file as a whole.
    pub position: Option<Position>,
    /// What is wrong.
    pub message: String,
    /// What to do next; may be empty.
    pub help: String,
    /// What stands there.
    pub excerpt: Option<Excerpt>,
}

/// A part of the line of a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// What stands around the place: at most some sixty characters on each side.
    pub text: String,
    /// The byte of `text` at which the place is.
    pub offset: usize,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", name(&self.path))?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Problem {}

impl Problem {
    /// One that is about a file as a whole.
    pub(super) fn of_file(path: &Path, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            position: None,
            message: message.into(),
            help: help.into(),
            excerpt: None,
        }
    }
}

/// What is wrong with a piece of text, by its offset in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) offset: usize,
    pub(super) message: String,
    pub(super) help: Cow<'static, str>,
}

impl Flaw {
    pub(super) fn new(offset: usize, message: impl Into<String>, help: impl Into<Cow<'static, str>>) -> Self {
        Self { offset, message: message.into(), help: help.into() }
    }

    /// The same, where the piece stands.
    pub(super) fn at(self, path: &Path, begin: Position, piece: &[u8]) -> Problem {
        let offset = self.offset.min(piece.len());
        Problem {
            path: path.to_owned(),
            position: Some(begin.behind(&piece[..offset])),
            message: self.message,
            help: self.help.into_owned(),
            excerpt: excerpt(piece, offset),
        }
    }
}

fn excerpt(piece: &[u8], offset: usize) -> Option<Excerpt> {
    let line_start = memrchr(b'\n', &piece[..offset]).map_or(0, |at| at + 1);
    let line_end = memchr(b'\n', &piece[offset..]).map_or(piece.len(), |at| offset + at);
    // Four bytes are the longest character; a line may be a gigabyte.
    let before = &piece[line_start.max(offset.saturating_sub(4 * AROUND))..offset];
    let behind = &piece[offset..line_end.min(offset + 4 * AROUND)];
    let before = String::from_utf8_lossy(before);
    let behind = String::from_utf8_lossy(behind);
    let skipped = before.chars().count().saturating_sub(AROUND);
    let before: String = before.chars().skip(skipped).collect();
    let behind: String = behind.trim_end_matches('\r').chars().take(AROUND).collect();
    let offset = before.len();
    let text = before + &behind;
    (!text.trim().is_empty()).then_some(Excerpt { text, offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters_and_lines_are_counted_from_one() {
        for (text, line, column) in
            [("", 1, 1), ("ab", 1, 3), ("é", 1, 2), ("a\n", 2, 1), ("a\nb\r\nçé", 3, 3), ("\n\n", 3, 1)]
        {
            assert_eq!(Position::START.behind(text.as_bytes()), Position { line, column }, "{text:?}");
        }
        let begin = Position { line: 7, column: 5 };
        assert_eq!(begin.behind(b"ab"), Position { line: 7, column: 7 });
    }

    #[test]
    fn a_problem_shows_a_part_of_its_line_however_long_that_is() {
        let piece = format!("first\n{}é!{}\nlast", "a".repeat(1000), "b".repeat(1000));
        let offset = piece.find('!').unwrap();
        let problem = Flaw::new(offset, "wrong", "").at(Path::new("a"), Position::START, piece.as_bytes());
        assert_eq!(problem.to_string(), "a:2:1002: wrong");
        let excerpt = problem.excerpt.unwrap();
        assert_eq!(&excerpt.text[excerpt.offset..=excerpt.offset], "!");
        assert_eq!(excerpt.text.chars().count(), 120);
        assert!(excerpt.text.starts_with("aaa") && excerpt.text.ends_with("bbb"));
    }

    #[test]
    fn an_offset_past_the_end_and_bytes_that_are_no_text_do_no_harm() {
        let problem = Flaw::new(99, "wrong", "").at(Path::new("-"), Position::START, b"a\xff\xfe");
        assert_eq!(problem.to_string(), "standard input:1:4: wrong");
        assert_eq!(problem.excerpt.unwrap().text, "a\u{fffd}\u{fffd}");
    }
}
