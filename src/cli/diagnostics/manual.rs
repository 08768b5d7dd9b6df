//! The manual of diagnostics, `docs/diagnostics.md`: the formats, and the page of every code.

use super::word;
use crate::rules::Code;

/// How to read and use each format.
const FORMATS: &str = include_str!("formats.md");

/// The whole page, in Markdown.
#[must_use]
pub fn manual() -> String {
    let mut manual =
        format!("{FORMATS}\n## The codes\n\n| code | severity | what it says |\n| --- | --- | --- |\n");
    for code in Code::ALL {
        let (severity, summary) = (word(code.severity()), code.summary().replace('|', "\\|"));
        manual.push_str(&format!("| [{code}](#{code}) | {severity} | {summary} |\n"));
    }
    for code in Code::ALL {
        // The headings of a page lie two levels below that of its code.
        let page = code.page().replace("\n## ", "\n#### ");
        manual.push_str(&format!(
            "\n### {code}\n\n*{}.* {}\n\n{page}",
            word(code.severity()),
            code.summary()
        ));
    }
    manual
}
