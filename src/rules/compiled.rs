//! Matchers that are written alike are one, so that the engine evaluates it once for all their rules.
//! Regular expressions and globs are compiled once for each text, however many rules inherit it, and only so
//! many of them: each may take up to the engine's limit of memory.

use std::collections::HashMap;
use std::sync::Arc;

use k8s_healer_engine::matcher::Matcher;
use k8s_healer_engine::values::{Globs, ParseError, Pattern};

use super::node::Node;

/// What all of them may cost. The most that a set of rules was seen to reach with this is
/// 130 MiB; a thousand expressions of a sensible length are far below.
const MOST: usize = 5_000;
/// A class such as `\w` takes about 70 KiB, one of a few letters next to nothing.
const CLASS: usize = 3;
/// A counted repetition, `{50}`, takes that many times what it repeats.
const COUNTED: usize = 30;
/// An expression that is refused for its size took the time of a large one.
const REFUSED: usize = 250;

type GlobsError = (Option<usize>, ParseError);

/// What has been compiled so far.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    patterns: HashMap<String, Result<Pattern, ParseError>>,
    globs: HashMap<Vec<String>, Result<Globs, GlobsError>>,
    matchers: HashMap<String, Arc<dyn Matcher>>,
    spent: usize,
}

impl Compiled {
    /// The matcher that this entry of a list was lowered to, or one that was written alike before.
    pub(super) fn shared(&mut self, entry: &Node, matcher: Box<dyn Matcher>) -> Arc<dyn Matcher> {
        Arc::clone(self.matchers.entry(entry.as_written()).or_insert_with(|| matcher.into()))
    }

    /// A regular expression; the outer `None` says that there are too many of them.
    pub(super) fn pattern(&mut self, source: &str) -> Option<Result<Pattern, ParseError>> {
        if let Some(known) = self.patterns.get(source) {
            return Some(known.clone());
        }
        self.spend(cost(source))?;
        let pattern = Pattern::parse(source);
        if pattern.as_ref().is_err_and(|error| error.problem.contains("too large")) {
            self.spent += REFUSED;
        }
        self.patterns.insert(source.to_owned(), pattern.clone());
        Some(pattern)
    }

    /// A list of globs; the outer `None` says that there are too many of them.
    pub(super) fn globs(&mut self, sources: &[String]) -> Option<Result<Globs, GlobsError>> {
        if let Some(known) = self.globs.get(sources) {
            return Some(known.clone());
        }
        self.spend(sources.iter().filter(|source| is_expression(source)).map(|source| cost(source)).sum())?;
        let globs = Globs::parse(sources);
        self.globs.insert(sources.to_vec(), globs.clone());
        Some(globs)
    }

    fn spend(&mut self, cost: usize) -> Option<()> {
        self.spent += cost;
        (self.spent <= MOST).then_some(())
    }
}

/// What stands for more than one character is what takes memory.
fn cost(source: &str) -> usize {
    let wide = source.bytes().filter(|byte| matches!(byte, b'[' | b'.' | b'*' | b'?')).count();
    let classes = source.bytes().filter(|byte| *byte == b'\\').count();
    let counted = source.bytes().filter(|byte| *byte == b'{').count();
    1 + wide + CLASS * classes + COUNTED * counted + source.len() / 64
}

/// Names and prefixes need no automaton.
fn is_expression(glob: &str) -> bool {
    glob.find(['*', '?', '[', ']']).is_some_and(|at| at + 1 < glob.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_counts_once() {
        let mut compiled = Compiled::default();
        for _ in 0..2 * MOST {
            assert!(compiled.pattern("a+").is_some());
            assert!(compiled.globs(&["test-*".to_owned(), "*-x".to_owned()]).is_some());
        }
    }

    #[test]
    fn too_many_are_refused_the_sooner_the_larger_they_are() {
        let accepted = |pattern: &dyn Fn(usize) -> String| {
            let mut compiled = Compiled::default();
            (0..=MOST).take_while(|number| compiled.pattern(&pattern(*number)).is_some()).count()
        };
        assert_eq!(accepted(&|number| format!("a{number}")), MOST);
        assert_eq!(accepted(&|number| format!("{}{number}", r"\d".repeat(24))), MOST / 73);
        assert!(accepted(&|number| format!(r"(\w{{100}}){{{number}}}")) < 20);
    }
}
