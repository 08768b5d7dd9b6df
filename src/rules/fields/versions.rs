//! Which of several versions of a kind a server speaks, where the rule names none: as its discovery orders
//! them, `v2` before `v1` before `v1beta1`.

use std::cmp::Reverse;

use super::KnownKind;

/// Whether `apps` in `deployments.apps`, `v1.apps`, or the beginning of a group as kubectl takes it, means the
/// group of a kind.
pub(super) fn is_of_group(written: &str, kind: &KnownKind) -> bool {
    let group = kind.group.as_str();
    let versioned =
        || written.strip_prefix(&kind.version).and_then(|rest| rest.strip_prefix('.')) == Some(group);
    written.eq_ignore_ascii_case(group) || versioned() || (!written.is_empty() && group.starts_with(written))
}

/// The version in `v1.apps`.
pub(super) fn written_before(written: &str, kinds: &[&KnownKind]) -> Option<String> {
    let (version, group) = written.split_once('.')?;
    let named = kinds.iter().find(|kind| kind.version == version && kind.group == group);
    named.map(|kind| kind.version.clone())
}

/// Leaves of each resource only its preferred version; where the core group is among the groups, it is meant.
pub(super) fn keep_preferred(kinds: &mut Vec<&KnownKind>) {
    if kinds.iter().any(|kind| kind.group.is_empty()) {
        kinds.retain(|kind| kind.group.is_empty());
    }
    let all = kinds.clone();
    kinds.retain(|kind| {
        let same = all.iter().filter(|other| other.group == kind.group && other.plural == kind.plural);
        same.map(|other| priority(&other.version)).max() == Some(priority(&kind.version))
    });
}

/// Kubernetes' order of versions: stable ones, then beta, then alpha, the higher number first; others last, in
/// the order of their letters.
fn priority(version: &str) -> (u8, u32, u32, Reverse<String>) {
    let parsed = version.strip_prefix('v').and_then(|rest| {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (major, rest) = rest.split_at(digits(rest));
        let (stage, minor) = match rest {
            "" => (3, "0"),
            _ => (
                if rest.starts_with("beta") { 2 } else { 1 },
                rest.strip_prefix("beta").or(rest.strip_prefix("alpha"))?,
            ),
        };
        Some((stage, major.parse().ok()?, minor.parse().ok()?))
    });
    match parsed {
        Some((stage, major, minor)) => (stage, major, minor, Reverse(String::new())),
        None => (0, 0, 0, Reverse(version.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_kubernetes_orders_them() {
        let expected =
            ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];
        let mut sorted = expected;
        sorted.reverse();
        sorted.sort_by_key(|version| Reverse(priority(version)));
        assert_eq!(sorted, expected);
    }
}
