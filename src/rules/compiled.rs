//! Regular expressions and globs are compiled once for each text, however many rules inherit it, and only so
//! many of them: each may take up to the engine's limit of memory.

use std::collections::HashMap;

use k8s_healer_engine::values::{Globs, ParseError, Pattern};

/// Distinct texts. With the engine's limit for one this bounds what a hostile set of rules can take.
const MOST: usize = 1_000;

/// A counted repetition, `{50}`, takes that many times what it repeats: it counts for several.
const COUNTED: usize = 5;

type GlobsError = (Option<usize>, ParseError);

/// What has been compiled so far.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    patterns: HashMap<String, Result<Pattern, ParseError>>,
    globs: HashMap<Vec<String>, Result<Globs, GlobsError>>,
    count: usize,
}

impl Compiled {
    /// A regular expression; the outer `None` says that there are too many of them.
    pub(super) fn pattern(&mut self, source: &str) -> Option<Result<Pattern, ParseError>> {
        if let Some(known) = self.patterns.get(source) {
            return Some(known.clone());
        }
        self.count(if source.contains('{') { COUNTED } else { 1 })?;
        let pattern = Pattern::parse(source);
        self.patterns.insert(source.to_owned(), pattern.clone());
        Some(pattern)
    }

    /// A list of globs; the outer `None` says that there are too many of them.
    pub(super) fn globs(&mut self, sources: &[String]) -> Option<Result<Globs, GlobsError>> {
        if let Some(known) = self.globs.get(sources) {
            return Some(known.clone());
        }
        self.count(sources.iter().filter(|source| is_expression(source)).count())?;
        let globs = Globs::parse(sources);
        self.globs.insert(sources.to_vec(), globs.clone());
        Some(globs)
    }

    fn count(&mut self, more: usize) -> Option<()> {
        self.count += more;
        (self.count <= MOST).then_some(())
    }
}

/// Names and prefixes need no automaton.
fn is_expression(glob: &str) -> bool {
    glob.find(['*', '?', '[', ']']).is_some_and(|at| at + 1 < glob.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_counts_once_and_too_many_are_refused() {
        let mut compiled = Compiled::default();
        for _ in 0..2 * MOST {
            assert!(compiled.pattern("a+").is_some());
            assert!(compiled.globs(&["test-*".to_owned(), "*-x".to_owned()]).is_some());
        }
        let refused = (0..MOST).filter(|number| compiled.pattern(&number.to_string()).is_none()).count();
        assert_eq!(refused, 2);
    }
}
