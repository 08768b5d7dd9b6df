//! YAML is cut into its documents, and a list as kubectl writes it into its items, by lines alone: `---` at the
//! first column begins a document wherever it stands, and what belongs to an item is indented deeper than its
//! dash. Each piece is parsed alone. A list that is written otherwise is parsed as a whole.

use std::io;

use serde_json::{Map, Value};

use super::parsing::Parsing;
use super::problem::{Flaw, Position};
use super::reading::Reading;
use super::window::{LARGEST, Window};
use super::yaml;

/// What the lines under way belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// A document, as far as it is known.
    Document,
    /// One whose `items:` stand behind so many bytes, if a dash comes next.
    Deciding { head: usize },
    /// A document that is parsed as a whole.
    Whole,
    /// A list whose dashes stand behind so many blanks; a bare one has no keys beside it.
    Items { indent: usize, is_bare: bool },
    /// A list, behind its items.
    Tail { is_bare: bool },
}

/// Reads a dump to its end, or to where it cannot be understood any more.
pub(super) fn read(window: &mut Window<'_>, out: &mut Reading<'_>) {
    std::thread::scope(|scope| {
        let parsing = Parsing::new(scope, out.path());
        let mut cutter = Cutter {
            window,
            out,
            parsing,
            at: 0,
            mode: Mode::Document,
            begun: false,
            skips: false,
            inside_line: false,
        };
        let read = cutter.lines();
        cutter.parsing.flush(cutter.out);
        if let Err(error) = read {
            cutter.out.unreadable(cutter.window, &error);
        }
    });
}

struct Cutter<'c, 'r, 'e, 's> {
    window: &'c mut Window<'r>,
    out: &'c mut Reading<'e>,
    parsing: Parsing<'s>,
    /// The lines of the piece that is under way end here.
    at: usize,
    mode: Mode,
    /// There is more of the document than blanks, comments and directives.
    begun: bool,
    /// The piece is too large, which has been told.
    skips: bool,
    /// Of a line without end the beginning has been looked at.
    inside_line: bool,
}

impl Cutter<'_, '_, '_, '_> {
    fn lines(&mut self) -> io::Result<()> {
        while let Some(end) = self.line_end()? {
            if self.out.is_full() {
                return Ok(());
            }
            self.line(end);
        }
        self.finish();
        Ok(())
    }

    /// Where the next line ends, its break included; `None`: there is none. A line without end is skipped.
    fn line_end(&mut self) -> io::Result<Option<usize>> {
        let mut searched = self.at;
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.window.rest()[searched..]) {
                let end = searched + found + 1;
                if !self.inside_line {
                    return Ok(Some(end));
                }
                self.inside_line = false;
                self.window.consume(end);
                searched = 0;
                continue;
            }
            searched = self.window.rest().len();
            if searched - self.at > LARGEST {
                if !self.inside_line {
                    // How it begins says what it belongs to.
                    self.line(searched);
                    self.inside_line = true;
                }
                self.skip();
                searched = self.window.rest().len();
                self.window.consume(searched);
                self.at = 0;
                searched = 0;
            }
            if !self.window.more()? {
                if self.inside_line {
                    // The end of the line is that of the dump.
                    self.window.consume(searched);
                    return Ok(None);
                }
                return Ok((searched > self.at).then_some(searched));
            }
        }
    }

    fn skip(&mut self) {
        if !self.skips {
            self.skips = true;
            self.parsing.flush(self.out);
            self.out.too_large(self.window.position(), self.window.rest());
        }
        if matches!(self.mode, Mode::Document | Mode::Deciding { .. }) {
            self.mode = Mode::Whole;
        }
    }

    fn line(&mut self, end: usize) {
        let line = &self.window.rest()[self.at..end];
        match line {
            [b'-', b'-', b'-', rest @ ..] if ends_word(rest) => {
                if self.begun {
                    self.finish();
                }
                self.begun = true;
                self.at += line_length(self.window.rest(), self.at);
                return;
            }
            [b'.', b'.', b'.', rest @ ..] if ends_word(rest) => {
                self.finish();
                let length = line_length(self.window.rest(), 0);
                self.window.consume(length);
                return;
            }
            _ => {}
        }
        let shape = Shape::of(line);
        match self.mode {
            Mode::Document => {
                let is_first = !self.begun || self.window.rest()[..self.at].trim_ascii() == b"---";
                if let Shape::Text { indent, is_dash } = shape {
                    self.begun = true;
                    let kind = line.strip_prefix(b"kind:").map(<[u8]>::trim_ascii);
                    if is_dash && is_first {
                        self.list(self.at, indent);
                    } else if kind.is_some_and(|kind| !kind.ends_with(b"List")) {
                        self.mode = Mode::Whole;
                    } else if line.trim_ascii_end() == b"items:" {
                        self.mode = Mode::Deciding { head: self.at };
                    }
                }
            }
            Mode::Deciding { head } => match shape {
                Shape::Nothing => {}
                Shape::Text { indent, is_dash: true } => self.list(head, indent),
                Shape::Text { .. } => self.mode = Mode::Whole,
            },
            Mode::Items { indent, is_bare } => match shape {
                Shape::Text { indent: own, is_dash: true } if own == indent => self.finish_item(),
                Shape::Text { indent: own, .. } if own <= indent => {
                    self.finish_item();
                    self.mode = Mode::Tail { is_bare };
                }
                _ => {}
            },
            Mode::Whole | Mode::Tail { .. } => {}
        }
        self.at += line_length(self.window.rest(), self.at);
        if self.at > LARGEST {
            self.skip();
        }
        if self.skips {
            self.window.consume(self.at);
            self.at = 0;
        }
    }

    /// A list begins here, and so much before it tells of what.
    fn list(&mut self, head: usize, indent: usize) {
        self.parsing.flush(self.out);
        let begin = self.window.position();
        // Without a key that it belongs to, a list stands alone.
        let is_bare = head == self.at;
        if is_bare {
            self.out.array_begins(begin);
        } else {
            let head = envelope(&self.window.rest()[..head], begin, self.out);
            self.out.list_begins(head, begin);
        }
        self.window.consume(self.at);
        self.at = 0;
        self.mode = Mode::Items { indent, is_bare };
    }

    /// What stands behind the items.
    fn tail(&mut self, is_bare: bool) -> Map<String, Value> {
        let (text, begin) = (&self.window.rest()[..self.at], self.window.position());
        let tail = envelope(text, begin, self.out);
        if let Some(key) = tail.keys().find(|key| is_bare || self.out.is_said_twice(key)) {
            let at = place_of(key, text);
            let flaw = if is_bare {
                neither(at)
            } else {
                Flaw::new(at, format!("the key `{key}` stands here twice"), "keep one of the two")
            };
            self.out.flaw(flaw, begin, text);
        }
        tail
    }

    /// The list ends. kubectl writes `kind` behind the items: without it, the end is missing.
    fn ends(&mut self, tail: Map<String, Value>) {
        if self.out.is_cut_off(&tail) {
            let help = "take the dump again, and see that the command that writes it succeeds";
            let message = "the list ends before it says its `kind`: the text is cut off";
            self.out.flaw(Flaw::new(self.at, message, help), self.window.position(), self.window.rest());
        }
        self.out.list_ends(tail);
    }

    fn finish_item(&mut self) {
        self.piece(true);
    }

    /// Hands the piece on to be parsed.
    fn piece(&mut self, is_item: bool) {
        if !self.skips {
            let piece = &self.window.rest()[..self.at];
            self.parsing.add(piece, self.window.position(), is_item, self.out);
        }
        self.skips = false;
        self.window.consume(self.at);
        self.at = 0;
    }

    /// The document ends.
    fn finish(&mut self) {
        match self.mode {
            Mode::Document | Mode::Deciding { .. } | Mode::Whole => self.piece(false),
            Mode::Items { .. } => {
                self.finish_item();
                self.parsing.flush(self.out);
                self.ends(Map::new());
            }
            Mode::Tail { is_bare } => {
                self.parsing.flush(self.out);
                let tail = if self.skips { Map::new() } else { self.tail(is_bare) };
                self.skips = false;
                self.ends(tail);
                self.window.consume(self.at);
                self.at = 0;
            }
        }
        self.mode = Mode::Document;
        self.begun = false;
    }
}

/// What a list says beside its items.
fn envelope(text: &[u8], begin: Position, out: &mut Reading<'_>) -> Map<String, Value> {
    match yaml::value(text) {
        Ok(None) => Map::new(),
        Ok(Some((Value::Object(map), _))) => map,
        Ok(Some((_, at))) => {
            out.flaw(neither(at), begin, text);
            Map::new()
        }
        Err(flaw) => {
            out.flaw(flaw, begin, text);
            Map::new()
        }
    }
}

fn neither(at: usize) -> Flaw {
    let help = "indent all items of a list alike, and its keys less or not at all";
    Flaw::new(at, "what stands here is neither an item of the list nor a key beside it", help)
}

/// Where a key stands in a mapping.
fn place_of(key: &str, text: &[u8]) -> usize {
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let name = line.trim_ascii_start();
        if name.strip_prefix(b"\"").unwrap_or(name).starts_with(key.as_bytes()) {
            return at;
        }
        at += line.len();
    }
    0
}

/// Behind `---` comes nothing, or a blank.
fn ends_word(rest: &[u8]) -> bool {
    rest.first().is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// The bytes of the line that begins here, with its break.
fn line_length(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len() - at, |found| found + 1)
}

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Blanks, a comment, a directive.
    Nothing,
    Text {
        indent: usize,
        is_dash: bool,
    },
}

impl Shape {
    fn of(line: &[u8]) -> Self {
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        let blanks = line[indent..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if matches!(line[indent + blanks..], [] | [b'\r' | b'\n' | b'#', ..]) {
            return Self::Nothing;
        }
        match line[indent..] {
            [b'%', ..] if indent == 0 => Self::Nothing,
            [b'-', ref rest @ ..] => Self::Text { indent, is_dash: ends_word(rest) },
            _ => Self::Text { indent, is_dash: false },
        }
    }
}
