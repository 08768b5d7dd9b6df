//! The texts that rules are read from: files, standard input, and the arguments of `--set`, each known by
//! an id. Reading is bounded; what is no regular file is refused, so that nothing hangs.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::code::Code;
use super::diagnostic::{Diagnostic, Place, Span};

/// A file of rules larger than this is a mistake, or an attack (LANGUAGE knows no reason for it).
pub const LARGEST: u64 = 1 << 20;

/// The index of a source in its [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

impl SourceId {
    pub(super) fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// A text and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// A path as the reader wrote it, `standard input`, or `--set`.
    pub name: String,
    /// The text, without a byte order mark.
    pub text: Arc<str>,
    line_starts: Vec<usize>,
}

impl Source {
    fn new(name: String, text: &str) -> Self {
        let behind_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(behind_breaks).collect();
        Self { name, text: text.into(), line_starts }
    }

    /// The line that a byte stands in, from 0.
    #[must_use]
    pub fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The bytes of a line, without its end; the line is counted from 0.
    #[must_use]
    pub fn line(&self, line: usize) -> Span {
        let start = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') { end - 1 } else { end };
        Span { start, end }
    }

    /// How many lines there are.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.line_starts.len()
    }

    /// Line and column as editors count them: from 1, columns in characters.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line_of(offset);
        let before = self.text.get(self.line(line).start..offset).unwrap_or_default();
        (line + 1, before.chars().count() + 1)
    }
}

/// All sources of one run.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    all: Vec<Source>,
}

impl Sources {
    pub(super) fn add(&mut self, name: impl Into<String>, text: &str) -> SourceId {
        self.all.push(Source::new(name.into(), text));
        SourceId::from_index(self.all.len() - 1)
    }

    /// The id of a source of others, which is one of these from now on if it was not.
    pub(super) fn adopt(&mut self, others: &Self, id: SourceId) -> Option<SourceId> {
        let source = others.get(id)?;
        let known = self.iter().find(|(_, own)| own.name == source.name && own.text == source.text);
        if let Some((id, _)) = known {
            return Some(id);
        }
        self.all.push(source.clone());
        Some(SourceId::from_index(self.all.len() - 1))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.all.iter().enumerate().map(|(index, source)| (SourceId::from_index(index), source))
    }

    /// The source of an id.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.all.get(usize::try_from(id.0).ok()?)
    }
}

/// Reads at most one byte more than [`LARGEST`]: enough to tell that it is too large.
pub fn read_bounded(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a regular file; what else a path can name (a FIFO, a device) might never end.
pub(super) fn read_file(path: &Path, name: &str) -> Result<Vec<u8>, Diagnostic> {
    let unreadable = |error: &io::Error| {
        Diagnostic::new(Code::Unreadable, None, format!("cannot read {name}: {}", reason(error)))
    };
    let metadata = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        let message = format!("cannot read {name}: it is no regular file");
        return Err(Diagnostic::new(Code::Unreadable, None, message)
            .help("give a file, a folder, or `-` for standard input"));
    }
    if metadata.len() > LARGEST {
        return Err(too_large(name));
    }
    File::open(path).and_then(read_bounded).map_err(|error| unreadable(&error))
}

pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn too_large(name: &str) -> Diagnostic {
    Diagnostic::new(Code::TooLarge, None, format!("{name} is larger than 1 MiB"))
        .help("split it into several files")
}

/// Takes bytes in as a source, if they are text of a bearable size.
pub(crate) fn accept(sources: &mut Sources, name: &str, bytes: &[u8]) -> Result<SourceId, Diagnostic> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
        return Err(too_large(name));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        // Wide letters of ASCII are valid UTF-8, with a NUL beside each.
        _ if wide(bytes).is_some() => Err(not_utf8(sources, name, bytes, 0)),
        Ok(text) => Ok(sources.add(name, text)),
        Err(error) => Err(not_utf8(sources, name, bytes, error.valid_up_to())),
    }
}

/// What precedes the broken byte is valid, so that the report can show the line up to it.
fn not_utf8(sources: &mut Sources, name: &str, bytes: &[u8], offset: usize) -> Diagnostic {
    let line = bytes[..offset].split(|byte| *byte == b'\n').count();
    let source = sources.add(name, &String::from_utf8_lossy(&bytes[..offset]));
    let place = Place { source, span: Span { start: offset, end: offset } };
    let message = if let Some(encoding) = wide(bytes) {
        format!("{name} is {encoding}, not UTF-8")
    } else {
        let byte = bytes.get(offset).copied().unwrap_or_default();
        format!("{name} is not UTF-8: byte {byte:#04x} at offset {offset}, in line {line}")
    };
    Diagnostic::new(Code::NotUtf8, place, message).label("the text ends here").help("save the file as UTF-8")
}

/// The encoding of a text that is written in wide letters: by its mark, else by its first letters, which are ASCII in
/// rules, so that all their bytes but one are 0.
fn wide(bytes: &[u8]) -> Option<&'static str> {
    const LETTERS: usize = 4;
    let are = |width: usize, at: usize| {
        let letters: Vec<&[u8]> = bytes.chunks_exact(width).take(LETTERS).collect();
        let is_one = |letter: &&[u8]| letter.iter().enumerate().all(|(i, byte)| (*byte != 0) == (i == at));
        letters.len() == LETTERS && letters.iter().all(is_one)
    };
    let marked = |mark: &[u8]| bytes.starts_with(mark);
    // The mark of UTF-32 begins with that of UTF-16.
    if marked(b"\xff\xfe\0\0") || marked(b"\0\0\xfe\xff") || are(4, 0) || are(4, 3) {
        return Some("UTF-32");
    }
    (marked(b"\xff\xfe") || marked(b"\xfe\xff") || are(2, 0) || are(2, 1)).then_some("UTF-16")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_before_its_line_end_whichever_it_is() {
        let source = Source::new("a".to_owned(), "é: 1\r\nb: 2\nc");
        let lines: Vec<&str> = (0..source.lines())
            .map(|line| source.line(line))
            .map(|span| &source.text[span.start..span.end])
            .collect();
        assert_eq!(lines, ["é: 1", "b: 2", "c"]);
        assert_eq!(source.position(4), (1, 4), "columns are characters");
        assert_eq!(source.position(source.text.len()), (3, 2));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let mut sources = Sources::default();
        let id = accept(&mut sources, "a", b"\xef\xbb\xbfa: 1").unwrap();
        assert_eq!(&*sources.get(id).unwrap().text, "a: 1");
    }

    #[test]
    fn what_is_not_utf_8_is_told_with_its_line() {
        let diagnostic = accept(&mut Sources::default(), "a", b"a: 1\nb: \xff").unwrap_err();
        assert_eq!(diagnostic.message, "a is not UTF-8: byte 0xff at offset 8, in line 2");
    }

    #[test]
    fn wide_letters_are_told_by_their_encoding_with_and_without_a_mark() {
        let utf_16 = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
        let text = "a: 1 # \u{e9}";
        let cases: [(Vec<u8>, &str); 4] = [
            (utf_16(text).iter().flat_map(|unit| unit.to_le_bytes()).collect(), "UTF-16"),
            (utf_16(text).iter().flat_map(|unit| unit.to_be_bytes()).collect(), "UTF-16"),
            (text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), "UTF-32"),
            (text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(), "UTF-32"),
        ];
        let marks: [&[u8]; 4] = [b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff"];
        for ((bytes, encoding), mark) in cases.iter().zip(marks) {
            for bytes in [bytes.clone(), [mark, bytes].concat()] {
                let diagnostic = accept(&mut Sources::default(), "a", &bytes).unwrap_err();
                assert_eq!(diagnostic.message, format!("a is {encoding}, not UTF-8"), "{bytes:?}");
            }
        }
        assert!(accept(&mut Sources::default(), "a", b"a\0b: 1").is_ok(), "one NUL makes no wide letter");
    }

    #[test]
    fn a_device_is_refused_and_not_read() {
        assert_eq!(read_file(Path::new("/dev/zero"), "/dev/zero").unwrap_err().code, Code::Unreadable);
    }

    #[test]
    fn reading_stops_one_byte_past_the_limit() {
        let bytes = read_bounded(io::repeat(b'a')).unwrap();
        assert_eq!(bytes.len() as u64, LARGEST + 1);
        assert_eq!(accept(&mut Sources::default(), "a", &bytes).unwrap_err().code, Code::TooLarge);
    }
}
