//! JSON as people read it: what fits on a line stands on one, keys in order.

use serde_json::Value;

const WIDTH: usize = 120;

pub(crate) fn layout(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, 0, &mut text);
    text
}

/// `used`: what stands on the first line already, beyond the indentation.
fn write(value: &Value, indent: usize, used: usize, text: &mut String) {
    let line = on_one_line(value);
    if indent + used + line.chars().count() <= WIDTH {
        text.push_str(&line);
        return;
    }
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (format!("{}: ", name(key)), value)).collect()
        }
        Value::Array(items) => items.iter().map(|item| (String::new(), item)).collect(),
        _ => {
            text.push_str(&line);
            return;
        }
    };
    let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
    text.push(open);
    for (at, (key, part)) in parts.iter().enumerate() {
        text.push('\n');
        text.push_str(&" ".repeat(indent + 2));
        text.push_str(key);
        write(part, indent + 2, key.chars().count(), text);
        if at + 1 < parts.len() {
            text.push(',');
        }
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

/// A key; in quotes where it could be read as something else.
fn name(key: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./$<>".contains(letter);
    if !key.is_empty() && key.chars().all(is_plain) { key.to_owned() } else { Value::from(key).to_string() }
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{}: {}", name(key), on_one_line(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(on_one_line).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

#[test]
fn what_fits_stands_on_one_line() {
    let long = "x".repeat(110);
    let value = serde_json::json!({"a": [1, {"b c": null}], "d": long, "e": [long, 1]});
    let expected = format!(
        "{{\n  a: [1, {{\"b c\": null}}],\n  d: \"{long}\",\n  e: [\n    \"{long}\",\n    1\n  ]\n}}"
    );
    assert_eq!(layout(&value), expected);
}
