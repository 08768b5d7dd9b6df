//! What there is to run: the tests of the paths that were named, and the packs that each of them is about. Packs
//! are read once for each way in which cases set their parameters.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::results::CaseResult;
use crate::cli::diagnostics::STANDARD_INPUT;
use crate::rules::ruletest::{Case, CaseSettings, RuleTest};
use crate::rules::{
    Code, Input, LoadOptions, Loaded, Reads, Severity, holds_rules, load, may_hold_rules, read_bounded,
    says_of_rules, test_files,
};
use crate::simulation::case::{Played, check, play};

/// The tests, read.
pub(in crate::cli) struct Suite {
    /// Their files, with what is wrong in them.
    pub(super) tests: Loaded,
    /// By the file of the test: where its packs lie.
    places: HashMap<String, Vec<PathBuf>>,
    /// By what a case sets, too.
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
        Ok(Self::of(load(&inputs, &options)))
    }

    /// The tests among what was loaded.
    pub(in crate::cli) fn of(tests: Loaded) -> Self {
        Self { tests, places: HashMap::new(), packs: HashMap::new() }
    }

    /// The same with what is wrong with the cases, as far as that can be told without playing them. What is wrong with
    /// the packs under test is told where they are checked themselves. I/O.
    pub(in crate::cli) fn checked(mut self) -> Loaded {
        for test in self.tests.tests.clone() {
            // Nobody knows where a text at hand lies.
            if test.file == STANDARD_INPUT && test.rules.is_empty() && !self.holds_rules(STANDARD_INPUT) {
                continue;
            }
            let of_case = |case| Some(check(case, self.rules_of(&test, case).ok()?.rule_set.as_ref()?));
            let wrong = test.cases.iter().filter_map(of_case).flatten().collect();
            self.tests.report(wrong);
        }
        self.tests
    }

    /// What stands for the cases of each file with mistakes; those of single cases are told when they are played.
    pub(super) fn unread(&self) -> Vec<CaseResult> {
        let mut files: BTreeMap<String, CaseResult> = BTreeMap::new();
        for error in self.tests.diagnostics.iter().filter(|one| one.severity() == Severity::Error) {
            let place =
                error.place.and_then(|place| Some((self.tests.sources.get(place.source)?, place.span)));
            let (file, line) = place.map_or_else(
                // What could not be opened names itself.
                || (error.to_string(), 0),
                |(source, span)| (source.name.clone(), source.position(span.start).0),
            );
            let first = || match (error.place, error.code) {
                (None, Code::Unreadable) => CaseResult::unreadable(error.to_string()),
                _ => CaseResult::unread(file.clone(), line, error.to_string()),
            };
            files.entry(file.clone()).or_insert_with(first);
        }
        files.into_values().collect()
    }

    /// The rules that a test is about, with what a case sets. I/O, the first time.
    pub(super) fn rules(&mut self, test: &RuleTest, set: &CaseSettings) -> Rc<Loaded> {
        let key = (self.under_test(test), set.arguments());
        if let Some(known) = self.packs.get(&key) {
            return Rc::clone(known);
        }
        let inputs: Vec<Input> = key.0.iter().map(|path| self.input(path)).collect();
        let loaded = Rc::new(load(&inputs, &LoadOptions { case: set.clone(), ..LoadOptions::default() }));
        // What is wrong is told at the place of each case that it comes of.
        if loaded.rule_set.is_some() || set.is_empty() {
            self.packs.insert(key, Rc::clone(&loaded));
        }
        loaded
    }

    /// The rules that a case is about. `Err`: they cannot be read; what the case itself sets wrongly is told. I/O.
    fn rules_of(&mut self, test: &RuleTest, case: &Case) -> Result<Rc<Loaded>, Verdict> {
        let rules = self.rules(test, &case.set);
        if rules.rule_set.is_some() {
            return Ok(rules);
        }
        let without = self.rules(test, &CaseSettings::default());
        let is_sound = without.rule_set.is_some();
        let errors = rules.errors_of(&case.set, is_sound);
        let text = errors.first().map(ToString::to_string);
        self.tests.report_from(&rules.sources, errors);
        Err(text.filter(|_| is_sound).map_or(Verdict::WithoutRules(without), Verdict::Wrong))
    }

    /// A path, or the text at hand.
    fn input(&self, path: &Path) -> Input {
        match self.text_at_hand().filter(|_| path == Path::new(STANDARD_INPUT)) {
            Some(text) => Input::Text { name: STANDARD_INPUT.to_owned(), bytes: text.as_bytes().to_vec() },
            None => Input::Path(path.to_owned()),
        }
    }

    fn text_at_hand(&self) -> Option<&str> {
        let mut sources = self.tests.sources.iter().map(|(_, source)| source);
        sources.find(|source| source.name == STANDARD_INPUT).map(|source| &*source.text)
    }

    fn holds_rules(&self, file: &str) -> bool {
        match self.text_at_hand().filter(|_| file == STANDARD_INPUT) {
            Some(text) => says_of_rules(text),
            None => holds_rules(Path::new(file)),
        }
    }

    /// Where the packs lie that a test is about. I/O, the first time.
    pub(super) fn under_test(&mut self, test: &RuleTest) -> Vec<PathBuf> {
        if !test.rules.is_empty() {
            return test.rules.iter().map(|(path, _)| path.clone()).collect();
        }
        if let Some(known) = self.places.get(&test.file) {
            return known.clone();
        }
        let file = Path::new(&test.file);
        let places = if self.holds_rules(&test.file) { vec![file.to_owned()] } else { lies_with(file) };
        self.places.insert(test.file.clone(), places.clone());
        places
    }

    /// Plays a case. I/O where its packs were not read yet.
    pub(super) fn play(&mut self, test: &RuleTest, case: &Case) -> Verdict {
        let rules = match self.rules_of(test, case) {
            Ok(rules) => rules,
            Err(verdict) => return verdict,
        };
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

/// The packs that a test is about which names none and has none in its own file: the pack in whose `tests` it lies;
/// else those that lie beside it. I/O.
fn lies_with(file: &Path) -> Vec<PathBuf> {
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
    let may_hold =
        |path: &PathBuf| path.file_name().is_some_and(|name| may_hold_rules(&name.to_string_lossy()));
    let mut beside: Vec<PathBuf> = entries.filter(may_hold).filter(|path| holds_rules(path)).collect();
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
