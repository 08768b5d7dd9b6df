//! What rules are read from: a file, a folder, a text at hand. `PATH=NAMESPACES` confines a path: no rule in it
//! selects anything outside these namespaces, whatever it says.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use k8s_healer_engine::values::Globs;

/// Something to read rules from.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file, or a folder with all its `*.yaml` and `*.yml`, and what of its `*.json` is of rules.
    Path(PathBuf),
    /// The same, confined to some namespaces.
    Confined {
        /// The file or folder.
        path: PathBuf,
        /// Where its rules may look.
        namespaces: Globs,
    },
    /// A text that is at hand, such as standard input.
    Text {
        /// What it is called in reports.
        name: String,
        /// Its bytes, at most one more than [`LARGEST`](super::source::LARGEST) (see
        /// [`read_bounded`](super::read_bounded)).
        bytes: Vec<u8>,
    },
}

impl Input {
    /// Reads `PATH` or `PATH=GLOB,…`. In the last part of the path, what stands behind a `=` is taken for
    /// namespaces unless it holds a dot, which no namespace's name can; `==` stands for a `=` of the name itself.
    /// The file system is not asked: whoever can write to it decides nothing here.
    pub fn of_path(argument: &Path) -> Result<Self, String> {
        let bytes = argument.as_os_str().as_bytes();
        if bytes == b"-" {
            return Err("rules cannot be read from standard input here: name a file or a folder; a file of this name is `./-`".to_owned());
        }
        let begin = bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let (folder, last) = bytes.split_at(begin);
        let (name, namespaces) = split(last);
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(&[folder, &name].concat()));
        let Some(namespaces) = namespaces else { return Ok(Self::Path(path)) };
        let refuse = |why: &str| {
            let help =
                "write PATH=NAMESPACES, such as team-a/=team-a-*, and `==` for a `=` of the path's own";
            Err(format!("{}: {why}; {help}", argument.display()))
        };
        let Ok(text) = std::str::from_utf8(namespaces) else { return refuse("the namespaces are no text") };
        if path.as_os_str().is_empty() {
            return refuse("no path stands before the `=`");
        }
        let globs: Vec<&str> = text.split(',').collect();
        let can_be = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-*?[]!".contains(c);
        if let Some(glob) = globs.iter().find(|glob| glob.is_empty() || !glob.chars().all(can_be)) {
            return refuse(&format!("`{glob}` names no namespaces"));
        }
        match Globs::parse(&globs) {
            Ok(namespaces) => Ok(Self::Confined { path, namespaces }),
            Err((index, error)) => {
                let glob = index.and_then(|index| globs.get(index)).copied().unwrap_or(text);
                refuse(&format!("`{glob}` {}", error.problem))
            }
        }
    }

    /// A path as [`of_path`](Self::of_path) reads it, confined to nothing.
    #[must_use]
    pub fn written(path: &Path) -> PathBuf {
        let bytes = path.as_os_str().as_bytes();
        let begin = bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let (folder, last) = bytes.split_at(begin);
        let doubled = last.iter().flat_map(|byte| vec![*byte; if *byte == b'=' { 2 } else { 1 }]);
        PathBuf::from(OsString::from_vec(folder.iter().copied().chain(doubled).collect()))
    }

    /// The same of several.
    pub fn of_paths(arguments: &[PathBuf]) -> Result<Vec<Self>, String> {
        arguments.iter().map(|argument| Self::of_path(argument)).collect()
    }

    /// The file or folder, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) | Self::Confined { path, .. } => Some(path),
            Self::Text { .. } => None,
        }
    }
}

/// The name, and what stands behind its first single `=`.
fn split(last: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let mut name = Vec::new();
    let mut at = 0;
    while let Some(byte) = last.get(at) {
        let rest = &last[at + 1..];
        if *byte == b'=' && rest.first() == Some(&b'=') {
            at += 1;
        } else if *byte == b'=' && !rest.contains(&b'.') {
            return (name, Some(rest));
        }
        name.push(*byte);
        at += 1;
    }
    (name, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, Option<String>), String> {
        Input::of_path(Path::new(text)).map(|input| match input {
            Input::Path(path) => (path.display().to_string(), None),
            Input::Confined { path, namespaces } => {
                (path.display().to_string(), Some(namespaces.to_string()))
            }
            Input::Text { .. } => unreachable!("a path is no text"),
        })
    }

    #[test]
    fn a_path_is_confined_by_what_stands_behind_its_equals_sign() {
        for (text, path, namespaces) in [
            ("team-a/", "team-a/", None),
            ("team-a/=team-a-*", "team-a/", Some("team-a-*")),
            ("team-a=team-a-*", "team-a", Some("team-a-*")),
            ("a/rules.yaml=team-a-*,!team-a-x", "a/rules.yaml", Some("team-a-*, !team-a-x")),
            ("a.yaml=x", "a.yaml", Some("x")),
            ("/home/a=b/rules.yaml", "/home/a=b/rules.yaml", None),
            ("/home/a=b/rules.yaml=t-*", "/home/a=b/rules.yaml", Some("t-*")),
            ("/home/a==b/c", "/home/a==b/c", None),
            ("a=b/", "a=b/", None),
            ("a=b.yaml", "a=b.yaml", None),
            ("a==b.yaml", "a=b.yaml", None),
            ("a==b", "a=b", None),
            ("a==b=t-*", "a=b", Some("t-*")),
            ("a=b", "a", Some("b")),
        ] {
            assert_eq!(read(text), Ok((path.to_owned(), namespaces.map(str::to_owned))), "{text}");
        }
    }

    #[test]
    fn a_path_is_written_so_that_it_is_read_as_itself() {
        for path in ["a", "a=b", "a==b", "=", "a=b.yaml", "/home/a=b/c=d", "a=b/", "a=b=c"] {
            let written = Input::written(Path::new(path)).display().to_string();
            assert_eq!(read(&written), Ok((path.to_owned(), None)), "{written}");
        }
    }

    #[test]
    fn what_would_confine_to_nothing_or_to_anything_by_accident_is_refused() {
        for text in [
            "team-a/=",
            "team-a=",
            "=team-a-*",
            "a/x=,",
            "a/x=b,,c",
            "a/x=Team",
            "a/x=!b",
            "a/x=b c",
            "a/x=[b",
        ] {
            assert!(read(text).unwrap_err().contains("PATH=NAMESPACES"), "{text}");
        }
    }
}
