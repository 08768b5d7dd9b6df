//! What stands in the inputs at one moment: which files there are, and their bytes. Nothing of it is
//! understood yet. Whoever wants to know whether something has changed compares the [`Digest`] of the very
//! bytes that are loaded, so that nothing can change between the two.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_healer_engine::values::Globs;
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
    within: Confinement,
}

/// The namespaces that a text is confined to: by each input that reaches it, however it was reached first. Two inputs
/// may name the same namespaces and are not the same: each has globs of its own, told apart by their address.
pub(super) type Confinement = Arc<[Arc<Globs>]>;

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
        let confined: Vec<Confined> = inputs.iter().filter_map(Confined::of).collect();
        reader.parts.extend(confined.iter().flat_map(Confined::leads_out).map(Err));
        for input in inputs {
            let path = match input {
                Input::Text { name, bytes } => {
                    reader.take(name.clone(), Confinement::default(), || Ok(bytes.clone()));
                    continue;
                }
                Input::Path(path) | Input::Confined { path, .. } => path,
            };
            let expanded = files::expand(path, &mut seen);
            reader.places.folders.extend(expanded.folders);
            reader.parts.extend(expanded.problems.into_iter().map(Err));
            for file in expanded.found {
                let name = file.display().to_string();
                let reaching = confined.iter().filter(|confined| confined.reaches(&file));
                let within = reaching.map(|confined| Arc::clone(&confined.namespaces)).collect();
                reader.take(name.clone(), within, || source::read_file(&file, &name));
                reader.places.files.push(file);
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

    /// Those that are text become sources; what each is confined to is told beside.
    pub(super) fn accept(self, sources: &mut Sources, out: &mut Collector) -> Vec<(SourceId, Confinement)> {
        let mut accepted = Vec::new();
        for part in self.parts {
            let taken = part.and_then(|text| {
                source::accept(sources, &text.name, &text.bytes).map(|id| (id, text.within))
            });
            match taken {
                Ok(text) => accepted.push(text),
                Err(diagnostic) => out.push(diagnostic),
            }
        }
        accepted
    }
}

/// A confined input, and which files it reaches.
struct Confined {
    namespaces: Arc<Globs>,
    /// The file or folder itself.
    root: Option<PathBuf>,
    /// Its files, also where links lead out of it.
    files: BTreeSet<PathBuf>,
    /// The same as they were found.
    found: Vec<PathBuf>,
}

impl Confined {
    /// I/O.
    fn of(input: &Input) -> Option<Self> {
        let Input::Confined { path, namespaces } = input else { return None };
        let mut files = BTreeSet::new();
        let found = files::expand(path, &mut files).found;
        Some(Self { namespaces: Arc::new(namespaces.clone()), root: path.canonicalize().ok(), files, found })
    }

    /// Links out of it. What they lead to would be confined too: whoever may write here would take from others what
    /// protects them. I/O.
    fn leads_out(&self) -> impl Iterator<Item = Diagnostic> {
        self.found.iter().filter_map(|file| {
            let (root, target) = (self.root.as_ref()?, file.canonicalize().ok()?);
            if target.starts_with(root) {
                return None;
            }
            let message =
                format!("{} leads out of what is confined, to {}", file.display(), target.display());
            let help = "put a copy there, or name that file with a `--rules` of its own";
            Some(Diagnostic::new(Code::Confined, None, message).help(help))
        })
    }

    /// I/O.
    fn reaches(&self, file: &Path) -> bool {
        let Ok(file) = file.canonicalize() else { return false };
        self.files.contains(&file) || self.root.as_ref().is_some_and(|root| file.starts_with(root))
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
    fn take(
        &mut self,
        name: String,
        within: Confinement,
        read: impl FnOnce() -> Result<Vec<u8>, Diagnostic>,
    ) {
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
            Ok(Text { name, bytes, within })
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
            Ok(Text { name, bytes, within }) => {
                add(b"text");
                add(name.as_bytes());
                add(bytes);
                within.iter().for_each(|globs| add(globs.to_string().as_bytes()));
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
    fn a_file_is_confined_by_every_input_that_reaches_it_in_whatever_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for file in ["a/x.yaml", "b/y.yaml", "c/z.yaml"] {
            std::fs::create_dir_all(path(file).parent().unwrap()).unwrap();
            std::fs::write(path(file), "").unwrap();
        }
        // Links lead from one folder into another.
        std::os::unix::fs::symlink(path("c/z.yaml"), path("a/link.yaml")).unwrap();
        let confined = |name: &str, glob: &str| Input::Confined {
            path: path(name),
            namespaces: Globs::parse(&[glob]).unwrap(),
        };
        let (whole, a, again) = (Input::Path(path("")), confined("a", "a-*"), confined("a/x.yaml", "a-x"));
        for inputs in [[&whole, &a, &again], [&again, &a, &whole], [&a, &whole, &again]] {
            let texts = Texts::read(&inputs.map(Clone::clone));
            let mut sources = Sources::default();
            let accepted = texts.accept(&mut sources, &mut Collector::default());
            assert_eq!(accepted.len(), 3, "each file once");
            for (id, within) in accepted {
                let name = &sources.get(id).unwrap().name;
                let mut shown: Vec<String> = within.iter().map(ToString::to_string).collect();
                shown.sort();
                let expected: &[&str] = match name {
                    name if name.ends_with("y.yaml") => &[],
                    name if name.ends_with("x.yaml") => &["a-*", "a-x"],
                    _ => &["a-*"],
                };
                assert_eq!(shown, expected, "{name}");
            }
        }
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
