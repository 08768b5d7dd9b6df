//! `--format json`: one document that holds all findings. Its shape is a promise: a key never changes its
//! meaning within a version, new keys may come.

use std::io::{self, Write};

use serde::Serialize;

use super::place::{Kind, Range, Ruler, kind, rule};
use super::{Findings, word};
use crate::rules::diagnostic::is_bidirectional;
use crate::rules::{Diagnostic, Severity};

/// The version of the document's shape.
const VERSION: u8 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    summary: Summary,
    diagnostics: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    rules: usize,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'static str,
    severity: &'static str,
    message: String,
    help: Option<&'a str>,
    rule: Option<&'a str>,
    #[serde(flatten)]
    place: Placed<'a>,
    label: Option<&'a str>,
    related: Vec<Related<'a>>,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Placed<'a>,
}

/// Of standard input the file is `-`, as on the command line, of an argument `--set`.
#[derive(Default, Serialize)]
struct Placed<'a> {
    file: Option<&'a str>,
    range: Option<Range>,
}

pub(super) fn show(findings: &Findings<'_>, out: &mut impl Write) -> io::Result<()> {
    let ruler = Ruler::new(findings.sources);
    let summary = Summary {
        files: findings.files,
        rules: findings.rules,
        errors: findings.count(Severity::Error),
        warnings: findings.count(Severity::Warning),
    };
    let diagnostics = findings.wanted().map(|diagnostic| finding(diagnostic, &ruler)).collect();
    write(&Document { version: VERSION, summary, diagnostics }, out)
}

fn finding<'a>(diagnostic: &'a Diagnostic, ruler: &Ruler<'a>) -> Finding<'a> {
    let place = |place| {
        let (source, range) = ruler.measure(place)?;
        let file = if kind(source) == Kind::StandardInput { "-" } else { source.name.as_str() };
        Some(Placed { file: Some(file), range: Some(range) })
    };
    let related = diagnostic
        .related
        .iter()
        .map(|related| Related { message: &related.label, place: place(related.place).unwrap_or_default() });
    Finding {
        code: diagnostic.code.name(),
        severity: word(diagnostic.severity()),
        message: diagnostic.to_string(),
        help: not_empty(&diagnostic.help),
        rule: rule(diagnostic),
        place: diagnostic.place.and_then(place).unwrap_or_default(),
        label: not_empty(&diagnostic.label),
        related: related.collect(),
    }
}

fn not_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Writes a document; what a terminal would obey is written as an escape, which says the same.
pub(in crate::cli) fn write(document: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    let is_active = |c: char| (c.is_control() && c != '\n') || is_bidirectional(c);
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        // Such characters stand inside strings alone, and all of them have four digits.
        if is_active(character) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    writeln!(out, "{escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_reads_back_the_same() {
        let text = "a\u{1b}[2J\u{9b}\u{7f}\u{202e}\r\n\tb é";
        let mut out = Vec::new();
        write(&text, &mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert!(!written.trim_end().contains(|c: char| c.is_control() || is_bidirectional(c)), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
