//! The order of a list after a strategic merge: what the patch names stands in the order of the patch, the rest
//! keeps its place before whatever it stood before.

use serde_json::Value;

use super::lists::List;

/// The items in their order; `wanted` is the patch's, `before` what the list was.
pub(super) fn ordered(items: Vec<Value>, wanted: &[Value], before: &[Value], list: List) -> Vec<Value> {
    let same = |one: &Value, other: &Value| match list {
        List::Keyed(key) => one[key] == other[key],
        _ => one == other,
    };
    let at = |list: &[Value], item: &Value| list.iter().position(|one| same(one, item));
    let (mut named, mut rest): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| at(wanted, item).is_some());
    named.sort_by_key(|item| at(wanted, item));
    rest.sort_by_key(|item| at(before, item).unwrap_or(usize::MAX));
    let (mut named, mut rest) = (named.into_iter().peekable(), rest.into_iter().peekable());
    let mut merged = Vec::new();
    loop {
        let rest_first = match (rest.peek(), named.peek()) {
            (None, None) => return merged,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(left), Some(right)) => {
                at(before, left).zip(at(before, right)).is_some_and(|(left, right)| left < right)
            }
        };
        merged.extend(if rest_first { rest.next() } else { named.next() });
    }
}
