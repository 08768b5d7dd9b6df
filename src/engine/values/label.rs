//! Keys and values of labels, and keys of annotations, as Kubernetes takes them: a write with any other
//! is refused by the server each time it is tried, so it is found when the rule is read.
//! Grammar: apimachinery `pkg/util/validation` (`IsQualifiedName`, `IsValidLabelValue`).

use super::ParseError;

/// A name without its prefix, and a label's value.
const LONGEST_NAME: usize = 63;
/// A DNS subdomain.
const LONGEST_PREFIX: usize = 253;

/// Checks `[prefix/]name`, where the prefix is a DNS subdomain.
pub fn check_label_key(key: &str) -> Result<(), ParseError> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if prefix.is_none_or(is_subdomain) && is_name(name) {
        return Ok(());
    }
    let help = "write letters, digits, `-`, `_` and `.`, at most 63, a letter or digit at both ends; \
                before it there may be a domain and `/`: `example.com/leaked`";
    Err(ParseError::new("is no key of a label or an annotation", help))
}

/// Checks a label's value, which may be empty.
pub fn check_label_value(value: &str) -> Result<(), ParseError> {
    if value.is_empty() || is_name(value) {
        return Ok(());
    }
    let help = "write letters, digits, `-`, `_` and `.`, at most 63, a letter or digit at both ends";
    Err(ParseError::new("is no value of a label", help))
}

fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.len() <= LONGEST_NAME && text.bytes().all(inner) && has_edges(text)
}

fn is_subdomain(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= LONGEST_PREFIX && text.split('.').all(|label| label.bytes().all(inner) && has_edges(label))
}

/// A letter or a digit at both ends; nothing has none.
fn has_edges(text: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    edge(text.bytes().next()) && edge(text.bytes().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_qualified_names() {
        let long = "a".repeat(63);
        for key in ["a", "A_b.c-9", "example.com/leaked", "k8s-healer.io/protect", "1/2", &long] {
            assert_eq!(check_label_key(key), Ok(()), "{key}");
        }
        let too_long = "a".repeat(64);
        for key in
            ["", "-a", "a-", "a b", "é", "/a", "a/", "a/b/c", "Example.com/a", "a..b/c", "-a.b/c", &too_long]
        {
            assert!(check_label_key(key).is_err(), "{key}");
        }
    }

    #[test]
    fn values_are_short_names_or_empty() {
        for value in ["", "true", "1.10", "A_b", &"a".repeat(63)] {
            assert_eq!(check_label_value(value), Ok(()), "{value}");
        }
        for value in ["a b", "a/b", "-a", "a.", "2026-01-01T00:00:00Z", "é", &"a".repeat(64)] {
            assert!(check_label_value(value).is_err(), "{value}");
        }
    }
}
