//! What came of all cases, for whichever format shows it.

use std::time::Duration;

use super::lines::{Line, Sign};
use super::text::percent;
use crate::rules::Loaded;
use std::rc::Rc;

/// One case.
pub(super) struct CaseResult {
    /// `metadata.name` of its test.
    pub(super) test: String,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) status: Status,
    /// What was done and what differs, where it was played.
    pub(super) lines: Vec<Line>,
    /// Rules whose expressions failed in it, and how often.
    pub(super) failures: Vec<(String, u64)>,
    /// How long it took; `None`: not measured.
    pub(super) elapsed: Option<Duration>,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    Failed,
    /// It could not be played, and why.
    Broken(String),
    /// No case: it stands for those of a file with mistakes, of which this is the first.
    Unread(String),
    /// No case, and no file of which anything is known: a path that cannot be read, and why.
    Unreadable(String),
}

impl Status {
    /// Whether nothing was played.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_)) || self.is_no_case()
    }

    /// Whether it stands for cases that nobody knows.
    pub(super) fn is_no_case(&self) -> bool {
        matches!(self, Self::Unread(_) | Self::Unreadable(_))
    }
}

impl CaseResult {
    /// `vm-unschedulable › deleted at three minutes`.
    pub(super) fn title(&self) -> String {
        match self.status {
            Status::Unread(_) => format!("{}: {}", self.file, self.name),
            Status::Unreadable(_) => self.name.clone(),
            _ => format!("{} › {}", self.test, self.name),
        }
    }

    /// What stands for the cases of a file that has mistakes.
    pub(super) fn unread(file: String, line: usize, why: String) -> Self {
        let name = "the file has mistakes".to_owned();
        Self::no_case(file.clone(), file, line, name, Status::Unread(why))
    }

    /// What stands for a path that cannot be read; the message names it.
    pub(super) fn unreadable(why: String) -> Self {
        let name = "nothing could be read".to_owned();
        let status = Status::Unreadable(why.clone());
        Self::no_case(why.clone(), why, 0, name, status)
    }

    fn no_case(test: String, file: String, line: usize, name: String, status: Status) -> Self {
        Self { test, file, line, name, status, lines: Vec::new(), failures: Vec::new(), elapsed: None }
    }

    /// In one line: what differs first.
    pub(super) fn message(&self) -> String {
        if let Status::Broken(why) | Status::Unread(why) | Status::Unreadable(why) = &self.status {
            return why.clone();
        }
        // What has no end makes all that differs.
        if let Some(line) = self.lines.iter().find(|line| line.sign == Sign::Endless) {
            return format!("from {} on: {}", line.moment(), line.text);
        }
        let differs = |line: &&Line| matches!(line.sign, Sign::Missing | Sign::Unexpected);
        let said = |line: &Line| {
            let word = if line.sign == Sign::Missing { "not done" } else { "not expected" };
            format!("at {}, {word}: {}", line.moment(), line.text)
        };
        self.lines.iter().find(differs).map(said).unwrap_or_default()
    }
}

/// A part of a rule that the tests have not shown.
pub(super) struct GapLine {
    /// `pods/crash-loop`.
    pub(super) rule: String,
    /// Where the rule is written: `rules/pods/pack.yaml:23`.
    pub(super) place: String,
    /// `match: age: { over: 6m }`, or the step.
    pub(super) part: String,
    /// `never true`, without what it is told of.
    pub(super) lacks: &'static str,
}

impl GapLine {
    /// `pods/crash-loop rules/pods/pack.yaml:23 never true: match: age: { over: 6m }`.
    pub(super) fn line(&self) -> String {
        format!("{} {} {}: {}", self.rule, self.place, self.lacks, self.part)
    }
}

/// How much of the rules under test was shown.
pub(super) struct CoverageResult {
    pub(super) parts: usize,
    pub(super) covered: usize,
    pub(super) percent: f64,
    pub(super) gaps: Vec<GapLine>,
}

/// All that is told in the end.
pub(super) struct Results {
    /// Those of files with mistakes first.
    pub(super) cases: Vec<CaseResult>,
    /// How many files of tests there are.
    pub(super) files: usize,
    /// How many cases `--filter` left out.
    pub(super) left_out: usize,
    /// Packs that could not be read.
    pub(super) broken_packs: Vec<Rc<Loaded>>,
    pub(super) coverage: Option<CoverageResult>,
    /// How much of the rules must be shown, in percent.
    pub(super) least: Option<f64>,
    /// How long it took; `None`: not measured.
    pub(super) elapsed: Option<Duration>,
}

impl Results {
    /// That the tests show less of the rules than they must.
    pub(super) fn too_little(&self) -> Option<String> {
        let (least, coverage) = (self.least?, self.coverage.as_ref()?);
        let is_less = coverage.percent < least;
        is_less.then(|| {
            format!("the tests show {}% of the rules, less than {least}%", percent(coverage.percent))
        })
    }

    pub(super) fn count(&self, is: impl Fn(&Status) -> bool) -> usize {
        self.cases.iter().filter(|case| is(&case.status)).count()
    }

    pub(super) fn passed(&self) -> usize {
        self.count(|status| *status == Status::Passed)
    }

    pub(super) fn failed(&self) -> usize {
        self.count(|status| *status == Status::Failed)
    }

    pub(super) fn broken(&self) -> usize {
        self.count(Status::is_broken)
    }

    /// Cases, without what stands for files.
    pub(super) fn played(&self) -> usize {
        self.count(|status| !status.is_no_case())
    }

    /// The files, each with its cases, in order.
    pub(super) fn by_file(&self) -> Vec<(&str, Vec<&CaseResult>)> {
        let mut files: Vec<(&str, Vec<&CaseResult>)> = Vec::new();
        for case in &self.cases {
            match files.iter_mut().find(|(file, _)| *file == case.file) {
                Some((_, cases)) => cases.push(case),
                None => files.push((&case.file, vec![case])),
            }
        }
        files
    }
}
