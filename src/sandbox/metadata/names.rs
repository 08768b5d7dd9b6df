//! The forms that names, keys and values must have, and what a real server says of those that have not.

use super::super::kinds::Kind;

const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;
/// A job's name is made of a cron job's and eleven letters.
const LONGEST_CRON_JOB: usize = 52;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const KEY: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What is wrong with the name of an object of this kind.
pub(in super::super) fn wrong_name(kind: &Kind, name: &str) -> Vec<String> {
    match (&*kind.resource.group, &*kind.resource.plural) {
        ("rbac.authorization.k8s.io", _) => wrong_part_of_path(name),
        ("", "events") => Vec::new(),
        ("", "namespaces" | "services") | ("apps", "statefulsets") => wrong_host(name),
        ("batch", "cronjobs") => {
            let mut told = wrong_subdomain(name, "characters");
            if name.len() > LONGEST_CRON_JOB && name.len() <= LONGEST_NAME {
                told.push(too_long(LONGEST_CRON_JOB, "characters"));
            }
            told
        }
        _ => wrong_subdomain(name, "characters"),
    }
}

/// What is wrong with the key of a label or an annotation, or with a finalizer: `name`, or `example.com/name`.
pub(in super::super) fn wrong_key(key: &str) -> Vec<String> {
    let parts: Vec<&str> = key.split('/').collect();
    let (prefix, name) = match parts[..] {
        [name] => (None, name),
        [prefix, name] => (Some(prefix), name),
        _ => {
            let example = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {KEY} {example}")];
        }
    };
    let mut told = match prefix {
        None => Vec::new(),
        Some("") => vec!["prefix part must be non-empty".to_owned()],
        Some(prefix) => {
            wrong_subdomain(prefix, "bytes").into_iter().map(|told| format!("prefix part {told}")).collect()
        }
    };
    if name.is_empty() {
        told.push("name part must be non-empty".to_owned());
    } else if name.len() > LONGEST_LABEL {
        told.push(format!("name part {}", too_long(LONGEST_LABEL, "bytes")));
    }
    if !is_word(name) {
        told.push(format!("name part {KEY}"));
    }
    told
}

/// What is wrong with the value of a label.
pub(in super::super) fn wrong_label(value: &str) -> Vec<String> {
    let mut told = Vec::new();
    if value.len() > LONGEST_LABEL {
        told.push(too_long(LONGEST_LABEL, "bytes"));
    }
    if !value.is_empty() && !is_word(value) {
        told.push(VALUE.to_owned());
    }
    told
}

fn too_long(most: usize, of: &str) -> String {
    format!("must be no more than {most} {of}")
}

/// `of` is what the real server counts: it has two ways to say the same.
pub(in super::super) fn wrong_subdomain(name: &str, of: &str) -> Vec<String> {
    let mut told = Vec::new();
    if name.len() > LONGEST_NAME {
        told.push(too_long(LONGEST_NAME, of));
    }
    if !is_subdomain(name) {
        told.push(SUBDOMAIN.to_owned());
    }
    told
}

/// A name that becomes one part of a host's.
fn wrong_host(name: &str) -> Vec<String> {
    let mut told = Vec::new();
    if name.len() > LONGEST_LABEL {
        told.push(too_long(LONGEST_LABEL, "characters"));
    }
    if !is_host(name) {
        let message = if is_subdomain(name) { "must not contain dots" } else { LABEL };
        told.push(message.to_owned());
    }
    told
}

fn wrong_part_of_path(name: &str) -> Vec<String> {
    if [".", ".."].contains(&name) {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"]
        .iter()
        .filter(|sign| name.contains(**sign))
        .map(|sign| format!("may not contain '{sign}'"))
        .collect()
}

fn is_subdomain(name: &str) -> bool {
    name.split('.').all(is_host)
}

fn is_host(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    is_of(name, plain, |byte| plain(byte) || byte == b'-')
}

fn is_word(name: &str) -> bool {
    is_of(
        name,
        |byte| byte.is_ascii_alphanumeric(),
        |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte),
    )
}

fn is_of(name: &str, at_the_ends: impl Fn(u8) -> bool, within: impl Fn(u8) -> bool) -> bool {
    let bytes = name.as_bytes();
    let ends = bytes
        .first()
        .zip(bytes.last())
        .is_some_and(|(first, last)| at_the_ends(*first) && at_the_ends(*last));
    ends && bytes.iter().all(|byte| within(*byte))
}
