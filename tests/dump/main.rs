//! Dumps as people have them are read: kubectl's lists in both formats, typed lists, folders, a must-gather, pipes;
//! what is broken is told at its place, and costs no more than itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod broken;
mod folders;
mod formats;
mod hostile;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use k8s_healer::dump::{self, Item, Problem, Summary};
use serde_json::Value;

/// What was handed out, and what was said at the end.
struct Read {
    items: Vec<Item>,
    end: Result<Summary, Vec<Problem>>,
}

impl Read {
    fn names(&self) -> Vec<String> {
        self.items.iter().map(|item| name(&item.value)).collect()
    }

    fn summary(&self) -> Summary {
        self.end.clone().unwrap()
    }

    /// Each problem as it is shown.
    fn problems(&self) -> Vec<String> {
        self.end.as_ref().unwrap_err().iter().map(ToString::to_string).collect()
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap().to_owned()
}

fn read(paths: &[&Path], stdin: &[u8]) -> Read {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    let mut items = Vec::new();
    let end = dump::read(&paths, &mut &*stdin, &mut |item| items.push(item));
    Read { items, end }
}

fn read_text(text: &str) -> Read {
    read(&[Path::new("-")], text.as_bytes())
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}
