//! Dumps of a cluster: what `kubectl get -o json` or `-o yaml` prints, folders of it, a must-gather. They are read as a
//! stream, one object in memory at a time, so that a dump may be larger than the memory.
//!
//! - A file or standard input: one object, a list, or several after another, in JSON or YAML, compressed with gzip or
//!   not. The items of a typed list (`PodList`) need not say what they are; lists may hold lists.
//! - A folder: all `*.json`, `*.jsonl`, `*.ndjson`, `*.yaml`, `*.yml` beneath it, and these with `.gz`. A must-gather is
//!   such a folder. What holds no objects (values of Helm, a kustomization) is passed over and counted.
//!
//! A must-gather has many an object twice. Of objects with the same group, kind, namespace and name the one with the
//! greatest `resourceVersion` counts, and where one has none that is a number, the one that came last.
//!
//! One broken object costs itself, where it can be told where the next one begins; all that is wrong is told.

mod block;
mod documents;
mod folder;
mod json;
mod list;
mod parsing;
mod problem;
mod reading;
mod said;
mod scan;
mod seen;
mod source;
mod times;
mod weight;
mod window;
mod yaml;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

pub use problem::{Excerpt, Place, Position, Problem, STANDARD_INPUT};
use reading::Reading;

/// An object of a dump.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// `Pod`.
    pub kind: String,
    /// The whole object, with `apiVersion` and `kind` even where its list alone said them.
    pub value: Value,
    /// Where it begins; of an item of a list that could only be parsed as a whole, where the list begins.
    pub place: Place,
    /// An older version of this object has been handed out before, and this one takes its place.
    pub replaces: bool,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Objects, each once.
    pub objects: usize,
    /// Files and streams.
    pub files: usize,
    /// Files, documents and items of lists that hold no object of Kubernetes.
    pub skipped: usize,
    /// Those of them that are items of lists of Kubernetes: something is wrong with these.
    pub items_skipped: usize,
    /// Objects that came once more.
    pub repeated: usize,
    /// Lists of Kubernetes, empty ones too.
    pub lists: usize,
    /// Those of them that say that the server has more: one page of several.
    pub pages: usize,
    /// Kinds of which there was a list without an item.
    pub empty: BTreeSet<Empty>,
    /// Files of folders whose names do not end in what dumps end in.
    pub passed: PassedOver,
    /// What a server said in the place of objects, each once.
    pub refusals: BTreeSet<String>,
    /// The newest time of what has happened to an object: about when the dump was taken. Annotations, specs,
    /// `deletionTimestamp` and what a status says of the future do not count.
    pub newest: Option<Timestamp>,
}

/// Files that were not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// How many.
    pub count: usize,
    /// The first of them, by their names.
    pub first: Vec<String>,
}

impl PassedOver {
    /// So many tell of what sort they are.
    const NAMED: usize = 3;

    fn one(&mut self, name: &str) {
        self.count += 1;
        if self.first.len() < Self::NAMED {
            self.first.push(name.to_owned());
        }
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        let room = Self::NAMED - self.first.len();
        self.first.extend(other.first.iter().take(room).cloned());
    }

    /// `2 files were passed over: a.txt, b.log`; `None`: there was none.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let files = match self.count {
            0 => return None,
            1 => "1 file was".to_owned(),
            many => format!("{many} files were"),
        };
        let more = if self.count > self.first.len() { ", …" } else { "" };
        let names: String = self.first.join(", ").escape_debug().collect();
        Some(format!("{files} passed over: {names}{more}"))
    }
}

/// A list that says of what it is a list (`PodList`), and has nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Empty {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// `Pod`.
    pub kind: String,
    /// Of which namespace, where its place in a must-gather tells that; else it is taken for all.
    pub namespace: Option<String>,
}

/// Reads dumps: files, folders, and `-` for standard input. Each object is handed out as it is read, those of a dump
/// with problems too. I/O; it starts threads to parse long files of YAML.
///
/// # Errors
///
/// All that could not be read or understood, in the order of the dump.
pub fn read(
    paths: &[PathBuf],
    stdin: &mut dyn Read,
    each: &mut dyn FnMut(Item),
) -> Result<Summary, Vec<Problem>> {
    read_counting(paths, stdin, &Cell::default(), each)
}

/// As [`read`], counting meanwhile how many bytes of the files have been read, as they lie there.
///
/// # Errors
///
/// As [`read`].
pub fn read_counting(
    paths: &[PathBuf],
    stdin: &mut dyn Read,
    bytes: &Cell<u64>,
    each: &mut dyn FnMut(Item),
) -> Result<Summary, Vec<Problem>> {
    let mut out = Reading::new(each, bytes);
    let mut seen = BTreeSet::new();
    for path in paths {
        if out.is_over() {
            break;
        }
        if path == Path::new(STANDARD_INPUT) {
            if seen.insert(path.clone()) {
                out.file_begins(path, true);
                source::stream(Box::new(&mut *stdin), &mut out);
                out.file_ends();
            }
        } else if path.is_dir() {
            folder::read(path, &mut seen, &mut out);
        } else if fs::canonicalize(path).map_or(true, |canonical| seen.insert(canonical)) {
            source::file(path, true, &mut out);
        }
    }
    out.finish()
}
