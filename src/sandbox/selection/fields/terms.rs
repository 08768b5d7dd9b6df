//! Field selectors as text: `a=b,c!=d`, where a backslash takes their meaning from `,`, `=` and itself.

/// What is asked of one field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) field: String,
    pub(super) equal: bool,
    pub(super) value: String,
}

/// The terms of a selector, or what a real server says of it.
pub(super) fn read(text: &str) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    for one in split(text) {
        if one.is_empty() {
            continue;
        }
        let Some((field, equal, value)) = split_at_sign(one) else {
            return Err(format!("invalid selector: '{text}'; can't understand '{one}'"));
        };
        let value = unescaped(value).map_err(|what| format!("invalid field selector: {what}"))?;
        terms.push(Term { field: field.to_owned(), equal, value });
    }
    Ok(terms)
}

/// At its commas.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut escaped) = (0, false);
    for (at, letter) in text.char_indices() {
        if letter == ',' && !escaped {
            parts.push(&text[begin..at]);
            begin = at + 1;
        }
        escaped = letter == '\\' && !escaped;
    }
    parts.push(&text[begin..]);
    parts
}

/// At the first sign.
fn split_at_sign(term: &str) -> Option<(&str, bool, &str)> {
    term.char_indices().find_map(|(at, _)| {
        let signs = [("!=", false), ("==", true), ("=", true)];
        signs
            .into_iter()
            .find_map(|(sign, equal)| term[at..].strip_prefix(sign).map(|value| (&term[..at], equal, value)))
    })
}

fn unescaped(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                other => {
                    let other = other.map(String::from).unwrap_or_default();
                    return Err(format!("invalid escape sequence: \\{other}"));
                }
            },
            ',' | '=' => return Err(format!("unescaped character in value: {}", u32::from(letter))),
            other => plain.push(other),
        }
    }
    Ok(plain)
}
