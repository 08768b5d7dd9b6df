//! What the API server says when it refuses a read or a write: a `meta/v1` Status, or the plain text of
//! what stands before it. Made into one line for people.

use std::error::Error;

use http::StatusCode;
use serde::Deserialize;

use super::read::ReadError;
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

/// Why a server could not be asked: it does not answer, or it does, and not with what was asked for.
pub fn unanswered(server: &str, error: &(dyn Error + 'static)) -> String {
    let (mut read, mut next) = (None, Some(error));
    while let Some(cause) = next {
        read = read.or_else(|| cause.downcast_ref::<ReadError>());
        next = cause.source();
    }
    let verb = match read {
        None | Some(ReadError::Transport(_) | ReadError::Request(_)) => "does not answer",
        Some(_) => "answers with an error",
    };
    format!("{server} {verb}: {}", in_full(error))
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
    use crate::cluster::transport::TransportError;

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
    fn a_server_that_answers_with_an_error_does_answer() {
        let refused = ReadError::Unauthorized { message: "Unauthorized".to_owned() };
        let told = unanswered("https://a:6443", &refused);
        assert!(
            told.starts_with("https://a:6443 answers with an error: the server does not accept"),
            "{told}"
        );
        let silent = ReadError::Transport(TransportError::TimeOut(std::time::Duration::from_secs(15)));
        let told = unanswered("https://a:6443", &silent);
        assert!(told.starts_with("https://a:6443 does not answer: no answer: "), "{told}");
    }

    #[test]
    fn an_object_that_is_no_status_is_not_read_as_one() {
        assert_eq!(Refusal::of(&answer(r#"{"kind":"Pod","message":"x"}"#)).message, "");
    }
}
