//! The regular expressions of an expression, compiled once, when it is read.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use crate::values::ParseError;

/// What a compiled regular expression may take.
const LARGEST: usize = 64 << 10;

/// Regular expressions by their text.
pub(super) type Patterns = HashMap<String, Pattern>;

/// A compiled one.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) regex: Regex,
    /// Bytes of its program at most, which is what it may be slow by: where each letter stands for those of all
    /// scripts it is longer, but no slower, so that the letters of ASCII are counted.
    pub(super) program: usize,
}

/// Compiles one, if it is not too large.
pub(super) fn compile(source: &str) -> Result<Pattern, ParseError> {
    let build =
        |size: usize, unicode: bool| RegexBuilder::new(source).size_limit(size).unicode(unicode).build();
    let regex = build(LARGEST, true).map_err(|_| {
        let problem = format!("matches `{source}`, which is no regular expression, or a large one");
        ParseError::new(problem, "write the syntax of the `regex` crate")
    })?;
    let sizes = (8..=16).map(|power| 1_usize << power);
    let program = sizes.clone().find(|size| build(*size, false).is_ok());
    let program = program.or_else(|| sizes.clone().find(|size| build(*size, true).is_ok()));
    Ok(Pattern { regex, program: program.unwrap_or(LARGEST) })
}
