//! Which values of one rule differ. The entries of `match`, `unless` and `actions` are paired first: one
//! that was put in front of the others does not make all of them differ.

use std::collections::BTreeMap;

use super::{ValueChange, Written};

/// Lists whose entries are paired.
const LISTS: &[&str] = &["match", "unless", "actions"];
/// Longer lists are paired entry by entry as they stand: the table of [`common`] is as large as one list
/// times the other.
const MOST_PAIRED: usize = 10_000;
/// A list with more items than this is told by what was put in and taken out.
const SHORT: usize = 3;

/// The values below one path: the rest of their paths, and what they are.
type Values<'w> = Vec<(&'w str, &'w str)>;

/// Every value that differs, in the order of the language's keys.
pub(super) fn differing(before: &Written, after: &Written) -> Vec<ValueChange> {
    let mut keys: Vec<&str> = Vec::new();
    let (before, after) = (by_key(before, &mut keys), by_key(after, &mut keys));
    let mut changes = Vec::new();
    for key in keys {
        let before = before.get(key).cloned().unwrap_or_default();
        let after = after.get(key).cloned().unwrap_or_default();
        if LISTS.contains(&key) {
            lists(key, &entries(&before), &entries(&after), &mut changes);
        } else {
            held_together(key, &before, &after, &mut changes);
        }
    }
    changes
}

/// The values of each key of the rule; new keys are added to `keys`.
fn by_key<'w>(written: &'w Written, keys: &mut Vec<&'w str>) -> BTreeMap<&'w str, Values<'w>> {
    let mut values: BTreeMap<&str, Values<'_>> = BTreeMap::new();
    for (path, value) in written.values() {
        let (key, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
        values.entry(key).or_default().push((rest, value));
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    values
}

/// `[0].age.over`, `[0].age.since`, `[1].phase`: two entries.
fn entries<'w>(values: &Values<'w>) -> Vec<Values<'w>> {
    let mut entries: Vec<Values<'_>> = Vec::new();
    let mut current = None;
    for (path, value) in values {
        let (index, rest) = path.split_at(path.find(']').map_or(0, |at| at + 1));
        if current.replace(index) != Some(index) {
            entries.push(Vec::new());
        }
        if let Some(entry) = entries.last_mut() {
            entry.push((rest, value));
        }
    }
    entries
}

/// Entries that are alike in both lists hold the others in place; between them, those of the same name are
/// one that was changed, and the others came or went.
fn lists(key: &str, before: &[Values<'_>], after: &[Values<'_>], changes: &mut Vec<ValueChange>) {
    let (mut from, mut to) = (0, 0);
    let end = (before.len(), after.len());
    for (alike_before, alike_after) in common(before, after).into_iter().chain([end]) {
        let mut came: Vec<usize> = (to..alike_after).collect();
        for (index, gone) in (from..).zip(&before[from..alike_before]) {
            match came.iter().position(|candidate| name(&after[*candidate]) == name(gone)) {
                Some(at) => {
                    let now = came.remove(at);
                    held_together(&format!("{key}[{now}]"), gone, &after[now], changes);
                }
                None => held_together(&format!("{key}[{index}]"), gone, &Vec::new(), changes),
            }
        }
        for index in came {
            held_together(&format!("{key}[{index}]"), &Vec::new(), &after[index], changes);
        }
        (from, to) = (alike_before + 1, alike_after + 1);
    }
}

/// The matcher or action that an entry names: `.age`.
fn name<'w>(entry: &Values<'w>) -> &'w str {
    let (path, _) = entry.first().copied().unwrap_or_default();
    let end = path.get(1..).and_then(|rest| rest.find(['.', '[']));
    end.map_or(path, |end| &path[..=end])
}

/// The longest common subsequence of two lists, as pairs of indices.
fn common(before: &[Values<'_>], after: &[Values<'_>]) -> Vec<(usize, usize)> {
    if before.len() * after.len() > MOST_PAIRED {
        let shortest = before.len().min(after.len());
        return (0..shortest).filter(|at| before[*at] == after[*at]).map(|at| (at, at)).collect();
    }
    // How long it is for what follows each pair of indices.
    let width = after.len() + 1;
    let mut lengths = vec![0_usize; (before.len() + 1) * width];
    for (i, j) in (0..before.len()).rev().flat_map(|i| (0..after.len()).rev().map(move |j| (i, j))) {
        lengths[i * width + j] = if before[i] == after[j] {
            1 + lengths[(i + 1) * width + j + 1]
        } else {
            lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
        };
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < before.len() && j < after.len() {
        if before[i] == after[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// Compares the values of the same paths below one.
fn held_together(at: &str, before: &Values<'_>, after: &Values<'_>, changes: &mut Vec<ValueChange>) {
    let mut now: BTreeMap<&str, &str> = after.iter().copied().collect();
    for (path, value) in before {
        let after = now.remove(path);
        if after != Some(value) {
            one(format!("{at}{path}"), Some(value), after, changes);
        }
    }
    for (path, value) in after {
        if now.contains_key(path) {
            one(format!("{at}{path}"), None, Some(value), changes);
        }
    }
}

fn one(path: String, before: Option<&str>, after: Option<&str>, changes: &mut Vec<ValueChange>) {
    if let (Some(before), Some(after)) = (before, after)
        && items_of_lists(&path, before, after, changes)
    {
        return;
    }
    changes.push(ValueChange { path, before: before.map(str::to_owned), after: after.map(str::to_owned) });
}

/// What was put into a list and taken out of it, where that says more than the two lists do.
fn items_of_lists(path: &str, before: &str, after: &str, changes: &mut Vec<ValueChange>) -> bool {
    let (Some(before), Some(after)) = (items(before), items(after)) else { return false };
    let gone = without(&before, &after);
    let came = without(&after, &before);
    let stay = before.len() - gone.len();
    if stay == 0 || gone.len() + came.len() == 0 || before.len().max(after.len()) <= SHORT {
        return false;
    }
    let change = |index: usize, before: Option<&str>, after: Option<&str>| ValueChange {
        path: format!("{path}[{index}]"),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    changes.extend(gone.into_iter().map(|(index, item)| change(index, Some(item), None)));
    changes.extend(came.into_iter().map(|(index, item)| change(index, None, Some(item))));
    true
}

/// The items that `other` does not have, or has fewer times.
fn without<'l>(list: &[&'l str], other: &[&str]) -> Vec<(usize, &'l str)> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    other.iter().for_each(|item| *left.entry(item).or_default() += 1);
    let is_missing = |(_, item): &(usize, &'l str)| match left.get_mut(item) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    list.iter().copied().enumerate().filter(is_missing).collect()
}

/// `[a, "b, c"]`: two items. Only an item in quotes holds a comma.
fn items(value: &str) -> Option<Vec<&str>> {
    let mut rest = value.strip_prefix('[')?.strip_suffix(']')?;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let end =
            if rest.starts_with('"') { behind_quotes(rest)? } else { rest.find(',').unwrap_or(rest.len()) };
        let (item, behind) = rest.split_at(end);
        items.push(item);
        rest = behind.strip_prefix(", ").unwrap_or(behind);
        if rest.len() == behind.len() && !behind.is_empty() {
            return None;
        }
    }
    Some(items)
}

/// Where a text in quotes ends.
fn behind_quotes(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map(|(at, _)| at + 1)
}
