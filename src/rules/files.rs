//! Which files a path stands for: the file itself, or all `*.yaml` and `*.yml` of a folder and its subfolders, in the
//! order of their names, and of its `*.json` those that say something of rules. How the letters of an ending are
//! written makes no difference: guardrails that are not read would protect nothing.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::code::Code;
use super::diagnostic::{Collector, Diagnostic};
use super::document::PACK;
use super::guardrails::GUARDRAILS;
use super::node::Node;
use super::overrides::OVERRIDE;
use super::ruletest::TEST;
use super::source::{Sources, accept, read_file, reason};
use super::yaml::compose;

/// The kinds of documents that say something of rules.
const RULES: [&str; 3] = [PACK, GUARDRAILS, OVERRIDE];

/// The folder of a pack's tests.
pub(super) const TESTS: &str = "tests";

/// A folder of rules has no use for more, and a loop of links none for an end.
const DEEPEST: usize = 16;
/// What a mistyped `/` must not read.
const MOST: usize = 10_000;

/// What a path stands for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expanded {
    /// Its files, in order.
    pub(super) found: Vec<PathBuf>,
    /// Every folder that was looked through.
    pub(super) folders: Vec<PathBuf>,
    /// What cannot be looked through, or holds too much or nothing.
    pub(super) problems: Vec<Diagnostic>,
}

/// The files of a path, each once over all paths of a run: `seen` remembers them.
pub(super) fn expand(path: &Path, seen: &mut BTreeSet<PathBuf>) -> Expanded {
    if !path.is_dir() {
        let new = fs::canonicalize(path).map_or(true, |canonical| seen.insert(canonical));
        let found = new.then(|| path.to_owned());
        return Expanded { found: found.into_iter().collect(), ..Expanded::default() };
    }
    let mut walk =
        Walk { seen, entered: BTreeSet::new(), any: false, with_tests: false, out: Expanded::default() };
    walk.folder(path, 0);
    let Walk { any, mut out, .. } = walk;
    if !any && out.problems.is_empty() {
        let message = format!("{} holds no `*.yaml` or `*.yml` file", path.display());
        out.problems.push(Diagnostic::new(Code::NoRules, None, message).help("give a folder of rule packs"));
    }
    out
}

/// The files of a path that may hold tests of rules: the file itself, or those of a folder, its `tests` too, that
/// speak of a RuleTest; the fixtures beside them do not. I/O.
#[must_use]
pub fn test_files(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let is_test = |path: &PathBuf| {
        if is_json(&name_of(path)) {
            // A schema of tests spells their kind, too.
            return holds(path, &[TEST]);
        }
        let file = read_file(path, "");
        file.is_ok_and(|bytes| bytes.windows(TEST.len()).any(|word| word == TEST.as_bytes()))
    };
    all_files(path).into_iter().filter(is_test).collect()
}

/// The files of a folder that may hold rules or tests, by their names. I/O.
pub(super) fn all_files(folder: &Path) -> Vec<PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let entered = BTreeSet::new();
    let mut walk = Walk { seen: &mut seen, entered, any: false, with_tests: true, out: Expanded::default() };
    walk.folder(folder, 0);
    walk.out.found
}

/// The files of a folder that say something of rules, without those of `tests`; of a single file none. I/O.
#[must_use]
pub fn rule_files(folder: &Path) -> Vec<PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    expand(folder, &mut BTreeSet::new()).found.into_iter().filter(|file| holds_rules(file)).collect()
}

/// Whether a file holds a document that says something of rules: a pack, guardrails, overrides. I/O.
#[must_use]
pub fn holds_rules(file: &Path) -> bool {
    holds(file, &RULES)
}

/// Whether a file may hold rules or tests of them, by its name.
pub(crate) fn may_hold_rules(name: &str) -> bool {
    has_ending(name, &["yaml", "yml", "json"])
}

fn is_json(name: &str) -> bool {
    has_ending(name, &["json"])
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let own = Path::new(name).extension();
    endings.iter().any(|ending| own.is_some_and(|own| own.eq_ignore_ascii_case(ending)))
}

fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// I/O.
fn holds(file: &Path, kinds: &[&str]) -> bool {
    let name = file.display().to_string();
    let mut sources = Sources::default();
    let read = read_file(file, &name).and_then(|bytes| accept(&mut sources, &name, &bytes));
    let source = read.ok().and_then(|source| sources.get(source));
    source.is_some_and(|source| says(&source.text, kinds))
}

/// The same of a text at hand. No I/O.
#[must_use]
pub fn says_of_rules(text: &str) -> bool {
    says(text, &RULES)
}

fn says(text: &str, kinds: &[&str]) -> bool {
    if !kinds.iter().any(|kind| text.contains(kind)) {
        return false;
    }
    let is_of_rules = |document: &Node| {
        let kind = document.get("kind").and_then(|entry| entry.value.scalar());
        kind.is_some_and(|kind| kinds.contains(&kind.text.as_str()))
    };
    let (mut sources, mut out) = (Sources::default(), Collector::default());
    let source = sources.add("", text);
    // What is broken is read with the rules, so that its mistakes are told.
    compose(source, text, &mut out).iter().any(is_of_rules) || !out.into_sorted().is_empty()
}

struct Walk<'a> {
    seen: &'a mut BTreeSet<PathBuf>,
    entered: BTreeSet<PathBuf>,
    any: bool,
    with_tests: bool,
    out: Expanded,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) {
        // A link to a folder above would be entered for ever.
        let new = fs::canonicalize(folder).map_or(true, |canonical| self.entered.insert(canonical));
        if !new {
            return;
        }
        self.out.folders.push(folder.to_owned());
        let entries = fs::read_dir(folder).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).take(MOST + 1).collect::<Result<Vec<_>, _>>()
        });
        match entries {
            Ok(mut entries) if entries.len() <= MOST && depth <= DEEPEST => {
                entries.sort();
                entries.iter().for_each(|entry| self.entry(entry, depth));
            }
            Ok(_) => self.too_much(folder),
            Err(error) => {
                let message = format!("cannot read {}: {}", folder.display(), reason(&error));
                self.out.problems.push(Diagnostic::new(Code::Unreadable, None, message));
            }
        }
    }

    fn entry(&mut self, path: &Path, depth: usize) {
        let name = name_of(path);
        // Hidden: editors' swap files, `.git`, and the `..data` of a mounted ConfigMap, whose files
        // are linked to from beside it.
        if name.starts_with('.') {
            return;
        }
        if path.is_dir() {
            // A pack's tests and their fixtures are no rules.
            if name != TESTS || self.with_tests {
                self.folder(path, depth + 1);
            }
        } else if may_hold_rules(&name) && (!is_json(&name) || self.with_tests || holds_rules(path)) {
            self.any = true;
            if self.out.found.len() >= MOST {
                self.too_much(path);
            } else if fs::canonicalize(path).map_or(true, |canonical| self.seen.insert(canonical)) {
                self.out.found.push(path.to_owned());
            }
        }
    }

    fn too_much(&mut self, path: &Path) {
        if self.out.problems.iter().all(|problem| problem.code != Code::TooLarge) {
            let message = format!("{} holds too much for a folder of rules", path.display());
            self.out
                .problems
                .push(Diagnostic::new(Code::TooLarge, None, message).help("give the folder of a rule pack"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_yaml_files_in_order_without_hidden_ones_and_tests() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b.yaml", "a.yml", "c.txt", ".d.yaml", "sub/e.yaml", "tests/f.yaml", ".git/g.yaml"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), folder.path().join("sub/loop")).unwrap();
        let found = expand(folder.path(), &mut BTreeSet::new()).found;
        let names: Vec<_> = found.iter().map(|found| found.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("a.yml"), Path::new("b.yaml"), Path::new("sub/e.yaml")]);
    }

    #[test]
    fn the_letters_of_an_ending_make_no_difference_and_json_is_read_where_it_says_something_of_rules() {
        let folder = tempfile::tempdir().unwrap();
        let guardrails = r#"{ "apiVersion": "k8s-healer/v1", "kind": "Guardrails" }"#;
        let test = r#"{ "kind": "RuleTest" }"#;
        let schema =
            r#"{ "title": "Guardrails", "properties": { "kind": { "enum": ["Guardrails", "RuleTest"] } } }"#;
        for (file, text) in [
            ("A.YAML", guardrails),
            ("b.Yml", guardrails),
            ("c.json", guardrails),
            ("d.JSON", guardrails),
            ("e.json", schema),
            ("package.json", "{}"),
            ("t.JSON", test),
            ("u.YAML", test),
        ] {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let names = |found: Vec<PathBuf>| -> Vec<String> {
            found.iter().map(|path| name_of(path).into_owned()).collect()
        };
        let expanded = expand(folder.path(), &mut BTreeSet::new());
        assert_eq!(expanded.problems, []);
        assert_eq!(names(expanded.found), ["A.YAML", "b.Yml", "c.json", "d.JSON", "u.YAML"]);
        assert_eq!(names(rule_files(folder.path())), ["A.YAML", "b.Yml", "c.json", "d.JSON"]);
        assert_eq!(names(test_files(folder.path())), ["t.JSON", "u.YAML"]);
    }

    #[test]
    fn a_file_named_twice_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "").unwrap();
        let mut seen = BTreeSet::new();
        assert_eq!(expand(&path, &mut seen).found.len(), 1);
        let again = expand(folder.path(), &mut seen);
        assert_eq!((again.found, again.problems), (vec![], vec![]));
    }

    #[test]
    fn a_folder_without_rules_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(expand(folder.path(), &mut BTreeSet::new()).problems[0].code, Code::NoRules);
    }
}
