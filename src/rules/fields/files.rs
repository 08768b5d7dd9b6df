//! Reads the schemas that `--schemas` names: files, and folders with all the YAML and JSON below them. What is
//! no schema is passed over; what should be one and cannot be read is told by its name.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::Schemas;
use super::documents::{Definition, Definitions, Form, Head, OpenApi};
use super::yaml;
use crate::rules::code::Code;
use crate::rules::diagnostic::Diagnostic;
use crate::rules::source::reason;

/// The OpenAPI document of a server with many operators has about 15 MB.
const LARGEST: u64 = 32 << 20;
/// What a mistyped folder must not fill the memory with.
const LARGEST_TOTAL: u64 = 256 << 20;
/// A folder of schemas has no use for more, and a loop of links none for an end.
const DEEPEST: usize = 16;
const MOST: usize = 10_000;

/// What came of reading.
#[derive(Debug)]
pub struct SchemaFiles {
    /// The kinds that were found, and Kubernetes' own.
    pub schemas: Schemas,
    /// The files and folders that hold no schema, or could not be read.
    pub problems: Vec<Diagnostic>,
}

/// Reads all schemas of files and folders.
#[must_use]
pub fn read_schemas(paths: &[PathBuf]) -> SchemaFiles {
    let mut reading = Reading { schemas: Schemas::kubernetes(), problems: Vec::new(), total: 0 };
    for path in paths {
        let (before, problems) = (reading.schemas.added(), reading.problems.len());
        let mut found = Vec::new();
        if let Err(diagnostic) = list(path, 0, &mut BTreeSet::new(), &mut found) {
            reading.problems.push(*diagnostic);
            continue;
        }
        found.iter().for_each(|file| reading.file(file));
        let unreadable = reading.problems[problems..].iter().any(|problem| problem.code == Code::Unreadable);
        if reading.schemas.added() == before && !unreadable {
            let message = format!("{} holds no schema of any kind", path.display());
            let help = "give CustomResourceDefinitions, or what `kubectl get --raw /openapi/v2` prints";
            reading.problems.push(Diagnostic::new(Code::Unreadable, None, message).help(help));
        }
    }
    SchemaFiles { schemas: reading.schemas, problems: reading.problems }
}

type Listed = Result<(), Box<Diagnostic>>;

fn unreadable(path: &Path, why: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code::Unreadable, None, format!("cannot read {}: {why}", path.display())))
}

/// The YAML and JSON files of a path, in the order of their names.
fn list(path: &Path, depth: usize, seen: &mut BTreeSet<PathBuf>, found: &mut Vec<PathBuf>) -> Listed {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &reason(&error)))?;
    if metadata.is_file() {
        found.push(path.to_owned());
        return Ok(());
    }
    if !metadata.is_dir() {
        return Err(unreadable(path, "it is no regular file"));
    }
    if depth > DEEPEST || found.len() > MOST {
        return Err(unreadable(path, "it holds too much for a folder of schemas"));
    }
    let new = fs::canonicalize(path).map_or(true, |canonical| seen.insert(canonical));
    if !new {
        return Ok(());
    }
    let entries = fs::read_dir(path).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).take(MOST + 1).collect::<Result<Vec<_>, _>>()
    });
    let mut entries = entries.map_err(|error| unreadable(path, &reason(&error)))?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_file = [".yaml", ".yml", ".json"].iter().any(|extension| name.ends_with(extension));
        // Hidden: editors' swap files, and the `..data` of a mounted ConfigMap.
        if !name.starts_with('.') && (is_file || entry.is_dir()) {
            list(&entry, depth + 1, seen, found)?;
        }
    }
    Ok(())
}

struct Reading {
    schemas: Schemas,
    problems: Vec<Diagnostic>,
    total: u64,
}

impl Reading {
    fn file(&mut self, path: &Path) {
        let outcome = self.bytes(path).and_then(|bytes| {
            self.add(&bytes).map_err(|why| {
                let message = format!("{} is no schema that can be read: {why}", path.display());
                let help = "mend it, or take it out of the folder; its kinds are not checked";
                Box::new(Diagnostic::new(Code::BadSchema, None, message).help(help))
            })
        });
        if let Err(diagnostic) = outcome {
            self.problems.push(*diagnostic);
        }
    }

    fn bytes(&mut self, path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        let length = read.map_err(|error| unreadable(path, &reason(&error)))? as u64;
        self.total += length;
        if length > LARGEST || self.total > LARGEST_TOTAL {
            let message = format!("{} is larger than schemas are, and is left out", path.display());
            return Err(Box::new(Diagnostic::new(Code::BadSchema, None, message).help("give a part of it")));
        }
        Ok(bytes)
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), String> {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'{') {
            // As bytes: an OpenAPI document has a hundred times the text that is kept of it.
            let head: Head = serde_json::from_slice(bytes).map_err(told)?;
            return match head.form() {
                Form::OpenApi => {
                    serde_json::from_slice(bytes).map(|document| self.schemas.add_openapi(document))
                }
                Form::Definition => serde_json::from_slice(bytes)
                    .map(|definition: Definition| self.schemas.add_definition(&definition)),
                Form::Definitions => serde_json::from_slice(bytes).and_then(|list| self.definitions(list)),
                Form::Other => Ok(()),
            }
            .map_err(told);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        yaml::documents(text)?.into_iter().try_for_each(|document| self.document(document).map_err(told))
    }

    fn document(&mut self, document: Value) -> serde_json::Result<()> {
        match Head::deserialize(&document).unwrap_or_default().form() {
            Form::OpenApi => {
                serde_json::from_value::<OpenApi>(document).map(|it| self.schemas.add_openapi(it))
            }
            Form::Definition => {
                serde_json::from_value(document).map(|it: Definition| self.schemas.add_definition(&it))
            }
            Form::Definitions => self.definitions(serde_json::from_value(document)?),
            Form::Other => Ok(()),
        }
    }

    fn definitions(&mut self, list: Definitions) -> serde_json::Result<()> {
        list.each()
            .try_for_each(|definition| definition.map(|definition| self.schemas.add_definition(&definition)))
    }
}

fn told(error: serde_json::Error) -> String {
    error.to_string()
}
