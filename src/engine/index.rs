//! The rules of one kind, arranged so that what they share is looked at once per object: rules of one scope
//! stand together, a matcher that stands in many rules is evaluated once, and where a rule needs one of some
//! texts at a path (a label, a phase, a reason), it is not looked at on objects that have none of them. With
//! more rules of the same sort an object then costs hardly more.
//!
//! It passes over a rule only where `evaluate` would not be true, nor could become so without an event.

use std::hash::Hash;
use std::sync::Arc;

use ahash::AHashMap;

use crate::evaluate::of_parts;
use crate::matcher::{Context, Matcher, Needed};
use crate::rule::{Rule, Scope};
use crate::truth::Truth;
use crate::values::{Path, Segment};
use crate::verdict::Verdict;

/// An index of rules.
#[derive(Debug, Default)]
pub struct RuleIndex {
    scopes: Vec<Scoped>,
    /// The matchers, each once.
    matchers: Vec<Arc<dyn Matcher>>,
    /// By rule.
    parts: Vec<Parts>,
    /// The distinct lists of paths at which texts are needed.
    places: Vec<Vec<Path>>,
    memory: Memory,
}

/// Which scopes select a namespace.
pub type Selection = Arc<[u32]>;

/// Rules by the texts that they need.
type ByText = AHashMap<Box<str>, Vec<u32>>;

/// The rules of one scope.
#[derive(Debug)]
struct Scoped {
    scope: Scope,
    /// Rules that need a text, by where (an index into `places`) and which.
    by_text: Vec<(usize, ByText)>,
    /// All others.
    rest: Vec<u32>,
}

/// The matchers of a rule, as indices.
#[derive(Debug)]
struct Parts {
    matches: Vec<u32>,
    unless: Vec<u32>,
}

/// What is remembered while one object is looked at; kept to be used again.
#[derive(Debug, Default)]
struct Memory {
    verdicts: Vec<Option<Verdict>>,
    /// Which of them are there.
    known: Vec<u32>,
    candidates: Vec<u32>,
}

impl RuleIndex {
    /// Rules that all watch one kind.
    #[must_use]
    pub fn new(rules: &[Arc<Rule>]) -> Self {
        let mut index = Self::default();
        let mut matchers = Numbers::default();
        let mut scopes = Numbers::default();
        let mut places = Numbers::default();
        for (rule, number) in rules.iter().zip(0..) {
            let mut parts = |list: &[Arc<dyn Matcher>]| -> Vec<u32> {
                let one = |matcher: &Arc<dyn Matcher>| {
                    matchers.of(address(matcher), || index.matchers.push(Arc::clone(matcher)))
                };
                list.iter().map(one).collect()
            };
            index.parts.push(Parts { matches: parts(&rule.matches), unless: parts(&rule.unless) });
            let scope = scopes.of(rule.scope.patterns(), || {
                index.scopes.push(Scoped {
                    scope: rule.scope.clone(),
                    by_text: Vec::new(),
                    rest: Vec::new(),
                });
            });
            let scoped = &mut index.scopes[scope as usize];
            let Some(Needed { paths, texts }) = rule.matches.iter().find_map(|matcher| matcher.needs())
            else {
                scoped.rest.push(number);
                continue;
            };
            let segments: Vec<Vec<Segment>> =
                paths.iter().filter_map(Path::as_plain).map(<[Segment]>::to_vec).collect();
            let place = places.of(segments, || index.places.push(paths)) as usize;
            scoped.add(place, &texts, number);
        }
        index.memory.verdicts.resize(index.matchers.len(), None);
        index
    }

    /// The scopes that select a namespace; `None`: objects of the cluster.
    #[must_use]
    pub fn selection(&self, namespace: Option<&str>) -> Selection {
        let selects = |(scoped, number): (&Scoped, u32)| scoped.scope.selects(namespace).then_some(number);
        self.scopes.iter().zip(0..).filter_map(selects).collect()
    }

    /// The rules of a selection that are true of an object, or may become so by time alone, with their
    /// verdicts, in the order of the rules. All others are not true, and stay so until the next event.
    pub fn survey(&mut self, selection: &Selection, context: &Context<'_>) -> Vec<(usize, Verdict)> {
        self.gather(selection, context);
        let mut found = Vec::new();
        for at in 0..self.memory.candidates.len() {
            let rule = self.memory.candidates[at] as usize;
            if let Some(verdict) = self.verdict(rule, context) {
                found.push((rule, verdict));
            }
        }
        for matcher in self.memory.known.drain(..) {
            self.memory.verdicts[matcher as usize] = None;
        }
        found
    }

    /// Collects the rules that are to be looked at, in order, each once.
    fn gather(&mut self, selection: &Selection, context: &Context<'_>) {
        let candidates = &mut self.memory.candidates;
        candidates.clear();
        for scope in selection.iter() {
            let scoped = &self.scopes[*scope as usize];
            candidates.extend(&scoped.rest);
            for (place, rules) in &scoped.by_text {
                let nodes = self.places[*place].iter().flat_map(|path| path.nodes(context.object.object()));
                let texts = nodes.filter_map(serde_json::Value::as_str);
                texts.filter_map(|text| rules.get(text)).for_each(|rules| candidates.extend(rules));
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
    }

    /// `None`: it is not true, and time alone does not make it so.
    fn verdict(&mut self, rule: usize, context: &Context<'_>) -> Option<Verdict> {
        let Self { matchers, parts, memory: Memory { verdicts, known, .. }, .. } = self;
        let Parts { matches, unless } = &parts[rule];
        for part in matches.iter().chain(unless) {
            let verdict = &mut verdicts[*part as usize];
            if verdict.is_none() {
                known.push(*part);
                *verdict = Some(matchers[*part as usize].evaluate(context));
            }
            // The first part of `match` that can never hold ends it, and costs no other.
            let ends = |verdict: &Verdict| is_hopeless(verdict) && matches.contains(part);
            if verdict.as_ref().is_some_and(ends) {
                return None;
            }
        }
        let of = |part: &u32| verdicts[*part as usize].clone();
        let verdict = of_parts(matches.iter().filter_map(of), unless.iter().filter_map(of));
        if is_hopeless(&verdict) { None } else { Some(verdict) }
    }
}

/// Not true, and time alone does not make it so.
fn is_hopeless(verdict: &Verdict) -> bool {
    verdict.truth != Truth::True && verdict.changes_at.is_none() && verdict.waits_for.is_empty()
}

impl Scoped {
    fn add(&mut self, place: usize, texts: &[&str], rule: u32) {
        let at = self.by_text.iter().position(|(known, _)| *known == place).unwrap_or_else(|| {
            self.by_text.push((place, ByText::new()));
            self.by_text.len() - 1
        });
        for text in texts {
            self.by_text[at].1.entry((*text).into()).or_default().push(rule);
        }
    }
}

/// Equal matchers of a rule set are one allocation.
fn address(matcher: &Arc<dyn Matcher>) -> usize {
    Arc::as_ptr(matcher).cast::<()>().addr()
}

/// Numbers things in the order in which they come, equal ones alike.
#[derive(Debug)]
struct Numbers<K>(AHashMap<K, u32>);

impl<K> Default for Numbers<K> {
    fn default() -> Self {
        Self(AHashMap::new())
    }
}

impl<K: Eq + Hash> Numbers<K> {
    /// The number of `key`; `new` is called for one that has none yet.
    fn of(&mut self, key: K, new: impl FnOnce()) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(key).or_insert_with(|| {
            new();
            next
        })
    }
}

#[cfg(test)]
mod tests;
