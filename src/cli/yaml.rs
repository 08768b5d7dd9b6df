//! A JSON document as YAML in its block style, for people who read it and programs that do not read JSON.

use std::io::{self, Write};

use serde_json::Value;

use crate::rules::effective::yaml_key;

/// Writes a document; in no text of it anything reaches a terminal.
pub(super) fn write(document: &Value, out: &mut impl Write) -> io::Result<()> {
    match scalar(document) {
        Some(scalar) => writeln!(out, "{scalar}"),
        None => block(document, 0, "", out),
    }
}

/// What stands on one line; `None`: it takes several.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(yaml_key(text)),
        Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
        Value::Object(members) if members.is_empty() => Some("{}".to_owned()),
        Value::Array(_) | Value::Object(_) => None,
        plain => Some(plain.to_string()),
    }
}

/// A list or a map; `first` stands before its first line, where it is an element of a list.
fn block(value: &Value, indent: usize, first: &str, out: &mut impl Write) -> io::Result<()> {
    let spaces = " ".repeat(indent);
    let mut lead = if first.is_empty() { spaces.clone() } else { first.to_owned() };
    let mut entry = |head: String, value: &Value, is_item: bool, out: &mut dyn Write| {
        let mut out = out;
        let result = match scalar(value) {
            Some(scalar) => writeln!(out, "{lead}{head} {scalar}"),
            // The first key of an element stands behind its dash.
            None if is_item => block(value, indent + 2, &format!("{lead}{head} "), &mut out),
            None => writeln!(out, "{lead}{head}").and_then(|()| block(value, indent + 2, "", &mut out)),
        };
        lead.clone_from(&spaces);
        result
    };
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| entry("-".to_owned(), item, true, out)),
        Value::Object(members) => members
            .iter()
            .try_for_each(|(key, value)| entry(format!("{}:", yaml_key(key)), value, false, out)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_written_as_people_write_it_and_reads_back_the_same() {
        let document = json!({
            "version": 1, "empty": [], "none": null, "nothing": {}, "text": "true", "time": "2026-01-01T12:00:00Z",
            "rows": [{"a": "x: y", "b": [1, "two"]}, "plain", [["deep"], 2]],
            "more": {"odd key: \u{1b}": "line\nbreak \u{202e}"},
        });
        let mut out = Vec::new();
        write(&document, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("rows:\n  - a: \"x: y\"\n    b:\n      - 1\n      - two\n  - plain\n"),
            "{text}"
        );
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, document, "{text}");
    }
}
