//! From a file or a stream to its text: unpacked if it is compressed, its format told by how it begins. I/O.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::reading::Reading;
use super::window::Window;
use super::{documents, json};
use crate::rules::reason;

/// By so many bytes a tar archive is known.
const HEAD: usize = 512;
/// Where in there it says so.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// How archives begin that are none of ours to unpack.
const ARCHIVES: [(&[u8], &str); 4] = [
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"BZh", "compressed with bzip2"),
    (b"PK\x03\x04", "a zip archive"),
];

/// Reads a file. One that is named may be a pipe; in a folder, regular files alone were found.
pub(super) fn file(path: &Path, is_named: bool, out: &mut Reading<'_>) {
    out.file_begins(path, is_named);
    match File::open(path) {
        Ok(file) => stream(Box::new(file), out),
        Err(error) => out.of_file(&format!("cannot be read: {}", reason(&error)), ""),
    }
    out.file_ends();
}

/// Reads a stream to its end.
pub(super) fn stream(reader: Box<dyn Read + '_>, out: &mut Reading<'_>) {
    let mut window = match open(Box::new(Counted { reader, bytes: out.bytes() })) {
        Ok(window) => window,
        Err(error) => return out.of_file(&format!("cannot be read: {}", reason(&error)), ""),
    };
    if let Err(error) = head(&mut window) {
        return out.unreadable(&window, &error);
    }
    if let Some((message, help)) = refused(window.rest()) {
        return out.of_file(&message, help);
    }
    if window.rest().starts_with(b"\xef\xbb\xbf") {
        window.consume_mark(3);
    }
    match is_json(&mut window, &out.path()) {
        Ok(true) => {
            let may_be_yaml = !is_called_json(&out.path());
            json::read(&mut window, may_be_yaml, out);
        }
        Ok(false) => documents::read(&mut window, out),
        Err(error) => out.unreadable(&window, &error),
    }
}

/// A reader that counts what it reads.
struct Counted<'r> {
    reader: Box<dyn Read + 'r>,
    bytes: &'r Cell<u64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        self.bytes.set(self.bytes.get().saturating_add(read as u64));
        Ok(read)
    }
}

fn open(mut reader: Box<dyn Read + '_>) -> io::Result<Window<'_>> {
    let mut begin = Vec::new();
    reader.by_ref().take(2).read_to_end(&mut begin)?;
    let is_compressed = begin == b"\x1f\x8b";
    let whole = Cursor::new(begin).chain(reader);
    Ok(Window::new(if is_compressed { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) }))
}

fn head(window: &mut Window<'_>) -> io::Result<()> {
    while window.rest().len() < HEAD && window.more()? {}
    Ok(())
}

fn refused(head: &[u8]) -> Option<(String, &'static str)> {
    let (offset, mark) = TAR;
    if head.get(offset..).is_some_and(|rest| rest.starts_with(mark)) {
        return Some(("it is a tar archive".to_owned(), "unpack it, and give the folder"));
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        let help = "save it as UTF-8; in PowerShell: `kubectl get … | Out-File -Encoding utf8 FILE`";
        return Some(("it is UTF-16, not UTF-8".to_owned(), help));
    }
    let (_, what) = ARCHIVES.iter().find(|(magic, _)| head.starts_with(magic))?;
    Some((format!("it is {what}"), "unpack it first; gzip alone is unpacked here"))
}

fn is_called_json(path: &Path) -> bool {
    ["json", "jsonl", "ndjson"].contains(&&*ending(path))
}

/// What the name of a file ends in, in small letters; of one that is compressed, before that.
pub(super) fn ending(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    Path::new(plain).extension().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether a text is JSON, by its name or by how it begins: a mapping of YAML can begin with a bracket, too.
fn is_json(window: &mut Window<'_>, path: &Path) -> io::Result<bool> {
    if is_called_json(path) {
        return Ok(true);
    }
    loop {
        let mut begin = window.rest().iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != 0x1E);
        match (begin.next(), begin.next()) {
            (Some(b'{'), Some(next)) => return Ok(matches!(next, b'"' | b'}')),
            (Some(b'['), Some(next)) => return Ok(matches!(next, b'{' | b']')),
            (Some(b'{' | b'[') | None, None) if window.rest().len() < (64 << 10) => {
                if !window.more()? {
                    return Ok(false);
                }
            }
            _ => return Ok(false),
        }
    }
}
