//! How findings are written for every reader, and the pages of the codes: what they promise is true, and
//! `docs/diagnostics.md` says the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod formats;
mod github;
mod manual;
mod pages;
mod sarif;

use std::fs;
use std::path::{Path, PathBuf};

use k8s_healer::cli::diagnostics::{Findings, Format, Style};
use k8s_healer::cli::validate_rules::{Arguments, check};
use k8s_healer::rules::{Input, LoadOptions, Loaded, load};

const FORMATS: [Format; 4] = [Format::Text, Format::Json, Format::Github, Format::Sarif];
/// Several files with errors and warnings, one with a name that every format must escape, one with the line
/// ends of Windows.
const SET: &str = "tests/diagnostics/set";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder with this extension, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == extension)).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// What `validate-rules` prints about the set, standard input, a file that is not there and a `--set`, and its
/// exit status. Tests run in the package's folder, so the paths are relative.
fn printed(format: Format, quiet: bool) -> (u8, String) {
    let paths = vec![SET.into(), "-".into(), format!("{SET}/none.yaml").into()];
    let set = vec!["pack.staleAge=6 minutes".to_owned(), "é, %".to_owned()];
    let arguments = Arguments { paths, set, quiet, format, ..Arguments::default() };
    let stdin = "apiVersion: k8s-healer/v1\nkind: \"é☃\", \u{9b}[2J\n";
    let mut out = Vec::new();
    let status = check(&arguments, Style::PLAIN, stdin.as_bytes(), &mut out).unwrap();
    (status, String::from_utf8(out).unwrap())
}

fn loaded(name: &str, bytes: &[u8]) -> Loaded {
    load(&[Input::Text { name: name.to_owned(), bytes: bytes.to_vec() }], &LoadOptions::default())
}

fn shown(loaded: &Loaded, format: Format) -> String {
    let mut out = Vec::new();
    Findings::of(loaded, false).show(format, Style::PLAIN, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
