//! What stands in the inputs at one moment: which files there are, and their bytes. Nothing of it is
//! understood yet. Whoever wants to know whether something has changed compares the [`Digest`] of the very
//! bytes that are loaded, so that nothing can change between the two.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use ring::digest::{Context, SHA256};

use super::code::Code;
use super::diagnostic::{Collector, Diagnostic};
use super::source::{SourceId, Sources};
use super::{Input, files, source};

/// What a mistyped folder must not fill the memory with.
const LARGEST_TOTAL: usize = 64 << 20;

/// The files of some inputs, read.
#[derive(Clone, Debug)]
pub struct Texts {
    /// In the order of the inputs; or why something could not be read.
    parts: Vec<Result<Text, Diagnostic>>,
    places: Places,
    files: usize,
    digest: Digest,
}

#[derive(Clone, Debug)]
struct Text {
    name: String,
    bytes: Vec<u8>,
    in_folder: bool,
}

/// Where texts were looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// Every folder that was looked through, as it was reached from an input.
    pub(crate) folders: Vec<PathBuf>,
    /// Every file, whether it could be read or not.
    pub(crate) files: Vec<PathBuf>,
}

/// Two texts that have the same digest are the same, and so are the names of their files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Texts {
    /// Reads the files of all inputs, as far as they can be read and there is room.
    #[must_use]
    pub fn read(inputs: &[Input]) -> Self {
        let mut reader = Reader::default();
        let mut seen = BTreeSet::new();
        for input in inputs {
            match input {
                Input::Text { name, bytes } => reader.take(name.clone(), false, || Ok(bytes.clone())),
                Input::Path(path) => {
                    let expanded = files::expand(path, &mut seen);
                    reader.places.folders.extend(expanded.folders);
                    reader.parts.extend(expanded.problems.into_iter().map(Err));
                    for file in expanded.found {
                        let name = file.path.display().to_string();
                        reader.take(name.clone(), file.in_folder, || source::read_file(&file.path, &name));
                        reader.places.files.push(file.path);
                    }
                }
            }
        }
        let Reader { parts, places, files, .. } = reader;
        let digest = digest(&parts);
        Self { parts, places, files, digest }
    }

    /// What tells them from others.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Where they were looked for.
    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// How many there should be.
    pub(super) fn files(&self) -> usize {
        self.files
    }

    /// Those that are text become sources; whether each was found in a folder is told beside.
    pub(super) fn accept(self, sources: &mut Sources, out: &mut Collector) -> Vec<(SourceId, bool)> {
        let mut accepted = Vec::new();
        for part in self.parts {
            let taken = part.and_then(|text| {
                source::accept(sources, &text.name, &text.bytes).map(|id| (id, text.in_folder))
            });
            match taken {
                Ok(text) => accepted.push(text),
                Err(diagnostic) => out.push(diagnostic),
            }
        }
        accepted
    }
}

#[derive(Default)]
struct Reader {
    parts: Vec<Result<Text, Diagnostic>>,
    places: Places,
    files: usize,
    total: usize,
}

impl Reader {
    fn take(&mut self, name: String, in_folder: bool, read: impl FnOnce() -> Result<Vec<u8>, Diagnostic>) {
        self.files += 1;
        // What is left out is told once.
        if self.total > LARGEST_TOTAL {
            return;
        }
        let text = read().and_then(|bytes| {
            self.total += bytes.len();
            if self.total > LARGEST_TOTAL {
                let message = "all files together are larger than 64 MiB";
                let diagnostic = Diagnostic::new(Code::TooLarge, None, message);
                return Err(diagnostic.help("give the folders of rule packs"));
            }
            Ok(Text { name, bytes, in_folder })
        });
        self.parts.push(text);
    }
}

/// Names and bytes, each behind its length; what could not be read, by the reason.
fn digest(parts: &[Result<Text, Diagnostic>]) -> Digest {
    let mut context = Context::new(&SHA256);
    let mut add = |bytes: &[u8]| {
        context.update(&bytes.len().to_le_bytes());
        context.update(bytes);
    };
    for part in parts {
        match part {
            Ok(Text { name, bytes, .. }) => {
                add(b"text");
                add(name.as_bytes());
                add(bytes);
            }
            Err(diagnostic) => {
                add(b"problem");
                add(diagnostic.message.as_bytes());
            }
        }
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    Digest(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, bytes: &str) -> Input {
        Input::Text { name: name.to_owned(), bytes: bytes.as_bytes().to_vec() }
    }

    fn digest(inputs: &[Input]) -> Digest {
        Texts::read(inputs).digest()
    }

    #[test]
    fn every_byte_and_every_name_counts() {
        let texts = [
            digest(&[]),
            digest(&[text("a", "")]),
            digest(&[text("", "a")]),
            digest(&[text("a", "b")]),
            digest(&[text("a", "b"), text("a", "b")]),
            digest(&[text("a", "ba"), text("", "b")]),
        ];
        for (index, one) in texts.iter().enumerate() {
            assert!(texts[index + 1..].iter().all(|other| one != other), "{index}");
        }
        assert_eq!(digest(&[text("a", "b")]), digest(&[text("a", "b")]));
    }

    #[test]
    fn a_file_that_can_be_read_again_is_another_content() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = [Input::Path(folder.path().join("a.yaml"))];
        let missing = digest(&inputs);
        std::fs::write(folder.path().join("a.yaml"), "").unwrap();
        assert_ne!(digest(&inputs), missing);
    }

    #[test]
    fn what_is_too_large_together_is_told_once_and_not_read_on() {
        let large = "a".repeat(1 << 20);
        let inputs: Vec<Input> = (0..70).map(|number| text(&number.to_string(), &large)).collect();
        let texts = Texts::read(&inputs);
        assert_eq!(texts.files(), 70);
        let mut out = Collector::default();
        assert_eq!(texts.accept(&mut Sources::default(), &mut out).len(), 64);
        assert_eq!(out.into_sorted().len(), 1);
    }
}
