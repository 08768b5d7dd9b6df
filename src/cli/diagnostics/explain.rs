//! `validate-rules --explain CODE`: the page of a code, for a terminal. Without a code it lists all of them,
//! and `all` shows every page.

use std::ffi::OsStr;

use anstyle::{Effects, Reset};
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};

use super::printable::printable;
use super::{Style, word};
use crate::rules::Code;

/// Any text, of which shells complete the codes; what is wrong with another one [`answer`] tells.
#[derive(Clone, Copy, Debug)]
pub struct Codes;

impl TypedValueParser for Codes {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let codes = Code::ALL.iter().map(|code| PossibleValue::new(code.name()).help(code.summary()));
        Some(Box::new(codes.chain([PossibleValue::new("all").help("the pages of all of them")])))
    }
}

/// The page or the list that was asked for, or what is wrong with the question.
pub fn answer(question: &str, style: Style) -> Result<String, String> {
    match question {
        "" => Ok(list(style)),
        "all" => Ok(Code::ALL.iter().map(|code| page(*code, style)).collect::<Vec<_>>().join("\n\n")),
        name => Code::named(name).map(|code| page(code, style)).ok_or_else(|| {
            let help = match Code::nearest(name) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "`--explain` alone lists the codes".to_owned(),
            };
            format!("there is no code `{}`; {help}", printable(name))
        }),
    }
}

fn list(style: Style) -> String {
    let width = Code::ALL.iter().map(|code| code.name().len()).max().unwrap_or_default();
    let mut list = String::new();
    for code in Code::ALL {
        let (name, severity) = (format!("{:width$}", code.name()), word(code.severity()));
        list.push_str(&format!("{}  {severity:7}  {}\n", bold(&name, style), code.summary()));
    }
    list.push_str("\nthe page of one: k8s-healer validate-rules --explain bad-duration\n");
    list
}

fn page(code: Code, style: Style) -> String {
    let head = bold(code.name(), style);
    format!("{head} ({})\n\n{}\n\n{}", word(code.severity()), code.summary(), terminal(code.page(), style))
}

/// The page's text without marks of Markdown but for backquotes.
pub(super) fn plain(markdown: &str) -> String {
    terminal(markdown, Style::PLAIN)
}

/// Headings in bold, examples indented.
fn terminal(markdown: &str, style: Style) -> String {
    let (mut shown, mut in_example) = (String::new(), false);
    for line in markdown.lines() {
        if line.starts_with("```") {
            in_example = !in_example;
            continue;
        }
        let indent = if in_example && !line.is_empty() { "    " } else { "" };
        let line = line
            .strip_prefix("## ")
            .filter(|_| !in_example)
            .map_or(line.to_owned(), |heading| bold(heading, style));
        shown.push_str(&format!("{indent}{line}\n"));
    }
    shown
}

fn bold(text: &str, style: Style) -> String {
    if style.colour { format!("{}{text}{Reset}", Effects::BOLD.render()) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMINAL: Style = Style { colour: true, ..Style::PLAIN };

    #[test]
    fn headings_are_bold_on_a_terminal_and_examples_indented() {
        let page = "A & `b`.\n\n## Why\n\nSo.\n\n```yaml\n## no heading\n\na: 1\n```\n";
        assert_eq!(terminal(page, Style::PLAIN), "A & `b`.\n\nWhy\n\nSo.\n\n    ## no heading\n\n    a: 1\n");
        assert!(terminal(page, TERMINAL).contains("\n\u{1b}[1mWhy\u{1b}[0m\n"));
    }

    #[test]
    fn a_code_that_is_not_there_is_answered_by_the_nearest_one() {
        let refused = |name| answer(name, Style::PLAIN).unwrap_err();
        assert_eq!(
            refused("bad-durration"),
            "there is no code `bad-durration`; did you mean `bad-duration`?"
        );
        assert_eq!(refused("BAD_GLOB"), "there is no code `BAD_GLOB`; did you mean `bad-glob`?");
        assert_eq!(refused("E0308"), "there is no code `E0308`; `--explain` alone lists the codes");
    }

    #[test]
    fn every_code_is_listed_and_has_a_page_of_its_own() {
        let list = answer("", Style::PLAIN).unwrap();
        let all = answer("all", Style::PLAIN).unwrap();
        for code in Code::ALL {
            assert!(list.lines().any(|line| line.starts_with(&format!("{code} "))), "{code}");
            assert!(all.contains(&answer(code.name(), Style::PLAIN).unwrap()), "{code}");
        }
        assert!(!all.contains('\u{1b}') && answer("all", TERMINAL).unwrap().contains('\u{1b}'));
    }
}
