//! Diagnostics are values: what is wrong, where, and what to write instead. Nothing here prints.

use std::collections::HashSet;
use std::fmt;

use super::code::{Code, Severity};
use super::source::SourceId;

/// A range of bytes of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte behind the last one.
    pub end: usize,
}

/// A range of bytes of a certain source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, standard input or command line argument.
    pub source: SourceId,
    /// The bytes in it.
    pub span: Span,
}

/// Another place that belongs to a mistake, such as the first of two equal keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where it is.
    pub place: Place,
    /// What is there.
    pub label: String,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of mistake.
    pub code: Code,
    /// Whose mistake, as the beginning of a sentence: ``rule `vm-stale` ``. Empty: the file's.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// The characters that are wrong; `None` where no text could be read.
    pub place: Option<Place>,
    /// What stands under these characters.
    pub label: String,
    /// What to write instead; may be empty.
    pub help: String,
    /// Other places that belong to it.
    pub related: Vec<Related>,
}

impl Diagnostic {
    /// A mistake at a place.
    #[must_use]
    pub fn new(code: Code, place: impl Into<Option<Place>>, message: impl Into<String>) -> Self {
        Self {
            code,
            subject: String::new(),
            message: message.into(),
            place: place.into(),
            label: String::new(),
            help: String::new(),
            related: Vec::new(),
        }
    }

    /// The same with a text under the characters.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same with a help that says what to write.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same with one more place.
    #[must_use]
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push(Related { place, label: label.into() });
        self
    }

    /// Whether it stops the rules from running.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// The whole sentence: ``rule `vm-stale`: `6 min` is not a duration``.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subject.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.subject, self.message)
        }
    }
}

/// Nobody reads more, and a hostile file of a megabyte could make a million of them: reading stops there.
const MOST_KEPT: usize = 10_000;

/// Collects diagnostics. The same mistake at the same place is told once, however many rules meet it
/// there (a default, a parameter).
#[derive(Debug, Default)]
pub(super) struct Collector {
    kept: Vec<Diagnostic>,
    seen: HashSet<(Code, Option<Place>, String)>,
    errors: usize,
    warnings: usize,
}

impl Collector {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let severity = diagnostic.severity();
        if self.is_full()
            || !self.seen.insert((diagnostic.code, diagnostic.place, diagnostic.message.clone()))
        {
            return;
        }
        self.kept.push(diagnostic);
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
    }

    /// Whether no more is kept, so that looking further is of no use.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= MOST_KEPT
    }

    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    pub(super) fn warnings(&self) -> usize {
        self.warnings
    }

    /// In the order in which a person reads the sources.
    pub(super) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.kept.sort_by_key(|diagnostic| diagnostic.place);
        self.kept
    }
}

/// A text of the reader's file inside a message: in backquotes, cut, control characters made visible, so
/// that no file can write to the reader's terminal.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::from("`");
    for (index, character) in text.chars().enumerate() {
        if index == LONGEST {
            shown.push('…');
            break;
        }
        if character.is_control() || is_bidirectional(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown.push('`');
    shown
}

/// Characters that reorder the text around them on a terminal.
pub(crate) fn is_bidirectional(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `a`, `b` or `c`.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_mistake_at_the_same_place_is_told_once() {
        let mut collector = Collector::default();
        let place = Place { source: SourceId::from_index(0), span: Span { start: 1, end: 2 } };
        for subject in ["rule `a`", "rule `b`"] {
            let mut diagnostic = Diagnostic::new(Code::BadDuration, place, "`6` is not a duration");
            subject.clone_into(&mut diagnostic.subject);
            collector.push(diagnostic);
        }
        collector.push(Diagnostic::new(Code::BadDuration, place, "another"));
        assert_eq!(collector.errors(), 2);
    }

    #[test]
    fn quoted_text_is_cut_and_cannot_reach_the_terminal() {
        assert_eq!(quoted("a\u{1b}[31m"), "`a\\u{1b}[31m`");
        assert_eq!(quoted("a\u{202e}b"), "`a\\u{202e}b`");
        assert!(quoted(&"é".repeat(100)).chars().count() < 70);
    }
}
