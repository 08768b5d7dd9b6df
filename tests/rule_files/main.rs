//! The files of rules are followed: every way in which a file system changes them is told, once, and nothing
//! else is. Real files in a folder of the system's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests"
)]

mod cost;
mod links;
mod moves;
mod noise;
mod reload;
mod writes;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_healer::daemon::reload::files::RuleFiles;
use k8s_healer::rules::{Input, LoadOptions, Severity, Texts, load_texts};
use tempfile::TempDir;
use tokio::time::timeout;

/// Slow machines are patient.
const PATIENCE: Duration = Duration::from_secs(30);
/// Several times as long as what happens is waited for.
const A_WHILE: Duration = Duration::from_millis(900);

/// A pack with these rules.
fn pack(rules: &[&str]) -> String {
    let rules: String = rules
        .iter()
        .map(|rule| {
            format!(
                "  - {{ name: {rule}, watch: pods, namespaces: [a], match: [ phase: Failed ], actions: [ delete: {{}} ] }}\n"
            )
        })
        .collect();
    format!("apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: p }}\nrules:\n{rules}")
}

/// The rules that were read, or the codes of what is wrong.
fn told(texts: Texts) -> String {
    let loaded = load_texts(texts, &LoadOptions::default());
    match loaded.rule_set {
        Some(rules) => rules.rules.iter().map(|rule| &*rule.id.name).collect::<Vec<_>>().join(" "),
        None => {
            let errors = loaded.diagnostics.iter().filter(|one| one.severity() == Severity::Error);
            errors.map(|one| one.code.name()).collect::<Vec<_>>().join(" ")
        }
    }
}

/// A folder with `rules/a.yaml`.
fn world() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules/a.yaml");
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::write(&file, pack(&["first"])).unwrap();
    (folder, file)
}

/// Follows a path, and returns when it is being followed.
async fn follow(path: &Path) -> RuleFiles {
    let inputs = vec![Input::Path(path.to_owned())];
    let known = Texts::read(&inputs).digest();
    let mut files = RuleFiles::follow(inputs, known).unwrap();
    timeout(PATIENCE, files.read()).await.unwrap();
    files
}

/// The next thing that is told.
async fn next(files: &mut RuleFiles) -> String {
    told(timeout(PATIENCE, files.changed()).await.expect("nothing was told"))
}

/// Waits until this is told; what was seen on the way there is of no concern.
async fn until(files: &mut RuleFiles, expected: &str) {
    let mut seen = Vec::new();
    let found = timeout(PATIENCE, async {
        loop {
            let now = told(files.changed().await);
            if now == expected {
                return;
            }
            seen.push(now);
        }
    });
    found.await.unwrap_or_else(|_| panic!("{expected} was never told, but {seen:?}"));
}

/// Nothing is told for a while.
async fn nothing(files: &mut RuleFiles) {
    if let Ok(texts) = timeout(A_WHILE, files.changed()).await {
        panic!("{} was told", told(texts));
    }
}

fn touch(path: &Path) {
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
}
