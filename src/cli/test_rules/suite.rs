//! What there is to run: the tests of the paths that were named, and the packs that each of them is about. Packs
//! are read once for each way in which cases set their parameters.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::cli::diagnostics::STANDARD_INPUT;
use crate::rules::ruletest::{Case, RuleTest};
use crate::rules::{
    Input, LoadOptions, Loaded, Reads, Severity, holds_rules, load, read_bounded, test_files,
};
use crate::simulation::case::{Played, play};

/// The tests, read.
pub(super) struct Suite {
    /// Their files, with what is wrong in them.
    pub(super) tests: Loaded,
    /// By the file of the test: where its packs lie.
    places: HashMap<String, Vec<PathBuf>>,
    packs: HashMap<(Vec<PathBuf>, Vec<String>), Rc<Loaded>>,
}

/// What came of a case.
pub(super) enum Verdict {
    /// It was played.
    Played(Played),
    /// Something is wrong with the case itself: it is told with the other mistakes of the tests.
    Wrong(String),
    /// Its packs cannot be read: what is wrong with them is told by their own sources.
    WithoutRules(Rc<Loaded>),
}

/// A folder of a pack that holds its tests.
const TESTS: &str = "tests";

impl Suite {
    /// I/O.
    pub(super) fn read(paths: &[PathBuf], stdin: impl io::Read) -> io::Result<Self> {
        let mut stdin = Some(stdin);
        let mut inputs = Vec::new();
        for path in paths {
            if path.as_os_str() != "-" {
                inputs.extend(test_files(path).into_iter().map(Input::Path));
            } else if let Some(stdin) = stdin.take() {
                inputs.push(Input::Text { name: STANDARD_INPUT.to_owned(), bytes: read_bounded(stdin)? });
            }
        }
        let options = LoadOptions { reads: Reads::Tests, ..LoadOptions::default() };
        Ok(Self { tests: load(&inputs, &options), places: HashMap::new(), packs: HashMap::new() })
    }

    /// The rules that a test is about, with these settings. I/O, the first time.
    pub(super) fn rules(&mut self, test: &RuleTest, set: &[String]) -> Rc<Loaded> {
        let key = (self.under_test(test), set.to_vec());
        if let Some(known) = self.packs.get(&key) {
            return Rc::clone(known);
        }
        let inputs: Vec<Input> = key.0.iter().cloned().map(Input::Path).collect();
        let options =
            LoadOptions { set: key.1.clone(), reads: Reads::RulesAndTests, ..LoadOptions::default() };
        let loaded = Rc::new(load(&inputs, &options));
        self.packs.insert(key, Rc::clone(&loaded));
        loaded
    }

    /// Where the packs lie that a test is about. I/O, the first time.
    pub(super) fn under_test(&mut self, test: &RuleTest) -> Vec<PathBuf> {
        match test.rules.as_slice() {
            [] => self.places.entry(test.file.clone()).or_insert_with(|| lies_with(&test.file)).clone(),
            named => named.iter().map(|(path, _)| path.clone()).collect(),
        }
    }

    /// Plays a case. I/O where its packs were not read yet.
    pub(super) fn play(&mut self, test: &RuleTest, case: &Case) -> Verdict {
        let rules = self.rules(test, &case.set);
        let Some(rule_set) = &rules.rule_set else { return Verdict::WithoutRules(rules) };
        match play(case, rule_set) {
            Ok(played) => Verdict::Played(played),
            Err(wrong) => {
                let text = wrong.first().map(ToString::to_string).unwrap_or_default();
                self.tests.report(wrong);
                Verdict::Wrong(text)
            }
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        self.tests.diagnostics.iter().any(|one| one.severity() == Severity::Error)
    }
}

/// The packs that a test is about which names none: those in its own file; else the pack in whose `tests` it
/// lies; else those that lie beside it. I/O.
fn lies_with(file: &str) -> Vec<PathBuf> {
    let file = Path::new(file);
    if holds_rules(file) {
        return vec![file.to_owned()];
    }
    let folder = match file.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    // `tests/fixtures/../x.yaml` lies where it really is.
    let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
    let above = real.ancestors().take_while(|above| above.file_name().is_some());
    if let Some(depth) =
        above.into_iter().position(|above| above.file_name().is_some_and(|name| name == TESTS))
    {
        let mut pack = folder;
        (0..=depth).for_each(|_| pack = one_up(&pack));
        return vec![pack];
    }
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    let mut beside: Vec<PathBuf> = entries.filter(is_yaml).filter(|path| holds_rules(path)).collect();
    beside.sort();
    if beside.is_empty() { vec![folder] } else { beside }
}

fn one_up(folder: &Path) -> PathBuf {
    match folder.file_name() {
        Some(_) => match folder.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        },
        None => folder.join(".."),
    }
}
