//! YAML as kubectl writes it, read by its lines: mappings and lists in blocks, plain and quoted scalars, literal
//! texts. A parser that knows all of YAML takes several times as long, and a dump is mostly this. Whatever is written
//! otherwise, or might be, is left to that parser, which alone says what is wrong: where this one gives a value, the
//! other gives the same. Pure.

use serde_json::{Map, Value};

use super::weight;
use super::yaml::plain;

/// Deeper ones are rare, and left to the parser.
const DEEPEST: usize = 64;
/// Longer keys likewise.
const LONGEST_KEY: usize = 512;

/// The value, and the byte at which it begins; `None`: this is for the parser.
pub(super) fn value(text: &str) -> Option<(Value, usize)> {
    let is_usual = |byte: u8| byte == b'\n' || matches!(byte, b' '..=b'~');
    if !text.ends_with('\n') || !text.bytes().all(is_usual) {
        return None;
    }
    let mut block = Block { rest: text, line: None, weight: 0 };
    block.advance()?;
    let begin = block.line?.indent;
    let value = block.node(0)?;
    block.line.is_none().then_some((value, begin))
}

/// A line that is not blank, or what stands behind the dash of a list in it.
#[derive(Clone, Copy, Debug)]
struct Line<'t> {
    indent: usize,
    /// What follows its indentation.
    text: &'t str,
}

impl Line<'_> {
    fn is_item(self) -> bool {
        self.text.starts_with("- ")
    }
}

struct Block<'t> {
    /// Behind the line that is looked at.
    rest: &'t str,
    /// `None`: the text has ended.
    line: Option<Line<'t>>,
    weight: usize,
}

impl<'t> Block<'t> {
    /// To the next line; blank ones, comments and marks of documents are for the parser.
    fn advance(&mut self) -> Option<()> {
        self.line = None;
        let Some((line, rest)) = self.rest.split_once('\n') else { return Some(()) };
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        let is_mark = indent == 0 && (text.starts_with("---") || text.starts_with("..."));
        if is_mark || text.is_empty() || text.starts_with('#') {
            return None;
        }
        self.rest = rest;
        self.line = Some(Line { indent, text });
        Some(())
    }

    /// Counts as the parser does.
    fn weigh(&mut self, weight: usize) -> Option<()> {
        self.weight += weight;
        (self.weight <= weight::MOST).then_some(())
    }

    fn node(&mut self, depth: usize) -> Option<Value> {
        let line = self.line?;
        if depth > DEEPEST {
            return None;
        }
        if line.is_item() { self.list(line.indent, depth) } else { self.map(line.indent, depth) }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Option<Value> {
        self.weigh(weight::LIST)?;
        let mut items = Vec::new();
        while let Some(line) = self.line.filter(|line| line.indent == indent && line.is_item()) {
            let text = &line.text[2..];
            let item = if key(text).is_some() {
                self.line = Some(Line { indent: indent + 2, text });
                self.node(depth + 1)?
            } else {
                self.scalar(text, indent)?
            };
            items.push(item);
        }
        Some(Value::Array(items))
    }

    fn map(&mut self, indent: usize, depth: usize) -> Option<Value> {
        self.weigh(weight::MAPPING)?;
        let mut map = Map::new();
        while let Some(line) = self.line.filter(|line| line.indent == indent && !line.is_item()) {
            let (key, rest) = key(line.text)?;
            let value = if rest.is_empty() {
                self.advance()?;
                match self.line {
                    Some(next) if next.indent > indent => self.node(depth + 1)?,
                    Some(next) if next.indent == indent && next.is_item() => self.list(indent, depth + 1)?,
                    _ => {
                        self.weigh(1)?;
                        Value::Null
                    }
                }
            } else {
                self.scalar(rest, indent)?
            };
            if map.insert(key.to_owned(), value).is_some() {
                return None;
            }
        }
        Some(Value::Object(map))
    }

    /// A scalar, or an empty list or mapping, that begins in this line; what goes on is indented deeper than `indent`.
    fn scalar(&mut self, text: &'t str, indent: usize) -> Option<Value> {
        self.weigh(1)?;
        let value = match text.as_bytes() {
            b"{}" => {
                self.weigh(weight::MAPPING)?;
                Value::Object(Map::new())
            }
            b"[]" => {
                self.weigh(weight::LIST)?;
                Value::Array(Vec::new())
            }
            b"|" | b"|-" => return self.literal(text == "|", indent),
            [b'"', ..] => return self.quoted(text, indent, double),
            [b'\'', ..] => return self.quoted(text, indent, single),
            _ => return self.plain(text, indent),
        };
        self.advance()?;
        self.ends(indent, value)
    }

    /// Nothing of the value stands in the line that follows.
    fn ends(&self, indent: usize, value: Value) -> Option<Value> {
        self.line.is_none_or(|line| line.indent <= indent).then_some(value)
    }

    fn plain(&mut self, text: &'t str, indent: usize) -> Option<Value> {
        let begins = match text.as_bytes() {
            [b'-', next, ..] => *next != b' ',
            [first, ..] => first.is_ascii_alphanumeric() || b"/._+~<($=^;\\".contains(first),
            [] => false,
        };
        if !begins || !is_plain(text) {
            return None;
        }
        self.advance()?;
        let mut folded = String::new();
        while let Some(line) = self.line.filter(|line| line.indent > indent) {
            if folded.is_empty() {
                folded.push_str(text);
            }
            folded.push(' ');
            folded.push_str(line.text);
            if line.text.ends_with(' ') {
                return None;
            }
            self.advance()?;
        }
        if folded.is_empty() {
            return Some(plain(text));
        }
        is_plain(&folded).then(|| plain(&folded))
    }

    fn quoted(&mut self, text: &'t str, indent: usize, read: fn(&str) -> Quoted) -> Option<Value> {
        let mut whole = match read(text) {
            Quoted::Text(value) => {
                self.advance()?;
                return self.ends(indent, value.into());
            }
            Quoted::Open => text.to_owned(),
            Quoted::Otherwise => return None,
        };
        loop {
            self.advance()?;
            let line = self.line.filter(|line| line.indent > indent && !whole.ends_with(' '))?;
            whole.push(' ');
            whole.push_str(line.text);
            match read(&whole) {
                Quoted::Text(value) => {
                    self.advance()?;
                    return self.ends(indent, value.into());
                }
                Quoted::Open => {}
                Quoted::Otherwise => return None,
            }
        }
    }

    /// The lines of a literal text; `ends`: with a line break.
    fn literal(&mut self, ends: bool, indent: usize) -> Option<Value> {
        let mut text = String::new();
        let mut depth = None;
        let mut blank = 0;
        while let Some((line, rest)) = self.rest.split_once('\n') {
            let own = line.len() - line.trim_start_matches(' ').len();
            if own == line.len() {
                // One of blanks may belong to the text or not, and one before all else says nothing of its depth.
                if own > 0 || depth.is_none() {
                    return None;
                }
                blank += 1;
            } else {
                let depth = *depth.get_or_insert(own);
                if own < depth || depth <= indent {
                    break;
                }
                text.extend(std::iter::repeat_n('\n', blank));
                blank = 0;
                text.push_str(&line[depth..]);
                text.push('\n');
            }
            self.rest = rest;
        }
        if blank > 0 || text.is_empty() {
            return None;
        }
        if !ends {
            text.pop();
        }
        self.advance()?;
        self.ends(indent, text.into())
    }
}

/// The key of a line, and what follows it, without the blank between; `None`: it has none, or an unusual one.
fn key(line: &str) -> Option<(&str, &str)> {
    let bytes = line.as_bytes();
    let first = bytes.first()?;
    if !first.is_ascii_alphanumeric() && !b"._/".contains(first) {
        return None;
    }
    for (at, byte) in bytes.iter().enumerate().take(LONGEST_KEY) {
        match byte {
            b':' if at + 1 == bytes.len() => return Some((&line[..at], "")),
            b':' if bytes[at + 1] == b' ' => {
                let rest = &line[at + 2..];
                return (!rest.is_empty() && !rest.starts_with(' ')).then_some((&line[..at], rest));
            }
            b' ' => return None,
            _ => {}
        }
    }
    None
}

/// Whether a scalar that begins as a plain one is plain to its end.
fn is_plain(text: &str) -> bool {
    let is_odd = |pair: &[u8]| matches!(pair, b": " | b" #");
    !text.as_bytes().windows(2).any(is_odd) && !text.ends_with([' ', ':'])
}

enum Quoted {
    Text(String),
    /// It goes on in the next line.
    Open,
    /// This is for the parser.
    Otherwise,
}

fn single(text: &str) -> Quoted {
    let mut value = String::with_capacity(text.len());
    let mut rest = &text[1..];
    while let Some(quote) = rest.find('\'') {
        value.push_str(&rest[..quote]);
        rest = &rest[quote + 1..];
        if rest.is_empty() {
            return Quoted::Text(value);
        }
        if !rest.starts_with('\'') {
            return Quoted::Otherwise;
        }
        value.push('\'');
        rest = &rest[1..];
    }
    Quoted::Open
}

fn double(text: &str) -> Quoted {
    let mut value = String::with_capacity(text.len());
    let mut rest = &text[1..];
    while let Some(mark) = rest.find(['"', '\\']) {
        value.push_str(&rest[..mark]);
        match rest.as_bytes()[mark..] {
            [b'"'] => return Quoted::Text(value),
            [b'\\', escaped @ (b'"' | b'\\' | b'/'), ..] => value.push(char::from(escaped)),
            [b'\\', b'n', ..] => value.push('\n'),
            [b'\\', b't', ..] => value.push('\t'),
            _ => return Quoted::Otherwise,
        }
        rest = &rest[mark + 2..];
    }
    Quoted::Open
}

#[cfg(test)]
mod tests;
