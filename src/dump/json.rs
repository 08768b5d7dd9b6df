//! JSON: one object, several after another, a list of either kind. A list is cut into its items, each of which
//! is parsed alone: one of them is in memory at a time, and one that is broken costs itself.

use std::io;

use serde_json::{Map, Value};

use super::problem::{Flaw, Position};
use super::reading::{Reading, too_deep};
use super::scan::{self, Found};
use super::window::{LARGEST, Window};
use super::{documents, weight};

/// Why a file is not read further; what is wrong with it has been told.
#[derive(Debug)]
pub(super) struct Stop;

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// Reads a dump to its end, or to where it cannot be understood any more. Between its objects there may be what
/// separates documents of YAML, if it `may_be_yaml`, and behind such a mark YAML.
pub(super) fn read(window: &mut Window<'_>, may_be_yaml: bool, out: &mut Reading<'_>) {
    // Why it stopped has been told.
    while let Ok(true) = next(window, may_be_yaml, out) {}
}

fn next(window: &mut Window<'_>, may_be_yaml: bool, out: &mut Reading<'_>) -> Result<bool, Stop> {
    if out.is_full() {
        return Ok(false);
    }
    let mut byte = blanks(window, out)?;
    let mut is_marked = false;
    while may_be_yaml && matches!(byte, Some(b'-' | b'.' | b'#')) {
        match mark(window, out)? {
            Mark::None => break,
            Mark::Comment => {}
            Mark::Document => is_marked = true,
        }
        byte = blanks(window, out)?;
    }
    if is_marked && !matches!(byte, None | Some(b'{' | b'[')) {
        documents::read(window, out);
        return Ok(false);
    }
    match byte {
        None => return Ok(false),
        Some(b'{') => document(window, out)?,
        Some(b'[') => {
            out.array_begins(window.position());
            window.consume(1);
            items(window, out)?;
            out.list_ends(Map::new());
        }
        Some(byte) => {
            let message =
                format!("not JSON: `{}` where an object should begin", char::from(byte).escape_default());
            return Err(stop(window, out, Flaw::new(0, message, "")));
        }
    }
    Ok(true)
}

/// What may stand between documents of YAML.
enum Mark {
    None,
    Comment,
    /// `---` or `...`.
    Document,
}

/// Moves on over a mark.
fn mark(window: &mut Window<'_>, out: &mut Reading<'_>) -> Result<Mark, Stop> {
    while window.rest().len() < 4 && more(window, out)? {}
    let rest = window.rest();
    if rest.starts_with(b"#") {
        loop {
            if let Some(end) = memchr::memchr(b'\n', window.rest()) {
                window.consume(end);
                return Ok(Mark::Comment);
            }
            window.consume(window.rest().len());
            if !more(window, out)? {
                return Ok(Mark::Comment);
            }
        }
    }
    let ends = rest.get(3).is_none_or(u8::is_ascii_whitespace);
    if window.position().column == 1 && ends && (rest.starts_with(b"---") || rest.starts_with(b"...")) {
        window.consume(3);
        return Ok(Mark::Document);
    }
    Ok(Mark::None)
}

fn document(window: &mut Window<'_>, out: &mut Reading<'_>) -> Result<(), Stop> {
    let begin = window.position();
    let mut scan = scan::Document::default();
    // Of a list: what stood before its items, and where it goes on behind them.
    let mut list: Option<(Vec<u8>, Position)> = None;
    let mut too_large = false;
    loop {
        match scan.next(window.rest()) {
            Found::Items(key) => {
                let head = head(&window.rest()[..key]);
                let kind = head.get("kind").and_then(Value::as_str);
                if kind.is_some_and(|kind| !kind.ends_with("List")) {
                    scan.enter();
                    continue;
                }
                let mut envelope = window.rest()[..key].to_vec();
                envelope.extend_from_slice(b"\"items\":[]");
                window.consume(scan.at);
                out.list_begins(head, begin);
                items(window, out)?;
                scan.cut();
                list = Some((envelope, window.position()));
            }
            Found::End => {
                let piece = &window.rest()[..scan.at];
                match list {
                    _ if too_large => {}
                    Some((envelope, tail)) => list_end(&envelope, begin, piece, tail, out),
                    None => match parse(piece) {
                        Ok(value) => out.document(value, begin),
                        Err(flaw) => out.flaw(flaw, begin, piece),
                    },
                }
                window.consume(scan.at);
                return Ok(());
            }
            Found::More => {
                if window.rest().len() > LARGEST {
                    if !too_large {
                        too_large = true;
                        out.too_large(begin, window.rest());
                    }
                    window.consume(scan.at);
                    scan.cut();
                }
                if !more(window, out)? {
                    return Err(truncated(window, out, begin));
                }
            }
        }
    }
}

/// What stands before the items, as far as it can be understood.
fn head(before: &[u8]) -> Map<String, Value> {
    let mut text = before.trim_ascii_end().to_vec();
    if text.last() == Some(&b',') {
        text.pop();
    }
    text.push(b'}');
    serde_json::from_slice(&text).unwrap_or_default()
}

fn list_end(envelope: &[u8], begin: Position, piece: &[u8], tail: Position, out: &mut Reading<'_>) {
    let whole = [envelope, piece].concat();
    match serde_json::from_slice::<Map<String, Value>>(&whole) {
        Ok(mut head) => {
            if head
                .remove("items")
                .is_some_and(|items| items.as_array().is_none_or(|items| !items.is_empty()))
            {
                let message = "the list has `items` twice, and the first ones were read";
                out.flaw(Flaw::new(0, message, "keep one of the two"), tail, piece);
            }
            out.list_ends(head);
        }
        Err(error) => {
            let flaw = flaw(&whole, &error);
            if flaw.offset >= envelope.len() {
                out.flaw(Flaw { offset: flaw.offset - envelope.len(), ..flaw }, tail, piece);
            } else {
                out.flaw(flaw, begin, envelope);
            }
            out.list_ends(Map::new());
        }
    }
}

/// The elements of a list whose bracket is open, up to and with the one that closes it.
fn items(window: &mut Window<'_>, out: &mut Reading<'_>) -> Result<(), Stop> {
    let (mut first, mut comma) = (true, false);
    loop {
        if out.is_full() {
            return Err(Stop);
        }
        let begin = window.position();
        let Some(byte) = blanks(window, out)? else { return Err(truncated(window, out, begin)) };
        match byte {
            b']' if !comma => {
                window.consume(1);
                return Ok(());
            }
            b',' if !first && !comma => {
                window.consume(1);
                comma = true;
            }
            _ if !first && !comma || matches!(byte, b',' | b':' | b']' | b'}') => {
                let message = format!("not JSON: `{}` between two items", char::from(byte).escape_default());
                return Err(stop(window, out, Flaw::new(0, message, "")));
            }
            _ => {
                item(window, out)?;
                (first, comma) = (false, false);
            }
        }
    }
}

fn item(window: &mut Window<'_>, out: &mut Reading<'_>) -> Result<(), Stop> {
    let begin = window.position();
    let mut scan = scan::Value::default();
    let (mut scanned, mut too_large) = (0, false);
    loop {
        if let Some(end) = scan.end(&window.rest()[scanned..]) {
            let piece = &window.rest()[..scanned + end];
            if !too_large {
                match parse(piece) {
                    Ok(value) => out.element(value, begin),
                    Err(flaw) => out.flaw(flaw, begin, piece),
                }
            }
            window.consume(scanned + end);
            return Ok(());
        }
        scanned = window.rest().len();
        if scanned > LARGEST {
            if !too_large {
                too_large = true;
                out.too_large(begin, window.rest());
            }
            window.consume(scanned);
            scanned = 0;
        }
        if !more(window, out)? {
            return Err(truncated(window, out, begin));
        }
    }
}

fn truncated(window: &mut Window<'_>, out: &mut Reading<'_>, begin: Position) -> Stop {
    let message = format!("the text ends in the middle of what begins at {}:{}", begin.line, begin.column);
    let help = "the dump was cut off: take it again, and see that the command that writes it succeeds";
    let length = window.rest().len();
    stop(window, out, Flaw::new(length, message, help))
}

fn stop(window: &Window<'_>, out: &mut Reading<'_>, flaw: Flaw) -> Stop {
    out.flaw(flaw, window.position(), window.rest());
    Stop
}

fn blanks(window: &mut Window<'_>, out: &mut Reading<'_>) -> Result<Option<u8>, Stop> {
    let blanks = window.skip_blanks();
    blanks.map_err(|error| unreadable(window, out, &error))
}

fn more(window: &mut Window<'_>, out: &mut Reading<'_>) -> Result<bool, Stop> {
    let more = window.more();
    more.map_err(|error| unreadable(window, out, &error))
}

fn unreadable(window: &Window<'_>, out: &mut Reading<'_>, error: &io::Error) -> Stop {
    out.unreadable(window, error);
    Stop
}

/// The value of a piece.
fn parse(piece: &[u8]) -> Result<Value, Flaw> {
    weight::check(piece)?;
    serde_json::from_slice(piece).map_err(|error| flaw(piece, &error))
}

/// What the parser says, by its offset.
fn flaw(piece: &[u8], error: &serde_json::Error) -> Flaw {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', piece).nth(line - 2).map_or(0, |at| at + 1),
    };
    // The parser counts the byte that it could not take, or the last one where there is none.
    let offset = (line_start + error.column().saturating_sub(1)).min(piece.len());
    let text = error.to_string();
    let told = text.rsplit_once(" at line ").map_or(text.as_str(), |(told, _)| told);
    if told == "recursion limit exceeded" {
        return too_deep(offset);
    }
    Flaw::new(offset, format!("not JSON: {told}"), "")
}
