//! Regular expressions that must match the whole string, as in Prometheus: a tool that deletes must
//! not read `test` out of `latest`.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::ParseError;

/// A compiled expression takes at most this many bytes, so that no rule file can fill the memory.
/// Five `\w` fit, which take 49 KiB each; fifty of a few letters are far below.
const LARGEST: usize = 256 << 10;

/// A regular expression, anchored at both ends.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles an expression in the `regex` crate's syntax.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        if source.len() > 4096 {
            return Err(ParseError::new("is too long for a regular expression", "keep it under 4 KiB"));
        }
        // As in Prometheus since 3.0: a message of several lines is searched by `.*text.*`.
        let build = |pattern: &str| {
            RegexBuilder::new(pattern).dot_matches_new_line(true).size_limit(LARGEST).nest_limit(64).build()
        };
        // Compiled alone first: `a)(b` would become valid between the anchors. `\A` and `\z` mean
        // the ends of the text even where the expression switches on multi-line mode.
        build(source)
            .and_then(|_| build(&format!(r"\A(?:{source})\z")))
            // A trailing comment of the extended mode would swallow the closing anchor.
            .or_else(|_| build(source).and_then(|_| build(&format!("\\A(?:{source}\n)\\z"))))
            .map(|regex| Self { source: source.to_owned(), regex })
            .map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                if matches!(error, regex::Error::CompiledTooBig(_)) {
                    return ParseError::new(
                        "is too large for a regular expression",
                        "repeat less, and write `[a-zA-Z0-9_]` for `\\w` and `[0-9]` for `\\d`, which stand for \
                         the letters and digits of every script",
                    );
                }
                ParseError::new(
                    format!("is not a regular expression: {reason}"),
                    "mend the expression; the whole string must match, so `.*text.*` searches",
                )
            })
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_string_must_match() {
        let matches = |pattern: &str, text: &str| Pattern::parse(pattern).unwrap().matches(text);
        assert!(matches("test", "test") && !matches("test", "latest"));
        assert!(matches(".*test.*", "latest-a"));
        assert!(matches(".*keep.*", "one\nkeep it\n"), "a dot matches a line break");
        assert!(!matches("(?-s).*keep.*", "one\nkeep it\n"), "unless it is told not to");
        assert!(matches("a|b", "b") && !matches("a|b", "ab"));
        assert!(!matches("(?m)a", "a\nb"), "multi-line mode does not loosen the anchors");
        assert!(matches("(?x) a  # why", "a"), "a comment does not swallow the closing anchor");
    }

    #[test]
    fn what_does_not_compile_or_is_too_large_is_an_error() {
        for pattern in ["(", "a)(b", "[", "*", "(?P<n>a)(?P<n>b)", "(\\w{1000}){1000}"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
        assert!(Pattern::parse(&"(".repeat(2000)).is_err());
        assert!(Pattern::parse(r"\w{1,20}").unwrap_err().help.contains("[a-zA-Z0-9_]"));
        assert!(Pattern::parse(r"\w+-\w+-\w+-\w+-[a-z0-9]{1,63}").is_ok());
    }
}
