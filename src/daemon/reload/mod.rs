//! Hot reload, up to the moment of the swap: the [`files`] tell what they say now, [`prepare`] makes rules of
//! it and holds them against those that run, and a [`decision`] is made. Nothing here touches the rules that
//! run.

pub mod decision;
pub mod files;

use std::collections::BTreeMap;

use k8s_healer_engine::rule::{RuleId, RuleSet};

use crate::rules::comparison::{Difference, Written, compare, compare_guardrails, reuse};
use crate::rules::{Digest, LoadOptions, Loaded, Texts, load_texts};

/// The rules that run, and what they say.
#[derive(Clone, Debug, Default)]
pub struct InForce {
    /// The rules.
    pub rules: RuleSet,
    /// What each of them says.
    pub written: BTreeMap<RuleId, Written>,
    /// What each document of guardrails says, by its name.
    pub guardrails: BTreeMap<String, Written>,
}

impl InForce {
    /// Takes them out of what was loaded; `None` where it has errors.
    #[must_use]
    pub fn of(loaded: &mut Loaded) -> Option<Self> {
        let rules = loaded.rule_set.take()?;
        let (written, guardrails) =
            (std::mem::take(&mut loaded.written), std::mem::take(&mut loaded.guardrails));
        Some(Self { rules, written, guardrails })
    }
}

/// Rules that may take the place of those that run.
#[derive(Debug)]
pub struct Candidate {
    /// Which content it is.
    pub content: Digest,
    /// What was read: its diagnostics and sources, and where each rule is written.
    pub loaded: Loaded,
    /// The new rules and what differs; `None` where they have errors. Rules that say the same are the very
    /// rules that run.
    pub sound: Option<(InForce, Difference)>,
}

/// Makes rules of texts, and holds them against those that run. No I/O; some milliseconds for a hundred rules.
#[must_use]
pub fn prepare(texts: Texts, options: &LoadOptions, running: &InForce) -> Candidate {
    let content = texts.digest();
    let mut loaded = load_texts(texts, options);
    let sound = InForce::of(&mut loaded).map(|InForce { rules, written, guardrails }| {
        let difference = Difference {
            guardrails: compare_guardrails(&running.guardrails, &guardrails),
            ..compare(&running.written, &written)
        };
        let rules = reuse(&running.rules, rules, &difference);
        (InForce { rules, written, guardrails }, difference)
    });
    Candidate { content, loaded, sound }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rules::Input;

    fn texts(rules: &[&str]) -> Texts {
        let rules: String = rules
            .iter()
            .map(|rule| {
                format!(
                    "  - {{ name: {rule}, watch: pods, namespaces: [a], match: [ phase: Failed ], actions: [ delete: {{}} ] }}\n"
                )
            })
            .collect();
        let text =
            format!("apiVersion: k8s-healer/v1\nkind: RulePack\nmetadata: {{ name: p }}\nrules:\n{rules}");
        Texts::read(&[Input::Text { name: "p".to_owned(), bytes: text.into() }])
    }

    #[test]
    fn a_candidate_has_the_rules_that_run_where_they_say_the_same() {
        let options = LoadOptions::default();
        let (first, _) = prepare(texts(&["a", "b"]), &options, &InForce::default()).sound.unwrap();
        let candidate = prepare(texts(&["b", "c"]), &options, &first);
        let (second, difference) = candidate.sound.unwrap();
        assert_eq!(difference.lines(), ["+ p/c", "- p/a"]);
        assert!(Arc::ptr_eq(&second.rules.rules[0], &first.rules.rules[1]));
        assert_eq!(second.written.len(), 2);
        assert_ne!(candidate.content, texts(&["a", "b"]).digest());
    }

    #[test]
    fn a_candidate_with_errors_has_no_rules_and_says_why() {
        let candidate = prepare(texts(&["a", "B"]), &LoadOptions::default(), &InForce::default());
        assert!(candidate.sound.is_none() && !candidate.loaded.diagnostics.is_empty());
    }
}
