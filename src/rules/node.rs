//! A document as a tree in which every key and value knows its place, and every scalar its text as it was
//! written: whether `1.10` is a number or a string is for its reader to say, not for YAML.

use std::sync::Arc;

use super::diagnostic::Place;
use super::source::SourceId;

/// A value of a document.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it is written: for a parameter's value, where the parameter gets it.
    pub(super) place: Place,
    /// What it is.
    pub(super) data: Data,
    /// Where a rule asked for it by `${name}`.
    pub(super) used: Option<Arc<Used>>,
}

/// The place of a `${name}` that a value came in by.
#[derive(Debug)]
pub(super) struct Used {
    pub(super) place: Place,
    pub(super) name: String,
}

#[derive(Clone, Debug)]
pub(super) enum Data {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// What has been reported already, such as a parameter that does not exist.
    Broken,
}

/// A scalar.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    /// What it says, escapes resolved.
    pub(super) text: String,
    /// Written without quotes, so that it may be a number, a boolean or null.
    pub(super) plain: bool,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) value: Node,
}

/// The key of a merge, which has been reported and stands for keys that nobody knows.
pub(super) const MERGE: &str = "<<";

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) place: Place,
}

/// What a scalar can be taken for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    /// A number to some readers of YAML and a string to others: `0755`, `0x1F`, `1_000`, `.5`.
    Unclear,
    Text,
}

impl Scalar {
    pub(super) fn form(&self) -> Form {
        if self.plain { form_of_plain(&self.text) } else { Form::Text }
    }
}

/// What a scalar without quotes can be taken for.
pub(crate) fn form_of_plain(text: &str) -> Form {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Form::Null,
        "true" | "True" | "TRUE" => return Form::Bool(true),
        "false" | "False" | "FALSE" => return Form::Bool(false),
        _ => {}
    }
    if is_json_number(text) {
        return serde_json::from_str(text).map_or(Form::Unclear, Form::Number);
    }
    if looks_like_a_number(text) { Form::Unclear } else { Form::Text }
}

fn is_json_number(text: &str) -> bool {
    let starts = text.strip_prefix('-').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
    starts && text.len() <= 64 && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// What YAML 1.1 or 1.2 reads as a number and JSON does not.
fn looks_like_a_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned.to_ascii_lowercase().as_str(), ".inf" | ".nan") {
        return true;
    }
    let radix = ["0x", "0o", "0b", "0X"].iter().find_map(|prefix| unsigned.strip_prefix(prefix));
    if let Some(digits) = radix {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_');
    }
    let plain = unsigned.replace('_', "");
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && plain.bytes().any(|byte| byte.is_ascii_digit())
        && plain.parse::<f64>().is_ok()
}

impl Node {
    /// A text that nodes have in common only if they are lowered alike: all but the places.
    pub(super) fn as_written(&self) -> String {
        match &self.data {
            Data::Scalar(Scalar { text, plain: true }) => format!("={text:?}"),
            Data::Scalar(Scalar { text, plain: false }) => format!("{text:?}"),
            Data::List(items) => {
                let items: Vec<String> = items.iter().map(Self::as_written).collect();
                format!("[{}]", items.join(","))
            }
            Data::Map(entries) => {
                let written = |entry: &Entry| format!("{:?}:{}", entry.key.text, entry.value.as_written());
                format!("{{{}}}", entries.iter().map(written).collect::<Vec<_>>().join(","))
            }
            Data::Broken => "!".to_owned(),
        }
    }

    /// The same at the same characters of another source, whose text is the same.
    pub(super) fn in_source(&self, source: SourceId) -> Self {
        let data = match &self.data {
            Data::List(items) => Data::List(items.iter().map(|item| item.in_source(source)).collect()),
            Data::Map(entries) => Data::Map(
                entries
                    .iter()
                    .map(|Entry { key, value }| Entry {
                        key: Key { text: key.text.clone(), place: Place { source, ..key.place } },
                        value: value.in_source(source),
                    })
                    .collect(),
            ),
            data => data.clone(),
        };
        Self { place: Place { source, ..self.place }, data, used: self.used.clone() }
    }

    pub(super) fn scalar(&self) -> Option<&Scalar> {
        match &self.data {
            Data::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| scalar.form() == Form::Null)
    }

    /// Null counts as an empty mapping: `delete:` is `delete: {}`.
    pub(super) fn entries(&self) -> Option<&[Entry]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            _ => self.is_null().then_some(&[]),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key.text == key)
    }

    /// What stands here, for messages: ``a list``, `` `6 min` ``.
    pub(super) fn shown(&self) -> String {
        match &self.data {
            Data::Scalar(_) if self.is_null() => "nothing".to_owned(),
            Data::Scalar(scalar) if scalar.plain => super::diagnostic::quoted(&scalar.text),
            Data::Scalar(scalar) => format!("the string {}", super::diagnostic::quoted(&scalar.text)),
            Data::List(_) => "a list".to_owned(),
            Data::Map(_) => "a mapping".to_owned(),
            Data::Broken => "something broken".to_owned(),
        }
    }

    /// How many nodes and bytes of text there are, for the budget of copies.
    pub(super) fn size(&self) -> (usize, usize) {
        let add = |(nodes, bytes): (usize, usize), (more, text): (usize, usize)| (nodes + more, bytes + text);
        match &self.data {
            Data::Broken => (1, 0),
            Data::Scalar(scalar) => (1, scalar.text.len()),
            Data::List(items) => items.iter().map(Self::size).fold((1, 0), add),
            Data::Map(entries) => entries
                .iter()
                .map(|entry| add(entry.value.size(), (1, entry.key.text.len())))
                .fold((1, 0), add),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Scalar { text: text.to_owned(), plain: true }.form()
    }

    #[test]
    fn plain_scalars_are_told_apart() {
        for text in ["~", "null", ""] {
            assert_eq!(form(text), Form::Null);
        }
        assert_eq!(form("true"), Form::Bool(true));
        for text in ["6", "-1", "1.10", "1e3"] {
            assert!(matches!(form(text), Form::Number(_)), "{text}");
        }
        for text in ["0755", "0x1F", "0o7", "1_000", ".5", "+1", ".inf", "-.NaN", "1e999"] {
            assert_eq!(form(text), Form::Unclear, "{text}");
        }
        for text in ["yes", "on", "6m", "1Gi", "500m", "-", "1.2.3", "2026-01-01", ".", "e5", "0xzz"] {
            assert_eq!(form(text), Form::Text, "{text}");
        }
    }
}
