//! The files of a folder that may hold objects: all `*.json`, `*.jsonl`, `*.ndjson`, `*.yaml` and `*.yml` beneath it,
//! compressed or not, in the order of their names. I/O.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::reading::Reading;
use super::{PassedOver, source};
use crate::rules::reason;

/// A must-gather nests about ten deep; a loop of links would never end.
const DEEPEST: usize = 32;

/// Reads the files of a folder.
pub(super) fn read(folder: &Path, seen: &mut BTreeSet<PathBuf>, out: &mut Reading<'_>) {
    let mut walk = Walk { seen, entered: BTreeSet::new(), any: false, passed: PassedOver::default() };
    walk.folder(folder, 0, out);
    out.passed_over(&walk.passed);
    if !walk.any {
        out.file_begins(folder, true);
        let passed = match walk.passed.told() {
            Some(passed) => format!("; {passed}"),
            None => String::new(),
        };
        let help = "give what `kubectl get -o json` or `-o yaml` prints, a folder of it, or a must-gather";
        out.of_file(&format!("it holds no `*.json`, `*.yaml` or `*.yml` file{passed}"), help);
    }
}

struct Walk<'s> {
    /// Files that were read.
    seen: &'s mut BTreeSet<PathBuf>,
    entered: BTreeSet<PathBuf>,
    any: bool,
    passed: PassedOver,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize, out: &mut Reading<'_>) {
        let new = fs::canonicalize(folder).map_or(true, |canonical| self.entered.insert(canonical));
        if !new || depth > DEEPEST {
            return;
        }
        let entries = fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect());
        match entries {
            Ok(entries) => {
                let mut entries: Vec<PathBuf> = entries;
                entries.sort();
                for entry in entries {
                    if out.is_over() {
                        return;
                    }
                    self.entry(&entry, depth, out);
                }
            }
            Err(error) => {
                self.any = true;
                out.file_begins(folder, false);
                out.of_file(&format!("cannot be read: {}", reason(&error)), "");
            }
        }
    }

    fn entry(&mut self, path: &Path, depth: usize, out: &mut Reading<'_>) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            return;
        }
        if path.is_dir() {
            return self.folder(path, depth + 1, out);
        }
        // What is no file (a FIFO, a device) might never end; a link that leads nowhere is told.
        let is_no_file = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let may_hold_objects = ["json", "jsonl", "ndjson", "yaml", "yml"].contains(&&*source::ending(path));
        if !may_hold_objects || is_no_file {
            self.passed.one(&name);
            return;
        }
        self.any = true;
        if fs::canonicalize(path).map_or(true, |canonical| self.seen.insert(canonical)) {
            source::file(path, false, out);
        }
    }
}
