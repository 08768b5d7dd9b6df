//! The names of packs, rules, groups and parameters.

/// A DNS label as Kubernetes has it (RFC 1123): `vm-stale`.
pub(super) fn is_dns_label(text: &str) -> bool {
    let edge =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.len() <= 63
        && edge(text.as_bytes().first())
        && edge(text.as_bytes().last())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether a glob may match a DNS label: its letters are those of one.
pub(super) fn may_be_dns_label(glob: &str) -> bool {
    if !glob.contains(['*', '?', '[']) {
        return is_dns_label(glob);
    }
    let mut rest = glob;
    while let Some(at) = rest.find('[') {
        let end = rest[at..].find(']').map_or(rest.len(), |end| at + end + 1);
        if !may_be_letters(&rest[..at]) {
            return false;
        }
        rest = &rest[end..];
    }
    may_be_letters(rest) && !glob.starts_with('-') && !glob.ends_with('-')
}

fn may_be_letters(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-*?".contains(&byte))
}

/// Labels with dots between: `snapshot.storage.k8s.io`.
pub(super) fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

/// The name of a parameter: `staleAge`.
pub(super) fn is_parameter(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The DNS label nearest to a name, if any is left of it: `vm-stale` for `VM_stale`.
pub(super) fn as_dns_label(text: &str) -> Option<String> {
    let mut label = String::new();
    let mut before = ' ';
    for character in text.chars().take(63) {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            label.push('-');
        }
        before = character;
        label.push(if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' });
    }
    let label = label.trim_matches('-').to_owned();
    is_dns_label(&label).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_held_against_what_a_label_may_be() {
        for glob in ["a", "test-*", "*", "?-a", "[A-Z]x", "a[._]b*"] {
            assert!(may_be_dns_label(glob), "{glob}");
        }
        for glob in ["Test", "Test-*", "a_b", "*.io", "-*", "*-", "[a]_", "a b", ""] {
            assert!(!may_be_dns_label(glob), "{glob}");
        }
    }

    #[test]
    fn names_are_dns_labels() {
        assert!(["a", "vm-stale", "0", &"a".repeat(63)].iter().all(|name| is_dns_label(name)));
        assert!(
            !["", "-a", "a-", "A", "a.b", "a_b", "é", &"a".repeat(64)].iter().any(|name| is_dns_label(name))
        );
        assert!(is_dns_subdomain("a.b-c.d") && !is_dns_subdomain("a..b") && !is_dns_subdomain(""));
    }

    #[test]
    fn a_name_that_is_no_label_suggests_one() {
        for (name, label) in
            [("VM_stale", Some("vm-stale")), ("vmStale", Some("vm-stale")), ("a b", Some("a-b")), ("é", None)]
        {
            assert_eq!(as_dns_label(name).as_deref(), label);
        }
    }
}
