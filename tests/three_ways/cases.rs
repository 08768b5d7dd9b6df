//! The tests of rules that this repository has, each case with the rules that it is about.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use k8s_healer::rules::ruletest::{Case, RuleTest};
use k8s_healer::rules::{Input, LoadOptions, Reads, load, test_files};
use k8s_healer_engine::guardrails::Guardrails;
use k8s_healer_engine::rule::RuleSet;

/// A daemon is run no longer than this after the last moment of its case: what is expected is told there.
const LONGER: Duration = Duration::from_secs(3600);

/// It wakes up twice a minute.
const LONGEST: Duration = Duration::from_secs(3 * 86_400);

/// One case.
pub(crate) struct Proof {
    pub(crate) file: String,
    pub(crate) case: Case,
    /// Where its rules are.
    pub(crate) packs: Vec<PathBuf>,
    pub(crate) rules: RuleSet,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.case.name)
    }
}

impl Proof {
    /// Something happens that the objects of its beginning do not tell.
    fn has_events(&self) -> bool {
        self.case.moments.iter().any(|moment| !moment.events.is_empty())
    }

    /// A dump of the beginning, and rules that can be named, tell all of it.
    pub(crate) fn can_be_planned(&self) -> bool {
        !self.has_events() && self.case.guardrails.is_none()
    }

    /// The rules with the case's own guardrails.
    pub(crate) fn guarded_rules(&self) -> RuleSet {
        let documents =
            self.rules.guardrails.documents.iter().chain(&self.case.guardrails).cloned().collect();
        RuleSet { guardrails: Arc::new(Guardrails { documents }), ..self.rules.clone() }
    }

    /// Whether the daemon need not be watched for weeks, which even on a virtual clock takes its time.
    pub(crate) fn is_short(&self) -> bool {
        self.runs_for() <= LONGEST
    }

    /// How long the daemon is watched.
    pub(crate) fn runs_for(&self) -> Duration {
        let last = self.case.moments.last().map_or(Duration::ZERO, |moment| moment.at);
        self.case.until.min(last + LONGER)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All of them.
pub(crate) fn proofs() -> Vec<Proof> {
    let places = ["tests/test_rules/holding", "rules", "docs/migrating/examples"];
    let files: Vec<PathBuf> = places.iter().flat_map(|place| test_files(&root().join(place))).collect();
    assert!(files.len() > 30, "the tests were not found");
    let inputs: Vec<Input> = files.into_iter().map(Input::Path).collect();
    let tests = load(&inputs, &LoadOptions { reads: Reads::Tests, ..LoadOptions::default() });
    assert!(tests.diagnostics.is_empty(), "{:?}", tests.diagnostics);
    tests.tests.iter().flat_map(of_test).collect()
}

fn of_test(test: &RuleTest) -> Vec<Proof> {
    let packs = packs(test);
    let proof = |case: &Case| {
        let inputs: Vec<Input> = packs.iter().cloned().map(Input::Path).collect();
        let loaded = load(&inputs, &LoadOptions { case: case.set.clone(), ..LoadOptions::default() });
        let rules = loaded.rule_set.unwrap_or_else(|| panic!("{}: {:?}", test.file, loaded.diagnostics));
        let file = Path::new(&test.file).strip_prefix(root()).unwrap().display().to_string();
        Proof { file, case: case.clone(), packs: packs.clone(), rules }
    };
    test.cases.iter().map(proof).collect()
}

/// Those that it names; else those in its own file; else the pack in whose `tests` it lies.
fn packs(test: &RuleTest) -> Vec<PathBuf> {
    if !test.rules.is_empty() {
        return test.rules.iter().map(|(path, _)| path.clone()).collect();
    }
    let file = PathBuf::from(&test.file);
    if std::fs::read_to_string(&file).unwrap().lines().any(|line| line == "kind: RulePack") {
        return vec![file];
    }
    let folder = file.parent().unwrap();
    assert!(folder.ends_with("tests"), "{}", file.display());
    vec![folder.parent().unwrap().to_owned()]
}
