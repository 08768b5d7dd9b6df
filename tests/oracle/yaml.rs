//! Writes a rule's tree as a person would: block style, plain words where they can stand without quotes.

use serde_json::Value;

/// The lines of a list's items, indented.
pub(crate) fn items(values: &[Value], indent: usize) -> String {
    let pad = " ".repeat(indent);
    values.iter().map(|value| format!("{pad}- {}\n", block(value, indent + 2).trim_start())).collect()
}

fn block(value: &Value, indent: usize) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => members
            .iter()
            .map(|(key, value)| {
                format!("\n{}{}:{}", " ".repeat(indent), scalar(key), under(value, indent + 2))
            })
            .collect(),
        other => flow(other),
    }
}

fn under(value: &Value, indent: usize) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => block(value, indent),
        Value::Array(values) if values.iter().any(Value::is_object) => {
            format!("\n{}", items(values, indent).trim_end())
        }
        other => format!(" {}", flow(other)),
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(values) => format!("[{}]", values.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| format!("{}: {}", scalar(key), flow(value));
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Words that YAML, or older readers of it, take for something else.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '_' | '*' | '$');
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$') || is_duration(text);
    if starts && text.chars().all(plain) && !WORDS.contains(&text.to_lowercase().as_str()) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

/// `6m`: digits, then a letter that makes no number of it.
fn is_duration(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && ["s", "m", "h", "d"].contains(&rest)
}
