//! Shows what was found in rule files: as text to people, as JSON to programs, as annotations to GitHub
//! Actions, and as SARIF to code scanning. What a code means, [`explain`] tells; [`manual`] puts all of it
//! into one page.

mod dump;
pub mod explain;
mod github;
mod json;
pub mod manual;
mod picture;
mod place;
mod printable;
mod sarif;
mod style;
mod text;
mod uri;

use std::io::{self, Write};

use crate::rules::{Code, Diagnostic, Loaded, Severity, Sources, Summary};

pub use dump::show_problems;
pub(in crate::cli) use json::write as write_json;
pub use picture::Renderer;
pub use place::STANDARD_INPUT;
pub use style::Style;

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Reports for people, the characters underlined
    #[default]
    Text,
    /// One JSON document for programs
    Json,
    /// Annotations on the lines of a pull request, by commands of GitHub Actions
    Github,
    /// SARIF 2.1.0 for code scanning
    Sarif,
}

/// What a run of `validate-rules` found.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// Every mistake, in the order in which it is shown.
    pub diagnostics: &'a [Diagnostic],
    /// The texts that the diagnostics speak of.
    pub sources: &'a Sources,
    /// Files and texts that were read, or should have been.
    pub files: usize,
    /// Rules, sound or not.
    pub rules: usize,
    /// Cases of tests, sound or not.
    pub cases: usize,
    /// Whether errors alone are shown.
    pub quiet: bool,
}

impl<'a> Findings<'a> {
    /// Those of loaded rules.
    #[must_use]
    pub fn of(loaded: &'a Loaded, quiet: bool) -> Self {
        let Summary { files, rules, cases, .. } = loaded.summary;
        Self { diagnostics: &loaded.diagnostics, sources: &loaded.sources, files, rules, cases, quiet }
    }

    /// Writes them out.
    pub fn show(&self, format: Format, style: Style, out: &mut impl Write) -> io::Result<()> {
        match format {
            Format::Text => text::show(self, style, out),
            Format::Json => json::show(self, out),
            Format::Github => github::show(self, out),
            Format::Sarif => sarif::show(self, out),
        }
    }

    /// The exit status: 0 the rules can run, 1 they have errors, 2 a file cannot be read.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        if self.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::Unreadable) {
            2
        } else {
            u8::from(self.count(Severity::Error) > 0)
        }
    }

    fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity() == severity).count()
    }

    /// What the reader asked for: all, or errors alone.
    fn wanted(&self) -> impl Iterator<Item = &'a Diagnostic> + use<'a> {
        let quiet = self.quiet;
        self.diagnostics.iter().filter(move |one| !quiet || one.severity() == Severity::Error)
    }

    /// `3 files, 12 rules: 4 errors, 1 warning`, or `ok: 2 files, 3 rules`.
    fn summary(&self) -> String {
        let read = match (self.rules, self.cases) {
            (rules, 0) => counted(rules, "rule"),
            (0, cases) => counted(cases, "case"),
            (rules, cases) => format!("{}, {}", counted(rules, "rule"), counted(cases, "case")),
        };
        let read = format!("{}, {read}", counted(self.files, "file"));
        let (errors, warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        match (errors, warnings) {
            (0, 0) => format!("ok: {read}"),
            (0, warnings) => format!("ok: {read}: {}", counted(warnings, "warning")),
            (errors, 0) => format!("{read}: {}", counted(errors, "error")),
            (errors, warnings) => {
                format!("{read}: {}, {}", counted(errors, "error"), counted(warnings, "warning"))
            }
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The word for it in every format.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
