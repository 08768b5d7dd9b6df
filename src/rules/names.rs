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
