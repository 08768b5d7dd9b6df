//! `test-rules PATH…`: plays the cases of RuleTests on the engine with a virtual clock, no cluster, and shows
//! what differs from what they expect.

mod junit;
mod lines;
mod machine;
mod results;
mod suite;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_healer_engine::moment::elapsed;
use k8s_healer_engine::rule::{Rule, RuleId};

pub(super) use self::suite::Suite;

use self::lines::lines;
use self::results::{CaseResult, CoverageResult, GapLine, Results, Status};
use self::suite::Verdict;
use super::until_closed::UntilClosed;
use crate::cli::diagnostics::{Findings, Format as FindingsFormat, Style};
use crate::cluster::clock::{Clock, SystemClock};
use crate::rules::ruletest::{CaseSettings, RuleTest};
use crate::rules::{Code, Input, LoadOptions, Loaded, load, rule_files};
use crate::simulation::coverage::{Coverage, Gap, Part, Report, Seen};

/// Prove rules on their tests: objects, a timeline and what is expected, played on a virtual clock
///
/// A test is a document of kind RuleTest. It is about the packs that it names under `rules`, else those in its own
/// file, else the pack in whose `tests` folder it lies, else those beside it. No cluster is asked.
///
/// Exit status: 0 all is as expected, 1 something is not, a file has mistakes or --fail-under is not reached, 2 a
/// file cannot be read or there is no test.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {
    /// Test files, folders (all tests below them), or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Only cases whose title, `test › case`, contains this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,

    /// Tell which rules, matchers and steps no test has shown: made true and false, run
    #[arg(long)]
    pub coverage: bool,

    /// Fail where less than so much of the rules is shown, in percent
    #[arg(long, value_name = "PERCENT", value_parser = percentage)]
    pub fail_under: Option<f64>,

    /// Show every case, and what was done in it
    #[arg(long, short)]
    pub verbose: bool,

    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// How the result is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, with a time line of each case that fails
    #[default]
    Text,
    /// `JUnit`'s XML, for CI systems
    Junit,
    /// One JSON document for programs
    Json,
    /// The Test Anything Protocol, version 14
    Tap,
}

fn percentage(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse::<f64>().ok();
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| "write a number from 0 to 100, such as `90`".to_owned())
}

/// Runs the command on the standard streams; the result is the exit status.
#[must_use]
pub fn run(arguments: &Arguments) -> u8 {
    let stdout = io::stdout();
    let style = Style::of_terminal(&stdout);
    let clock = SystemClock;
    let mut out = UntilClosed(stdout.lock());
    let done = test(arguments, style, io::stdin().lock(), Some(&clock), &mut out, &mut io::stderr().lock());
    done.unwrap_or_else(|error| {
        eprintln!("k8s-healer: {error}");
        2
    })
}

/// Runs the command on any streams; what is wrong with files goes to `notes` where `out` is for a program. Without
/// a clock nothing is measured.
pub fn test(
    arguments: &Arguments,
    style: Style,
    stdin: impl io::Read,
    clock: Option<&dyn Clock>,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> io::Result<u8> {
    let began = clock.map(Clock::now);
    let mut suite = Suite::read(&arguments.paths, stdin)?;
    let mut results = play_all(arguments, &mut suite, clock);
    results.elapsed = since(began, clock);
    let unreadable = suite.tests.diagnostics.iter().any(|one| one.code == Code::Unreadable);
    let is_text = arguments.format == Format::Text;
    let mut mistakes = Vec::new();
    for loaded in std::iter::once(&suite.tests).chain(results.broken_packs.iter().map(Rc::as_ref)) {
        let findings = Findings { quiet: true, ..Findings::of(loaded, true) };
        findings.show(FindingsFormat::Text, style, &mut mistakes)?;
    }
    if is_text {
        out.write_all(&mistakes)?;
    } else {
        notes.write_all(&mistakes)?;
    }
    if results.played() == 0 {
        let why = match (results.left_out, suite.has_errors()) {
            (0, true) => None,
            (0, false) => Some("there is no test: a test is a document of kind RuleTest".to_owned()),
            (left_out, _) => Some(format!("--filter leaves out all of {left_out} cases")),
        };
        if let Some(why) = why {
            out.flush()?;
            writeln!(notes, "k8s-healer: {why}")?;
            return Ok(2);
        }
    }
    match arguments.format {
        Format::Text => text::show(&results, arguments.verbose, style, out)?,
        Format::Junit => junit::junit(&results, out)?,
        Format::Json => machine::json(&results, out)?,
        Format::Tap => machine::tap(&results, out)?,
    }
    let too_little = results.too_little();
    if let Some(too_little) = &too_little {
        writeln!(notes, "k8s-healer: {too_little}")?;
    }
    out.flush()?;
    let is_bad = suite.has_errors() || results.passed() < results.cases.len() || too_little.is_some();
    Ok(if unreadable { 2 } else { u8::from(is_bad) })
}

fn since(began: Option<Timestamp>, clock: Option<&dyn Clock>) -> Option<Duration> {
    began.zip(clock).map(|(began, clock)| elapsed(began, clock.now()))
}

fn play_all(arguments: &Arguments, suite: &mut Suite, clock: Option<&dyn Clock>) -> Results {
    let tests = suite.tests.tests.clone();
    let (mut cases, mut left_out) = (suite.unread(), 0);
    let mut broken_packs: Vec<Rc<Loaded>> = Vec::new();
    let mut covered = Covered::default();
    let mut progress = Progress::new(arguments.format, tests.iter().map(|test| test.cases.len()).sum());
    let wants_coverage = arguments.coverage || arguments.fail_under.is_some();
    for test in &tests {
        let mut shown = Coverage::default();
        for case in &test.cases {
            let title = format!("{} › {}", test.name, case.name);
            if arguments.filter.as_ref().is_some_and(|filter| !title.contains(filter.as_str())) {
                left_out += 1;
                continue;
            }
            progress.next();
            let began = clock.map(Clock::now);
            let (mut shown_lines, mut failures) = (Vec::new(), Vec::new());
            let status = match suite.play(test, case) {
                Verdict::Played(played) => {
                    shown_lines = lines(case, &played);
                    failures.extend(played.failures.iter().map(|(rule, count)| (rule.to_string(), *count)));
                    let holds = played.holds();
                    shown.add(played.coverage);
                    if holds { Status::Passed } else { Status::Failed }
                }
                Verdict::Wrong(why) => Status::Broken(why),
                Verdict::WithoutRules(loaded) => {
                    if !broken_packs.iter().any(|known| Rc::ptr_eq(known, &loaded)) {
                        broken_packs.push(loaded);
                    }
                    Status::Broken("its rules cannot be read".to_owned())
                }
            };
            cases.push(CaseResult {
                test: test.name.clone(),
                file: test.file.clone(),
                line: case.line,
                name: case.name.clone(),
                status,
                lines: shown_lines,
                failures,
                elapsed: since(began, clock),
            });
        }
        if wants_coverage {
            covered.add(suite, test, shown);
        }
    }
    progress.end();
    if wants_coverage {
        covered.add_untested(&arguments.paths);
    }
    let coverage = wants_coverage.then(|| covered.result());
    let files = suite.tests.summary.files;
    let least = arguments.fail_under;
    Results { cases, files, left_out, broken_packs, coverage, least, elapsed: None }
}

/// The packs under test, and what was shown of each; several tests may be about one.
#[derive(Default)]
struct Covered {
    packs: BTreeMap<Vec<PathBuf>, (Coverage, Rc<Loaded>)>,
}

impl Covered {
    /// I/O, where the packs were not read yet.
    fn add(&mut self, suite: &mut Suite, test: &RuleTest, coverage: Coverage) {
        let places = suite.under_test(test);
        // However a test names it, it is the same pack.
        let real = |path: &PathBuf| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        let key: Vec<PathBuf> = places.iter().map(real).collect();
        let pack = self
            .packs
            .entry(key)
            .or_insert_with(|| (Coverage::default(), suite.rules(test, &CaseSettings::default())));
        pack.0.add(coverage);
    }

    /// The packs below these folders that no test is about: of them nothing is shown. One that cannot be read is told
    /// by `validate-rules`. I/O.
    fn add_untested(&mut self, paths: &[PathBuf]) {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let sources = self.packs.values().flat_map(|(_, loaded)| loaded.sources.iter());
        let tested: BTreeSet<PathBuf> = sources.map(|(_, source)| real(Path::new(&source.name))).collect();
        let mut packs: BTreeMap<PathBuf, BTreeMap<PathBuf, PathBuf>> = BTreeMap::new();
        for file in paths.iter().flat_map(|path| rule_files(path)) {
            let key = real(&file);
            if !tested.contains(&key) {
                let folder = key.parent().unwrap_or(Path::new("")).to_owned();
                packs.entry(folder).or_default().insert(key, file);
            }
        }
        for files in packs.into_values() {
            let inputs: Vec<Input> = files.values().cloned().map(Input::Path).collect();
            let loaded = Rc::new(load(&inputs, &LoadOptions::default()));
            self.packs.insert(files.into_keys().collect(), (Coverage::default(), loaded));
        }
    }

    fn result(&self) -> CoverageResult {
        let (mut parts, mut covered, mut gaps) = (0, 0, Vec::new());
        for (coverage, loaded) in self.packs.values() {
            let rules = loaded.rule_set.iter().flat_map(|set| set.rules.iter().map(Arc::clone));
            let rules: Vec<Arc<Rule>> = rules.collect();
            let report = coverage.report(&rules);
            parts += report.parts;
            covered += report.covered;
            let rule = |id: &RuleId| rules.iter().find(|rule| rule.id == *id);
            gaps.extend(report.gaps.iter().filter_map(|(id, gap)| Some(gap_line(rule(id)?, loaded, gap))));
        }
        let percent = Report { parts, covered, gaps: Vec::new() }.percent();
        CoverageResult { parts, covered, percent, gaps }
    }
}

fn gap_line(rule: &Rule, loaded: &Loaded, gap: &Gap) -> GapLine {
    let place = loaded.origins.get(&rule.id).map(|origin| format!("{}:{}", origin.file, origin.line));
    let matcher = |list: &str, path: &[usize]| {
        let text = loaded.written.get(&rule.id).map(|written| written.matcher(list, path));
        // What is asked of the namespace stands in no list.
        text.filter(|text| !text.is_empty())
            .map_or_else(|| "namespaceSelector".to_owned(), |text| format!("{list}: {text}"))
    };
    let (part, lacks) = match gap {
        Gap::Part(Part::Rule, seen) => ("the rule".to_owned(), lacks(*seen)),
        Gap::Part(Part::Match(path), seen) => (matcher("match", path), lacks(*seen)),
        Gap::Part(Part::Unless(path), seen) => (matcher("unless", path), lacks(*seen)),
        Gap::Step(step) => {
            (format!("step {}: {}", step + 1, rule.steps[*step].action.describe()), "never run")
        }
    };
    GapLine { rule: rule.id.to_string(), place: place.unwrap_or_default(), part, lacks }
}

fn lacks(seen: Seen) -> &'static str {
    match (seen.was_true, seen.was_false) {
        (false, false) => "never true, never false",
        (false, true) => "never true",
        (true, _) => "never false",
    }
}

/// A line that counts, while a person waits at a terminal.
struct Progress {
    is_shown: bool,
    done: usize,
    all: usize,
}

/// Fewer are done before the line could be read.
const MANY: usize = 200;

impl Progress {
    fn new(format: Format, all: usize) -> Self {
        Self { is_shown: format == Format::Text && all >= MANY && io::stderr().is_terminal(), done: 0, all }
    }

    fn next(&mut self) {
        self.done += 1;
        if self.is_shown && self.done.is_multiple_of(50) {
            eprint!("\r{} of {} cases", self.done, self.all);
        }
    }

    fn end(&self) {
        if self.is_shown {
            eprint!("\r\u{1b}[K");
        }
    }
}
