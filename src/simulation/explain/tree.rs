//! The tree of a rule's matchers: what each is called and asks, what it has seen, whether it holds, and when that
//! changes by time alone.

use jiff::Timestamp;
use k8s_healer_engine::matcher::{Context, Matcher};
use k8s_healer_engine::truth::Truth;
use k8s_healer_engine::verdict::Verdict;

use super::Question;
use crate::rules::effective::{EffectiveRule, Item, Tree};

/// A truth that can change is a lower bound: it is looked ahead so many times for the moment at which it does.
const LOOKS: usize = 16;

/// One matcher.
#[derive(Clone, Debug)]
pub struct Part {
    /// `age`; `None`: nobody told how it is written.
    pub key: Option<String>,
    /// What it asks, as it is written, on one line; `None` where it is made of others.
    pub asked: Option<String>,
    /// What it has seen; empty where it is made of others.
    pub seen: String,
    /// Whether it holds.
    pub truth: Truth,
    /// When that changes by time alone, if it does.
    pub changes: Option<Change>,
    /// Since when it has been so, as far as the object tells.
    pub holds_since: Option<Timestamp>,
    /// Why what it hangs on is not known.
    pub unknown: Vec<String>,
    /// The matchers that it is made of.
    pub parts: Vec<Part>,
}

/// A truth that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// To what.
    pub to: Truth,
}

impl Part {
    /// All moments at which it, or one of its parts, changes.
    pub(super) fn moments(&self) -> Vec<Timestamp> {
        let own = self.changes.map(|change| change.at);
        own.into_iter().chain(self.parts.iter().flat_map(Self::moments)).collect()
    }
}

/// What is written of a rule's matchers.
#[derive(Clone, Copy)]
pub(super) struct Written<'a>(Option<&'a EffectiveRule>);

impl<'a> Written<'a> {
    pub(super) fn of(rule: Option<&'a EffectiveRule>) -> Self {
        Self(rule)
    }

    fn key(self, name: &str) -> Option<&'a Item> {
        self.0?.keys.iter().find(|(key, _)| key == name).map(|(_, item)| item)
    }

    /// How many matchers there are; `None`: it is not known.
    pub(super) fn count(self) -> Option<usize> {
        match &self.key("match")?.tree {
            Tree::List(items) => Some(items.len()),
            _ => None,
        }
    }

    pub(super) fn matcher(self, at: usize) -> Option<&'a Item> {
        item(self.key("match")?, at)
    }

    pub(super) fn exception(self, at: usize) -> Option<&'a Item> {
        item(self.key("unless")?, at)
    }

    /// What stands under a key of the rule, on one line.
    pub(super) fn of_key(self, name: &str) -> Option<String> {
        self.key(name).map(bare)
    }
}

/// The matcher at this place of a list; the one matcher of `not` stands alone.
fn item(item: &Item, at: usize) -> Option<&Item> {
    match &item.tree {
        Tree::List(items) => items.get(at),
        Tree::Map(_) if at == 0 => Some(item),
        Tree::Map(_) | Tree::Scalar { .. } => None,
    }
}

/// A matcher as it is written: its name, and what stands under it.
fn entry(item: &Item) -> Option<(&str, &Item)> {
    match &item.tree {
        Tree::Map(entries) => entries.first().map(|(key, value)| (key.as_str(), value)),
        _ => None,
    }
}

pub(super) fn part(question: &Question<'_>, matcher: &dyn Matcher, written: Option<&Item>) -> Part {
    let Question { object, facts, now, .. } = *question;
    let context = Context::new(object, facts, now);
    let verdict = matcher.evaluate(&context);
    let written = written.and_then(entry);
    let inner = matcher.parts();
    let parts: Vec<Part> = inner
        .iter()
        .enumerate()
        .map(|(at, inner)| part(question, *inner, written.and_then(|(_, value)| item(value, at))))
        .collect();
    let is_whole = parts.is_empty();
    let seen = if is_whole { matcher.explain(&context) } else { String::new() };
    let key = written.map(|(key, _)| key);
    let seen = without_key(key, &seen);
    let asked = written.filter(|_| is_whole).and_then(|(_, value)| beside(value, seen));
    let missing = question.unknown.iter().filter(|(fact, _)| verdict.waits_for.contains(fact));
    Part {
        key: key.map(str::to_owned),
        asked,
        seen: seen.to_owned(),
        truth: verdict.truth,
        changes: change(&verdict, |now| matcher.evaluate(&Context { now, ..context })),
        holds_since: verdict.holds_since,
        unknown: if is_whole { missing.map(|(_, why)| why.clone()).collect() } else { Vec::new() },
        parts,
    }
}

/// The moment at which the truth is another one.
fn change(verdict: &Verdict, look: impl Fn(Timestamp) -> Verdict) -> Option<Change> {
    let mut at = verdict.changes_at?;
    for _ in 0..LOOKS {
        let next = look(at);
        if next.truth != verdict.truth {
            return Some(Change { at, to: next.truth });
        }
        at = next.changes_at.filter(|later| *later > at)?;
    }
    None
}

/// `age 4m of 6m` stands behind `age` already.
fn without_key<'s>(key: Option<&str>, seen: &'s str) -> &'s str {
    key.and_then(|key| seen.strip_prefix(key)?.strip_prefix(' ')).unwrap_or(seen)
}

/// What a matcher asks, beyond what is told with what it has seen: the path that was looked at, the length of which
/// something is a part, an expression.
fn beside(value: &Item, seen: &str) -> Option<String> {
    let is_told = |key: Option<&str>, item: &Item| {
        let Some(text) = item.as_shown() else { return false };
        match key {
            Some("path" | "key") => seen.contains(text.trim_matches('"')),
            _ => {
                seen.contains(&format!(" of {text}"))
                    || seen.starts_with(&format!("`{}", text.trim_matches('"')))
            }
        }
    };
    let Tree::Map(entries) = &value.tree else {
        return (!is_told(None, value)).then(|| value.flow());
    };
    let rest = entries.iter().filter(|(key, item)| !is_told(Some(key), item));
    let rest: Vec<String> = rest.map(|(key, item)| format!("{key}: {}", item.flow())).collect();
    (!rest.is_empty()).then(|| rest.join(", "))
}

/// A mapping without its braces.
fn bare(item: &Item) -> String {
    let flow = item.flow();
    let inner = flow.strip_prefix("{ ").and_then(|flow| flow.strip_suffix(" }"));
    inner.map_or_else(|| flow.clone(), str::to_owned)
}
