//! What the language has and this version does not yet. Such a word is no typing mistake: the diagnostic
//! says so instead of guessing at another one.

use super::code::Code;
use super::diagnostic::{Diagnostic, Place, quoted};

pub(super) const STEP_KEYS: &[&str] = &["on"];
pub(super) const MATCHERS: &[&str] =
    &["cluster", "references", "referencedBy", "unreferenced", "dangling", "retain"];
pub(super) const ACTIONS: &[&str] = &["drain", "notify", "create"];
pub(super) const GUARDRAILS_KEYS: &[&str] = &["budgets", "breaker", "firstRun", "settle", "strain"];
pub(super) const TEST_FACTS: &[&str] = &["strain", "strained"];

/// The diagnostic for one of these words.
pub(super) fn diagnostic(place: Place, word: &str) -> Diagnostic {
    let message = format!("{} is not supported yet by this version", quoted(word));
    Diagnostic::new(Code::NotSupportedYet, place, message)
        .help("leave it out, or use a version that supports it")
}
