//! What the API server says when it refuses a read or a write: a `meta/v1` Status, or the plain text of
//! what stands before it. Made into one line for people.

use std::error::Error;

use http::StatusCode;
use serde::Deserialize;

use super::transport::Answer;

/// In characters: enough for what a helpful admission webhook writes; more would drown the log.
const LONGEST_MESSAGE: usize = 500;

/// The parts of a Status that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    kind: String,
    pub(super) message: String,
    details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    name: String,
    causes: Vec<Cause>,
}

/// One of `details.causes`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cause {
    /// `FieldValueInvalid`, `DisruptionBudget`.
    pub(super) reason: String,
    pub(super) message: String,
    /// `metadata.uid`.
    pub(super) field: String,
}

impl Refusal {
    /// An empty one where the body is none: a proxy's page, plain text.
    pub(super) fn of(answer: &Answer) -> Self {
        let refusal: Self = serde_json::from_slice(&answer.body).unwrap_or_default();
        if refusal.kind == "Status" { refusal } else { Self::default() }
    }

    /// The name of the object that it speaks of, if it speaks of one.
    pub(super) fn object(&self) -> Option<&str> {
        self.details.as_ref().map(|details| details.name.as_str()).filter(|name| !name.is_empty())
    }

    pub(super) fn causes(&self) -> &[Cause] {
        self.details.as_ref().map_or(&[], |details| &details.causes)
    }
}

/// The server's own words on one line, or its status where it says nothing.
pub(super) fn message(answer: &Answer) -> String {
    let said = Refusal::of(answer).message;
    let line =
        if said.is_empty() { one_line(&String::from_utf8_lossy(&answer.body)) } else { one_line(&said) };
    if line.is_empty() { in_words(answer.status) } else { line }
}

/// `503 Service Unavailable`.
pub(super) fn in_words(status: StatusCode) -> String {
    format!("{} {}", status.as_str(), status.canonical_reason().unwrap_or("unknown status"))
}

/// An error with its causes on one line.
pub fn in_full(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        // Some libraries' errors tell their causes themselves.
        let cause_line = cause.to_string();
        if !line.ends_with(&cause_line) {
            line = format!("{line}: {cause_line}");
        }
        next = cause.source();
    }
    line
}

/// A decision is one line of the log, whatever a webhook writes into its message.
pub(super) fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer { status: StatusCode::BAD_GATEWAY, retry_after: None, body: body.to_owned().into() }
    }

    #[test]
    fn a_message_is_one_bounded_line_whoever_wrote_it() {
        let webhook = r#"{"kind":"Status","message":"denied:\n\u001b[31mno\tvms"}"#;
        assert_eq!(message(&answer(webhook)), "denied: [31mno vms");
        assert_eq!(message(&answer("<html>\n bad gateway")), "<html> bad gateway");
        assert_eq!(message(&answer("")), "502 Bad Gateway");
        assert_eq!(message(&answer(&"ü".repeat(2000))).chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn an_object_that_is_no_status_is_not_read_as_one() {
        assert_eq!(Refusal::of(&answer(r#"{"kind":"Pod","message":"x"}"#)).message, "");
    }
}
