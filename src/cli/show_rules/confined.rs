//! What a confined file says, as a file that is not confined can say it: in `namespaces` that are as narrow as both.
//! Much of it cannot be said so, and is left out rather than said of all namespaces.

use k8s_healer_engine::values::Globs;

use crate::rules::effective::{EffectiveGuardrails, EffectiveRule, Item, Tree};
use crate::rules::intersection::intersection;

/// The keys of a document of guardrails.
pub(super) struct Protections {
    /// What can be said.
    pub(super) keys: Vec<(String, Item)>,
    /// What is left out, and why.
    pub(super) left_out: Vec<(String, &'static str)>,
    /// Whether the keys protect all that the document does.
    pub(super) is_complete: bool,
}

/// The keys of a rule, its `namespaces` as narrow as the path makes them that it came by; `None`: globs cannot say it.
pub(super) fn rule(rule: &EffectiveRule) -> Option<Vec<(String, Item)>> {
    let mut keys = rule.keys.clone();
    if rule.within.is_empty() {
        return Some(keys);
    }
    let own = keys.iter().position(|(key, _)| key == "namespaces");
    let said = own.map(|own| &keys[own].1);
    let mut common = narrowed(said, &rule.within)?;
    if common.is_empty() {
        // A list that includes nothing is none.
        common = vec!["*".to_owned(), "!*".to_owned()];
    }
    let namespaces = ("namespaces".to_owned(), list(&common, said));
    match own {
        Some(own) => keys[own] = namespaces,
        None => keys.insert(0, namespaces),
    }
    Some(keys)
}

/// The keys of guardrails: of what they protect, namespaces alone can be narrowed.
pub(super) fn protections(document: &EffectiveGuardrails) -> Protections {
    let mut said = Protections { keys: document.keys.clone(), left_out: Vec::new(), is_complete: true };
    if document.within.is_empty() {
        return said;
    }
    for (part, item) in &mut said.keys {
        let Tree::Map(entries) = &mut item.tree else { continue };
        entries.retain_mut(|(key, item)| {
            let common = (key == "namespaces").then(|| narrowed(Some(item), &document.within));
            let why = match common {
                Some(Some(common)) if common.is_empty() => "it protects nothing",
                Some(Some(common)) => {
                    *item = list(&common, Some(item));
                    return true;
                }
                Some(None) => "no list of globs says what it protects",
                None => "no file says that it holds",
            };
            said.is_complete &= why == "it protects nothing";
            said.left_out.push((format!("{part}.{key}"), why));
            false
        });
    }
    said.keys.retain(|(_, item)| !matches!(&item.tree, Tree::Map(entries) if entries.is_empty()));
    said
}

/// What globs match of what they are confined to; empty: nothing, `None`: globs cannot say it.
fn narrowed(said: Option<&Item>, within: &[String]) -> Option<Vec<String>> {
    let mut lists: Vec<Vec<String>> =
        within.iter().map(|globs| globs.split(", ").map(str::to_owned).collect()).collect();
    let text = |item: &Item| item.data().as_str().map(str::to_owned);
    match said.map(|item| &item.tree) {
        Some(Tree::List(items)) => lists.insert(0, items.iter().filter_map(text).collect()),
        Some(Tree::Scalar { .. }) => lists.insert(0, said.and_then(text).into_iter().collect()),
        _ => {}
    }
    let common = intersection(&lists)?;
    // A list that excludes all that it includes is none that is read.
    Some(if Globs::parse(&common).is_ok() { common } else { Vec::new() })
}

fn list(globs: &[String], said: Option<&Item>) -> Item {
    let origin = said.and_then(|item| item.origin);
    let items = globs.iter().map(|glob| Item { tree: Tree::text(glob), origin }).collect();
    Item { tree: Tree::List(items), origin }
}
