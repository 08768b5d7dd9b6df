//! `--format github`: one workflow command for each finding, which GitHub Actions shows on its line of a
//! pull request; then a line that counts them.
//!
//! The escapes are those of the runner's parser (`actions/runner`, `ActionCommand.cs`): `%`, CR and LF
//! everywhere, `:` and `,` in properties. It drops columns where the first and the last line differ.

use std::io::{self, Write};

use super::place::{Kind, Range, Ruler, kind};
use super::printable::printable;
use super::{Findings, word};
use crate::rules::{Diagnostic, Source};

pub(super) fn show(findings: &Findings<'_>, out: &mut impl Write) -> io::Result<()> {
    let ruler = Ruler::new(findings.sources);
    for diagnostic in findings.wanted() {
        writeln!(out, "{}", command(diagnostic, &ruler))?;
    }
    if findings.quiet { Ok(()) } else { writeln!(out, "{}", findings.summary()) }
}

fn command(diagnostic: &Diagnostic, ruler: &Ruler<'_>) -> String {
    let place = ruler.place_of(diagnostic);
    let mut properties = Vec::new();
    let mut message = String::new();
    match place {
        Some((source, range)) if kind(source) == Kind::File => {
            properties.push(format!("file={}", property(&source.name)));
            properties.push(format!("line={}", range.start.line));
            properties.push(format!("endLine={}", range.end.line));
            if range.start.line == range.end.line {
                properties.push(format!("col={}", range.start.column));
                properties.push(format!("endColumn={}", range.end.column));
            }
        }
        // No file of the repository, which an annotation could stand in.
        Some((source, range)) => message.push_str(&format!("{}: ", shown(source, range))),
        None => {}
    }
    properties.push(format!("title={}", property(diagnostic.code.name())));
    message.push_str(&diagnostic.to_string());
    if !diagnostic.help.is_empty() {
        message.push_str(&format!("\nhelp: {}", diagnostic.help));
    }
    for related in &diagnostic.related {
        if let Some((source, range)) = ruler.measure(related.place) {
            message.push_str(&format!("\n{}: {}", shown(source, range), related.label));
        }
    }
    format!("::{} {}::{}", word(diagnostic.severity()), properties.join(","), data(&message))
}

/// `rules.yaml:9:22`.
fn shown(source: &Source, range: Range) -> String {
    format!("{}:{}:{}", source.name, range.start.line, range.start.column)
}

/// What stands behind the second `::`.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_would_take_for_its_own_is_escaped_once() {
        assert_eq!(data("50%, a::b\r\n%0A"), "50%25, a::b%0D%0A%250A");
        assert_eq!(property("50%, a::b\r\n"), "50%25%2C a%3A%3Ab%0D%0A");
        assert_eq!(data("a\u{1b}[2J"), "a?[2J");
    }
}
